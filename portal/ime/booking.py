"""Before an examination is booked or moved: what the rules say of this time, and which of it is overridden and why."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from portal import clock
from portal.ime import gates, rule_book
from portal.ime.bars import why_out
from portal.ime.deadlines import kept_for, latest_appointment, local_day
from portal.ime.examined_before import Before, before
from portal.ime.gates import BookingFacts, Finding
from portal.ime.particulars import Listed, particulars, wished
from portal.ime.places import place
from portal.ime.process import Refusal
from portal.ime.rules import RulePack, pack_of, time_zone_of
from portal.models import Arrangement, Case, RuleOverride
from portal.policy import Person
from portal.words import ArrangementKind, ArrangementState, Party

WISHES = {ArrangementKind.COMPANION: "accepts_companion", ArrangementKind.RECORDING: "accepts_recording"}
NO_REASON = "A rule stands against it. Say why it is done all the same, or choose otherwise."


def pack_for(case: Case) -> RulePack:
    """The rules that hold for a case: those it keeps, or those of now."""
    return packs_for([case])[case.id]


def packs_for(cases: Sequence[Case]) -> dict[int, RulePack]:
    """The rules that hold for each case, by its number; as many statements for one as for many."""
    kept = kept_for(cases)
    now = rule_book.in_force() if len(kept) < len(cases) else None
    return {case.id: pack_of(kept.get(case.id, now)) for case in cases}


def booking_facts(case: Case, listed: Listed | None = None, past: Before | None = None) -> BookingFacts:
    """What is known of the case before a time is chosen; `at` puts the time in. What is known already is not asked
    again. A refused arrangement is no wish any more."""
    past = before([case])[case.id] if past is None else past
    listed = listed or particulars(case)
    zone, claimant = time_zone_of(case.exam_kind), case.claimant
    today = clock.today(zone)
    return BookingFacts(
        exam_on=today,
        notice_on=today,
        asked_on=clock.day_of(case.referred_at, zone) if case.referred_at else None,
        home=place(claimant.latitude, claimant.longitude),
        earlier=past.exams,
        first_set_on=past.first_set_on,
        given_up_on=past.given_up_on,
        wishes=wished(listed),
        is_travel_settled=any(
            each.kind == ArrangementKind.TRAVEL_MONEY and each.state == ArrangementState.CONFIRMED
            for each in listed.arrangements
        ),
    )


def at(facts: BookingFacts, clinic: Any, starts_at: datetime, is_telehealth: bool) -> BookingFacts:
    """The facts for one time at one clinic."""
    return replace(
        facts,
        exam_on=clock.day_of(starts_at, clinic.time_zone),
        starts_at=starts_at,
        clinic=place(clinic.latitude, clinic.longitude),
        is_telehealth=is_telehealth,
    )


def findings(case: Case, clinic: Any, starts_at: datetime, is_telehealth: bool = False) -> list[Finding]:
    """What the rules kept on the case say of this time, booked today, the gravest first."""
    known = at(booking_facts(case), clinic, starts_at, is_telehealth)
    return gates.before_booking(pack_for(case), case.exam_kind, known)


def findings_of_offer(case: Case, slots: Iterable[tuple[Any, Any]], until: datetime) -> list[Finding]:
    """What the rules say of several times, pairs of slot and clinic, that may be chosen up to a moment, each thing once.
    The notice goes out with the choice, so it is counted from the last day for an answer."""
    known, pack = booking_facts(case), pack_for(case)
    found: dict[tuple[str, str], Finding] = {}
    for slot, clinic in slots:
        facts = at(known, clinic, slot.starts_at, slot.is_telehealth)
        last = replace(facts, notice_on=clock.day_of(until, time_zone_of(case.exam_kind)))
        for each in gates.before_booking(pack, case.exam_kind, last):
            found.setdefault((each.rule.id, each.sentence), each)
    return list(found.values())


def cancelling_findings(case: Case, appointment: Any, wanted_by: Party) -> list[Finding]:
    """What the rules say about ending a booked appointment now, for whoever wants it."""
    there = ZoneInfo(appointment.clinic.time_zone)
    starts_at, now = appointment.starts_at.astimezone(there), clock.now().astimezone(there)
    return gates.before_cancelling(pack_for(case), case.exam_kind, starts_at, now, wanted_by)


def brief_findings(case: Case, served_on: date | None) -> list[Finding]:
    """What the rules say before the records go to the expert today; of a file review there is no day to count from."""
    appointment = latest_appointment(case)
    today = clock.today(time_zone_of(case.exam_kind))
    exam_on = local_day(appointment) if appointment else today
    return gates.before_brief(pack_for(case), case.exam_kind, exam_on, today, served_on)


def release_findings(case: Case, copies: Collection[Party]) -> list[Finding]:
    """What the rules say before a report is released: who must get a copy, beside the referrer and those ticked. A
    representative and a treating doctor whom the case does not have need none; an agency that a rule names always does."""
    absent = {Party.REPRESENTATIVE, Party.TREATING_DOCTOR} - set(may_get_copies(case))
    return gates.before_release(pack_for(case), case.exam_kind, frozenset({Party.REFERRER, *copies, *absent}))


def may_get_copies(case: Case) -> list[Party]:
    """The parties of the case to whom the office may send a copy of the report."""
    there = {row.party for row in case.parties} | {Party.CLAIMANT}
    there |= {Party.TREATING_DOCTOR} if case.treating_doctor else set()
    order = (Party.CLAIMANT, Party.REPRESENTATIVE, Party.TREATING_DOCTOR, Party.RECIPIENT)
    return [party for party in order if party in there]


def insist(case: Case, step: str, found: Iterable[Finding], why: str, by: Person | Party) -> None:
    """Go on although rules stand against it: each that blocks is kept with the reason. Refused without one."""
    blocking = [each for each in found if each.blocks]
    if blocking and not why.strip():
        raise Refusal(NO_REASON, field="override")
    for each in blocking:
        RuleOverride.create(
            case=case, step=step, rule=each.rule.id, sentence=each.sentence, reason=why.strip(), by=by
        )


def refuse_absent(case: Case) -> None:
    """Nobody is sent to an expert who is barred from the case or whose account is disabled."""
    if why := why_out(case):
        raise Refusal(f"{why} Release the expert, and choose another.")


def refuse_unwelcome(case: Case, is_telehealth: bool) -> None:
    """What the expert does not take part in is settled with the claimant before a time is booked."""
    expert: Any = case.expert
    if is_telehealth and not expert.accepts_telehealth:
        raise Refusal(f"{expert.name} does not examine by video.", field="slot")
    for each in unwelcome(case):
        raise Refusal(
            f"{expert.name} does not accept a {each.kind.label.split(' of ')[0]}. Settle it first, with the claimant."
        )


def unwelcome(case: Case) -> list[Arrangement]:
    """The wishes that are still open and that the expert does not accept."""
    return [
        each
        for each in case.arrangements
        if each.kind in WISHES
        and each.state == ArrangementState.NEEDED
        and not getattr(case.expert, WISHES[each.kind])
    ]
