"""Whoever is invited sets a password, adds a second factor, and is there; nobody else gets in by the invitation."""

import re
import threading
from datetime import timedelta

import pytest

from portal import account_mail, clock, db, outside
from portal.demo import PASSWORD
from portal.ime.account import disable, find_user
from portal.ime.account_links import find_account_link, make_account_link
from portal.ime.authenticator import authenticator_of
from portal.ime.invitation import accept_invitation, invite, invite_again
from portal.ime.password_reset import ask_for_reset
from portal.ime.process import NotAllowed, Refusal
from portal.models import AccountLink, AccountNotice, AuditRecord, Expert, User
from portal.outside.mail import MemoryMailer
from portal.words import AccountMail, AccountPurpose, Act, Role
from tests.databases import ON_BOTH
from tests.second_factor import App

NEW = "lamp quarry violin moss"


@pytest.fixture
def post(monkeypatch):
    fresh = MemoryMailer()
    monkeypatch.setitem(outside._connected, "mailer", fresh)
    return fresh


@pytest.fixture
def invited(world):
    return invite(
        by=world.coordinator,
        organisation=world.referrer.organisation,
        role=Role.REFERRER,
        name="Robin Tester",
        email="Robin.Tester@Lakeshore.example",
    )


def link_to(user):
    return "/invitation/link/" + make_account_link(user, AccountPurpose.INVITATION, user.email)


def test_who_is_invited_sets_a_password_adds_a_factor_and_is_there(visitor, invited, post):
    account_mail.send_owed()
    assert post.sent[0].to == "robin.tester@lakeshore.example"
    path = re.search(r"http://localhost(/invitation/link/\S+)", post.sent[0].text).group(1)
    person = visitor().opens(path)
    assert person.sees("Robin Tester") and User.get_by_id(invited.id).joined_at is None
    person.presses("Set the password", password=NEW)
    assert person.heading == "Add a second factor"
    person.presses("Set up an app")
    app = App.__new__(App)
    app.secret = person.tree.xpath("//code")[0].text_content().replace(" ", "")
    person.presses("Set up the app", code=app.code())
    assert person.heading == "Keep your recovery codes"
    assert person.opens("/").sees("Robin Tester")
    joined = User.get_by_id(invited.id)
    assert joined.joined_at and find_user(joined.email, NEW) and authenticator_of(joined)
    assert visitor().opens(path).status == 404


def test_nobody_signs_in_to_an_account_without_a_password(visitor, invited):
    for password in ("", "x", PASSWORD, "no user has this password, it only takes the same time"):
        assert find_user(invited.email, password) is None
    person = visitor().opens("/sign-in").presses("Sign in", email=invited.email, password=PASSWORD)
    assert person.sees("do not go together")


def test_an_invitation_lasts_48_hours_and_opening_it_spends_nothing(visitor, invited):
    path = link_to(invited)
    with clock.set_to(clock.now() + timedelta(hours=47, minutes=59)):
        for _ in range(3):
            assert visitor().opens(path).status == 200
    with clock.set_to(clock.now() + timedelta(hours=48, seconds=1)):
        assert visitor().opens(path).status == 404
    assert AccountLink.get().spent_at is None


@pytest.mark.parametrize("name", ["second_coordinator", "referrer", "expert"])
def test_only_a_manager_invites(world, name):
    by = getattr(world, name)
    with pytest.raises(NotAllowed):
        invite(by=by, organisation=by.organisation, role=Role.EXPERT, name="X", email="x@y.example")
    with pytest.raises(NotAllowed):
        invite_again(world.expert, by=by)
    assert not User.select().where(User.email == "x@y.example").exists()


@pytest.mark.parametrize(
    ("role", "name", "email", "manages", "field"),
    [
        (Role.CLAIMANT, "X", "x@y.example", False, "role"),
        (Role.EXPERT, "X", "x@y.example", True, "is_manager"),
        (Role.REFERRER, "  ", "x@y.example", False, "name"),
        (Role.REFERRER, "X", "MORGAN.REYES@lakeshore.example", False, "email"),
    ],
)
def test_an_invitation_that_cannot_be_is_refused_at_its_field(world, role, name, email, manages, field):
    with pytest.raises(Refusal) as refused:
        invite(
            by=world.coordinator,
            organisation=world.referrer.organisation,
            role=role,
            name=name,
            email=email,
            is_manager=manages,
        )
    assert refused.value.field == field
    assert not AccountNotice.select().exists()


def test_an_invited_expert_has_a_profile_and_the_invitation_is_on_record(world):
    user = invite(
        by=world.coordinator,
        organisation=world.expert.organisation,
        role=Role.EXPERT,
        name="X Y",
        email="x@y.example",
    )
    assert Expert.get(Expert.user == user)
    record = AuditRecord.select().order_by(AuditRecord.id.desc()).where(AuditRecord.act == Act.CREATED).get()
    assert (record.thing, record.number) == ("user", user.id)


def test_inviting_again_ends_the_earlier_link_and_not_after_joining(world, visitor, invited):
    old = link_to(invited)
    invite_again(invited, by=world.coordinator)
    assert visitor().opens(old).status == 404
    assert AccountNotice.select().where(AccountNotice.kind == AccountMail.INVITATION).count() == 2
    token = make_account_link(invited, AccountPurpose.INVITATION, invited.email)
    accept_invitation(find_account_link(token, AccountPurpose.INVITATION), NEW)
    with pytest.raises(Refusal, match="has joined already"):
        invite_again(User.get_by_id(invited.id), by=world.coordinator)


def test_the_invitation_of_a_closed_account_opens_nothing(world, visitor, invited):
    path = link_to(invited)
    disable(invited)
    assert visitor().opens(path).status == 404
    with pytest.raises(Refusal, match="closed"):
        invite_again(invited, by=world.coordinator)


def test_who_was_invited_and_forgot_is_sent_the_invitation_again(invited):
    AccountNotice.delete().execute()
    ask_for_reset(invited.email)
    assert AccountNotice.get().kind == AccountMail.INVITATION


def test_a_weak_password_is_refused_and_the_invitation_stays(visitor, invited):
    person = visitor().opens(link_to(invited)).presses("Set the password", password="Robin Tester 2026!")
    assert person.status == 422 and person.sees("made of your name")
    assert person.presses("Set the password", password=NEW).heading == "Add a second factor"


@ON_BOTH
def test_of_two_who_accept_at_once_one_sets_the_password(world, invited, backend):
    token = make_account_link(invited, AccountPurpose.INVITATION, invited.email)
    begin, done = threading.Barrier(3), []

    def accepts(password):
        link = find_account_link(token, AccountPurpose.INVITATION)
        begin.wait()
        try:
            accept_invitation(link, password)
            done.append(password)
        except Refusal:
            pass
        finally:
            db.database.close()

    threads = [threading.Thread(target=accepts, args=(f"{NEW} number {n}",)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 1 and find_user(invited.email, done[0])


@ON_BOTH
def test_of_two_who_invite_one_address_at_once_one_does(world, backend):
    begin, ended = threading.Barrier(3), []

    def invites():
        begin.wait()
        try:
            invite(
                by=world.coordinator,
                organisation=world.expert.organisation,
                role=Role.EXPERT,
                name="X",
                email="X@y.example",
            )
            ended.append("invited")
        except Refusal as refusal:
            ended.append(refusal.field)
        finally:
            db.database.close()

    threads = [threading.Thread(target=invites) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ended) == ["email", "email", "invited"]
    assert User.select().where(User.email == "x@y.example").count() == 1
