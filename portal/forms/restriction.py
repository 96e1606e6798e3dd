"""What restricting a case, and lifting the restriction, is asked."""

from portal.forms import Form
from portal.forms.fields import MustBeGiven, Paragraphs

LONGEST_REASON = 1_000


class RestrictionForm(Form):
    """Why only a few of the office may see the case."""

    why = Paragraphs(
        "Why do you restrict the case?",
        [MustBeGiven("Say why you restrict the case")],
        hint="Whoever of the office still sees the case reads this in its timeline.",
        limit=LONGEST_REASON,
        rows=3,
    )


class LiftingForm(Form):
    """Why the whole office may see it again."""

    why = Paragraphs(
        "Why do you lift the restriction?",
        [MustBeGiven("Say why you lift the restriction")],
        hint="The whole office reads this in the timeline.",
        limit=LONGEST_REASON,
        rows=3,
    )
