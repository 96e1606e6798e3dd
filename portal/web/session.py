"""Who is signed in: the cookie holds an opaque token, the row its hash, so that signing out is final."""

import hashlib
import secrets
from datetime import timedelta
from typing import Any

from flask import Flask, g, session
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from peewee import JOIN

from portal import clock
from portal.models import Expert, Organisation, SecureLink, Session, User
from portal.policy import Person
from portal.words import Role

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=8)
CLAIMANT_VISIT = timedelta(days=7)
TOUCH_EVERY = timedelta(minutes=1)


class Visitor(UserMixin):  # type: ignore[misc]
    """What Flask-Login keeps for a request: the session's token and the person behind it."""

    def __init__(self, token: str, row: Session) -> None:
        self.id = token
        self.row = row
        self.person: Person = row.user or row.link


def token_hash(token: str) -> str:
    """SHA-256 of a token, as it is kept at rest."""
    return hashlib.sha256(token.encode()).hexdigest()


def begin(person: Person) -> None:
    """Sign the person in: a new row, a new token, a new cookie."""
    token = secrets.token_urlsafe(32)
    is_user = isinstance(person, User)
    row = Session.create(
        token_hash=token_hash(token),
        user=person if is_user else None,
        link=None if is_user else person,
        ends_at=clock.now() + (LONGEST if is_user else CLAIMANT_VISIT),
    )
    session.clear()
    session.permanent = not is_user
    login_user(Visitor(token, row))
    g.person = person


def end() -> None:
    """Sign out: the row ends, so a copied cookie opens nothing."""
    if current_user.is_authenticated:
        Session.update(ended_at=clock.now()).where(Session.id == current_user.row.id).execute()
    logout_user()
    session.clear()


def find(token: str) -> Visitor | None:
    """The visitor of a live session, in one read; None when it ended, idled out or its person lost access."""
    row = (
        Session.select(Session, User, Expert, Organisation, SecureLink)
        .join(User, JOIN.LEFT_OUTER)
        .join(Expert, JOIN.LEFT_OUTER, on=(Expert.user == User.id), attr="expert")
        .switch(User)
        .join(Organisation, JOIN.LEFT_OUTER)
        .switch(Session)
        .join(SecureLink, JOIN.LEFT_OUTER)
        .where(Session.token_hash == token_hash(token))
        .first()
    )
    if row is None or not is_live(row):
        return None
    touch(row)
    return Visitor(token, row)


def is_live(row: Any) -> bool:
    now = clock.now()
    if row.ended_at or row.ends_at <= now:
        return False
    if row.user_id:
        return row.user.disabled_at is None and row.seen_at + IDLE > now
    return row.link.is_usable


def touch(row: Any) -> None:
    """Note that the session is in use, at most once a minute so that reading a page rarely writes."""
    if row.seen_at + TOUCH_EVERY < clock.now():
        Session.update(seen_at=clock.now()).where(Session.id == row.id).execute()


def know_the_person() -> None:
    g.person = current_user.person if current_user.is_authenticated else None
    g.case = g.party = None


def is_staff(person: Person | None) -> bool:
    return person is not None and person.role != Role.CLAIMANT


def register(app: Flask) -> None:
    manager = LoginManager(app)
    manager.session_protection = None
    manager.user_loader(find)
    app.before_request(know_the_person)
