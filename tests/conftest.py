"""What every test may ask for: a world of its own, a case at any stage, and people who visit the portal."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask

from portal import create_app, db, demo, jobs, outbox, outside
from portal.commands import migrate_database
from portal.config import Config
from portal.models import Case, User
from portal.outside import vault
from portal.words import Stage
from tests.client import Visitor
from tests.machine.postgres import create_database

pytest_plugins = ["tests.machine.plugin"]


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """One application a worker, with CSRF protection on; each test brings its own database."""
    instance = tmp_path_factory.mktemp("instance")
    return create_app(
        Config(
            instance=instance,
            secret="a secret that only these tests ever use",
            database_url=f"sqlite:///{instance / 'unused.db'}",
            store_url=f"file://{instance / 'files'}",
            mail_url="memory:",
            public_url="http://localhost",
        )
    )


def connect_again(app: Flask) -> None:
    """What another application in this process has connected is this one's again."""
    config = app.config["IMPARTIAL"]
    for part in (vault, outside, jobs):
        part.connect(config)
    outbox.connect(app.jinja_env, config.public_url)


@dataclass(frozen=True)
class Told:
    """A database with the people and one case at every stage, made once; where it is, and the ids of both."""

    place: str
    people: dict[str, int]
    cases: dict[Stage, int]


def tell(url: str) -> Told:
    """Tell the small world into an empty database."""
    open_database(url)
    migrate_database()
    world = demo.people()
    people = {field.name: getattr(world, field.name).id for field in fields(world)}
    cases = {stage: demo.case_at(world, stage).id for stage in Stage}
    db.database.close()
    return Told(url, people, cases)


def open_database(url: str) -> None:
    if db.database.obj is not None and not db.database.is_closed():
        db.database.close()
    db.connect(url)


@pytest.fixture(scope="session")
def told(app: Flask, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """The small world in SQLite."""
    return tell(f"sqlite:///{tmp_path_factory.mktemp('told') / 'told.db'}")


@pytest.fixture(scope="session")
def told_postgres(app: Flask, postgres_server: str, worker_id: str) -> Told:
    """The small world in PostgreSQL, told from the same steps."""
    return tell(create_database(postgres_server, f"told_{worker_id}"))


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> str:
    """Which database this test runs on; `tests.databases.ON_BOTH` runs it on each."""
    return getattr(request, "param", "sqlite")


@pytest.fixture
def copied(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Told]:
    """A fresh copy of the small world for this test alone, on the test's database, opened."""
    if backend == "sqlite":
        original = request.getfixturevalue("told")
        shutil.copy(original.place.removeprefix("sqlite:///"), tmp_path / "portal.db")
        url = f"sqlite:///{tmp_path / 'portal.db'}"
    else:
        original = request.getfixturevalue("told_postgres")
        url = request.getfixturevalue("make_postgres")(template=urlsplit(original.place).path.strip("/"))
    open_database(url)
    yield original
    db.database.close()


@pytest.fixture
def world(copied: Told) -> demo.World:
    """The people of the small world."""
    return demo.World(**{name: User.get_by_id(number) for name, number in copied.people.items()})


@pytest.fixture
def case_at(world: demo.World, copied: Told) -> Callable[[Stage], Case]:
    """The world's case that stands at a stage, told there by real steps."""
    return lambda stage: Case.get_by_id(copied.cases[stage])


@pytest.fixture
def visitor(app: Flask, world: demo.World) -> Callable[..., Visitor]:
    """Somebody with a browser: signed in as the person given, or nobody yet."""
    return lambda person=None: Visitor(app, person)
