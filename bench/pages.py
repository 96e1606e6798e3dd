"""Which pages are measured, and who opens them."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.world import SURNAME, World
from portal.db import database
from portal.models import ClaimNumber, SecureLink, User
from portal.policy import Person


@dataclass(frozen=True)
class Page:
    """A page by its name in the table, who opens it, and its address in a world."""

    name: str
    viewer: Callable[[World], Person]
    path: Callable[[World], str]


def referrer(world: World) -> Person:
    return User.get_by_id(world.referrer)


def coordinator(world: World) -> Person:
    return User.get_by_id(world.coordinator)


def expert(world: World) -> Person:
    return User.get_by_id(world.expert)


def claimant(world: World) -> Person:
    return SecureLink.get(SecureLink.case == world.booked)


def home(world: World) -> str:
    return "/"


def case_in_review(world: World) -> str:
    return f"/cases/IME-{1000 + world.in_review}"


def half_way(world: World) -> str:
    """The queue of all open cases from its middle on, where a keyset costs as much as at its head."""
    opened = "FROM \"case\" WHERE is_open AND stage <> 'draft'"
    count = database.execute_sql(f"SELECT count(*) {opened}").fetchone()[0]
    at = f"SELECT due_on, id {opened} ORDER BY due_on, id LIMIT 1 OFFSET ?"
    due_on, number = database.execute_sql(at, (count // 2,)).fetchone()
    return f"/cases?after={due_on}.{number}"


def one_claim(world: World) -> str:
    return f"/cases?find={ClaimNumber.get(ClaimNumber.case == world.booked).number}"


COORDINATORS_DESK = Page("coordinator's desk", coordinator, home)
PAGES = (
    Page("referrer's desk", referrer, home),
    COORDINATORS_DESK,
    Page("expert's desk", expert, home),
    Page("coordinator's queue, one stage", coordinator, lambda world: "/cases?stage=booked"),
    Page("coordinator's queue, half way down", coordinator, half_way),
    Page(
        "coordinator's search, a frequent name", coordinator, lambda world: f"/cases?find={SURNAME.lower()}"
    ),
    Page("coordinator's search, a claim number", coordinator, one_claim),
    Page("referrer's queue", referrer, lambda world: "/cases"),
    Page("case in review, referrer", referrer, case_in_review),
    Page("case in review, coordinator", coordinator, case_in_review),
    Page("case in review, expert", expert, case_in_review),
    Page("claimant's page", claimant, lambda world: "/appointment"),
)
