"""Every refusal as a short page that says what to do; none says more than the person may know."""

import logging
from typing import Any

from flask import Flask, g, render_template, url_for
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from portal.ime.process import MovedOn, NotAllowed
from portal.models import Case
from portal.web.signed_out import typed
from portal.words import Role

log = logging.getLogger("portal")

PAGES = {400, 403, 404, 405, 413, 422, 429}


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
    return render_template(f"errors/{code}.html"), error.code or 404


def failed(error: Exception) -> Any:
    """500: the person gets a reference, the log the kind of fault and the reference, which the audit record has too; none any personal data."""
    reference = g.reference
    log.error("fault %s: %s", reference, type(error).__name__, exc_info=error)
    return render_template("errors/500.html", reference=reference), 500


def register(app: Flask) -> None:
    app.register_error_handler(404, not_found)
    app.register_error_handler(NotAllowed, not_allowed)
    app.register_error_handler(MovedOn, moved_on)
    app.register_error_handler(CSRFError, csrf_failed)
    app.register_error_handler(HTTPException, refused)
    app.register_error_handler(Exception, failed)
