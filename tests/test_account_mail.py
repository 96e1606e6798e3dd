"""What is about an account is sent once, with a link that is made as it leaves and kept nowhere."""

import re
import threading
from datetime import timedelta

import pytest

from portal import account_mail, clock, db, outside
from portal.ime.account_links import LIVES, find_account_link
from portal.ime.account_notices import owe, owe_managers
from portal.models import AccountLink, AccountNotice
from portal.outbox import HELD, MOST_ATTEMPTS, Unwritten
from portal.outside.mail import MemoryMailer, NotSent
from portal.words import AccountMail, AccountPurpose, AlertKind, NoticeState
from tests.databases import ON_BOTH

FACTS = {
    AccountMail.EMAIL_CHANGED: [{"is_done": True}, {"is_done": False}],
    AccountMail.PASSWORD_CHANGED: [{"what": "password_reset"}, {"what": "password_changed", "feeds": 2}],
    AccountMail.FACTOR_CHANGED: [
        {"what": "passkey_added"},
        {"what": "passkey_removed"},
        {"what": "authenticator_added"},
        {"what": "authenticator_removed"},
        {"what": "recovery_codes_made"},
        {"what": "recovery_code_used", "left": 1},
        {"what": "factors_reset"},
        {"what": "organization_account"},
    ],
    AccountMail.FACTOR_GUESSED: [{"count": 5}],
    AccountMail.CREDENTIAL: [
        {"what": "CA license", "expires_on": "2027-01-04", "days": days, "expert": 1, "who": "Adaeze Okafor"}
        for days in (0, 1, 30)
    ],
    AccountMail.RESET: [{}, {"by": "Priya Nair"}],
    AccountMail.RIGHTS_CHANGED: [
        {"what": what, "by": "Priya Nair", **more}
        for what in (
            "disabled",
            "enabled",
            "moved",
            "made_manager",
            "no_longer_manager",
            "password_reset_by_manager",
            "factors_reset",
            "addresses_ended",
        )
        for more in ({}, {"who": "Jonah Feld"})
    ]
    + [
        {"what": what, "by": "Priya Nair", "organisation": "Lakeshore Mutual Insurance"}
        for what in ("sign_on_set", "sign_on_removed")
    ],
    AccountMail.ALERT: [
        {
            "alert": AlertKind.EMERGENCY_ACCESS.value,
            "person": 7,
            "who": "Jonah Feld",
            "case": "IME-1008",
            "until": "2026-03-04T19:00:00+00:00",
        },
        *(
            {"alert": kind.value, **more}
            for kind in AlertKind
            for more in ({}, {"person": 7}, {"person": 7, "count": 60, "minutes": 10}, {"count": 1})
        ),
    ],
}
EVERY = [(kind, facts) for kind in AccountMail for facts in FACTS.get(kind, [{}])]
LINKED = [
    (AccountMail.INVITATION, "invitation", AccountPurpose.INVITATION),
    (AccountMail.RESET, "password", AccountPurpose.RESET),
    (AccountMail.CONFIRM_EMAIL, "email", AccountPurpose.EMAIL_CHANGE),
]


class Post(MemoryMailer):
    """A mailer of the test's own, which may be away."""

    def __init__(self):
        super().__init__()
        self.refusal, self.asked = None, []

    def send(self, mail):
        self.asked.append(mail)
        if self.refusal:
            raise self.refusal
        super().send(mail)


@pytest.fixture
def post(monkeypatch):
    fresh = Post()
    monkeypatch.setitem(outside._connected, "mailer", fresh)
    return fresh


@pytest.mark.parametrize(("kind", "facts"), EVERY)
def test_every_mail_has_a_text_that_says_something_and_names_no_address(app, world, kind, facts):
    notice = owe(world.expert, kind, **facts)
    text = account_mail.render(notice, "https://portal.example/somewhere")
    assert len(text.subject) <= 78 and not re.search(r"[\r\n]", text.subject)
    assert world.expert.name in text.body and world.expert.name not in text.subject
    assert world.expert.email not in text.subject + text.body
    assert "https://portal.example/somewhere" in text.body
    assert not re.search(r"[{}<>]|None|Undefined| \n|\n\n\n|_", text.body)


@pytest.mark.parametrize(
    ("kind", "facts"), [(kind, facts) for kind, facts in EVERY if facts and {} not in FACTS[kind]]
)
def test_a_text_without_its_facts_is_not_sent_with_a_gap(app, world, kind, facts):
    with pytest.raises(Unwritten):
        account_mail.render(owe(world.expert, kind), "https://portal.example/somewhere")


