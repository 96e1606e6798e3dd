"""Sessions: where somebody is signed in, how long one may rest, and its end, which is on record however it comes."""

from datetime import timedelta
from typing import Any

from portal import audit, clock
from portal.db import database
from portal.models import Session, User
from portal.policy import is_manager
from portal.words import Act

IDLE = timedelta(minutes=20)
IDLE_OF_MANAGERS = timedelta(minutes=15)


def idle_of(user: User) -> timedelta:
    """How long a session of this person may rest."""
    return IDLE_OF_MANAGERS if is_manager(user) else IDLE


def sessions_of(user: User) -> Any:
    """The query of the sessions in which this person is signed in now, the one last used first."""
    now = clock.now()
    live = Session.ended_at.is_null() & (Session.ends_at > now) & (Session.seen_at > now - idle_of(user))
    return (
        Session.select().where(live, Session.user == user).order_by(Session.seen_at.desc(), Session.id.desc())
    )


def end_session_of(user: User, number: int) -> bool:
    """Sign the person out of one of their sessions; False where it is not theirs or has ended."""
    return end((Session.id == number) & (Session.user == user)) == 1


def end_sessions(user: User, *, but: int | None = None) -> int:
    """Sign the person out wherever they are, but for the session of this number; how many sessions ended."""
    return end((Session.user == user) & (Session.id != (but or 0)))


def end(which: Any) -> int:
    """End the sessions that the condition names and put each on record; how many there were."""
    unended = Session.ended_at.is_null()
    with database.atomic():
        rows = list(Session.select().where(which, unended))
        for row in rows:
            if Session.update(ended_at=clock.now()).where(Session.id == row.id, unended).execute():
                audit.record(Act.SIGNED_OUT, row)
    return len(rows)
