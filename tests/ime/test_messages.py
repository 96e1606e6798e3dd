"""Messages are addressed to a case; what one side writes to the office the other never reads."""

import pytest

from portal.ime.messages import answer_message, post_message
from portal.ime.process import MovedOn, NotAllowed, Refusal
from portal.models import Event, Message, Notice
from portal.policy import readable_messages
from portal.words import Audience, Party, Stage
from tests.databases import ON_BOTH

pytestmark = ON_BOTH


def told(case):
    event = case.events.order_by(Event.id.desc()).get()
    return event, {notice.party for notice in Notice.select().where(Notice.event == event)}


def readers(case, message):
    return {party for party in Party if message in readable_messages(party, case)}


def test_a_referrers_message_is_read_by_its_side_and_the_office_only(world, case_at):
    case = case_at(Stage.BOOKED)
    message = post_message(case, by=world.referrer, text="  When will the report come?  ")
    assert message.text == "When will the report come?"
    assert message.audience == Audience.REFERRER_AND_OFFICE
    assert readers(case, message) == {Party.REFERRER, Party.COLLEAGUE, Party.COORDINATOR}
    assert told(case)[1] == {Party.COORDINATOR}


def test_an_experts_message_is_read_by_the_expert_and_the_office_only(world, case_at):
    case = case_at(Stage.BOOKED)
    message = post_message(case, by=world.expert, text="Page 12 of the notes is missing.")
    assert readers(case, message) == {Party.EXPERT, Party.COORDINATOR}


def test_what_a_coordinator_writes_reaches_referrer_and_expert_alike(world, case_at):
    case = case_at(Stage.BOOKED)
    message = answer_message(case, by=world.coordinator, text="The page will be sent.")
    assert readers(case, message) == {Party.REFERRER, Party.COLLEAGUE, Party.COORDINATOR, Party.EXPERT}
    assert told(case)[1] == {Party.REFERRER, Party.EXPERT}


def test_the_event_of_a_message_holds_nothing_of_what_was_written(world, case_at):
    case = case_at(Stage.BOOKED)
    post_message(case, by=world.expert, text="The left shoulder is swollen.")
    assert told(case)[0].facts == {}


@pytest.mark.parametrize("nothing", ["", "  \n\t "])
def test_an_empty_message_is_refused_and_nothing_is_kept(world, case_at, nothing):
    with pytest.raises(Refusal) as refused:
        post_message(case_at(Stage.BOOKED), by=world.referrer, text=nothing)
    assert refused.value.field == "text"
    assert not Message.select().exists()


def test_the_same_words_sent_twice_in_a_row_are_one_message(world, case_at):
    case = case_at(Stage.BOOKED)
    post_message(case, by=world.referrer, text="Any news?")
    with pytest.raises(Refusal, match="already"):
        post_message(case, by=world.referrer, text="Any news?")
    answer_message(case, by=world.coordinator, text="Not yet.")
    post_message(case, by=world.referrer, text="Any news?")
    assert Message.select().count() == 3


@pytest.mark.parametrize("who", ["colleague", "coordinator", "stranger_referrer", "second_expert"])
def test_only_the_referrer_and_the_expert_write_to_the_office(world, case_at, who):
    with pytest.raises(NotAllowed):
        post_message(case_at(Stage.BOOKED), by=getattr(world, who), text="Hello")


def test_nobody_writes_on_a_case_that_has_ended(world, case_at):
    with pytest.raises(MovedOn):
        answer_message(case_at(Stage.CLOSED), by=world.coordinator, text="Hello")
