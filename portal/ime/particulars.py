"""What a referral lists, read in one statement: claim numbers, injuries, opinions, parties, dates, needs, questions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, reduce
from operator import add, itemgetter
from typing import Any, Protocol

from peewee import SQL, BooleanField, Field

from portal.db import Remembered
from portal.ime import specialties
from portal.kept import Kept, bind
from portal.models import (
    Arrangement,
    Case,
    CaseDeadline,
    CaseParty,
    ClaimNumber,
    Injury,
    Question,
    TreatingOpinion,
)
from portal.words import ArrangementKind, ArrangementState, Side

LISTS: dict[str, Any] = {
    "claim_numbers": ClaimNumber,
    "injuries": Injury,
    "treating_opinions": TreatingOpinion,
    "parties": CaseParty,
    "deadlines": CaseDeadline,
    "arrangements": Arrangement,
}
READ: dict[str, Any] = {**LISTS, "questions": Question}


class Listed(Protocol):
    """Where the lists of a referral that decide about a time are: its particulars, or a case that was read with them."""

    @property
    def injuries(self) -> Iterable[Injury]: ...
    @property
    def arrangements(self) -> Iterable[Arrangement]: ...


@dataclass(frozen=True)
class Particulars:
    """The lists of one referral, each in the order in which it was given."""

    claim_numbers: Sequence[ClaimNumber]
    injuries: Sequence[Injury]
    treating_opinions: Sequence[TreatingOpinion]
    parties: Sequence[CaseParty]
    deadlines: Sequence[CaseDeadline]
    arrangements: Sequence[Arrangement]
    questions: Sequence[Question]

    @property
    def body_parts(self) -> list[str]:
        """The codes of the injured body parts."""
        return [injury.body_part for injury in self.injuries]


EVERYTHING = Kept(lambda: reduce(add, (listed(name, table) for name, table in READ.items())))


def particulars(case: Case) -> Particulars:
    """Every list of the referral in one statement, as unsaved copies of their rows."""
    found: dict[str, list[Any]] = {name: [] for name in READ}
    for name, number, *values in sorted(EVERYTHING.rows(case=case.id), key=itemgetter(1)):
        found[name].append(row_of(READ[name], number, values))
    found["questions"].sort(key=lambda question: question.number)
    return Particulars(**found)


@cache
def columns(table: type[Remembered]) -> list[Field]:
    """The columns of a list's table beside its own number and its case."""
    return [field for field in table._meta.sorted_fields if field.name not in {"id", "case"}]


WIDEST = max(len(columns(table)) for table in READ.values())


def listed(name: str, table: Any) -> Any:
    """One list's rows as texts, as wide as the widest list, so that all fit into one statement."""
    texts = [as_text(field) for field in columns(table)]
    blanks = [SQL("NULL")] * (WIDEST - len(texts))
    return table.select(SQL(f"'{name}'"), table.id, *texts, *blanks).where(table.case == bind("case"))


def as_text(field: Field) -> Any:
    # A truth is written differently by the two databases, its number is not.
    return field.cast("integer").cast("text") if isinstance(field, BooleanField) else field.cast("text")


def row_of(table: type[Remembered], number: int, values: Sequence[str | None]) -> Remembered:
    given = zip(columns(table), values, strict=False)
    return table(id=number, **{field.name: read(field, value) for field, value in given})


def read(field: Field, value: str | None) -> Any:
    return value == "1" if isinstance(field, BooleanField) else field.python_value(value)


SIDES: Mapping[Side, str] = {Side.LEFT: "left ", Side.RIGHT: "right ", Side.BOTH: "left and right "}


def body_part_label(injury: Injury) -> str:
    """The injured part as it reads in a sentence: left shoulder, left and right knee, neck."""
    part = specialties.body_parts().get(injury.body_part)
    return SIDES.get(injury.side, "") + (part.label.lower() if part else injury.body_part)


def wished(listed: Listed) -> frozenset[ArrangementKind]:
    """What the claimant needs on the day; what was refused is no wish any more."""
    return frozenset(each.kind for each in listed.arrangements if each.state != ArrangementState.REFUSED)
