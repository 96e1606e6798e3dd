"""Who looked at a case, shown to the referrer's side and to the office."""

from typing import Any

from flask import Blueprint, current_app, g, request, url_for

from portal.ime.process import PROCESS
from portal.ime.sightings import Look, looks, read_in_calendar
from portal.models import Case
from portal.policy import REFERRER_SIDE
from portal.web.page import page
from portal.web.routing import number_of, sees_case
from portal.words import Act, Party

bp = Blueprint("sightings", __name__)
ON_PAGE = 50

PAGES = {
    "case.show": "the case",
    "records.read": "the list of documents",
    "report.read": "the report",
    "messages.read": "the messages",
    "sightings.read": "who looked at the case",
    "instructions.read_brief": "the brief",
    "instructions.appointment": "the appointment",
    "instructions.calendar": "the appointment, for a calendar",
}


@bp.route("/cases/<ref:ref>/sightings")
@sees_case(Party.REFERRER, Party.COLLEAGUE, Party.COORDINATOR)
def read(case: Case) -> Any:
    found = looks(case, g.party, number_of(request.args.get("before")), ON_PAGE + 1)
    shown = found[:ON_PAGE]
    older = url_for(".read", ref=case.reference, before=shown[-1].record.id) if found[ON_PAGE:] else None
    return page(
        "sightings/read.html",
        case=case,
        rows=[row(look) for look in shown],
        older_href=older,
        in_calendar=read_in_calendar(case),
    )


def row(look: Look) -> dict[str, Any]:
    party = look.record.party
    return {
        "who": ", ".join(filter(None, (look.who, Party(party).label if look.record.user and party else ""))),
        "what": look.document or what(look),
        "at": look.record.at,
        "is_emergency": look.is_emergency,
    }


def what(look: Look) -> str:
    """The page in words; the referrer's side does not hear what the office or the expert were about to do."""
    if look.record.act == Act.EMERGENCY:
        return "emergency access"
    if g.party in REFERRER_SIDE:
        return "the case"
    view = current_app.view_functions.get(look.record.route)
    step = view.access.step if view is not None and hasattr(view, "access") else ""
    return PAGES.get(look.record.route) or (f"“{PROCESS[step].button}”" if step else "a page of the case")
