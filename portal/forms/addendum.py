"""What the expert is asked who answers clarifications, and the coordinator who checks the addendum."""

from collections.abc import Sequence
from typing import Any

from portal.forms import Form
from portal.forms.fields import Choice, Hidden, MustBeGiven, Paragraphs, Tick
from portal.forms.report import Copying
from portal.models import Clarification
from portal.words import Certainty, Party

PARTS = ("opinion", "reasons", "certainty")


class AddendumForm(Form):
    """An answer to each clarification: `opinion_<id>`, `reasons_<id>`, `certainty_<id>`. Any may wait."""

    def block(self, number: int) -> list[Any]:
        """The three fields of a clarification."""
        return [self[f"{part}_{number}"] for part in PARTS]

    def answers(self) -> dict[int, dict[str, Any]]:
        """Clarification id -> opinion, reasons, certainty."""
        return {
            number: {part: self[f"{part}_{number}"].data for part in PARTS} for number in self.clarifications
        }


def addendum_form(items: Sequence[Clarification]) -> AddendumForm:
    """The form for these clarifications, holding what the expert saved before."""
    fields: dict[str, Any] = {"clarifications": [each.id for each in items]}
    held: dict[str, Any] = {}
    for each in items:
        fields[f"opinion_{each.id}"] = Paragraphs("Your answer", rows=5)
        fields[f"reasons_{each.id}"] = Paragraphs("Your reasons", rows=5)
        fields[f"certainty_{each.id}"] = Choice(
            "How certain are you?", choices={c: c.title for c in Certainty}
        )
        held |= {f"{part}_{each.id}": getattr(each, part) for part in PARTS}
    form: AddendumForm = type("AnswersAsked", (AddendumForm,), fields)(data=held)
    for name in held:
        form[
            name
        ].required = True  # each belongs to an answer that may wait as a whole; none is optional by itself
    return form


class SignatureForm(Form):
    """The expert's word for the addendum as it stands; `read` is the fingerprint of what the page showed."""

    read = Hidden()
    attests = Tick(
        "I have read the whole addendum. These are my own opinions.",
        [MustBeGiven("Confirm that you have read the addendum before you sign it")],
    )


class ReturnForm(Form):
    """What the expert should look at again."""

    why = Paragraphs(
        "What should the expert look at again?",
        [MustBeGiven("Say what the expert should look at again")],
        hint="The expert reads this. Propose, do not edit: only the expert changes the answers.",
    )


class ReleaseForm(Copying):
    """The addendum that was read is released by a press; made by `release_form`."""


def release_form(parties: list[Party]) -> ReleaseForm:
    """The form with the parties who may get a copy."""
    form = ReleaseForm()
    form.offers(parties)
    return form
