"""The referral: saved part by part, ready or not, sent, screened, taken over."""

import threading
from datetime import date, timedelta

import pytest

from portal import clock
from portal.db import database
from portal.ime.particulars import READ, body_part_label, particulars
from portal.ime.process import MovedOn, NotAllowed, Refusal
from portal.ime.readiness import PARTS, by_part, missing
from portal.ime.referral import (
    MOST_ROWS,
    accept_referral,
    assign_coordinator,
    decline_referral,
    edit_referral,
    question_back,
    return_referral,
    start_referral,
    submit_referral,
    take_over_referral,
)
from portal.models import Case, Event, Injury, Message, Notice, Question, RuleSnapshot, User
from portal.words import Audience, InjuryStatus, Party, Side, Stage
from tests.databases import ON_BOTH


def last_event(case):
    return case.events.order_by(Event.id.desc()).get()


def told(case):
    return {
        (notice.party, notice.recipient) for notice in Notice.select().where(Notice.event == last_event(case))
    }


def texts(case):
    return [(question.number, question.text) for question in case.questions.order_by(Question.number)]


def kept(question):
    return {"id": question.id, "text": question.text, "issue": question.issue}


# --- the draft


def test_a_new_draft_is_the_referrers_own_and_waits_for_them(world):
    case = Case.get_by_id(start_referral(by=world.referrer).id)
    assert (case.stage, case.turn, case.next_step) == (Stage.DRAFT, Party.REFERRER, "edit_referral")
    assert case.reference == f"IME-{1000 + case.id}"
    assert last_event(case).step == "start_referral"


def test_a_referral_begun_by_three_presses_is_one(world):
    first = start_referral(by=world.referrer)
    assert {start_referral(by=world.referrer).id for _ in range(2)} == {first.id}
    assert first.events.count() == 1
    assert start_referral(by=world.colleague).id != first.id


@ON_BOTH
def test_two_presses_at_once_begin_one_referral(world, backend):
    barrier, begun = threading.Barrier(2), []

    def press():
        barrier.wait()
        begun.append(start_referral(by=world.referrer).id)
        database.close()

    presses = [threading.Thread(target=press) for _ in range(2)]
    for each in presses:
        each.start()
    for each in presses:
        each.join()
    assert len(begun) == 2 and len(set(begun)) == 1


def test_a_draft_that_was_touched_or_is_older_than_a_minute_is_not_taken_for_a_new_one(world):
    first = start_referral(by=world.referrer)
    edit_referral(first, by=world.referrer, case_fields={"need": "The cause is disputed."})
    second = start_referral(by=world.referrer)
    with clock.set_to(clock.now() + timedelta(minutes=2)):
        third = start_referral(by=world.referrer)
    assert len({first.id, second.id, third.id}) == 3


def test_only_a_referrer_begins_a_referral(world):
    with pytest.raises(NotAllowed):
        start_referral(by=world.coordinator)


def test_a_part_is_saved_without_touching_the_others(world, case_at):
    case = case_at(Stage.DRAFT)
    before = particulars(case)
    edit_referral(case, by=world.referrer, lists={"claim_numbers": [{"number": "A-1"}, {"number": "A-2"}]})
    after = particulars(Case.get_by_id(case.id))
    assert [each.number for each in after.claim_numbers] == ["A-1", "A-2"]
    assert [each.body_part for each in after.injuries] == [each.body_part for each in before.injuries]
    assert Case.get_by_id(case.id).need == case.need


@ON_BOTH
def test_every_list_reads_the_same_in_one_statement_as_row_by_row(world, case_at):
    case = case_at(Stage.DRAFT)
    listed = particulars(case)
    for name, table in READ.items():
        rows = [row.__data__ for row in table.select().where(table.case == case).order_by(table.id)]
        together = [{**row.__data__, "case": case.id} for row in getattr(listed, name)]
        assert together == rows


def test_a_draft_may_leave_side_and_status_open_and_says_so(world, case_at):
    case = case_at(Stage.DRAFT)
    edit_referral(case, by=world.referrer, lists={"injuries": [{"body_part": "shoulder"}]})
    assert by_part(missing(case))["injury"] == [
        "Say which side: shoulder.",
        "Say whether the shoulder is accepted or disputed.",
    ]


def test_a_part_of_the_body_without_sides_needs_none(world, case_at):
    case = case_at(Stage.DRAFT)
    rows = [{"body_part": "neck", "status": InjuryStatus.DISPUTED}]
    edit_referral(case, by=world.referrer, lists={"injuries": rows})
    assert missing(case) == []


@pytest.mark.parametrize(
    ("side", "label"), [(Side.LEFT, "left knee"), (Side.BOTH, "left and right knee"), (Side.NONE, "knee")]
)
def test_a_body_part_reads_with_its_side(side, label):
    assert body_part_label(Injury(body_part="knee", side=side)) == label


