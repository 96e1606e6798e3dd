"""An account that is closed: what its cases become, and who is told instead."""

import pytest

from portal import clock
from portal.commands import migrate_database
from portal.db import open_database
from portal.ime.account import add_user, disable
from portal.ime.messages import answer_message, post_message
from portal.ime.process import Refusal
from portal.models import Case, Event, Notice, Organisation, Session, User
from portal.queues import desk
from portal.words import OrganisationKind, Role, Stage
from tests.databases import ON_BOTH
from tests.machine.postgres import create_database


def told(case):
    last = case.events.order_by(Event.id.desc()).get()
    return {notice.email for notice in Notice.select().where(Notice.event == last)}


def in_group(person, name, case):
    return case.reference in {row.reference for row in desk(person).get(name, [])}


@ON_BOTH
def test_the_open_cases_of_a_closed_coordinator_are_new_again_for_the_others(world, case_at, backend):
    open_case, ended = case_at(Stage.MATCHING), case_at(Stage.CLOSED)
    assert open_case.coordinator == ended.coordinator == world.coordinator
    mine = Case.select().where((Case.coordinator == world.coordinator) & Case.is_open).count()
    assert disable(world.coordinator) == mine > 1
    assert Case.get_by_id(open_case.id).coordinator is None
    assert Case.get_by_id(ended.id).coordinator == world.coordinator
    assert in_group(world.second_coordinator, "new", open_case)
    assert disable(world.coordinator) == 0


def test_whoever_is_disabled_is_signed_out_everywhere_and_stays_so(world):
    session = Session.create(
        token_hash="x" * 64, user=world.coordinator, ends_at=clock.now().replace(year=2099)
    )
    disable(world.coordinator)
    assert Session.get_by_id(session.id).ended_at
    assert User.get_by_id(world.coordinator.id).disabled_at == world.coordinator.disabled_at


def test_of_a_closed_coordinators_case_every_active_coordinator_is_told(world, case_at):
    User.update(disabled_at=clock.now()).where(User.id == world.coordinator.id).execute()
    case = case_at(Stage.MATCHING)
    assert case.coordinator == world.coordinator
    post_message(case, by=world.referrer, text="Is anybody there?")
    assert told(case) == {world.second_coordinator.email}


def test_of_a_closed_referrers_case_the_active_colleagues_are_told_and_nobody_else(world, case_at):
    disable(world.referrer)
    case = case_at(Stage.MATCHING)
    answer_message(case, by=world.coordinator, text="An expert is being looked for.")
    assert told(case) == {world.colleague.email}
    disable(world.colleague)
    answer_message(case, by=world.coordinator, text="And still.")
    assert told(case) == set()


@pytest.mark.parametrize(
    ("role", "kind", "is_made"),
    [
        ("coordinator", "ime_company", True),
        ("coordinator", "insurer", False),
        ("referrer", "ime_company", False),
    ],
)
def test_the_first_manager_is_a_coordinator_of_the_ime_company(world, role, kind, is_made):
    given = {
        "organisation": "Harbor Examinations",
        "kind": OrganisationKind(kind),
        "role": Role(role),
        "name": "Iris Vale",
        "email": "iris.vale@harbor.example",
        "password": "a lantern over the quay at noon",
        "is_manager": True,
    }
    if is_made:
        assert add_user(**given).is_manager
    else:
        with pytest.raises(Refusal):
            add_user(**given)
        assert not User.select().where(User.name == "Iris Vale").exists()


@ON_BOTH
def test_a_new_portal_has_no_accounts_at_all(request, backend, tmp_path):
    url = f"sqlite:///{tmp_path / 'new.db'}"
    if backend == "postgresql":
        url = create_database(request.getfixturevalue("postgres_server"), f"fresh_{tmp_path.name}")
    fresh = open_database(url)
    with fresh.connection_context():
        migrate_database(fresh)
        assert fresh.execute_sql('SELECT COUNT(*) FROM "user"').fetchone() == (0,)


def add(email, **more):
    given = {
        "organisation": "Impartial Examinations",
        "kind": OrganisationKind.IME_COMPANY,
        "role": Role.COORDINATOR,
        "name": "Robin Tester",
        "password": "lamp quarry violin moss",
    }
    return add_user(**{**given, "email": email, **more})


def test_an_address_has_one_account_however_it_is_written(world):
    for email in (world.coordinator.email, f" {world.coordinator.email.upper()} "):
        with pytest.raises(Refusal, match="an account with this e-mail address"):
            add(email)


@pytest.mark.parametrize("password", ["Robin Tester 2026!", "short", "passwordpassword", "x" * 129])
def test_whoever_is_added_by_hand_chooses_no_weak_password_and_nothing_is_left_behind(world, password):
    with pytest.raises(Refusal):
        add("robin@new.example", password=password, organisation="New Company")
    assert not User.select().where(User.email == "robin@new.example").exists()
    assert not Organisation.select().where(Organisation.name == "New Company").exists()
    assert add("robin@new.example", organisation="New Company").joined_at
