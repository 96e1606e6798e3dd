"""One case from need to closure, acted on a phone by four people who see only their own pages, with JavaScript and without."""

import re
from datetime import date, timedelta

import pytest

from portal import clock, demo, notices, outside
from portal.models import Appointment, Case
from portal.words import Stage
from tests.browser.person import Person
from tests.paper import a_pdf
from tests.second_factor import App

CAST = ("referrer", "coordinator", "expert", "claimant")
CLAIMANT = "Ines Carver"
MAIL = "ines.carver@mail.example"


class Play:
    """The four people with a browser each, the case, and the time that passes between them."""

    def __init__(self, site, world, window, has_scripts):
        self.site, self.world, self.has_scripts = site, world, has_scripts
        self.before = {case.id for case in Case.select()}
        self.people = {
            name: Person(window(width=360, height=780, javascript=has_scripts), has_scripts) for name in CAST
        }

    @property
    def case(self):
        [case] = [case for case in Case.select() if case.id not in self.before]
        return case

    def at_desk(self, name):
        """Some minutes later the person comes to their desk, and signs in where the session has ended."""
        self.site.wait(minutes=7)
        person = self.people[name].opens("/")
        if person.page.get_by_label("Password").count():
            self.sign_in(name)
        return person

    def sign_in(self, name):
        """By e-mail and password, and a code of the app on their telephone."""
        user = getattr(self.world, name)
        with clock.set_to(self.site.moment):
            code = App(user).code()
        person = self.people[name].signs_in(user.email, demo.PASSWORD)
        return person.types("Code", code).presses("Continue with the code")

    def at_case(self, name):
        """The person opens the case from the list of theirs."""
        return self.at_desk(name).follows("Cases").follows(CLAIMANT)

    def mail_to(self, address):
        """What the portal has sent to somebody, the newest last."""
        with clock.set_to(self.site.moment):
            notices.send_owed()
        return [mail.text for mail in outside.mailer().sent if mail.to == address]

    def faults(self):
        return [f"{name} {fault}" for name, person in self.people.items() for fault in person.sight.faults]


@pytest.fixture
def play(request, site, world, window):
    outside.mailer().sent.clear()
    return Play(site, world, window, request.param)


def refer(play):
    """The referrer refers a case, part by part."""
    day = play.site.moment.date()
    email = play.world.referrer.email
    referrer = play.people["referrer"].opens("/").signs_in(email, "not the password")
    referrer.sees("There is a problem")
    play.sign_in("referrer")
    referrer.follows("Refer a case").presses("Start the referral")
    referrer.ticks("The cause is disputed", under="What is the main reason?")
    referrer.types("Why is an examination needed?", "The cause of the complaints is disputed.")
    referrer.presses("Save and continue")
    referrer.selects("Jurisdiction and kind", "California workers' compensation: panel QME or AME")
    referrer.types("Claim number", "LM-2026-009001").presses("Save and continue")
    referrer.selects("Which part of the body?", "Shoulder").selects("Side", "Left")
    referrer.ticks("Accepted", under="Does the payer accept it")
    referrer.dates("Date of injury", day - timedelta(days=150)).presses("Save and continue")
    referrer.types("Name", "Linda Marsh, MD").unfolds("Cause of the condition")
    referrer.types("What the doctor concluded", "Caused wholly by the fall.", under="Cause of the condition")
    referrer.presses("Save and continue")
    referrer.types("Full name", CLAIMANT).dates("Date of birth", date(1984, 6, 2)).types("E-mail", MAIL)
    referrer.types("Phone", "(415) 555-0168").types("ZIP code", "94607").presses("Save and continue")
    tell_the_rest(referrer, day)
    referrer.sees("Everything needed is there").reaches("Send the referral").presses("Send the referral")
    referrer.sees("The referral is sent")


