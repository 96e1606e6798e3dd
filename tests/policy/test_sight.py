"""Restriction, bar and emergency access, in whatever combination: seeing and being a party are the same thing, nobody
barred or kept out finds the case anywhere, and nobody is told of what they may not see."""

import random
from datetime import timedelta

import pytest

from portal import clock, queues, search
from portal.db import database
from portal.models import Bar, Case, EmergencyAccess, Expert, Notice, Offer, User
from portal.policy import is_manager, party_to, recipients, visible_cases
from portal.queues import Wish
from portal.views.desk import CALLS, seeing
from portal.words import NoticeState, OfferState, Party, Role, Stage
from tests.databases import ON_BOTH

ROUNDS = 12
MOMENTS = (timedelta(hours=-5), timedelta(seconds=-1), timedelta(hours=1), timedelta(hours=4))
TOLD = (Party.REFERRER, Party.COLLEAGUE, Party.COORDINATOR, Party.CANDIDATE, Party.EXPERT)


def everybody(world):
    return [User.get_by_id(getattr(world, name).id) for name in vars(world)]


def shuffle(world, chance):
    """Any combination of what opens and closes a case to somebody, as no sequence of steps would leave it."""
    people = everybody(world)
    office = [user for user in people if user.role == Role.COORDINATOR]
    for user in people:
        gone = clock.now() if chance.random() < 0.08 else None
        manages = user in office and chance.random() < 0.4
        User.update(disabled_at=gone, is_manager=manages).where(User.id == user.id).execute()
    experts = [None, *Expert.select().where(Expert.user.in_(people))]
    for case in Case.select():
        hand_round(case, chance, office, experts)
        for user in people:
            if chance.random() < 0.15:
                Bar.create(case=case, user=user, why="A conflict.", placed_by=world.coordinator)
        for user in office:
            if chance.random() < 0.4:
                let_in(case, user, chance)


def hand_round(case, chance, office, experts):
    case.is_restricted = chance.random() < 0.5
    if case.stage != Stage.DRAFT:
        case.coordinator = chance.choice([None, *office])
    if case.stage not in {Stage.DRAFT, Stage.OFFERED}:
        case.expert = chance.choice(experts)
    case.save()


def let_in(case, user, chance):
    EmergencyAccess.create(
        case=case,
        user=user,
        reason="It could not wait for anybody.",
        expires_at=clock.now() + chance.choice(MOMENTS),
        ended_at=clock.now() if chance.random() < 0.3 else None,
    )


def expected(person, case):
    """Whether the person should see the case, told apart from the policy and row by row."""
    if person.disabled_at or Bar.select().where((Bar.user == person) & (Bar.case == case)).exists():
        return False
    if person.role == Role.REFERRER:
        return case.organisation_id == person.organisation_id
    if person.role == Role.EXPERT:
        offers = Offer.select().where((Offer.case == case) & (Offer.expert == person.expert))
        return case.expert == person.expert or OfferState.OPEN in {offer.state for offer in offers}
    entered = [
        each
        for each in EmergencyAccess.select().where(
            (EmergencyAccess.case == case) & (EmergencyAccess.user == person)
        )
        if each.ended_at is None and each.expires_at > clock.now()
    ]
    is_let_in = not case.is_restricted or case.coordinator == person or person.is_manager or entered
    return case.stage != Stage.DRAFT and bool(is_let_in)


@pytest.fixture
def combined(world, copied, request):
    """The small world with a random combination; the seed names it."""
    shuffle(world, random.Random(request.param))
    return world


ANY = pytest.mark.parametrize("combined", range(ROUNDS), indirect=True)


@ON_BOTH
@ANY
def test_whoever_sees_a_case_is_a_party_to_it_and_nobody_else(combined, backend):
    cases = list(Case.select())
    for person in everybody(combined):
        seen = {case.id for case in visible_cases(person)}
        for case in cases:
            should = expected(person, case)
            assert (case.id in seen) == should, (person.name, case.stage)
            assert (party_to(person, case) is not None) == should, (person.name, case.stage)


@ON_BOTH
@ANY
def test_every_list_holds_what_its_reader_sees_and_nothing_else(combined, backend):
    for person in everybody(combined):
        if person.disabled_at:
            continue
        seen = {case.reference for case in visible_cases(person)}
        shown = {case.reference for case in visible_cases(person).where(Case.expert.is_null(False))}
        listed = all_pages(person, Wish()) | all_pages(person, Wish(is_ended=True))
        assert listed == (seen if person.role != Role.EXPERT else {*shown} & mine(person))
        found = {row.reference for row in search.find(person, "LM-2026")[0]}
        assert found <= listed
        assert {row.reference for rows in queues.desk(person).values() for row in rows} <= seen
        assert sum(queues.tally(person)) <= len(seen)


def mine(person):
    return {case.reference for case in Case.select().where(Case.expert == person.expert)}


def all_pages(person, wish):
    rows, _ = queues.queue(person, wish)
    return {row.reference for row in rows}


@ON_BOTH
@ANY
def test_nobody_is_told_of_a_case_that_they_may_not_see(combined, backend):
    by_email = {user.email: user for user in User.select()}
    for case in Case.select():
        for party in TOLD:
            for told in recipients(case, party):
                assert (
                    not Bar.select().where((Bar.user == by_email[told.email]) & (Bar.case == case)).exists()
                )
                if party == Party.COORDINATOR:
                    person = by_email[told.email]
                    assert not case.is_restricted or person == case.coordinator or is_manager(person)


@ON_BOTH
@ANY
def test_the_calls_to_make_are_those_of_the_cases_seen(combined, backend):
    Notice.update(state=NoticeState.BY_PHONE).execute()
    for person in everybody(combined):
        if person.role == Role.COORDINATOR and not person.disabled_at:
            seen = {case.reference for case in visible_cases(person)}
            assert {row[3] for row in CALLS.rows(**seeing(person))} <= seen


@ON_BOTH
def test_a_bar_wins_over_every_grant_at_once(world, case_at, backend):
    for stage in Stage:
        case = case_at(stage)
        case.coordinator, case.is_restricted = world.second_coordinator, True
        case.save()
        for person in everybody(world):
            EmergencyAccess.create(
                case=case, user=person, reason="Because.", expires_at=clock.now() + timedelta(hours=4)
            )
            Bar.create(case=case, user=person, why="A conflict.", placed_by=world.coordinator)
    for person in everybody(world):
        assert list(visible_cases(person)) == []
        assert not queues.queue(person, Wish())[0] + queues.queue(person, Wish(is_ended=True))[0]
        assert queues.desk(person) == {} and queues.tally(person) == (0, 0)
        assert search.find(person, "delgado") == ([], False)
        assert {party_to(person, case) for case in Case.select()} == {None}
    for case in Case.select():
        assert [told for party in TOLD for told in recipients(case, party)] == []


@ON_BOTH
def test_a_restricted_case_is_nowhere_for_the_rest_of_the_office(world, case_at, backend):
    case, other = case_at(Stage.REFERRED), world.second_coordinator
    assert case.reference in {row.reference for rows in queues.desk(other).values() for row in rows}
    with database.atomic():
        Case.update(is_restricted=True, coordinator=None).where(Case.id == case.id).execute()
    assert case.reference not in {row.reference for rows in queues.desk(other).values() for row in rows}
    assert case.reference not in all_pages(other, Wish())
    assert search.find(other, case.reference) == ([], False)
    assert case.reference in all_pages(world.coordinator, Wish())
    assert search.find(world.coordinator, case.reference)[0]
