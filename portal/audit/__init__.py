"""The audit trail: what was done, read or refused, by whom, when and from where, kept for good.

Whoever serves a request says once who is acting (`acting`); everything below it then only says what was done
(`record`). A record is written in the transaction of what it records, so that neither is there without the other."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass
from typing import Any

from portal.db import Remembered
from portal.models import AuditRecord, Case
from portal.words import Act, Ending


@dataclass(frozen=True)
class Actor:
    """Who is acting and through what: numbers of rows, the network address, the reference of the request; no names."""

    user: int | None = None
    link: int | None = None
    session: int | None = None
    organisation: int | None = None
    party: str = ""
    route: str = ""
    source: str = ""
    request: str = ""


PORTAL = Actor(party="portal")

Asked = Callable[[], Actor]

# Asked anew for each record: in the course of a request somebody signs in, and is found to be a party to a case.
_asked: ContextVar[Asked] = ContextVar("actor", default=lambda: PORTAL)


def actor() -> Actor:
    """Who is acting now; the portal itself where nobody said so."""
    return _asked.get()()


@contextmanager
def acting(who: Actor) -> Iterator[None]:
    """Within the block it is this actor."""
    token = begin(lambda: who)
    try:
        yield
    finally:
        end(token)


def begin(asked: Asked) -> Token[Asked]:
    """From here on this answers who is acting, until `end` is given what this returns."""
    return _asked.set(asked)


def end(token: Token[Asked]) -> None:
    _asked.reset(token)


def record(
    act: Act,
    about: Remembered | tuple[str, int | None] | None = None,
    *,
    case: Case | int | None = None,
    ending: Ending = Ending.DONE,
    **facts: Any,
) -> AuditRecord:
    """Keep that this was done to `about` (a row, or its table and number), as part of `case`. Raises what the database
    raises.

    `facts` are numbers and words of the vocabulary; nothing personal or medical belongs there."""
    who = actor()
    thing, number = about if isinstance(about, tuple) else named(about)
    return AuditRecord.create(
        act=act,
        ending=ending,
        user=who.user,
        link=who.link,
        session=who.session,
        organisation=who.organisation,
        party=who.party,
        route=who.route,
        source=who.source,
        request=who.request,
        case=case.id if isinstance(case, Case) else case,
        thing=thing,
        number=number,
        facts=facts,
    )


def named(row: Any) -> tuple[str, int | None]:
    """A row as a record names it, for good: by its table and its number."""
    return ("", None) if row is None else (row._meta.table_name, row.id)
