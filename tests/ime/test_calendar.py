"""The calendar file, read back by a calendar, and the appointment in everyday words."""

import io
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
from dateutil.tz import tzical

from portal import clock
from portal.ime.calendar import (
    calendar_file,
    calendar_of,
    countdown,
    event_of,
    invitation,
    length_in_words,
    written_time,
    zone_in_words,
)
from portal.models import Appointment, Clinic

PLACE = {
    "name": "Harbor Clinic; north",
    "street": "1 Pier",
    "city": "San Francisco",
    "state": "CA",
    "zip": "94103",
}


def appointment(month=1, zone="America/Los_Angeles", minutes=60, sequence=0):
    """On the 6th of the month in 2027, at 9:30 am as the clocks of the zone show."""
    starts_at = datetime(2027, month, 6, 9, 30, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    return Appointment(
        clinic=Clinic(time_zone=zone, **PLACE),
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=minutes),
        sequence=sequence,
        booked_at=datetime(2026, 6, 1, tzinfo=UTC),
    )


def read(file):
    calendar = icalendar.Calendar.from_ical(file)
    return calendar, calendar.walk("VEVENT")[0]


@pytest.mark.parametrize(
    ("zone", "month", "offset"),
    [
        ("America/Los_Angeles", 7, -7),
        ("America/Los_Angeles", 1, -8),
        ("America/New_York", 7, -4),
        ("America/New_York", 1, -5),
        ("Pacific/Honolulu", 7, -10),
        ("America/Phoenix", 7, -7),
    ],
)
def test_the_calendar_reads_the_local_time_in_summer_and_in_winter(zone, month, offset):
    calendar, event = read(calendar_file(appointment(month, zone), "IME-1042"))
    assert (event.start.hour, event.start.minute) == (9, 30)
    assert event.start.utcoffset() == timedelta(hours=offset)
    assert str(event["DTSTART"].params["TZID"]) == zone
    # The file's own rules say the same as the time zone database of whoever reads it.
    own = calendar.walk("VTIMEZONE")[0].to_tz(lookup_tzid=False)
    assert event.start.replace(tzinfo=own).utcoffset() == timedelta(hours=offset)


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "America/New_York", "Pacific/Honolulu"])
def test_another_reader_takes_the_same_times_from_the_rules_in_the_file(zone):
    file = calendar_file(appointment(7, zone), "IME-1042").decode()
    own = tzical(io.StringIO(file.replace("\r\n", "\n"))).get()
    for month in (1, 7):
        there = datetime(2027, month, 6, 9, 30, tzinfo=ZoneInfo(zone))
        assert there.replace(tzinfo=own).utcoffset() == there.utcoffset()


CHANGING = [
    *(
        f"America/{city}"
        for city in ("New_York", "Detroit", "Chicago", "Menominee", "Denver", "Boise", "Los_Angeles")
    ),
    *(
        f"America/{city}"
        for city in ("Anchorage", "Juneau", "Sitka", "Metlakatla", "Yakutat", "Nome", "Adak")
    ),
    *(f"America/Indiana/{town}" for town in ("Indianapolis", "Knox", "Marengo", "Petersburg", "Tell_City")),
    *(f"America/Indiana/{town}" for town in ("Vevay", "Vincennes", "Winamac")),
    *(f"America/Kentucky/{town}" for town in ("Louisville", "Monticello")),
    *(f"America/North_Dakota/{town}" for town in ("Beulah", "Center", "New_Salem")),
]
MARCH, NOVEMBER = date(2027, 3, 14), date(2027, 11, 7)


@pytest.mark.parametrize("zone", CHANGING)
def test_every_zone_that_turns_its_clocks_is_read_to_the_minute_on_either_side(zone):
    file = calendar_file(appointment(7, zone), "IME-1042")
    rules = read(file)[0].walk("VTIMEZONE")[0]
    # By RFC 5545 each begins as the clock shows that is still in use: 2 am, both in spring and in fall.
    for name, day in (("DAYLIGHT", MARCH), ("STANDARD", NOVEMBER)):
        turns = [part for part in rules.walk(name) if part.TZOFFSETFROM != part.TZOFFSETTO]
        onsets = [start for part in turns for start in (part.DTSTART, *(first for first, *_ in part.rdates))]
        assert {(each.hour, each.minute) for each in onsets} == {(2, 0)}
        assert day in {each.date() for each in onsets}
    readers = (rules.to_tz(lookup_tzid=False), tzical(io.StringIO(file.decode().replace("\r\n", "\n"))).get())
    for day, hours in ((MARCH, ((1, 59), (3, 0))), (NOVEMBER, ((0, 59), (2, 0)))):
        for hour, minute in hours:
            there = datetime.combine(day, time(hour, minute), ZoneInfo(zone))
            moment = there.astimezone(UTC)
            assert {there.replace(tzinfo=own).astimezone(UTC) for own in readers} == {moment}, there


