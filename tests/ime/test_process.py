"""The process, exhaustively: every step at every stage for every person; nothing written on a refusal."""

import threading
from datetime import timedelta

import pytest

from portal import clock
from portal.db import database
from portal.ime import process
from portal.ime.process import FOR_MANAGERS, PROCESS, VERBS, MovedOn, NotAllowed, Refusal, Undeclared, step
from portal.models import TABLES, Case, Event, Expert, Notice, SecureLink
from portal.words import Party, Stage
from tests.databases import ON_BOTH
from tests.ime.given import GIVEN

ENGAGED = frozenset(
    (
        Stage.SCHEDULING,
        Stage.BOOKED,
        Stage.REPORTING,
        Stage.CHECKING,
        Stage.IN_REVIEW,
        Stage.CLARIFYING,
        Stage.CHECKING_ADDENDUM,
        Stage.CLOSED,
    )
)


def expected_party(who: str, stage: Stage) -> Party | None:
    """What each person of the small world is to the world's case at a stage, told apart from the policy."""
    if who in {"coordinator", "second_coordinator"}:
        return None if stage == Stage.DRAFT else Party.COORDINATOR
    if who == "expert":
        return Party.CANDIDATE if stage == Stage.OFFERED else Party.EXPERT if stage in ENGAGED else None
    return {
        "referrer": Party.REFERRER,
        "colleague": Party.COLLEAGUE,
        "claimant": Party.CLAIMANT,
        "portal": Party.PORTAL,
    }.get(who)


def persons(world, case):
    """Everybody who might try, by a name: the people, the claimant by link, another case's claimant, the portal."""
    link = {"expires_at": clock.now() + timedelta(days=1)}
    people = {name: getattr(world, name) for name in vars(world)}
    people["claimant"] = SecureLink.create(case=case, token_hash=f"own {case.id}", **link)
    other = Case.select().where(Case.id != case.id).get()
    people["other_claimant"] = SecureLink.create(case=other, token_hash=f"other {case.id}", **link)
    return people | {"portal": Party.PORTAL}


def written() -> list[tuple]:
    """What is in the database: every case as it stands, and how many rows every table holds."""
    names = [table._meta.table_name for table in TABLES]
    counts = ", ".join(f'(SELECT count(*) FROM "{name}")' for name in names)
    rows = database.execute_sql(f"SELECT {counts}").fetchone()
    return [*Case.select().tuples(), *zip(names, rows, strict=True)]


@pytest.mark.parametrize("name", PROCESS)
@ON_BOTH
def test_a_step_is_open_to_its_parties_at_its_stages_and_to_nobody_else(name, world, case_at, backend):
    row, taken = PROCESS[name], 0
    for stage in Stage:
        case = case_at(stage)
        people = persons(world, case)
        before = written()
        for who, by in people.items():
            expected = expected_party(who, stage)
            if expected not in row.who or (name in FOR_MANAGERS and who != "coordinator"):
                with pytest.raises(NotAllowed):
                    VERBS[name](case, by=by)
            elif stage not in row.at:
                with pytest.raises(MovedOn):
                    VERBS[name](case, by=by)
            else:
                taken += taken_and_undone(row, world, case, by, expected)
            assert case.stage == stage
        assert written() == before, f"{name} wrote at {stage}"
    assert taken, f"{name} was never taken: give it what it needs in tests/ime/given.py"


def taken_and_undone(row, world, case, by, party) -> int:
    """Take the step where it is allowed, check what it left, and roll it back; 0 when the noun itself refused."""
    case, stage = Case.get_by_id(case.id), case.stage
    with database.atomic() as everything:
        try:
            VERBS[row.name](case, by=by, **GIVEN[row.name](world, case))
        except Refusal:
            everything.rollback()
            return 0
        stands = Case.get_by_id(case.id)
        assert stands.stage == (row.to or stage)
        event = Event.select().where(Event.case == case).order_by(Event.id.desc()).get()
        assert (event.step, event.party, event.was, event.became) == (row.name, party, stage, stands.stage)
        assert {notice.party for notice in Notice.select().where(Notice.event == event)} <= row.tells
        everything.rollback()
    return 1


def test_every_row_has_a_verb_and_every_verb_a_row():
    assert set(VERBS) == set(PROCESS)


def test_every_stage_but_an_end_can_be_left_and_every_stage_can_be_reached():
    reached = {row.to for row in PROCESS.values() if row.to} | {Stage.DRAFT}
    left = {stage for row in PROCESS.values() if row.to for stage in row.at}
    assert reached == set(Stage)
    assert left >= set(Stage) - {Stage.DECLINED, Stage.WITHDRAWN}


def test_whoever_is_told_is_named_in_the_order_of_the_table():
    for row in PROCESS.values():
        assert row.who and row.at and row.button, row.name


