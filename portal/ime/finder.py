"""The slot finder: free times in the order in which they serve a case, each with its reasons."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from portal import clock, written
from portal.ime import gates, rules
from portal.ime.booking import at, booking_facts, pack_for
from portal.ime.deadlines import hearing_of
from portal.ime.gates import BookingFacts, Finding, Weight
from portal.ime.particulars import Particulars, particulars
from portal.ime.places import miles_between
from portal.ime.rules import RulePack
from portal.ime.slots import Slot
from portal.models import Case, Clinic
from portal.words import ArrangementKind, ArrangementState

BEST = 5
DAYS_FOR_INTERPRETER = 7  # what is sooner leaves little time to find one
MILES_APART = 10  # within so many miles a sooner time is worth more than a nearer one


@dataclass(frozen=True)
class Ranked:
    """A free time with what speaks for it and against it; `place` is what it is sorted by."""

    slot: Slot
    findings: tuple[Finding, ...]
    reasons: tuple[str, ...]
    place: tuple[int, int, int, int, int]

    @property
    def is_legal(self) -> bool:
        return not any(each.blocks for each in self.findings)


@dataclass(frozen=True)
class Wanted:
    """What the case asks of a time: the rules, the facts, the day that matters to the referrer, and what is open."""

    pack: RulePack
    code: str
    facts: BookingFacts
    needed_by: tuple[str, date] | None = None
    hearing_on: date | None = None
    is_interpreter_open: bool = False


def wanted(case: Case, listed: Particulars | None = None) -> Wanted:
    listed = listed or particulars(case)
    return Wanted(
        pack_for(case),
        case.exam_kind,
        booking_facts(case, listed),
        first_deadline(case, listed),
        hearing_of(listed.deadlines),
        any(
            each.kind == ArrangementKind.INTERPRETER and each.state == ArrangementState.NEEDED
            for each in listed.arrangements
        ),
    )


def first_deadline(case: Case, listed: Particulars) -> tuple[str, date] | None:
    """The first day that matters to the referrer, and what it is."""
    days = [(each.kind.label, each.falls_on) for each in listed.deadlines]
    days += [("day the report is needed", case.report_needed_by)] if case.report_needed_by else []
    return min(days, key=lambda each: each[1], default=None)


def ranked_slots(want: Wanted, slots: Iterable[Slot], clinics: Mapping[int, Clinic]) -> list[Ranked]:
    """The times, the best first: what no rule stops before what one does, what none warns of, what leaves time for an
    interpreter who is still to be found, what is before the deadline with its report, what is near, what is soon. One day at one clinic is judged once."""
    judged: dict[tuple[int, date, bool], Any] = {}
    found = []
    for slot in slots:
        clinic = clinics[slot.clinic_id]
        day = clock.day_of(slot.starts_at, clinic.time_zone)
        key = (slot.clinic_id, day, slot.is_telehealth)
        if key not in judged:
            judged[key] = judge(want, at(want.facts, clinic, slot.starts_at, slot.is_telehealth))
        findings, reasons, place = judged[key]
        found.append(Ranked(slot, findings, reasons, place))
    return sorted(found, key=lambda each: (each.place, each.slot.starts_at, each.slot.clinic_id))


def best(ranked: Iterable[Ranked], clinics: Mapping[int, Clinic]) -> list[Ranked]:
    """The first times that no rule stops, one a day, so that there is something to choose between."""
    days: dict[date, Ranked] = {}
    for each in ranked:
        if each.is_legal:
            days.setdefault(clock.day_of(each.slot.starts_at, clinics[each.slot.clinic_id].time_zone), each)
        if len(days) == BEST:
            break
    return list(days.values())


def judge(
    want: Wanted, facts: BookingFacts
) -> tuple[tuple[Finding, ...], tuple[str, ...], tuple[int, int, int, int, int]]:
    """What is said of one day at one place, why it is good, and where it stands."""
    findings = tuple(gates.before_booking(want.pack, want.code, facts))
    weights = [each.weight for each in findings]
    is_late, deadline = against_deadline(want, facts.exam_on)
    miles = miles_between(facts.home, facts.clinic) if facts.home and facts.clinic else None
    notice = (facts.exam_on - facts.notice_on).days
    reasons = [
        "by video" if facts.is_telehealth else f"{miles:.0f} miles from home" if miles is not None else "",
        f"{notice} {'day' if notice == 1 else 'days'} of notice",
        deadline,
        in_time(want, notice),
    ]
    distance = 0 if facts.is_telehealth or miles is None else round(miles) // MILES_APART
    is_rushed = want.is_interpreter_open and notice < DAYS_FOR_INTERPRETER
    weighed = weights.count(Weight.BLOCKS), weights.count(Weight.WARNS)
    place = (*weighed, int(is_rushed), int(is_late), distance)
    return findings, tuple(filter(None, reasons)), place


def in_time(want: Wanted, notice: int) -> str:
    """Whether an interpreter that is still to be found can be there by then; nothing where none is needed."""
    if not want.is_interpreter_open:
        return ""
    return (
        "little time to find the interpreter"
        if notice < DAYS_FOR_INTERPRETER
        else "time to find the interpreter"
    )


def against_deadline(want: Wanted, exam_on: date) -> tuple[bool, str]:
    """Whether the report would come after the day that matters, and how that is said."""
    if want.needed_by is None:
        return False, ""
    what, day = want.needed_by
    due = rules.report_due(want.code, exam_on, want.pack, want.hearing_on)
    if exam_on >= day:
        return True, f"after the {what} on {written.day(day)}"
    if due and due.date > day:
        return True, f"the report may come after the {what} on {written.day(day)}"
    return False, f"with the report before the {what} on {written.day(day)}"
