"""Counting hours, calendar, business and working days by the calendar of a state, with every reason on the way."""

import calendar
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from portal import written

WORKING_UNITS = {"business days", "working days"}
CALENDAR_UNITS = {"calendar days", "calendar days, then first working day"}
COUNTED_UNITS = WORKING_UNITS | CALENDAR_UNITS | {"months", "hours"}
LATEST_BEFORE = {"before", "before_min"}
EARLIEST_AFTER = {"after_min", "not_before", "window"}
COUNTED_DIRECTIONS = LATEST_BEFORE | EARLIEST_AFTER | {"after", "same_day", "alert"}
DIRECTIONS = COUNTED_DIRECTIONS | {"max_distance", "max_drive", "max_count"}

# Where what comes in later on a day counts as received on the next working day, by the local clock.
DAY_ENDS = {"TX": time(17)}  # 28 TAC 102.3(a)(3)
# Where hours that end on a closed day run on to an open one; elsewhere an hour is an hour.
HOURS_ROLL = {"US"}  # FRCP 6(a)(2)(C)
# Where the days for service are added to the day on which the period would otherwise end, after its own roll.
SERVED_AFTER_ROLL = {"US"}  # FRCP 6(d)
HOURS_A_DAY = 24


@dataclass(frozen=True)
class Counted:
    """The day a count leads to, and what happened on the way, each as a sentence."""

    date: date
    reasons: tuple[str, ...] = ()


def count(anchor: date, n: int, unit: str, direction: str, jurisdiction: str, extra: int = 0) -> date:
    """The day of `counted`, without its reasons."""
    return counted(anchor, n, unit, direction, jurisdiction, extra).date


def counted(anchor: date, n: int, unit: str, direction: str, jurisdiction: str, extra: int = 0) -> Counted:
    """The day n units from `anchor`, which is not itself counted, by the calendar of a state code or US.

    "after" rolls forward and "before" backward to a working day; an earliest day ("after_min", "not_before",
    "window", "alert") does not roll, nor do hours where the law does not say so. `extra` calendar days are added where
    the way of service gives them: before the roll, or to the day that it leads to where the law says so. Between days
    hours count as days of 24, begun ones whole; between moments the caller counts them as they are. Raises ValueError
    for what gives no day."""
    if unit not in COUNTED_UNITS or direction not in COUNTED_DIRECTIONS or n < 0 or extra < 0:
        raise ValueError(f"{n} {unit} ({direction}) does not give a day.")
    if direction == "same_day":
        return Counted(anchor)
    step = -1 if direction in LATEST_BEFORE else 1
    day, passed = _stepped(anchor, n, unit, step, jurisdiction)
    reasons = [f"Not counted: {passed}."] if passed else []
    rolls = direction in LATEST_BEFORE or direction == "after" or unit.endswith("first working day")
    rolls = rolls and (unit != "hours" or jurisdiction in HOURS_ROLL)
    if extra:
        if rolls and jurisdiction in SERVED_AFTER_ROLL:
            day = _rolled(day, step, jurisdiction, reasons)
        day += timedelta(days=extra * step)
        reasons.append(f"{extra} calendar days are added for the way of service.")
    if rolls:
        day = _rolled(day, step, jurisdiction, reasons)
    return Counted(day, tuple(reasons))


def last_start(event: date, n: int, unit: str, jurisdiction: str) -> date:
    """The last day to begin with so that `event` is not sooner than n units after it: "after_min" read from its other
    end, which needs no working day. Raises ValueError as `counted` does."""
    day, one = count(event, n, unit, "before_min", jurisdiction), timedelta(days=1)
    while count(day, n, unit, "after_min", jurisdiction) > event:
        day -= one
    while count(day + one, n, unit, "after_min", jurisdiction) <= event:
        day += one
    return day


def _rolled(day: date, step: int, jurisdiction: str, reasons: list[str]) -> date:
    """The working day on or beside a day, and why it moved added to the reasons."""
    rolled = _roll(day, step, jurisdiction)
    if rolled != day:
        reasons.append(
            f"{_why_closed(day, jurisdiction)}, so it is the {'next' if step > 0 else 'last'} working day"
            f"{' before' if step < 0 else ''}, {written.day(rolled)}."
        )
    return rolled


def _stepped(anchor: date, n: int, unit: str, step: int, jurisdiction: str) -> tuple[date, str]:
    """The day before any roll, and which holidays between Monday and Friday were passed over."""
    if unit == "months":
        return months_later(anchor, n * step), ""
    if unit == "hours":
        return anchor + timedelta(days=-(-n // HOURS_A_DAY) * step), ""
    if unit in CALENDAR_UNITS:
        return anchor + timedelta(days=n * step), ""
    day, passed = anchor, []
    for _ in range(n):
        day += timedelta(days=step)
        while not is_working_day(day, jurisdiction):
            if day.weekday() < 5:
                passed.append(f"{holiday(day, jurisdiction)} on {written.day(day)}")
            day += timedelta(days=step)
    return day, ", ".join(passed)


def received_on(moment: datetime, time_zone: str, jurisdiction: str) -> Counted:
    """The day on which something counts as received, for an aware moment and the zone of the jurisdiction."""
    local = moment.astimezone(ZoneInfo(time_zone))
    day, ends = local.date(), DAY_ENDS.get(jurisdiction)
    if ends is None or local.time() <= ends:
        return Counted(day)
    later = _roll(day + timedelta(days=1), 1, jurisdiction)
    return Counted(
        later, (f"Received after {written.clock_face(ends)}, so it counts from {written.day(later)}.",)
    )


def is_working_day(day: date, jurisdiction: str) -> bool:
    """Monday to Friday and no holiday of the state code, or of the federal calendar for US."""
    return day.weekday() < 5 and day not in _holidays(jurisdiction, day.year)


def holiday(day: date, jurisdiction: str) -> str:
    """The name of the holiday, empty on any other day."""
    return _holidays(jurisdiction, day.year).get(day, "")


def _why_closed(day: date, jurisdiction: str) -> str:
    name = holiday(day, jurisdiction)
    return f"{written.day(day)} is {name if name and day.weekday() < 5 else f'a {day:%A}'}"


def _roll(day: date, step: int, jurisdiction: str) -> date:
    while not is_working_day(day, jurisdiction):
        day += timedelta(days=step)
    return day


def months_later(day: date, months: int) -> date:
    """The same day so many months later, or before where it is negative; the last of a month that is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


@cache
def _holidays(jurisdiction: str, year: int) -> dict[date, str]:
    import holidays  # slow to import, and only counting needs it

    if jurisdiction != "TX":
        subdiv = jurisdiction if jurisdiction in holidays.list_supported_countries()["US"] else None
        return dict(holidays.country_holidays("US", subdiv=subdiv, years=year))
    # 28 TAC 102.3 with Government Code 662.003(a): nine national holidays on their own day, and three more.
    federal = holidays.country_holidays("US", years=year, observed=False)
    national = {
        day: name for day, name in federal.items() if "Columbus" not in name and "Juneteenth" not in name
    }
    friday = federal.get_named("Thanksgiving")[0] + timedelta(days=1)
    return national | {
        friday: "the Friday after Thanksgiving",
        date(year, 12, 24): "December 24",
        date(year, 12, 26): "December 26",
    }
