"""Book, move and cancel an appointment; what the case page says of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from flask import g, request, url_for
from peewee import JOIN

from portal import clock
from portal.forms.appointment import BookingForm, CancellingForm, MovingForm
from portal.ime.appointment import (
    FURTHEST,
    LENGTHS,
    USUAL_LENGTH,
    Slot,
    book_appointment,
    booked_appointment,
    cancel_appointment,
    earliest_exam,
    free_slots,
    move_appointment,
)
from portal.ime.arrangements import unsettled
from portal.ime.calendar import clock_face, length_in_words, place_lines, written_time, zone_in_words
from portal.ime.guidance import prepare_notice
from portal.ime.particulars import Particulars
from portal.ime.process import PROCESS
from portal.ime.sealing import kept_only_if_filed
from portal.kept import Kept, bind
from portal.models import Appointment, Arrangement, Attendance, Case, Clinic, Event
from portal.policy import ENGAGED
from portal.views.hours import bp
from portal.web.formats import day, relative
from portal.web.limits import RENDERING, limited
from portal.web.page import done, page, take
from portal.web.routing import performs
from portal.words import AppointmentState, ArrangementState, Party, Stage

__all__ = ["bp", "section"]

FOUR_WEEKS = timedelta(days=28)


def told(case: Case) -> str:
    """Who has heard of it, and whom the coordinator has to call."""
    if case.claimant.email:
        return "The claimant, the expert and the referrer have been told."
    return "The expert and the referrer have been told. The claimant has no e-mail address: please call."


# --- choosing a time --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Window:
    """The four weeks and the length of the slots on the page."""

    first: date
    length: timedelta

    @property
    def minutes(self) -> int:
        return self.length // timedelta(minutes=1)

    def href(self, case: Case, days: int = 0) -> str:
        """This page so many days on; only what the reader can choose stands in the address."""
        first = max(self.first + timedelta(days=days), clock.today())
        return f"{request.path}?from={first.isoformat()}&length={self.minutes}"


def read_window(earliest: date) -> Window:
    """What the address asks for; the first legal day and the usual length where it is missing or makes no sense."""
    lengths = {str(length // timedelta(minutes=1)): length for length in LENGTHS}
    return Window(
        read_day(request.args.get("from", ""), earliest),
        lengths.get(request.args.get("length", ""), USUAL_LENGTH),
    )


def read_day(typed: str, default: date) -> date:
    today = clock.today()
    try:
        asked = date.fromisoformat(typed)
    except ValueError:
        return default
    return asked if today <= asked <= today + FURTHEST else default


def offer(form: BookingForm, case: Case, window: Window, but_for: Appointment | None = None) -> None:
    """Let the form choose among the slots that are free now."""
    last = window.first + FOUR_WEEKS - timedelta(days=1)
    slots = free_slots(case, window.first, last, window.length, but_for)
    form.slot.choices = dict.fromkeys(slots, "")
    form.slot.slots = slots


@bp.route("/cases/<ref:ref>/appointment/new", methods=["GET", "POST"])
@performs(book_appointment)
@limited(RENDERING)
def book(case: Case) -> Any:
    earliest = earliest_exam(case)
    window, form = read_window(earliest.date), BookingForm()
    offer(form, case, window)
    if form.validate_on_submit() and take(form, lambda: take_slot(book_appointment, case, form)):
        return done(f"Booked for {in_words(form.slot.data, case)}. {told(case)}", case)
    if form.errors:
        offer(form, case, window)
    return page(
        "appointment/book.html",
        "appointment/_choose_form.html",
        button="Book the appointment",
        **choosing(case, form, window, earliest),
    )


@bp.route("/cases/<ref:ref>/appointment/move", methods=["GET", "POST"])
@performs(move_appointment)
@limited(RENDERING)
def move(case: Case) -> Any:
    old, earliest = booked_appointment(case), earliest_exam(case)
    window, form = read_window(earliest.date), MovingForm()
    offer(form, case, window, old)
    if form.validate_on_submit() and take(
        form, lambda: take_slot(move_appointment, case, form, why=form.why.data)
    ):
        return done(f"Moved to {in_words(form.slot.data, case)}. {told(case)}", case)
    if form.errors:
        offer(form, case, window, old)
    return page(
        "appointment/move.html",
        "appointment/_choose_form.html",
        button="Move the appointment",
        old=old and written_time(old.starts_at, old.clinic.time_zone),
        asked=why_asked(case) if case.move_asked_at else "",
        **choosing(case, form, window, earliest),
    )


def why_asked(case: Case) -> str:
    """What the claimant wrote when they last asked for another time."""
    asked = case.events.where(Event.step == "ask_to_move").order_by(Event.id.desc()).first()
    return asked.facts["why"] if asked else ""


@bp.route("/cases/<ref:ref>/appointment/cancel", methods=["GET", "POST"])
@performs(cancel_appointment)
def cancel(case: Case) -> Any:
    old, form = booked_appointment(case), CancellingForm()
    if form.validate_on_submit() and take(
        form, lambda: cancel_appointment(case, by=g.person, why=form.why.data)
    ):
        return done(f"The appointment is cancelled. {told(case)}", case)
    return page(
        "appointment/cancel.html",
        "appointment/_cancel_form.html",
        form=form,
        case=case,
        old=old and written_time(old.starts_at, old.clinic.time_zone),
    )


def take_slot(step: Any, case: Case, form: BookingForm, **given: Any) -> Any:
    """Book or move to the slot that was chosen, with the letter about it; a refusal leaves no letter behind."""
    slot = form.slot.data
    when = {"clinic": clinic_of(case, slot), "starts_at": slot.starts_at, "ends_at": slot.ends_at}
    letter = prepare_notice(case, **when)
    with kept_only_if_filed(letter):
        return step(case, by=g.person, letter=letter, **when, **given)


def clinic_of(case: Case, slot: Slot) -> Clinic:
    return case.expert.clinics.where(Clinic.id == slot.clinic_id).get()


def in_words(slot: Slot, case: Case) -> str:
    return written_time(slot.starts_at, clinic_of(case, slot).time_zone)


def choosing(case: Case, form: BookingForm, window: Window, earliest: Any) -> dict[str, Any]:
    """What the page shows: the days with their times, why not sooner, and what is not settled yet."""
    clinics = {clinic.id: clinic for clinic in case.expert.clinics}
    return {
        "case": case,
        "form": form,
        "days": list(days(form, clinics, earliest.date)),
        "earliest": earliest,
        "risks": [each.kind.label for each in unsettled(case)],
        "dates": [(each.kind.title, each.falls_on) for each in case.deadlines],
        "lengths": [length // timedelta(minutes=1) for length in LENGTHS],
        "window": window,
        "until": window.first + FOUR_WEEKS - timedelta(days=1),
        "here": window.href(case),
        "earlier": window.href(case, -28) if window.first > clock.today() else None,
        "later": window.href(case, 28) if window.first + FOUR_WEEKS <= clock.today() + FURTHEST else None,
        "expert": case.expert.name,
    }


def days(form: BookingForm, clinics: dict[int, Clinic], earliest: date) -> Iterable[dict[str, Any]]:
    """The slots as options, day by day on the calendar of their clinic."""
    options = [option(form, place, slot, clinics) for place, slot in enumerate(form.slot.slots, 1)]
    options.sort(key=lambda each: (each["date"], each["starts_at"]))
    for on, group in groupby(options, key=lambda each: each["date"]):
        yield {
            "name": f"{on:%A}, {day(on)}",
            "relative": relative(on),
            "is_short": on < earliest,
            "options": list(group),
        }


def option(form: BookingForm, place: int, slot: Slot, clinics: dict[int, Clinic]) -> dict[str, Any]:
    clinic = clinics[slot.clinic_id]
    local = slot.starts_at.astimezone(ZoneInfo(clinic.time_zone))
    return {
        "id": form.slot.option_id(place),
        "value": str(slot),
        "date": local.date(),
        "starts_at": slot.starts_at,
        "time": clock_face(local),
        "zone": zone_in_words(local),
        "clinic": clinic.name if len(clinics) > 1 else "",
        "is_chosen": form.slot.typed == str(slot),
    }


# --- on the case page -------------------------------------------------------------------------------------------

SETTLED_TONES = {
    ArrangementState.NEEDED: "soon",
    ArrangementState.BOOKED: "info",
    ArrangementState.CONFIRMED: "done",
    ArrangementState.REFUSED: "late",
}
STATES = {
    AppointmentState.BOOKED: ("Booked", "info"),
    AppointmentState.HELD: ("Held", "done"),
    AppointmentState.MOVED: ("Moved", "plain"),
    AppointmentState.CANCELLED: ("Cancelled", "plain"),
    AppointmentState.MISSED: ("Not held", "late"),
}
STANDING = {AppointmentState.BOOKED, AppointmentState.HELD}
NOT_YET = {Stage.DRAFT, Stage.RETURNED, Stage.REFERRED, Stage.DECLINED, Stage.MATCHING, Stage.OFFERED}


# All the appointments of a case with their clinics and what happened there, the newest first.
APPOINTMENTS = Kept(
    lambda: (
        Appointment.select(Appointment, Clinic, Attendance)
        .join(Clinic)
        .switch(Appointment)
        .join(Attendance, JOIN.LEFT_OUTER, on=(Attendance.appointment == Appointment.id), attr="attendance")
        .where(Appointment.case == bind("case"))
        .order_by(Appointment.id.desc())
    )
)


def section(case: Case, party: Party, listed: Particulars) -> dict[str, Any] | None:
    """When, where and how sure; what is arranged; the appointments before. Not for a candidate."""
    if party not in ENGAGED or case.is_file_review:
        return None
    rows = APPOINTMENTS.models(case=case.id)
    if not rows and case.stage in NOT_YET:
        return None
    current = next((row for row in rows if row.expert_id == case.expert_id and row.state in STANDING), None)
    return {
        "current": current and shown(current) | happened(current, case, party),
        "certainty": certainty(case) if case.stage == Stage.BOOKED else None,
        "arrangements": [arranged(each) for each in listed.arrangements],
        "is_at_risk": case.stage == Stage.BOOKED,
        "earlier": [shown(row) | happened(row, case, party) for row in rows if row is not current],
        "says_why": party != Party.EXPERT,
        "arrangements_href": arrangements_href(case, party),
    }


def shown(row: Appointment) -> dict[str, Any]:
    state, tone = STATES[row.state]
    return {
        "when": written_time(row.starts_at, row.clinic.time_zone),
        "place": place_lines(row.clinic),
        "length": length_in_words(row),
        "state": state,
        "tone": tone,
        "why": row.why,
    }


def happened(row: Any, case: Case, party: Party) -> dict[str, str]:
    """How the day went, and the note on it, which is for the office and the expert who was there."""
    attendance = getattr(row, "attendance", None)
    if attendance is None:
        return {"outcome": "", "note": ""}
    reads_note = party == Party.COORDINATOR or (party == Party.EXPERT and row.expert_id == case.expert_id)
    return {"outcome": attendance.outcome.label, "note": attendance.note if reads_note else ""}


def certainty(case: Case) -> tuple[str, str]:
    """How sure it is that the claimant comes, and its tone."""
    if case.move_asked_at:
        return "The claimant asked for another time", "late"
    if case.confirmed_at:
        return f"Confirmed by the claimant {relative(case.confirmed_at)}", "done"
    return "Not confirmed yet", "soon"


def arranged(each: Arrangement) -> dict[str, str]:
    return {
        "kind": each.kind.title,
        "state": each.state.title,
        "tone": SETTLED_TONES[each.state],
        "supplier": each.supplier,
        "detail": each.detail,
    }


def arrangements_href(case: Case, party: Party) -> str | None:
    row = PROCESS["settle_arrangement"]
    may_settle = party in row.who and case.stage in row.at
    return url_for("arrangements.settle", ref=case.reference) if may_settle else None
