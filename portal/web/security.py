"""Cookies, cross-site request forgery, and the headers every answer carries."""

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


SMALL = 1024**2  # bytes; more than any form without files holds
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


def take_little_from_strangers() -> None:
    """Only those who may file documents can send a body as large as documents are."""
    if not is_staff(g.person):
        request.max_content_length = SMALL


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
    app.before_request(take_little_from_strangers)
    app.before_request(refuse_other_sites)
    CSRFProtect(app)
    app.after_request(protect)
    app.context_processor(lambda: {"current_person": g.get("person")})
