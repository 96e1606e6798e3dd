"""The whole journey, by people who type only the front door and then follow links and press buttons."""

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from portal import clock, demo, notices, outside
from portal.ime.chain import chain, is_unbroken
from portal.models import Appointment, Case
from portal.words import Stage
from tests.client import Visitor, said
from tests.paper import a_pdf, handed
from tests.second_factor import App

CLAIMANT = "Amelia Hart"
QUESTIONS = {
    "diagnosis": "What is the diagnosis of the left knee?",
    "causation": "What caused the condition of the left knee?",
}
SECTIONS = ("history", "records_reviewed", "complaints", "examination", "diagnoses", "discussion")


@pytest.fixture
def comes(app, world):
    """Somebody opens the front door and signs in through the form."""

    def come(person):
        door, telephone = Traveler(app).opens("/"), App(person)
        door.presses("Sign in", email=person.email, password=demo.PASSWORD)
        return door.presses("Continue with the code", code=telephone.code())

    return come


@pytest.fixture
def at_case(comes):
    """Somebody signs in and goes to the case from their home, or from the list of all their cases."""

    def go(person, reference):
        reader = comes(person)
        return to(reader, reference) or to(reader.follows("Cases"), reference)

    return go


def to(reader, reference):
    """Follow the row of the case on this page; None where there is none."""
    rows = reader.tree.xpath(f"//li[contains(., '{reference}')]//a[@class='row__link']")
    return reader.opens(rows[0].get("href")) if rows else None


def picks(reader, name, words):
    """The value of the first choice called `name` whose surroundings say these words."""
    for choice in reader.tree.xpath(f"//input[@name='{name}']"):
        if words in said(choice.getparent()) or words in said(choice.getparent().getparent()):
            return choice.get("value")
    raise AssertionError(f"no {name} says {words}")


def fields(reader, prefix):
    """The names of the fields that begin like this, in the order of the page, each once."""
    names = reader.tree.xpath(f"//*[starts-with(@name, '{prefix}')]/@name")
    return list(dict.fromkeys(names))


class Traveler(Visitor):
    """A visitor whose every press must be taken: a page with errors ends the journey and says why."""

    def submits(self, form, button, answers):
        super().submits(form, button, answers)
        assert self.status == 200, f"{said(button)}: {self.main}"
        return self


# --- need and questions


def refers(referrer):
    """From the home to a referral that is sent; the reference of the case."""
    referrer.follows("Refer a case").presses("Start the referral")
    referrer.presses(
        "Save and continue", reason="causation_disputed", need="The cause of the complaint is disputed."
    )
    referrer.presses("Save and continue", exam_kind="CA-QME", claim_numbers="LM-2026-009001")
    referrer.presses(
        "Save and continue", **{"row-0-body_part": "knee", "row-0-side": "left", "row-0-status": "accepted"}
    )
    referrer.presses(
        "Save and continue",
        treating_doctor="Linda Marsh, MD",
        opinion_causation="Caused wholly by the fall at work.",
        source_causation="Note, page 4",
    )
    born = {"born_on-month": "5", "born_on-day": "14", "born_on-year": "1979"}
    address = {"street": "48 Alder Court", "city": "Oakland", "state": "CA", "zip": "94607"}
    referrer.presses("Save and continue", name=CLAIMANT, email="amelia.hart@mail.example", **born, **address)
    referrer.presses("Save and continue")  # nobody else belongs to the case
    referrer.presses("Save and continue")  # no date matters
    for place, (issue, text) in enumerate(QUESTIONS.items()):
        if place:
            referrer.presses("Add your own question")
        referrer.presses("Check the wording", **{f"row-{place}-text": text, f"row-{place}-issue": issue})
    referrer.presses("Save and continue")
    if "Send the referral" not in referrer.buttons:
        referrer.follows("All parts of the referral")
    referrer.presses("Send the referral")
    return re.search(r"IME-\d+", referrer.text)[0]


# --- the office, the expert and the claimant


def accepts_and_asks(coordinator):
    coordinator.follows("Accept the referral").presses("Accept the referral")
    coordinator.follows("Ask for a record").presses(
        "Ask for the record",
        what="Films of the left knee",
        kind="imaging",
        asked_of="provider",
        **day_ahead(9),
    )


def day_ahead(days, name="due_on"):
    day = clock.today() + timedelta(days=days)
    return {f"{name}-month": str(day.month), f"{name}-day": str(day.day), f"{name}-year": str(day.year)}


def offers(coordinator, expert):
    coordinator.follows("Offer the case")
    chosen = picks(coordinator, "expert", expert.name)
    coordinator.presses("Offer the case", expert=chosen, why_not_first="Sees knees every day.")


def takes(expert):
    expert.follows("Take the case")
    expert.presses("Take the case", has_treated="no", shares_practice="no", has_financial_link="no")


