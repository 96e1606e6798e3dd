"""What a manager does with people, and what nobody can do to themself or to the last manager."""

import threading

import pytest
from peewee import IntegrityError

from portal import clock
from portal.db import database
from portal.ime import people
from portal.ime.account import find_user
from portal.ime.closure import reopen_case
from portal.ime.directory import Wanted
from portal.ime.directory import people as listed
from portal.ime.process import NotAllowed, Refusal
from portal.models import (
    AccountNotice,
    AuditRecord,
    Authenticator,
    Case,
    Event,
    Identity,
    IdentityProvider,
    Notice,
    Passkey,
    RecoveryCode,
    Session,
    User,
)
from portal.policy import is_manager, party_to, recipients, visible_cases
from portal.queues import desk, tally
from portal.words import AccountMail, Act, IdentityProof, Party, Role, Stage
from tests.databases import ON_BOTH


@pytest.fixture
def second_manager(world):
    User.update(is_manager=True, joined_at=clock.now()).where(
        User.id == world.second_coordinator.id
    ).execute()
    return User.get_by_id(world.second_coordinator.id)


def again(user):
    return User.get_by_id(user.id)


def signed_in(user):
    """A live session of the person."""
    ends = clock.now().replace(year=clock.now().year + 1)
    return Session.create(user=user, token_hash=f"{user.id} {Session.select().count()}", ends_at=ends)


def has_session(user):
    return Session.select().where((Session.user == user) & Session.ended_at.is_null()).exists()


def told(kind=AccountMail.RIGHTS_CHANGED):
    return {
        (notice.email, notice.facts.get("what")) for notice in AccountNotice.select() if notice.kind == kind
    }


# --- each verb, what it changes and whom it tells


@ON_BOTH
def test_disabling_ends_every_session_and_is_told_to_the_person_and_the_other_managers(
    world, second_manager, backend
):
    signed_in(world.referrer)
    people.disable_person(world.referrer, by=world.coordinator)
    assert again(world.referrer).disabled_at is not None
    assert not has_session(world.referrer)
    assert told() == {(world.referrer.email, "disabled"), (second_manager.email, "disabled")}
    kept = AuditRecord.get(AuditRecord.act == Act.RIGHTS_CHANGED)
    assert (kept.thing, kept.number, kept.facts) == ("user", world.referrer.id, {"what": "disabled"})
    assert list(visible_cases(again(world.referrer))) == []


@ON_BOTH
def test_an_enabled_account_has_what_it_had(world, backend):
    people.disable_person(world.referrer, by=world.coordinator)
    people.enable_person(world.referrer, by=world.coordinator)
    assert again(world.referrer).disabled_at is None
    assert again(world.referrer).password_hash == world.referrer.password_hash
    assert not has_session(world.referrer)


@ON_BOTH
def test_who_moves_sees_the_new_cases_and_none_of_the_old(world, case_at, backend):
    Case.update(referrer=world.colleague).where(Case.is_open).execute()
    firm = world.stranger_referrer.organisation
    Identity.create(user=world.referrer, issuer="https://sign-in.example", subject="1")
    signed_in(world.referrer)
    people.move_person(world.referrer, by=world.coordinator, organisation=firm)
    moved = again(world.referrer)
    assert moved.organisation == firm
    assert list(visible_cases(moved)) == []
    assert party_to(moved, case_at(Stage.CLOSED)) is None  # they referred it, for somebody else
    assert not has_session(moved)
    assert not Identity.select().where(Identity.user == moved).exists()
    assert (moved.email, "moved") in told()


