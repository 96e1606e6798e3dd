"""What the coordinator does with a referral: accept it, return it with a question, decline it, give it to a colleague."""

from typing import Any

from flask import Blueprint, g

from portal.forms.triage import AcceptanceForm, AssignmentForm, DeclineForm, ReturnForm
from portal.ime import booking, gates
from portal.ime.particulars import particulars
from portal.ime.questions import concerns, deadline_concerns
from portal.ime.readiness import missing
from portal.ime.referral import accept_referral, assign_coordinator, decline_referral, return_referral
from portal.models import Case, User
from portal.views.referral import section
from portal.web.page import done, page, take
from portal.web.routing import performs

bp = Blueprint("triage", __name__)


@bp.route("/cases/<ref:ref>/acceptance", methods=["GET", "POST"])
@performs(accept_referral)
def accept(case: Case) -> Any:
    form = AcceptanceForm()
    if form.validate_on_submit() and take(
        form, lambda: accept_referral(case, by=g.person, note=form.note.data)
    ):
        return done(
            f"The referral is accepted. {case.referrer.name} has been told. Next: find an expert.", case
        )
    return page("triage/accept.html", "triage/_accept_form.html", form=form, case=case, **read(case))


def read(case: Case) -> dict[str, Any]:
    """The referral as the coordinator screens it: summary, questions with what the linter noticed, what is missing."""
    listed = particulars(case)
    noticed = concerns([question.text for question in listed.questions], listed)
    return {
        "section": section(case, g.party, listed),
        "questions": list(zip(listed.questions, noticed, strict=True)),
        "late": deadline_concerns(case, listed),
        "missing": missing(case, listed),
        "rules": gates.before_accepting(booking.pack_for(case), case.exam_kind),
    }


@bp.route("/cases/<ref:ref>/return", methods=["GET", "POST"])
@performs(return_referral)
def return_(case: Case) -> Any:
    form = ReturnForm()
    if form.validate_on_submit() and take(
        form, lambda: return_referral(case, by=g.person, why=form.why.data)
    ):
        return done(f"The referral is returned. {case.referrer.name} has been told of your question.", case)
    return page("triage/return.html", "triage/_return_form.html", form=form, case=case)


@bp.route("/cases/<ref:ref>/decline", methods=["GET", "POST"])
@performs(decline_referral)
def decline(case: Case) -> Any:
    form = DeclineForm()
    if form.validate_on_submit() and take(
        form, lambda: decline_referral(case, by=g.person, why=form.why.data)
    ):
        return done(f"The referral is declined. {case.referrer.name} has been told why.", case)
    return page("triage/decline.html", "triage/_decline_form.html", form=form, case=case)


@bp.route("/cases/<ref:ref>/assignment", methods=["GET", "POST"])
@performs(assign_coordinator)
def assign(case: Case) -> Any:
    form = AssignmentForm()
    coordinators = {user.id: user for user in User.coordinators()}
    form.coordinator.choices = {number: user.name for number, user in coordinators.items()}
    if not form.is_submitted():
        form.coordinator.process_data(case.coordinator_id)
    if form.validate_on_submit() and take(
        form,
        lambda: assign_coordinator(case, by=g.person, coordinator=coordinators[form.coordinator.data]),
    ):
        return done(f"The case is with {coordinators[form.coordinator.data].name} now.", case)
    return page("triage/assign.html", "triage/_assign_form.html", form=form, case=case)
