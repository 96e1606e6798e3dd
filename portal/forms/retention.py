"""What is asked before a case is held, let go, or purged."""

from portal.forms import Form
from portal.forms.fields import Line, MustBeGiven, Paragraphs


class HoldForm(Form):
    """Why a case must not be purged."""

    why = Paragraphs(
        "Why must the case be kept?",
        [MustBeGiven("Say why the case must be kept")],
        hint="For example the lawsuit, and who asked for it",
    )


class LiftForm(Form):
    """Why the hold is over."""

    why = Paragraphs(
        "Why need the case not be kept any longer?",
        [MustBeGiven("Say why the case need not be kept any longer")],
    )


class PurgeForm(Form):
    """The reference once more, so that no case goes by a slip."""

    typed = Line("Type the reference of the case to confirm", [MustBeGiven("Type the reference of the case")])
