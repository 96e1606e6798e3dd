"""What signing in asks."""

from portal.forms import Form
from portal.forms.fields import Email, Hidden, MustBeGiven, Password


class SignInForm(Form):
    """E-mail and password, and the page that the person wanted."""

    email = Email("E-mail address", [MustBeGiven("Enter your e-mail address")], autocomplete="username")
    password = Password("Password", [MustBeGiven("Enter your password")])
    next = Hidden(limit=2_000)
