"""Free slots: an expert's weekly hours in each clinic's own time zone, less holidays, time off and what is taken."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import reduce
from operator import or_
from typing import Any

from peewee import JOIN

from portal import clock, written
from portal.ime import rules
from portal.ime.deadlines import kept_rules
from portal.ime.timetable import MINUTES, Horizon, Span, Stretch, moment_of, openings, quarter_of
from portal.models import QUARTER, Case, Clinic, SlotHold, TakenQuarter, WeeklyHours

USUAL_LENGTH = timedelta(minutes=60)
FURTHEST = timedelta(days=365)
CLOSED = "The expert does not examine at this time any more. Choose another."


@dataclass(frozen=True)
class Slot:
    """A free time of an expert at one clinic; UTC moments. As text it is what a form sends: 7-20261208T173000Z."""

    clinic_id: int
    starts_at: datetime
    ends_at: datetime
    is_telehealth: bool = False

    def __str__(self) -> str:
        return f"{self.clinic_id}-{self.starts_at:%Y%m%dT%H%M%SZ}"


@dataclass(frozen=True)
class Earliest:
    """The first day on which an examination gives everybody the notice they need, and because of what; `explained`
    where a rule is the reason, and then why no day sooner."""

    date: date
    sentence: str
    explained: rules.Explained | None = None
    why_not_sooner: str = ""


def free_slots(
    case: Case,
    first: date,
    last: date,
    length: timedelta = USUAL_LENGTH,
    but_for: Any = None,
    is_telehealth: bool = False,
) -> list[Slot]:
    """The free slots of the case's expert from day to day (clinic-local, both included), soonest first.

    The time of the appointment `but_for` counts as free, since moving gives it back, as does what is held for the case
    and not offered; its own slot is no move."""
    expert: Any = case.expert
    horizon = Horizon(first, last)
    taken = horizon.mask(map(quarter_of, taken_quarters(expert, first, last, but_for, case)))
    found = openings(
        horizon,
        [each for each in stretches_of(expert) if each.is_telehealth == is_telehealth],
        [Span(row.first_day, row.last_day) for row in expert.time_off],
        taken,
        -(-length // QUARTER),
        -(-expert.buffer_minutes // MINUTES),
        after=quarter_of(clock.now()) + 1,
    )
    slots = [
        Slot(each.clinic_id, (starts := moment_of(each.quarter)), starts + length, each.is_telehealth)
        for each in found
    ]
    return [slot for slot in slots if not is_time_of(but_for, slot)]


def is_open(expert: Any, slot: Slot) -> bool:
    """Whether the whole slot lies in the expert's hours at its clinic, on no holiday and no day off; what is taken is
    not asked."""
    listed = [
        each
        for each in stretches_of(expert)
        if (each.clinic_id, each.is_telehealth) == (slot.clinic_id, slot.is_telehealth)
    ]
    if not listed:
        return False
    zone = listed[0].zone
    horizon = Horizon(clock.day_of(slot.starts_at, zone), clock.day_of(slot.ends_at, zone))
    off = horizon.off((Span(row.first_day, row.last_day) for row in expert.time_off), zone)
    open_ = reduce(or_, map(horizon.open, listed)) & ~off
    wanted = horizon.mask(map(quarter_of, quarters(slot.starts_at, slot.ends_at)))
    return not wanted & ~open_


def stretches_of(expert: Any) -> list[Stretch]:
    """The weekly hours of the expert at clinics that are open."""
    return [stretch(row) for row in weekly_hours(expert).where(Clinic.closed_at.is_null())]


def stretch(row: Any) -> Stretch:
    clinic = row.clinic
    return Stretch(
        row.clinic_id,
        row.weekday,
        minutes_of(row.opens),
        minutes_of(row.closes),
        clinic.time_zone,
        clinic.state,
        row.first_day,
        row.last_day,
        row.is_telehealth,
    )


def minutes_of(at: time) -> int:
    return at.hour * 60 + at.minute


def weekly_hours(expert: Any) -> Any:
    """The weekly hours of the expert, each with its clinic, in one read."""
    return WeeklyHours.select(WeeklyHours, Clinic).join(Clinic).where(Clinic.expert == expert)


def days_between(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def is_time_of(appointment: Any, slot: Slot) -> bool:
    """The slot is the very time and place of the appointment, by video or not as it is."""
    return appointment is not None and slot == Slot(
        appointment.clinic_id, appointment.starts_at, appointment.ends_at, appointment.is_telehealth
    )


def quarters(starts_at: datetime, ends_at: datetime) -> list[datetime]:
    """Every quarter of an hour that begins before the end, from the quarter in which the start lies."""
    first = starts_at.replace(minute=starts_at.minute // 15 * 15, second=0, microsecond=0)
    return [first + number * QUARTER for number in range(-(-(ends_at - first) // QUARTER))]


def taken_quarters(
    expert: Any, first: date, last: date, but_for: Any = None, held_for: Case | None = None
) -> set[datetime]:
    """The quarters of the expert that appointments and holds take on these days, a day more on either side; not those of
    a hold that has run out, or that is kept for this case and not offered."""
    begin = datetime.combine(first, time(), UTC) - timedelta(days=1)
    end = datetime.combine(last, time(), UTC) + timedelta(days=2)
    stands = SlotHold.expires_at > clock.now()
    if held_for is not None:
        stands &= (SlotHold.case != held_for) | SlotHold.offered_at.is_null(False)
    rows = (
        TakenQuarter.select(TakenQuarter.starts_at)
        .join(SlotHold, JOIN.LEFT_OUTER)
        .where(
            (TakenQuarter.expert == expert)
            & TakenQuarter.starts_at.between(begin, end)
            & (TakenQuarter.hold.is_null() | stands)
        )
    )
    if but_for:
        rows = rows.where(TakenQuarter.appointment.is_null() | (TakenQuarter.appointment != but_for))
    return {row.starts_at for row in rows}


def let_go(*conditions: Any) -> int:
    """Give the times of these holds back; returns how many there were."""
    numbers = [hold.id for hold in SlotHold.select(SlotHold.id).where(*conditions)]
    if numbers:
        TakenQuarter.delete().where(TakenQuarter.hold.in_(numbers)).execute()
        SlotHold.delete().where(SlotHold.id.in_(numbers)).execute()
    return len(numbers)


def forget_run_out(expert: Any) -> None:
    """What ran out keeps nobody from the expert's time any more; what was offered waits to be expired by its step."""
    let_go(SlotHold.expert == expert, SlotHold.expires_at <= clock.now(), SlotHold.offered_at.is_null())
    late = SlotHold.select(SlotHold.id).where(
        (SlotHold.expert == expert) & (SlotHold.expires_at <= clock.now())
    )
    TakenQuarter.delete().where(TakenQuarter.hold.in_(late)).execute()


