"""The appointment on the claimant's own calendar and in everyday words; nothing of it is medical."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from portal import clock
from portal.config import OFFICE
from portal.written import clock_face, phone

TITLE = "Medical examination appointment"

# The letters before S(tandard) or D(aylight) T(ime) in the short name of a zone.
ZONES = {
    "E": "Eastern time",
    "C": "Central time",
    "M": "Mountain time",
    "P": "Pacific time",
    "AK": "Alaska time",
    "H": "Hawaii time",
    "A": "Atlantic time",
}


def calendar_file(appointment: Any, reference: str) -> bytes:
    """The appointment as an iCalendar file with its time zone; a later one for the same case takes its place."""
    from icalendar import STATUS, Alarm, Calendar, Event

    event = Event.new(
        uid=f"{reference.lower()}@{OFFICE.email.partition('@')[2]}",
        sequence=appointment.sequence,
        stamp=appointment.booked_at,
        summary=TITLE,
        start=local(appointment.starts_at, appointment),
        end=local(appointment.ends_at, appointment),
        location=", ".join(place_lines(appointment.clinic)),
        description=f"Questions, or you cannot come? Call {OFFICE.name}: {phone(OFFICE.phone)}.",
        status=STATUS.CONFIRMED,
    )
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", TITLE)
    alarm.add("trigger", timedelta(days=-1))
    event.add_component(alarm)
    calendar = Calendar()
    for name, value in (
        ("version", "2.0"),
        ("prodid", "-//Impartial//Appointment//EN"),
        ("method", "PUBLISH"),
    ):
        calendar.add(name, value)
    calendar.add_component(event)
    day = appointment.starts_at.date()
    # Left to themselves the zone's rules begin too late, and calendars then read summer times an hour off.
    calendar.add_missing_timezones(day - timedelta(days=400), day + timedelta(days=400))
    return calendar.to_ical()


def place_lines(clinic: Any) -> list[str]:
    """Name and address of a clinic, as an envelope shows them."""
    return [clinic.name, clinic.street, f"{clinic.city}, {clinic.state} {clinic.zip}"]


def local(moment: datetime, appointment: Any) -> datetime:
    """A moment as the clinic's clock shows it."""
    return moment.astimezone(ZoneInfo(appointment.clinic.time_zone))


def countdown(appointment: Any) -> str:
    """Today, Tomorrow, In 15 days, by the clinic's calendar; empty once the day is over."""
    zone = appointment.clinic.time_zone
    days = (local(appointment.starts_at, appointment).date() - clock.today(zone)).days
    return {0: "Today", 1: "Tomorrow"}.get(days) or (f"In {days} days" if days > 0 else "")


def length_in_words(appointment: Any) -> str:
    """About 1 hour and 30 minutes"""
    hours, minutes = divmod((appointment.ends_at - appointment.starts_at) // timedelta(minutes=1), 60)
    parts = [(hours, "hour"), (minutes, "minute")]
    return "About " + " and ".join(f"{n} {noun}{'s' if n > 1 else ''}" for n, noun in parts if n)


def written_time(moment: datetime, time_zone: str) -> str:
    """Tuesday, December 8, 2026 at 9:30 am Pacific time"""
    there = moment.astimezone(ZoneInfo(time_zone))
    return f"{written_weekday(there)}, {there.year} at {clock_face(there)} {zone_in_words(there)}"


def written_weekday(there: datetime) -> str:
    """Tuesday, December 8"""
    return f"{there:%A, %B} {there.day}"


def zone_in_words(there: datetime) -> str:
    """Pacific time, as people say it; the short name where a zone has no other here."""
    name = there.tzname() or ""
    return ZONES.get(name.removesuffix("T").removesuffix("S").removesuffix("D"), name)