@ON_BOTH
def test_a_case_reopened_after_its_referrer_moved_is_neither_on_their_desk_nor_told_to_them(
    world, case_at, backend
):
    Case.update(referrer=world.colleague).where(Case.is_open).execute()
    people.move_person(
        world.referrer, by=world.coordinator, organisation=world.stranger_referrer.organisation
    )
    case = case_at(Stage.CLOSED)
    reopen_case(case, by=world.coordinator, why="The claims examiner called.")
    moved, case = again(world.referrer), Case.get_by_id(case.id)
    assert case.referrer == moved and case.is_open
    assert [row.reference for rows in desk(moved).values() for row in rows] == []
    assert sum(tally(moved)) == 0
    emails = {each.email for each in recipients(case, Party.REFERRER)}
    assert moved.email not in emails and world.colleague.email in emails
    assert moved.email not in {
        notice.email for notice in Notice.select().join(Event).where(Event.step == "reopen_case")
    }


@ON_BOTH
def test_nobody_moves_away_from_open_cases(world, case_at, backend):
    firm = world.stranger_referrer.organisation
    hill = world.second_expert.organisation
    for user, to in ((world.referrer, firm), (world.expert, hill)):
        with pytest.raises(Refusal) as refused:
            people.move_person(user, by=world.coordinator, organisation=to)
        assert "open cases" in refused.value.sentence
        assert again(user).organisation == user.organisation


@pytest.mark.parametrize(
    ("who", "to"),
    [
        ("referrer", "coordinator"),
        ("coordinator", "referrer"),
        ("expert", "referrer"),
        ("referrer", "expert"),
    ],
)
def test_nobody_moves_to_where_their_role_has_no_place(world, second_manager, who, to):
    with pytest.raises(Refusal) as refused:
        people.move_person(
            getattr(world, who), by=second_manager, organisation=getattr(world, to).organisation
        )
    assert refused.value.field == "organisation"


@ON_BOTH
def test_a_new_manager_signs_in_anew_and_the_others_are_told(world, backend):
    signed_in(world.second_coordinator)
    people.make_manager(world.second_coordinator, by=world.coordinator)
    assert is_manager(again(world.second_coordinator))
    assert not has_session(world.second_coordinator)
    assert told() == {(world.second_coordinator.email, "made_manager")}
    people.end_management(again(world.second_coordinator), by=world.coordinator)
    assert not is_manager(again(world.second_coordinator))


@ON_BOTH
def test_a_reset_password_opens_nothing_and_no_manager_knows_another(world, backend):
    from portal.demo import PASSWORD

    User.update(joined_at=clock.now()).where(User.id == world.referrer.id).execute()
    signed_in(world.referrer)
    people.reset_password(again(world.referrer), by=world.coordinator)
    assert find_user(world.referrer.email, PASSWORD) is None
    assert not has_session(world.referrer)
    [mail] = AccountNotice.select().where(AccountNotice.kind == AccountMail.RESET)
    assert (mail.email, mail.facts) == (world.referrer.email, {"by": world.coordinator.name})
    assert again(world.referrer).password_hash.startswith("$argon2id$")


@ON_BOTH
def test_a_lost_second_factor_is_forgotten_with_how_it_was_made_sure_on_record(
    world, second_manager, backend
):
    user = world.referrer
    User.update(joined_at=clock.now()).where(User.id == user.id).execute()
    Passkey.create(user=user, name="Phone", credential_id=b"1", public_key=b"2")
    Authenticator.create(user=user, secret="x", confirmed_at=clock.now())
    RecoveryCode.create(user=user, code_hash="y")
    signed_in(user)
    people.reset_factors(again(user), by=world.coordinator, proof=IdentityProof.CALLED_BACK)
    for table in (Passkey, Authenticator, RecoveryCode):
        assert not table.select().where(table.user == user).exists()
    assert not has_session(user)
    facts = [kept.facts for kept in AuditRecord.select().where(AuditRecord.act == Act.RIGHTS_CHANGED)]
    assert {"what": "identity_proved", "proof": "called_back"} in facts
    assert told() == {(second_manager.email, "factors_reset")}
    assert told(AccountMail.FACTOR_CHANGED) == {(user.email, "factors_reset")}


def test_what_is_reset_belongs_to_somebody_who_joined(world):
    User.update(joined_at=None).where(User.id == world.referrer.id).execute()
    with pytest.raises(Refusal):
        people.reset_password(again(world.referrer), by=world.coordinator)
    with pytest.raises(Refusal):
        people.reset_factors(again(world.referrer), by=world.coordinator, proof=IdentityProof.IN_PERSON)


