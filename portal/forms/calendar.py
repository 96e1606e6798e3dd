"""What is asked for a new calendar address."""

from portal.forms import Form
from portal.forms.fields import Choice


class FeedForm(Form):
    """All clinics, or one; the view sets the choices."""

    clinic = Choice("Which examinations?", hint="Leave it out for all of them")
