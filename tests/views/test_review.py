"""The pages on which the referrer reviews and accepts the report."""

from datetime import timedelta

from portal import clock
from portal.ime.review import give_verdict, judged
from portal.models import Case, Verdict
from portal.words import Stage
from tests.ime.rounds import ask, question, release, send, sign

WHY = "Nothing is said about the earlier wear."


def at_review(visitor, world, case):
    return visitor(world.referrer).opens(f"/cases/{case.reference}").follows("Review the answers")


def test_the_review_shows_each_question_word_for_word_with_its_answer(visitor, world, case_at):
    case = case_at(Stage.IN_REVIEW)
    referrer = at_review(visitor, world, case)
    for row in judged(case):
        for words in (row.question.text, row.answer.opinion, row.answer.reasons, "More likely than not"):
            assert referrer.sees(words)
    assert referrer.sees("Caused wholly by the fall at work."), "the board lays the treating doctor beside it"


def test_every_answer_found_good_leads_to_acceptance_and_closes_the_case(visitor, world, case_at):
    case = case_at(Stage.IN_REVIEW)
    referrer = at_review(visitor, world, case)
    assert "Accept the report" not in referrer.links
    referrer.presses("Save your review", answered_1="yes", answered_2="yes", answered_3="yes")
    referrer.follows("Accept the report").presses("Accept the report")
    assert referrer.sees("The report is accepted and the case is closed.")
    assert Case.get_by_id(case.id).stage == Stage.CLOSED


def test_not_answered_without_a_why_says_so_at_the_field_and_keeps_the_rest(visitor, world, case_at):
    case = case_at(Stage.IN_REVIEW)
    referrer = at_review(visitor, world, case)
    referrer.presses("Save your review", answered_1="no", why_1=WHY, answered_2="no")
    assert referrer.status == 422
    assert referrer.sees("Error: Say what is missing in the answer to question 2")
    assert referrer.typed("why_1") == WHY
    assert not Verdict.select().where(Verdict.question == question(case, 1)).exists()


def test_a_review_can_be_saved_in_part_and_taken_up_again(visitor, world, case_at):
    case = case_at(Stage.IN_REVIEW)
    at_review(visitor, world, case).presses("Save your review", answered_2="no", why_2=WHY)
    again = at_review(visitor, world, case)
    assert again.typed("why_2") == WHY
    assert again.tree.xpath("//input[@name='answered_2'][@checked]/@value") == ["no"]
    assert "Ask for clarification" not in again.links, "two questions still wait for their verdict"


def test_saving_nothing_says_what_to_do(visitor, world, case_at):
    referrer = at_review(visitor, world, case_at(Stage.IN_REVIEW)).presses("Save your review")
    assert referrer.status == 422
    assert referrer.sees("Say of at least one question whether it is answered.")


def test_a_question_not_answered_leads_to_a_clarification_that_begins_with_the_why(visitor, world, case_at):
    case = case_at(Stage.IN_REVIEW)
    referrer = at_review(visitor, world, case)
    referrer.presses("Save your review", answered_1="yes", answered_2="no", why_2=WHY, answered_3="yes")
    assert "Accept the report" not in referrer.links
    referrer.follows("Ask for clarification")
    assert referrer.heading == "Ask for clarification"
    assert referrer.typed("text_2") == WHY
    assert referrer.tree.xpath("//select[@name='reason_2']/option[@selected]/@value") == ["unanswered"]
    assert referrer.typed("text_1") == ""


def test_the_acceptance_page_says_what_is_missing_instead_of_offering_a_button(visitor, world, case_at):
    case = case_at(Stage.IN_REVIEW)
    referrer = visitor(world.referrer).opens(f"/cases/{case.reference}/review/acceptance")
    assert referrer.sees("Say whether question 1 is answered.")
    assert "Accept the report" not in referrer.buttons


def test_an_acceptance_that_came_too_early_is_refused_with_the_reason(visitor, world, case_at):
    case = case_at(Stage.IN_REVIEW)
    verdicts = {each.id: (True, "") for each in case.questions}
    give_verdict(case, by=world.referrer, verdicts=verdicts)
    referrer = visitor(world.referrer).opens(f"/cases/{case.reference}/review/acceptance")
    give_verdict(case, by=world.referrer, verdicts={question(case, 2).id: (False, WHY)})
    referrer.presses("Accept the report")
    assert referrer.status == 422
    assert referrer.sees("You marked question 2 as not answered.")
    assert Case.get_by_id(case.id).stage == Stage.IN_REVIEW


def test_after_an_addendum_the_referrer_is_asked_again_about_its_questions_only(visitor, world, case_at):
    case = case_at(Stage.IN_REVIEW)
    give_verdict(case, by=world.referrer, verdicts={each.id: (True, "") for each in case.questions})
    with clock.set_to(clock.now() + timedelta(minutes=10)):
        ask(case, world, 2)
        send(case, world)
        sign(case, world, "The left side only.")
        release(case, world)
        referrer = visitor(world.referrer).opens(f"/cases/{case.reference}")
        assert referrer.sees("An addendum came after your review of question 2.")
        referrer.follows("Review the answers")
        assert referrer.sees("The left side only.")
        assert referrer.tree.xpath("//input[@name='answered_1'][@checked]/@value") == ["yes"]
        assert referrer.tree.xpath("//input[@name='answered_2'][@checked]/@value") == []
        referrer.presses("Save your review", answered_2="yes").follows("Accept the report")
        referrer.presses("Accept the report")
    assert Case.get_by_id(case.id).stage == Stage.CLOSED


def test_the_board_asks_back_about_one_issue(visitor, world, case_at):
    case = case_at(Stage.IN_REVIEW)
    referrer = at_review(visitor, world, case).follows("Ask for clarification on this issue: causation")
    assert referrer.tree.xpath("//select[@name='reason_2']/option[@selected]/@value") == [
        "treating_doctor_differs"
    ]


def test_a_colleague_and_the_coordinator_read_the_board_and_cannot_judge(visitor, world, case_at):
    case = case_at(Stage.IN_REVIEW)
    for person in (world.colleague, world.coordinator):
        reader = visitor(person).opens(f"/cases/{case.reference}")
        assert reader.sees("The treating doctor beside the expert")
        assert not [link for link in reader.links if link.startswith("Ask for clarification on this issue")]
        assert reader.opens(f"/cases/{case.reference}/review").status == 403


def test_the_expert_reads_neither_board_nor_verdict(visitor, world, case_at):
    case = case_at(Stage.IN_REVIEW)
    give_verdict(case, by=world.referrer, verdicts={question(case, 2).id: (False, WHY)})
    expert = visitor(world.expert).opens(f"/cases/{case.reference}")
    assert not expert.sees("The treating doctor beside the expert")
    assert not expert.sees(WHY)


def test_nobody_reads_the_board_before_the_report_is_released(visitor, world, case_at):
    for stage in (Stage.REPORTING, Stage.CHECKING):
        reader = visitor(world.referrer).opens(f"/cases/{case_at(stage).reference}")
        assert not reader.sees("The treating doctor beside the expert")
        assert not reader.sees("earlier, silent wear")


def test_what_a_referrer_types_is_shown_as_text(visitor, world, case_at):
    case = case_at(Stage.IN_REVIEW)
    hostile = "<script>alert(1)</script> & “quotes”"
    referrer = at_review(visitor, world, case).presses("Save your review", answered_1="no", why_1=hostile)
    assert referrer.typed("why_1") == hostile
    assert "<script>alert" not in referrer.response.get_data(as_text=True)
