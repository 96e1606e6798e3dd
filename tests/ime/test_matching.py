"""Matching: who is offered a case, how it is answered, and what an answer keeps for the next time."""

import threading
from datetime import date, timedelta

import pytest

from portal import clock
from portal.db import database
from portal.ime import experts, matching
from portal.ime.matching import (
    end_of,
    expire_offer,
    expire_offers,
    offer_case,
    pass_offer,
    ranked,
    recall_offer,
    release_expert,
    take_offer,
)
from portal.ime.process import MovedOn, NotAllowed, Refusal
from portal.models import (
    Case,
    ConflictDeclaration,
    Credential,
    Event,
    Expert,
    Notice,
    Offer,
    User,
)
from portal.words import AppointmentState, OfferState, Party, Stage
from tests.databases import ON_BOTH

NO_CONFLICT = dict.fromkeys(("has_treated", "shares_practice", "has_financial_link"), False)


def tomorrow():
    return clock.now() + timedelta(days=1)


def place_of(case, user):
    """Where the user's profile stands in the ranking of the case."""
    return next(each for each in ranked(case) if each.expert_id == user.expert.id)


def offered(case, world, user=None):
    """The case, offered by the coordinator."""
    expert = (user or world.expert).expert
    offer_case(case, by=world.coordinator, expert=expert, until=tomorrow(), why_not_first="Sees such cases.")
    return case


def told_of(case, step):
    event = case.events.where(Event.step == step).order_by(Event.id.desc()).get()
    return {notice.party for notice in Notice.select().where(Notice.event == event)}


def run_out(case):
    Offer.update(until=clock.now() - timedelta(minutes=1)).where(Offer.case == case).execute()


# --- the offer ----------------------------------------------------------------------------------------------------


@ON_BOTH
def test_an_offer_keeps_the_whole_ranking_it_came_from(world, case_at, backend):
    case = case_at(Stage.MATCHING)
    ranking = ranked(case)
    offer = offer_case(case, by=world.coordinator, expert=world.expert.expert, until=tomorrow())
    kept = Offer.get_by_id(offer.id)
    assert kept.ranking == [each.kept() for each in ranking]
    assert (kept.rank, kept.why_not_first, kept.state) == (1, "", OfferState.OPEN)
    assert told_of(case, "offer_case") == {"candidate"}


def test_whoever_is_not_first_is_offered_the_case_only_with_a_reason(world, case_at):
    case = case_at(Stage.MATCHING)
    with pytest.raises(Refusal) as refused:
        offer_case(case, by=world.coordinator, expert=world.second_expert.expert, until=tomorrow())
    assert refused.value.field == "why_not_first"
    offer = offer_case(
        case,
        by=world.coordinator,
        expert=world.second_expert.expert,
        until=tomorrow(),
        why_not_first=" A nerve. ",
    )
    assert (offer.rank, offer.why_not_first) == (5, "A nerve.")


@pytest.mark.parametrize("name", ["Peter Novak", "Carla Benedetti"])
def test_an_excluded_expert_cannot_be_offered_the_case_with_any_reason(world, case_at, name):
    excluded = Expert.select().join(User).where(User.name == name).get()
    with pytest.raises(Refusal) as refused:
        offer_case(
            case_at(Stage.MATCHING),
            by=world.coordinator,
            expert=excluded,
            until=tomorrow(),
            why_not_first="Please.",
        )
    assert refused.value.sentence.startswith("This expert cannot be offered the case. ")
    assert case_at(Stage.MATCHING).stage == Stage.MATCHING


@pytest.mark.parametrize(
    ("days", "sentence"), [(-1, "still to come"), (0, "still to come"), (32, "within 30 days")]
)
def test_a_deadline_lies_ahead_but_not_far(world, case_at, days, sentence):
    until = clock.now() + timedelta(days=days)
    with pytest.raises(Refusal, match=sentence) as refused:
        offer_case(case_at(Stage.MATCHING), by=world.coordinator, expert=world.expert.expert, until=until)
    assert refused.value.field == "until"


def test_the_last_minute_of_a_day_is_the_offices():
    assert end_of(date(2026, 3, 8)).isoformat() == "2026-03-08T23:59:00-04:00"
    assert end_of(date(2026, 3, 7)).isoformat() == "2026-03-07T23:59:00-05:00"


# --- the answer ---------------------------------------------------------------------------------------------------


def test_taking_a_case_keeps_the_declaration_and_makes_the_candidate_its_expert(world, case_at):
    case = case_at(Stage.OFFERED)
    take_offer(case, by=world.expert, **NO_CONFLICT, note="I once met the referrer at a conference.")
    stands = Case.get_by_id(case.id)
    assert (stands.stage, stands.expert_id) == (Stage.SCHEDULING, world.expert.expert.id)
    declaration = ConflictDeclaration.select().join(Offer).where(Offer.case == case).get()
    assert not (declaration.has_treated or declaration.shares_practice or declaration.has_financial_link)
    assert declaration.note == "I once met the referrer at a conference."
    assert declaration.offer.state == OfferState.TAKEN


