"""What barring a person from a case is asked."""

from portal.forms import Form
from portal.forms.fields import Choice, MustBeGiven, Paragraphs

LONGEST_REASON = 1_000


class BarForm(Form):
    """Who, and why."""

    user = Choice("Whom do you bar?", [MustBeGiven("Choose whom you bar")], select=True)
    why = Paragraphs(
        "Why?",
        [MustBeGiven("Say why this person must not see the case")],
        hint="For example a conflict of interest. Whoever of the office sees the case reads this.",
        limit=LONGEST_REASON,
        rows=3,
    )
