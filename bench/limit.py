"""The parts of a page's limit: its statements run raw, and its templates rendered alone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, template_rendered
from jinja2 import Template
from peewee import Database

from bench.site import Environ, ask

Statement = tuple[str, Any]


@dataclass
class Recording:
    """What one request did: its statements with their parameters, its templates with their contexts, its answer."""

    statements: list[Statement] = field(default_factory=list)
    rendered: list[tuple[Template, dict[str, Any]]] = field(default_factory=list)
    status: str = ""
    body: bytes = b""


def record(app: Flask, database: Database, environ: Environ) -> Recording:
    """Ask for a page once and keep what it did."""
    recording = Recording()

    def keep(sender: Flask, template: Template, context: dict[str, Any], **more: Any) -> None:
        recording.rendered.append((template, context))

    with listening(database, recording.statements), template_rendered.connected_to(keep, app):
        recording.status, recording.body = ask(app, environ)
    return recording


@contextmanager
def listening(database: Database, statements: list[Statement]) -> Iterator[None]:
    """Within the block every statement that goes through Peewee is noted."""
    run = database.execute_sql

    def noted(sql: str, params: Any = None, *more: Any, **named: Any) -> Any:
        statements.append((sql, params or ()))
        return run(sql, params, *more, **named)

    database.execute_sql = noted
    try:
        yield
    finally:
        del database.execute_sql


def replay(database: Database, statements: list[Statement]) -> Callable[[], None]:
    """A function that runs the statements on the raw connection and fetches all their rows."""
    connection = database.connection()

    def run() -> None:
        for sql, params in statements:
            connection.execute(sql, params).fetchall()

    return run


def templates(recording: Recording) -> Callable[[], str]:
    """A function that renders the templates with the contexts they had; to be called within `visiting`."""

    def render() -> str:
        return "".join(template.render(context) for template, context in recording.rendered)

    return render


@contextmanager
def visiting(app: Flask, environ: Environ) -> Iterator[None]:
    """Within the block it is this request, as a template needs it for addresses and tokens."""
    with app.request_context(dict(environ)):
        app.preprocess_request()
        yield


def refuse_used_up(app: Flask, environ: Environ, recording: Recording) -> None:
    """Raises ValueError where a context was used up by its page, so that rendering it again shows less."""
    with visiting(app, environ):
        again = len(templates(recording)().encode())
    if abs(again - len(recording.body)) > len(recording.body) // 100:
        raise ValueError(f"Rendered again the page has {again} bytes, not {len(recording.body)}.")
