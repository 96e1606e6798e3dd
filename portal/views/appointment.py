"""Cancel an appointment; what the case page says of the one that stands and of those before it."""

from datetime import timedelta
from typing import Any

from flask import g, url_for
from peewee import JOIN

from portal import clock
from portal.forms.appointment import WANTED_BY, CancellingForm
from portal.ime import booking
from portal.ime.appointment import booked_appointment, cancel_appointment
from portal.ime.arrangements import said
from portal.ime.calendar import length_in_words, place_of, written_time
from portal.ime.cancellation import Fee
from portal.ime.credentials import lapses_at
from portal.ime.examination import FOLLOWS, LEADS_TO
from portal.ime.freed import GIVEN_BACK
from portal.ime.holds import offered, slot_of
from portal.ime.particulars import Particulars
from portal.ime.process import PROCESS
from portal.ime.slots import Slot
from portal.kept import Kept, bind
from portal.models import Appointment, Arrangement, Attendance, Case, Clinic
from portal.policy import ENGAGED
from portal.views.booking import again, fees, told, weighed
from portal.views.hours import bp
from portal.web.formats import relative
from portal.web.navigation import step_href
from portal.web.page import done, page, take
from portal.web.routing import performs
from portal.words import AppointmentState, ArrangementState, Party, Stage
from portal.written import ordinal

__all__ = ["bp", "section"]


@bp.route("/cases/<ref:ref>/appointment/cancel", methods=["GET", "POST"])
@performs(cancel_appointment)
def cancel(case: Case) -> Any:
    old, form = booked_appointment(case), CancellingForm()
    if case.move_asked_at and not form.is_submitted():
        form.wanted_by.process_data(Party.CLAIMANT)
    if form.validate_on_submit() and take(form, lambda: cancel_appointment(case, by=g.person, **given(form))):
        return done(f"The appointment is cancelled. {told(case)} {freed()}{again(case)}", case)
    found = (
        booking.cancelling_findings(case, old, Party(form.wanted_by.data or Party.CLAIMANT)) if old else []
    )
    return page(
        "appointment/cancel.html",
        "appointment/_cancel_form.html",
        form=form,
        case=case,
        old=old and written_time(old.starts_at, old.clinic.time_zone),
        fees=fees(old),
        **weighed(found),
    )


def given(form: CancellingForm) -> dict[str, Any]:
    return {"why": form.why.data, "wanted_by": form.wanted_by.data, "override": form.override.data}


def freed() -> str:
    return "The time is free again: see “Freed times” for the cases it could serve."


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
        "arrangements": [arranged(each, party) for each in listed.arrangements],
        "is_at_risk": case.stage == Stage.BOOKED,
        "lapses": lapses(case, party, current),
        "expert_id": case.expert_id,
        "earlier": [
            shown(row) | happened(row, case, party) | ended(row, case, party)
            for row in rows
            if row is not current
        ],
        "chain": chain(rows),
        "follows": follows(case, rows) if party == Party.COORDINATOR else None,
        "offered": times_offered(case) if party == Party.COORDINATOR else [],
        "freed_href": freed_href(rows) if party == Party.COORDINATOR else None,
        "says_why": party != Party.EXPERT,
        "arrangements_href": arrangements_href(case, party),
    }


def lapses(case: Case, party: Party, current: Appointment | None) -> list[str]:
    """What of the expert's credentials does not last until the day; the office alone is told."""
    if party != Party.COORDINATOR or case.stage != Stage.BOOKED or current is None:
        return []
    return lapses_at(current.expert_id, current.clinic, current.starts_at)


def times_offered(case: Case) -> list[tuple[str, str]]:
    """The times from which the claimant is choosing, each in words, and where the office books it for whoever calls."""
    if case.stage != Stage.SCHEDULING:
        return []
    return [
        (
            written_time(each.starts_at, each.clinic.time_zone),
            url_for("booking.confirm", ref=case.reference, **asked_for(slot_of(each))),
        )
        for each in offered(case)
    ]


