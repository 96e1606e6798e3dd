"""Times kept for a case for a while: a coordinator's before they book, and up to three that the claimant may choose from.

A hold takes the same quarters of an hour as a booking, so that nobody else can have the time; it ends by itself."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from peewee import JOIN, IntegrityError

from portal import clock, written
from portal.db import database, one_at_a_time
from portal.ime import booking
from portal.ime.appointment import TAKEN, place_appointment, settle_booking
from portal.ime.hours import time_of
from portal.ime.process import MovedOn, NotAllowed, Refusal, remember, step
from portal.ime.records import StoredFile
from portal.ime.slots import CLOSED, Slot, forget_run_out, is_open, let_go, quarters
from portal.models import Appointment, Case, Clinic, RuleOverride, SlotHold, TakenQuarter, User
from portal.policy import Person
from portal.words import AppointmentState, Party

HOLD_LIFE = timedelta(minutes=15)
USUAL_ANSWER = timedelta(days=2)
LONGEST_ANSWER = timedelta(days=7)
MOST_OFFERED = 3
GONE = "This time is no longer offered. Please call us, and we find another."


@step
def hold_slot(case: Case, *, by: User, slot: Slot) -> SlotHold:
    """Keep a time for the case while the coordinator makes sure; of two who want it, one gets it. What was kept for the
    case before, and not offered, is let go."""
    one_at_a_time(time_of(case.expert_id))
    let_go(SlotHold.case == case, SlotHold.offered_at.is_null())
    return keep(case, by, slot, clock.now() + HOLD_LIFE)


@step
def offer_times(case: Case, *, by: User, slots: Sequence[Slot], until: datetime, override: str = "") -> None:
    """The claimant may choose one of up to three times on their phone; until they answer, nobody else can have them.
    What the rules say of each is looked at now, as of the last day for an answer, since the choice books it."""
    if not 1 <= len(slots) <= MOST_OFFERED:
        raise Refusal("Choose one, two or three times.", field="slots")
    if not clock.now() < until <= clock.now() + LONGEST_ANSWER + timedelta(days=1):
        raise Refusal(f"Choose a day within {LONGEST_ANSWER.days} days.", field="until")
    if until > min(slot.starts_at for slot in slots):
        raise Refusal("The claimant must answer before the first of these times.", field="until")
    booking.refuse_unwelcome(case, any(slot.is_telehealth for slot in slots))
    booking.refuse_absent(case)
    one_at_a_time(time_of(case.expert_id))
    let_go(SlotHold.case == case)
    now = clock.now()
    kept = [(slot, keep(case, by, slot, until, offered_at=now).clinic) for slot in slots]
    booking.insist(case, "offer_times", booking.findings_of_offer(case, kept, until), override, by)
    remember(count=len(slots), until=until, until_day=written.day(until))


@step
def withdraw_times(case: Case, *, by: User, why: str) -> None:
    """The offered times are taken back; the coordinator tells the claimant why."""
    if not why.strip():
        raise Refusal("Say why the times are taken back.", field="why")
    if not let_go(SlotHold.case == case, SlotHold.offered_at.is_null(False)):
        raise Refusal("No times are offered to the claimant.")
    remember(why=why)


@step
def expire_times(case: Case, *, by: Party) -> None:
    """The claimant did not choose in time; the coordinator is told."""
    ran_out = SlotHold.offered_at.is_null(False) & (SlotHold.expires_at <= clock.now())
    if not let_go(SlotHold.case == case, ran_out):
        raise Refusal("These times are still offered.")


@step
def pick_time(case: Case, *, by: Person, slot: Slot, letter: StoredFile | None = None) -> Appointment:
    """The claimant takes one of the times they were offered: it is booked, the others are free again. Refused where the
    expert has taken the day off since, or a wish came that they do not accept."""
    one_at_a_time(time_of(case.expert_id))
    held = next((each for each in offered(case) if slot_of(each) == slot), None)
    if held is None or booking.unwelcome(case) or is_stopped(case, held):
        raise Refusal(GONE, field="slot")
    try:
        appointment = place_appointment(case, held.clinic, slot.starts_at, slot.ends_at, slot.is_telehealth)
    except Refusal:
        raise Refusal(GONE, field="slot") from None  # why is the office's to know
    settle_booking(appointment, letter, by)
    case.confirmed_at = clock.now()
    return appointment


@step
def refuse_times(case: Case, *, by: Person, why: str) -> None:
    """None of the times works; the claimant says which days would."""
    if not why.strip():
        raise Refusal("Tell us which days are better for you.", field="why")
    if not let_go(SlotHold.case == case, SlotHold.offered_at.is_null(False)):
        raise Refusal("No times are waiting for your answer.")
    remember(why=why)


def is_stopped(case: Case, hold: SlotHold) -> bool:
    """Whether a rule stands against an offered time now that nobody gave a reason for when it was offered: the rules of
    the case may have been changed since."""
    given = set(case.rule_overrides.select(RuleOverride.rule).tuples())
    found = booking.findings(case, hold.clinic, hold.starts_at, hold.is_telehealth)
    return any(each.blocks and (each.rule.id,) not in given for each in found)


# --- what is held -----------------------------------------------------------------------------------------------


def held(case: Case) -> SlotHold | None:
    """The time that is kept for the case and not offered, with its clinic; None where there is none or it ran out."""
    found: SlotHold | None = standing(case).where(SlotHold.offered_at.is_null()).first()
    return found


def offered(case: Case) -> list[SlotHold]:
    """The times the claimant may choose from, soonest first, each with its clinic."""
    return list(standing(case).where(SlotHold.offered_at.is_null(False)).order_by(SlotHold.starts_at))


def standing(case: Case) -> Any:
    rows = SlotHold.select(SlotHold, Clinic).join(Clinic)
    return rows.where((SlotHold.case == case) & (SlotHold.expires_at > clock.now()))


def slot_of(hold: SlotHold) -> Slot:
    return Slot(hold.clinic_id, hold.starts_at, hold.ends_at, hold.is_telehealth)


def keep(
    case: Case, by: User, slot: Slot, expires_at: datetime, offered_at: datetime | None = None
) -> SlotHold:
    """Write the hold and the quarters it takes. Refuses the past, a foreign clinic, what is outside the expert's hours,
    and a taken time."""
    clinic = Clinic.get_or_none((Clinic.id == slot.clinic_id) & (Clinic.expert == case.expert_id))
    if clinic is None or clinic.closed_at:
        raise Refusal("Choose a clinic of the case's expert.", field="slot")
    if slot.starts_at <= clock.now() or slot.starts_at >= slot.ends_at:
        raise Refusal("Choose a time that is still to come.", field="slot")
    expert: Any = case.expert
    if not is_open(expert, slot):
        raise Refusal(CLOSED, field="slot")
    forget_run_out(expert)
    try:
        with database.atomic():
            hold = SlotHold.create(
                case=case,
                expert=expert,
                clinic=clinic,
                starts_at=slot.starts_at,
                ends_at=slot.ends_at,
                is_telehealth=slot.is_telehealth,
                held_by=by,
                expires_at=expires_at,
                offered_at=offered_at,
            )
            buffer = timedelta(minutes=expert.buffer_minutes)
            own = own_quarters(case, offered_at)
            rows = [
                {"expert": expert, "starts_at": quarter, "hold": hold}
                for quarter in quarters(slot.starts_at, slot.ends_at + buffer)
                if quarter not in own
            ]
            if rows:
                TakenQuarter.insert_many(rows).execute()
    except IntegrityError:
        raise Refusal(TAKEN, field="slot") from None
    return hold


def own_quarters(case: Case, offered_at: datetime | None) -> set[datetime]:
    """What stands in no way of a hold: the case's own booking, which moving gives back, and the times that are offered
    together with it, of which only one is taken."""
    ours = (Appointment.case == case) & (Appointment.state == AppointmentState.BOOKED)
    if offered_at:
        ours |= (SlotHold.case == case) & (SlotHold.offered_at == offered_at)
    rows = TakenQuarter.select(TakenQuarter.starts_at).join(Appointment, JOIN.LEFT_OUTER)
    return {row.starts_at for row in rows.switch(TakenQuarter).join(SlotHold, JOIN.LEFT_OUTER).where(ours)}


def let_go_all(case: Case) -> None:
    """Nothing is kept for the case any more, since it has left the choosing of a time."""
    let_go(SlotHold.case == case)


def sweep_holds() -> int:
    """Let go of what ran out, and expire the offered times by their step; returns how many cases were told."""
    let_go(SlotHold.expires_at <= clock.now(), SlotHold.offered_at.is_null())
    late = SlotHold.select(SlotHold.case).where(SlotHold.expires_at <= clock.now()).distinct()
    expired, failures = 0, []
    for case in Case.select().where(Case.id.in_(late)):
        try:
            expire_times(case, by=Party.PORTAL)
            expired += 1
        except (MovedOn, NotAllowed, Refusal):
            let_go(SlotHold.case == case, SlotHold.expires_at <= clock.now())
        except Exception as failure:  # noqa: BLE001 - raised below, with the others
            failures.append(failure)
    if failures:
        raise ExceptionGroup("Offered times that could not be expired", failures)
    return expired
