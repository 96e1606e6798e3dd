"""Bars: a manager keeps one person from one case, and nothing lets them in."""

import pytest

from portal.ime import bars
from portal.ime.bars import lift_bar, place_bar
from portal.ime.experts import find
from portal.ime.matching import end_of, offer_case, ranked
from portal.ime.messages import post_message
from portal.ime.process import VERBS, MovedOn, NotAllowed, Refusal
from portal.ime.referral import assign_coordinator
from portal.ime.restriction import restrict_case
from portal.models import Bar, Case, Event, Notice, User
from portal.policy import party_to, recipients
from portal.words import Party, Role, Stage
from tests.databases import ON_BOTH

WHY = "A cousin of the claimant."


@pytest.fixture
def second_manager(world):
    """Somebody who can lift a bar of the first."""
    return User.create(
        organisation=world.coordinator.organisation,
        role=Role.COORDINATOR,
        name="Other Manager",
        email="other@impartial.example",
        is_manager=True,
    )


@ON_BOTH
def test_a_barred_referrer_loses_the_case_and_a_colleague_hears_of_it(world, case_at, backend):
    case = case_at(Stage.IN_REVIEW)
    place_bar(case, by=world.coordinator, user=world.referrer, why=WHY)
    assert party_to(world.referrer, case) is None
    assert [each.email for each in recipients(case, Party.REFERRER)] == [world.colleague.email]
    with pytest.raises(NotAllowed):
        post_message(case, by=world.referrer, text="Let me in.")


@ON_BOTH
def test_a_barred_coordinator_loses_the_case_and_is_not_given_it_again(world, case_at, backend):
    case = case_at(Stage.BOOKED)
    assign_coordinator(case, by=world.coordinator, coordinator=world.second_coordinator)
    place_bar(case, by=world.coordinator, user=world.second_coordinator, why=WHY)
    assert Case.get_by_id(case.id).coordinator is None
    with pytest.raises(Refusal) as refused:
        assign_coordinator(case, by=world.coordinator, coordinator=world.second_coordinator)
    assert refused.value.field == "coordinator"
    told = Notice.select().join(Event).where(Event.step == "place_bar")
    assert world.second_coordinator.email not in {notice.email for notice in told}


@ON_BOTH
def test_a_barred_expert_is_not_offered_the_case(world, case_at, backend):
    case, expert = case_at(Stage.MATCHING), world.second_expert.expert
    place_bar(case, by=world.coordinator, user=world.second_expert, why=WHY)
    [candidate] = [each for each in ranked(case) if each.expert_id == expert.id]
    assert candidate.exclusions[0] == "A manager has barred this expert from the case."
    with pytest.raises(Refusal):
        until = end_of(case.created_at.date().replace(year=case.created_at.year + 1))
        offer_case(case, by=world.coordinator, expert=find(expert.id), until=until)


@pytest.mark.parametrize("stage", [Stage.OFFERED, Stage.REPORTING])
def test_a_barred_expert_takes_no_step_and_the_office_can_go_on(world, case_at, stage):
    case = case_at(stage)
    place_bar(case, by=world.coordinator, user=world.expert, why=WHY)
    assert party_to(world.expert, case) is None
    step = {Stage.OFFERED: "recall_offer", Stage.REPORTING: "release_expert"}[stage]
    VERBS[step](case, by=world.coordinator, why=WHY)
    assert case.stage == Stage.MATCHING
    told = Notice.select().join(Event).where((Event.step == step) & (Event.case == case))
    assert world.expert.email not in {notice.email for notice in told}


@ON_BOTH
def test_a_person_is_barred_once_and_let_in_again_once(world, case_at, backend):
    case = case_at(Stage.BOOKED)
    place_bar(case, by=world.coordinator, user=world.referrer, why=WHY)
    with pytest.raises(Refusal):
        place_bar(case, by=world.coordinator, user=world.referrer, why=WHY)
    [bar] = bars.bars(case)
    assert (bar.user, bar.placed_by, bar.why) == (world.referrer, world.coordinator, WHY)
    lift_bar(case, by=world.coordinator, bar=bar)
    assert party_to(world.referrer, case) == Party.REFERRER
    with pytest.raises(MovedOn):
        lift_bar(case, by=world.coordinator, bar=bar)


def test_a_bar_of_another_case_is_not_lifted_here(world, case_at):
    case, other = case_at(Stage.BOOKED), case_at(Stage.CLOSED)
    place_bar(case, by=world.coordinator, user=world.referrer, why=WHY)
    with pytest.raises(MovedOn):
        lift_bar(other, by=world.coordinator, bar=Bar.get())
    assert Bar.select().count() == 1


def test_the_last_manager_who_sees_the_case_is_not_barred(world, case_at, second_manager):
    case = case_at(Stage.BOOKED)
    place_bar(case, by=world.coordinator, user=second_manager, why=WHY)
    with pytest.raises(Refusal):
        place_bar(case, by=world.coordinator, user=world.coordinator, why=WHY)
    assert party_to(world.coordinator, case) == Party.COORDINATOR


def test_a_manager_who_knows_the_claimant_bars_themself_and_cannot_lift_it(world, case_at, second_manager):
    case = case_at(Stage.BOOKED)
    place_bar(case, by=world.coordinator, user=world.coordinator, why=WHY)
    with pytest.raises(NotAllowed):
        lift_bar(case, by=world.coordinator, bar=Bar.get())
    lift_bar(case, by=second_manager, bar=Bar.get())


def test_only_who_could_see_the_case_is_barred(world, case_at):
    case = case_at(Stage.BOOKED)
    with pytest.raises(Refusal):
        place_bar(case, by=world.coordinator, user=world.stranger_referrer, why=WHY)


@pytest.mark.parametrize("why", ["", "   "])
def test_a_bar_and_a_restriction_need_a_reason(world, case_at, why):
    case = case_at(Stage.BOOKED)
    with pytest.raises(Refusal):
        place_bar(case, by=world.coordinator, user=world.referrer, why=why)
    with pytest.raises(Refusal):
        restrict_case(case, by=world.coordinator, why=why)
    assert not Bar.select().exists() and not Case.get_by_id(case.id).is_restricted