@pytest.mark.parametrize("conflict", NO_CONFLICT)
def test_whoever_declares_a_conflict_cannot_take_the_case(world, case_at, conflict):
    case = case_at(Stage.OFFERED)
    with pytest.raises(Refusal, match="conflict of interest"):
        take_offer(case, by=world.expert, **{**NO_CONFLICT, conflict: True})
    assert Case.get_by_id(case.id).expert_id is None
    assert matching.open_offer(case).state == OfferState.OPEN


def test_a_candidate_of_one_case_cannot_answer_for_another(world, case_at):
    with pytest.raises(NotAllowed):
        take_offer(case_at(Stage.OFFERED), by=world.second_expert, **NO_CONFLICT)


def test_an_offer_cannot_be_taken_with_a_license_that_ran_out_meanwhile(world, case_at):
    case = case_at(Stage.OFFERED)
    Credential.update(expires_on=clock.today()).where(Credential.expert == world.expert.expert).execute()
    with pytest.raises(Refusal, match=r"The license in CA ran out .* Please call us"):
        take_offer(case, by=world.expert, **NO_CONFLICT)
    assert Case.get_by_id(case.id).stage == Stage.OFFERED


def test_an_offer_cannot_be_taken_once_its_deadline_has_passed(world, case_at):
    case = case_at(Stage.OFFERED)
    run_out(case)
    with pytest.raises(Refusal, match="deadline"):
        take_offer(case, by=world.expert, **NO_CONFLICT)


def test_a_passed_offer_can_be_made_to_another_expert_and_not_again_to_the_same(world, case_at):
    case = offered(case_at(Stage.MATCHING), world)
    pass_offer(case, by=world.expert, why="", because="no_time")
    ranking = ranked(case)
    assert (ranking[0].rank, ranking[0].name) == (1, "Mateo Villanueva, MD")
    assert place_of(case, world.expert).exclusions == ("Passed on this case before.",)
    with pytest.raises(Refusal):
        offered(case, world)
    first = experts.find(ranking[0].expert_id)
    assert offer_case(case, by=world.coordinator, expert=first, until=tomorrow()).rank == 1
    assert told_of(case, "pass_offer") == {"coordinator"}


def test_an_expert_passes_with_a_reason_on_the_list_or_words_of_their_own(world, case_at):
    case = case_at(Stage.OFFERED)
    with pytest.raises(Refusal) as wordless:
        pass_offer(case, by=world.expert, why="  ", because="other")
    assert wordless.value.field == "why"
    with pytest.raises(Refusal) as unknown:
        pass_offer(case, by=world.expert, why="So be it.", because="a whim")
    assert unknown.value.field == "because"
    pass_offer(case, by=world.expert, why="I am moving to another state.")
    assert case.offers.get().why_passed == "I am moving to another state."


def test_what_an_expert_writes_when_passing_does_not_reach_the_timeline(world, case_at):
    case = case_at(Stage.OFFERED)
    pass_offer(case, by=world.expert, why="I treated her shoulder in 2019.", because="treated")
    facts = case.events.where(Event.step == "pass_offer").get().facts
    assert facts == {"expert": "Adaeze Okafor, MD", "why": "a conflict of interest"}


@pytest.mark.parametrize(
    ("because", "sentence"),
    [
        ("treated", "Declared on an earlier offer: has treated the claimant."),
        ("practice", "Declared on an earlier offer: shares a practice with the treating doctor."),
        ("financial_link", "Declared on an earlier offer: has a financial link with a party."),
    ],
)
@ON_BOTH
def test_a_conflict_declared_once_counts_in_every_case_of_the_same_claimant(
    world, case_at, because, sentence, backend
):
    pass_offer(case_at(Stage.OFFERED), by=world.expert, why="", because=because)
    assert place_of(case_at(Stage.MATCHING), world.expert).exclusions == (sentence,)
    other = case_at(Stage.MATCHING)
    other.claimant.born_on = date(1980, 1, 1)
    other.claimant.save()
    assert place_of(other, world.expert).rank == 1


def test_a_treating_doctor_of_another_case_of_the_claimant_is_excluded(world, case_at):
    closed = case_at(Stage.CLOSED)
    closed.treating_doctor = "Adaeze N. Okafor M.D."
    closed.save()
    assert place_of(case_at(Stage.MATCHING), world.expert).exclusions == (
        "Is named as the claimant's treating doctor: Adaeze N. Okafor M.D.",
    )


def test_a_recalled_offer_frees_the_case_and_may_be_made_again(world, case_at):
    case = case_at(Stage.OFFERED)
    recall_offer(case, by=world.coordinator, why="The hearing was moved.")
    assert told_of(case, "recall_offer") == {"candidate"}
    assert case.offers.get().why_passed == "The hearing was moved."
    assert place_of(case, world.expert).rank == 1


