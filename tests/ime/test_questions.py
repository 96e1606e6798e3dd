"""The linter and the library on a case."""

from datetime import date, timedelta

from portal import clock
from portal.ime.particulars import particulars
from portal.ime.questions import concerns, deadline_concerns, first_injury, needed_by, suggestions
from portal.ime.referral import edit_referral, start_referral
from portal.words import Issue, Stage


def test_suggestions_name_the_injured_part_and_the_date(world, case_at):
    case = case_at(Stage.DRAFT)
    listed = particulars(case)
    offered = suggestions(case, listed)
    spoken = f"{listed.injuries[0].injured_on:%B} {listed.injuries[0].injured_on.day}"
    assert offered[0].issue == Issue.CAUSATION
    assert "left shoulder" in offered[0].text and spoken in offered[0].text
    assert not [each for each in offered if "{" in each.text]


def test_a_draft_without_a_reason_is_still_offered_questions(world):
    case = start_referral(by=world.referrer)
    assert suggestions(case, particulars(case))


def test_a_question_about_another_body_part_is_noticed(world, case_at):
    listed = particulars(case_at(Stage.DRAFT))
    about_knee, about_shoulder = concerns(
        ["What is the diagnosis of the right knee?", "What is the diagnosis of the left shoulder?"], listed
    )
    assert [concern.rule for concern in about_knee] == ["body_part_not_on_case"]
    assert about_shoulder == []


def test_the_earliest_day_counts(world, case_at):
    case = case_at(Stage.DRAFT)
    hearing = particulars(case).deadlines[0].falls_on
    assert needed_by(case, particulars(case)) == hearing
    edit_referral(case, by=world.referrer, case_fields={"report_needed_by": hearing - timedelta(days=5)})
    assert needed_by(case, particulars(case)) == hearing - timedelta(days=5)


def test_the_first_injury_counts(world, case_at):
    case = case_at(Stage.DRAFT)
    days = (date(2026, 5, 2), None, date(2026, 4, 1))
    rows = [{"body_part": "neck", "status": "accepted", "injured_on": day} for day in days]
    edit_referral(case, by=world.referrer, lists={"injuries": rows})
    assert first_injury(particulars(case)) == date(2026, 4, 1)


def test_a_deadline_that_no_notice_can_meet_is_noticed(world, case_at):
    case = case_at(Stage.DRAFT)
    soon = clock.today() + timedelta(days=3)
    edit_referral(case, by=world.referrer, case_fields={"report_needed_by": soon})
    noticed = deadline_concerns(case, particulars(case))
    assert [concern.rule for concern in noticed] == ["deadline_before_exam"]


def test_a_case_without_a_date_or_a_kind_has_no_deadline_to_notice(world):
    case = start_referral(by=world.referrer)
    assert deadline_concerns(case, particulars(case)) == []
    edit_referral(case, by=world.referrer, case_fields={"report_needed_by": clock.today()})
    assert deadline_concerns(case, particulars(case)) == []
