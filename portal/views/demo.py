"""One sign-in link for each role, kept working as long as the demo runs; wired in only where the portal is a demo."""

from typing import Any

from flask import Blueprint, redirect, request, url_for

from portal.demo import PASSWORD
from portal.ime.instructions import make_link, spend_link
from portal.models import Appointment, Case, User
from portal.web import session
from portal.web.page import page
from portal.web.routing import public
from portal.words import Role, Stage

bp = Blueprint("demo", __name__)


@bp.route("/demo/<any(referrer, coordinator, expert):role>", methods=["GET", "POST"])
@public
def sign_in(role: str) -> Any:
    person = User.active().where(User.role == Role(role)).order_by(User.id).first()
    if request.method == "POST":
        session.begin(person)
        return redirect(url_for("desk.home"), 303)
    return page("demo/sign_in.html", person=person, password=PASSWORD)


@bp.route("/demo/claimant", methods=["GET", "POST"])
@public
def follow_link() -> Any:
    case = invited_case()
    if request.method == "POST":
        session.begin(spend_link(make_link(case)), is_proved=False)
        return redirect(url_for("instructions.appointment"), 303)
    return page("demo/follow_link.html", case=case)


def invited_case() -> Any:
    """The case whose claimant the demo shows: the first that is booked, or was."""
    return (
        Case.select()
        .join(Appointment)
        .order_by((Case.stage == Stage.BOOKED).desc(), Case.is_open.desc(), Case.id)
        .first()
    )
