"""Sends a mail: by SMTP, as files in a folder, or into a list in memory, by URL."""

import os
import re
import smtplib
import ssl
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

MESSAGE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}@[A-Za-z0-9][A-Za-z0-9.-]{0,120}")
UNFIT = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True)
class Mail:
    """One plain-text mail to one address; `message_id` is `local@domain` and is the same for a repeat.

    `written` (with time zone) becomes the Date header; without it the first mail server adds one. `calendar` is an
    iCalendar text for the reader's calendar, with its `method` (RFC 6047).
    """

    to: str
    subject: str
    text: str
    message_id: str
    written: datetime | None = None
    calendar: str = ""
    method: str = ""

    def __post_init__(self) -> None:
        if any(UNFIT.search(header) for header in (self.to, self.subject, self.message_id)):
            raise ValueError("A mail header cannot hold a line break or a control character.")
        if not MESSAGE_ID.fullmatch(self.message_id):
            raise ValueError("A message id looks like notice-17@portal.example.")
        if self.to.count("@") != 1 or re.search(r"[\s,;<>]", self.to):
            raise ValueError("A mail goes to one address, like name@example.com.")


class NotSent(Exception):
    """The mail was not handed over; `for_good` when trying again cannot help (the address was refused)."""

    def __init__(self, why: str, *, for_good: bool = False) -> None:
        self.for_good = for_good
        super().__init__(why)


class Mailer(Protocol):
    """Anything that hands over a mail, or raises NotSent."""

    def send(self, mail: Mail) -> None: ...

    def forget(self, beginnings: Iterable[str]) -> None: ...


class SmtpMailer:
    """Hands mails to `smtp://user:pass@host:587` (STARTTLS), `smtps://…:465`, or plain with `?tls=no`."""

    def __init__(self, url: str, *, sender: str, timeout: float = 20.0) -> None:
        self.place, self.sender, self.timeout = urlsplit(url), sender, timeout
        self.encrypted = parse_qs(self.place.query).get("tls") != ["no"]

    def forget(self, beginnings: Iterable[str]) -> None:
        """What was handed over is no longer here."""

    def send(self, mail: Mail) -> None:
        """Hand over one mail; raises NotSent with the server's reason."""
        try:
            with self._connect() as server:
                server.send_message(_message(mail, self.sender), self.sender_address, [mail.to])
        except smtplib.SMTPRecipientsRefused as refusal:
            code = max(code for code, _ in refusal.recipients.values())
            raise NotSent("The address was refused.", for_good=code >= 550) from refusal
        except (OSError, smtplib.SMTPException) as failure:
            raise NotSent(f"The mail server did not take the mail: {failure}") from failure

    @property
    def sender_address(self) -> str:
        """The bare address of the sender, without the display name."""
        return self.sender.rpartition("<")[2].rstrip("> ")

    def _connect(self) -> smtplib.SMTP:
        host, trust = self.place.hostname or "localhost", ssl.create_default_context()
        if self.place.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                host, self.place.port or 465, timeout=self.timeout, context=trust
            )
        else:
            server = smtplib.SMTP(host, self.place.port or 587, timeout=self.timeout)
        try:
            self._introduce(server, trust)
        except BaseException:
            server.close()
            raise
        return server

    def _introduce(self, server: smtplib.SMTP, trust: ssl.SSLContext) -> None:
        if self.place.scheme == "smtp" and self.encrypted:
            server.starttls(context=trust)
        if self.place.username:
            server.login(unquote(self.place.username), unquote(self.place.password or ""))


class FileMailer:
    """Writes each mail to `<message_id>.eml` in a folder, once, whole or not at all."""

    def __init__(self, folder: Path, *, sender: str) -> None:
        self.folder, self.sender = Path(folder), sender

    def send(self, mail: Mail) -> None:
        """Write the mail; the same message id again changes nothing."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._write_once(_message(mail, self.sender, "8bit").as_bytes(), f"{mail.message_id}.eml")
        except OSError as failure:
            raise NotSent(f"The mail could not be written: {failure}") from failure

    def forget(self, beginnings: Iterable[str]) -> None:
        """Remove the mails whose message id begins with one of these and a dot."""
        for beginning in beginnings:
            for path in self.folder.glob(f"{beginning}.*.eml"):
                path.unlink(missing_ok=True)

    def _write_once(self, content: bytes, name: str) -> None:
        with tempfile.NamedTemporaryFile(dir=self.folder, suffix=".part") as staged:
            staged.write(content)
            staged.flush()
            os.fsync(staged.fileno())
            with suppress(FileExistsError):
                os.link(staged.name, self.folder / name)


class MemoryMailer:
    """The twin: keeps mails in `sent`, one per message id."""

    def __init__(self) -> None:
        self.sent: list[Mail] = []

    def forget(self, beginnings: Iterable[str]) -> None:
        """Remember no mail whose message id begins with one of these and a dot."""
        gone = tuple(f"{beginning}." for beginning in beginnings)
        self.sent = [mail for mail in self.sent if not mail.message_id.startswith(gone)]

    def send(self, mail: Mail) -> None:
        """Remember the mail unless its message id is already there."""
        if mail.message_id not in {sent.message_id for sent in self.sent}:
            self.sent.append(mail)


def mailer_from(url: str, *, sender: str) -> Mailer:
    """The mailer a URL names: `smtp://…`, `smtps://…`, `file:///folder`, `memory:`; sender as `Name <address>`."""
    place = urlsplit(url)
    if UNFIT.search(sender):
        raise ValueError("The sender cannot hold a line break or a control character.")
    if place.scheme in ("smtp", "smtps"):
        return SmtpMailer(url, sender=sender)
    if place.scheme == "file":
        return FileMailer(Path(unquote(place.path)), sender=sender)
    if place.scheme == "memory":
        return MemoryMailer()
    raise ValueError("Mail goes to smtp://, smtps://, file:/// or memory:.")


def _message(mail: Mail, sender: str, encoding: str | None = None) -> EmailMessage:
    """The mail as it travels; `8bit` leaves lines and links whole for whoever opens the file in an editor."""
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = sender, mail.to, mail.subject
    message["Message-ID"] = f"<{mail.message_id}>"
    message["Auto-Submitted"] = "auto-generated"
    if mail.written:
        message["Date"] = format_datetime(mail.written)
    message.set_content(mail.text.encode("utf-8", "replace").decode(), cte=encoding)
    if mail.calendar:
        message.add_alternative(
            mail.calendar, subtype="calendar", cte=encoding, params={"method": mail.method}
        )
        # The same in every attempt, so that a repeat is the same message.
        message.set_boundary(f"part.{mail.message_id.partition('@')[0]}")
    return message
