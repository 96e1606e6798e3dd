"""Emergency access: asked for by the case's reference, and ended before its time."""

from typing import Any

from flask import Blueprint, abort, g, url_for

from portal.forms.emergency import EmergencyForm
from portal.ime.emergency import begin_emergency, end_emergency
from portal.models import Case, EmergencyAccess
from portal.web import session
from portal.web.formats import moment
from portal.web.page import done, page, take
from portal.web.routing import freshly, sees_case, signed_in
from portal.words import Party, Role

bp = Blueprint("emergency", __name__)


@bp.route("/emergency-access", methods=["GET", "POST"])
@signed_in(Role.COORDINATOR)
@freshly
def begin() -> Any:
    form, begun = EmergencyForm(), []
    if form.validate_on_submit() and take(form, lambda: begun.append(ask(form))):
        access = begun[0]
        session.renew()
        until = moment(access.expires_at)
        return done(f"You have emergency access until {until}. The managers have been told.", access.case)
    return page("emergency/begin.html", "emergency/_begin_form.html", form=form)


def ask(form: EmergencyForm) -> EmergencyAccess:
    return begin_emergency(by=g.person, reference=form.reference.data, reason=form.reason.data)


@bp.route("/cases/<ref:ref>/emergency-access/<number:access_id>/ending", methods=["POST"])
@sees_case(Party.COORDINATOR)
def end(case: Case, access_id: int) -> Any:
    access = EmergencyAccess.get_or_none((EmergencyAccess.id == access_id) & (EmergencyAccess.case == case))
    if access is None:
        abort(404)
    end_emergency(access, by=g.person)
    own = access.user_id == g.person.id
    said = (
        "Your emergency access has ended."
        if own
        else f"The emergency access of {access.user.name} has ended."
    )
    return done(said, url_for("desk.home") if own else case)
