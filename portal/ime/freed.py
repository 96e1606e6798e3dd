"""Slot recovery: a time that was given back, and the ready cases that it could serve, in order."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any

from peewee import JOIN, SQL, prefetch

from portal import clock
from portal.ime import booking, complexity, gates
from portal.ime.gates import BookingFacts
from portal.ime.rules import RulePack
from portal.ime.slots import Slot, quarters
from portal.models import Appointment, Arrangement, Case, Claimant, Clinic, Expert, Injury, TakenQuarter, User
from portal.policy import seeing, sight
from portal.words import AppointmentState, Role, Stage

GIVEN_BACK = (AppointmentState.MOVED, AppointmentState.CANCELLED, AppointmentState.MISSED)
MOST_TIMES = 20
MOST_CASES = 5


@dataclass(frozen=True)
class Freed:
    """A time that was given back and is still free, with the cases it could serve, the one due first at the top."""

    appointment: Any
    slot: Slot
    cases: tuple[Case, ...]


def freed_times(person: User) -> list[Freed]:
    """The times still to come that were given back and that nobody has taken since, soonest first; of the cases only
    those that the person may see."""
    rows = list(given_back())
    taken = taken_of(rows)
    free = [
        row
        for row in rows
        if not taken & {(row.expert_id, at) for at in quarters(row.starts_at, row.ends_at)}
    ]
    waiting = waiting_for(person, {row.expert_id for row in free})
    return [Freed(row, slot_of(row), tuple(served_by(row, waiting))) for row in once(free)]


@dataclass(frozen=True)
class Waiting:
    """A case that waits for a time, with all that decides whether one fits."""

    case: Case
    length: timedelta
    pack: RulePack
    facts: BookingFacts


def waiting_for(person: User, experts: set[int]) -> list[Waiting]:
    """The cases that wait for a time of one of these experts, each with what decides; as many statements for one as
    for many. A case whose wish the expert does not accept waits for that first."""
    cases = [
        case for case in prefetch(ready(person, experts), Injury, Arrangement) if not booking.unwelcome(case)
    ]
    packs, earlier = booking.packs_for(cases), booking.earlier_exams(cases)
    pages = complexity.pages_of(case.id for case in cases)
    return [
        Waiting(
            case,
            complexity.length_for(case, case, pages.get(case.id, 0)).length,
            packs[case.id],
            booking.booking_facts(case, case, earlier[case.id]),
        )
        for case in cases
    ]


def given_back() -> Any:
    """Appointments that do not stand any more, whose time is still to come."""
    return (
        Appointment.select(Appointment, Clinic, Expert, User)
        .join(Clinic)
        .switch(Appointment)
        .join(Expert)
        .join(User)
        .where(
            Appointment.state.in_(list(GIVEN_BACK))
            & (Appointment.starts_at > clock.now())
            & Clinic.closed_at.is_null()
        )
        .order_by(Appointment.starts_at, Appointment.id)
        .limit(MOST_TIMES)
    )


def once(rows: Iterable[Any]) -> list[Any]:
    """A time that was given back twice is free once."""
    return list({(row.expert_id, row.starts_at): row for row in rows}.values())


def taken_of(rows: list[Any]) -> set[tuple[int, Any]]:
    """Which quarters of these experts are taken, as expert and moment; what ran out counts until it is swept."""
    if not rows:
        return set()
    found: Any = TakenQuarter.select(TakenQuarter.expert, TakenQuarter.starts_at).where(
        TakenQuarter.expert.in_({row.expert_id for row in rows})
        & TakenQuarter.starts_at.between(
            min(row.starts_at for row in rows) - timedelta(hours=1), max(row.ends_at for row in rows)
        )
    )
    return set(found.tuples())


def ready(person: User, experts: set[int]) -> Any:
    """The cases of these experts that wait for a time, or whose claimant asked for another, the one due first first."""
    wants_time = (Case.stage == Stage.SCHEDULING) | (
        (Case.stage == Stage.BOOKED) & Case.move_asked_at.is_null(False)
    )
    return (
        Case.select(Case, Claimant, Expert)
        .join(Claimant)
        .switch(Case)
        .join(Expert, JOIN.INNER)
        .where(
            SQL("is_open")
            & Case.expert.in_(experts or {0})
            & wants_time
            & sight(Role.COORDINATOR, seeing(person))
        )
        .order_by(Case.due_on, Case.id)
        .limit(MOST_TIMES)
    )


def served_by(row: Any, waiting: list[Waiting]) -> list[Case]:
    """The cases of the expert that fit: long enough, and no rule stands against it."""
    found = (
        each.case
        for each in waiting
        if each.case.expert_id == row.expert_id and each.case.id != row.case_id and fits(row, each)
    )
    return list(islice(found, MOST_CASES))


def fits(row: Any, waiting: Waiting) -> bool:
    if waiting.length > row.ends_at - row.starts_at:
        return False
    facts = booking.at(waiting.facts, row.clinic, row.starts_at, row.is_telehealth)
    return not any(each.blocks for each in gates.before_booking(waiting.pack, waiting.case.exam_kind, facts))


def slot_of(row: Any) -> Slot:
    return Slot(row.clinic_id, row.starts_at, row.ends_at, row.is_telehealth)
