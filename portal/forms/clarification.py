"""What the referrer is asked who asks back, and the coordinator who screens it."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from portal.forms import Form
from portal.forms.fields import Choice, Day, MustBeGiven, MustNotBeInThePast, Paragraphs
from portal.ime.clarification import is_always_free
from portal.models import Clarification, Question
from portal.words import ClarificationReason

FEES = {"free": "No fee: it belongs to the report", "fee": "The addendum carries a fee"}


class RequestForm(Form):
    """A block for each question, of which only those filled in count; question 2 has `reason_2` and `text_2`."""

    def block(self, number: int) -> tuple[Any, Any]:
        """The two fields of a question."""
        return self[f"reason_{number}"], self[f"text_{number}"]

    def is_filled(self, number: int) -> bool:
        return any(field.typed or field.errors for field in self.block(number))

    def validate(self, extra_validators: Any = None) -> bool:
        is_valid = bool(super().validate(extra_validators))
        filled = [number for number in self.numbers if self.is_filled(number)]
        if not filled:
            self.form_errors.append("Choose at least one question and write what is unclear")
        whole = [self.is_whole(number) for number in filled]
        return is_valid and bool(filled) and all(whole)

    def is_whole(self, number: int) -> bool:
        """Both the reason and the text are there, or the missing one says so."""
        reason, text = self.block(number)
        if not reason.typed:
            reason.errors = [f"Choose why you ask back about question {number}"]
        if not text.typed:
            text.errors = [f"Write what you ask about question {number}"]
        return not (reason.errors or text.errors)

    def items(self, questions: Sequence[Question]) -> list[dict[str, Any]]:
        """The filled blocks as the step takes them."""
        blocks = [(question, *self.block(question.number)) for question in questions]
        return [
            {"question_id": question.id, "reason": reason.data, "text": text.data}
            for question, reason, text in blocks
            if text.data
        ]


def request_form(questions: Sequence[Question], chosen: Mapping[int, tuple[Any, str]]) -> RequestForm:
    """The form for these questions; `chosen` holds by number the reason and text a block begins with."""
    fields: dict[str, Any] = {"numbers": [question.number for question in questions]}
    held: dict[str, Any] = {}
    for number in fields["numbers"]:
        fields[f"reason_{number}"] = Choice(
            "Why do you ask back?", choices={each: each.title for each in ClarificationReason}, select=True
        )
        fields[f"text_{number}"] = Paragraphs("What do you ask the expert?", rows=4, limit=4000)
        if number in chosen:
            held[f"reason_{number}"], held[f"text_{number}"] = chosen[number]
    form: RequestForm = type("BlocksAsked", (RequestForm,), fields)(data=held)
    for name in fields.keys() - {"numbers"}:
        form[
            name
        ].required = True  # each belongs to an answer that may wait as a whole; none is optional by itself
    return form


class ScreeningForm(Form):
    """The deadline, and for each item `fee_<id>` whether it carries a fee."""

    due_on = Day(
        "When is the answer due?",
        [
            MustBeGiven("Enter the day the answer is due"),
            MustNotBeInThePast("Choose a day that is still to come"),
        ],
    )

    def free(self) -> list[int]:
        """The ids of the items that carry no fee."""
        return [number for number, name in self.fees.items() if self[name].data == "free"]


def screening_form(items: Sequence[Clarification], due_on: date) -> ScreeningForm:
    """The form for these items; what was asked and not answered is free without a choice."""
    asked = [each for each in items if not is_always_free(each)]
    fields: dict[str, Any] = {"fees": {each.id: f"fee_{each.id}" for each in asked}}
    for each in asked:
        must = MustBeGiven(f"Say whether the clarification on question {each.question.number} carries a fee")
        fields[f"fee_{each.id}"] = Choice("Fee", [must], choices=FEES)
    form: ScreeningForm = type("ScreeningAsked", (ScreeningForm,), fields)(data={"due_on": due_on})
    return form


class RefusalForm(Form):
    """Why a clarification is refused."""

    why = Paragraphs(
        "Why do you refuse the clarification?",
        [MustBeGiven("Say why the clarification is refused")],
        hint="The referrer reads this. The expert does not.",
    )
