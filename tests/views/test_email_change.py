"""A new e-mail address counts once it is confirmed there, and the old one hears of it twice."""

import re
from datetime import timedelta

import pytest

from portal import account_mail, clock, outside
from portal.demo import PASSWORD
from portal.ime.account import find_user
from portal.ime.account_links import make_account_link
from portal.models import AccountLink, AccountNotice, User
from portal.outside.mail import MemoryMailer
from portal.words import AccountMail, AccountPurpose, NoticeState

NEW = "adaeze@new.example"


@pytest.fixture
def post(monkeypatch):
    fresh = MemoryMailer()
    monkeypatch.setitem(outside._connected, "mailer", fresh)
    return fresh


def asks(visitor, user, email=NEW):
    return visitor(user).opens("/account/email").presses("Send the link", email=email)


def confirmation(post):
    mail = next(mail for mail in post.sent[::-1] if "Confirm" in mail.subject)
    return re.search(r"http://localhost(/email/link/\S+)", mail.text).group(1)


def test_the_new_address_is_confirmed_there_and_until_then_the_old_one_counts(visitor, world, post):
    old = world.expert.email
    assert asks(visitor, world.expert).sees("Until then the old one counts.")
    account_mail.send_owed()
    assert sorted(mail.to for mail in post.sent) == sorted([NEW, old])
    assert find_user(old, PASSWORD) and not find_user(NEW, PASSWORD)
    person = visitor()
    for _ in range(3):
        assert person.opens(confirmation(post)).sees(NEW)
    assert User.get_by_id(world.expert.id).email == old
    person.presses("Confirm this address")
    assert person.heading == "Sign in" and person.sees("Your new e-mail address counts from now.")
    assert find_user(NEW, PASSWORD) and not find_user(old, PASSWORD)
    account_mail.send_owed()
    assert (post.sent[-1].to, post.sent[-1].subject) == (old, "Your e-mail address was changed")
    assert visitor().opens(confirmation(post)).status == 404


def test_an_address_that_has_an_account_gets_the_same_answer_and_no_mail(visitor, world):
    taken = asks(visitor, world.expert, world.referrer.email.upper())
    free = asks(visitor, world.expert)
    assert taken.main.partition("Signed in")[0] == free.main.partition("Signed in")[0]
    mailed = [
        row.email for row in AccountNotice.select().where(AccountNotice.kind == AccountMail.CONFIRM_EMAIL)
    ]
    assert mailed == [NEW]


def test_asking_for_another_address_ends_the_one_asked_for_before(visitor, world, post):
    asks(visitor, world.expert)
    account_mail.send_owed()
    first = confirmation(post)
    asks(visitor, world.expert, "second@new.example")
    assert visitor().opens(first).status == 404
    asks(visitor, world.expert, "third@new.example")
    rows = (
        AccountNotice.select()
        .where(AccountNotice.kind == AccountMail.CONFIRM_EMAIL)
        .order_by(AccountNotice.id)
    )
    assert [row.state for row in rows] == [NoticeState.SENT, NoticeState.FAILED, NoticeState.OWED]


def test_an_address_that_was_taken_meanwhile_is_refused_and_nothing_changes(visitor, world):
    token = make_account_link(world.expert, AccountPurpose.EMAIL_CHANGE, NEW)
    User.update(email=NEW).where(User.id == world.referrer.id).execute()
    person = visitor().opens(f"/email/link/{token}").presses("Confirm this address")
    assert person.status == 422 and person.sees("This address cannot be used.")
    assert User.get_by_id(world.expert.id).email == world.expert.email
    assert AccountLink.get().spent_at is None


def test_a_confirmation_lasts_a_day(visitor, world):
    path = "/email/link/" + make_account_link(world.expert, AccountPurpose.EMAIL_CHANGE, NEW)
    with clock.set_to(clock.now() + timedelta(hours=24, seconds=1)):
        assert visitor().opens(path).status == 404


@pytest.mark.parametrize(
    "email", ["", "no address", "a@b.example, c@d.example", "a@b.example\r\nBcc: c@d.example"]
)
def test_what_is_no_address_is_refused(visitor, world, email):
    assert asks(visitor, world.expert, email).status == 422
    assert not AccountNotice.select().exists()


def test_ones_own_address_is_no_change(visitor, world):
    assert asks(visitor, world.expert, world.expert.email).sees("This is your e-mail address already.")
