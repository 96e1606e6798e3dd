"""What the referrer is asked about the report."""

from collections.abc import Sequence
from typing import Any

from portal.forms import Form
from portal.forms.fields import Paragraphs, YesNo
from portal.ime.review import Judged


class VerdictForm(Form):
    """A verdict on each answer; question 2 has the fields `answered_2` and `why_2`. A question may be left for later."""

    def asked(self, number: int) -> tuple[Any, Any]:
        """The two fields of a question."""
        return self[f"answered_{number}"], self[f"why_{number}"]

    def validate(self, extra_validators: Any = None) -> bool:
        is_valid = super().validate(extra_validators)
        for answered, why in (self.asked(number) for number in self.numbers):
            if answered.data is False and not why.data and not why.errors:
                number = answered.name.removeprefix("answered_")
                why.errors = [f"Say what is missing in the answer to question {number}"]
                is_valid = False
        return bool(is_valid)

    def verdicts(self, rows: Sequence[Judged]) -> dict[int, tuple[bool, str]]:
        """Question id -> (is answered, why not), for the questions that were given a verdict."""
        told = {row.question.id: self.asked(row.question.number) for row in rows}
        return {
            question_id: (answered.data, why.data or "")
            for question_id, (answered, why) in told.items()
            if answered.data is not None
        }


def verdict_form(rows: Sequence[Judged]) -> VerdictForm:
    """The form for these questions, holding the verdicts that still count."""
    fields: dict[str, Any] = {"numbers": [row.question.number for row in rows]}
    held: dict[str, Any] = {}
    for row in rows:
        number = row.question.number
        fields[f"answered_{number}"] = YesNo(f"Is question {number} answered?")
        fields[f"why_{number}"] = Paragraphs("If not, what is missing?", rows=3, limit=4000)
        held[f"answered_{number}"] = row.is_answered
        held[f"why_{number}"] = row.verdict.why if row.verdict and row.is_answered is False else ""
    form: VerdictForm = type("VerdictsAsked", (VerdictForm,), fields)(data=held)
    for name in held:
        form[
            name
        ].required = True  # each belongs to an answer that may wait as a whole; none is optional by itself
    return form


class AcceptanceForm(Form):
    """Nothing to type: the report is accepted by a press."""
