"""The portal over one world: its database, people signed in, and requests straight to the WSGI application."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Any

from flask import Flask, session
from flask_wtf.csrf import generate_csrf
from peewee import Database
from werkzeug.test import EnvironBuilder

from bench.world import World, fill
from portal import create_app, db
from portal.config import Config
from portal.policy import Person
from portal.web.limits import rooms
from portal.web.session import begin
from portal.web.sought import seal

Environ = dict[str, Any]
Application = Callable[..., Any]


@dataclass(frozen=True)
class Site:
    """A world in its own database; only one site is entered at a time."""

    cases: int
    world: World
    database: Database
    seconds: float

    def enter(self) -> None:
        """Point the schema at this world; its connection stays open meanwhile."""
        db.database.initialize(self.database)


def open_site(folder: Path, cases: int) -> Site:
    """Fill a fresh database with so many cases; `seconds` of CPU time says what it took."""
    began, database = process_time(), db.connect(f"sqlite:///{folder / f'{cases}.db'}")
    world = fill(cases)
    return Site(cases, world, database, process_time() - began)


def application(folder: Path) -> Flask:
    """The portal as in production, but for letters, which nobody sends here."""
    app = create_app(
        Config(
            instance=folder,
            secret="a secret that only this measurement ever uses",
            database_url="sqlite:///:memory:",
            store_url=f"file://{folder / 'files'}",
            mail_url="memory:",
            public_url="http://localhost",
        )
    )
    rooms.enabled = False  # one person asks here more often in a minute than any person may
    return app


def bare() -> Flask:
    """The least that Flask can do: one route that returns a plain string, at every address."""
    app = Flask("bare")
    app.add_url_rule("/", view_func=plain)
    app.add_url_rule("/<path:path>", view_func=plain)
    return app


def plain(path: str = "") -> str:
    return "plain"


def signed_in(app: Flask, person: Person, path: str) -> Environ:
    """What the server would hand over for this person's request: with the cookie of a session just begun.

    What is searched for stands in the path as `?find=…`, and is sealed for that session."""
    with app.test_request_context("/"):
        app.preprocess_request()
        begin(person)
        before, mark, typed = path.partition("?find=")
        path = f"{before}?search={seal(typed)}" if mark else path
        generate_csrf()  # the first page with a form puts it into the cookie; later ones do not write the cookie
        cookie = app.session_interface.get_signing_serializer(app).dumps(dict(session))
    name = app.config["SESSION_COOKIE_NAME"]
    return EnvironBuilder(path, headers={"Cookie": f"{name}={cookie}", "Accept": "text/html"}).get_environ()


def ask(app: Application, environ: Environ) -> tuple[str, bytes]:
    """One request from its environment to its last byte: the status line and the body."""
    told: list[str] = []
    chunks = app(dict(environ), lambda status, headers, error=None: told.append(status))
    try:
        return told[0], b"".join(chunks)
    finally:
        getattr(chunks, "close", list)()
