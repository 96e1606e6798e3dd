"""What the claimant needs on the day, and whether it is settled."""

from typing import Any

from flask import Blueprint, g, url_for

from portal.forms.arrangements import NeedForm, arrangements_form
from portal.ime.appointment import to_ask_again
from portal.ime.arrangements import Settled, add_arrangement, settle_arrangement, settle_arrangements
from portal.models import Arrangement, Case
from portal.web.page import done, page, take
from portal.web.routing import performs
from portal.words import ArrangementState

bp = Blueprint("arrangements", __name__)


@bp.route("/cases/<ref:ref>/arrangements", methods=["GET", "POST"])
@performs(settle_arrangement)
def settle(case: Case) -> Any:
    rows = list(case.arrangements.order_by(Arrangement.id))
    form = arrangements_form(rows)
    if form.validate_on_submit() and take(
        form, lambda: settle_arrangements(case, by=g.person, wanted=wanted(form, rows))
    ):
        return done("The arrangements are saved.", case)
    return page(
        "arrangements/settle.html",
        "arrangements/_settle_form.html",
        form=form,
        case=case,
        rows=rows,
        again={row.id for row in to_ask_again(case)},
    )


@bp.route("/cases/<ref:ref>/arrangements/new", methods=["GET", "POST"])
@performs(add_arrangement)
def add(case: Case) -> Any:
    form = NeedForm()
    if form.validate_on_submit() and take(
        form, lambda: add_arrangement(case, by=g.person, kind=form.kind.data, detail=form.detail.data)
    ):
        return done("It is noted. Settle it next.", url_for(".settle", ref=case.reference))
    return page("arrangements/add.html", "arrangements/_add_form.html", form=form, case=case)


def wanted(form: Any, rows: list[Arrangement]) -> list[tuple[Arrangement, Settled]]:
    """Each arrangement as the form says that it stands; a reason counts for what is refused."""
    return [(row, settled(form, row.id)) for row in rows]


def settled(form: Any, number: int) -> Settled:
    state = ArrangementState(form[f"state_{number}"].data)
    because = form[f"because_{number}"].data if state == ArrangementState.REFUSED else ""
    return Settled(state, form[f"supplier_{number}"].data, form[f"phone_{number}"].data, because)
