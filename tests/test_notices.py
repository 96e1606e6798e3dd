"""What is owed is sent once, in order, with its proof, through crashes, races and a mail server that is away."""

import re
import threading
from datetime import timedelta

import pytest
from peewee import fn

from portal import clock, db, notices, outbox, outside
from portal.ime.appointment import cancel_appointment
from portal.ime.instructions import find_link, revoke_links, send_link
from portal.ime.messages import post_message
from portal.models import Delivery, Event, Notice, SecureLink
from portal.outside.mail import MemoryMailer, NotSent
from portal.words import NoticeState, Stage
from tests.databases import ON_BOTH


@pytest.fixture
def mailer(monkeypatch):
    """A mailer of the test's own."""
    fresh = MemoryMailer()
    monkeypatch.setitem(outside._connected, "mailer", fresh)
    return fresh


class Down(MemoryMailer):
    """A mailer that answers with a refusal until it is up."""

    def __init__(self, for_good=False):
        super().__init__()
        self.refusal, self.is_up, self.asked = NotSent("The server is away.", for_good=for_good), False, []

    def send(self, mail):
        self.asked.append(mail)
        if not self.is_up:
            raise self.refusal
        super().send(mail)


@pytest.fixture
def down(monkeypatch):
    away = Down()
    monkeypatch.setitem(outside._connected, "mailer", away)
    return away


@pytest.fixture
def owed(world, case_at):
    """One notice that is owed, and nothing else in the outbox."""
    Notice.delete().execute()
    post_message(case_at(Stage.MATCHING), by=world.referrer, text="When can we expect an expert?")
    return Notice.get()


def state_of(notice):
    return Notice.get_by_id(notice.id).state


def test_the_notices_of_the_whole_journey_can_be_written_and_carry_nothing_of_the_claim(world, mailer):
    """Real steps, real facts: what the verbs remember is what the texts ask for."""
    notices.send_owed()
    assert {notice.state for notice in Notice.select(Notice.state)} <= {
        NoticeState.SENT,
        NoticeState.BY_PHONE,
    }
    assert len(mailer.sent) > 40
    for mail in mailer.sent:
        own = mail.text.replace("Rosa Delgado", "") if mail.to == "claimant@mail.example" else mail.text
        for word in ("Delgado", "shoulder", "LM-2026", "tear", "1979"):
            assert word not in own + mail.subject


# --- sent once


def test_what_is_owed_is_sent_once_with_its_proof(owed, mailer):
    assert notices.send_owed() == 1
    assert notices.send_owed() == 0
    assert [mail.to for mail in mailer.sent] == [owed.email]
    proof = Delivery.get()
    assert (proof.notice, proof.is_delivered, proof.detail) == (owed, True, f"Sent to {owed.email}.")
    assert state_of(owed) == NoticeState.SENT


def test_whoever_has_no_address_is_told_by_phone_and_never_by_mail(world, case_at, mailer):
    case = case_at(Stage.BOOKED)
    case.claimant.email = ""
    case.claimant.save()
    Notice.delete().execute()
    cancel_appointment(case, by=world.coordinator, why="The expert is ill.")
    notices.send_owed()
    assert Notice.calls_to_make().get().recipient == case.claimant.name
    assert case.claimant.name not in "".join(mail.text for mail in mailer.sent)


def test_with_the_mail_server_away_pauses_grow_and_the_mail_goes_when_it_is_back(owed, down):
    moment = clock.now()
    for minutes in (1, 5, 30, 120):
        with clock.set_to(moment):
            assert notices.send_owed() == 0
            assert state_of(owed) == NoticeState.OWED
        just_before = moment + timedelta(minutes=minutes) - timedelta(seconds=1)
        with clock.set_to(just_before):
            asked = len(down.asked)
            notices.send_owed()
            assert len(down.asked) == asked
        moment += timedelta(minutes=minutes)
    down.is_up = True
    with clock.set_to(moment):
        assert notices.send_owed() == 1
    assert len(down.sent) == 1
    assert [delivery.is_delivered for delivery in Delivery.select().order_by(Delivery.id)] == [False] * 4 + [
        True
    ]
    assert len({mail.message_id for mail in down.asked}) == 1


