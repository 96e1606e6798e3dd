"""The appointment on the claimant's own calendar and in everyday words; nothing of it is medical."""

from collections.abc import Sequence
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


BY_VIDEO = "By video"
EXPERTS_TITLE = "Independent examination"


def calendar_file(appointment: Any, reference: str) -> bytes:
    """The appointment as an iCalendar file with its time zone; a later one for the same case takes its place."""
    from icalendar import Alarm

    event = event_of(appointment, reference, TITLE, appointment.booked_at)
    event.add("description", f"Questions, or you cannot come? Call {OFFICE.name}: {phone(OFFICE.phone)}.")
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", TITLE)
    alarm.add("trigger", timedelta(days=-1))
    event.add_component(alarm)
    return calendar_of("PUBLISH", [event], [appointment])


def invitation(
    appointment: Any, reference: str, *, to: str, is_expert: bool, is_cancelled: bool, stamp: datetime
) -> bytes:
    """What a mail brings for the calendar of whoever is told (RFC 5546, RFC 6047): a request, or its cancellation. The
    same case keeps its UID and counts its SEQUENCE up, so that a calendar moves what it holds."""
    from icalendar import vCalAddress

    title = f"{EXPERTS_TITLE} {reference}" if is_expert else TITLE
    event = event_of(appointment, reference, title, stamp, is_cancelled=is_cancelled)
    organizer, attendee = vCalAddress(f"mailto:{OFFICE.email}"), vCalAddress(f"mailto:{to}")
    organizer.params["CN"] = OFFICE.name
    attendee.params["RSVP"] = "FALSE"
    event.add("organizer", organizer)
    event.add("attendee", attendee)
    return calendar_of("CANCEL" if is_cancelled else "REQUEST", [event], [appointment])


def event_of(
    appointment: Any, reference: str, title: str, stamp: datetime, *, is_cancelled: bool = False
) -> Any:
    """The event of a case's appointment, by its clinic's clock; nothing of it is medical and nobody is named."""
    from icalendar import STATUS, Event

    return Event.new(
        uid=f"{reference.lower()}@{OFFICE.email.partition('@')[2]}",
        sequence=2 * appointment.sequence + is_cancelled,
        stamp=stamp,
        summary=title,
        start=local(appointment.starts_at, appointment),
        end=local(appointment.ends_at, appointment),
        location=", ".join(place_of(appointment)),
        status=STATUS.CANCELLED if is_cancelled else STATUS.CONFIRMED,
    )


def calendar_of(method: str, events: Sequence[Any], appointments: Sequence[Any], name: str = "") -> bytes:
    """A calendar of these events with the time zones they need."""
    from icalendar import Calendar

    calendar = Calendar()
    for key, value in (("version", "2.0"), ("prodid", "-//Impartial//Appointment//EN"), ("method", method)):
        calendar.add(key, value)
    if name:
        calendar.add("x-wr-calname", name)
    for event in events:
        calendar.add_component(event)
    days = [row.starts_at.date() for row in appointments]
    if days:
        # Left to themselves the zone's rules begin too late, and calendars then read summer times an hour off.
        year = timedelta(days=400)
        calendar.add_missing_timezones(min(days) - year, max(days) + year)
    for zone in calendar.timezones:
        begin_by_the_clock_before(zone)
    return calendar.to_ical()


def begin_by_the_clock_before(zone: Any) -> None:
    """Where the clocks go forward, icalendar writes the hour they go to; RFC 5545 (3.6.5) wants the one they come from,
    and a strict reader would begin summer an hour late."""
    for part in zone.subcomponents:
        forward = part.TZOFFSETTO - part.TZOFFSETFROM
        if forward <= timedelta():
            continue
        part.DTSTART -= forward
        if later := part.rdates:
            del part["RDATE"]
            part.add("RDATE", [start - forward for start, *_ in later])


def place_lines(clinic: Any) -> list[str]:
    """Name and address of a clinic, as an envelope shows them."""
    return [clinic.name, clinic.street, f"{clinic.city}, {clinic.state} {clinic.zip}"]


def place_of(appointment: Any) -> list[str]:
    """Where an appointment is, line by line: the clinic, or by video and then nowhere else."""
    return [BY_VIDEO] if appointment.is_telehealth else place_lines(appointment.clinic)


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
