"""What the managers were told of at once."""

from typing import Any

from flask import Blueprint, g, request, url_for

from portal import clock
from portal.ime.activity import visible_among
from portal.ime.alerts import newest
from portal.models import Alert, Case
from portal.web import trail
from portal.web.page import page
from portal.web.routing import manages, number_of
from portal.words import AlertKind

bp = Blueprint("alerts", __name__)
ON_PAGE = 50
COUNTED = {AlertKind.MASS_DOWNLOAD: "files", AlertKind.REPEATED_REFUSALS: "refusals"}


@bp.route("/alerts")
@manages
def read() -> Any:
    found = newest(number_of(request.args.get("before")), ON_PAGE + 1)
    shown = found[:ON_PAGE]
    references = references_of(shown)
    seen = visible_among(list(references), g.person)
    trail.lists(references)
    return page(
        "alerts/read.html",
        rows=[row(alert, references, seen) for alert in shown],
        older_href=url_for(".read", before=shown[-1].id) if found[ON_PAGE:] else None,
    )


def references_of(alerts: list[Alert]) -> dict[int, str]:
    """The references of the cases that the alerts are about."""
    wanted = {alert.case for alert in alerts if alert.case}
    return dict(Case.select(Case.id, Case.reference).where(Case.id.in_(wanted)).tuples()) if wanted else {}


def row(alert: Alert, references: dict[int, str], seen: set[int]) -> dict[str, Any]:
    """An alert in words; its case is a link for whoever may see it."""
    counted, reference = COUNTED.get(alert.kind), references.get(alert.case, "")
    day = clock.day_of(alert.at).isoformat()
    return {
        "kind": alert.kind.title,
        "who": alert.user.name if alert.user else "A claimant's link",
        "activity_href": url_for("activity.read", user_id=alert.user_id, since=day, until=day)
        if alert.user
        else None,
        "what": f"{alert.facts['count']} {counted} in {alert.facts['minutes']} minutes"
        if counted
        else reference,
        "case_href": url_for("case.show", ref=reference) if alert.case in seen else None,
        "at": alert.at,
    }
