"""What a coordinator is asked about a referral, and who has it."""

from portal.forms import Form
from portal.forms.fields import Choice, MustBeGiven, Paragraphs

LONGEST_WORD = 2_000


class AnswerForm(Form):
    """What goes with a referral that is sent again."""

    answer = Paragraphs(
        "Your answer to the coordinator",
        hint="Or change the parts of the referral that answer it.",
        limit=LONGEST_WORD,
        rows=3,
    )


class AcceptanceForm(Form):
    """A word to the referrer."""

    note = Paragraphs("Note to the referrer", limit=LONGEST_WORD, rows=3)


class ReturnForm(Form):
    """The question with which a referral goes back."""

    why = Paragraphs(
        "What do you need to know?",
        [MustBeGiven("Write the question for the referrer")],
        hint="The referrer reads this on top of the referral, answers and sends it again.",
        limit=LONGEST_WORD,
    )


class DeclineForm(Form):
    """Why the office does not take the case."""

    why = Paragraphs(
        "Why do you decline the referral?",
        [MustBeGiven("Say why the referral is declined")],
        hint="The referrer reads this.",
        limit=LONGEST_WORD,
    )


class AssignmentForm(Form):
    """Whose case it is in the office."""

    coordinator = Choice("Which coordinator?", [MustBeGiven("Choose a coordinator")], select=True)
