"""The calendar elsewhere: feeds behind a secret address, and invitations that come with the mails."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest

from portal import account_mail, clock, notices, outside
from portal.demo import PASSWORD
from portal.ime.activity import touched
from portal.ime.appointment import booked_appointment, cancel_appointment, move_appointment
from portal.ime.bars import place_bar
from portal.ime.calendar_feed import MOST_FEEDS, make_feed
from portal.ime.directory import ways
from portal.ime.matching import release_expert
from portal.ime.password_reset import change_password
from portal.ime.people import disable_person, enable_person, move_person, reset_factors, reset_password
from portal.models import AccountNotice, AuditRecord, CalendarFeed, Case, Clinic, Offer, Organisation, User
from portal.outside.mail import MemoryMailer
from portal.words import AccountMail, Act, IdentityProof, OrganisationKind, Role, Stage
from tests.client import said


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


def test_a_reading_is_on_record_as_the_experts_with_every_case_in_it(world, feed, case_at, visitor):
    """Whoever judges a breach, or asks who looked, knew nothing of what left by this way."""
    case, began = case_at(Stage.BOOKED), clock.now()
    office = visitor(world.coordinator)
    assert not office.opens(f"/cases/{case.reference}/sightings").sees("calendar program")
    _, events = feed(make_feed(world.expert.expert))
    kept = AuditRecord.get(AuditRecord.act == Act.EXPORTED)
    assert (kept.user, kept.organisation, kept.party) == (
        world.expert.id,
        world.expert.organisation_id,
        "expert",
    )
    assert case.id in kept.facts["cases"] and len(kept.facts["cases"]) == len(events)
    whole = touched(world.expert, began - timedelta(days=1), clock.now() + timedelta(days=1))
    assert whole.cases[case.id].listed == 1
    assert office.opens(f"/cases/{case.reference}/sightings").sees("calendar program reads when and where")
    other = visitor(world.coordinator).opens(f"/cases/{case_at(Stage.MATCHING).reference}/sightings")
    assert not other.sees("calendar program")


def test_making_an_address_asks_for_a_factor_and_is_told_to_the_expert(visitor, world):
    page = visitor(world.expert).opens("/calendar")
    with clock.set_to(clock.now() + timedelta(minutes=11)):
        assert page.opens("/calendar").response.request.path == "/sign-in/second-factor"
        assert page.client.get("/calendar").status_code == 303
    assert not CalendarFeed.select().exists()
    visitor(world.expert).opens("/calendar").presses("Make an address")
    told = AccountNotice.get(AccountNotice.user == world.expert)
    assert told.kind == AccountMail.CALENDAR_ADDRESS
    assert account_mail.url_for(told).endswith("/calendar")


def test_a_manager_sees_that_a_calendar_is_read_elsewhere_and_ends_it(visitor, world, feed):
    token = make_feed(world.expert.expert)
    feed(token)
    manager = visitor(world.coordinator).opens(f"/people/{world.expert.id}")
    assert manager.sees("Where their calendar is read")
    assert ways([world.expert.id])[world.expert.id].feeds == 1
    review = manager.opens("/access-review")
    assert f"{world.expert.name}{world.expert.organisation.name}1" in said(
        review.tree.xpath("//h2[text()='Calendars read at an address']/following::table")[0]
    )
    manager.opens(f"/people/{world.expert.id}").presses("End these addresses")
    assert manager.sees("at an address any more") and manager.sees("At no address.")
    assert feed(token)[0].status_code == 404
    assert (
        AccountNotice.get(AccountNotice.kind == AccountMail.RIGHTS_CHANGED).facts["what"] == "addresses_ended"
    )


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


@pytest.mark.parametrize(
    "how",
    [
        "disabled and enabled",
        "password",
        "factors",
        "another role",
        "own password",
        "another organization",
        "signed out elsewhere",
    ],
)
def test_an_address_ends_with_the_sessions_of_its_expert(visitor, world, feed, how):
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
    elif how == "own password":
        change_password(expert, present=PASSWORD, password="another quite long phrase 77", session=0)
    elif how == "another organization":
        Case.update(expert=None).where(Case.expert == expert.expert).execute()
        Offer.delete().execute()
        practice = Organisation.create(name="Another practice", kind=OrganisationKind.PRACTICE)
        move_person(expert, by=manager, organisation=practice)
    elif how == "signed out elsewhere":
        visitor(expert)
        page = visitor(expert).opens("/account/sessions").presses("Sign out everywhere else")
        assert page.sees("The addresses of your calendar have ended too.")
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
