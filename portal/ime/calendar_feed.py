"""Calendar feeds: an expert's examinations, or those at one clinic, behind an address that nobody can guess."""

import hashlib
import secrets
from datetime import timedelta
from typing import Any

from peewee import fn

from portal import audit, clock
from portal.db import database
from portal.ime.calendar import EXPERTS_TITLE, calendar_of, event_of
from portal.ime.process import Refusal
from portal.models import Appointment, CalendarFeed, Case, Clinic, Expert, User
from portal.policy import unbarred
from portal.words import Act, AppointmentState, Role

BACK = timedelta(days=31)
AHEAD = timedelta(days=366)
MOST_FEEDS = 10
STANDING = (AppointmentState.BOOKED, AppointmentState.HELD)


def make_feed(expert: Expert, clinic: Clinic | None = None) -> str:
    """A new feed of all the expert's clinics or of one; returns its token, which is kept nowhere."""
    token = secrets.token_urlsafe(32)
    with database.atomic():
        if open_feeds(expert).count() >= MOST_FEEDS:
            raise Refusal(f"You have {MOST_FEEDS} addresses already. End one that you do not use.")
        row = CalendarFeed.create(expert=expert, clinic=clinic, token_hash=hashed(token))
        audit.record(Act.CREATED, row)
    return token


def end_feed(row: CalendarFeed) -> None:
    """The address opens nothing any more, at once."""
    with database.atomic():
        row.revoked_at = clock.now()
        row.save()
        audit.record(Act.REMOVED, row)


def end_feeds(user: User) -> None:
    """Within a transaction: every address of this person ends, as their sessions do; whoever was in may have made one."""
    theirs = CalendarFeed.select().join(Expert).where(Expert.user == user)
    for row in theirs.where(CalendarFeed.revoked_at.is_null()):
        end_feed(row)


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
    with database.atomic():
        CalendarFeed.update(read_at=clock.now()).where(CalendarFeed.id == row.id).execute()
        audit.record(Act.EXPORTED, row)
    shown = appointments(row)
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
