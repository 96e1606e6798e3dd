"""Verdicts, the disagreement board, and what the acceptance of a report needs."""

from datetime import timedelta

import pytest

from portal import clock
from portal.ime.process import NotAllowed, Refusal
from portal.ime.review import accept_report, board, give_verdict, judged, open_points
from portal.models import Case, Event, Question, Verdict
from portal.words import Issue, Stage
from tests.databases import ON_BOTH
from tests.ime.rounds import ask, question, release, send, sign
from tests.paper import statements_of


def all_good(case):
    return {each.id: (True, "") for each in case.questions}


def test_a_verdict_of_not_answered_needs_a_why_and_names_the_field(world, case_at):
    case = case_at(Stage.IN_REVIEW)
    with pytest.raises(Refusal) as refused:
        give_verdict(case, by=world.referrer, verdicts={question(case, 2).id: (False, "  ")})
    assert refused.value.field == "why_2"
    assert Verdict.select().join(Question).where(Question.case == case).count() == 0


def test_one_wrong_verdict_keeps_all_of_them_out(world, case_at):
    case = case_at(Stage.IN_REVIEW)
    verdicts = {question(case, 1).id: (True, ""), question(case, 2).id: (False, "")}
    with pytest.raises(Refusal):
        give_verdict(case, by=world.referrer, verdicts=verdicts)
    assert [row.verdict for row in judged(case)] == [None, None, None]


def test_a_review_that_says_nothing_is_refused(world, case_at):
    with pytest.raises(Refusal):
        give_verdict(case_at(Stage.IN_REVIEW), by=world.referrer, verdicts={})


def test_a_verdict_on_a_question_of_another_case_is_refused(world, case_at):
    foreign = question(case_at(Stage.CLOSED), 1)
    before = Verdict.get(Verdict.question == foreign).given_at
    with pytest.raises(Refusal):
        give_verdict(case_at(Stage.IN_REVIEW), by=world.referrer, verdicts={foreign.id: (False, "Mine now.")})
    assert Verdict.get(Verdict.question == foreign).is_answered
    assert Verdict.get(Verdict.question == foreign).given_at == before


@ON_BOTH
def test_only_the_newest_verdict_counts_and_says_who_gave_it(world, case_at, backend):
    case, first = case_at(Stage.IN_REVIEW), question(case_at(Stage.IN_REVIEW), 1)
    give_verdict(case, by=world.referrer, verdicts={first.id: (False, "The side is missing.")})
    Case.update(referrer=world.colleague).where(Case.id == case.id).execute()
    case = Case.get_by_id(case.id)
    give_verdict(case, by=world.colleague, verdicts={first.id: (True, "left over")})
    verdict = Verdict.get(Verdict.question == first)
    assert (verdict.is_answered, verdict.why, verdict.given_by) == (True, "", world.colleague)
    assert Verdict.select().where(Verdict.question == first).count() == 1


def test_only_the_referrer_gives_a_verdict(world, case_at):
    case = case_at(Stage.IN_REVIEW)
    for person in (world.colleague, world.coordinator, world.expert):
        with pytest.raises(NotAllowed):
            give_verdict(case, by=person, verdicts=all_good(case))


def test_a_report_is_not_accepted_while_a_verdict_is_missing(world, case_at):
    case = case_at(Stage.IN_REVIEW)
    give_verdict(case, by=world.referrer, verdicts={question(case, 1).id: (True, "")})
    with pytest.raises(Refusal, match="question 2"):
        accept_report(case, by=world.referrer)
    assert Case.get_by_id(case.id).stage == Stage.IN_REVIEW


def test_a_report_is_not_accepted_while_a_question_is_not_answered(world, case_at):
    case = case_at(Stage.IN_REVIEW)
    verdicts = all_good(case) | {question(case, 3).id: (False, "How long?")}
    give_verdict(case, by=world.referrer, verdicts=verdicts)
    with pytest.raises(Refusal, match="question 3 as not answered"):
        accept_report(case, by=world.referrer)


def test_a_report_whose_questions_are_all_answered_closes_the_case(world, case_at):
    case = case_at(Stage.IN_REVIEW)
    give_verdict(case, by=world.referrer, verdicts=all_good(case))
    accept_report(case, by=world.referrer)
    closed = Case.get_by_id(case.id)
    assert (closed.stage, closed.is_open) == (Stage.CLOSED, False)
    event = case.events.order_by(Event.id.desc()).get()
    assert {notice.party for notice in event.notices} == {"coordinator", "expert"}


def test_a_released_addendum_makes_the_verdict_on_its_question_stale_and_no_other(world, case_at):
    case = case_at(Stage.IN_REVIEW)
    give_verdict(case, by=world.referrer, verdicts=all_good(case))
    with clock.set_to(clock.now() + timedelta(hours=1)):
        ask(case, world, 2)
        send(case, world)
        sign(case, world)
        assert not any(row.is_stale for row in judged(case)), "nothing is stale before the release"
        release(case, world)
        assert [row.is_stale for row in judged(case)] == [False, True, False]
        assert open_points(judged(case)) == [
            "Addendum 1 speaks to question 2. Say whether it is answered now."
        ]
        with pytest.raises(Refusal, match="Addendum 1"):
            accept_report(case, by=world.referrer)
        give_verdict(case, by=world.referrer, verdicts={question(case, 2).id: (True, "")})
        accept_report(case, by=world.referrer)
    assert case.stage == Stage.CLOSED


def test_the_board_lays_both_opinions_side_by_side_issue_by_issue(world, case_at):
    case = case_at(Stage.IN_REVIEW)
    laid = {each.issue: each for each in board(judged(case), case.treating_opinions)}
    assert list(laid) == [Issue.DIAGNOSIS, Issue.CAUSATION, Issue.WORK_RESTRICTIONS]
    causation = laid[Issue.CAUSATION]
    assert causation.treating.opinion == "Caused wholly by the fall at work."
    assert [row.question.number for row in causation.rows] == [2]
    assert causation.rows[0].answer.opinion.startswith("The fall made an earlier, silent wear")


def test_the_board_shows_an_issue_that_only_one_side_speaks_to(world, case_at):
    case = case_at(Stage.IN_REVIEW)
    case.treating_opinions.where(True).first().delete_instance()
    Question.update(issue=Issue.PROGNOSIS).where(Question.case == case, Question.number == 2).execute()
    laid = {each.issue: each for each in board(judged(case), case.treating_opinions)}
    assert laid[Issue.DIAGNOSIS].treating is None
    assert laid[Issue.CAUSATION].rows == []
    assert [row.question.number for row in laid[Issue.PROGNOSIS].rows] == [2]


def test_the_review_is_read_in_two_statements(world, case_at):
    case = case_at(Stage.CLOSED)
    assert statements_of(lambda: [(row.is_stale, row.is_answered) for row in judged(case)]) == 1
