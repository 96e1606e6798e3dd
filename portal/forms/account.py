"""What signing in asks."""

from portal.forms import Form
from portal.forms.fields import Email, Line, MustBeGiven


class SignInForm(Form):
    """E-mail and password."""

    email = Email("E-mail address", [MustBeGiven("Enter your e-mail address")])
    password = Line("Password", [MustBeGiven("Enter your password")])
