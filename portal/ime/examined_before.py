"""What went before an examination: those that somebody had, and the times of the case that came to nothing."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import takewhile
from typing import Any

from portal import clock
from portal.ime.deadlines import local_day
from portal.ime.frequency import Exam
from portal.ime.panel import is_same_person
from portal.models import Appointment, Case, Claimant, ClaimNumber, Clinic
from portal.words import AppointmentState, Party

STANDING = (AppointmentState.HELD, AppointmentState.BOOKED)


@dataclass(frozen=True)
class Before:
    """What went before: the examinations of the same person and kind, the first one first; of the times that were set
    since the last of them in this case the day of the first; and the day on which the expert gave up the last."""

    exams: tuple[Exam, ...] = ()
    first_set_on: date | None = None
    given_up_on: date | None = None


def before(cases: Sequence[Case]) -> dict[int, Before]:
    """What went before an examination of each case, by its number: in two statements for one case or for many. What is
    booked in another case counts like what was held."""
    rows = list(appointments_around(cases))
    claims = claims_of([*cases, *(row.case for row in rows)]) if rows else {}
    return {case.id: before_in(case, rows, claims) for case in cases}


def appointments_around(cases: Sequence[Case]) -> Any:
    """Every appointment of these cases, and what stands of everybody born on the day of one of their claimants."""
    born = {case.claimant.born_trace for case in cases if case.claimant.born_on}
    return (
        Appointment.select(Appointment, Clinic, Case, Claimant)
        .join(Clinic)
        .switch(Appointment)
        .join(Case)
        .join(Claimant)
        .where(
            (Appointment.state.in_(list(STANDING)) & Claimant.born_trace.in_(born))
            | Case.id.in_([case.id for case in cases])
        )
        .order_by(Appointment.id)
    )


def claims_of(cases: Iterable[Case]) -> dict[int, set[str]]:
    """The claim numbers of each case, without what people write differently."""
    found: defaultdict[int, set[str]] = defaultdict(set)
    for row in ClaimNumber.select().where(ClaimNumber.case.in_({case.id for case in cases})):
        found[row.case_id].add("".join(filter(str.isalnum, row.number)).casefold())
    return found


def before_in(case: Case, rows: Iterable[Any], claims: dict[int, set[str]]) -> Before:
    counted = (row for row in rows if counts(case, row))
    exams = (Exam(local_day(row), row.starts_at, is_same_claim(case, row.case, claims)) for row in counted)
    own = [row for row in rows if row.case_id == case.id]
    tried = list(takewhile(lambda row: row.state != AppointmentState.HELD, reversed(own)))
    is_given_up = bool(tried) and tried[0].ended_for == Party.EXPERT and tried[0].ended_at
    return Before(
        exams=tuple(sorted(exams, key=lambda each: each.on)),
        first_set_on=local_day(tried[-1]) if tried else None,
        given_up_on=clock.day_of(tried[0].ended_at, tried[0].clinic.time_zone) if is_given_up else None,
    )


def counts(case: Case, row: Any) -> bool:
    """Held, or booked in another case, for the same person and of the same kind."""
    is_own_time = row.case_id == case.id and row.state != AppointmentState.HELD
    is_kind = row.state in STANDING and row.case.exam_kind == case.exam_kind
    return is_kind and not is_own_time and is_same_person(case, row.case)


def is_same_claim(case: Case, other: Case, claims: dict[int, set[str]]) -> bool:
    """Whether two cases share a claim number. Where one has none that is not known, and they are taken to."""
    one, two = claims.get(case.id), claims.get(other.id)
    return case.id == other.id or not one or not two or bool(one & two)
