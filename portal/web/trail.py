"""The audit trail of requests: who is acting, who looked, who was refused and what failed, before the answer leaves.

What is recorded follows from what the route declares (`portal.web.routing.Access`), so a new route is covered: every
page that is not public leaves one record for each look, each refusal and each failure. What a request changes is
recorded by the verb that changes it, in its transaction."""

import logging
import secrets
from collections.abc import Iterable
from typing import Any

from flask import Flask, Response, g, make_response, request
from flask_login import current_user

from portal import audit
from portal.db import Remembered, database, patience
from portal.ime.alerts import watch
from portal.models import SecureLink
from portal.web.errors import failed
from portal.web.page import saves_while_typing
from portal.web.routing import access_of
from portal.words import Act, Ending

log = logging.getLogger("portal")

LONGEST_WAIT = 5.0  # seconds for which a page waits for others to finish writing, before it fails
READING = frozenset({"GET", "HEAD"})
UNPROCESSED = 422  # the page was shown again, with what is wrong in it
TABLES = {"request_id": "record_request", "hours_id": "weekly_hours"}  # others are named after their table


# --- who is acting


def know_who_acts() -> None:
    """From here to the end of the request this is who acts, and the reference by which the request is found again."""
    g.reference = secrets.token_hex(4)
    g.shown = None
    g.acting = audit.begin(whoever_asks)


def whoever_asks() -> audit.Actor:
    """The person of this request as they are known at this moment, and what they are to the case; asked by whatever puts
    something on record."""
    g.is_on_record = True
    person, row = g.get("person") or g.get("half"), getattr(current_user, "row", None)
    is_claimant = isinstance(person, SecureLink)
    return audit.Actor(
        user=None if person is None or is_claimant else person.id,
        link=person.id if is_claimant else None,
        session=row.id if row else None,
        organisation=None if person is None or is_claimant else person.organisation_id,
        party=g.get("party") or "",
        route=request.endpoint or "",
        source=request.remote_addr or "",
        request=g.reference,
    )


def forget_who_acted(fault: BaseException | None) -> None:
    if token := g.pop("acting", None):
        audit.end(token)


# --- what is shown


def shows(row: Remembered) -> None:
    """Called by a view whose address does not name it: this row is what the page shows."""
    g.shown = audit.named(row)


def lists(cases: Iterable[int]) -> None:
    """Called by a view of many cases: these, by their numbers, are on the page."""
    g.listed = sorted({*g.get("listed", ()), *cases})


def thing() -> tuple[str, int | None]:
    """The table and the row that the request is about, as the view said or the address names them."""
    if g.get("shown"):
        return g.shown
    for name, number in (request.view_args or {}).items():
        if name.endswith("_id"):
            return TABLES.get(name, name.removesuffix("_id")), number
    return "", None


# --- what is recorded


def keep(response: Response) -> Response:
    """Write the record of the answer. If it cannot be written nothing is sent but a page that says so."""
    if request.endpoint is None or request.endpoint == "static" or "acting" not in g:
        return response
    ending = ending_of(response)
    if ending is None:
        return response
    try:
        with patience(LONGEST_WAIT), database.atomic():
            write(response, ending)
    except Exception as fault:  # noqa: BLE001 - whatever it was, the answer must not leave
        if response.status_code >= 500:
            log.error("fault %s: no audit record of it", g.reference)
            return response
        response.close()
        return make_response(failed(fault))
    return response


def ending_of(response: Response) -> Ending | None:
    """How the request ended; None where nothing was seen and nobody refused."""
    if request.method == "OPTIONS":
        return None
    code, access = response.status_code, access_of(request.endpoint or "")
    is_open = access is not None and access.kind == "public"
    if code >= 500:
        return Ending.FAILED
    if (code >= 400 and code != UNPROCESSED) or g.get("turned_away"):
        return Ending.REFUSED
    is_look = code in {200, 206, 304, UNPROCESSED} and not is_line_of_what_was_saved(code)
    return Ending.DONE if is_look and not is_open else None


def is_line_of_what_was_saved(code: int) -> bool:
    """A form of a case that saves while somebody types shows nothing new; its step is on record, or it is a look after
    all: what the request says of itself is anybody's to choose."""
    is_saving = code == 200 and request.method not in READING and saves_while_typing()
    return is_saving and bool(g.get("case") and g.get("is_on_record"))


def write(response: Response, ending: Ending) -> None:
    about = thing()
    act = act_of(response, ending, about[0])
    watch(audit.record(act, about, case=case_number(), ending=ending, **facts(response)))


def case_number() -> int | None:
    """The case that was opened; a claimant's pages are all of one case."""
    if case := g.get("case"):
        return int(case.id)
    return int(g.person.case_id) if isinstance(g.get("person"), SecureLink) else None


def act_of(response: Response, ending: Ending, table: str) -> Act:
    """A look, taking out a file that is no document, or the change that was refused or failed."""
    if request.method not in READING and ending != Ending.DONE:
        return Act.CHANGED
    takes_out = response.headers.get("Content-Disposition", "").startswith("attachment")
    return Act.EXPORTED if takes_out and table != "document" else Act.READ


def facts(response: Response) -> dict[str, Any]:
    """What a record says beside who and what: never a word that somebody typed."""
    told: dict[str, Any] = {}
    if response.status_code != 200:
        told["status"] = response.status_code
    if request.method != "GET":
        told["method"] = request.method
    if g.get("case") is None and "ref" in (request.view_args or {}):
        told["asked"] = request.view_args["ref"]
    if g.get("listed"):
        told["cases"] = g.listed
    return told


def register(app: Flask) -> None:
    app.before_request(know_who_acts)
    app.teardown_request(forget_who_acted)
