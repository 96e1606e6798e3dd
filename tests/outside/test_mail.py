"""A mail is handed over once and whole, and no text of a user becomes a header."""

import socket
import ssl
import stat
import subprocess
from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from portal.outside.mail import FileMailer, Mail, MemoryMailer, NotSent, SmtpMailer, mailer_from

SENDER = "Impartial <notices@portal.example>"
MAIL = Mail(
    to="dana@harbor.example",
    subject="Your turn: IME-1042 – choose a time",
    text="Dear Dana,\n\nNext: review the report.\n\nMüller Straße, ñ, “quoted”\n.\nThe line above is one full stop.\n",
    message_id="notice-17@portal.example",
)


class Received:
    """Takes every mail but one to `nobody@`."""

    def __init__(self):
        self.envelopes = []

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 No such person"
        if address.startswith("later@"):
            return "451 Come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.envelopes.append(envelope)
        return "250 Taken"


@pytest.fixture
def post():
    """A mail server on loopback: its handler and its port."""
    controller = Controller(Received(), hostname="127.0.0.1", port=free_port())
    controller.start()
    yield controller.handler, controller.port
    controller.stop()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def read(raw):
    return message_from_bytes(raw, policy=policy.default)


def test_a_mail_sent_by_smtp_arrives_as_written(post):
    received, port = post

    SmtpMailer(f"smtp://127.0.0.1:{port}?tls=no", sender=SENDER).send(MAIL)

    [envelope] = received.envelopes
    arrived = read(envelope.content)
    assert (envelope.mail_from, envelope.rcpt_tos) == ("notices@portal.example", [MAIL.to])
    assert arrived["Subject"] == MAIL.subject
    assert arrived["From"] == SENDER
    assert arrived["Message-ID"] == "<notice-17@portal.example>"
    assert arrived["Auto-Submitted"] == "auto-generated"
    assert arrived.get_content().replace("\r\n", "\n") == MAIL.text


@pytest.mark.parametrize(
    ("address", "for_good"), [("nobody@harbor.example", True), ("later@harbor.example", False)]
)
def test_a_refused_address_says_whether_trying_again_can_help(post, address, for_good):
    _, port = post
    mail = Mail(address, "Subject", "Text", "a@b")

    with pytest.raises(NotSent) as refusal:
        SmtpMailer(f"smtp://127.0.0.1:{port}?tls=no", sender=SENDER).send(mail)

    assert refusal.value.for_good is for_good


def test_a_server_without_encryption_gets_no_mail_unless_told_so(post):
    received, port = post

    with pytest.raises(NotSent):
        SmtpMailer(f"smtp://127.0.0.1:{port}", sender=SENDER).send(MAIL)

    assert received.envelopes == []


def test_a_server_that_is_not_there_is_not_sent():
    with pytest.raises(NotSent) as refusal:
        SmtpMailer("smtp://127.0.0.1:1?tls=no", sender=SENDER, timeout=1).send(MAIL)

    assert not refusal.value.for_good


def test_the_password_of_the_url_is_given_to_the_server_over_tls(certificate, monkeypatch):
    given = []

    def check(server, session, envelope, mechanism, data):
        given.append((data.login, data.password))
        return AuthResult(success=data.password == b"p@ss word", handled=False)

    trusted = ssl.create_default_context(cafile=certificate)
    monkeypatch.setattr(ssl, "create_default_context", lambda: trusted)
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(certificate)
    controller = Controller(
        Received(),
        hostname="127.0.0.1",
        port=free_port(),
        tls_context=served,
        require_starttls=True,
        auth_required=True,
        authenticator=check,
    )
    controller.start()
    try:
        SmtpMailer(f"smtp://portal:p%40ss%20word@127.0.0.1:{controller.port}", sender=SENDER).send(MAIL)
        with pytest.raises(NotSent):
            SmtpMailer(f"smtp://portal:wrong@127.0.0.1:{controller.port}", sender=SENDER).send(MAIL)
    finally:
        controller.stop()

    assert given[0] == (b"portal", b"p@ss word")
    assert len(controller.handler.envelopes) == 1


@pytest.fixture
def certificate(tmp_path, openssl):
    """A key and a certificate for 127.0.0.1 that nobody else trusts, in one file."""
    place = tmp_path / "loopback.pem"
    ask = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -days 2 -subj /CN=loopback"
    )
    asked = [
        *ask.split(),
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-keyout",
        place,
        "-out",
        tmp_path / "shown.pem",
    ]
    subprocess.run(asked, check=True, capture_output=True)
    place.write_bytes(place.read_bytes() + (tmp_path / "shown.pem").read_bytes())
    return str(place)


