"""Every refusal as a short page that says what to do; none says more than the person may know."""

import logging
from contextlib import suppress
from typing import Any

from flask import Flask, g, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from peewee import InterfaceError, OperationalError
from werkzeug.exceptions import HTTPException

from portal import db, outside, written
from portal.ime.process import MovedOn, NotAllowed
from portal.models import Case
from portal.web import limits, session
from portal.web.signed_out import typed
from portal.words import Role

log = logging.getLogger("portal")

# The database is locked or gone, the disk full, the store away.
GONE = (OperationalError, InterfaceError, *outside.GONE)
TRY_AGAIN = 60  # seconds
PAGES = {400, 403, 404, 405, 413, 422}


def is_claimant() -> bool:
    """Whoever came by a secure link: no page of theirs may lead to one of ours."""
    return g.get("person") is not None and g.person.role == Role.CLAIMANT


def not_found(error: Exception) -> Any:
    if is_claimant():
        return render_template("instructions/not_found.html"), 404
    return render_template("errors/404.html"), 404


def not_allowed(error: NotAllowed) -> Any:
    if is_claimant():
        return render_template("instructions/not_found.html"), 403
    return render_template("errors/403.html"), 403


def moved_on(error: MovedOn) -> Any:
    """409, and where the case is now."""
    if is_claimant():
        return render_template("instructions/moved_on.html"), 409
    if g.case is None:
        return render_template("errors/409.html", stage_sentence="This offer is no longer open."), 409
    case = Case.get_by_id(g.case.id)
    return (
        render_template(
            "errors/409.html",
            case_reference=case.reference,
            stage_sentence=f"Now: {case.stage.label}.",
            case_href=url_for("case.show", ref=case.reference),
        ),
        409,
    )


def too_often(error: HTTPException) -> Any:
    """429, and when to try again; what was typed is shown once more, to be copied."""
    seconds = limits.wait()
    words = {"texts": typed(), "wait_text": written.span(seconds)}
    template = "instructions/too_often.html" if is_claimant() else "errors/429.html"
    return render_template(template, **words), 429, {"Retry-After": str(seconds)}


def csrf_failed(error: CSRFError) -> Any:
    """400; what was typed is shown once more, to be copied."""
    if is_claimant():
        return render_template("instructions/not_sent.html", texts=typed()), 400
    return render_template("errors/csrf.html", texts=typed()), 400


def refused(error: HTTPException) -> Any:
    """Werkzeug's own refusals: those with a page of ours, everything else as not found."""
    if error.response is not None:
        return error.response
    code = error.code if error.code in PAGES else 404
    has_files = request.mimetype == "multipart/form-data"
    return render_template(f"errors/{code}.html", has_files=has_files), error.code or 404


def failed(error: Exception) -> Any:
    """500: the person gets a reference, the log the kind of fault and the reference, which the audit record has too; none any personal data."""
    if isinstance(error, GONE) and not isinstance(error, LookupError):  # a missing template is an OSError too
        return not_now(error)
    return render_template("errors/500.html", reference=note(error)), 500


def note(error: Exception) -> str:
    """Write a fault into the log; its reference."""
    reference: str = g.reference
    log.error("fault %s: %s", reference, type(error).__name__, exc_info=error)
    return reference


def not_now(error: Exception) -> Any:
    """503: the database, the store or the disk does not answer; what was typed is shown once more, to be copied.

    Nothing is asked of the database for this page, and who is asking may be unknown."""
    db.let_go()
    session.ask_no_more()
    reference = note(error)
    template = "instructions/not_now.html" if is_claimants() else "errors/503.html"
    words: dict[str, Any] = {"texts": [], "reference": reference}
    with suppress(*GONE):  # what was sent may be what did not fit on the disk
        words["texts"] = typed()
    return render_template(template, **words), 503, {"Retry-After": str(TRY_AGAIN)}


def is_claimants() -> bool:
    """A page for whoever comes by a secure link, told by its address."""
    return request.path.startswith("/appointment")


def register(app: Flask) -> None:
    app.register_error_handler(404, not_found)
    app.register_error_handler(429, too_often)
    app.register_error_handler(NotAllowed, not_allowed)
    app.register_error_handler(MovedOn, moved_on)
    app.register_error_handler(CSRFError, csrf_failed)
    app.register_error_handler(HTTPException, refused)
    app.register_error_handler(Exception, failed)