def test_a_session_of_another_person_is_not_ended_by_their_name(world):
    session = signed_in(world.expert)
    assert not people.end_session(world.referrer, session.id, by=world.coordinator)
    assert has_session(world.expert)
    assert people.end_session(world.expert, session.id, by=world.coordinator)
    assert not has_session(world.expert)


def test_every_session_that_ends_with_the_account_is_on_record(world):
    ended = {signed_in(world.referrer).id, signed_in(world.referrer).id}
    people.disable_person(world.referrer, by=world.coordinator)
    kept = AuditRecord.select().where(AuditRecord.act == Act.SIGNED_OUT)
    assert {(record.thing, record.number) for record in kept} == {("session", number) for number in ended}


# --- inviting


@ON_BOTH
def test_an_invited_person_is_told_the_way_in(world, backend):
    user = people.invite_person(
        by=world.coordinator,
        organisation=world.referrer.organisation,
        role=Role.REFERRER,
        name="Nia Brooks",
        email="Nia.Brooks@Lakeshore.example",
    )
    assert (user.email, user.joined_at, user.password_hash) == ("nia.brooks@lakeshore.example", None, "")
    assert (user.email, None) in told(AccountMail.INVITATION)


@ON_BOTH
def test_an_address_is_taken_once_whatever_its_case(world, backend):
    with pytest.raises(Refusal) as refused:
        people.invite_person(
            by=world.coordinator,
            organisation=world.referrer.organisation,
            role=Role.REFERRER,
            name="Somebody Else",
            email=world.referrer.email.upper(),
        )
    assert refused.value.field == "email"


@pytest.mark.parametrize(
    ("role", "at"),
    [
        (Role.COORDINATOR, "referrer"),
        (Role.COORDINATOR, "expert"),
        (Role.REFERRER, "coordinator"),
        (Role.REFERRER, "expert"),
        (Role.EXPERT, "referrer"),
        (Role.CLAIMANT, "referrer"),
    ],
)
def test_nobody_is_invited_to_where_their_role_has_no_place(world, role, at):
    before = User.select().count()
    with pytest.raises(Refusal):
        people.invite_person(
            by=world.coordinator,
            organisation=getattr(world, at).organisation,
            role=role,
            name="Nia Brooks",
            email="nia@lakeshore.example",
        )
    assert User.select().count() == before


# --- what nobody can do


VERBS = {
    "disable_person": {},
    "enable_person": {},
    "make_manager": {},
    "end_management": {},
    "reset_password": {},
    "reset_factors": {"proof": IdentityProof.IN_PERSON},
}


@pytest.mark.parametrize("name", VERBS)
def test_no_manager_does_it_to_themself(world, second_manager, name):
    before = again(world.coordinator).__data__
    with pytest.raises(Refusal):
        getattr(people, name)(world.coordinator, by=world.coordinator, **VERBS[name])
    assert again(world.coordinator).__data__ == before


@pytest.mark.parametrize("name", VERBS)
@pytest.mark.parametrize("who", ["second_coordinator", "referrer", "colleague", "expert"])
def test_nobody_does_it_who_is_no_manager(world, name, who):
    User.update(joined_at=clock.now()).execute()
    target = again(world.stranger_referrer if name != "make_manager" else world.coordinator)
    before = [user.__data__ for user in User.select().order_by(User.id)]
    with pytest.raises(NotAllowed):
        getattr(people, name)(target, by=getattr(world, who), **VERBS[name])
    assert [user.__data__ for user in User.select().order_by(User.id)] == before
    assert not AccountNotice.select().exists()


def test_a_manager_of_a_moment_ago_manages_no_more(world, second_manager):
    """The copy in a running request still says manager; the database decides."""
    stale = again(world.coordinator)
    people.end_management(world.coordinator, by=second_manager)
    assert is_manager(stale)
    with pytest.raises(NotAllowed):
        people.disable_person(world.referrer, by=stale)


