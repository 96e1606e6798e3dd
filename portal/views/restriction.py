"""A manager restricts a case to its coordinator and the managers, and lifts the restriction again."""

from typing import Any

from flask import Blueprint, g

from portal.forms.restriction import LiftingForm, RestrictionForm
from portal.ime.restriction import lift_restriction, restrict_case
from portal.models import Case
from portal.web.page import done, page, take
from portal.web.routing import performs

bp = Blueprint("restriction", __name__)


@bp.route("/cases/<ref:ref>/restriction", methods=["GET", "POST"])
@performs(restrict_case)
def restrict(case: Case) -> Any:
    form = RestrictionForm()
    if form.validate_on_submit() and take(form, lambda: restrict_case(case, by=g.person, why=form.why.data)):
        return done(
            "The case is restricted. Of the office only its coordinator and the managers see it.", case
        )
    return page("restriction/restrict.html", "restriction/_restrict_form.html", form=form, case=case)


@bp.route("/cases/<ref:ref>/restriction/lifting", methods=["GET", "POST"])
@performs(lift_restriction)
def lift(case: Case) -> Any:
    form = LiftingForm()
    if form.validate_on_submit() and take(
        form, lambda: lift_restriction(case, by=g.person, why=form.why.data)
    ):
        return done("The restriction is lifted. The whole office sees the case again.", case)
    return page("restriction/lift.html", "restriction/_lift_form.html", form=form, case=case)
