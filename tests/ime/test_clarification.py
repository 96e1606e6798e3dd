"""Asking back: who may, about what, and what the coordinator lets through."""

from datetime import date, timedelta

import pytest

from portal import clock
from portal.ime.clarification import (
    due,
    may_read_answer,
    readable,
    refuse_clarification,
    request_clarification,
    send_clarification,
)
from portal.ime.process import MovedOn, NotAllowed, Refusal
from portal.ime.review import give_verdict
from portal.ime.scope import concerns, hints
from portal.models import Case, Clarification, Document, Event, RuleSnapshot
from portal.policy import OWN_PAPERS
from portal.words import ClarificationReason, ClarificationState, Party, Stage
from tests.ime.rounds import ask, item, question, release, send, sign


def test_several_questions_go_into_one_request(world, case_at):
    case = case_at(Stage.IN_REVIEW)
    ask(case, world, 1, 3)
    kept = readable(Party.REFERRER, case)
    assert [each.question.number for each in kept] == [1, 3]
    assert {each.state for each in kept} == {ClarificationState.REQUESTED}
    assert Case.get_by_id(case.id).next_step == "send_clarification"


@pytest.mark.parametrize("who", ["colleague", "coordinator", "expert", "stranger_referrer"])
def test_nobody_but_the_referrer_asks_back(world, case_at, who):
    case = case_at(Stage.IN_REVIEW)
    with pytest.raises(NotAllowed):
        request_clarification(case, by=getattr(world, who), items=[item(case, 1)])
    assert not case.clarifications.exists()


def test_a_request_without_an_item_is_refused(world, case_at):
    with pytest.raises(Refusal):
        request_clarification(case_at(Stage.IN_REVIEW), by=world.referrer, items=[])


@pytest.mark.parametrize(("wrong", "field"), [({"text": " "}, "text_2"), ({"reason": "spite"}, "reason_2")])
def test_an_item_without_its_text_or_reason_keeps_the_whole_request_out(world, case_at, wrong, field):
    case = case_at(Stage.IN_REVIEW)
    with pytest.raises(Refusal) as refused:
        request_clarification(case, by=world.referrer, items=[item(case, 1), item(case, 2) | wrong])
    assert refused.value.field == field
    assert not case.clarifications.exists()
    assert Case.get_by_id(case.id).stage == Stage.IN_REVIEW


def test_a_question_of_another_case_cannot_be_asked_about(world, case_at):
    foreign = item(case_at(Stage.CLOSED), 1)
    with pytest.raises(Refusal):
        request_clarification(case_at(Stage.IN_REVIEW), by=world.referrer, items=[foreign])


def test_the_expert_reads_nothing_before_it_is_sent_and_nothing_that_was_refused(world, case_at):
    case = case_at(Stage.IN_REVIEW)
    ask(case, world, 2)
    assert readable(Party.EXPERT, case) == []
    refuse_clarification(case, by=world.coordinator, why="It leads.")
    assert readable(Party.EXPERT, case) == []
    assert [each.why_refused for each in readable(Party.COLLEAGUE, case)] == ["It leads."]
    ask(case, world, 2, text="Which side do you mean?")
    send(case, world)
    assert [each.state for each in readable(Party.EXPERT, case)] == [ClarificationState.SENT]


@pytest.mark.parametrize(
    "party", sorted(set(Party) - {Party.REFERRER, Party.COLLEAGUE, Party.COORDINATOR, Party.EXPERT})
)
def test_parties_outside_the_case_read_no_clarification(case_at, party):
    assert readable(party, case_at(Stage.CLARIFYING)) == []


def test_the_referrer_reads_an_answer_only_when_its_addendum_is_released(world, case_at):
    case = case_at(Stage.CHECKING_ADDENDUM)
    (kept,) = readable(Party.REFERRER, case)
    assert not may_read_answer(Party.REFERRER, kept)
    assert may_read_answer(Party.COORDINATOR, kept)
    release(case, world)
    assert may_read_answer(Party.REFERRER, readable(Party.REFERRER, case)[0])


def test_what_was_not_answered_is_free_and_the_rest_as_ruled(world, case_at):
    case = case_at(Stage.IN_REVIEW)
    items = [item(case, 1, reason=ClarificationReason.UNANSWERED), item(case, 2), item(case, 3)]
    request_clarification(case, by=world.referrer, items=items)
    send(case, world, free=[readable(Party.REFERRER, case)[2].id])
    assert [each.is_free for each in readable(Party.REFERRER, case)] == [True, False, True]


def test_a_clarification_is_sent_once(world, case_at):
    case = case_at(Stage.CLARIFYING)
    send(case, world)
    with pytest.raises(Refusal, match="sent already"):
        send(case, world)
    with pytest.raises(Refusal, match="with the expert"):
        refuse_clarification(case, by=world.coordinator, why="Too late.")