def test_after_eight_attempts_it_has_failed_and_somebody_is_asked_to_call(world, case_at, down):
    Notice.delete().execute()
    send_link(case_at(Stage.BOOKED), by=world.coordinator)
    moment = clock.now()
    for _ in range(outbox.MOST_ATTEMPTS + 2):
        with clock.set_to(moment):
            notices.send_owed()
        moment += timedelta(hours=2)
    assert len(down.asked) == outbox.MOST_ATTEMPTS
    assert Notice.get().state == NoticeState.FAILED
    assert Notice.calls_to_make().count() == 1


def test_a_refused_address_is_not_tried_again(owed, monkeypatch):
    refusing = Down(for_good=True)
    monkeypatch.setitem(outside._connected, "mailer", refusing)
    notices.send_owed()
    with clock.set_to(clock.now() + timedelta(days=1)):
        notices.send_owed()
    assert len(refusing.asked) == 1
    assert state_of(owed) == NoticeState.FAILED


@pytest.mark.parametrize(
    "email", ["no address", "two@one.example, three@one.example", "a@b.example\r\nBcc: c@d.example"]
)
def test_an_address_that_is_none_fails_with_a_reason_and_holds_up_nobody(owed, mailer, email):
    Notice.update(email=email).execute()
    notices.send_owed()
    assert (state_of(owed), mailer.sent) == (NoticeState.FAILED, [])
    assert Delivery.get().detail.startswith("A mail ")


def test_a_step_without_a_text_fails_with_a_word_on_what_is_missing(owed, mailer):
    Event.update(step="tick_instruction").where(Event.id == owed.event_id).execute()
    notices.send_owed()
    assert (state_of(owed), mailer.sent) == (NoticeState.FAILED, [])
    assert Delivery.get().detail == "There is no text for tick_instruction to the coordinator."


def test_a_text_that_lacks_a_fact_is_not_sent_with_a_gap(owed, mailer):
    Event.update(step="take_offer", facts={}).where(Event.id == owed.event_id).execute()
    notices.send_owed()
    assert (state_of(owed), mailer.sent) == (NoticeState.FAILED, [])
    assert "cannot be written" in Delivery.get().detail


def test_nobody_reads_of_the_end_of_an_appointment_before_its_booking(world, case_at, down):
    case = case_at(Stage.BOOKED)
    booking = Event.get((Event.case == case) & (Event.step == "book_appointment"))
    Notice.delete().where(Notice.event != booking).execute()
    notices.send_owed()
    down.is_up = True
    cancel_appointment(case, by=world.coordinator, why="The expert is ill.")
    notices.send_owed()
    assert [mail.to for mail in down.sent] == []
    with clock.set_to(clock.now() + timedelta(days=1)):
        notices.send_owed()
    to_claimant = [mail.subject for mail in down.sent if mail.to == case.claimant.email]
    assert len(to_claimant) == 2
    assert "cancel" in to_claimant[1].lower() and "cancel" not in to_claimant[0].lower()


# --- the claimant's link


def link_in(mail):
    return re.search(r"http://localhost/appointment/link/(\S+)", mail.text).group(1)


def test_a_claimant_gets_a_link_that_opens_made_as_it_is_sent(world, case_at, mailer):
    case = case_at(Stage.BOOKED)
    Notice.delete().execute()
    send_link(case, by=world.coordinator)
    assert not SecureLink.select().exists()
    notices.send_owed()
    assert find_link(link_in(mailer.sent[0])).case == case


def test_a_second_attempt_is_the_same_message_with_a_link_that_opens(world, case_at, down):
    Notice.delete().execute()
    send_link(case_at(Stage.BOOKED), by=world.coordinator)
    notices.send_owed()
    down.is_up = True
    with clock.set_to(clock.now() + timedelta(minutes=1)):
        notices.send_owed()
    first, second = down.asked
    assert first.message_id == second.message_id
    assert find_link(link_in(second)) is not None


