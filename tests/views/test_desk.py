"""Each role's home."""

import pytest

from portal.words import Stage


def test_a_referrer_sees_whose_turn_each_case_is(visitor, world):
    home = visitor(world.referrer).opens("/")
    assert home.sees("Your turn") and home.sees("Waiting for others")
    assert home.sees("Review the answers")


def test_a_coordinator_sees_referrals_that_nobody_has_taken(visitor, world, case_at):
    home = visitor(world.coordinator).opens("/")
    assert home.sees("New referrals, not assigned yet")
    assert home.sees(case_at(Stage.REFERRED).reference)


def test_a_candidate_sees_the_offer_but_not_the_claimant(visitor, world, case_at):
    home = visitor(world.expert).opens("/")
    offer = home.tree.xpath("//li[contains(., $ref)]", ref=case_at(Stage.OFFERED).reference)[0].text_content()
    assert "An offer to you" in offer and "Delgado" not in offer


def test_an_empty_desk_says_what_will_appear_and_what_to_do(visitor, world):
    home = visitor(world.stranger_referrer).opens("/")
    assert home.sees("Nothing waits for you")
    assert "Refer a case" in home.links


def test_a_draft_is_on_no_coordinators_desk(visitor, world, case_at):
    home = visitor(world.coordinator).opens("/")
    assert not home.sees(case_at(Stage.DRAFT).reference)


@pytest.mark.parametrize("who", ["referrer", "coordinator", "expert"])
def test_every_row_of_a_desk_opens_its_case(visitor, world, who):
    person = visitor(getattr(world, who)).opens("/")
    for href in person.tree.xpath("//a[contains(@class, 'row__link')]/@href"):
        if not href.endswith("/calls"):
            assert person.opens(href).status == 200, href
