"""How a view answers: a page, its fragment to htmx, or onward with a word of what happened."""

from collections.abc import Callable, MutableMapping
from typing import Any

from flask import Flask, Response, flash, make_response, redirect, render_template, request, url_for
from flask.templating import Environment
from flask_wtf import FlaskForm

from portal.ime.process import Refusal
from portal.models import Case


class Templates(Environment):
    """Templates that know the same names: Jinja's map over a map for each costs a tenth of a page of many macros."""

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        return super().make_globals(d) if d else self.globals


def is_htmx() -> bool:
    """A request that htmx made for a part of the page, not a visit to it."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-Request-Type") != "full"


def saves_while_typing() -> bool:
    """A request for the line that says what is saved: htmx picks it out, so it asks as for a whole page."""
    return "HX-Request" in request.headers


def page(full: str, fragment: str | None = None, **context: Any) -> Response:
    """The page, or the fragment it includes to an htmx request; 422 where the form in it has errors."""
    template = fragment if fragment and is_htmx() else full
    response = make_response(render_template(template, **context))
    form = context.get("form")
    if form is not None and form.errors:
        response.status_code = 422
    return response


def done(sentence: str, target: Case | str) -> Response:
    """Say what happened and go on with 303, to the case's page or to a URL; HX-Redirect for htmx."""
    flash(sentence)
    url = url_for("case.show", ref=target.reference) if isinstance(target, Case) else target
    if is_htmx():
        return Response(status=204, headers={"HX-Redirect": url})
    return redirect(url, 303)  # type: ignore[return-value]


def take(form: FlaskForm, step: Callable[[], Any]) -> bool:
    """Take the step with what the form holds: True when taken; a refusal becomes the field's or the form's error."""
    try:
        step()
    except Refusal as refusal:
        field = form._fields.get(refusal.field)
        if field is None:
            form.form_errors.append(refusal.sentence)
        else:
            field.errors = [*field.errors, refusal.sentence]
        return False
    return True


def register(app: Flask) -> None:
    app.jinja_environment = Templates
