"""The pages on which the expert answers and signs, and the coordinator releases or returns."""

import pytest

from portal.models import Addendum, Case, Clarification, Disclosure, RuleOverride
from portal.words import Stage
from tests.ime.rounds import answer, send

ASKED = "Please explain where your opinion differs."


@pytest.fixture
def sent(world, case_at):
    """A case whose clarification is with the expert."""
    case = case_at(Stage.CLARIFYING)
    send(case, world)
    return case


def typed(case):
    number = case.clarifications.get().id
    return {
        f"opinion_{number}": "The fall made it worse.",
        f"reasons_{number}": "Retraction takes months to form.",
        f"certainty_{number}": "probable",
    }


def writing(visitor, world, case):
    return visitor(world.expert).opens(f"/cases/{case.reference}").follows("Write the addendum")


def test_the_expert_answers_beside_the_question_and_the_signed_answer_and_signs(visitor, world, sent):
    expert = writing(visitor, world, sent)
    assert expert.sees("By the rules: ") and expert.sees("60 calendar days after the request on")
    for words in (ASKED, "What caused the condition of the left shoulder?", "earlier, silent wear"):
        assert expert.sees(words)
    expert.presses("Save your answers", **typed(sent)).follows("Read it once more and sign")
    assert expert.sees("This is addendum 1 as it will stand.")
    for words in (
        ASKED,
        "The fall made it worse.",
        "Retraction takes months",
        "More likely than not",
        "Certificate",
    ):
        assert expert.sees(words)
    expert.presses("Sign the addendum", attests="yes")
    assert expert.sees("The addendum is signed.")
    assert Case.get_by_id(sent.id).stage == Stage.CHECKING_ADDENDUM


def test_answers_can_be_saved_in_part_and_then_the_page_says_what_is_missing(visitor, world, sent):
    number = sent.clarifications.get().id
    expert = writing(visitor, world, sent).presses(
        "Save your answers", **{f"opinion_{number}": "Half of it."}
    )
    assert expert.typed(f"opinion_{number}") == "Half of it."
    assert "Read it once more and sign" not in expert.links
    expert.opens(f"/cases/{sent.reference}/addendum/signature")
    assert expert.sees("The addendum cannot be signed yet:")
    assert set(expert.buttons) == {"Sign out"}


def test_a_signature_without_the_attestation_says_so(visitor, world, sent):
    answer(sent, world)
    expert = (
        visitor(world.expert)
        .opens(f"/cases/{sent.reference}/addendum/signature")
        .presses("Sign the addendum")
    )
    assert expert.status == 422
    assert expert.sees("Confirm that you have read the addendum before you sign it")
    assert not sent.addenda.exists()


def test_what_changed_in_another_window_must_be_read_before_it_is_signed(visitor, world, sent):
    answer(sent, world)
    expert = visitor(world.expert).opens(f"/cases/{sent.reference}/addendum/signature")
    answer(sent, world, "The right side.")
    expert.presses("Sign the addendum", attests="yes")
    assert expert.status == 422
    assert expert.sees("Read it once more, then sign.")
    assert expert.sees("The right side.")
    expert.presses("Sign the addendum", attests="yes")
    assert Addendum.get(Addendum.case == sent).number == 1


def test_a_forged_fingerprint_signs_nothing(visitor, world, sent):
    answer(sent, world)
    expert = visitor(world.expert).opens(f"/cases/{sent.reference}/addendum/signature")
    expert.presses("Sign the addendum", attests="yes", read="")
    assert expert.status == 422
    assert not sent.addenda.exists()


def test_the_script_saves_while_the_expert_types(visitor, world, sent):
    expert = writing(visitor, world, sent)
    token = expert.tree.xpath("//input[@name='csrf_token']/@value")[-1]
    sender = {"HX-Request": "true", "HX-Request-Type": "full"}
    path = f"/cases/{sent.reference}/addendum"
    answered = expert.client.post(path, data={**typed(sent), "csrf_token": token}, headers=sender)
    assert answered.status_code == 200
    assert b"Saved at" in answered.data
    assert b"<main" not in answered.data
    assert Clarification.get(Clarification.case == sent).opinion == "The fall made it worse."
    too_long = {**typed(sent), f"opinion_{sent.clarifications.get().id}": "a" * 10_001, "csrf_token": token}
    refused = expert.client.post(path, data=too_long, headers=sender)
    assert refused.status_code == 422
    assert b"Not saved yet" in refused.data


def test_the_coordinator_releases_what_answers_the_question(visitor, world, case_at):
    case = case_at(Stage.CHECKING_ADDENDUM)
    coordinator = visitor(world.coordinator).opens(f"/cases/{case.reference}").follows("Check the addendum")
    assert coordinator.sees(ASKED)
    assert coordinator.sees("The chain is unbroken")
    coordinator.presses("Release the addendum")
    assert coordinator.status == 422 and coordinator.sees("It must also go to: claimant")
    coordinator.presses("Release the addendum", copies=["claimant", "representative"])
    assert coordinator.sees("The addendum is released.")
    copied = {row.recipient for row in Disclosure.select().where(Disclosure.what == "Addendum 1, copy")}
    assert {"The claimant", "Dana Brooks"} <= copied
    assert not RuleOverride.select().exists()
    assert Case.get_by_id(case.id).stage == Stage.IN_REVIEW


def test_a_returned_addendum_is_written_anew_and_the_referrer_reads_only_the_second(visitor, world, case_at):
    case = case_at(Stage.CHECKING_ADDENDUM)
    coordinator = visitor(world.coordinator).opens(f"/cases/{case.reference}/addendum/check")
    coordinator.follows("Return the addendum").presses("Return the addendum")
    assert coordinator.status == 422
    coordinator.presses("Return the addendum", why="Please name the film you mean.")
    expert = writing(visitor, world, case)
    assert expert.sees("Please name the film you mean.")
    expert.presses("Save your answers", **typed(case)).follows("Read it once more and sign")
    assert expert.sees("This is addendum 2 as it will stand.")
    expert.presses("Sign the addendum", attests="yes")
    coordinator.opens(f"/cases/{case.reference}")
    assert coordinator.sees("returned to the expert, never released")
    coordinator.follows("Check the addendum").presses("Release the addendum", override="By mail.")
    referrer = visitor(world.referrer).opens(f"/cases/{case.reference}")
    assert referrer.sees("Answered in addendum 2")
    assert referrer.sees("Addendum 1 was never released.")
    assert "Addendum 1 (PDF)" not in referrer.links
    assert not referrer.sees("Please name the film you mean.")
    assert referrer.sees("The chain is unbroken")


@pytest.mark.parametrize("page", ["", "/signature"])
def test_nobody_but_the_expert_opens_the_writing_pages(visitor, world, sent, page):
    for person in (world.referrer, world.colleague, world.coordinator):
        assert visitor(person).opens(f"/cases/{sent.reference}/addendum{page}").status == 403
    assert visitor(world.second_expert).opens(f"/cases/{sent.reference}/addendum{page}").status == 404


@pytest.mark.parametrize("page", ["check", "return"])
def test_nobody_but_the_coordinator_opens_the_checking_pages(visitor, world, case_at, page):
    case = case_at(Stage.CHECKING_ADDENDUM)
    for person in (world.referrer, world.expert):
        assert visitor(person).opens(f"/cases/{case.reference}/addendum/{page}").status == 403
