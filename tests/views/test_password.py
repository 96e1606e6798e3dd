"""A forgotten password: the link goes to the address on file, opens once, and opens nothing but the password."""

import re
import threading
import time
from datetime import timedelta
from statistics import median

import pytest

from portal import account_mail, clock, db, outside
from portal.demo import PASSWORD
from portal.ime.account import disable, find_user
from portal.ime.account_links import find_account_link, make_account_link
from portal.ime.password_reset import ask_for_reset, reset_password
from portal.ime.process import Refusal
from portal.ime.tries import TRIES_IN_A_ROW, note_try, of_email, of_factor
from portal.models import (
    AccountLink,
    AccountNotice,
    AuditRecord,
    IdentityProvider,
    Session,
    SignInFailure,
    User,
)
from portal.outside.mail import MemoryMailer
from portal.words import AccountMail, AccountPurpose, Act
from tests.databases import ON_BOTH
from tests.second_factor import App

NEW = "lamp quarry violin moss"
DEAD = "This link does not open any more"


@pytest.fixture
def post(monkeypatch):
    fresh = MemoryMailer()
    monkeypatch.setitem(outside._connected, "mailer", fresh)
    return fresh


def asks(person, email, **headers):
    return person.opens("/sign-in").follows("Forgot your password?").presses("Send me a link", email=email)


def link_in(mail):
    return re.search(r"http://localhost(/password/link/\S+)", mail.text).group(1)


@pytest.fixture
def link(world):
    return "/password/link/" + make_account_link(world.expert, AccountPurpose.RESET, world.expert.email)


def comparable(person):
    return re.sub(r'name="csrf_token" value="[^"]*"', "", person.response.text)


def test_a_forgotten_password_is_set_anew_and_the_second_factor_is_still_asked_for(visitor, world, post):
    app, elsewhere = App(world.expert), visitor(world.expert)
    person = asks(visitor(), world.expert.email.upper())
    account_mail.send_owed()
    assert [mail.to for mail in post.sent] == [world.expert.email]
    person.opens(link_in(post.sent[0])).presses("Set the new password", password=NEW)
    assert person.heading == "Sign in" and person.sees("Your new password is set.")
    assert elsewhere.opens("/account").heading == "Sign in"
    assert Session.select().where(Session.ended_at.is_null()).count() == 0
    person.presses("Sign in", email=world.expert.email, password=NEW)
    assert person.heading == "One more step to sign in"
    person.presses("Continue with the code", code=app.code())
    assert person.response.request.path == "/"
    account_mail.send_owed()
    assert post.sent[-1].subject == "Your password was changed"
    kept = AuditRecord.select().where(AuditRecord.act == Act.RIGHTS_CHANGED).order_by(AuditRecord.id.desc())
    assert kept.get().facts == {"what": "password_reset"}


def test_known_unknown_and_disabled_addresses_get_the_same_answer(visitor, world):
    disable(world.second_coordinator)
    emails = [world.expert.email, "nobody@nowhere.example", world.second_coordinator.email]
    answers = [asks(visitor(), email) for email in emails]
    assert {each.status for each in answers} == {200}
    assert len({comparable(each) for each in answers}) == 1
    assert [notice.user for notice in AccountNotice.select()] == [world.expert]


@ON_BOTH
def test_known_and_unknown_addresses_take_a_similar_time(world, backend, monkeypatch):
    from portal.ime import password_reset

    monkeypatch.setattr(password_reset, "was_sent_lately", lambda user: False)

    def taken(email):
        began = time.perf_counter()
        ask_for_reset(email)
        return time.perf_counter() - began

    taken(world.expert.email)
    pairs = [(taken(world.expert.email), taken("nobody@nowhere.example")) for _ in range(9)]
    known, unknown = (median(times) for times in zip(*pairs, strict=True))
    assert 1 / 2 < known / unknown < 2


def test_asking_again_within_five_minutes_sends_nothing_more(world):
    for _ in range(3):
        ask_for_reset(world.expert.email)
    assert AccountNotice.select().count() == 1
    with clock.set_to(clock.now() + timedelta(minutes=6)):
        ask_for_reset(world.expert.email)
    assert AccountNotice.select().count() == 2


@pytest.mark.parametrize("host", ["evil.example", "localhost:9999", "localhost@evil.example"])
def test_a_link_is_of_the_configured_address_whatever_the_request_says(app, visitor, world, post, host):
    person = visitor().opens("/sign-in/forgotten")
    data = {"csrf_token": person.typed("csrf_token"), "email": world.expert.email}
    person.client.post(
        "/sign-in/forgotten", data=data, headers={"Host": host, "X-Forwarded-Host": host, "Forwarded": host}
    )
    if not AccountNotice.select().exists():  # refused altogether, which is as good
        return
    account_mail.send_owed()
    assert "evil" not in post.sent[0].text and "9999" not in post.sent[0].text
    assert "http://localhost/password/link/" in post.sent[0].text


def test_opening_the_link_spends_nothing_however_often_and_setting_the_password_spends_it(
    visitor, world, link
):
    person = visitor()
    for _ in range(3):
        assert person.opens(link).heading == "Set a new password"
    assert AccountLink.get().spent_at is None
    person.presses("Set the new password", password=NEW)
    assert AccountLink.get().spent_at
    assert (visitor().opens(link).status, visitor().opens(link).heading) == (404, DEAD)


