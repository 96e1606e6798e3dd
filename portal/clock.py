"""The only place that asks what time it is; `set_to` pins it, so that a world can be built in its own past."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

_pinned: ContextVar[datetime | None] = ContextVar("pinned", default=None)


def now() -> datetime:
    """The present moment, in UTC, to the second."""
    return (_pinned.get() or datetime.now(UTC)).replace(microsecond=0)


def today(time_zone: str = "America/New_York") -> date:
    """The calendar day in a time zone (IANA name); the office's own where none is given."""
    return now().astimezone(ZoneInfo(time_zone)).date()


@contextmanager
def set_to(moment: datetime) -> Iterator[None]:
    """Within the block it is this moment (aware); for the small world and for tests."""
    token = _pinned.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _pinned.reset(token)