def files(coordinator):
    coordinator.follows("Add documents").presses(
        "Add the documents",
        files=handed(("films.pdf", a_pdf("films", 3))),
        kind="imaging",
        provider="Bay Imaging",
    )
    assert coordinator.sees("films.pdf")


def books_and_briefs(coordinator):
    coordinator.follows("Book the appointment")
    slot = coordinator.tree.xpath("//input[@name='slot']/@value")[0]
    coordinator.presses("Continue with this time", slot=slot).presses("Book the appointment")
    coordinator.follows("Send the brief").presses("Send the brief", override="They have them.")


def confirms(claimant):
    """From the link in the mail to "I am coming"."""
    notices.send_owed()
    mail = [each for each in outside.mailer().sent if each.to == "amelia.hart@mail.example"][-1]
    link = re.search(r"http://localhost(/\S+)", mail.text)[1]
    claimant.opens(link)
    claimant.presses("Open my appointment")
    claimant.presses("Confirm you are coming")


def examines(expert, held):
    expert.follows("Record the examination")
    starts, zone = held.starts_at, ZoneInfo(held.clinic.time_zone)
    began, finished = (f"{starts.astimezone(zone) + timedelta(minutes=after):%I:%M %p}" for after in (5, 55))
    expert.presses(
        "Record the examination",
        outcome="completed",
        identity_checked="yes",
        consent_given="yes",
        present="The claimant alone",
        began_at=began,
        finished_at=finished,
    )


def reports(expert):
    expert.follows("Write the report")
    written = {f"section_{key}": "As found." for key in SECTIONS}
    for name in fields(expert, "opinion_"):
        number = name.removeprefix("opinion_")
        written |= {
            name: "Worn before the fall.",
            f"reasons_{number}": "The films.",
            f"certainty_{number}": "probable",
        }
    expert.presses("Save and read it through", **written)
    expert.presses("Sign the report", is_own="yes")


def releases_the_report(coordinator):
    coordinator.follows("Check the report")
    coordinator.presses(
        "Release the report",
        override="By mail.",
        checked=coordinator.tree.xpath("//input[@name='checked']/@value"),
    )


# --- review and clarification


def asks_back(referrer):
    referrer.follows("Review the answers")
    verdicts = {"answered_1": "yes", "answered_2": "no", "why_2": "What of the wear came from the fall?"}
    referrer.presses("Save your review", **verdicts).follows("Ask for clarification")
    referrer.presses("Ask for clarification")


def sends_on(coordinator):
    coordinator.follows("Send the clarification").presses("Send the clarification")


def adds(expert):
    expert.follows("Write the addendum")
    number = fields(expert, "opinion_")[0].removeprefix("opinion_")
    answer = {
        f"opinion_{number}": "About half.",
        f"reasons_{number}": "The films.",
        f"certainty_{number}": "probable",
    }
    expert.presses("Save your answers", **answer).follows("Read it once more and sign")
    expert.presses("Sign the addendum", attests="yes")


def releases_the_addendum(coordinator):
    coordinator.follows("Check the addendum").presses("Release the addendum", override="By mail.")


def accepts(referrer):
    referrer.follows("Review the answers")
    referrer.presses("Save your review", answered_2="yes").follows("Accept the report")
    referrer.presses("Accept the report")


def test_a_referral_travels_from_need_to_closure_through_screens_alone(app, world, comes, at_case):
    reference = refers(comes(world.referrer))
    accepts_and_asks(at_case(world.coordinator, reference))
    offers(at_case(world.coordinator, reference), world.expert)
    takes(at_case(world.expert, reference))
    files(at_case(world.coordinator, reference))
    books_and_briefs(at_case(world.coordinator, reference))
    confirms(Traveler(app))
    case = Case.get(Case.reference == reference)
    held = Appointment.get(Appointment.case == case)
    assert (case.stage, case.confirmed_at is not None) == (Stage.BOOKED, True)

    with clock.set_to(held.ends_at):
        examines(at_case(world.expert, reference), held)
    with clock.set_to(held.ends_at + timedelta(days=1)):
        reports(at_case(world.expert, reference))
        releases_the_report(at_case(world.coordinator, reference))
    with clock.set_to(held.ends_at + timedelta(days=2)):
        asks_back(at_case(world.referrer, reference))
        sends_on(at_case(world.coordinator, reference))
    with clock.set_to(held.ends_at + timedelta(days=3)):
        adds(at_case(world.expert, reference))
        releases_the_addendum(at_case(world.coordinator, reference))
        referrer = at_case(world.referrer, reference)
        assert referrer.sees("About half.")
        accepts(referrer)

    closed = Case.get(Case.reference == reference)
    assert (closed.stage, closed.is_open) == (Stage.CLOSED, False)
    assert [link.name for link in chain(closed)] == ["Report", "Addendum 1"]
    assert is_unbroken(closed)
    notices.send_owed()
    assert closed.events.count() >= 20
