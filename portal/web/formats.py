"""How dates, times, money and names read on the screen (US order, US spelling)."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from flask import Flask

from portal import clock, written
from portal.config import OFFICE
from portal.models import FAR_FUTURE
from portal.written import clock_face, phone


def day(value: date | str | None) -> str:
    """March 4, 2026; a moment is read at the office."""
    return written.day(date.fromisoformat(value) if isinstance(value, str) and value else value or None)


def moment(value: datetime | str | None, zone: str = clock.OFFICE_ZONE) -> str:
    """Wednesday, March 4, 2026 at 9:30 am EST"""
    if not value:
        return ""
    value = datetime.fromisoformat(value) if isinstance(value, str) else value
    local = value.astimezone(ZoneInfo(zone))
    return f"{local:%A}, {day(local)} at {clock_face(local)} {local:%Z}"


def time_now(zone: str = clock.OFFICE_ZONE) -> str:
    """2:14 pm PST"""
    local = clock.now().astimezone(ZoneInfo(zone))
    return f"{clock_face(local)} {local:%Z}"


def stamp(value: datetime | None, zone: str = clock.OFFICE_ZONE) -> str:
    """Mar 4, 2026, 9:30 am"""
    if not value:
        return ""
    local = value.astimezone(ZoneInfo(zone))
    return f"{local:%b} {local.day}, {local.year}, {clock_face(local)}"


def relative(value: date | datetime | None) -> str:
    """today, tomorrow, in 3 days, 2 days ago; empty for no day"""
    if not value or value == FAR_FUTURE:
        return ""
    on = clock.day_of(value) if isinstance(value, datetime) else value
    days = (on - clock.today()).days
    near = {0: "today", 1: "tomorrow", -1: "yesterday"}
    return near.get(days) or (f"in {days} days" if days > 0 else f"{-days} days ago")


def due(value: date) -> str:
    """due today, due in 3 days, 2 days late; empty for no day"""
    if value == FAR_FUTURE:
        return ""
    days = (value - clock.today()).days
    if days < 0:
        return f"{-days} {'day' if days == -1 else 'days'} late"
    return f"due {relative(value)}"


def urgency(value: date) -> str:
    """The tone of a due day: late, soon or plain."""
    if value == FAR_FUTURE:
        return "plain"
    days = (value - clock.today()).days
    return "late" if days < 0 else "soon" if days <= 3 else "plain"


def money(cents: int) -> str:
    """$1,250.00"""
    return f"${cents / 100:,.2f}"


def size(count: int) -> str:
    """12 KB"""
    return f"{count / 1_000_000:.1f} MB" if count >= 1_000_000 else f"{max(1, count // 1000)} KB"


def count(number: int, one: str, many: str = "") -> str:
    """1 page, 2 pages"""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def register(app: Flask) -> None:
    app.jinja_env.globals.update(help_phone=OFFICE.phone, help_phone_text=phone(OFFICE.phone))
    for filter_ in (day, clock_face, moment, stamp, relative, due, urgency, money, size, count, phone):
        app.add_template_filter(filter_)
