"""Counting calendar, business and working days by the calendar of a state, with the roll at the end."""

import calendar
from datetime import date, timedelta
from functools import cache

WORKING_UNITS = {"business days", "working days"}
CALENDAR_UNITS = {"calendar days", "calendar days, then first working day"}
COUNTED_UNITS = WORKING_UNITS | CALENDAR_UNITS | {"months"}
LATEST_BEFORE = {"before", "before_min"}
EARLIEST_AFTER = {"after_min", "not_before", "window"}
COUNTED_DIRECTIONS = LATEST_BEFORE | EARLIEST_AFTER | {"after", "same_day", "alert"}
DIRECTIONS = COUNTED_DIRECTIONS | {"max_distance", "max_drive", "max_count"}


def count(anchor: date, n: int, unit: str, direction: str, jurisdiction: str) -> date:
    """The day n units from `anchor`, which is not itself counted, by the calendar of a state code or US.

    "after" rolls forward and "before" backward to a working day; an earliest day ("after_min", "not_before",
    "window", "alert") does not roll. Raises ValueError for a unit or a direction that gives no day.
    """
    if unit not in COUNTED_UNITS or direction not in COUNTED_DIRECTIONS or n < 0:
        raise ValueError(f"{n} {unit} ({direction}) does not give a day.")
    if direction == "same_day":
        return anchor
    step = -1 if direction in LATEST_BEFORE else 1
    if unit in WORKING_UNITS:
        return _step_working_days(anchor, n, step, jurisdiction)
    day = _add_months(anchor, n * step) if unit == "months" else anchor + timedelta(days=n * step)
    rolls = direction in LATEST_BEFORE or direction == "after" or unit.endswith("first working day")
    return _roll(day, step, jurisdiction) if rolls else day


def is_working_day(day: date, jurisdiction: str) -> bool:
    """Monday to Friday and no holiday of the state code, or of the federal calendar for US."""
    return day.weekday() < 5 and day not in _holidays(jurisdiction, day.year)


def _step_working_days(anchor: date, n: int, step: int, jurisdiction: str) -> date:
    day = anchor
    for _ in range(n):
        day = _roll(day + timedelta(days=step), step, jurisdiction)
    return _roll(day, step, jurisdiction)


def _roll(day: date, step: int, jurisdiction: str) -> date:
    while not is_working_day(day, jurisdiction):
        day += timedelta(days=step)
    return day


def _add_months(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


@cache
def _holidays(jurisdiction: str, year: int) -> frozenset[date]:
    import holidays  # slow to import, and only counting needs it

    if jurisdiction != "TX":
        subdiv = None if jurisdiction == "US" else jurisdiction
        return frozenset(holidays.country_holidays("US", subdiv=subdiv, years=year))
    # 28 TAC 102.3 with Government Code 662.003(a): nine national holidays on their own day, and three more.
    federal = holidays.country_holidays("US", years=year, observed=False)
    thanksgiving = federal.get_named("Thanksgiving")[0]
    national = {day for day, name in federal.items() if "Columbus" not in name and "Juneteenth" not in name}
    return frozenset(national | {thanksgiving + timedelta(days=1), date(year, 12, 24), date(year, 12, 26)})
