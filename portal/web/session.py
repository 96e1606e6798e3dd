"""Who is signed in: the cookie holds an opaque token, the row its hash, so that signing out is final."""

import secrets
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, g, request, session
from flask_login import AnonymousUserMixin, LoginManager, UserMixin, current_user, login_user, logout_user
from peewee import JOIN

from portal import audit, clock
from portal.db import database, read_again
from portal.ime import sessions
from portal.ime.account import keep_stronger
from portal.ime.factors import factors_of
from portal.ime.instructions import hashed
from portal.ime.sessions import idle_of
from portal.kept import Kept, bind
from portal.models import Expert, Organisation, SecureLink, Session, User
from portal.policy import Person
from portal.words import Act, Role

LONGEST = timedelta(hours=8)
HALF_LIFE = timedelta(minutes=10)  # between the password and the second factor
FRESH = timedelta(minutes=10)  # how long a shown factor opens what is dangerous
CLAIMANT_VISIT = timedelta(days=7)
BIRTHDAY_COUNTS = timedelta(hours=1)  # a telephone may be lent, and is left lying about
TOUCH_EVERY = timedelta(minutes=1)
BACKGROUND = "X-Background"  # the header of a request that no person made: it keeps no session open
PROVIDER, LEAVING = "provider", "leaving"  # in the cookie: where a session began, and one that has ended

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


def begin(person: Person, *, is_proved: bool = True, stronger: str = "", **how: Any) -> None:
    """Sign the person in: a new row, a new token, a new cookie; who was signed in here before is signed out.

    Until the second factor `is_proved` the person is half signed in; a claimant, until their date of birth. `stronger`
    is a hash of the password that takes the place of a weaker one once the second factor was shown; `how` stands in the
    record."""
    end()
    token = secrets.token_urlsafe(32)
    is_user = isinstance(person, User)
    with database.atomic():
        row = Session.create(
            token_hash=hashed(token),
            user=person if is_user else None,
            link=None if is_user else person,
            device=device_of(request.user_agent.string),
            proved_at=clock.now() if is_proved else None,
            ends_at=clock.now() + life_of(is_user, is_proved),
        )
        audit.record(Act.SIGNED_IN, person, session_number=row.id, is_proved=is_proved, **how)
    session.permanent = not is_user
    session["rights"] = rights_of(person)
    if stronger:
        session["stronger"] = stronger
    login_user(Visitor(token, row))
    know(current_user)


def life_of(is_user: bool, is_proved: bool) -> timedelta:
    """How long a session lasts at most, whatever is done in it."""
    if not is_user:
        return CLAIMANT_VISIT
    return LONGEST if is_proved else HALF_LIFE


def rights_of(person: Person) -> str:
    """What the person may do, as the cookie keeps it: whoever is given other rights signs in anew."""
    if not isinstance(person, User):
        return ""
    return f"{person.role} {person.organisation_id} {person.is_manager}"


def prove() -> None:
    """The second factor was shown once more (or a claimant's date of birth): noted, with a new token. The session does
    not last any longer for it."""
    row = current_user.row
    row.proved_at = clock.now()
    with database.atomic():
        Session.update(proved_at=row.proved_at).where(Session.id == row.id).execute()
        audit.record(Act.SIGNED_IN, row.user or row.link, session_number=row.id, is_proved=True)
        renew()


def renew() -> None:
    """A new token for the session, so that a copy of the cookie made before opens nothing any more."""
    token, row = secrets.token_urlsafe(32), current_user.row
    Session.update(token_hash=hashed(token)).where(Session.id == row.id).execute()
    login_user(Visitor(token, row))
    know(current_user)


def complete() -> None:
    """A second factor was shown: whoever was half signed in is signed in, anybody else has proved it once more."""
    if g.half is None:
        prove()
        return
    user, stronger = g.half, session.get("stronger")
    begin(user)
    if stronger:
        keep_stronger(user, stronger)


def allow_enrolling() -> None:
    """Whoever is half signed in has shown a factor that is not enough any more, and may add one that is."""
    session["may_enroll"] = True


def may_enroll() -> bool:
    """Whoever is half signed in adds a factor where they have none, or have shown one."""
    return bool(session.get("may_enroll")) or not factors_of(g.half).is_any


def is_fresh() -> bool:
    """A second factor was shown a few minutes ago."""
    shown = current_user.is_authenticated and current_user.row.proved_at
    return bool(shown and shown + FRESH > clock.now())


def is_proved() -> bool:
    """The claimant said their date of birth in the last hour; asked only of whoever came by a secure link."""
    said: datetime | None = current_user.row.proved_at
    return said is not None and said + BIRTHDAY_COUNTS > clock.now()


def end() -> None:
    """Sign out: the row ends, so a copied cookie opens nothing."""
    if current_user.is_authenticated:
        sessions.end(Session.id == current_user.row.id)
    logout_user()
    session.clear()


def came_from(provider: int) -> None:
    """Keep with the session that it began at this organisation's provider."""
    session[PROVIDER] = provider


def end_here_first() -> bool:
    """Sign out here; True when the session began at an organisation's provider, where the person may sign out next."""
    provider = session.get(PROVIDER)
    end()
    if provider:
        session[LEAVING] = provider
    return provider is not None


def left() -> int | None:
    """The provider that whoever just signed out here came from, said once."""
    return session.pop(LEAVING, None)


def device_of(user_agent: str) -> str:
    """The browser and the system, as a person would name them: `Firefox on Windows`; empty where neither is known."""
    browser = next((name for sign, name in BROWSERS.items() if sign in user_agent), "")
    system = next((name for sign, name in SYSTEMS.items() if sign in user_agent), "")
    return " on ".join(filter(None, (browser, system)))


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
    row = read_again(lambda: SIGNED_IN.model(token=hashed(token)))
    if row is None or not is_live(row) or rights_of(row.user or row.link) != session.get("rights"):
        return None
    touch(row)
    return Visitor(token, row)


def is_live(row: Any) -> bool:
    now = clock.now()
    if row.ended_at or row.ends_at <= now:
        return False
    if row.user_id:
        return row.user.disabled_at is None and row.seen_at + idle_of(row.user) > now
    return row.link.is_usable


def touch(row: Any) -> None:
    """Note that the session is in use, at most once a minute so that reading a page rarely writes; what a page asks for
    by itself is no use."""
    if BACKGROUND not in request.headers and row.seen_at + TOUCH_EVERY < clock.now():
        Session.update(seen_at=clock.now()).where(Session.id == row.id).execute()


def know_the_person() -> None:
    know(AnonymousUserMixin() if request.endpoint == "static" else current_user)
    g.case = g.party = None


def know(visitor: Any) -> None:
    """Who is asking, as `g.person`; whoever has shown a password alone is nobody yet, and known as `g.half`."""
    person = visitor.person if visitor.is_authenticated else None
    is_half = isinstance(person, User) and visitor.row.proved_at is None
    g.person, g.half = (None, person) if is_half else (person, None)


def ask_no_more() -> None:
    """Where the database does not answer, whoever is not known yet stays unknown for the rest of the request."""
    if not hasattr(g, "_login_user"):
        g._login_user = AnonymousUserMixin()
    if "person" not in g:
        know(g._login_user)


def is_staff(person: Person | None) -> bool:
    return person is not None and person.role != Role.CLAIMANT


def register(app: Flask) -> None:
    manager = LoginManager(app)
    manager.session_protection = None
    manager.user_loader(find)
    app.before_request(know_the_person)
