"""What is due to be purged and what is held; placing and lifting a hold; the purge; what is left of what was purged."""

from typing import Any

from flask import Blueprint, abort, g, url_for

from portal.forms.retention import HoldForm, LiftForm, PurgeForm
from portal.ime import disclosure
from portal.ime.retention import (
    due,
    due_on,
    ended_on,
    held,
    hold_of,
    lift_hold,
    place_hold,
    purge_case,
    tombstone,
    tombstones,
)
from portal.models import Case
from portal.views.disclosure import HEAD, cells, shown
from portal.web import trail
from portal.web.formats import day, stamp
from portal.web.limits import EXPORT, limited
from portal.web.page import done, page, take
from portal.web.routing import freshly, manages, performs
from portal.web.spreadsheet import spreadsheet

bp = Blueprint("retention", __name__)


@bp.route("/retention")
@manages
def read() -> Any:
    run_out, holds, purged = due(g.person), held(g.person), tombstones()
    trail.lists(case.id for case in (*run_out, *(each.case for each in holds), *purged))
    return page(
        "retention/read.html",
        due=[{"case": case, "ended": day(ended_on(case)), "due": day(due_on(case))} for case in run_out],
        held=[{"hold": each, "placed": stamp(each.placed_at)} for each in holds],
        purged=[{"case": case, "purged": stamp(case.purged_at)} for case in purged],
    )


@bp.route("/cases/<ref:ref>/hold", methods=["GET", "POST"])
@performs(place_hold)
def place(case: Case) -> Any:
    form = HoldForm()
    if form.validate_on_submit() and take(form, lambda: place_hold(case, by=g.person, why=form.why.data)):
        return done("The case is on hold. Nobody can purge it.", case)
    return page("retention/place.html", "retention/_place_form.html", form=form, case=case)


@bp.route("/cases/<ref:ref>/hold/end", methods=["GET", "POST"])
@performs(lift_hold)
def lift(case: Case) -> Any:
    form = LiftForm()
    if form.validate_on_submit() and take(form, lambda: lift_hold(case, by=g.person, why=form.why.data)):
        return done("The hold is lifted.", case)
    return page("retention/lift.html", "retention/_lift_form.html", form=form, case=case, hold=hold_of(case))


@bp.route("/cases/<ref:ref>/purge", methods=["GET", "POST"])
@performs(purge_case)
@freshly
def purge(case: Case) -> Any:
    form = PurgeForm()
    if form.validate_on_submit() and take(form, lambda: purge_case(case, by=g.person, typed=form.typed.data)):
        return done(f"{case.reference} is purged.", url_for("retention.read"))
    return page(
        "retention/purge.html", "retention/_purge_form.html", form=form, case=case, due=day(due_on(case))
    )


@bp.route("/retention/<ref:ref>/disclosures")
@manages
def disclosures(ref: str) -> Any:
    rows = shown(disclosure.of_cases([buried(ref).id]))
    return page("retention/disclosures.html", reference=ref, rows=rows)


@bp.route("/retention/<ref:ref>/disclosures.csv")
@manages
@limited(EXPORT)
def export(ref: str) -> Any:
    return spreadsheet(f"Disclosures {ref}.csv", HEAD, cells(disclosure.of_cases([buried(ref).id])))


def buried(ref: str) -> Case:
    """The purged case of this reference, on record as seen; 404 where there is none."""
    case = tombstone(ref) or abort(404)
    trail.lists([case.id])
    return case
