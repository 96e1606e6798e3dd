"""The directory: who has an account, found page by page, and what there is to know of one person."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from peewee import SQL, Tuple, fn

from portal.models import (
    Authenticator,
    CalendarFeed,
    Case,
    Expert,
    Identity,
    Offer,
    Organisation,
    Passkey,
    RecoveryCode,
    Session,
    User,
)
from portal.policy import seeing, sight
from portal.words import OfferState, Role

PAGE = 50
LONG = timedelta(days=90)  # after so long without a sign-in an account is worth a question
MOST_CASES = 12


@dataclass(frozen=True)
class Wanted:
    """Which people are looked for: of an organisation, of a role, in a state (a name of STATES), by what was typed."""

    organisation: int | None = None
    role: Role | None = None
    state: str = ""
    typed: str = ""


@dataclass(frozen=True)
class Ways:
    """How a person can sign in, counted and never shown."""

    has_password: bool
    passkeys: int
    has_app: bool
    codes: int
    identities: int
    feeds: int  # addresses at which whoever has one reads the person's calendar

    @property
    def has_factor(self) -> bool:
        """A second factor of ours, or a provider that asks for one."""
        return bool(self.passkeys or self.has_app or self.identities)


def states() -> dict[str, Any]:
    """The conditions of the states an account can be in; every account is in one of the first three."""
    return {
        "active": User.disabled_at.is_null() & User.joined_at.is_null(False),
        "invited": User.disabled_at.is_null() & User.joined_at.is_null(),
        "disabled": User.disabled_at.is_null(False),
        "managers": User.disabled_at.is_null() & User.is_manager,
    }


def state_of(user: User) -> str:
    """The one of the first three states that the account is in."""
    if user.disabled_at:
        return "disabled"
    return "active" if user.joined_at else "invited"


def people(wanted: Wanted, after: int = 0) -> tuple[list[User], int | None]:
    """A page of people by name with their organisations, and the number after whom the next begins (None: the last)."""
    query = User.select(User, Organisation).join(Organisation).where(*conditions(wanted))
    if after:
        last = User.select(User.name, User.id).where(User.id == after)
        query = query.where(Tuple(User.name, User.id) > last)
    rows = list(query.order_by(User.name, User.id).limit(PAGE + 1))
    return rows[:PAGE], rows[PAGE - 1].id if len(rows) > PAGE else None


def conditions(wanted: Wanted) -> list[Any]:
    found: list[Any] = [SQL("1 = 1")]
    if wanted.organisation:
        found.append(User.organisation == wanted.organisation)
    if wanted.role:
        found.append(User.role == wanted.role)
    if wanted.state in states():
        found.append(states()[wanted.state])
    if wanted.typed:
        found.append(User.name.contains(wanted.typed) | User.email.contains(wanted.typed))
    return found


def find(number: int) -> User | None:
    """The person of this number with their organisation."""
    found: User | None = User.select(User, Organisation).join(Organisation).where(User.id == number).first()
    return found


def last_sign_ins(users: Any = None) -> dict[int, datetime]:
    """When each of these people, or everybody, last signed in, with the second factor; who never did is not in it."""
    is_whole = Session.user.is_null(False) & Session.proved_at.is_null(False)
    rows: Any = Session.select(Session.user, fn.MAX(Session.began_at)).where(is_whole)
    if users is not None:
        rows = rows.where(Session.user.in_(users))
    read: Any = Session.began_at.python_value
    return {number: read(moment) for number, moment in rows.group_by(Session.user).tuples()}


def ways(users: Any = None) -> dict[int, Ways]:
    """How each of these people, or everybody, can sign in, in one read."""
    counts = [
        Passkey.select(fn.COUNT(Passkey.id)).where(Passkey.user == User.id),
        Authenticator.select(fn.COUNT(Authenticator.id)).where(
            (Authenticator.user == User.id) & Authenticator.confirmed_at.is_null(False)
        ),
        RecoveryCode.select(fn.COUNT(RecoveryCode.id)).where(
            (RecoveryCode.user == User.id) & RecoveryCode.used_at.is_null()
        ),
        Identity.select(fn.COUNT(Identity.id)).where(Identity.user == User.id),
        CalendarFeed.select(fn.COUNT(CalendarFeed.id))
        .join(Expert)
        .where((Expert.user == User.id) & CalendarFeed.revoked_at.is_null()),
    ]
    rows: Any = User.select(User.id, User.password_hash, *counts)
    if users is not None:
        rows = rows.where(User.id.in_(users))
    return {
        number: Ways(bool(kept), passkeys, bool(apps), *counted)
        for number, kept, passkeys, apps, *counted in rows.tuples()
    }


def open_cases(user: User, reader: User) -> tuple[list[Case], bool]:
    """The open cases that the person holds and the reader may see, those due first, and whether there are more."""
    rows = (
        Case.select()
        .where(SQL("is_open") & holding(user) & sight(reader.role, seeing(reader)))
        .order_by(Case.due_on, Case.id)
    )
    found = list(rows.limit(MOST_CASES + 1))
    return found[:MOST_CASES], len(found) > MOST_CASES


def holding(user: User) -> Any:
    """The condition on a case that this person holds it, in the part their role has."""
    if user.role == Role.REFERRER:
        return Case.referrer == user
    if user.role == Role.COORDINATOR:
        return Case.coordinator == user
    return Case.expert == (user.expert.id if user.expert else 0)


def counted(query: Any) -> dict[Any, int]:
    """Key -> count, of a query of the two."""
    return dict(query.tuples())


def people_by_organisation() -> dict[int, int]:
    """How many open accounts each organisation has."""
    rows: Any = User.active().select(User.organisation, fn.COUNT(User.id))
    return counted(rows.group_by(User.organisation))


def offers_by_expert() -> dict[int, int]:
    """How many offers each expert has not answered yet."""
    rows: Any = Offer.select(Offer.expert, fn.COUNT(Offer.id)).where(Offer.state == OfferState.OPEN)
    return counted(rows.group_by(Offer.expert))