def tell_the_rest(referrer, day):
    """Who else is on the case, what must be in time, the questions and a document."""
    referrer.selects("What they are to the case", "Claimant's representative").types("Name", "Dana Brooks")
    referrer.types("E-mail address", "dana.brooks@counsel.example").presses("Save and continue")
    referrer.selects("What happens then", "Hearing").dates("Date", day + timedelta(days=120))
    referrer.presses("Save and continue")
    referrer.unfolds("Choose from the library").page.get_by_role("checkbox").first.check()
    referrer.presses("Add the chosen questions").presses("Add your own question")
    referrer.types("Question 2", "What caused the condition of the left shoulder?")
    referrer.selects("Issue", "Causation", under="Question 2").presses("Add your own question")
    referrer.types("Question 3", "Which work restrictions are needed?").presses("Save and continue")
    referrer.follows("Add documents").hands_in("Choose the files", "Notes.pdf", a_pdf("Progress notes", 3))
    referrer.selects("What are they?", "Treatment notes").types("Who wrote them?", "Valley Family Medicine")
    referrer.presses("Add the documents").sees("Notes.pdf").follows("Continue the referral")


def match(play):
    """The coordinator accepts and offers, the expert declares no conflict and takes the case."""
    coordinator = play.at_desk("coordinator").follows(CLAIMANT).follows("Accept the referral")
    coordinator.presses("Accept the referral").follows("Offer the case")
    coordinator.ticks("Adaeze Okafor").types("Why not the first on the list?", "Sees shoulders every day.")
    coordinator.dates("Until when may they answer?", play.site.moment.date() + timedelta(days=3))
    coordinator.reaches("Offer the case").presses("Offer the case")
    expert = play.at_desk("expert").picks(play.case.reference).follows("Take the case")
    for question in ("Have you ever treated", "Do you work in the same practice", "Do you have a financial"):
        expert.ticks("No", under=question)
    expert.presses("Take the case")


def arrange(play):
    """A time is booked and the expert briefed; the claimant opens the link in the mail and confirms."""
    coordinator = play.at_case("coordinator").follows("Book the appointment")
    coordinator.page.get_by_role("radio").last.check()
    coordinator.presses("Continue with this time").presses("Book the appointment")
    coordinator.follows("Send the brief").types(
        "Why is it done although a rule stands against it?", "They have them."
    ).presses("Send the brief")
    [link] = re.findall(r"http://localhost(/appointment/link/\S+)", play.mail_to(MAIL)[-1])
    claimant = (
        play.people["claimant"].opens(link).reaches("Open my appointment").presses("Open my appointment")
    )
    claimant.presses("Confirm you are coming").sees("You told us that you are coming").ticks("A photo ID")
    if not play.has_scripts:
        claimant.presses("Save the list")
    claimant.sees("1 of").opens("/appointment")
    assert claimant.field("A photo ID").is_checked()


def examine(play):
    """On the day, when it is over, the expert records it."""
    play.site.moment = Appointment.get(Appointment.case == play.case).ends_at
    expert = play.at_case("expert").follows("Record the examination").ticks("Completed")
    expert.ticks("The claimant's identity").ticks("The claimant was told")
    expert.types("Who was present?", "The claimant alone").types("Began at", "9:05 am")
    expert.types("Ended at", "9:55 am").presses("Record the examination")


def report(play):
    """The expert answers every question and signs; the coordinator checks and releases."""
    expert = play.at_case("expert").follows("Write the report")
    for number in (1, 2, 3):
        under = f"Question {number}"
        expert.types("Opinion", f"This is the opinion on question {number}.", under)
        expert.types("Reasons", "History, examination and imaging agree.", under)
        expert.ticks("More likely than not", under)
    for section in ("History", "Review of the records", "Physical examination", "Diagnoses", "Discussion"):
        expert.types(section, f"{section}, as it was found.")
    if play.has_scripts:
        expert.sees("Saved at").opens(expert.page.url)
        assert expert.field("Opinion", "Question 3").input_value() == "This is the opinion on question 3."
    expert.presses("Save and read it through").ticks("I have read the whole report").presses(
        "Sign the report"
    )
    coordinator = play.at_case("coordinator").follows("Check the report").ticks_all("What you checked")
    coordinator.ticks_all("Who gets a copy from you today?").presses("Release the report")


def review(play):
    """The referrer reads the report and finds one question unanswered, so they ask back."""
    referrer = play.at_case("referrer")
    assert referrer.follows("Read the report").takes_home("Download the PDF").startswith(b"%PDF")
    referrer.follows("Back to the case").follows("Review the answers")
    for number, answer in ((1, "Yes"), (2, "No"), (3, "Yes")):
        referrer.ticks(answer, under=f"Is question {number} answered?")
    referrer.types("If not, what is missing?", "It does not say what caused it.", under="Question 2")
    referrer.presses("Save your review").follows("Ask for clarification").unfolds("Question 2")
    referrer.selects("Why do you ask back?", "The question was not answered", under="Question 2")
    referrer.types("What do you ask", "What caused the condition of the left shoulder?", under="Question 2")
    referrer.presses("Ask for clarification")


