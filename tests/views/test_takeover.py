"""Whoever was in an account once, or has its password or its mailbox, does not get it back through another door."""

import re
from datetime import timedelta

import pytest

from portal import account_mail, clock, outside
from portal.demo import PASSWORD
from portal.ime import people
from portal.ime.account_links import find_account_link, make_account_link
from portal.ime.account_notices import owe
from portal.ime.email_change import ask_for_email
from portal.ime.factors import show_code, show_recovery_code
from portal.ime.password_reset import NOT_YOURS, ask_for_reset, change_password, reset_password
from portal.ime.process import Refusal
from portal.ime.recovery import make_recovery_codes
from portal.ime.tries import TOO_OFTEN, TRIES_AT_ACCOUNT, TRIES_IN_A_ROW
from portal.models import AccountLink, AccountNotice, AuditRecord, User
from portal.outside.mail import MemoryMailer, NotSent
from portal.words import AccountMail, AccountPurpose, Act, Ending, IdentityProof, NoticeState
from tests.databases import ON_BOTH
from tests.second_factor import App

THIEFS = "thief@elsewhere.example"
NEW = "lamp quarry violin moss"


class Held(MemoryMailer):
    """A mail server that is away until it is let go."""

    is_away = True

    def send(self, mail):
        if self.is_away:
            raise NotSent("The server is away.")
        super().send(mail)


@pytest.fixture
def post(monkeypatch):
    fresh = Held()
    monkeypatch.setitem(outside._connected, "mailer", fresh)
    return fresh


@pytest.fixture
def user(world):
    User.update(joined_at=clock.now()).where(User.id == world.referrer.id).execute()
    return User.get_by_id(world.referrer.id)


def email_of(user):
    return User.get_by_id(user.id).email


def resets(user, world, name):
    if name == "password":
        people.reset_password(user, by=world.coordinator)
    else:
        people.reset_factors(user, by=world.coordinator, proof=IdentityProof.CALLED_BACK)


@ON_BOTH
@pytest.mark.parametrize("lost", ["password", "factors"])
def test_an_address_that_an_intruder_asked_for_dies_when_a_manager_resets_the_account(
    visitor, world, user, lost, backend
):
    token = make_account_link(user, AccountPurpose.EMAIL_CHANGE, THIEFS)
    resets(user, world, lost)
    assert visitor().opens(f"/email/link/{token}").status == 404
    assert email_of(user) != THIEFS


@ON_BOTH
@pytest.mark.parametrize("lost", ["password", "factors"])
def test_nor_is_it_confirmed_when_its_mail_left_after_the_reset(world, user, post, lost, backend):
    ask_for_email(user, THIEFS)
    account_mail.send_owed()
    resets(user, world, lost)
    post.is_away = False
    with clock.set_to(clock.now() + timedelta(hours=1)):
        account_mail.send_owed()
    assert not [mail for mail in post.sent if mail.to == THIEFS]
    assert (
        not AccountLink.select().where(AccountLink.email == THIEFS, AccountLink.revoked_at.is_null()).exists()
    )


def test_a_mail_that_was_owed_before_the_password_changed_leads_nowhere(world, user, post):
    ask_for_reset(user.email)
    ask_for_email(user, THIEFS)
    change_password(user, present=PASSWORD, password=NEW, session=0)
    post.is_away = False
    account_mail.send_owed()
    assert not [mail for mail in post.sent if "/link/" in mail.text]


def test_a_reset_asked_for_at_the_old_address_is_not_sent_there_after_the_address_changed(
    visitor, user, post
):
    token = make_account_link(user, AccountPurpose.EMAIL_CHANGE, "new@place.example")
    ask_for_reset(user.email)
    visitor().opens(f"/email/link/{token}").presses("Confirm this address")
    post.is_away = False
    account_mail.send_owed()
    assert email_of(user) == "new@place.example"
    assert not [mail for mail in post.sent if "/link/" in mail.text]