def test_an_interpreter_needs_a_language(world, case_at):
    case = case_at(Stage.DRAFT)
    edit_referral(case, by=world.referrer, lists={"arrangements": [{"kind": "interpreter"}]})
    assert [each.part for each in missing(case)] == ["claimant"]
    edit_referral(case, by=world.referrer, claimant_fields={"language": "Spanish"})
    assert missing(case) == []


@pytest.mark.parametrize(
    "change",
    [
        {"case_fields": {"exam_kind": "XX-NONE"}},
        {"lists": {"injuries": [{"body_part": "tail", "status": InjuryStatus.ACCEPTED}]}},
        {"lists": {"parties": [{"party": Party.COORDINATOR, "name": "Somebody"}]}},
        {"lists": {"claim_numbers": [{"number": str(n)} for n in range(MOST_ROWS + 1)]}},
        {
            "questions": [
                {"id": None, "text": f"Question {n}?", "issue": "other"} for n in range(MOST_ROWS + 1)
            ]
        },
    ],
)
def test_what_no_page_offers_is_refused_and_changes_nothing(world, case_at, change):
    case = case_at(Stage.DRAFT)
    before = particulars(case), texts(case)
    with pytest.raises(Refusal):
        edit_referral(case, by=world.referrer, **change)
    assert (particulars(case), texts(case)) == before


def test_a_field_that_is_none_of_the_referrers_is_a_fault(world, case_at):
    with pytest.raises(KeyError):
        edit_referral(case_at(Stage.DRAFT), by=world.referrer, case_fields={"stage": Stage.CLOSED})


# --- the questions keep who they are


@ON_BOTH
def test_questions_keep_their_identity_when_edited_moved_and_added_to(world, case_at):
    case = case_at(Stage.DRAFT)
    first, second, third = case.questions.order_by(Question.number)
    new = {"id": None, "text": "What is the prognosis?", "issue": "prognosis"}
    edited = {**kept(first), "text": "What is your diagnosis of the left shoulder?"}
    edit_referral(case, by=world.referrer, questions=[kept(third), new, edited, kept(second)])
    after = list(case.questions.order_by(Question.number))
    assert [question.id for question in after] == [third.id, after[1].id, first.id, second.id]
    assert [question.number for question in after] == [1, 2, 3, 4]
    assert after[2].text == "What is your diagnosis of the left shoulder?"


def test_a_removed_question_is_gone_and_the_others_close_ranks(world, case_at):
    case = case_at(Stage.DRAFT)
    first, second, third = case.questions.order_by(Question.number)
    edit_referral(case, by=world.referrer, questions=[kept(first), kept(third)])
    assert [(q.id, q.number) for q in case.questions.order_by(Question.number)] == [
        (first.id, 1),
        (third.id, 2),
    ]


def test_a_question_of_another_case_is_refused_and_stays_there(world, case_at):
    case, other = case_at(Stage.DRAFT), case_at(Stage.RETURNED)
    foreign = other.questions.order_by(Question.number).get()
    before = texts(case), texts(other)
    with pytest.raises(Refusal, match="no longer on the referral"):
        edit_referral(case, by=world.referrer, questions=[kept(foreign)])
    assert (texts(case), texts(other)) == before


def test_one_question_cannot_stand_twice(world, case_at):
    case = case_at(Stage.DRAFT)
    first = case.questions.order_by(Question.number).get()
    with pytest.raises(Refusal):
        edit_referral(case, by=world.referrer, questions=[kept(first), kept(first)])
    assert case.questions.count() == 3


# --- sending


def test_an_empty_draft_lacks_something_in_every_part_that_is_needed(world):
    case = start_referral(by=world.referrer)
    parts = {part for part, sentences in by_part(missing(case)).items() if sentences}
    assert parts == set(PARTS) - {"parties", "deadlines", "documents"}


def test_a_referral_that_lacks_something_is_not_sent(world):
    case = start_referral(by=world.referrer)
    with pytest.raises(Refusal, match="Choose the reason"):
        submit_referral(case, by=world.referrer)
    assert Case.get_by_id(case.id).stage == Stage.DRAFT


def test_sending_keeps_the_rules_of_the_day_and_tells_the_coordinators(world, case_at):
    case = case_at(Stage.DRAFT)
    submit_referral(case, by=world.referrer)
    assert Case.get_by_id(case.id).stage == Stage.REFERRED
    assert RuleSnapshot.get(RuleSnapshot.case == case).rules["exam_kinds"].keys() == {case.exam_kind}
    coordinators = {world.coordinator.name, world.second_coordinator.name}
    assert told(case) == {(Party.COORDINATOR, name) for name in coordinators}


def test_a_referral_sent_again_under_another_jurisdiction_keeps_its_rules(world, case_at):
    case = case_at(Stage.RETURNED)
    edit_referral(case, by=world.referrer, case_fields={"exam_kind": "TX-RME"})
    submit_referral(case, by=world.referrer, answer="There is one MRI of the left shoulder.")
    assert RuleSnapshot.get(RuleSnapshot.case == case).rules["exam_kinds"].keys() == {"TX-RME"}
    assert last_event(case).facts == {"is_again": True}
    message = Message.get(Message.case == case)
    assert message.text == "There is one MRI of the left shoulder."
    assert (message.party, message.audience) == (Party.REFERRER, Audience.REFERRER_AND_OFFICE)


