"""The telephone calls to make at a case, with what to say."""

from typing import Any

from flask import Blueprint, abort, g, request, url_for

from portal.calls import calls_at
from portal.forms import Form
from portal.ime.messages import settle_call
from portal.models import Case, Event, Notice
from portal.web.page import done, page, take
from portal.web.routing import performs

bp = Blueprint("calls", __name__)


@bp.route("/cases/<ref:ref>/calls")
@performs(settle_call)
def calls(case: Case) -> Any:
    return call_list(case, Form(formdata=None))


@bp.route("/cases/<ref:ref>/calls/<number:notice_id>", methods=["POST"])
@performs(settle_call)
def note_call(case: Case, notice_id: int) -> Any:
    notice = Notice.select().join(Event).where(Event.case == case, Notice.id == notice_id).first()
    if notice is None:
        abort(404)
    form, is_coming = Form(), "coming" in request.form
    if form.validate_on_submit() and take(
        form, lambda: settle_call(case, by=g.person, notice=notice, is_coming=is_coming)
    ):
        return done("The call is noted.", url_for("calls.calls", ref=case.reference))
    return call_list(case, form)


def call_list(case: Case, form: Form) -> Any:
    return page("calls/calls.html", "calls/_calls_form.html", form=form, case=case, calls=calls_at(case))