def test_a_mail_to_a_folder_is_one_private_file(tmp_path):
    mailer = FileMailer(tmp_path / "outbox", sender=SENDER)

    mailer.send(MAIL)

    [written] = (tmp_path / "outbox").iterdir()
    assert written.name == "notice-17@portal.example.eml"
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert read(written.read_bytes())["Subject"] == MAIL.subject
    assert read(written.read_bytes()).get_content().replace("\r\n", "\n") == MAIL.text


def test_a_link_in_a_mail_to_a_folder_can_be_copied_whole(tmp_path):
    link = "https://portal.example/appointment/link/" + "abc123_-" * 12
    FileMailer(tmp_path, sender=SENDER).send(
        Mail("dana@claims.example", "Sí – ¿?", f"Señora,\n\n{link}\n", "a@b")
    )

    assert link in (tmp_path / "a@b.eml").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("mailer", [FileMailer, None], ids=["folder", "memory"])
def test_the_same_message_id_again_changes_nothing(mailer, tmp_path):
    again = Mail(MAIL.to, "Another subject", "Another text", MAIL.message_id)
    mailer = mailer(tmp_path, sender=SENDER) if mailer else MemoryMailer()

    mailer.send(MAIL)
    mailer.send(again)

    if isinstance(mailer, MemoryMailer):
        assert mailer.sent == [MAIL]
    else:
        [written] = tmp_path.iterdir()
        assert read(written.read_bytes())["Subject"] == MAIL.subject


def test_a_folder_that_cannot_be_written_is_not_sent(tmp_path):
    (tmp_path / "outbox").write_text("a file stands here")

    with pytest.raises(NotSent):
        FileMailer(tmp_path / "outbox", sender=SENDER).send(MAIL)


@pytest.mark.parametrize("unfit", ["\r\nBcc: all@evil.example", "\n", "\r", "\x00", "\x85\u2028", "\ud800"])
@pytest.mark.parametrize("header", ["to", "subject", "message_id"])
def test_a_line_break_in_a_header_is_refused(header, unfit):
    headers = {"to": "dana@harbor.example", "subject": "Subject", "message_id": "a@b"}
    headers[header] += unfit

    with pytest.raises(ValueError, match=r"header|message id|address"):
        Mail(**headers, text="")


@pytest.mark.parametrize(
    "to", ["", "dana", "a@b,c@d", "a@b c@d", "<a@b>", "Dana <dana@harbor.example>", "a@b;c"]
)
def test_a_mail_goes_to_exactly_one_address(to):
    with pytest.raises(ValueError, match="one address"):
        Mail(to, "Subject", "Text", "a@b")


@pytest.mark.parametrize("message_id", ["", "a", "../a@b", "a/b@c", ".a@b", "<a@b>", "a@b/../c"])
def test_a_message_id_that_could_be_a_path_is_refused(message_id):
    with pytest.raises(ValueError, match="message id"):
        Mail("dana@harbor.example", "Subject", "Text", message_id)


def test_the_text_may_hold_anything(tmp_path):
    text = "\x00 \ud800 Subject: not a header\r\nBcc: nobody\n" + "x" * 3000

    FileMailer(tmp_path, sender=SENDER).send(Mail(MAIL.to, "Subject", text, "a@b"))

    written = read((tmp_path / "a@b.eml").read_bytes())
    assert written["Bcc"] is None
    assert "x" * 3000 in written.get_content()


def test_the_moment_of_writing_becomes_the_date(tmp_path):
    written = datetime(2026, 3, 4, 17, 30, tzinfo=UTC)

    FileMailer(tmp_path, sender=SENDER).send(Mail(MAIL.to, "Subject", "Text", "a@b", written))

    assert read((tmp_path / "a@b.eml").read_bytes())["Date"].datetime == written


def test_a_url_names_its_mailer(tmp_path):
    assert isinstance(mailer_from("smtp://mail.example:587", sender=SENDER), SmtpMailer)
    assert isinstance(mailer_from("smtps://mail.example", sender=SENDER), SmtpMailer)
    assert isinstance(mailer_from("memory:", sender=SENDER), MemoryMailer)
    assert mailer_from(f"file://{tmp_path}/mail%20out", sender=SENDER).folder == tmp_path / "mail out"
    with pytest.raises(ValueError, match="smtp"):
        mailer_from("http://mail.example", sender=SENDER)
    with pytest.raises(ValueError, match="sender"):
        mailer_from("memory:", sender="Impartial\r\nBcc: a@b <a@b>")
