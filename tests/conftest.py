"""What every test may ask for: a world of its own, a case at any stage, and people who visit the portal."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from portal import create_app, db, demo
from portal.commands import migrate_database
from portal.config import Config
from portal.models import Case, User
from portal.words import Stage
from tests.client import Visitor

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


@pytest.fixture(scope="session")
def told(
    app: Flask, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, int], dict[Stage, int]]:
    """A database with the people and one case at every stage, made once; the ids of both."""
    path = tmp_path_factory.mktemp("told") / "told.db"
    open_database(path)
    migrate_database()
    world = demo.people()
    people = {field.name: getattr(world, field.name).id for field in fields(world)}
    cases = {stage: demo.case_at(world, stage).id for stage in Stage}
    db.database.close()
    return path, people, cases


def open_database(path: Path) -> None:
    if db.database.obj is not None and not db.database.is_closed():
        db.database.close()
    db.connect(f"sqlite:///{path}")


@pytest.fixture
def world(told: Any, tmp_path: Path) -> Iterator[demo.World]:
    """A fresh copy of the small world for this test alone."""
    path, people, _ = told
    shutil.copy(path, tmp_path / "portal.db")
    open_database(tmp_path / "portal.db")
    yield demo.World(**{name: User.get_by_id(number) for name, number in people.items()})
    db.database.close()


@pytest.fixture
def case_at(world: demo.World, told: Any) -> Callable[[Stage], Case]:
    """The world's case that stands at a stage, told there by real steps."""
    return lambda stage: Case.get_by_id(told[2][stage])


@pytest.fixture
def visitor(app: Flask, world: demo.World) -> Callable[..., Visitor]:
    """Somebody with a browser: signed in as the person given, or nobody yet."""
    return lambda person=None: Visitor(app, person)
