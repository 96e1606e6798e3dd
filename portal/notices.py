"""Sends what the process owes: every notice of the outbox once, with the proof of it or the reason why not."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, StrictUndefined, TemplateError, TemplateNotFound
from peewee import SQL

from portal import audit, clock, outside
from portal.config import OFFICE
from portal.db import database
from portal.ime.instructions import make_link
from portal.models import Case, Claimant, Delivery, Event, Notice
from portal.outside.mail import Mail, NotSent
from portal.words import Act, Ending, NoticeState, Party, Stage

HELD = timedelta(minutes=10)  # a sender that died is taken for dead after this long
PAUSES = [timedelta(minutes=minutes) for minutes in (1, 5, 30, 120)]
MOST_ATTEMPTS = 8
CARRY_LINK = frozenset({"book_appointment", "move_appointment", "send_link"})
UNSENT = SQL("state IN ('owed', 'sending')")

_connected: dict[str, Any] = {}


class Unwritten(Exception):
    """The notice has no text that could be sent; says why."""


@dataclass(frozen=True)
class Text:
    """A notice in words, ready for one person."""

    subject: str
    body: str


class Named(str):
    """A case as a notice may name it: by its reference and nothing else."""

    @property
    def reference(self) -> str:
        return str(self)


def connect(environment: Environment, public_url: str) -> None:
    """Write with these templates and filters (a missing fact is a fault, not a gap), for a portal at this URL."""
    _connected["templates"] = environment.overlay(undefined=StrictUndefined)
    _connected["public_url"] = public_url


def send_owed(limit: int = 500) -> int:
    """Send what is due, oldest first; how many were sent. Any number of senders may run at once."""
    return sum(send(number) for number in due(limit))


def due(limit: int) -> list[int]:
    rows = Notice.select(Notice.id).where(UNSENT, Notice.not_before <= clock.now())
    return [row.id for row in rows.order_by(Notice.id).limit(limit)]


def send(number: int) -> bool:
    """Send one notice unless another sender has it or an earlier one to the same person still waits."""
    notice = find(number)
    if follows_unsent(notice) or not claim(notice):
        return False
    try:
        refuse_endless(notice)
        outside.mailer().send(write(notice))
    except Unwritten as why:
        fail(notice, str(why))
    except NotSent as failure:
        (fail if failure.for_good else postpone)(notice, str(failure))
    else:
        settle(notice, NoticeState.SENT, f"Sent to {notice.email}.", settled_at=clock.now())
        return True
    return False


def find(number: int) -> Notice:
    """The notice with its event, case and claimant, in one read."""
    rows = Notice.select(Notice, Event, Case, Claimant).join(Event).join(Case).join(Claimant)
    return rows.where(Notice.id == number).get()


def follows_unsent(notice: Notice) -> bool:
    """Whoever is told of a booking and of its end must not read the end first."""
    earlier = Notice.select(Notice.id).join(Event).where(Event.case == notice.event.case_id)
    return earlier.where(UNSENT, Notice.email == notice.email, Notice.id < notice.id).exists()


def claim(notice: Notice) -> bool:
    """Take the notice for ten minutes; of two senders one gets it, and a dead one loses it again."""
    now = clock.now()
    mine = (
        Notice.update(state=NoticeState.SENDING, not_before=now + HELD, attempts=Notice.attempts + 1)
        .where(Notice.id == notice.id, UNSENT, Notice.not_before <= now)
        .execute()
    )
    notice.attempts += mine
    return bool(mine)


def refuse_endless(notice: Notice) -> None:
    """A notice whose senders die over it is given up like one that is refused."""
    if notice.attempts > MOST_ATTEMPTS:
        raise NotSent("Every attempt was cut short.", for_good=True)


def write(notice: Notice) -> Mail:
    """The mail of a claimed notice; the same message id each time, so that a repeat is the same message."""
    text = render(notice, url_for(notice))
    host = urlsplit(_connected["public_url"]).hostname
    made = int(notice.event.at.timestamp())
    try:
        return Mail(notice.email, text.subject, text.body, f"notice-{notice.id}.{made}@{host}", clock.now())
    except ValueError as why:
        raise Unwritten(str(why)) from why


def url_for(notice: Notice) -> str:
    """Where the notice leads: a secure link made at this moment for a claimant who is expected, else the case page."""
    case = notice.event.case
    if notice.party == Party.CLAIMANT and notice.event.step in CARRY_LINK and case.stage == Stage.BOOKED:
        return f"{_connected['public_url']}/appointment/link/{make_link(case)}"
    return f"{_connected['public_url']}/cases/{case.reference}"


def render(notice: Notice, url: str) -> Text:
    """The notice in words. Raises Unwritten where there is no template, or one that lacks a fact."""
    event = notice.event
    about = f"{event.step} to the {notice.party.label}"
    try:
        template = _connected["templates"].get_template(f"notices/{event.step}/{notice.party}.en.txt")
        written = template.render(
            recipient=notice.recipient,
            case=Named(event.case.reference),
            facts=event.facts,
            url=url,
            office_phone=_connected["templates"].filters["phone"](OFFICE.phone),
        )
    except TemplateNotFound as missing:
        raise Unwritten(f"There is no text for {about}.") from missing
    except TemplateError as fault:
        raise Unwritten(f"The text for {about} cannot be written: {fault.message}.") from fault
    head, _, body = written.partition("\n")
    if not head.startswith("Subject: ") or not body.strip():
        raise Unwritten(f"The text for {about} has no subject or says nothing.")
    return Text(head.removeprefix("Subject: ").strip(), body.strip() + "\n")


def postpone(notice: Notice, why: str) -> None:
    """Try again after a pause that grows; after the last attempt it has failed."""
    if notice.attempts >= MOST_ATTEMPTS:
        return fail(notice, why)
    pause = PAUSES[min(notice.attempts, len(PAUSES)) - 1]
    return settle(notice, NoticeState.OWED, why, not_before=clock.now() + pause)


def fail(notice: Notice, why: str) -> None:
    settle(notice, NoticeState.FAILED, why, settled_at=clock.now())


def settle(notice: Notice, state: NoticeState, detail: str, **more: Any) -> None:
    """Write how the attempt ended and the proof of it together; nothing where another sender has taken over since."""
    mine = (Notice.id == notice.id) & (Notice.state == NoticeState.SENDING)
    with database.atomic():
        if Notice.update(state=state, **more).where(mine, Notice.attempts == notice.attempts).execute():
            is_sent = state == NoticeState.SENT
            Delivery.create(notice=notice, is_delivered=is_sent, detail=detail[:250])
            ending = Ending.DONE if is_sent else Ending.FAILED
            audit.record(Act.SENT, notice, case=notice.event.case_id, ending=ending, to=notice.party)
