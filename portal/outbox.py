"""The outbox: whatever is owed by mail is claimed, written and sent once, with the proof of it or the reason why not."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, StrictUndefined, TemplateError, TemplateNotFound
from peewee import SQL

from portal import clock, outside
from portal.config import OFFICE
from portal.db import Remembered, database
from portal.outside.mail import Mail, NotSent
from portal.words import NoticeState

HELD = timedelta(minutes=10)  # a sender that died is taken for dead after this long
PAUSES = [timedelta(minutes=minutes) for minutes in (1, 5, 30, 120)]
MOST_ATTEMPTS = 8
UNSENT = SQL("state IN ('owed', 'sending')")

Proof = Callable[[Any, NoticeState, str], None]

_connected: dict[str, Any] = {}


class Unwritten(Exception):
    """The notice has no text that could be sent; says why."""


@dataclass(frozen=True)
class Text:
    """A notice in words, ready for one person."""

    subject: str
    body: str


def connect(environment: Environment, public_url: str) -> None:
    """Write with these templates and filters (a missing fact is a fault, not a gap), for a portal at this URL."""
    _connected["templates"] = environment.overlay(undefined=StrictUndefined)
    _connected["public_url"] = public_url


def public_url() -> str:
    """The address people use, as it is configured; no request has a say in it."""
    return str(_connected["public_url"])


def due(kind: type[Remembered], limit: int) -> list[int]:
    """The numbers of what is owed and due, the oldest first."""
    rows = kind.select(kind.id).where(UNSENT, kind.not_before <= clock.now())
    return [row.id for row in rows.order_by(kind.id).limit(limit)]


def send(notice: Any, write: Callable[[Any], Mail], keep_proof: Proof) -> bool:
    """Send one notice unless another sender has it; `keep_proof` runs in the transaction in which its end is noted."""
    if not claim(notice):
        return False
    try:
        refuse_endless(notice)
        outside.mailer().send(write(notice))
    except Unwritten as why:
        fail(notice, str(why), keep_proof)
    except NotSent as failure:
        (fail if failure.for_good else postpone)(notice, str(failure), keep_proof)
    else:
        detail = f"Sent to {notice.email}."
        settle(notice, NoticeState.SENT, detail, keep_proof, settled_at=clock.now())
        return True
    return False


def claim(notice: Any) -> bool:
    """Take the notice for ten minutes; of two senders one gets it, and a dead one loses it again."""
    now, kind = clock.now(), type(notice)
    mine = (
        kind.update(state=NoticeState.SENDING, not_before=now + HELD, attempts=kind.attempts + 1)
        .where(kind.id == notice.id, UNSENT, kind.not_before <= now)
        .execute()
    )
    notice.attempts += mine
    return bool(mine)


def refuse_endless(notice: Any) -> None:
    """A notice whose senders die over it is given up like one that is refused."""
    if notice.attempts > MOST_ATTEMPTS:
        raise NotSent("Every attempt was cut short.", for_good=True)


def mail(to: str, text: Text, name: str, calendar: str = "", method: str = "") -> Mail:
    """The mail; `name` makes its message id, the same each time, so that a repeat is the same message. `calendar` goes with
    it for the reader's calendar."""
    host = urlsplit(public_url()).hostname
    try:
        return Mail(to, text.subject, text.body, f"{name}@{host}", clock.now(), calendar, method)
    except ValueError as why:
        raise Unwritten(str(why)) from why


def render(path: str, about: str, **given: Any) -> Text:
    """A text in words, its first line the subject. Raises Unwritten where there is no template, or it lacks a fact."""
    templates = _connected["templates"]
    try:
        written = templates.get_template(path).render(
            office_phone=templates.filters["phone"](OFFICE.phone), **given
        )
    except TemplateNotFound as missing:
        raise Unwritten(f"There is no text for {about}.") from missing
    except TemplateError as fault:
        raise Unwritten(f"The text for {about} cannot be written: {fault.message}.") from fault
    head, _, body = written.partition("\n")
    if not head.startswith("Subject: ") or not body.strip():
        raise Unwritten(f"The text for {about} has no subject or says nothing.")
    return Text(head.removeprefix("Subject: ").strip(), body.strip() + "\n")


def postpone(notice: Any, why: str, keep_proof: Proof) -> None:
    """Try again after a pause that grows; after the last attempt it has failed."""
    if notice.attempts >= MOST_ATTEMPTS:
        return fail(notice, why, keep_proof)
    pause = PAUSES[min(notice.attempts, len(PAUSES)) - 1]
    return settle(notice, NoticeState.OWED, why, keep_proof, not_before=clock.now() + pause)


def fail(notice: Any, why: str, keep_proof: Proof) -> None:
    settle(notice, NoticeState.FAILED, why, keep_proof, settled_at=clock.now())


def settle(notice: Any, state: NoticeState, detail: str, keep_proof: Proof, **more: Any) -> None:
    """Write how the attempt ended and the proof of it together; nothing where another sender has taken over since."""
    kind = type(notice)
    mine = (kind.id == notice.id) & (kind.state == NoticeState.SENDING)
    with database.atomic():
        if kind.update(state=state, **more).where(mine, kind.attempts == notice.attempts).execute():
            keep_proof(notice, state, detail[:250])
