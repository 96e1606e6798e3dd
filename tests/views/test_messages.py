"""Reading and writing messages: who reads what is said on the page and held by it."""

import pytest

from portal.ime.messages import answer_message, post_message
from portal.models import Message
from portal.words import Audience, Stage
from tests.paper import statements_of


def test_a_referrer_writes_to_the_coordinators_and_the_expert_never_reads_it(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    page = visitor(world.referrer).opens(f"/cases/{case.reference}").follows("Write a message")
    assert page.sees("The coordinators and your colleagues on this case read this. The expert does not.")
    page.presses("Send the message", text="May the hearing move?")
    assert page.sees("Your message is sent. The coordinator has been told.")
    assert page.sees("May the hearing move?")
    for who, reads in (("coordinator", True), ("colleague", True), ("expert", False)):
        reader = visitor(getattr(world, who))
        for place in (f"/cases/{case.reference}", f"/cases/{case.reference}/messages"):
            assert reader.opens(place).sees("May the hearing move?") == reads


def test_an_expert_writes_to_the_coordinators_and_the_referrer_never_reads_it(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    page = visitor(world.expert).opens(f"/cases/{case.reference}/messages/new")
    assert page.sees("The coordinators read this. The referrer does not.")
    page.presses("Send the message", text="Page 12 is missing.")
    assert not visitor(world.referrer).opens(f"/cases/{case.reference}/messages").sees("Page 12")
    assert visitor(world.coordinator).opens(f"/cases/{case.reference}/messages").sees("Page 12")


@pytest.mark.parametrize(
    ("stage", "sentence", "success"),
    [
        (
            Stage.BOOKED,
            "The referrer and the expert both read this.",
            "The referrer and the expert have been told.",
        ),
        (Stage.MATCHING, "and so will the expert who takes the case.", "The referrer has been told."),
    ],
)
def test_a_coordinator_is_told_who_reads_the_answer(visitor, world, case_at, stage, sentence, success):
    case = case_at(stage)
    page = visitor(world.coordinator).opens(f"/cases/{case.reference}").follows("Write a message")
    assert page.sees(sentence)
    page.presses("Send the message", text="It is on its way.")
    assert page.sees(success)
    assert Message.get().audience == Audience.CASE


def test_an_empty_message_says_so_at_the_field(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    page = (
        visitor(world.expert)
        .opens(f"/cases/{case.reference}/messages/new")
        .presses("Send the message", text=" ")
    )
    assert page.status == 422 and page.title.startswith("Error:") and page.sees("Write your message")
    assert not Message.select().exists()


def test_what_was_typed_is_kept_when_it_is_too_long(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    page = visitor(world.expert).opens(f"/cases/{case.reference}/messages/new")
    page.presses("Send the message", text="a" * 5_001)
    assert page.status == 422 and page.sees("Shorten this to 5,000 characters or fewer")
    assert page.typed("text") == "a" * 5_001


def test_markup_in_a_message_is_shown_as_it_was_typed(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    post_message(case, by=world.referrer, text="<script>alert(1)</script> & <b>bold</b>")
    page = visitor(world.coordinator).opens(f"/cases/{case.reference}/messages")
    assert page.sees("<script>alert(1)</script> & <b>bold</b>")


def test_pressing_twice_is_one_message(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    first = visitor(world.expert).opens(f"/cases/{case.reference}/messages/new")
    again = visitor(world.expert).opens(f"/cases/{case.reference}/messages/new")
    first.presses("Send the message", text="Any news?")
    again.presses("Send the message", text="Any news?")
    assert again.status == 422 and again.sees("This message was sent already.")
    assert Message.select().count() == 1


def test_the_case_page_shows_the_last_messages_and_leads_to_all(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    for number in range(5):
        answer_message(case, by=world.coordinator, text=f"Message {number}.")
    page = visitor(world.expert).opens(f"/cases/{case.reference}")
    assert [page.sees(f"Message {number}.") for number in range(5)] == [False, False, True, True, True]
    page.follows("Read all 5 messages")
    assert page.main.index("Message 0.") < page.main.index("Message 4.")


def test_a_long_thread_goes_back_page_after_page(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    for number in range(70):
        answer_message(case, by=world.coordinator, text=f"Message {number:02}.")
    page = visitor(world.referrer).opens(f"/cases/{case.reference}/messages")
    assert page.sees("Message 69.") and page.sees("Message 20.") and not page.sees("Message 19.")
    page.follows("Show earlier messages")
    assert page.sees("Message 19.") and page.sees("Message 00.") and not page.sees("Message 20.")
    assert "Show earlier messages" not in page.links


def test_who_has_no_part_cannot_write(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    assert visitor(world.colleague).opens(f"/cases/{case.reference}/messages/new").status == 403
    assert visitor(world.coordinator).opens(f"/cases/{case.reference}/messages/new").status == 403
    assert visitor(world.referrer).opens(f"/cases/{case.reference}/messages/answer").status == 403
    assert visitor(world.stranger_referrer).opens(f"/cases/{case.reference}/messages").status == 404


def test_the_messages_of_a_closed_case_can_still_be_read(visitor, world, case_at):
    case = case_at(Stage.IN_REVIEW)
    answer_message(case, by=world.coordinator, text="The report is here.")
    type(case).update(stage=Stage.CLOSED, is_open=False).where(type(case).id == case.id).execute()
    page = visitor(world.referrer).opens(f"/cases/{case.reference}/messages")
    assert page.sees("The report is here.") and "Write a message" not in page.links
    assert page.opens(f"/cases/{case.reference}/messages/new").status == 409


def test_a_candidate_sees_no_messages(visitor, world, case_at):
    case = case_at(Stage.OFFERED)
    answer_message(case, by=world.coordinator, text="We look for an expert.")
    page = visitor(world.expert)
    assert not page.opens(f"/cases/{case.reference}").sees("We look for an expert.")
    assert page.opens(f"/cases/{case.reference}/messages").status == 403


def test_the_thread_asks_as_much_for_one_message_as_for_many(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    answer_message(case, by=world.coordinator, text="One.")
    page = visitor(world.expert).opens(f"/cases/{case.reference}/messages")
    few = statements_of(lambda: page.opens(f"/cases/{case.reference}/messages"))
    for number in range(20):
        answer_message(case, by=world.coordinator, text=f"Message {number}.")
    assert statements_of(lambda: page.opens(f"/cases/{case.reference}/messages")) == few
