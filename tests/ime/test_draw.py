"""Draws: by chance or in turn, struck by the parties, and repeated to the same result."""

import hashlib
import json
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from portal import clock
from portal.ime import draw
from portal.ime.draw import draw_panel, drawn, names_left, replay, strike_name
from portal.ime.matching import drawn_from, eligible_for, end_of, offer_case, order_for, pass_offer, ranked
from portal.ime.modes import REQUIRED, every_mode, mode_of
from portal.ime.pending import idle_steps
from portal.ime.process import NotAllowed, Refusal
from portal.ime.referral import accept_referral, edit_referral, return_referral, submit_referral
from portal.ime.rules import exam_kinds, rule
from portal.models import Case, CaseParty, Draw, Expert, Offer, Strike
from portal.words import MatchingMode, Party, Stage
from tests.databases import ON_BOTH

pools = some.lists(some.integers(1, 10_000), unique=True, min_size=1, max_size=60)


@pytest.fixture
def case(case_at):
    return case_at(Stage.MATCHING)


def of_kind(case, code):
    Case.update(exam_kind=code).where(Case.id == case.id).execute()
    return Case.get_by_id(case.id)


def panel_for(case, world, **more):
    return draw_panel(case, by=world.coordinator, eligible=eligible_for(case), **more)


def offer_to(case, world, number, why=""):
    until = end_of(clock.today() + timedelta(days=2))
    return offer_case(
        case, by=world.coordinator, expert=Expert.get_by_id(number), until=until, why_not_first=why
    )


# --- the data file ----------------------------------------------------------------------------------------------


def test_every_mode_on_file_is_of_a_known_kind_and_a_known_rule():
    for code, mode in every_mode().items():
        assert code in exam_kinds()
        assert rule(mode.required_by).exam == code if mode.required_by else not mode.requires
        assert set(mode.requires) <= REQUIRED
        assert (MatchingMode.RANDOM_PANEL in mode.modes) == (mode.names > 1)
        assert set(mode.strikes) <= {Party.CLAIMANT, Party.REFERRER} and len(mode.strikes) < max(
            mode.names, 1
        )
    assert not mode_of("FL-WC").must_draw and mode_of("CO-DIME").must_draw


# --- the draw itself --------------------------------------------------------------------------------------------


@settings(max_examples=100)
@given(pools, some.text("0123456789abcdef", min_size=32, max_size=32), some.integers(1, 5))
def test_a_draw_repeats_whatever_the_order_of_its_list(pool, seed, names):
    rows = [[number, ""] for number in pool]
    found = drawn(MatchingMode.RANDOM_PANEL, seed, rows, names)
    assert found == drawn(MatchingMode.RANDOM_PANEL, seed, rows[::-1], names)
    assert len(found) == min(names, len(pool)) and set(found) <= set(pool)


def test_anybody_can_check_a_draw_with_a_hash_alone():
    found = drawn(MatchingMode.RANDOM_PANEL, "aa", [[number, ""] for number in range(1, 30)], 3)
    by_hand = sorted(range(1, 30), key=lambda number: hashlib.sha256(f"aa:{number}".encode()).hexdigest())
    assert found == by_hand[:3]


def test_every_name_has_the_same_chance():
    rows = [[number, ""] for number in range(1, 11)]
    first = [drawn(MatchingMode.RANDOM_PANEL, f"{seed:032x}", rows, 1)[0] for seed in range(5_000)]
    assert all(400 < first.count(number) < 600 for number in range(1, 11))


@settings(max_examples=100)
@given(pools, some.data())
def test_a_rotation_takes_whoever_waited_longest(pool, data):
    turns = {number: data.draw(some.sampled_from(["", "2026-01-01", "2026-02-01"])) for number in pool}
    found = drawn(MatchingMode.ROTATION, "seed", [[number, turns[number]] for number in pool], 0)
    assert [turns[number] for number in found] == sorted(turns.values())
    assert sorted(found) == sorted(pool)


# --- at a case --------------------------------------------------------------------------------------------------


@ON_BOTH
def test_a_panel_is_drawn_kept_and_replayed(world, case, backend):
    panel = panel_for(case, world)
    assert (panel.mode, len(panel.names)) == (MatchingMode.RANDOM_PANEL, 3)
    again = Draw.get_by_id(panel.id)
    assert replay(again).is_same and replay(again).pool == len(eligible_for(case))
    assert order_for(case, ranked(case)) == panel.names