@pytest.mark.parametrize(("kind", "place", "purpose"), LINKED)
def test_a_mail_with_a_link_makes_it_as_it_is_sent_for_one_purpose_and_keeps_no_token(
    world, post, kind, place, purpose
):
    owe(world.expert, kind, email="new@place.example")
    assert not AccountLink.select().exists()
    assert account_mail.send_owed() == 1
    token = re.search(rf"http://localhost/{place}/link/(\S+)", post.sent[0].text).group(1)
    link = find_account_link(token, purpose)
    assert (link.user, link.email) == (world.expert, "new@place.example")
    assert link.expires_at == link.made_at + LIVES[purpose]
    assert len(token) >= 43 and token not in str(link.__data__) + str(AccountNotice.get().__data__)
    others = [each for each in AccountPurpose if each != purpose]
    assert [find_account_link(token, each) for each in others] == [None, None]


def test_what_needs_no_link_leads_to_the_account_and_an_alert_to_the_alerts(world, post):
    owe(world.expert, AccountMail.RIGHTS_CHANGED, what="moved", by=world.coordinator.name)
    who = world.second_coordinator
    owe_managers(AccountMail.ALERT, alert=AlertKind.MASS_DOWNLOAD, person=who.id, count=60, minutes=10)
    assert account_mail.send_owed() == 2
    assert "http://localhost/account" in post.sent[0].text
    assert "http://localhost/alerts" in post.sent[1].text
    assert f"60 times within 10 minutes, by {who.name}." in post.sent[1].text
    assert post.sent[1].to == world.coordinator.email


def test_a_mail_is_sent_once_and_a_second_attempt_is_the_same_message_with_a_link_that_opens(world, post):
    owe(world.expert, AccountMail.RESET)
    post.refusal = NotSent("The server is away.")
    assert account_mail.send_owed() == 0
    assert AccountNotice.get().detail == "The server is away."
    post.refusal = None
    with clock.set_to(clock.now() + timedelta(minutes=1)):
        assert account_mail.send_owed() == 1
        assert account_mail.send_owed() == 0
        first, second = post.asked
        assert first.message_id == second.message_id
        token = re.search(r"/password/link/(\S+)", second.text).group(1)
        assert find_account_link(token, AccountPurpose.RESET)
    assert AccountNotice.get().state == NoticeState.SENT
    assert AccountNotice.get().detail == f"Sent to {world.expert.email}."


def test_a_mail_that_never_goes_out_is_given_up_with_a_reason(world, post):
    owe(world.expert, AccountMail.PASSWORD_CHANGED, what="password_reset")
    post.refusal, moment = NotSent("The server is away."), clock.now()
    for _ in range(MOST_ATTEMPTS + 2):
        with clock.set_to(moment):
            account_mail.send_owed()
        moment += timedelta(hours=2)
    assert len(post.asked) == MOST_ATTEMPTS
    notice = AccountNotice.get()
    assert (notice.state, notice.detail) == (NoticeState.FAILED, "The server is away.")


def test_what_a_dead_sender_held_is_sent_once_when_its_time_is_over(world, post):
    owe(world.expert, AccountMail.PASSWORD_CHANGED, what="password_reset")
    post.refusal = SystemExit()
    with pytest.raises(SystemExit):
        account_mail.send_owed()
    post.refusal = None
    assert account_mail.send_owed() == 0
    with clock.set_to(clock.now() + HELD):
        assert account_mail.send_owed() == 1
    assert len(post.sent) == 1


@ON_BOTH
def test_two_senders_at_once_send_every_mail_once(world, post, backend):
    for _ in range(20):
        owe(world.expert, AccountMail.PASSWORD_CHANGED, what="password_reset")
    begin = threading.Barrier(2)

    def sender():
        begin.wait()
        account_mail.send_owed()
        db.database.close()

    senders = [threading.Thread(target=sender) for _ in range(2)]
    for thread in senders:
        thread.start()
    for thread in senders:
        thread.join()
    assert len(post.asked) == len({mail.message_id for mail in post.asked}) == 20


def test_whoever_is_linked_to_their_organizations_sign_in_is_told_that_and_no_reset(app, world):
    notice = owe(world.expert, AccountMail.FACTOR_CHANGED, what="organization_account")
    text = account_mail.render(notice, "https://portal.example/account")
    assert text.subject == "Your organization’s sign-in opens your account"
    assert "through your organization for the first time" in text.body and "reset" not in text.body
