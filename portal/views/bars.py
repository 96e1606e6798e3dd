"""A manager bars a person from a case, sees who is barred, and lifts a bar."""

from typing import Any

from flask import Blueprint, abort, g, url_for

from portal.forms.bars import BarForm
from portal.ime import bars
from portal.ime.bars import lift_bar, place_bar
from portal.models import Bar, Case, User
from portal.web.page import done, page, take
from portal.web.routing import performs
from portal.words import Stage

bp = Blueprint("bars", __name__)


@bp.route("/cases/<ref:ref>/bars", methods=["GET", "POST"])
@performs(place_bar)
def place(case: Case) -> Any:
    people = {user.id: user for user in bars.may_be_barred(case)}
    form = BarForm()
    form.user.choices = {user.id: f"{user.name}, {user.role.label}" for user in people.values()}
    if form.validate_on_submit() and take(
        form, lambda: place_bar(case, by=g.person, user=people[form.user.data], why=form.why.data)
    ):
        return placed(case, people[form.user.data])
    return page(
        "bars/bars.html",
        "bars/_place_form.html",
        form=form,
        case=case,
        bars=bars.bars(case),
    )


def placed(case: Case, user: User) -> Any:
    """Say who is barred, and what of theirs is left to do; whoever barred themself sees the case no longer."""
    said = f"{user.name} is barred from the case."
    if user == g.person:
        return done(said, url_for("desk.home"))
    return done(" ".join(filter(None, (said, left_to_do(case, user)))), case)


def left_to_do(case: Case, user: User) -> str:
    if user.expert and case.expert_id == user.expert.id:
        return "Release the expert next: nobody else can write the report before."
    if user.expert and case.stage == Stage.OFFERED:
        return "If the case is offered to them, recall the offer next."
    return ""


@bp.route("/cases/<ref:ref>/bars/<number:bar_id>/lifting", methods=["POST"])
@performs(lift_bar)
def lift(case: Case, bar_id: int) -> Any:
    bar = Bar.get_or_none((Bar.id == bar_id) & (Bar.case == case))
    if bar is None:
        abort(404)
    name = bar.user.name
    lift_bar(case, by=g.person, bar=bar)
    return done(f"The bar of {name} is lifted.", url_for("bars.place", ref=case.reference))
