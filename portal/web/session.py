"""Who is signed in: the cookie holds an opaque token, the row its hash, so that signing out is final."""

import hashlib
import secrets
from datetime import timedelta
from typing import Any

from flask import Flask, g, request, session
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from peewee import JOIN

from portal import clock
from portal.kept import Kept, bind
from portal.models import Expert, Organisation, SecureLink, Session, User
from portal.policy import Person
from portal.words import Role

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=8)
CLAIMANT_VISIT = timedelta(days=7)
TOUCH_EVERY = timedelta(minutes=1)

# What a browser says of itself, the more particular sign first: Edge also says Chrome, and Chrome also says Safari.
BROWSERS = {
    "Edg": "Edge",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "CriOS": "Chrome",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS": "Mac",
    "Linux": "Linux",
}


class Visitor(UserMixin):  # type: ignore[misc]
    """What Flask-Login keeps for a request: the session's token and the person behind it."""

    def __init__(self, token: str, row: Session) -> None:
        self.id = token
        self.row = row
        self.person: Person = row.user or row.link


def token_hash(token: str) -> str:
    """SHA-256 of a token, as it is kept at rest."""
    return hashlib.sha256(token.encode()).hexdigest()


def begin(person: Person, *, is_proved: bool = True) -> None:
    """Sign the person in: a new row, a new token, a new cookie; who was signed in here before is signed out.

    Until the second factor `is_proved` the person is half signed in."""
    end()
    token = secrets.token_urlsafe(32)
    is_user = isinstance(person, User)
    row = Session.create(
        token_hash=token_hash(token),
        user=person if is_user else None,
        link=None if is_user else person,
        device=device_of(request.user_agent.string),
        proved_at=clock.now() if is_proved else None,
        ends_at=clock.now() + (LONGEST if is_user else CLAIMANT_VISIT),
    )
    session.permanent = not is_user
    login_user(Visitor(token, row))
    g.person = person


def end() -> None:
    """Sign out: the row ends, so a copied cookie opens nothing."""
    if current_user.is_authenticated:
        Session.update(ended_at=clock.now()).where(Session.id == current_user.row.id).execute()
    logout_user()
    session.clear()


def device_of(user_agent: str) -> str:
    """The browser and the system, as a person would name them: `Firefox on Windows`; empty where neither is known."""
    browser = next((name for sign, name in BROWSERS.items() if sign in user_agent), "")
    system = next((name for sign, name in SYSTEMS.items() if sign in user_agent), "")
    return " on ".join(filter(None, (browser, system)))


def of_user(user: User) -> Any:
    """The query of the sessions in which this person is signed in now, the one last used first."""
    now = clock.now()
    live = Session.ended_at.is_null() & (Session.ends_at > now) & (Session.seen_at > now - IDLE)
    return (
        Session.select().where(live, Session.user == user).order_by(Session.seen_at.desc(), Session.id.desc())
    )


def end_of_user(user: User, number: int) -> bool:
    """End one of the person's own sessions; False when it is not theirs or has ended."""
    mine = (Session.id == number) & (Session.user == user) & Session.ended_at.is_null()
    return bool(Session.update(ended_at=clock.now()).where(mine).execute())


def end_others(user: User) -> int:
    """End every session of the person but this one; how many."""
    others = (Session.user == user) & (Session.id != current_user.row.id) & Session.ended_at.is_null()
    return int(Session.update(ended_at=clock.now()).where(others).execute())


SIGNED_IN = Kept(
    lambda: (
        Session.select(Session, User, Expert, Organisation, SecureLink)
        .join(User, JOIN.LEFT_OUTER)
        .join(Expert, JOIN.LEFT_OUTER, on=(Expert.user == User.id), attr="expert")
        .switch(User)
        .join(Organisation, JOIN.LEFT_OUTER)
        .switch(Session)
        .join(SecureLink, JOIN.LEFT_OUTER)
        .where(Session.token_hash == bind("token"))
    )
)


def find(token: str) -> Visitor | None:
    """The visitor of a live session, in one read; None when it ended, idled out or its person lost access."""
    row = SIGNED_IN.model(token=token_hash(token))
    if row is None or not is_live(row):
        return None
    touch(row)
    return Visitor(token, row)


def is_live(row: Any) -> bool:
    now = clock.now()
    if row.ended_at or row.ends_at <= now:
        return False
    if row.user_id:
        is_proved = row.proved_at is not None  # whoever has shown a password alone is nobody yet
        return is_proved and row.user.disabled_at is None and row.seen_at + IDLE > now
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