def test_a_case_that_is_not_booked_any_more_gets_no_way_in(world, case_at, mailer):
    case = case_at(Stage.BOOKED)
    Notice.delete().execute()
    send_link(case, by=world.coordinator)
    cancel_appointment(case, by=world.coordinator, why="The expert is ill.")
    notices.send_owed()
    assert not SecureLink.select().exists()


def test_a_mail_that_was_owed_when_the_links_were_revoked_opens_no_new_way_in(world, case_at, mailer):
    case = case_at(Stage.BOOKED)
    Notice.delete().execute()
    send_link(case, by=world.coordinator)
    revoke_links(case, by=world.coordinator)
    notices.send_owed()
    assert not SecureLink.select().exists()
    send_link(case, by=world.coordinator)
    notices.send_owed()
    assert SecureLink.select().count() == 1, "a link that is sent after that opens"


def test_everyone_else_is_led_to_the_case_page_of_the_configured_address(owed, mailer):
    notices.send_owed()
    assert f"http://localhost/cases/{owed.event.case.reference}" in mailer.sent[0].text


# --- crashes and races


class Dies(MemoryMailer):
    """A mailer under which the process ends, before or after the mail is handed over."""

    def __init__(self, after):
        super().__init__()
        self.after, self.is_dying = after, True

    def send(self, mail):
        if self.after or not self.is_dying:
            super().send(mail)
        if self.is_dying:
            raise SystemExit


@ON_BOTH
@pytest.mark.parametrize("after", [False, True])
def test_what_a_dead_sender_held_is_sent_once_when_its_time_is_over(owed, monkeypatch, after):
    dying = Dies(after)
    monkeypatch.setitem(outside._connected, "mailer", dying)
    with pytest.raises(SystemExit):
        notices.send_owed()
    dying.is_dying = False
    assert state_of(owed) == NoticeState.SENDING
    assert notices.send_owed() == 0
    with clock.set_to(clock.now() + outbox.HELD):
        assert notices.send_owed() == 1
        assert notices.send_owed() == 0
    assert len(dying.sent) == 1
    assert Delivery.select().count() == 1


def test_a_notice_under_which_every_sender_dies_is_given_up(owed, monkeypatch):
    monkeypatch.setitem(outside._connected, "mailer", Dies(after=False))
    moment = clock.now()
    for _ in range(outbox.MOST_ATTEMPTS):
        with clock.set_to(moment), pytest.raises(SystemExit):
            notices.send_owed()
        moment += outbox.HELD
    with clock.set_to(moment):
        notices.send_owed()
    assert state_of(owed) == NoticeState.FAILED


def test_a_sender_that_was_taken_for_dead_does_not_write_over_the_one_that_took_over(owed, mailer):
    slow = notices.find(owed.id)
    assert outbox.claim(slow)
    with clock.set_to(clock.now() + outbox.HELD):
        notices.send_owed()
    outbox.postpone(slow, "The server is away.", notices.keep_proof)
    assert state_of(owed) == NoticeState.SENT
    assert [delivery.is_delivered for delivery in Delivery.select()] == [True]


class Counting:
    """A mailer that takes every mail, even the same one twice."""

    def __init__(self):
        self.sent = []

    def send(self, mail):
        self.sent.append(mail.message_id)


@ON_BOTH
def test_two_senders_at_once_send_every_notice_once(world, monkeypatch):
    counting, begin = Counting(), threading.Barrier(2)
    monkeypatch.setitem(outside._connected, "mailer", counting)
    per_case_and_person = Notice.select(fn.COUNT(Notice.id)).where(Notice.state == NoticeState.OWED).scalar()

    def sender():
        begin.wait()
        notices.send_owed()
        db.database.close()

    senders = [threading.Thread(target=sender) for _ in range(2)]
    for thread in senders:
        thread.start()
    for thread in senders:
        thread.join()
    notices.send_owed()
    assert len(counting.sent) == len(set(counting.sent)) == per_case_and_person
    assert Delivery.select().where(Delivery.is_delivered).count() == per_case_and_person
