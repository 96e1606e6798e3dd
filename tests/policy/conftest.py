"""What the tests of access ask for: the small world with a second one beside it, each text a canary."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from portal import db, demo
from portal.models import Case, User
from portal.words import Stage
from tests.conftest import Told, open_database
from tests.policy import mirror
from tests.policy.matrix import Look


@dataclass(frozen=True)
class Twice:
    """Both worlds: where they are, whose cases and people are whose, and where each canary came from."""

    place: str
    ours: Told
    theirs: Told
    canaries: mirror.Canaries


@dataclass(frozen=True)
class Side:
    """One of the two worlds: its people, and its case at each stage."""

    world: demo.World
    case_at: Callable[[Stage], Case]


def people(told: Told) -> demo.World:
    return demo.World(**{name: User.get_by_id(number) for name, number in told.people.items()})


def side_of(told: Told) -> Side:
    """One of the worlds in the database that is open."""
    return Side(people(told), lambda stage: Case.get_by_id(told.cases[stage]))


@pytest.fixture(scope="session")
def twice(app: Flask, told: Told, tmp_path_factory: pytest.TempPathFactory) -> Twice:
    """Both worlds in one database, told once."""
    place = tmp_path_factory.mktemp("twice") / "twice.db"
    shutil.copy(told.place.removeprefix("sqlite:///"), place)
    open_database(f"sqlite:///{place}")
    with db.database.atomic():
        world = people(told)
        second, cases = mirror.tell_mirror(world)
        theirs = Told("", {each.name: getattr(second, each.name).id for each in fields(second)}, cases)
        bystander = User.get(User.name == "Carla Benedetti")
        for who, at in ((world, told.cases), (second, cases)):
            for stage in Stage:
                mirror.for_every_audience(Case.get_by_id(at[stage]), who.referrer)
            mirror.complete(Case.get_by_id(at[Stage.BOOKED]), who, bystander)
        canaries = mirror.fill()
    db.database.close()
    return Twice(f"sqlite:///{place}", told, theirs, canaries)


@pytest.fixture
def sides(twice: Twice, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """A copy of both worlds for this test alone, by `ours` and `theirs`."""
    shutil.copy(twice.place.removeprefix("sqlite:///"), tmp_path / "twice.db")
    open_database(f"sqlite:///{tmp_path / 'twice.db'}")
    yield {
        mirror.OURS: side_of(twice.ours),
        mirror.THEIRS: side_of(twice.theirs),
    }
    db.database.close()


@pytest.fixture
def ours(sides: dict[str, Any]) -> Side:
    return sides[mirror.OURS]


@pytest.fixture
def theirs(sides: dict[str, Any]) -> Side:
    return sides[mirror.THEIRS]


@pytest.fixture
def look(twice: Twice, sides: dict[str, Any]) -> Look:
    """What looks at every answer for something of the other world."""
    references = {world: {side.case_at(stage).reference for stage in Stage} for world, side in sides.items()}
    return mirror.watch(twice.canaries, references)
