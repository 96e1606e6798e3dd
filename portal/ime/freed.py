"""Slot recovery: a time that was given back, and the ready cases that it could serve, in order."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from typing import Any

from peewee import JOIN, SQL, fn, prefetch

from portal import clock
from portal.ime import booking, complexity, gates
from portal.ime.examined_before import before
from portal.ime.gates import BookingFacts
from portal.ime.rules import RulePack
from portal.ime.slots import Slot, quarters
from portal.models import (
    Appointment,
    Arrangement,
    Case,
    Claimant,
    Clinic,
    Expert,
    Injury,
    TakenQuarter,
    TimeOff,
    User,
)
from portal.policy import seeing, sight
from portal.words import AppointmentState, Party, Role, Stage

GIVEN_BACK = (AppointmentState.MOVED, AppointmentState.CANCELLED, AppointmentState.MISSED)
MOST_TIMES = 20
MOST_CASES = 5
LOOKED_AT = 100  # times, and cases that wait, of which the fitting ones are shown


@dataclass(frozen=True)
class Freed:
    """A time that was given back and is still free, with the cases it could serve, the one due first at the top."""

    appointment: Any
    slot: Slot
    cases: tuple[Case, ...]


def freed_times(person: User) -> list[Freed]:
    """The times still to come that were given back and that nobody has taken since, soonest first; of the cases only
    those that the person may see."""
    rows = list(still_free())
    taken, away = taken_of(rows), days_off({row.expert_id for row in rows})
    free = [
        row
        for row in rows
        if not taken & {(row.expert_id, at) for at in quarters(row.starts_at, row.ends_at)}
        and not is_away(row, away)
    ]
    listed = once(free)[:MOST_TIMES]
    waiting = waiting_for(person, {row.expert_id for row in listed})
    return [Freed(row, slot_of(row), tuple(served_by(row, waiting))) for row in listed]


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
    packs, past = booking.packs_for(cases), before(cases)
    pages = complexity.pages_of(case.id for case in cases)
    return [
        Waiting(
            case,
            complexity.length_for(case, case, pages.get(case.id, 0)).length,
            packs[case.id],
            booking.booking_facts(case, case, past[case.id]),
        )
        for case in cases
    ]


def still_free() -> Any:
    """Those of them at whose time nothing else begins. Counted before they are cut to a page: what was taken again must
    not crowd out what is free."""
    taken = TakenQuarter.select(SQL("1")).where(
        (TakenQuarter.expert == Appointment.expert)
        & (TakenQuarter.starts_at >= Appointment.starts_at)
        & (TakenQuarter.starts_at < Appointment.ends_at)
    )
    return given_back().where(~fn.EXISTS(taken)).limit(LOOKED_AT)


def days_off(experts: set[int]) -> list[TimeOff]:
    return list(TimeOff.select().where(TimeOff.expert.in_(experts or {0})))


def is_away(row: Any, away: Iterable[TimeOff]) -> bool:
    """The expert does not examine on that day of the clinic any more."""
    on = clock.day_of(row.starts_at, row.clinic.time_zone)
    return any(each.expert_id == row.expert_id and each.first_day <= on <= each.last_day for each in away)


def given_back() -> Any:
    """Appointments that do not stand any more, whose time is still to come. What the expert wanted ended is no free time
    of theirs."""
    return (
        Appointment.select(Appointment, Clinic, Expert, User)
        .join(Clinic)
        .switch(Appointment)
        .join(Expert)
        .join(User)
        .where(
            Appointment.state.in_(list(GIVEN_BACK))
            & (Appointment.starts_at > clock.now())
            & (Appointment.ended_for.is_null() | (Appointment.ended_for != Party.EXPERT))
            & Clinic.closed_at.is_null()
        )
        .order_by(Appointment.starts_at, Appointment.id)
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
    """The cases of these experts that wait for a time, the one due first first, then those whose claimant asked for
    another. One whose claimant is choosing already is not waiting."""
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
            & (Case.turn == Party.COORDINATOR)
            & sight(Role.COORDINATOR, seeing(person))
        )
        .order_by(Case.stage == Stage.BOOKED, Case.due_on, Case.id)
        .limit(LOOKED_AT)
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


def slot_for(row: Any, case: Case) -> Slot:
    """As much of the freed time as the case needs."""
    slot, length = slot_of(row), complexity.length_for(case).length
    return replace(slot, ends_at=min(slot.ends_at, slot.starts_at + length))