def clarify(play):
    """The coordinator sends it on; the expert answers in a signed addendum, which is released."""
    coordinator = (
        play.at_case("coordinator").follows("Send the clarification").presses("Send the clarification")
    )
    expert = play.at_case("expert").follows("Write the addendum")
    expert.types("Your answer", "The fall caused it.").types(
        "Your reasons", "There were no complaints before."
    )
    expert.ticks("More likely than not").presses("Save your answers").follows("Read it once more and sign")
    expert.ticks("I have read the whole addendum").presses("Sign the addendum")
    coordinator = play.at_case("coordinator").follows("Check the addendum")
    coordinator.ticks_all("Who gets a copy from you today?").presses("Release the addendum")


def close(play):
    """Now every question is answered: the referrer accepts, and the case is closed."""
    referrer = play.at_case("referrer").follows("Review the answers")
    referrer.ticks("Yes", under="Is question 2 answered?").presses("Save your review")
    referrer.follows("Accept the report").presses("Accept the report").sees("Closed")


ACTS = {
    refer: Stage.REFERRED,
    match: Stage.SCHEDULING,
    arrange: Stage.BOOKED,
    examine: Stage.REPORTING,
    report: Stage.IN_REVIEW,
    review: Stage.CLARIFYING,
    clarify: Stage.IN_REVIEW,
    close: Stage.CLOSED,
}


@pytest.mark.parametrize("play", [True, False], ids=["with scripts", "without scripts"], indirect=True)
def test_a_case_travels_from_need_to_closure(play):
    for act, stage in ACTS.items():
        act(play)
        assert play.case.stage == stage, act.__name__
    assert play.faults() == []


WHY_OPENED = "details.govuk-details.why[open]"


def explained(person, figure):
    """Every date on the page that comes from a rule opens its explanation, which says how well the rule is known;
    one of them counts with this figure."""
    for summary in person.page.locator("details.why > summary").all():
        summary.click()
    opened = person.page.locator(WHY_OPENED).all_inner_texts()
    assert any(figure in each for each in opened), opened
    for each in opened:
        assert "Rule " in each and ("checked on" in each or "House default" in each), each
    return person


def chosen(person):
    person.page.get_by_role("radio").last.check()
    return person.presses("Continue with this time").sees("Held for you until")


@pytest.mark.parametrize("play", [True, False], ids=["with scripts", "without scripts"], indirect=True)
def test_an_appointment_is_booked_moved_missed_and_booked_again(play):
    with clock.set_to(play.site.moment):
        case = demo.case_at(play.world, Stage.SCHEDULING)
    coordinator, at = play.at_desk("coordinator"), f"/cases/{case.reference}"
    coordinator.opens(at).follows("Book the appointment")
    explained(coordinator, "14 calendar days before the examination")
    explained(chosen(coordinator), "14 calendar days before the examination")
    coordinator.presses("Book the appointment").sees("Booked for")
    explained(coordinator, "30 calendar days after the examination").sees("Dates under the rules")

    coordinator.follows("Move the appointment")
    chosen(coordinator).ticks("The claimant", under="Who wants it?")
    coordinator.types("Why is the appointment moved?", "Works that day.").presses("Move the appointment")
    explained(coordinator.sees("Moved to"), "30 calendar days after the examination")

    play.site.moment = Appointment.get(Appointment.case == case, Appointment.state == "booked").ends_at
    coordinator = play.at_desk("coordinator").opens(at).follows("Record a missed examination")
    coordinator.ticks("Claimant did not attend").presses("Record the missed examination")
    coordinator.sees("No time is booked").unfolds("Earlier appointments (2)").sees("claimant did not attend")

    coordinator.follows("Book the appointment")
    chosen(coordinator).presses("Book the appointment").sees("Booked for")
    explained(coordinator, "30 calendar days after the examination")
    numbers = [row.follows_id for row in case.appointments.order_by(Appointment.id)]
    assert numbers == [None, *[row.id for row in case.appointments.order_by(Appointment.id)][:2]]
    assert play.faults() == []