def test_a_referral_that_was_sent_can_no_longer_be_edited(world, case_at):
    with pytest.raises(MovedOn):
        edit_referral(case_at(Stage.REFERRED), by=world.referrer, case_fields={"need": "Something else."})


# --- screening


def test_accepting_takes_the_case_on_and_leaves_the_note_as_a_message(world, case_at):
    case = case_at(Stage.REFERRED)
    accept_referral(case, by=world.second_coordinator, note="Please send the MRI soon.")
    case = Case.get_by_id(case.id)
    assert (case.stage, case.coordinator) == (Stage.MATCHING, world.second_coordinator)
    assert Message.get(Message.case == case).audience == Audience.REFERRER_AND_OFFICE
    assert "MRI" not in str(last_event(case).facts)
    assert told(case) == {(Party.REFERRER, world.referrer.name)}


def test_a_returned_referral_carries_the_question_until_it_is_sent_again(world, case_at):
    case = case_at(Stage.REFERRED)
    return_referral(case, by=world.coordinator, why="  Which imaging exists?  ")
    back = question_back(case)
    assert (back.facts["why"], back.by) == ("Which imaging exists?", world.coordinator)
    submit_referral(case, by=world.referrer)
    assert question_back(case) is None


@pytest.mark.parametrize("verb", [return_referral, decline_referral])
def test_a_referral_does_not_go_back_without_a_word(world, case_at, verb):
    case = case_at(Stage.REFERRED)
    with pytest.raises(Refusal) as refusal:
        verb(case, by=world.coordinator, why=" \n ")
    assert refusal.value.field == "why"
    assert Case.get_by_id(case.id).stage == Stage.REFERRED


def test_a_declined_referral_is_at_its_end(world, case_at):
    case = case_at(Stage.REFERRED)
    decline_referral(case, by=world.coordinator, why="No examiner within reach.")
    assert not Case.get_by_id(case.id).is_open
    assert told(case) == {(Party.REFERRER, world.referrer.name)}


def test_of_two_coordinators_who_screen_a_referral_one_wins(world, case_at):
    mine, theirs = case_at(Stage.REFERRED), case_at(Stage.REFERRED)
    accept_referral(mine, by=world.coordinator)
    with pytest.raises(MovedOn):
        decline_referral(theirs, by=world.second_coordinator, why="Too late.")
    assert Case.get_by_id(mine.id).stage == Stage.MATCHING


# --- whose case it is


def test_a_colleague_edits_only_after_taking_over(world, case_at):
    case = case_at(Stage.DRAFT)
    with pytest.raises(NotAllowed):
        edit_referral(case, by=world.colleague, case_fields={"need": "Mine."})
    take_over_referral(case, by=world.colleague)
    edit_referral(case, by=world.colleague, case_fields={"need": "Mine."})
    assert Case.get_by_id(case.id).need == "Mine."
    with pytest.raises(NotAllowed):
        edit_referral(case, by=world.referrer, case_fields={"need": "Still mine."})


def test_of_two_colleagues_who_take_over_one_does(world, case_at):
    third = User.create(
        organisation=world.referrer.organisation_id,
        role="referrer",
        name="Lee Park",
        email="lee@lakeshore.example",
    )
    mine, theirs = case_at(Stage.MATCHING), case_at(Stage.MATCHING)
    take_over_referral(mine, by=world.colleague)
    with pytest.raises(Refusal):
        take_over_referral(theirs, by=third)
    assert Case.get_by_id(mine.id).referrer == world.colleague


def test_a_stranger_takes_over_nothing(world, case_at):
    with pytest.raises(NotAllowed):
        take_over_referral(case_at(Stage.MATCHING), by=world.stranger_referrer)


def test_a_case_goes_to_an_active_coordinator_only(world, case_at):
    case = case_at(Stage.MATCHING)
    assign_coordinator(case, by=world.coordinator, coordinator=world.second_coordinator)
    assert Case.get_by_id(case.id).coordinator == world.second_coordinator
    with pytest.raises(Refusal):
        assign_coordinator(case, by=world.coordinator, coordinator=world.referrer)
    world.second_coordinator.disabled_at = clock.now()
    with pytest.raises(Refusal):
        assign_coordinator(case, by=world.coordinator, coordinator=world.second_coordinator)


def test_dates_come_back_as_dates(world, case_at):
    case = case_at(Stage.DRAFT)
    rows = [{"kind": "surgery", "falls_on": date(2027, 3, 14), "note": "Planned"}]
    edit_referral(case, by=world.referrer, lists={"deadlines": rows})
    assert [each.falls_on for each in particulars(case).deadlines] == [date(2027, 3, 14)]
