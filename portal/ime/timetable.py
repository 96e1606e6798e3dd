"""Free time as bits: each quarter of an hour of a horizon is one bit of a whole number, so that weeks of a diary are
combined by a few operations, for one expert as for the whole panel. Pure: facts in, moments out."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from portal.ime.counting import holiday

SECONDS = 900  # of a quarter
MINUTES = 15
A_DAY = 96


class Stretch(NamedTuple):
    """Weekly hours at one clinic: minutes after midnight by its clock; days None are open ends."""

    clinic_id: int
    weekday: int
    opens: int
    closes: int
    zone: str
    state: str
    first_day: date | None = None
    last_day: date | None = None
    is_telehealth: bool = False


class Span(NamedTuple):
    """Days on which nobody is examined, both included."""

    first_day: date
    last_day: date


def quarter_of(moment: datetime) -> int:
    """The number of the quarter in which an aware moment lies, since 1970."""
    return int(moment.timestamp()) // SECONDS


def moment_of(quarter: int) -> datetime:
    return datetime.fromtimestamp(quarter * SECONDS, UTC)


@lru_cache(maxsize=4096)
def midnight(zone: str, day: date) -> tuple[int, bool]:
    """The quarter in which a day begins by a clock, and whether that clock is turned in the course of it."""
    there = ZoneInfo(zone)
    begins = datetime.combine(day, time(), there).astimezone(UTC)
    ends = datetime.combine(day + timedelta(days=1), time(), there).astimezone(UTC)
    return quarter_of(begins), ends - begins != timedelta(days=1)


def quarter_at(zone: str, day: date, minutes: int) -> int:
    """The quarter at which the clock shows so many minutes after midnight; a time that it skips in spring is read an
    hour later, one that it shows twice in autumn is the first."""
    first, is_turned = midnight(zone, day)
    if not is_turned:
        return first + minutes // MINUTES
    at = datetime.combine(day, time(), ZoneInfo(zone)) + timedelta(minutes=minutes)
    return quarter_of(at.astimezone(UTC))


@lru_cache(maxsize=8192)
def is_closed(day: date, state: str) -> bool:
    """A federal holiday, or one of the clinic's state."""
    return bool(holiday(day, "US") or (state and holiday(day, state)))


class Horizon:
    """The days that are looked at, both included, and the bit that each quarter is."""

    def __init__(self, first: date, last: date) -> None:
        self.first, self.last = first, last
        # A day more on either side, since a day begins earlier and ends later elsewhere.
        self.base = quarter_of(datetime.combine(first, time(), UTC) - timedelta(days=1))
        self.weekdays: list[list[date]] = [[] for _ in range(7)]
        for number in range((last - first).days + 1):
            day = first + timedelta(days=number)
            self.weekdays[day.weekday()].append(day)
        self._stretches: dict[Stretch, int] = {}
        self._patterns: dict[tuple[str, int, int, int, str], int] = {}

    def bit(self, quarter: int) -> int:
        return quarter - self.base

    def mask(self, quarters: Iterable[int]) -> int:
        """The bits of these quarters; those before the horizon are left out."""
        bits = 0
        for quarter in quarters:
            if quarter >= self.base:
                bits |= 1 << (quarter - self.base)
        return bits

    def between(self, begins: int, ends: int) -> int:
        """The bits from a quarter up to another, which is not among them."""
        begins, ends = max(self.bit(begins), 0), max(self.bit(ends), 0)
        return ((1 << (ends - begins)) - 1) << begins if ends > begins else 0

    def open(self, stretch: Stretch) -> int:
        """The bits in which a stretch of weekly hours is open, less the holidays of its state."""
        if stretch.first_day is None and stretch.last_day is None:
            pattern = (stretch.zone, stretch.weekday, stretch.opens, stretch.closes, stretch.state)
            if pattern not in self._patterns:
                self._patterns[pattern] = self._open(stretch)
            return self._patterns[pattern]
        return self._open(stretch)

    def _open(self, stretch: Stretch) -> int:
        bits = 0
        for day in self.weekdays[stretch.weekday]:
            if is_closed(day, stretch.state) or is_outside(day, stretch):
                continue
            bits |= self.between(
                quarter_at(stretch.zone, day, stretch.opens), quarter_at(stretch.zone, day, stretch.closes)
            )
        return bits

    def off(self, spans: Iterable[Span], zone: str) -> int:
        """The bits of days off, by the clock of a clinic."""
        bits = 0
        for span in spans:
            first, last = max(span.first_day, self.first), min(span.last_day, self.last)
            if first <= last:
                bits |= self.between(midnight(zone, first)[0], midnight(zone, last + timedelta(days=1))[0])
        return bits


def is_outside(day: date, stretch: Stretch) -> bool:
    return bool(
        (stretch.first_day and day < stretch.first_day) or (stretch.last_day and day > stretch.last_day)
    )


def runs(bits: int, length: int) -> int:
    """The bits at which so many set bits in a row begin."""
    have = 1
    while have < length:
        step = min(have, length - have)
        bits &= bits >> step
        have += step
    return bits


def starts(open_: int, taken: int, length: int, buffer: int = 0) -> int:
    """The bits at which an examination of so many quarters can begin: all of it within open hours, and neither it nor
    the buffer after it, which may reach beyond the hours, is taken."""
    begin = runs(open_ & ~taken, length)
    if buffer and begin:
        end = (1 << (begin.bit_length() + length + buffer)) - 1
        begin &= runs(~taken & end, length + buffer)
    return begin


def lowest(bits: int) -> int:
    """The place of the lowest bit that is set, -1 where none is."""
    return (bits & -bits).bit_length() - 1


WORD = 384  # bits that are looked at together: four days


def spaced(bits: int, step: int) -> Iterator[int]:
    """The places of set bits from the lowest on, each at least so many after the one before."""
    base, mask = 0, (1 << WORD) - 1
    skip = 0
    while bits:
        # Small numbers are quick: one piece after the other instead of the whole at every step.
        word = (bits & mask) >> skip << skip
        skip = 0
        while word:
            place = lowest(word)
            yield base + place
            after = place + step
            if after >= WORD:
                skip = after - WORD
                break
            word = word >> after << after
        bits >>= WORD
        base += WORD


class Opening(NamedTuple):
    """A time at which an examination can begin."""

    quarter: int
    clinic_id: int
    is_telehealth: bool


def openings(
    horizon: Horizon,
    stretches: Sequence[Stretch],
    off: Sequence[Span],
    taken: int,
    length: int,
    buffer: int = 0,
    *,
    after: int = 0,
    most: int | None = None,
) -> list[Opening]:
    """The times at which one expert can begin an examination of so many quarters, soonest first, each with its clinic;
    `taken` are bits of the horizon, nothing begins before the quarter `after`, `most` ends the search early."""
    by_place: dict[tuple[int, bool, str], int] = {}
    for stretch in stretches:
        key = (stretch.clinic_id, stretch.is_telehealth, stretch.zone)
        by_place[key] = by_place.get(key, 0) | horizon.open(stretch)
    past = horizon.between(horizon.base, after) if after > horizon.base else 0
    found: list[Opening] = []
    for (clinic_id, is_telehealth, zone), open_ in by_place.items():
        closed = taken | past | (horizon.off(off, zone) if off else 0)
        free = starts(open_, closed, length, buffer)
        for number, place in enumerate(spaced(free, length)):
            if most is not None and number >= most:
                break
            found.append(Opening(horizon.base + place, clinic_id, is_telehealth))
    found.sort()
    return found if most is None else found[:most]
