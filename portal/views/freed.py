"""Freed times: what was given back, and the ready cases it could serve, each with one button."""

from typing import Any

from flask import Blueprint, abort, g, redirect, url_for

from portal.forms.instructions import ConfirmForm
from portal.ime.calendar import written_time
from portal.ime.freed import Freed, freed_times, given_back, slot_for
from portal.ime.holds import hold_slot
from portal.models import Appointment, Case
from portal.web import trail
from portal.web.page import done, page, take
from portal.web.routing import performs, signed_in
from portal.words import Role, Stage

bp = Blueprint("freed", __name__)


@bp.route("/freed-times")
@signed_in(Role.COORDINATOR)
def times() -> Any:
    found = freed_times(g.person)
    trail.lists(case.id for freed in found for case in freed.cases)
    return page("freed/times.html", times=[shown(each) for each in found])


def shown(freed: Freed) -> dict[str, Any]:
    row = freed.appointment
    return {
        "when": written_time(row.starts_at, row.clinic.time_zone),
        "expert": row.expert.name,
        "place": "by video" if row.is_telehealth else f"{row.clinic.name}, {row.clinic.city}",
        "cases": [
            (case, url_for(".give", ref=case.reference, appointment_id=row.id)) for case in freed.cases
        ],
    }


@bp.route("/cases/<ref:ref>/appointment/freed/<number:appointment_id>", methods=["POST"])
@performs(hold_slot)
def give(case: Case, appointment_id: int) -> Any:
    """Hold the freed time for the case, and go on to make sure of it."""
    row = given_back().where(Appointment.id == appointment_id).first() or abort(404)
    slot, form = slot_for(row, case), ConfirmForm()
    if row.expert_id != case.expert_id:
        abort(404)
    if not take(form, lambda: hold_slot(case, by=g.person, slot=slot)):
        return done(form.form_errors[0], url_for(".times"))
    minutes = (slot.ends_at - slot.starts_at).seconds // 60
    video = {"video": "1"} if slot.is_telehealth else {}
    onward = "booking.confirm" if case.stage == Stage.SCHEDULING else "booking.confirm_move"
    return redirect(url_for(onward, ref=case.reference, slot=str(slot), length=minutes, **video), 303)
