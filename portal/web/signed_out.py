"""Whoever is not signed in, or not any more: where they go on, and what they had typed, so that nothing is lost."""

from typing import Any

from flask import Response, g, redirect, render_template, request, url_for

from portal.web.page import is_htmx
from portal.web.security import is_from_elsewhere

NEVER_SHOWN = frozenset({"csrf_token", "password", "present", "code", "answer"})


def ask_to_sign_in() -> Any:
    """To the sign-in page and back here afterwards; the claimant, who has none, is told how to come in again.

    What was typed meanwhile is shown once more, to be copied: 401."""
    if request.path.startswith("/appointment"):
        return onward(url_for("instructions.appointment")) if is_htmx() else link_ended()
    if is_htmx() or request.method == "GET":
        return onward(url_for("second_factor.show" if g.half else "account.sign_in", next=back()))
    return render_template(
        "errors/signed_out.html", texts=typed(), sign_in_href=url_for("account.sign_in")
    ), 401


def ask_for_factor() -> Any:
    """To the page that asks for the second factor once more, and back here afterwards."""
    return onward(url_for("second_factor.show", next=own_address() or url_for("account.overview")))


def ask_for_birthday() -> Any:
    """To the page that asks a claimant for their date of birth, and back here afterwards."""
    return onward(url_for("identity.check", next=own_address() or url_for("instructions.appointment")))


def own_address() -> str:
    """The address of this request if it is one that can be opened."""
    opens = request.url_rule is not None and "GET" in (request.url_rule.methods or ())
    return request.path if opens else ""


def onward(target: str) -> Any:
    """A part of a page cannot show another page: htmx goes there as a whole. The trail keeps it as a refusal."""
    g.turned_away = True
    return Response(status=204, headers={"HX-Redirect": target}) if is_htmx() else redirect(target, 303)


def link_ended() -> Any:
    return render_template("instructions/signed_out.html", texts=typed()), 401


def back() -> str | None:
    """Where the person was, if it is a page."""
    return request.full_path.rstrip("?") if request.method == "GET" else None


def typed() -> list[str]:
    """The sentences of a form that could not be taken; nothing of a form on another site."""
    if request.method == "GET" or is_from_elsewhere():
        return []
    return [
        text
        for name, texts in request.form.lists()
        for text in texts
        if name not in NEVER_SHOWN and " " in text.strip()
    ]