def test_releasing_the_expert_cancels_what_is_booked_and_tells_them(world, case_at):
    case = case_at(Stage.BOOKED)
    release_expert(case, by=world.coordinator, why="The clinic closes.")
    stands = Case.get_by_id(case.id)
    assert (stands.stage, stands.expert_id) == (Stage.MATCHING, None)
    assert case.appointments.get().state == AppointmentState.CANCELLED
    assert case.offers.get().state == OfferState.RELEASED
    assert told_of(case, "release_expert") == {"expert", "referrer", "claimant", "representative"}
    with pytest.raises(MovedOn):
        release_expert(case, by=world.coordinator, why="Again.")


def test_a_claimant_who_was_given_no_time_hears_nothing_of_a_released_expert(world, case_at):
    case = case_at(Stage.SCHEDULING)
    release_expert(case, by=world.coordinator, why="The clinic closes.")
    assert told_of(case, "release_expert") == {"expert", "referrer"}


# --- the deadline -------------------------------------------------------------------------------------------------


@ON_BOTH
def test_an_offer_that_ran_out_goes_back_to_matching_and_excludes_its_candidate(world, case_at, backend):
    case = case_at(Stage.OFFERED)
    run_out(case)
    assert expire_offers() == 1
    case = case_at(Stage.OFFERED)
    assert case.stage == Stage.MATCHING
    assert case.offers.get().state == OfferState.EXPIRED
    assert told_of(case, "expire_offer") == {"coordinator", "candidate"}
    assert place_of(case, world.expert).exclusions == ("Let the offer of this case run out before.",)
    assert expire_offers() == 0


def test_an_offer_that_still_runs_does_not_expire(world, case_at):
    assert expire_offers() == 0
    with pytest.raises(Refusal, match="still open"):
        expire_offer(case_at(Stage.OFFERED), by=Party.PORTAL)


def test_one_offer_that_cannot_expire_does_not_stop_the_others(world, case_at, monkeypatch):
    cases = [case_at(Stage.OFFERED), offered(case_at(Stage.MATCHING), world)]
    for number, case in enumerate(cases):
        past = clock.now() - timedelta(hours=2 - number)
        Offer.update(until=past).where((Offer.case == case) & (Offer.state == OfferState.OPEN)).execute()
    expire = matching.expire_offer

    def stumble(case, *, by):
        if case.id == cases[0].id:
            raise ZeroDivisionError
        expire(case, by=by)

    monkeypatch.setattr(matching, "expire_offer", stumble)
    with pytest.raises(ExceptionGroup) as raised:
        expire_offers()
    assert [type(each) for each in raised.value.exceptions] == [ZeroDivisionError]
    assert [Case.get_by_id(case.id).stage for case in cases] == [Stage.OFFERED, Stage.MATCHING]


def at_once(*acts):
    """Let everybody act at the same moment, each with a connection of their own; what each met, in no order."""
    barrier, met = threading.Barrier(len(acts)), []

    def run(act):
        try:
            barrier.wait()
            act()
            met.append("won")
        except (MovedOn, NotAllowed, Refusal) as late:
            met.append(type(late).__name__)
        finally:
            database.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return met


@ON_BOTH
def test_of_the_candidate_and_the_deadline_exactly_one_wins(world, case_at, backend):
    number = case_at(Stage.OFFERED).id
    until = matching.open_offer(case_at(Stage.OFFERED)).until

    def take():
        with clock.set_to(until - timedelta(seconds=1)):
            take_offer(Case.get_by_id(number), by=world.expert, **NO_CONFLICT)

    def expire():
        with clock.set_to(until):
            expire_offer(Case.get_by_id(number), by=Party.PORTAL)

    met = at_once(take, expire)
    case = Case.get_by_id(number)
    assert met.count("won") == 1, met
    assert (case.stage, case.offers.get().state) in {
        (Stage.SCHEDULING, OfferState.TAKEN),
        (Stage.MATCHING, OfferState.EXPIRED),
    }
    assert (case.expert_id is not None) == (case.stage == Stage.SCHEDULING)
    assert ConflictDeclaration.select().join(Offer).where(Offer.case == case).count() == (
        case.expert_id is not None
    )


@ON_BOTH
def test_of_two_coordinators_who_offer_one_case_exactly_one_wins(world, case_at, backend):
    number = case_at(Stage.MATCHING).id

    def offer(by, user):
        offer_case(
            Case.get_by_id(number),
            by=by,
            expert=user.expert,
            until=tomorrow(),
            why_not_first="Sees such cases.",
        )

    met = at_once(
        lambda: offer(world.coordinator, world.expert),
        lambda: offer(world.second_coordinator, world.second_expert),
    )
    assert sorted(met) == ["MovedOn", "won"]
    assert Offer.select().where(Offer.case == number).count() == 1
