"""The audit trail: what was done, read or refused, by whom, when and from where, kept for good.

Whoever serves a request says once who is acting (`acting`); everything below it then only says what was done
(`record`). A record is written in the transaction of what it records, so that neither is there without the other."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

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

_actor: ContextVar[Actor] = ContextVar("actor", default=PORTAL)


def actor() -> Actor:
    """Who is acting now; the portal itself where nobody said so."""
    return _actor.get()


@contextmanager
def acting(who: Actor) -> Iterator[None]:
    """Within the block it is this actor."""
    token = _actor.set(who)
    try:
        yield
    finally:
        _actor.reset(token)


def record(
    act: Act,
    about: Any = None,
    *,
    case: Case | int | None = None,
    ending: Ending = Ending.DONE,
    **facts: Any,
) -> AuditRecord:
    """Keep that this was done to `about` (a row of any table), as part of `case`. Raises what the database raises.

    `facts` are numbers and words of the vocabulary; nothing personal or medical belongs there."""
    who = _actor.get()
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
        thing="" if about is None else about._meta.table_name,
        number=None if about is None else about.id,
        facts=facts,
    )
