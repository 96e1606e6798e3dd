"""The mail server is away, slow, or leaves in the middle: no step waits for it, nothing is told twice, all is told later."""

import socket
import threading
from contextlib import contextmanager
from datetime import timedelta
from time import monotonic

import pytest
from aiosmtpd.controller import Controller

from portal import clock, notices, outside
from portal.models import Delivery, Notice
from portal.outside.mail import SmtpMailer
from portal.words import NoticeState, Stage

SENDER = "Impartial <notices@portal.example>"


class Received:
    """Takes every mail."""

    def __init__(self):
        self.envelopes = []

    async def handle_DATA(self, server, session, envelope):
        self.envelopes.append(envelope)
        return "250 Taken"


@contextmanager
def listening(answer):
    """A server that does this with every connection, and its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        stopped, held = threading.Event(), []

        def run():
            while not stopped.is_set():
                try:
                    held.append(listener.accept()[0])
                except TimeoutError:
                    continue
                answer(held[-1])

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            stopped.set()
            thread.join()
            for wire in held:
                wire.close()


def says_nothing(wire):
    """Accepts and stays silent."""


def leaves_in_the_middle(wire):
    """Speaks SMTP up to the text of the mail, and is gone."""
    wire.settimeout(5)
    wire.sendall(b"220 here\r\n")
    while line := wire.recv(4096):
        if line.upper().startswith(b"DATA"):
            wire.sendall(b"354 go on\r\n")
            wire.recv(4096)
            break
        wire.sendall(b"250 yes\r\n")
    wire.close()


def refuses_all(wire):
    """Is too busy for anybody."""
    wire.sendall(b"421 too busy\r\n")
    wire.close()


def at(port):
    return SmtpMailer(f"smtp://127.0.0.1:{port}?tls=no", sender=SENDER, timeout=0.5)


@pytest.mark.parametrize("fault", [says_nothing, leaves_in_the_middle, refuses_all])
def test_a_mail_server_with_a_fault_holds_up_no_step_and_is_tried_again(
    visitor, world, case_at, monkeypatch, fault
):
    case = case_at(Stage.MATCHING)
    Notice.delete().execute()
    with listening(fault) as port:
        monkeypatch.setitem(outside._connected, "mailer", at(port))
        path, began = f"/cases/{case.reference}/messages/new", monotonic()
        page = visitor(world.referrer).opens(path).presses("Send the message", text="Is there any news?")
        assert page.status == 200 and monotonic() - began < 5
        owed = Notice.get()
        assert notices.send_owed() == 0
        assert Notice.get_by_id(owed.id).state == NoticeState.OWED
        assert Delivery.select().where(Delivery.notice == owed, ~Delivery.is_delivered).count() == 1
    post = Controller(Received(), hostname="127.0.0.1", port=free_port())
    post.start()
    try:
        monkeypatch.setitem(outside._connected, "mailer", at(post.port))
        with clock.set_to(clock.now() + timedelta(minutes=2)):
            assert (notices.send_owed(), notices.send_owed()) == (1, 0)
    finally:
        post.stop()
    [mail] = post.handler.envelopes
    assert mail.rcpt_tos == [world.coordinator.email]
    assert Notice.get_by_id(owed.id).state == NoticeState.SENT


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