def test_an_invitation_owed_to_a_closed_account_leads_nowhere_after_it_is_opened_again(world, user, post):
    owe(user, AccountMail.INVITATION)
    people.disable_person(user, by=world.coordinator)
    people.enable_person(User.get_by_id(user.id), by=world.coordinator)
    post.is_away = False
    account_mail.send_owed()
    assert not [mail for mail in post.sent if "/link/" in mail.text]


@ON_BOTH
def test_a_link_called_off_while_its_mail_is_being_written_is_not_made(user, post, monkeypatch, backend):
    ask_for_reset(user.email)
    post.is_away = False
    made = account_mail.refuse_called_off

    def in_between(notice):
        change_password(user, present=PASSWORD, password=NEW, session=0)
        made(notice)

    monkeypatch.setattr(account_mail, "refuse_called_off", in_between)
    account_mail.send_owed()
    assert not [mail for mail in post.sent if "/link/" in mail.text]
    assert AccountNotice.get(AccountNotice.kind == AccountMail.RESET).state == NoticeState.FAILED


def test_what_is_owed_after_a_reset_is_sent_and_opens(user, world, post):
    people.reset_password(user, by=world.coordinator)
    post.is_away = False
    account_mail.send_owed()
    [mail] = [mail for mail in post.sent if "/link/" in mail.text]
    token = re.search(r"/password/link/(\S+)", mail.text).group(1)
    link = find_account_link(token, AccountPurpose.RESET)
    reset_password(link, NEW)


# --- guesses


def guesses(user, times, show=show_code):
    for number in range(times):
        with clock.set_to(clock.now() + timedelta(minutes=number)), pytest.raises(Refusal):
            show(user, "000000")


def test_a_mailbox_in_other_hands_is_no_new_set_of_guesses_at_the_second_factor(user, world):
    App(user)
    guesses(user, TRIES_IN_A_ROW)
    token = make_account_link(user, AccountPurpose.RESET, user.email)
    reset_password(find_account_link(token, AccountPurpose.RESET), NEW)
    with clock.set_to(clock.now() + timedelta(days=1)), pytest.raises(Refusal, match="call us"):
        show_code(user, "000001")


def test_whoever_guesses_at_the_app_does_not_shut_out_its_owner_who_has_a_recovery_code(user, world):
    app, codes = App(user), make_recovery_codes(user)
    guesses(user, TRIES_IN_A_ROW)
    with clock.set_to(clock.now() + timedelta(days=1)):
        with pytest.raises(Refusal, match="Use a passkey or a recovery code"):
            show_code(user, app.code())
        show_recovery_code(user, codes[0])
        show_code(user, app.code())


def test_the_present_password_is_not_guessed_by_whoever_has_the_session(visitor, user):
    person = visitor(user).opens("/account/password")
    for number in range(TRIES_AT_ACCOUNT):
        person.presses("Change the password", present=f"guess {number}", password=NEW)
        assert person.sees(NOT_YOURS)
    person.presses("Change the password", present=PASSWORD, password=NEW)
    assert person.status == 422 and person.sees(TOO_OFTEN)
    failed = AuditRecord.select().where(AuditRecord.ending == Ending.FAILED, AuditRecord.act == Act.CHANGED)
    assert failed.count() == TRIES_AT_ACCOUNT


@pytest.mark.parametrize("button", ["Enable the account", "Send the invitation again"])
def test_an_account_is_opened_again_only_with_a_factor_shown_just_now(visitor, world, user, button):
    change = {"disabled_at": clock.now()} if "Enable" in button else {"joined_at": None}
    User.update(**change).where(User.id == user.id).execute()
    manager = visitor(world.coordinator)
    with clock.set_to(clock.now() + timedelta(minutes=11)):
        manager.opens(f"/people/{user.id}").presses(button)
        assert "/sign-in/second-factor" in manager.response.request.path
    row = User.get_by_id(user.id)
    assert (row.disabled_at is None) == ("Send" in button)
    assert not AccountNotice.select().exists()
