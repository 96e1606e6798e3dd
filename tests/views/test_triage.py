"""The coordinator's pages: screening a referral, and giving a case to a colleague."""

import pytest

from portal.models import Case, Event, Message
from portal.words import Stage


def fresh(case):
    return Case.get_by_id(case.id)


def test_a_coordinator_reads_the_referral_and_accepts_it_with_a_note(visitor, world, case_at):
    case = case_at(Stage.REFERRED)
    person = visitor(world.coordinator).opens(f"/cases/{case.reference}").follows("Accept the referral")
    assert person.sees("Rosa Delgado") and person.sees("Hearing on")
    assert person.sees("This seems to hold two questions")
    person.presses("Accept the referral", note="Thank you, the imaging is asked for.")
    assert person.sees("The referral is accepted. Morgan Reyes has been told.")
    assert (fresh(case).stage, fresh(case).coordinator) == (Stage.MATCHING, world.coordinator)
    assert Message.get(Message.case == case).text == "Thank you, the imaging is asked for."


@pytest.mark.parametrize(
    ("link", "stage", "sentence"),
    [
        ("Return with a question", Stage.RETURNED, "The referral is returned"),
        ("Decline the referral", Stage.DECLINED, "The referral is declined"),
    ],
)
def test_a_referral_goes_back_with_a_word_the_referrer_reads(visitor, world, case_at, link, stage, sentence):
    case = case_at(Stage.REFERRED)
    person = visitor(world.coordinator).opens(f"/cases/{case.reference}/acceptance").follows(link)
    person.presses(link)
    assert (person.status, fresh(case).stage) == (422, Stage.REFERRED)
    person.presses(link, why="Which hearing is it?")
    assert person.sees(sentence) and fresh(case).stage == stage
    assert visitor(world.referrer).opens(f"/cases/{case.reference}").sees("Which hearing is it?")


@pytest.mark.parametrize("word", ["return", "decline"])
@pytest.mark.parametrize("why", ["x" * 2_001, "Bad\x00 words"])
def test_a_word_that_cannot_be_kept_is_told_at_the_field(visitor, world, case_at, word, why):
    case = case_at(Stage.REFERRED)
    person = visitor(world.coordinator).opens(f"/cases/{case.reference}/{word}")
    person.presses({"return": "Return with a question", "decline": "Decline the referral"}[word], why=why)
    assert person.status == 422
    assert person.typed("why") == why.replace("\x00", "")
    assert fresh(case).stage == Stage.REFERRED


def test_a_coordinator_gives_a_case_to_a_colleague(visitor, world, case_at):
    case = case_at(Stage.MATCHING)
    person = visitor(world.coordinator).opens(f"/cases/{case.reference}").follows("Assign a coordinator")
    assert person.sees("The case is with Priya Nair now.")
    person.presses("Assign a coordinator", coordinator=str(world.second_coordinator.id))
    assert person.sees("The case is with Jonah Feld now.")
    assert fresh(case).coordinator == world.second_coordinator


def test_nobody_but_a_coordinator_can_be_given_a_case(visitor, world, case_at):
    case = case_at(Stage.MATCHING)
    for wrong in (str(world.referrer.id), "0", "x", ""):
        person = visitor(world.coordinator).opens(f"/cases/{case.reference}/assignment")
        person.presses("Assign a coordinator", coordinator=wrong)
        assert person.status == 422
    assert fresh(case).coordinator == world.coordinator


def test_the_pages_of_screening_are_the_coordinators_alone(visitor, world, case_at):
    case = case_at(Stage.REFERRED)
    for word in ("acceptance", "return", "decline", "assignment"):
        assert visitor(world.referrer).opens(f"/cases/{case.reference}/{word}").status == 403
        assert visitor(world.stranger_referrer).opens(f"/cases/{case.reference}/{word}").status == 404


def test_a_referral_accepted_a_moment_ago_says_where_it_is_now(visitor, world, case_at):
    case = case_at(Stage.REFERRED)
    late = visitor(world.second_coordinator).opens(f"/cases/{case.reference}/acceptance")
    visitor(world.coordinator).opens(f"/cases/{case.reference}/acceptance").presses("Accept the referral")
    late.presses("Accept the referral")
    assert (late.status, late.sees("Now: finding an expert.")) == (409, True)
    assert Event.select().where(Event.case == case, Event.step == "accept_referral").count() == 1


def test_a_case_that_no_expert_can_take_can_still_be_declined(visitor, world, case_at):
    case = case_at(Stage.MATCHING)
    page = visitor(world.coordinator).opens(f"/cases/{case.reference}").follows("Decline the referral")
    page.presses("Decline the referral", why="Nobody on our panel is licensed there.")
    assert Case.get_by_id(case.id).stage == Stage.DECLINED
