"""What emergency access is asked."""

from portal.forms import Form
from portal.forms.fields import Line, MustBeAtLeast, MustBeGiven, Paragraphs
from portal.ime.emergency import SHORTEST_REASON, TOO_SHORT


class EmergencyForm(Form):
    """Which case, and why it cannot wait."""

    reference = Line(
        "Reference of the case", [MustBeGiven("Enter the reference, like IME-1042")], width=20, limit=30
    )
    reason = Paragraphs(
        "Why can it not wait for a manager?",
        [MustBeGiven(TOO_SHORT), MustBeAtLeast(SHORTEST_REASON, TOO_SHORT)],
        hint="It is kept with your name. Write nothing about the claimant's health.",
        limit=1_000,
        rows=4,
    )
