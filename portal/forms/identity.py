"""What a claimant is asked before their letter is shown."""

from portal.forms import Form
from portal.forms.fields import Day, Hidden, MustBeGiven


class IdentityForm(Form):
    """The date of birth, and the page that was wanted."""

    born_on = Day(
        "Your date of birth",
        [MustBeGiven("Enter your date of birth, like 3 14 1985")],
        hint="For example 3 14 1985.",
        birthday=True,
    )
    next = Hidden(limit=2_000)