@pytest.mark.parametrize("who", ["referrer", "expert"])
def test_only_a_coordinator_can_be_a_manager(world, who):
    with pytest.raises(Refusal):
        people.make_manager(getattr(world, who), by=world.coordinator)


@ON_BOTH
def test_the_database_knows_no_manager_who_is_no_coordinator(world, backend):
    with pytest.raises(IntegrityError), database.atomic():
        User.update(is_manager=True).where(User.id == world.referrer.id).execute()


def test_nobody_becomes_a_manager_where_a_provider_is_the_only_way_in(world):
    office = world.coordinator.organisation
    IdentityProvider.create(
        organisation=office, issuer="https://sign-in.example", client_id="x", is_only_way=True
    )
    with pytest.raises(Refusal, match="only way"):
        people.make_manager(world.second_coordinator, by=world.coordinator)
    with pytest.raises(Refusal, match="only way"):
        people.invite_person(
            by=world.coordinator,
            organisation=office,
            role=Role.COORDINATOR,
            name="New Manager",
            email="new@impartial.example",
            is_manager=True,
        )
    assert not again(world.second_coordinator).is_manager


def test_what_is_so_already_is_told_to_nobody(world, second_manager):
    for verb, who in (
        (people.make_manager, second_manager),
        (people.end_management, world.second_coordinator),
    ):
        with pytest.raises(Refusal):
            verb(who, by=world.coordinator)
    assert told() == set()


def test_a_coordinator_of_another_kind_of_organisation_is_no_manager(world):
    User.update(organisation=world.referrer.organisation).where(
        User.id == world.second_coordinator.id
    ).execute()
    with pytest.raises(Refusal):
        people.make_manager(again(world.second_coordinator), by=world.coordinator)


@ON_BOTH
@pytest.mark.parametrize("verb", [people.end_management, people.disable_person])
def test_two_managers_who_end_each_other_at_once_leave_one(world, second_manager, verb, backend):
    barrier, outcomes = threading.Barrier(2), []

    def end(user, by):
        barrier.wait()
        try:
            verb(again(user), by=again(by))
            outcomes.append("done")
        except NotAllowed:
            outcomes.append("refused")
        finally:
            database.close()

    pairs = ((world.coordinator, second_manager), (second_manager, world.coordinator))
    threads = [threading.Thread(target=end, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "refused"]
    left = User.active().where(User.is_manager)
    assert left.count() == 1


# --- the directory


@ON_BOTH
def test_people_are_found_page_by_page_each_once(world, monkeypatch, backend):
    monkeypatch.setattr("portal.ime.directory.PAGE", 4)
    names, after = [], 0
    while after is not None:
        rows, after = listed(Wanted(), after or 0)
        names += [user.name for user in rows]
    assert len(names) == len(set(names)) == User.select().count()


@ON_BOTH
def test_people_are_found_by_a_part_of_name_or_address_taken_literally(world, backend):
    def found(typed):
        return {user.name for user in listed(Wanted(typed=typed))[0]}

    assert found("nAiR") == found("priya.nair@") == {world.coordinator.name}
    assert found("%") == found("_") == found("' OR 1=1 --") == set()


@ON_BOTH
def test_people_are_narrowed_by_where_they_work_what_they_are_and_their_state(world, backend):
    User.update(joined_at=clock.now()).where(User.role == Role.COORDINATOR).execute()
    people.disable_person(world.referrer, by=world.coordinator)

    def found(**wish):
        return {user.name for user in listed(Wanted(**wish))[0]}

    assert found(organisation=world.referrer.organisation_id) == {world.referrer.name, world.colleague.name}
    assert found(role=Role.COORDINATOR) == {world.coordinator.name, world.second_coordinator.name}
    assert found(state="disabled") == {world.referrer.name}
    assert found(state="managers") == {world.coordinator.name}
    assert world.coordinator.name in found(state="active") and world.expert.name in found(state="invited")
