"""Brief and instructions: what the expert receives, and the claimant's page behind a secure link."""

import hashlib
import secrets
from collections.abc import Collection
from datetime import date, datetime, timedelta

from portal import clock
from portal.db import database
from portal.ime import booking
from portal.ime.appointment import booked_appointment
from portal.ime.disclosure import note_brief
from portal.ime.guidance import texts
from portal.ime.letters import given_documents
from portal.ime.process import Refusal, remember, step
from portal.ime.records import StoredFile, file_away
from portal.models import Case, Event, SecureLink, TickedInstruction, User
from portal.policy import Person
from portal.words import Audience, DocumentKind, LinkPurpose, Stage

LINK_LIFE = timedelta(days=14)
PRESSED_TWICE = timedelta(minutes=1)


@step
def send_brief(
    case: Case,
    *,
    by: User,
    letter: StoredFile | None = None,
    served_on: date | None = None,
    override: str = "",
) -> None:
    """The expert receives the cover letter, the questions and the records; the referrer may read the letter too.
    `served_on` is the day on which the other side was served with the records, where a rule asks for it."""
    if case.stage == Stage.REPORTING and not case.is_file_review:
        raise Refusal("The examination is over. A brief goes out before it, or for a file review.")
    refuse_pressed_twice(case, "send_brief", "The brief was sent a moment ago.")
    if served_on and served_on > clock.today():
        raise Refusal("Enter a day that is not in the future.", field="served_on")
    booking.insist(case, "send_brief", booking.brief_findings(case, served_on), override, by)
    if letter:
        file_away(case, letter, kind=DocumentKind.COVER_LETTER, audience=Audience.CASE, by=by)
    case.brief_sent_at = clock.now()
    case.records_given_at = case.records_given_at or case.brief_sent_at
    given = len(given_documents(case))
    note_brief(case, by, given)
    remember(
        documents=given,
        questions=case.questions.count(),
        is_file_review=case.is_file_review,
        **({"served_on": served_on} if served_on else {}),
    )


@step
def confirm_attendance(case: Case, *, by: Person) -> None:
    """The claimant says that they will come; who asked for another time before can come after all."""
    refuse_begun(case)
    refuse_pressed_twice(case, "confirm_attendance", "You have told us already that you are coming.")
    case.confirmed_at = case.confirmed_at or clock.now()
    case.move_asked_at = None


@step
def ask_to_move(case: Case, *, by: Person, why: str) -> None:
    """The claimant cannot come at this time and says why; a coordinator finds another."""
    if not why.strip():
        raise Refusal("Tell us why, so that we find a time that works.", field="why")
    refuse_begun(case)
    refuse_pressed_twice(
        case, "ask_to_move", "You asked for another time already. We will call or write to you."
    )
    case.move_asked_at = clock.now()
    case.confirmed_at = None
    remember(why=why)


def refuse_pressed_twice(case: Case, name: str, sentence: str) -> None:
    """Two presses of one button are one step, told once: within a minute, with nothing else done in between."""
    last = case.events.order_by(Event.id.desc()).first()
    if last and last.step == name and last.at > clock.now() - PRESSED_TWICE:
        raise Refusal(sentence)


def refuse_begun(case: Case) -> None:
    """There is nothing to confirm or to move once the appointment has begun."""
    booked = booked_appointment(case)
    if booked and booked.starts_at <= clock.now():
        raise Refusal("The time of this appointment has passed. Please call us.")


@step
def tick_instruction(case: Case, *, by: Person, items: Collection[str]) -> None:
    """The claimant's list of things to bring, by their keys, as ticked now."""
    if unknown := set(items) - texts()["bring"].keys():
        raise Refusal(f"The list does not hold {min(unknown)}.", field="items")
    TickedInstruction.delete().where(TickedInstruction.case == case).execute()
    for item in sorted(set(items)):
        TickedInstruction.create(case=case, item=item)


@step
def send_link(case: Case, *, by: Person) -> None:
    """The claimant is sent a new secure link; the notice that carries it makes it."""
    if not case.claimant.email:
        raise Refusal("The claimant has no e-mail address. Tell them by phone.")
    refuse_pressed_twice(case, "send_link", "A new link was sent a moment ago.")


@step
def revoke_links(case: Case, *, by: Person) -> None:
    """Every secure link of the case is closed at once."""
    revoke_all_links(case)


def revoke_all_links(case: Case) -> None:
    """Every secure link of the case opens nothing any more, at once."""
    SecureLink.update(revoked_at=clock.now()).where(
        (SecureLink.case == case) & SecureLink.revoked_at.is_null()
    ).execute()


def hashed(token: str) -> str:
    """SHA-256 in hex, as a token is kept at rest."""
    return hashlib.sha256(token.encode()).hexdigest()


def make_link(case: Case) -> str:
    """A new secure link for the claimant; returns its token, which is kept nowhere."""
    token = secrets.token_urlsafe(32)
    SecureLink.create(
        case=case,
        purpose=LinkPurpose.APPOINTMENT,
        token_hash=hashed(token),
        expires_at=link_end(case),
    )
    return token


def link_end(case: Case) -> datetime:
    """When a link made now ends: after its life, or the day after the examination if that is later."""
    booked, usual = booked_appointment(case), clock.now() + LINK_LIFE
    return max(usual, booked.ends_at + timedelta(days=1)) if booked else usual


def find_link(token: str) -> SecureLink | None:
    """The link of a token if it can still be spent; looking spends nothing."""
    link: SecureLink | None = SecureLink.get_or_none(
        (SecureLink.token_hash == hashed(token)) & SecureLink.spent_at.is_null()
    )
    return link if link and link.is_usable else None


def spend_link(token: str) -> SecureLink | None:
    """Spend the link: the first to do so gets it, everybody later None."""
    link = find_link(token)
    if link is None:
        return None
    with database.atomic():
        spent = (
            SecureLink.update(spent_at=clock.now())
            .where(
                (SecureLink.id == link.id) & SecureLink.spent_at.is_null() & SecureLink.revoked_at.is_null()
            )
            .execute()
        )
    return link if spent else None
