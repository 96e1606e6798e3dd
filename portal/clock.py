"""The only place that asks what time it is; `set_to` pins it, so that a world can be built in its own past."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

_pinned: ContextVar[datetime | None] = ContextVar("pinned", default=None)


def now() -> datetime:
    """The present moment, in UTC, to the second."""
    return (_pinned.get() or datetime.now(UTC)).replace(microsecond=0)


OFFICE_ZONE = os.environ.get("IMPARTIAL_TIME_ZONE", "America/New_York")


def today(time_zone: str = OFFICE_ZONE) -> date:
    """The calendar day in a time zone (IANA name); the office's own where none is given."""
    return day_of(now(), time_zone)


@lru_cache(maxsize=1_024)  # a page asks for today at every row it shows
def day_of(moment: datetime, time_zone: str = OFFICE_ZONE) -> date:
    """The calendar day of a moment in a time zone; the office's own where none is given."""
    return moment.astimezone(ZoneInfo(time_zone)).date()


def start_of(day: date, time_zone: str = OFFICE_ZONE) -> datetime:
    """The moment, in UTC, with which a day begins in a time zone; the office's own where none is given."""
    return datetime.combine(day, time(), ZoneInfo(time_zone)).astimezone(UTC)


@contextmanager
def set_to(moment: datetime) -> Iterator[None]:
    """Within the block it is this moment (aware); for the small world and for tests."""
    token = _pinned.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _pinned.reset(token)
