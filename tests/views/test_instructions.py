"""The claimant's page, the expert's brief and the secure links, on screen."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest

from portal import clock
from portal.ime.appointment import book_appointment, booked_appointment, cancel_appointment, free_slots
from portal.ime.guidance import prepare_notice
from portal.ime.instructions import make_link, revoke_links
from portal.models import Arrangement, AuditRecord, Case, Clinic, Document, Event, SecureLink, User
from portal.words import Act, ArrangementKind, ArrangementState, DocumentKind, Party, Stage

# What the world's claimant must never read: body parts, diagnoses, reasons, who doubts what, the claim, the questions.
NEVER = (
    "shoulder",
    "rotator",
    "cuff",
    "causation",
    "disputed",
    "treating",
    "hearing on",
    "Lakeshore",
    "Morgan",
)
NEVER += ("Linda Marsh", "restrictions", "diagnosis", "insurer", "LM-2026", "daughter", "report due", "Priya")


@pytest.fixture
def claimant(visitor, world):
    """Somebody who has spent a link of the case."""

    def arrive(case):
        make_link(case)
        return visitor(
            SecureLink.select().where(SecureLink.case == case).order_by(SecureLink.id.desc()).get()
        )

    return arrive


@pytest.fixture
def booked(world, case_at):
    """A case that was booked as the page does it: with its letter."""
    case = case_at(Stage.SCHEDULING)
    slot = free_slots(case, clock.today() + timedelta(days=15), clock.today() + timedelta(days=40))[0]
    when = {
        "clinic": Clinic.get_by_id(slot.clinic_id),
        "starts_at": slot.starts_at,
        "ends_at": slot.ends_at,
    }
    book_appointment(case, by=world.coordinator, letter=prepare_notice(case, **when), **when)
    return case


# --- the claimant's page


def test_the_page_says_first_when_then_where_then_asks_to_confirm(claimant, booked):
    page = claimant(booked).opens("/appointment")
    starts_at = booked_appointment(booked).starts_at.astimezone(ZoneInfo("America/Los_Angeles"))
    order = ("Your examination · In", f"{starts_at:%A, %B} {starts_at.day}", "Pacific time", "Market Street")
    places = [page.main.index(words) for words in (*order, "Show on a map", "Confirm you are coming")]
    assert places == sorted(places)
    assert page.buttons[0] == "Confirm you are coming"
    for part in (
        "What to bring",
        "Getting there",
        "Who you will see",
        "Adaeze Okafor, MD",
        "About 1 hour",
        "How to prepare",
        "Your rights",
        "Money for your trip",
        "What happens next",
        "(800) 555-0142",
    ):
        assert page.sees(part), part


def test_the_page_leads_to_a_map_without_telling_it_where_from(claimant, booked):
    link = claimant(booked).opens("/appointment").tree.xpath("//a[text()='Show on a map']")[0]
    assert link.get("href").startswith("https://maps.google.com/?q=")
    assert "Market%20Street" in link.get("href") and link.get("rel") == "noreferrer"


@pytest.mark.parametrize("path", ["/appointment", "/appointment/change"])
@pytest.mark.parametrize(
    "stage", [Stage.BOOKED, Stage.SCHEDULING, Stage.REPORTING, Stage.IN_REVIEW, Stage.CLOSED]
)
def test_a_claimant_never_reads_what_is_medical_or_why_it_was_asked(claimant, case_at, path, stage):
    said = claimant(case_at(stage)).opens(path).response.get_data(as_text=True).lower()
    assert not [word for word in NEVER if word.lower() in said]


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage not in {Stage.BOOKED, Stage.DRAFT}])
def test_at_every_other_stage_a_kind_sentence_says_how_things_stand(claimant, case_at, stage):
    page = claimant(case_at(stage)).opens("/appointment")
    assert page.status == 200
    assert page.sees("Call us at (800) 555-0142")
    assert "Confirm you are coming" not in page.buttons


def test_confirming_thanks_and_does_not_ask_again(claimant, booked):
    page = claimant(booked).opens("/appointment").presses("Confirm you are coming")
    assert page.sees("Thank you. We know that you are coming.")
    assert page.sees("You told us that you are coming.")
    assert "Confirm you are coming" not in page.buttons
    assert Case.get_by_id(booked.id).confirmed_at


def test_confirming_from_two_windows_is_fine_and_told_once(claimant, booked):
    page, second = claimant(booked).opens("/appointment"), claimant(booked).opens("/appointment")
    page.presses("Confirm you are coming")
    assert second.presses("Confirm you are coming").sees("You told us that you are coming.")
    assert [event.step for event in booked.events].count("confirm_attendance") == 1


def test_whoever_moves_the_appointment_reads_what_the_claimant_wrote(claimant, visitor, world, booked):
    page = claimant(booked).opens("/appointment/change")
    page.presses("Ask for another time", why="My son graduates that day.")
    mover = visitor(world.coordinator).opens(f"/cases/{booked.reference}").follows("Move the appointment")
    assert mover.sees("The claimant asked for another time and wrote:")
    assert mover.sees("My son graduates that day.")


def test_asking_for_another_time_keeps_the_time_until_then(claimant, booked):
    page = claimant(booked).opens("/appointment").follows("I can’t come at this time")
    assert page.presses("Ask for another time").status == 422
    assert page.sees("Tell us why, so that we find a time that works")
    page.presses("Ask for another time", why="My son graduates that day.")
    assert page.sees("You asked for another time.") and page.sees("Until then this time is kept for you.")
    assert Case.get_by_id(booked.id).move_asked_at
    assert page.presses("I can come after all").sees("You told us that you are coming.")


def test_ticks_are_kept(claimant, booked):
    page = claimant(booked).opens("/appointment").presses("Save the list", items=["photo_id", "medicines"])
    assert page.sees("Your list is saved.") and page.sees("2 of 5 ready.")
    again = claimant(booked).opens("/appointment")
    assert again.tree.xpath("//input[@name='items'][@checked]/@value") == ["photo_id", "medicines"]
    again.presses("Save the list", items=[])
    assert not booked.ticked_instructions.exists()


def test_a_tick_by_htmx_answers_with_the_list_alone(claimant, booked):
    page = claimant(booked).opens("/appointment")
    token = page.tree.xpath("//div[@id='bring']//input[@name='csrf_token']/@value")[0]
    answer = page.client.post(
        "/appointment/list", data={"csrf_token": token, "items": "photo_id"}, headers={"HX-Request": "true"}
    )
    said = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert said.strip().startswith('<div id="bring">') and "1 of 5 ready. Saved." in said


def test_a_tick_that_is_not_on_the_list_is_refused(claimant, booked):
    page = claimant(booked).opens("/appointment").presses("Save the list", items="everything")
    assert page.status == 422 and page.sees("Choose one of the answers shown here")
    assert page.follows("Back to your appointment").status == 200


def test_what_is_arranged_is_said_without_its_reason(claimant, booked):
    Arrangement.create(case=booked, kind=ArrangementKind.TRANSPORT, detail="cannot drive after surgery")
    page = claimant(booked).opens("/appointment")
    assert page.sees("Transport: we are working on it")
    assert not page.sees("cannot drive")


def test_what_the_claimant_writes_of_the_day_is_read_by_the_office_alone_as_they_are_told(
    claimant, visitor, world, booked, case_at
):
    page = claimant(booked).opens("/appointment/needs")
    assert page.sees("Only our office reads them.")
    page.presses("Ask for it", kind="transport", detail="I take pills for panic")
    path = f"/cases/{booked.reference}"
    office = visitor(world.coordinator).opens(path)
    assert office.sees("I take pills for panic")
    assert office.follows("Settle the arrangements").sees("send the expert in a message what they must know")
    for reader in (world.expert, world.referrer, world.colleague):
        page = visitor(reader).opens(path)
        assert page.sees("Transport") and not page.sees("pills"), reader.name
    offered = case_at(Stage.OFFERED)
    Arrangement.create(case=offered, kind=ArrangementKind.TRANSPORT, detail="My neighbor Ada comes along")
    assert not visitor(world.expert).opens(f"/cases/{offered.reference}").sees("My neighbor Ada")


def test_what_the_referrer_wrote_is_read_by_all_and_why_it_was_refused_by_the_claimant_and_the_office(
    claimant, visitor, world, booked
):
    Arrangement.update(
        detail="Uses a chair", state=ArrangementState.REFUSED, refused_because="Your brother cannot be there."
    ).where(Arrangement.case == booked).execute()
    path = f"/cases/{booked.reference}"
    assert claimant(booked).opens("/appointment").sees("Your brother cannot be there.")
    assert visitor(world.coordinator).opens(path).sees("Your brother cannot be there.")
    for reader in (world.expert, world.referrer, world.colleague):
        page = visitor(reader).opens(path)
        assert page.sees("Uses a chair") and page.sees("Refused"), reader.name
        assert not page.sees("Your brother"), reader.name


def test_the_calendar_file_has_the_booked_time(claimant, booked):
    page = claimant(booked).opens("/appointment").follows("Add to your calendar")
    assert page.response.mimetype == "text/calendar"
    event = icalendar.Calendar.from_ical(page.response.get_data()).walk("VEVENT")[0]
    assert event.start == booked_appointment(booked).starts_at
    assert not [word for word in NEVER if word.lower() in page.response.get_data(as_text=True).lower()]


def test_the_letter_is_downloaded_and_the_look_is_recorded(claimant, booked):
    page = claimant(booked).opens("/appointment").follows("Download your letter")
    assert page.response.mimetype == "application/pdf"
    assert page.response.get_data().startswith(b"%PDF")
    look = AuditRecord.select().where(AuditRecord.case == booked.id).order_by(AuditRecord.id.desc()).get()
    assert (look.act, look.party, look.user) == (Act.READ, Party.CLAIMANT, None)
    assert SecureLink.get_by_id(look.link).case_id == booked.id
    assert (look.thing, look.number) == ("document", booked_appointment(booked).letter_id)


def test_without_a_letter_no_letter_is_offered(claimant, case_at):
    page = claimant(case_at(Stage.BOOKED)).opens("/appointment")
    assert not [link for link in page.links if link.startswith("Download")]
    assert page.opens("/appointment/letter").status == 404


def test_once_the_time_has_passed_nothing_is_asked_any_more(claimant, booked):
    page = claimant(booked).opens("/appointment")
    begun = booked_appointment(booked)
    begun.starts_at, begun.ends_at = clock.now() - timedelta(hours=1), clock.now()
    begun.save()
    page.presses("Confirm you are coming")
    assert page.status == 422 and page.sees("The time of this appointment has passed. Please call us.")
    page.opens("/appointment")
    assert page.sees("This time has passed.")
    assert not [button for button in page.buttons if "coming" in button]


def test_a_claimant_who_is_too_late_is_told_in_their_own_words(claimant, world, booked):
    page = claimant(booked).opens("/appointment")
    cancel_appointment(booked, by=world.coordinator, why="The expert is ill.")
    page.presses("Confirm you are coming")
    assert page.status == 409
    assert page.heading == "Your appointment has changed"
    assert not [link for link in page.tree.xpath("//a/@href") if "/cases" in link or link == "/"]
    assert page.follows("See how things stand now").sees("We are finding a time for you")


@pytest.mark.parametrize("path", ["/cases", "/cases/IME-1001", "/hours", "/no-such-page"])
def test_a_claimant_is_never_led_to_a_page_of_the_office(claimant, booked, path):
    page = claimant(booked).opens(path)
    assert page.status in {403, 404}
    assert page.heading == "There is nothing here for you"
    assert set(page.tree.xpath("//main//a/@href")) == {"/appointment"}


def test_revoking_the_links_closes_the_open_page_at_once(claimant, world, booked):
    page = claimant(booked).opens("/appointment")
    revoke_links(booked, by=world.coordinator)
    for path in ("/appointment", "/appointment.ics", "/appointment/letter", "/appointment/change"):
        assert page.client.get(path).status_code == 401, path
    token = page.tree.xpath("//input[@name='csrf_token']/@value")[0]
    page.client.post("/appointment/confirmation", data={"csrf_token": token})
    assert Case.get_by_id(booked.id).confirmed_at is None


def test_each_claimant_sees_their_own_appointment_only(claimant, booked, case_at):
    page = claimant(case_at(Stage.BOOKED)).opens("/appointment")
    page.presses("Confirm you are coming")
    assert Case.get_by_id(booked.id).confirmed_at is None


@pytest.mark.parametrize("who", ["referrer", "coordinator", "expert"])
def test_the_claimants_page_is_the_claimants(visitor, world, who):
    assert visitor(getattr(world, who)).opens("/appointment").status == 403


# --- the brief


def test_a_coordinator_reads_the_brief_before_sending_it(visitor, world, booked):
    page = visitor(world.coordinator).opens(f"/cases/{booked.reference}").follows("Send the brief")
    for words in ("Dear Dr. Okafor", "3 questions", "What caused the condition", "Progress notes.pdf"):
        assert page.sees(words), words
    page.presses("Send the brief", emphasis="The first MRI.", override="They have them.")
    assert page.sees("The brief is sent.")
    letter = booked.documents.where(Document.kind == DocumentKind.COVER_LETTER).get()
    referrer = visitor(world.referrer).opens(f"/cases/{booked.reference}/records/{letter.id}")
    assert referrer.response.get_data().startswith(b"%PDF")


def test_the_expert_reads_the_brief_once_it_is_sent(visitor, world, booked):
    path = f"/cases/{booked.reference}/brief/read"
    assert visitor(world.expert).opens(path).sees("The brief has not been sent yet")
    visitor(world.coordinator).opens(f"/cases/{booked.reference}/brief").presses(
        "Send the brief", override="They have them."
    )
    page = visitor(world.expert).opens(f"/cases/{booked.reference}").follows("Read the brief")
    assert page.heading == "Your brief"
    assert page.sees(f"Cover letter {booked.reference}.pdf") and page.sees("1 document, 2 pages")
    assert page.follows("Progress notes.pdf").response.get_data().startswith(b"%PDF")


def test_nobody_else_opens_the_brief(visitor, world, booked):
    path = f"/cases/{booked.reference}/brief"
    assert visitor(world.expert).opens(path).status == 403
    assert visitor(world.referrer).opens(path + "/read").status == 403
    assert visitor(world.second_expert).opens(path + "/read").status == 404


# --- secure links


def test_a_coordinator_sends_a_new_link_and_sees_no_token(visitor, world, booked):
    token = make_link(booked)
    page = visitor(world.coordinator).opens(f"/cases/{booked.reference}").follows("Send a new link")
    assert page.sees("Not opened yet")
    assert token not in page.response.get_data(as_text=True)
    assert SecureLink.get().token_hash not in page.response.get_data(as_text=True)
    page.presses("Send a new link")
    assert page.sees("A new link is on its way to the claimant.")
    assert booked.events.order_by(Event.id.desc()).get().step == "send_link"


def test_a_coordinator_revokes_the_links(visitor, world, booked):
    make_link(booked)
    page = visitor(world.coordinator).opens(f"/cases/{booked.reference}").follows("Revoke the links")
    page.presses("Revoke the links")
    assert page.sees("The links are revoked.")
    assert page.opens(f"/cases/{booked.reference}/links/revocation").sees("Revoked")
    assert not [link for link in booked.secure_links if link.is_usable]


def test_without_an_address_no_link_is_sent(visitor, world, booked):
    booked.claimant.email = ""
    booked.claimant.save()
    page = visitor(world.coordinator).opens(f"/cases/{booked.reference}/link").presses("Send a new link")
    assert page.status == 422 and page.sees("Tell them by phone.")


def test_the_people_of_the_case_read_who_confirmed(claimant, visitor, world, booked):
    claimant(booked).opens("/appointment").presses("Confirm you are coming")
    for who in (world.referrer, world.coordinator, world.expert):
        assert isinstance(who, User)
        assert (
            visitor(who).opens(f"/cases/{booked.reference}").sees("The claimant confirmed the appointment.")
        )
