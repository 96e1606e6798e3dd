"""The question library: neutral questions to choose from, by reason, kind of examination and specialty."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from portal import written
from portal.ime.rules import exam_kinds

LIBRARY_FILE = Path(__file__).parent.parent / "data" / "questions.json"

# The issue that each reason turns on comes first among what is suggested.
FIRST_ISSUES = {
    "diagnosis_uncertain": ("diagnosis",),
    "causation_disputed": ("causation", "apportionment"),
    "treatment_disputed": ("treatment",),
    "work_capacity": ("work_restrictions",),
    "maximum_medical_improvement": ("maximum_medical_improvement",),
    "impairment_rating": ("maximum_medical_improvement", "impairment", "apportionment"),
}
ISSUES_IN_ORDER = (
    "diagnosis",
    "causation",
    "apportionment",
    "treatment",
    "work_restrictions",
    "maximum_medical_improvement",
    "impairment",
    "prognosis",
    "records",
    "other",
)


@dataclass(frozen=True)
class LibraryQuestion:
    """A question ready to ask; `{body_part}` and `{injured_on}` in its text are filled for the case.

    Empty `specialties` or `jurisdictions` mean any; a jurisdiction is a state or an examination kind.
    """

    key: str
    text: str
    reasons: tuple[str, ...]
    issue: str
    specialties: tuple[str, ...] = ()
    jurisdictions: tuple[str, ...] = ()


@cache
def questions() -> tuple[LibraryQuestion, ...]:
    """Every question of the library, in the order of the file."""
    rows = json.loads(LIBRARY_FILE.read_text(encoding="utf-8"))["questions"]
    return tuple(_read(row) for row in rows)


def suggest(
    reason: str, exam_kind: str | None = None, specialties: Sequence[str] = ()
) -> list[LibraryQuestion]:
    """The questions that suit a referral: the reason's issue first, in one issue the most specific first.

    `exam_kind` is a code such as CA-QME, `specialties` our codes; questions bound to another
    jurisdiction or specialty are left out.
    """
    places = _places(exam_kind)
    fitting = [
        question
        for question in questions()
        if reason in question.reasons
        and _suits(question.jurisdictions, places)
        and _suits(question.specialties, specialties)
    ]
    return sorted(fitting, key=lambda question: _rank(question, reason))


def fill(question: LibraryQuestion | str, body_parts: Sequence[str], injured_on: date | None) -> str:
    """The text with the labels of the body parts ("left shoulder", "neck") and the date of injury put in."""
    text = question if isinstance(question, str) else question.text
    injured = written.day(injured_on) if injured_on else "the date of injury"
    return text.replace("{body_part}", _listed(body_parts)).replace("{injured_on}", injured)


def _read(row: dict[str, Any]) -> LibraryQuestion:
    lists = {name: tuple(value) for name, value in row.items() if isinstance(value, list)}
    return LibraryQuestion(**{**row, **lists})


def _places(exam_kind: str | None) -> set[str]:
    kind = exam_kinds().get(exam_kind or "")
    return {kind.code, kind.jurisdiction} if kind else set()


def _suits(bound_to: Sequence[str], given: Iterable[str]) -> bool:
    return not bound_to or not set(bound_to).isdisjoint(given)


def _rank(question: LibraryQuestion, reason: str) -> tuple[int, int]:
    first = FIRST_ISSUES.get(reason, ())
    order = [*first, *(issue for issue in ISSUES_IN_ORDER if issue not in first)]
    return order.index(question.issue), 0 if question.jurisdictions or question.specialties else 1


def _listed(labels: Sequence[str]) -> str:
    names = [label[:1].lower() + label[1:] for label in labels]
    if len(names) < 2:
        return names[0] if names else "injured body part"
    return f"{', '.join(names[:-1])} and {names[-1]}"
