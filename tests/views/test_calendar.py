"""The calendar elsewhere: feeds behind a secret address, and invitations that come with the mails."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest

from portal import clock, notices, outside
from portal.ime.appointment import booked_appointment, cancel_appointment, move_appointment
from portal.ime.bars import place_bar
from portal.ime.calendar_feed import MOST_FEEDS, make_feed
from portal.ime.matching import release_expert
from portal.ime.people import disable_person, enable_person, reset_factors, reset_password
from portal.models import AuditRecord, CalendarFeed, Clinic, User
from portal.outside.mail import MemoryMailer
from portal.words import Act, IdentityProof, Role, Stage


@pytest.fixture
def feed(app, world, case_at):
    """Reads the feed at a token; gives the answer and the events in it."""
    client = app.test_client()

    def read(token, **headers):
        response = client.get(f"/calendars/{token}.ics", headers=headers)
        found = icalendar.Calendar.from_ical(response.data) if response.status_code == 200 else None
        return response, {str(each["UID"]): each for each in found.walk("VEVENT")} if found else {}

    return read


def events_of(mail):
    calendar = icalendar.Calendar.from_ical(mail.calendar)
    return str(calendar["METHOD"]), calendar.walk("VEVENT")[0]


def test_an_expert_makes_an_address_that_is_shown_once_and_ends_it(visitor, world, feed):
    page = visitor(world.expert).opens("/hours").follows("Show your examinations in your own calendar")
    page.presses("Make an address")
    [address] = page.tree.xpath("//*[contains(@class,'reference')]/text()")
    token = address.rpartition("/")[2].removesuffix(".ics")
    assert feed(token)[0].status_code == 200
    assert token not in page.opens("/calendar").text and page.sees("last read")
    page.presses("End it All clinics")
    assert page.sees("The address is ended") and feed(token)[0].status_code == 404


def test_the_feed_holds_time_place_and_reference_and_nobody(world, feed, case_at):
    case = case_at(Stage.BOOKED)
    booked = booked_appointment(case)
    response, events = feed(make_feed(world.expert.expert))
    event = next(each for each in events.values() if case.reference in str(each["SUMMARY"]))
    assert event.start == booked.starts_at.astimezone(ZoneInfo(booked.clinic.time_zone))
    assert response.headers["Cache-Control"] == "no-store"
    for secret in (
        case.claimant.name,
        case.claimant.name.split()[-1],
        "shoulder",
        "claim",
        case.treating_doctor,
    ):
        assert secret.lower() not in response.text.lower()
    assert AuditRecord.select().where(AuditRecord.act == Act.EXPORTED).count() == 1


def test_what_is_moved_or_cancelled_changes_in_the_feed(world, feed, case_at):
    case, token = case_at(Stage.BOOKED), make_feed(world.expert.expert)
    booked = booked_appointment(case)
    uid = next(uid for uid in feed(token)[1] if case.reference.lower() in uid)
    later = booked.starts_at + timedelta(days=14)
    when = {"clinic": booked.clinic, "starts_at": later, "ends_at": later + timedelta(hours=1)}
    move_appointment(case, by=world.coordinator, why="Later.", **when)
    moved = feed(token)[1][uid]
    assert moved.start == later and moved["SEQUENCE"] > 0
    cancel_appointment(case, by=world.coordinator, why="It can wait.")
    gone = feed(token)[1][uid]
    assert str(gone["STATUS"]) == "CANCELLED" and gone["SEQUENCE"] > moved["SEQUENCE"]
    with clock.set_to(clock.now() + timedelta(days=40)):
        assert uid not in feed(token)[1]


def test_a_feed_of_one_clinic_holds_only_its_own(world, feed):
    expert = world.expert.expert
    elsewhere = Clinic.create(
        expert=expert,
        name="North",
        street="1",
        city="Reno",
        state="NV",
        zip="89501",
        time_zone="America/Los_Angeles",
    )
    assert feed(make_feed(expert, elsewhere))[1] == {}
    assert feed(make_feed(expert, expert.clinics.order_by(Clinic.id).first()))[1]


def test_a_calendar_that_has_it_already_is_not_sent_it_again(world, feed):
    token = make_feed(world.expert.expert)
    response, _ = feed(token)
    again, _ = feed(token, **{"If-None-Match": response.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_unknown_ended_and_disabled_addresses_are_all_not_there(world, feed):
    token = make_feed(world.expert.expert)
    assert feed("x" * 43)[0].status_code == 404
    User.update(disabled_at=clock.now()).where(User.id == world.expert.id).execute()
    assert feed(token)[0].status_code == 404


def test_a_case_from_which_the_expert_is_barred_is_not_in_the_feed(world, feed, case_at):
    case = case_at(Stage.BOOKED)
    token = make_feed(world.expert.expert)
    assert case.reference in feed(token)[0].text
    place_bar(case, by=world.coordinator, user=world.expert, why="A relative.")
    assert case.reference not in feed(token)[0].text


@pytest.mark.parametrize("how", ["disabled and enabled", "password", "factors", "another role"])
def test_an_address_ends_with_the_sessions_of_its_expert(world, feed, how):
    token, manager = make_feed(world.expert.expert), world.coordinator
    User.update(joined_at=clock.now()).where(User.id == world.expert.id).execute()
    expert = User.get_by_id(world.expert.id)
    if how == "disabled and enabled":
        disable_person(expert, by=manager)
        enable_person(User.get_by_id(world.expert.id), by=manager)
    elif how == "password":
        reset_password(expert, by=manager)
    elif how == "factors":
        reset_factors(expert, by=manager, proof=IdentityProof.IN_PERSON)
    else:
        User.update(role=Role.COORDINATOR).where(User.id == world.expert.id).execute()
    assert feed(token)[0].status_code == 404


def test_there_is_an_end_to_addresses(visitor, world):
    for _ in range(MOST_FEEDS):
        make_feed(world.expert.expert)
    page = visitor(world.expert).opens("/calendar").presses("Make an address")
    assert page.status == 422 and page.sees("You have 10 addresses already.")
    assert CalendarFeed.select().count() == MOST_FEEDS


# --- invitations ------------------------------------------------------------------------------------------------


@pytest.fixture
def mails(monkeypatch):
    """What is sent from now on, by who it goes to."""
    mailer = MemoryMailer()
    monkeypatch.setitem(outside._connected, "mailer", mailer)
    notices.send_owed()
    mailer.sent.clear()

    def sent():
        notices.send_owed()
        found = {mail.to: mail for mail in mailer.sent}
        mailer.sent.clear()
        return found

    return sent


def test_moving_and_cancelling_bring_an_invitation_that_takes_the_place_of_the_one_before(
    world, case_at, mails
):
    case = case_at(Stage.BOOKED)
    booked = booked_appointment(case)
    later = booked.starts_at + timedelta(days=14)
    when = {"clinic": booked.clinic, "starts_at": later, "ends_at": later + timedelta(hours=1)}
    move_appointment(case, by=world.coordinator, why="Later.", **when)
    sent = mails()
    for to in (case.claimant.email, world.expert.email):
        method, event = events_of(sent[to])
        assert (method, event.start) == ("REQUEST", later)
        assert str(event["ATTENDEE"]).endswith(to) and str(event["ORGANIZER"]).startswith("mailto:")
        assert case.claimant.name not in sent[to].calendar
    assert not sent[world.referrer.email].calendar
    first = event["SEQUENCE"]
    cancel_appointment(case, by=world.coordinator, why="It can wait.")
    method, event = events_of(mails()[world.expert.email])
    assert (method, str(event["STATUS"])) == ("CANCEL", "CANCELLED")
    assert event["SEQUENCE"] > first


def test_whoever_is_released_is_called_off(world, case_at, mails):
    case = case_at(Stage.BOOKED)
    release_expert(case, by=world.coordinator, why="Ill.")
    method, event = events_of(mails()[world.expert.email])
    assert method == "CANCEL" and case.reference in str(event["SUMMARY"])


def test_a_mail_with_an_invitation_is_the_same_in_every_attempt():
    from portal.outside.mail import Mail, _message

    mail = Mail(
        "a@mail.example",
        "S",
        "T",
        "notice-1.2@localhost",
        clock.now(),
        "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
        "REQUEST",
    )
    one, two = (_message(mail, "Office <o@office.example>").as_bytes() for _ in range(2))
    assert one == two and b'method="REQUEST"' in one.replace(b"method=REQUEST", b'method="REQUEST"')
    assert b"text/calendar" in one and b"text/plain" in one
