"""The measured world: a database of any number of cases that is the same for the same number and day.

The first cases, the core, belong to the people whose pages are measured: more of each kind than any list shows, so
that a first page has as many rows in a small world as in a large one. Their other cases come with the rest."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from random import Random
from sqlite3 import Connection

from bench.milestones import PATHS
from bench.people import IN_THE_LARGE_ONE, People, populate
from bench.rows import Rows
from bench.story import Diary, Plan, Story
from portal import clock, search
from portal.db import SQLITE_PRAGMAS, database
from portal.schema import migrate_database
from portal.words import Stage

# While a fresh database is filled there is nothing to lose; afterwards it is as `portal.db` opens it.
HASTE = tuple(
    f"PRAGMA {setting}"
    for setting in ("foreign_keys = 0", "journal_mode = off", "synchronous = 0", "cache_size = -400000")
)
CARE = tuple(f"PRAGMA {name} = {value}" for name, value in SQLITE_PRAGMAS.items())
AT_ONCE = 2_000
SURNAME = "Delgado"
ENDED_SHARE = 0.7
ENDED = {Stage.CLOSED: 88, Stage.WITHDRAWN: 7, Stage.DECLINED: 5}
OPEN = {
    Stage.DRAFT: 9,
    Stage.RETURNED: 3,
    Stage.REFERRED: 7,
    Stage.MATCHING: 7,
    Stage.OFFERED: 7,
    Stage.SCHEDULING: 10,
    Stage.BOOKED: 21,
    Stage.REPORTING: 13,
    Stage.CHECKING: 5,
    Stage.IN_REVIEW: 10,
    Stage.CLARIFYING: 5,
    Stage.CHECKING_ADDENDUM: 3,
}


@dataclass(frozen=True)
class Kind:
    """So many core cases of one stage; the rest as in a plan."""

    count: int
    stage: Stage
    exam_in_days: int = 20
    brief_sent: bool = False
    move_asked: bool = False
    clarification_sent: bool = False


CORE = (
    Kind(16, Stage.DRAFT),
    Kind(6, Stage.RETURNED),
    Kind(16, Stage.REFERRED),
    Kind(10, Stage.MATCHING),
    Kind(16, Stage.OFFERED),
    Kind(8, Stage.SCHEDULING),
    Kind(16, Stage.BOOKED, exam_in_days=1, brief_sent=True),
    Kind(16, Stage.BOOKED, exam_in_days=18, brief_sent=True),
    Kind(16, Stage.BOOKED, exam_in_days=40),
    Kind(4, Stage.BOOKED, move_asked=True),
    Kind(14, Stage.REPORTING),
    Kind(8, Stage.CHECKING),
    Kind(16, Stage.IN_REVIEW),
    Kind(6, Stage.CLARIFYING),
    Kind(6, Stage.CLARIFYING, clarification_sent=True),
    Kind(6, Stage.CHECKING_ADDENDUM),
)
CORE_SIZE = sum(kind.count for kind in CORE)


@dataclass(frozen=True)
class World:
    """Whose pages are measured, by user id, and which cases, by case id."""

    referrer: int
    coordinator: int
    expert: int
    in_review: int
    booked: int


def fill(cases: int, now: datetime | None = None) -> World:
    """Build the schema in the connected, empty SQLite database and fill it with so many cases, in one transaction.

    Raises ValueError for fewer cases than the core has."""
    if cases < CORE_SIZE:
        raise ValueError(f"The world needs {CORE_SIZE} cases or more.")
    now = now or clock.now()
    migrate_database()
    connection = database.connection()
    run(connection, *HASTE, "BEGIN")
    world = tell(Rows(connection, now), cases, now)
    run(connection, "COMMIT", *CARE)
    search.tidy()  # as every night
    return world


def run(connection: Connection, *statements: str) -> None:
    for statement in statements:
        connection.execute(statement)


def tell(rows: Rows, cases: int, now: datetime) -> World:
    people, diary = populate(rows, now), Diary(now)
    told = {}
    for plan in plans(people, cases):
        told[plan.number] = Story(rows, diary, plan, now, PATHS[plan.stage]).tell()
        if plan.number % AT_ONCE == 0:
            rows.write()
    rows.write()
    return World(
        referrer=people.referrers[0].id,
        coordinator=people.coordinators[0].id,
        expert=people.experts[0].user_id,
        in_review=told[number_of(Stage.IN_REVIEW)],
        booked=told[number_of(Stage.BOOKED)],
    )


def number_of(stage: Stage) -> int:
    """The number of the first core case of a stage."""
    return next(number for number, kind in enumerate(core()) if kind.stage == stage)


def core() -> Iterator[Kind]:
    for kind in CORE:
        yield from [kind] * kind.count


def plans(people: People, cases: int) -> Iterator[Plan]:
    """The core first, then the others, so that in all seven of ten cases have ended."""
    for number, kind in enumerate(core()):
        yield planned(number, people, kind, days_ago=1 + number % 8)
    open_share = max(0.0, (1 - ENDED_SHARE) * cases - CORE_SIZE) / max(1, cases - CORE_SIZE)
    for number in range(CORE_SIZE, cases):
        yield other(number, people, open_share)


def planned(number: int, people: People, kind: Kind, days_ago: int) -> Plan:
    return Plan(
        number=number,
        referrer=people.referrers[0],
        coordinator=people.coordinators[0],
        expert=people.experts[0],
        stage=kind.stage,
        days_ago=days_ago,
        surname=SURNAME if number % 3 == 0 else "",
        exam_in_days=kind.exam_in_days,
        brief_sent=kind.brief_sent,
        move_asked=kind.move_asked,
        clarification_sent=kind.clarification_sent,
    )


def other(number: int, people: People, open_share: float) -> Plan:
    """A case of anybody: one in five of the large organisation, at any stage, some of them late."""
    chance = Random(number)
    is_open = chance.random() < open_share
    stage = drawn(chance, OPEN if is_open else ENDED)
    of_the_large_one = chance.random() < 0.2
    return Plan(
        number=number,
        referrer=chance.choice(
            people.referrers[:IN_THE_LARGE_ONE] if of_the_large_one else people.referrers[IN_THE_LARGE_ONE:]
        ),
        coordinator=chance.choice(people.coordinators),
        expert=chance.choice(people.experts),
        stage=stage,
        days_ago=chance.randint(1, 9) if is_open else chance.randint(10, 1_000),
        exam_in_days=chance.randint(1, 60),
        brief_sent=chance.random() < 0.5,
        clarification_sent=chance.random() < 0.5,
    )


def drawn(chance: Random, weights: dict[Stage, int]) -> Stage:
    return chance.choices(list(weights), list(weights.values()))[0]