def test_a_weak_password_does_not_spend_the_link(visitor, world, link):
    person = visitor().opens(link).presses("Set the new password", password="passwordpassword")
    assert person.status == 422 and person.sees("among those that are tried first")
    person.presses("Set the new password", password=NEW)
    assert find_user(world.expert.email, NEW)


def test_every_link_that_does_not_open_gets_the_same_page(visitor, world, link):
    other = make_account_link(world.expert, AccountPurpose.INVITATION, world.expert.email)
    late = make_account_link(world.expert, AccountPurpose.RESET, world.expert.email)
    AccountLink.update(expires_at=clock.now()).where(AccountLink.id == 3).execute()
    closed = make_account_link(world.second_coordinator, AccountPurpose.RESET, "x@y.example")
    disable(world.second_coordinator)
    tokens = [other, late, closed, "x" * 43, "%00", "ä", "..", "' OR 1=1", "x" * 200]
    pages = [visitor().opens(f"/password/link/{token}") for token in tokens]
    assert {each.status for each in pages} == {404}
    assert len({comparable(each) for each in pages}) == 1


def test_a_link_opens_for_one_hour(visitor, world, link):
    with clock.set_to(clock.now() + timedelta(minutes=59)):
        assert visitor().opens(link).status == 200
    with clock.set_to(clock.now() + timedelta(minutes=60, seconds=1)):
        assert visitor().opens(link).status == 404


def test_a_link_is_told_to_no_other_site_kept_by_no_browser_and_not_at_rest(visitor, world, link):
    answer = visitor().opens(link).response
    token = link.rpartition("/")[2]
    assert (
        answer.headers["Referrer-Policy"] == "no-referrer" and "no-store" in answer.headers["Cache-Control"]
    )
    assert token not in answer.text and token != AccountLink.get().token_hash and len(token) >= 43


def test_one_link_spent_ends_the_others(visitor, world, link):
    second = "/password/link/" + make_account_link(world.expert, AccountPurpose.RESET, world.expert.email)
    visitor().opens(link).presses("Set the new password", password=NEW)
    assert visitor().opens(second).status == 404


@ON_BOTH
def test_of_two_who_spend_a_link_at_once_one_sets_the_password(world, backend):
    token = make_account_link(world.expert, AccountPurpose.RESET, world.expert.email)
    begin, done = threading.Barrier(3), []

    def spends(password):
        link = find_account_link(token, AccountPurpose.RESET)
        begin.wait()
        try:
            reset_password(link, password)
            done.append(password)
        except Refusal:
            pass
        finally:
            db.database.close()

    threads = [threading.Thread(target=spends, args=(f"{NEW} number {n}",)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 1 and find_user(world.expert.email, done[0])


def test_after_fifty_wrong_passwords_in_a_row_only_a_reset_opens_the_account(visitor, world, link):
    for number in range(TRIES_IN_A_ROW):
        with clock.set_to(clock.now() + timedelta(minutes=number)):
            note_try(of_email(world.expert.email), f"192.0.2.{number}")
            note_try(of_email("nobody@nowhere.example"), f"192.0.2.{number}")
    note_try(of_factor(world.expert))
    with clock.set_to(clock.now() + timedelta(hours=5)):
        for email in (world.expert.email, "nobody@nowhere.example"):
            person = visitor().opens("/sign-in").presses("Sign in", email=email, password=PASSWORD)
            assert person.sees("too many tries in a row. Set a new password by e-mail")
    visitor().opens(link).presses("Set the new password", password=NEW)
    assert SignInFailure.select().where(SignInFailure.account == of_factor(world.expert)).count() == 1
    person = visitor().opens("/sign-in").presses("Sign in", email=world.expert.email, password=NEW)
    assert person.heading == "Add a second factor"


# --- who signs in elsewhere


def signs_in_elsewhere(user):
    IdentityProvider.create(
        organisation=user.organisation, issuer="https://id.example", client_id="x", is_only_way=True
    )


def test_whose_organization_has_its_own_sign_in_is_told_so_and_sent_no_reset(visitor, world):
    signs_in_elsewhere(world.expert)
    person = visitor().opens("/sign-in").presses("Sign in", email=world.expert.email, password=PASSWORD)
    assert person.status == 422 and person.sees("Your organization has its own sign-in")
    wrong = visitor().opens("/sign-in").presses("Sign in", email=world.expert.email, password="wrong")
    assert wrong.sees("do not go together")
    ask_for_reset(world.expert.email)
    assert not AccountNotice.select().exists()


def test_an_address_of_such_an_organization_gets_one_answer_known_or_not(visitor, world):
    from portal.models import EmailDomain

    signs_in_elsewhere(world.expert)
    domain = world.expert.email.partition("@")[2]
    EmailDomain.create(organisation=world.expert.organisation, name=domain)
    people = [
        visitor().opens("/sign-in").presses("Sign in", email=email, password=PASSWORD)
        for email in (world.expert.email, f"nobody@{domain}")
    ]
    pages = {re.sub(r'value="[^"]*"', "", each.response.text) for each in people}
    assert len(pages) == 1 and people[0].sees("Your organization has its own sign-in")
    assert User.select().where(User.email == f"nobody@{domain}").count() == 0
    assert AccountMail.RESET not in {notice.kind for notice in AccountNotice.select()}