def test_who_was_not_drawn_is_not_offered_the_case(world, case):
    panel = panel_for(case, world)
    outside = next(number for number in eligible_for(case) if number not in panel.names)
    with pytest.raises(Refusal) as refused:
        offer_to(case, world, outside, why="Better.")
    assert refused.value.field == "expert"
    with pytest.raises(Refusal, match="first on the list"):
        offer_to(case, world, panel.names[1])
    offer = offer_to(case, world, panel.names[0])
    assert (offer.rank, offer.draw_id) == (1, panel.id)


def test_after_a_pass_the_next_name_is_proposed(world, case):
    panel = panel_for(case, world)
    offer_to(case, world, panel.names[0])
    pass_offer(case, by=Expert.get_by_id(panel.names[0]).user, why="", because="no_time")
    assert order_for(case, ranked(case)) == panel.names[1:]
    assert offer_to(case, world, panel.names[1]).rank == 1


def test_each_side_strikes_one_name_and_the_last_one_stays(world, case):
    panel = panel_for(case, world)
    one, two, three = (Expert.get_by_id(number) for number in panel.names)
    strike_name(case, by=world.referrer, expert=one)
    with pytest.raises(Refusal, match="struck a name already"):
        strike_name(case, by=world.referrer, expert=two)
    with pytest.raises(Refusal, match="not on the panel"):
        strike_name(case, by=world.coordinator, expert=one, party=Party.CLAIMANT)
    strike_name(case, by=world.coordinator, expert=two, party=Party.CLAIMANT)
    with pytest.raises(Refusal, match="last name"):
        strike_name(case, by=world.coordinator, expert=three, party=Party.CLAIMANT)
    assert names_left(panel) == [three.id] and Strike.select().count() == 2


def test_a_referrer_strikes_in_their_own_name_alone_and_a_stranger_not_at_all(world, case):
    panel = panel_for(case, world)
    expert = Expert.get_by_id(panel.names[0])
    assert strike_name(case, by=world.referrer, expert=expert, party=Party.CLAIMANT).party == Party.REFERRER
    with pytest.raises(NotAllowed):
        strike_name(case, by=world.stranger_referrer, expert=expert)


def test_names_are_drawn_anew_only_with_a_reason_and_the_first_draw_stays(world, case):
    first = panel_for(case, world)
    with pytest.raises(Refusal) as refused:
        panel_for(case, world)
    assert refused.value.field == "why"
    second = panel_for(case, world, why="Two of the three have moved away.")
    assert [each.id for each in draw.draws_of(case)] == [first.id, second.id]
    assert draw.last_draw(case) == second


@ON_BOTH
def test_a_draw_for_another_kind_of_examination_does_not_count(world, case, backend):
    panel = panel_for(case, world)
    strike_name(case, by=world.referrer, expert=Expert.get_by_id(panel.names[0]))
    assert leads_to(case, "strike_name")
    return_referral(case, by=world.coordinator, why="This is a civil matter.")
    edit_referral(case, by=world.referrer, case_fields={"exam_kind": "CA-CIV"})
    submit_referral(case, by=world.referrer, answer="So it is.")
    accept_referral(case, by=world.coordinator)
    case = Case.get_by_id(case.id)
    ranking = ranked(case)
    assert draw.last_draw(case) is None and not leads_to(case, "strike_name")
    assert order_for(case, ranking) == [each.expert_id for each in ranking if each.rank]
    offer = offer_to(case, world, ranking[0].expert_id)
    assert (offer.rank, offer.draw) == (1, None)
    (replayed,) = map(replay, draw.draws_of(case))
    assert replayed.is_same and replayed.exam_kind == "CA-QME" and not draw.replay_offers(case)


def test_a_case_that_is_of_another_kind_now_is_drawn_without_a_reason_and_with_everybody(world, case):
    panel = panel_for(case, world)
    strike_name(case, by=world.referrer, expert=Expert.get_by_id(panel.names[0]))
    case = of_kind(case, "CO-DIME")
    again = draw_panel(case, by=world.coordinator, eligible=[row.id for row in Expert.select()])
    assert panel.names[0] in [number for number, _ in again.pool] and draw.last_draw(case) == again
    assert draw.last_draw(of_kind(case, "CA-QME")) == panel


def leads_to(case, step):
    """Whether the case's page offers the step."""
    return step not in idle_steps(case)


def test_a_kind_that_must_draw_offers_nobody_before(world, case):
    case = of_kind(case, "CO-DIME")
    assert order_for(case, ranked(case)) == []
    with pytest.raises(Refusal):
        offer_to(case, world, world.expert.expert.id)


def test_a_kind_with_free_choice_draws_nothing(world, case):
    case = of_kind(case, "FL-WC")
    with pytest.raises(Refusal, match="chosen freely"):
        draw_panel(case, by=world.coordinator, eligible=[1, 2, 3])


