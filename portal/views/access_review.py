"""The access review: who can see what, and what a privacy officer looks at; as a page and to be saved."""

from typing import Any

from flask import Blueprint, g

from portal import clock
from portal.ime import access_review
from portal.web import trail
from portal.web.limits import EXPORT, limited
from portal.web.page import page
from portal.web.routing import manages
from portal.web.spreadsheet import spreadsheet

bp = Blueprint("access_review", __name__)

MOST = 50  # people under one finding; the export names all


@bp.route("/access-review")
@manages
def show() -> Any:
    found = access_review.review()
    kept_from = {bar.case_id for bar in found.bars if bar.user_id == g.person.id}
    emergencies = [each for each in found.emergencies if each.case_id not in kept_from]
    bars = [each for each in found.bars if each.case_id not in kept_from]
    trail.lists(each.case_id for each in (*emergencies, *bars))
    return page(
        "access_review/review.html",
        review=found,
        findings=[(sentence, found.found(sentence)) for sentence in access_review.FINDINGS],
        managers=[line for line in found.lines if line.user.is_manager and line.state != "disabled"],
        emergencies=emergencies,
        bars=bars,
        read=[line for line in found.lines if line.ways.feeds],
        sights=sights(found),
        most=MOST,
    )


def sights(found: access_review.Review) -> list[tuple[str, str, str, int]]:
    """Who sees what, in a line for all who see the same: organisation, role, what, how many people."""
    same: dict[tuple[str, str, str], int] = {}
    for line in found.lines:
        if line.state != "disabled":
            key = (line.user.organisation.name, line.user.role.title, line.sees)
            same[key] = same.get(key, 0) + 1
    return [(*key, number) for key, number in same.items()]


@bp.route("/access-review/export")
@manages
@limited(EXPORT)
def export() -> Any:
    name = f"access-review-{clock.today().isoformat()}.csv"
    return spreadsheet(name, access_review.HEAD, [line.cells() for line in access_review.review().lines])
