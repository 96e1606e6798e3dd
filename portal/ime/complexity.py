"""How long an examination takes: the expert's usual length, or twice as much where the case is complex, and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from peewee import fn

from portal import clock
from portal.ime.particulars import Listed, particulars, wished
from portal.ime.specialties import body_parts
from portal.models import Case, Document
from portal.words import ArrangementKind

# House figures of the trade's rule of thumb.
LONG_AGO = timedelta(days=365)
THICK_PAGES = 500
USUAL_MINUTES = 60
LONGEST_MINUTES = 240


@dataclass(frozen=True)
class CaseLoad:
    """What of a case tells how long its examination takes."""

    body_parts: tuple[str, ...] = ()
    injured_on: tuple[date, ...] = ()
    pages: int = 0
    has_interpreter: bool = False
    is_recorded: bool = False


@dataclass(frozen=True)
class Length:
    """How long, and each reason for taking twice the usual time."""

    minutes: int
    reasons: tuple[str, ...]

    @property
    def length(self) -> timedelta:
        return timedelta(minutes=self.minutes)

    @property
    def sentence(self) -> str:
        if not self.reasons:
            return f"{self.minutes} minutes, the expert's usual length."
        return f"{self.minutes} minutes, twice the usual: {'; '.join(self.reasons)}."


def length_of(load: CaseLoad, usual: int, today: date) -> Length:
    """The length in minutes for a case, from an expert's usual one; any reason doubles it, once."""
    reasons = tuple(reasons_in(load, today))
    return Length(min(usual * 2, LONGEST_MINUTES) if reasons else usual, reasons)


def reasons_in(load: CaseLoad, today: date) -> list[str]:
    days = set(load.injured_on)
    told = {
        "two or more unrelated body parts": unrelated(load.body_parts) > 1,
        "two or more dates of injury": len(days) > 1,
        "injured more than a year ago": bool(days) and min(days) < today - LONG_AGO,
        f"{load.pages:,} pages of records": load.pages > THICK_PAGES,
        "an interpreter": load.has_interpreter,
        "a recording": load.is_recorded,
    }
    return [reason for reason, is_so in told.items() if is_so]


def unrelated(parts: tuple[str, ...]) -> int:
    """How many groups of body parts that have nothing in common: two that a word may mean alike belong together."""
    groups: list[set[str]] = []
    known = body_parts()
    for part in dict.fromkeys(parts):
        words = set(known[part].synonyms) if part in known else {part}
        touching = [group for group in groups if group & words]
        groups = [group for group in groups if not group & words] + [words.union(*touching)]
    return len(groups)


def case_load(listed: Listed, pages: int) -> CaseLoad:
    """What tells the length, of the lists of a case and the pages of its records."""
    kinds = wished(listed)
    return CaseLoad(
        body_parts=tuple(each.body_part for each in listed.injuries),
        injured_on=tuple(each.injured_on for each in listed.injuries if each.injured_on),
        pages=pages,
        has_interpreter=ArrangementKind.INTERPRETER in kinds,
        is_recorded=ArrangementKind.RECORDING in kinds,
    )


def pages_of(cases: Iterable[int]) -> dict[int, int]:
    """How many pages of records each of these cases has, in one statement; a case without any is left out."""
    counted: Any = (
        Document.select(Document.case, fn.SUM(Document.pages))
        .where(Document.case.in_(list(cases)))
        .group_by(Document.case)
    )
    return {case: int(pages or 0) for case, pages in counted.tuples()}


def length_for(case: Case, listed: Listed | None = None, pages: int | None = None) -> Length:
    """How long the examination of a case takes with the expert it has; what is known already is not asked again."""
    usual = case.expert.usual_minutes if case.expert else USUAL_MINUTES
    counted = pages_of([case.id]).get(case.id, 0) if pages is None else pages
    return length_of(case_load(listed or particulars(case), counted), usual, clock.today())