def test_too_few_for_a_panel_is_said(world, case):
    with pytest.raises(Refusal, match="A panel needs 3 names, and 2"):
        draw_panel(case, by=world.coordinator, eligible=[1, 2])


def test_in_rotation_whoever_had_a_turn_goes_to_the_end(world, case, case_at):
    case = of_kind(case, "MA-11A")
    numbers = [row.id for row in Expert.select()]
    panel = draw_panel(case, by=world.coordinator, eligible=numbers)
    first = panel.names[0]
    Offer.create(case=case, expert=first, until=clock.now(), rank=1, ranking=[], draw=panel, state="passed")
    again = draw_panel(case, by=world.coordinator, eligible=numbers, why="The first passed.")
    assert again.names[-1] == first and replay(again).is_same


def test_what_the_office_took_back_was_no_turn(world, case):
    case = of_kind(case, "MA-11A")
    numbers = [row.id for row in Expert.select()]
    panel = draw_panel(case, by=world.coordinator, eligible=numbers)
    first = panel.names[0]
    Offer.create(case=case, expert=first, until=clock.now(), rank=1, ranking=[], draw=panel, state="recalled")
    assert draw.last_turns("MA-11A") == {}


def test_whom_a_party_struck_is_not_drawn_again(world, case):
    panel = panel_for(case, world)
    struck = Expert.get_by_id(panel.names[0])
    strike_name(case, by=world.referrer, expert=struck)
    pool = [row.id for row in Expert.select()]
    again = draw_panel(case, by=world.coordinator, eligible=pool, why="Two have moved away.")
    assert struck.id not in [number for number, _ in again.pool]


def test_the_office_does_not_strike_for_the_referrer(world, case):
    panel = panel_for(case, world)
    with pytest.raises(Refusal, match="The referrer strikes a name themselves"):
        strike_name(case, by=world.coordinator, expert=Expert.get_by_id(panel.names[0]), party=Party.REFERRER)


def test_nobody_strikes_where_the_claimant_is_not_represented(world, case):
    """Labor Code 4062.2(c) is for represented employees; the claimant chooses otherwise."""
    panel = panel_for(case, world)
    CaseParty.delete().where((CaseParty.case == case) & (CaseParty.party == Party.REPRESENTATIVE)).execute()
    with pytest.raises(Refusal, match="not represented"):
        strike_name(case, by=world.referrer, expert=Expert.get_by_id(panel.names[0]))


def test_names_are_drawn_among_those_whose_specialty_matches_if_there_are_enough(case):
    ranking = ranked(case)
    matching = {each.expert_id for each in ranking if each.rank and each.is_of_the_field}
    assert 3 <= len(matching) < sum(bool(each.rank) for each in ranking)
    assert set(drawn_from(case, ranking)) == matching
    few = [each for each in ranking if each.expert_id not in list(matching)[2:]]
    assert set(drawn_from(case, few)) == {each.expert_id for each in few if each.rank}


# --- the command ------------------------------------------------------------------------------------------------


def test_the_command_says_that_the_result_is_the_same_and_notices_a_change(app, world, case):
    panel = panel_for(case, world)
    offer_to(case, world, panel.names[0])

    def asked(*words):
        result = app.test_cli_runner().invoke(args=["draw", *words])
        return result.exit_code, result.stdout + result.stderr

    code, said = asked(case.reference)
    assert (code, "for CA-QME, random_panel" in said, "same result" in said) == (0, True, True)
    found = json.loads(asked(case.reference, "--json")[1])
    assert found["draws"][0]["same"] and found["wrong"] == []
    Draw.update(names=panel.names[::-1]).where(Draw.id == panel.id).execute()
    assert asked(case.reference)[0] == 1
    offer = Offer.get()
    ranking = offer.ranking
    ranking[0]["score"] += 1
    Offer.update(ranking=ranking).execute()
    assert "not in the order of its points" in asked(case.reference)[1]
    ranking[0]["score"] -= 1
    Offer.update(ranking=ranking, expert=panel.names[1]).execute()
    assert "did not go to the name at its place" in asked(case.reference)[1]
    Offer.update(expert=panel.names[-1]).execute()
    for rank in (0, -len(panel.names), len(panel.names) + 1):  # counted from the end, 0 would be the last
        Offer.update(rank=rank, why_not_first="The others are away.").execute()
        assert "did not go to the name at its place" in asked(case.reference)[1], rank
    Draw.update(names=panel.names[:2]).where(Draw.id == panel.id).execute()
    assert not json.loads(asked(case.reference, "--json")[1])["draws"][0]["same"], (
        "a panel that was cut short"
    )
    assert asked("IME-9999")[0] == 2
