"""What is asked for the brief, and of the claimant on their page."""

from portal.forms import Form
from portal.forms.appointment import Overriding
from portal.forms.fields import Choice, Choices, Day, Line, MustBeGiven, Paragraphs
from portal.ime.arrangements import ASKED_BY_CLAIMANT
from portal.ime.guidance import texts


class BriefForm(Overriding):
    """What the cover letter points out beside the questions, and since when the other side has the records."""

    served_on = Day(
        "When was the other side served with the records?",
        hint="Needed where a rule asks for it. It is kept.",
    )

    emphasis = Paragraphs(
        "What should the expert pay attention to?",
        hint="One point on each line. It is printed in the cover letter, which the referrer can read too.",
        limit=2_000,
        rows=4,
    )


class ConfirmForm(Form):
    """A step that asks nothing but to be sure."""


class ChangeForm(Form):
    """Why the claimant cannot come at this time."""

    why = Paragraphs(
        "Why does this time not work, and which days are better for you?",
        [MustBeGiven("Tell us why, so that we find a time that works")],
        hint="A few words are enough. Our office reads this.",
        limit=1_000,
        rows=4,
    )


class BringForm(Form):
    """The list of things to bring, as ticked."""

    items = Choices("Tick what you have ready")

    def __init__(self, *args, **rest):
        super().__init__(*args, **rest)
        self.items.choices = texts()["bring"]


class AskForm(Form):
    """What the claimant asks for on the day."""

    kind = Choice(
        "What do you need?",
        [MustBeGiven("Choose what you need")],
        choices={kind: kind.title for kind in ASKED_BY_CLAIMANT},
    )
    detail = Line(
        "Anything we should know",
        hint="For example your language, or who comes along. A few words are enough. Only our office reads them. "
        "The doctor you will see and the people who asked for the examination see what you need and how it stands.",
        limit=200,
    )