def test_a_verb_without_a_row_is_refused_at_import():
    with pytest.raises(Undeclared):

        @step
        def skip_the_examination(case, *, by):
            """No such step."""


@ON_BOTH
def test_of_two_people_taking_the_same_step_one_wins_and_one_is_told(world, case_at, backend):
    case = case_at(Stage.REFERRED)
    barrier, outcomes = threading.Barrier(2), []

    def accept(by):
        own = Case.get_by_id(case.id)
        barrier.wait()
        try:
            VERBS["accept_referral"](own, by=by)
            outcomes.append("won")
        except MovedOn:
            outcomes.append("told")
        finally:
            database.close()

    threads = [
        threading.Thread(target=accept, args=(by,)) for by in (world.coordinator, world.second_coordinator)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["told", "won"]
    assert Event.select().where((Event.case == case) & (Event.step == "accept_referral")).count() == 1


@ON_BOTH
@pytest.mark.parametrize("broken", ["record", "settle", "owe"])
def test_a_crash_between_any_two_statements_leaves_nothing(world, case_at, monkeypatch, broken, backend):
    case, before = case_at(Stage.REFERRED), written()

    def crash(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr(process, broken, crash)
    with pytest.raises(ZeroDivisionError):
        VERBS["accept_referral"](case, by=world.coordinator)
    assert written() == before
    assert case.stage == Stage.REFERRED


def test_a_crash_after_each_single_statement_leaves_all_of_a_step_or_none(world, case_at):
    """Break the database at its n-th statement, for every n until the step gets through."""
    for fatal in range(1, 200):
        case, before = case_at(Stage.SCHEDULING), written()
        given = GIVEN["book_appointment"](world, case)
        seen = []

        def count_down(execute, sql, params=None, *rest, seen=seen, fatal=fatal):
            seen.append(sql)
            if len(seen) == fatal:
                raise ZeroDivisionError
            return execute(sql, params, *rest)

        target, execute = database.obj, database.obj.execute_sql
        target.execute_sql = lambda sql, params=None, *rest: count_down(execute, sql, params, *rest)  # noqa: B023
        try:
            VERBS["book_appointment"](case, by=world.coordinator, **given)
        except ZeroDivisionError:
            del target.execute_sql
            assert written() == before, f"half a step after {seen[-1]}"
        else:
            del target.execute_sql
            assert Case.get_by_id(case.id).stage == Stage.BOOKED
            assert fatal > 8
            return
    raise AssertionError("the step never got through")


def test_a_stale_copy_of_a_case_cannot_win(world, case_at):
    stale = case_at(Stage.REFERRED)
    VERBS["accept_referral"](case_at(Stage.REFERRED), by=world.coordinator)
    with pytest.raises(MovedOn):
        VERBS["decline_referral"](stale, by=world.coordinator, why="Too late.")
    assert Case.get_by_id(stale.id).stage == Stage.MATCHING


@pytest.mark.parametrize("unseen", ["\u200b", " \u2060\ufeff ", "\u00ad\u200e", "\u3164\u2800"], ids=ascii)
def test_a_reason_that_nobody_can_see_is_none_for_any_step(world, case_at, unseen):
    case, before = case_at(Stage.BOOKED), written()
    for name in ("cancel_appointment", "release_expert", "restrict_case", "place_hold"):
        with pytest.raises(Refusal):
            VERBS[name](case, by=world.coordinator, why=unseen)
    assert written() == before


def test_nobody_is_told_of_what_they_did_themselves(world, case_at):
    case = case_at(Stage.IN_REVIEW)
    VERBS["give_verdict"](case, by=world.referrer, verdicts={each.id: (True, "") for each in case.questions})
    VERBS["accept_report"](case, by=world.referrer)
    VERBS["reopen_case"](case, by=world.coordinator, why="A correction.")
    told = Notice.select().join(Event).where(Event.step == "reopen_case")
    assert world.coordinator.email not in {notice.email for notice in told}
    assert world.expert.email in {notice.email for notice in told}


def test_a_person_without_an_address_is_to_be_told_by_phone(world, case_at):
    case = case_at(Stage.SCHEDULING)
    case.claimant.email = ""
    case.claimant.save()
    VERBS["book_appointment"](case, by=world.coordinator, **GIVEN["book_appointment"](world, case))
    [call] = Notice.calls_to_make().where(Event.case == case)
    assert call.party == Party.CLAIMANT


def test_a_disabled_person_may_take_no_step(world, case_at):
    world.coordinator.disabled_at = clock.now()
    with pytest.raises(NotAllowed):
        VERBS["accept_referral"](case_at(Stage.REFERRED), by=world.coordinator)


def test_the_expert_profile_of_the_world_is_whole(world):
    assert Expert.get(Expert.user == world.expert).name == "Adaeze Okafor, MD"
