"""Calendar feeds: an expert's examinations, or those at one clinic, behind an address that nobody can guess."""

import hashlib
import secrets
from dataclasses import replace
from datetime import timedelta
from typing import Any

from peewee import fn

from portal import audit, clock
from portal.db import database
from portal.ime.account_notices import owe
from portal.ime.calendar import EXPERTS_TITLE, calendar_of, event_of
from portal.ime.process import Refusal
from portal.ime.sessions import end_sessions
from portal.models import Appointment, CalendarFeed, Case, Clinic, Expert, User
from portal.policy import unbarred
from portal.words import AccountMail, Act, AppointmentState, Party, Role

BACK = timedelta(days=31)
AHEAD = timedelta(days=366)
MOST_FEEDS = 10
STANDING = (AppointmentState.BOOKED, AppointmentState.HELD)


def make_feed(expert: Expert, clinic: Clinic | None = None) -> str:
    """A new feed of all the expert's clinics or of one, of which they are told; returns its token, which is kept nowhere."""
    token = secrets.token_urlsafe(32)
    with database.atomic():
        if open_feeds(expert).count() >= MOST_FEEDS:
            raise Refusal(f"You have {MOST_FEEDS} addresses already. End one that you do not use.")
        row = CalendarFeed.create(expert=expert, clinic=clinic, token_hash=hashed(token))
        audit.record(Act.CREATED, row)
        owe(expert.user, AccountMail.CALENDAR_ADDRESS)
    return token


def end_feed(row: CalendarFeed) -> None:
    """The address opens nothing any more, at once."""
    with database.atomic():
        row.revoked_at = clock.now()
        row.save()
        audit.record(Act.REMOVED, row)


def end_feeds(user: User) -> int:
    """Within a transaction: every address of this person ends, as their sessions do; whoever was in may have made one.
    How many there were."""
    rows = list(feeds_of(user))
    for row in rows:
        end_feed(row)
    return len(rows)


def sign_out_elsewhere(user: User, session: int) -> int:
    """Every session of this person but this one ends, and every address of their calendar; how many of those there were."""
    with database.atomic():
        end_sessions(user, but=session)
        return end_feeds(user)


def feeds_of(user: User) -> Any:
    """The query of the feeds of this person that can be read, the newest first."""
    theirs = CalendarFeed.select().join(Expert).where(Expert.user == user)
    return theirs.where(CalendarFeed.revoked_at.is_null()).order_by(CalendarFeed.id.desc())


def open_feeds(expert: Expert) -> Any:
    """The query of the feeds that can be read, the newest first."""
    return (
        CalendarFeed.select()
        .where((CalendarFeed.expert == expert) & CalendarFeed.revoked_at.is_null())
        .order_by(CalendarFeed.id.desc())
    )


def find_feed(token: str) -> CalendarFeed | None:
    """The feed of this token; None where it was ended, or its expert's account is closed."""
    rows = CalendarFeed.select(CalendarFeed, Expert, User).join(Expert).join(User)
    found: CalendarFeed | None = rows.where(
        (CalendarFeed.token_hash == hashed(token))
        & CalendarFeed.revoked_at.is_null()
        & User.disabled_at.is_null()
        & (User.role == Role.EXPERT)
    ).first()
    return found


def hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def read_feed(row: CalendarFeed) -> bytes:
    """The feed as iCalendar: of each case its latest appointment, a month back and a year ahead; what was moved away or
    cancelled stays as cancelled for a month. Nothing of a case from which the expert is barred. Only place, time and reference: nobody is named."""
    shown = appointments(row)
    with database.atomic(), audit.acting(of_expert(row)):
        CalendarFeed.update(read_at=clock.now()).where(CalendarFeed.id == row.id).execute()
        audit.record(Act.EXPORTED, row, cases=sorted(each.case_id for each in shown))
    events = [
        event_of(
            each,
            each.case.reference,
            f"{EXPERTS_TITLE} {each.case.reference}",
            each.ended_at or each.booked_at,
            is_cancelled=each.state not in STANDING,
        )
        for each in shown
    ]
    return calendar_of("PUBLISH", events, shown, "Independent examinations")


def of_expert(row: CalendarFeed) -> audit.Actor:
    """Whoever asks is nobody the portal knows, and reads by the expert's right."""
    user: User = row.expert.user
    return replace(audit.actor(), user=user.id, organisation=user.organisation_id, party=Party.EXPERT)


def appointments(row: CalendarFeed) -> list[Any]:
    """The appointments of the feed, in the order of the days."""
    now = clock.now()
    latest = (
        Appointment.select(fn.MAX(Appointment.id))
        .where(Appointment.expert == row.expert)
        .group_by(Appointment.case)
    )
    is_shown = Appointment.state.in_(list(STANDING)) | (Appointment.ended_at > now - BACK)
    rows = (
        Appointment.select(Appointment, Clinic, Case.id, Case.reference)
        .join(Clinic)
        .switch(Appointment)
        .join(Case)
        .where(
            Appointment.id.in_(latest)
            & Appointment.starts_at.between(now - BACK, now + AHEAD)
            & is_shown
            & Case.purged_at.is_null()
            & unbarred(row.expert.user_id)
        )
        .order_by(Appointment.starts_at, Appointment.id)
    )
    return list(rows.where(Appointment.clinic == row.clinic) if row.clinic_id else rows)