def asked_for(slot: Slot) -> dict[str, Any]:
    """The slot as an address names it."""
    minutes = (slot.ends_at - slot.starts_at) // timedelta(minutes=1)
    return {"slot": str(slot), "length": minutes} | ({"video": 1} if slot.is_telehealth else {})


def chain(rows: list[Any]) -> str:
    """How it came to this appointment, in a sentence; empty where it is the first."""
    over = [row for row in reversed(rows) if row.state not in STANDING]
    if not over:
        return ""
    number = ordinal(len(over) + 1)
    begins = (
        f"This is the {number} appointment" if len(rows) > len(over) else f"Next is the {number} appointment"
    )
    told = (f"the {ordinal(place)} {how_it_ended(row)}" for place, row in enumerate(over, 1))
    return f"{begins}: {', '.join(told)}."


def how_it_ended(row: Any) -> str:
    """Moved for the claimant; cancelled; not held (claimant did not attend)"""
    if row.state == AppointmentState.MISSED:
        attendance = getattr(row, "attendance", None)
        return "was not held" + (f" ({attendance.outcome.label})" if attendance else "")
    done_to = "was moved" if row.state == AppointmentState.MOVED else "was cancelled"
    return f"{done_to} for {for_whom(row)}" if row.ended_for else done_to


def for_whom(row: Appointment) -> str:
    return WANTED_BY[row.ended_for].lower()


def follows(case: Case, rows: list[Any]) -> dict[str, Any] | None:
    """What the outcome of a missed examination asks for before a new time, while one is chosen."""
    last = rows[0] if rows and case.stage == Stage.SCHEDULING else None
    attendance = getattr(last, "attendance", None)
    if last is None or last.state != AppointmentState.MISSED or attendance is None:
        return None
    ways = [(PROCESS[name].button, step_href(name, case)) for name in LEADS_TO.get(attendance.outcome, ())]
    return {"sentence": FOLLOWS[attendance.outcome], "ways": ways}


def freed_href(rows: list[Any]) -> str | None:
    """Where the cases are listed that a time given back could serve, as long as it is still to come."""
    now = clock.now()
    is_free = any(
        row.state in GIVEN_BACK and row.starts_at > now and row.ended_for != Party.EXPERT for row in rows
    )
    return url_for("freed.times") if is_free else None


def shown(row: Appointment) -> dict[str, Any]:
    state, tone = STATES[row.state]
    return {
        "when": written_time(row.starts_at, row.clinic.time_zone),
        "place": place_of(row),
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


def ended(row: Appointment, case: Case, party: Party) -> dict[str, str]:
    """Who wanted it moved or cancelled and what that costs; the fee is for the payer, the office and that expert."""
    is_theirs = party != Party.EXPERT or row.expert_id == case.expert_id
    fee = row.fee_cents is not None and row.fee_because and is_theirs
    return {
        "ended_for": for_whom(row) if row.ended_for else "",
        "fee": f"{Fee(row.fee_cents or 0, '').in_words}. {row.fee_because}" if fee else "",
    }


def certainty(case: Case) -> tuple[str, str]:
    """How sure it is that the claimant comes, and its tone."""
    if case.move_asked_at:
        return "The claimant asked for another time", "late"
    if case.confirmed_at:
        return f"Confirmed by the claimant {relative(case.confirmed_at)}", "done"
    return "Not confirmed yet", "soon"


def arranged(each: Arrangement, party: Party) -> dict[str, str]:
    return {
        "kind": each.kind.title,
        "state": each.state.title,
        "tone": SETTLED_TONES[each.state],
        "supplier": supplied(each),
        "phone": each.supplier_phone,
        "detail": said(each, party),
    }


def supplied(each: Arrangement) -> str:
    """Who supplies it, or did for an earlier time."""
    is_over = each.supplier and each.state == ArrangementState.NEEDED
    return f"was settled with {each.supplier}" if is_over else each.supplier


def arrangements_href(case: Case, party: Party) -> str | None:
    row = PROCESS["settle_arrangement"]
    may_settle = party in row.who and case.stage in row.at
    return url_for("arrangements.settle", ref=case.reference) if may_settle else None
