"""What managers look after, in one place."""

from typing import Any

from flask import Blueprint, url_for

from portal.web.page import page
from portal.web.routing import manages

bp = Blueprint("management", __name__)

PLACES = {
    "people.find": ("People", "Invite, move and disable people; see how and where they sign in."),
    "organisations.every": (
        "Organizations",
        "What each asks of its people when they sign in, and how long its cases are kept.",
    ),
    "access_review.show": (
        "Access review",
        "Who can see what, who has not signed in for long, and who lacks a second factor.",
    ),
    "alerts.read": ("Alerts", "Many documents taken out, many refusals, emergency access."),
    "rules.jurisdictions": ("Rules", "The rules of every jurisdiction: read, change, switch off."),
    "rules.open_cases": (
        "Changed rules",
        "Open cases that a changed rule concerns, until somebody has decided.",
    ),
    "retention.read": ("Retention", "Cases whose years have run out, and what is on legal hold."),
}


@bp.route("/manage")
@manages
def overview() -> Any:
    return page(
        "management/overview.html",
        places=[(text, url_for(endpoint), what) for endpoint, (text, what) in PLACES.items()],
    )