def earliest_exam(case: Case) -> Earliest:
    """The first day that leaves the claimant the notice of the jurisdiction's rule and the expert their own."""
    by_rule, by_expert = earliest_by_rule(case.exam_kind, kept_rules(case)), earliest_by_expert(case.expert)
    return max((each for each in (by_rule, by_expert) if each), key=lambda each: each.date)


def earliest_by_rule(exam_kind: str, kept: rules.Snapshot | rules.RulePack | None = None) -> Earliest | None:
    """The first day whose notice can still be given today; None where no rule or house default is on file."""
    pack = rules.pack_of(kept)
    today = day = clock.today(rules.time_zone_of(exam_kind))
    explained = rules.notice_before_exam(exam_kind, day, pack)
    while explained and explained.date < today:
        day += today - explained.date
        explained = rules.notice_before_exam(exam_kind, day, pack)
    # Weekends and holidays may have carried the leap too far.
    while explained and (before := rules.notice_before_exam(exam_kind, day - timedelta(days=1), pack)):
        if before.date < today or day <= today:
            sooner = f"For a day sooner the notice would have been due on {written.day(before.date)}."
            return Earliest(day, explained.sentence, explained, sooner if before.date < today else "")
        day, explained = day - timedelta(days=1), before
    return None


def earliest_by_expert(expert: Any) -> Earliest:
    days = expert.notice_days
    sentence = f"{expert.name} asks for {days} {'day' if days == 1 else 'days'} of notice."
    return Earliest(clock.today() + timedelta(days=days), sentence)
