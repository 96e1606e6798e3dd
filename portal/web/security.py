"""Cookies, cross-site request forgery, and the headers every answer carries."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, g, redirect, request
from flask_wtf.csrf import CSRFError, CSRFProtect

from portal.config import Config
from portal.web.session import is_staff

CONTENT_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "object-src 'none'",
    )
)

HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


SMALL = 1024**2  # bytes; more than any form holds but those that say so
LONG = 4 * SMALL  # a report whose every field is full, a rule file on its way from one page to the next
FORM = "application/x-www-form-urlencoded"
PARTS_BESIDE_FILES = 100  # more than any form with files has, the files counted
TEXT_BESIDE_FILES = 500_000  # bytes of each
UNWRITTEN = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


def refuse_unknown_hosts() -> None:
    """In production the portal answers to its own name alone: no cache and no mail learns another from a header."""
    if request.host != current_app.config["IMPARTIAL"].public_host:
        abort(400)


def ask_for_tls() -> Any:
    """Nothing of the portal goes over the wire in the clear: a page is asked for anew, a form is not taken."""
    if request.is_secure:
        return None
    if request.method not in {"GET", "HEAD"}:
        abort(400)
    return redirect(current_app.config["IMPARTIAL"].public_url + request.full_path.rstrip("?"), 301)


def takes_files(view: Callable[..., Any]) -> Callable[..., Any]:
    """Written nearest to the view: a form with files is taken as large as documents are."""
    view.takes_files = True  # type: ignore[attr-defined]
    return takes_much(view)


def takes_much(view: Callable[..., Any]) -> Callable[..., Any]:
    """Written nearest to the view: its form holds more text than others."""
    view.takes_much = True  # type: ignore[attr-defined]
    return view


def take_no_more_than_the_form_holds() -> None:
    """A body as large as documents are is taken where there are files, from those who may file some, and of the kind
    that goes to the disk. What is read into memory at once is counted before it is taken apart: a field costs a hundred
    times its two bytes there."""
    view = current_app.view_functions.get(request.endpoint or "") if is_staff(g.person) else None
    if hasattr(view, "takes_files") and request.mimetype == "multipart/form-data":
        request.max_form_parts, request.max_form_memory_size = PARTS_BESIDE_FILES, TEXT_BESIDE_FILES
        return
    request.max_content_length = LONG if hasattr(view, "takes_much") else SMALL
    if request.mimetype == FORM and request.get_data().count(b"&") >= current_app.config["MAX_FORM_PARTS"]:
        abort(413)


def refuse_other_sites() -> None:
    """Beside the token: nothing is written for a form that the browser says stands on another site."""
    if request.method not in UNWRITTEN and is_from_elsewhere():
        raise CSRFError("The request comes from another site.")


def is_from_elsewhere() -> bool:
    """By `Sec-Fetch-Site`; by `Origin` for a browser that does not send it. Our pages send no `Referer` to go by."""
    if site := request.headers.get("Sec-Fetch-Site"):
        return site not in {"same-origin", "none"}
    origin = request.headers.get("Origin", "null")
    own = {request.host, urlsplit(current_app.config["IMPARTIAL"].public_url).netloc}
    return origin != "null" and origin.rpartition("://")[2] not in own


def protect(response: Response) -> Response:
    """Headers that a view may tighten but not leave out; nothing but static files is kept by a browser."""
    present = {name.lower() for name, _ in response.headers}
    for name, value in HEADERS.items():
        if name.lower() not in present:
            response.headers.add(name, value)
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
        response.vary.update(("Cookie", "HX-Request"))
    return response


def register(app: Flask) -> None:
    config: Config = app.config["IMPARTIAL"]
    is_https = config.is_https
    app.config.update(
        SESSION_COOKIE_NAME="__Host-impartial" if is_https else "impartial",
        SESSION_COOKIE_SECURE=is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,  # asks for the Referer that our own policy withholds
    )
    before = app.before_request_funcs.setdefault(None, [])
    before[:0] = [refuse_unknown_hosts] * config.is_production + [ask_for_tls] * is_https
    app.before_request(take_no_more_than_the_form_holds)
    app.before_request(refuse_other_sites)
    CSRFProtect(app)
    app.after_request(protect)
    app.context_processor(lambda: {"current_person": g.get("person")})
