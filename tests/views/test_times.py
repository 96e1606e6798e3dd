"""Times to choose from, on screen: offered by a coordinator, taken by a claimant on their phone."""

from datetime import timedelta

import pytest

from portal import clock
from portal.ime.appointment import booked_appointment
from portal.ime.guidance import notice
from portal.ime.holds import offered
from portal.ime.instructions import make_link
from portal.models import Case, Event, Expert, RuleOverride, SecureLink, SlotHold, WeeklyHours
from portal.words import Stage


def values(page, name):
    return page.tree.xpath(f"//input[@name='{name}']/@value")


@pytest.fixture
def case(case_at):
    return case_at(Stage.SCHEDULING)


@pytest.fixture
def offering(visitor, world, case):
    page = visitor(world.coordinator).opens(f"/cases/{case.reference}").follows("Book the appointment")
    return page.follows("Let the claimant choose")


@pytest.fixture
def claimant(visitor, case):
    def arrives():
        make_link(case)
        return visitor(
            SecureLink.select().where(SecureLink.case == case).order_by(SecureLink.id.desc()).first()
        )

    return arrives


def test_the_claimant_is_offered_three_times_and_takes_one(offering, claimant, case):
    assert offering.sees("Best for this case") and offering.sees("miles from home")
    offering.presses("Offer these times", slots=values(offering, "slots")[:3])
    assert offering.sees("The claimant is sent a link to choose.")
    assert offering.sees("Waiting for the claimant") and offering.sees(
        "Offered to the claimant, who chooses one:"
    )
    page = claimant().opens("/appointment")
    assert page.heading == "Choose your appointment" and len(values(page, "slot")) == 3
    page.presses("Take this time")
    assert page.status == 422 and page.sees("Choose a time")
    wanted = values(page, "slot")[1]
    page.presses("Take this time", slot=wanted)
    assert page.sees("Your appointment is booked.") and page.sees("What to bring")
    booked = booked_appointment(case)
    assert f"{booked.clinic_id}-{booked.starts_at:%Y%m%dT%H%M%SZ}" == wanted
    assert booked.letter_id and Case.get_by_id(case.id).confirmed_at


def test_the_link_alone_takes_a_time_and_says_nothing_of_where_the_claimant_lives(offering, visitor, case):
    offering.presses("Offer these times", slots=values(offering, "slots")[:2])
    page = visitor().opens(f"/appointment/link/{make_link(case)}").presses("Open my appointment")
    assert page.heading == "Choose your appointment" and not page.sees("from your home")
    page.opens("/appointment/identity")
    born = case.claimant.born_on
    parts = {"month": born.month, "day": born.day, "year": born.year}
    page.presses("Continue", **{f"born_on-{name}": str(part) for name, part in parts.items()})
    assert page.opens("/appointment/times").sees("from your home")
    with clock.set_to(clock.now() + timedelta(hours=1, minutes=1)):
        assert not page.opens("/appointment/times").sees("from your home")
        page.presses("Take this time", slot=values(page, "slot")[0])
        assert page.sees("Your appointment is booked.")


def test_a_claimant_who_can_take_none_says_so(offering, claimant, case):
    offering.presses("Offer these times", slots=values(offering, "slots")[:1])
    page = claimant().opens("/appointment").follows("None of these works for me")
    assert page.presses("Send", why=" ").status == 422
    page.presses("Send", why="I can come on Fridays only.")
    assert page.sees("We will find other times")
    assert not offered(case) and Case.get_by_id(case.id).stage == Stage.SCHEDULING


def test_a_time_that_ran_out_while_the_page_was_open_is_said_kindly(offering, claimant):
    offering.presses("Offer these times", slots=values(offering, "slots")[:2])
    page = claimant().opens("/appointment/times")
    wanted = values(page, "slot")[0]
    SlotHold.update(expires_at=clock.now() - timedelta(minutes=1)).execute()
    page.presses("Take this time", slot=wanted)
    assert page.status == 422
    assert page.opens("/appointment").status == 200


def test_without_an_offer_there_is_nothing_to_choose(claimant):
    page = claimant().opens("/appointment/times")
    assert page.heading != "Choose your appointment" and page.status == 200


@pytest.mark.parametrize(
    ("many", "said"), [(0, "Choose one to three times"), (4, "Choose one, two or three times.")]
)
def test_none_or_too_many_times_are_refused_with_what_was_chosen_kept(offering, many, said):
    chosen = values(offering, "slots")[:many]
    offering.presses("Offer these times", slots=chosen)
    assert offering.status == 422 and offering.sees(said)
    assert offering.tree.xpath("//input[@name='slots'][@checked]/@value") == chosen
    assert not SlotHold.select().exists()


def test_times_against_a_rule_need_a_reason(visitor, world, case):
    first = clock.today() + timedelta(days=150)
    page = visitor(world.coordinator).opens(f"/cases/{case.reference}/appointment/times?from={first}")
    page.presses("Offer these times", slots=values(page, "slots")[:1])
    assert page.status == 422 and page.sees("A rule stands against it") and page.sees("CA-QME-07")
    page.presses("Offer these times", override="Both sides agreed in writing.")
    assert RuleOverride.select().count() == 1 and offered(case)


def test_offered_times_are_taken_back(offering, case):
    offering.presses("Offer these times", slots=values(offering, "slots")[:1])
    offering.opens(f"/cases/{case.reference}/appointment/times").follows("Take them back")
    assert offering.presses("Take the times back", why="").status == 422
    offering.presses("Take the times back", why="The expert is ill.")
    assert offering.sees("Please tell the claimant.") and not offered(case)


def test_a_freed_time_is_given_to_a_case_with_one_button(visitor, world, case_at, case):
    booked_case = case_at(Stage.BOOKED)
    when = booked_appointment(booked_case).starts_at
    page = visitor(world.coordinator).opens(f"/cases/{booked_case.reference}/appointment/cancel")
    page.presses("Cancel the appointment", wanted_by="referrer", why="It can wait.")
    page.opens("/freed-times").presses("Give it this time")
    assert page.heading == "Book this time?"
    page.presses("Book the appointment")
    assert page.sees("Booked for")
    assert booked_appointment(Case.get_by_id(case.id)).starts_at == when
    assert page.opens("/freed-times").sees("No freed times")


def test_an_examination_by_video_sends_nobody_to_the_clinic(visitor, world, case, claimant):
    Expert.update(accepts_telehealth=True).where(Expert.id == case.expert_id).execute()
    clinic = case.expert.clinics.get()
    for row in WeeklyHours.select().where(WeeklyHours.clinic == clinic):
        row.is_telehealth = True
        row.save()
    page = visitor(world.coordinator).opens(f"/cases/{case.reference}/appointment/new?video=1")
    page.presses("Continue with this time", slot=values(page, "slot")[0])
    page.presses("Book the appointment")
    booked = booked_appointment(case)
    assert booked.is_telehealth and page.sees("By video") and not page.sees(clinic.street)
    letter = notice(Case.get_by_id(case.id), booked)
    assert letter["where"]["name"] == "By video" and not letter["directions"]
    assert letter["travel"] == "You do not travel for this examination."
    said = claimant().opens("/appointment")
    assert said.sees("By video") and said.sees("tells you how to join")
    assert not said.sees(clinic.street) and not said.sees("Show on a map") and not said.sees("Getting there")
    event = case.events.where(Event.step == "book_appointment").get()
    assert event.facts["place"] == "by video"