def test_the_rules_of_the_zone_are_those_of_the_years_around_the_appointment():
    """Rules that reach back to 1970 make some calendars read summer times an hour off."""
    zone = read(calendar_file(appointment(7), "IME-1042"))[0].walk("VTIMEZONE")[0]
    years = {part["DTSTART"].dt.year for part in zone.walk() if part.name in {"STANDARD", "DAYLIGHT"}}
    assert years <= {2026, 2027, 2028}


def test_a_moved_appointment_takes_the_place_of_the_one_before():
    first = read(calendar_file(appointment(), "IME-1042"))[1]
    moved = read(calendar_file(appointment(2, sequence=3), "IME-1042"))[1]
    assert first["UID"] == moved["UID"] == "ime-1042@impartial.example"
    assert (first["SEQUENCE"], moved["SEQUENCE"]) == (0, 6)


def test_the_same_appointment_makes_the_same_file():
    one, two = (calendar_file(appointment(), "IME-1042") for _ in range(2))
    assert one == two


def test_the_calendar_says_where_and_nothing_medical():
    calendar, event = read(calendar_file(appointment(), "IME-1042"))
    assert event["SUMMARY"] == "Medical examination appointment"
    assert event["LOCATION"] == "Harbor Clinic; north, 1 Pier, San Francisco, CA 94103"
    assert "(800) 555-0142" in event["DESCRIPTION"]
    assert calendar["METHOD"] == "PUBLISH"
    assert event.walk("VALARM")[0]["TRIGGER"].dt == timedelta(days=-1)


def test_the_countdown_follows_the_calendar_of_the_clinic():
    booked = appointment()
    for moment, words in (
        (datetime(2027, 1, 6, 7, tzinfo=UTC), "Tomorrow"),  # still the evening of the 5th there
        (datetime(2027, 1, 6, 9, tzinfo=UTC), "Today"),
        (datetime(2026, 12, 22, 18, tzinfo=UTC), "In 15 days"),
        (datetime(2027, 1, 8, 18, tzinfo=UTC), ""),
    ):
        with clock.set_to(moment):
            assert countdown(booked) == words


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (30, "About 30 minutes"),
        (60, "About 1 hour"),
        (90, "About 1 hour and 30 minutes"),
        (120, "About 2 hours"),
    ],
)
def test_the_length_is_said_in_words(minutes, words):
    assert length_in_words(appointment(minutes=minutes)) == words


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("America/New_York", "Eastern time"),
        ("America/Chicago", "Central time"),
        ("America/Phoenix", "Mountain time"),
        ("America/Los_Angeles", "Pacific time"),
        ("America/Anchorage", "Alaska time"),
        ("Pacific/Honolulu", "Hawaii time"),
        ("America/Puerto_Rico", "Atlantic time"),
        ("Pacific/Guam", "ChST"),
    ],
)
def test_a_zone_is_called_what_people_call_it(zone, words):
    for month in (1, 7):
        assert zone_in_words(datetime(2027, month, 6, tzinfo=ZoneInfo(zone))) == words


def test_a_time_is_written_out():
    moment = datetime(2026, 12, 8, 17, 5, tzinfo=UTC)
    assert written_time(moment, "America/Los_Angeles") == "Tuesday, December 8, 2026 at 9:05 am Pacific time"
    assert written_time(moment, "America/New_York").endswith("12:05 pm Eastern time")


@pytest.mark.parametrize(("month", "offset"), [(1, -8), (3, -8), (4, -7), (11, -7), (12, -8)])
@pytest.mark.parametrize("is_cancelled", [False, True])
def test_an_invitation_and_its_cancellation_show_the_clock_of_the_clinic_on_either_side_of_its_changes(
    month, offset, is_cancelled
):
    asked = {"to": "a@mail.example", "is_expert": True, "stamp": datetime(2026, 6, 1, tzinfo=UTC)}
    calendar, event = read(invitation(appointment(month), "IME-1042", is_cancelled=is_cancelled, **asked))
    own = calendar.walk("VTIMEZONE")[0].to_tz(lookup_tzid=False)
    assert (event.start.hour, event.start.minute) == (9, 30)
    assert event.start.replace(tzinfo=own).utcoffset() == timedelta(hours=offset)
    assert str(calendar["METHOD"]) == ("CANCEL" if is_cancelled else "REQUEST")


def test_a_feed_over_several_zones_and_seasons_carries_the_rules_of_each():
    zones = ("America/Los_Angeles", "America/New_York", "America/Phoenix", "Pacific/Honolulu")
    shown = [appointment(month, zone) for zone in zones for month in (1, 7)]
    events = [
        event_of(each, f"IME-{place}", "Examination", each.booked_at) for place, each in enumerate(shown)
    ]
    calendar = icalendar.Calendar.from_ical(calendar_of("PUBLISH", events, shown))
    rules = {str(part["TZID"]): part.to_tz(lookup_tzid=False) for part in calendar.walk("VTIMEZONE")}
    assert rules.keys() == set(zones)
    for event, each in zip(calendar.walk("VEVENT"), shown, strict=True):
        there = event.start.replace(tzinfo=rules[each.clinic.time_zone])
        assert there == each.starts_at and (there.hour, there.minute) == (9, 30)
