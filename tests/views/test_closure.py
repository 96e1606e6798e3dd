"""The pages that end and reopen a case."""

from portal.models import Case
from portal.words import Stage


def test_a_referrer_withdraws_from_the_case_page(visitor, world, case_at):
    case = case_at(Stage.MATCHING)
    referrer = visitor(world.referrer).opens(f"/cases/{case.reference}").follows("Withdraw the referral")
    referrer.presses("Withdraw the referral", why="The claim has settled.")
    assert referrer.sees("The referral is withdrawn")
    assert Case.get_by_id(case.id).stage == Stage.WITHDRAWN


def test_a_withdrawal_without_a_reason_says_so_at_the_field(visitor, world, case_at):
    case = case_at(Stage.MATCHING)
    referrer = (
        visitor(world.referrer).opens(f"/cases/{case.reference}/withdrawal").presses("Withdraw the referral")
    )
    assert referrer.status == 422
    assert referrer.title.startswith("Error:")
    assert referrer.sees("Say why you withdraw the referral")


def test_the_page_of_a_withdrawn_case_says_that_it_has_moved_on(visitor, world, case_at):
    case = case_at(Stage.WITHDRAWN)
    referrer = visitor(world.referrer).opens(f"/cases/{case.reference}/withdrawal")
    assert referrer.status == 409
    assert referrer.sees("Now: withdrawn.")


def test_a_stranger_finds_no_such_case(visitor, world, case_at):
    case = case_at(Stage.MATCHING)
    stranger = visitor(world.stranger_referrer)
    assert stranger.opens(f"/cases/{case.reference}/withdrawal").status == 404
    foreign = stranger.response.get_data()
    assert stranger.opens("/cases/IME-999999/withdrawal").response.get_data() == foreign


def test_a_coordinator_may_see_but_not_withdraw(visitor, world, case_at):
    case = case_at(Stage.MATCHING)
    assert visitor(world.coordinator).opens(f"/cases/{case.reference}/withdrawal").status == 403