def test_a_deadline_that_has_passed_is_refused_at_its_field(world, case_at):
    case = case_at(Stage.CLARIFYING)
    with pytest.raises(Refusal) as refused:
        send_clarification(case, by=world.coordinator, due_on=clock.today())
    assert refused.value.field == "due_on"
    assert case.clarifications.get().state == ClarificationState.REQUESTED


def test_sending_tells_the_expert_the_referrer_and_the_representative(world, case_at):
    case = case_at(Stage.CLARIFYING)
    send(case, world)
    event = case.events.order_by(Event.id.desc()).get()
    assert {notice.party for notice in event.notices} == {"expert", "referrer", "representative"}
    assert "why" not in event.facts


def test_a_refused_clarification_brings_the_report_back_into_review(world, case_at):
    case = case_at(Stage.CLARIFYING)
    with pytest.raises(Refusal):
        refuse_clarification(case, by=world.coordinator, why=" ")
    refuse_clarification(case, by=world.coordinator, why="It asks a new question.")
    assert Case.get_by_id(case.id).stage == Stage.IN_REVIEW
    with pytest.raises(MovedOn):
        send(case, world)


def test_the_day_it_is_due_comes_from_the_rules_kept_on_the_case(case_at):
    case = case_at(Stage.CLARIFYING)
    asked_on = date(2026, 3, 2)
    day, because, explained = due(case, asked_on)
    assert day == date(2026, 5, 1)
    assert "CA-QME" in because and explained.rule_id in because
    RuleSnapshot.delete().where(RuleSnapshot.case == case).execute()
    case.exam_kind = "nowhere"
    day, because, explained = due(case, asked_on)
    assert day == asked_on + timedelta(days=14)
    assert "No rule is on file" in because and explained is None


def test_the_linter_warns_about_what_is_asked_back(case_at):
    case = case_at(Stage.IN_REVIEW)
    clean, leading = concerns(
        case,
        ["Please explain where your opinion differs.", "Isn't it obvious that the knee was hurt earlier?"],
    )
    assert clean == []
    assert {"leading_wording", "body_part_not_on_case"} <= {each.rule for each in leading}


def hints_on(case, world, number, text, reason):
    ask(case, world, number, text=text, reason=reason)
    (found,) = hints(case, list(readable(Party.COORDINATOR, case)))
    return found


def test_a_clarification_within_scope_has_no_hint(world, case_at):
    text = "Which earlier findings show that the wear came before the fall?"
    assert hints_on(case_at(Stage.IN_REVIEW), world, 2, text, ClarificationReason.UNCLEAR) == []


def test_what_shares_no_term_with_the_question_may_be_a_new_one(world, case_at):
    text = "Should surgery be authorized?"
    (hint,) = hints_on(case_at(Stage.IN_REVIEW), world, 2, text, ClarificationReason.UNCLEAR)
    assert "new question" in hint


def test_new_records_that_nobody_filed_are_noticed(world, case_at):
    case = case_at(Stage.IN_REVIEW)
    text = "Do the newer films of the shoulder change your opinion?"
    (hint,) = hints_on(case, world, 2, text, ClarificationReason.NEW_RECORDS)
    assert "no record was filed" in hint
    own = {"case": case, "media_type": "application/pdf", "size": 1}
    for kind in OWN_PAPERS:
        Document.create(kind=kind, name=f"{kind}.pdf", sha256=f"{kind}", key=f"{kind}", **own)
    assert "no record was filed" in hints(case, readable(Party.COORDINATOR, case))[0][0]
    kept = case.documents.where(Document.kind == "treatment_notes").get()
    Document.update(filed_at=clock.now()).where(Document.id == kept.id).execute()
    assert hints(case, readable(Party.COORDINATOR, case)) == [[]]


def test_a_differing_treating_doctor_who_said_nothing_is_noticed(world, case_at):
    case = case_at(Stage.IN_REVIEW)
    case.treating_opinions.where(True).get().delete_instance()  # the diagnosis
    text = "The treating doctor names another diagnosis of the shoulder: why?"
    (hint,) = hints_on(case, world, 1, text, ClarificationReason.TREATING_DOCTOR_DIFFERS)
    assert "no opinion of the treating doctor" in hint


def test_unanswered_after_a_verdict_of_answered_is_noticed(world, case_at):
    case = case_at(Stage.IN_REVIEW)
    give_verdict(case, by=world.referrer, verdicts={question(case, 2).id: (True, "")})
    text = "What caused the condition?"
    (hint,) = hints_on(case, world, 2, text, ClarificationReason.UNANSWERED)
    assert "marked this question as answered" in hint


def test_a_second_round_leaves_the_first_as_it_was(world, case_at):
    case = case_at(Stage.CHECKING_ADDENDUM)
    release(case, world)
    first = Clarification.get(Clarification.case == case)
    ask(case, world, 1)
    send(case, world)
    sign(case, world, "Something else.")
    again = Clarification.get_by_id(first.id)
    assert (again.opinion, again.addendum_id, again.state) == (first.opinion, first.addendum_id, first.state)
