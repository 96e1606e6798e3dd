"""How much one person may ask of the portal in a minute: declared on the view, counted in the database.

A limit holds for all processes together. Whoever is not signed in is counted by their network address."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask, g, request
from flask_limiter import Limiter
from limits.storage import Storage
from peewee import DatabaseError, InterfaceError

from portal import clock
from portal.ime import allowance
from portal.ime.tries import fingerprint, line_of
from portal.models import SecureLink

log = logging.getLogger("portal")


@dataclass(frozen=True)
class Limit:
    """One limit that all its views share: its name, how much, the methods it counts, and whether it guards a door.

    Where the count cannot be kept, a door stays shut, since guesses would go uncounted there. Everything else stays
    open: it asked who is there already, and a portal that is only slower to defend is better than none."""

    name: str
    amount: str
    methods: tuple[str, ...] = ("GET", "POST")
    is_door: bool = False


SIGN_IN = Limit("sign in", "60 per minute", methods=("POST",), is_door=True)
LINK = Limit("link", "60 per minute", is_door=True)
RENEWAL = Limit("renewal", "10 per 10 minutes", methods=("POST",), is_door=True)
FORGOTTEN = Limit("forgotten", "30 per 10 minutes", methods=("POST",), is_door=True)
SEARCH = Limit("search", "60 per minute")
FILING = Limit("filing", "60 per minute", methods=("POST",))
RENDERING = Limit("rendering", "30 per minute", methods=("POST",))
READING = Limit("reading", "240 per minute")
EXPORT = Limit("export", "30 per minute")
FEED = Limit("feed", "600 per minute")  # one program may read those of many experts from one address


class Allowances(Storage):
    """What Flask-Limiter counts with: the portal's own database."""

    STORAGE_SCHEME = ["allowance"]
    base_exceptions = (DatabaseError, InterfaceError)  # type: ignore[assignment]

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        return allowance.use(key, amount, expiry)

    def get(self, key: str) -> int:
        return allowance.used(key)

    def get_expiry(self, key: str) -> float:
        return allowance.ends_at(key)

    def check(self) -> bool:
        return allowance.is_kept()

    def reset(self) -> int | None:
        raise NotImplementedError("Nobody gives everybody their limits back at once.")

    def clear(self, key: str) -> None:
        allowance.give_back(key)


def whose() -> str:
    """Who is counted: the person signed in, else the address asked from; a fingerprint, so that the count names nobody."""
    if g.get("person") is None:
        return f"address {fingerprint(line_of(request.remote_addr or ''))[:32]}"
    return f"{'link' if isinstance(g.person, SecureLink) else 'user'} {g.person.id}"


def limiter(*, swallow_errors: bool) -> Limiter:
    return Limiter(
        whose,
        storage_uri="allowance://",
        strategy="fixed-window",
        headers_enabled=False,
        swallow_errors=swallow_errors,
    )


doors, rooms = limiter(swallow_errors=False), limiter(swallow_errors=True)


def limited(limit: Limit, unless: Callable[[], bool] | None = None) -> Callable[..., Any]:
    """The view's share in a limit, counted after its access was checked; 429 once it is used up."""
    counting = (doors if limit.is_door else rooms).shared_limit(
        limit.amount, scope=limit.name, methods=limit.methods, exempt_when=unless
    )

    def declare(view: Callable[..., Any]) -> Callable[..., Any]:
        counted: Callable[..., Any] = counting(view)
        counted.limit = limit  # type: ignore[attr-defined]
        return counted

    return declare


def wait() -> int:
    """How many seconds until the limit that was just reached is open again."""
    reached = next(found for found in (doors.current_limit, rooms.current_limit) if found and found.breached)
    return max(1, int(reached.reset_at - clock.now().timestamp()))


def register(app: Flask) -> None:
    app.extensions["limiter"] = {doors, rooms}  # so that they look at no request but where a view is limited
    for each in (doors, rooms):
        each.init_app(app)
