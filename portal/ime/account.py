"""Accounts: passwords hashed with argon2id, tries to sign in that are counted, and a claimant's plea for a new link."""

import hashlib
from datetime import datetime, timedelta
from functools import cache
from threading import BoundedSemaphore
from typing import Any

from portal import clock
from portal.db import database
from portal.ime.instructions import hashed, send_link
from portal.ime.process import MovedOn, Refusal
from portal.models import Case, Event, Expert, Organisation, SecureLink, Session, SignInFailure, User
from portal.words import OrganisationKind, Party, Role, Stage

WITHIN = timedelta(minutes=1)
TRIES_AT_ACCOUNT = 5
TRIES_FROM_ADDRESS = 20
FAILURES_KEPT = timedelta(days=1)
LINK_PAUSE = timedelta(minutes=10)

WRONG = "This e-mail address and password do not go together."
TOO_OFTEN = "There were too many tries. Wait a minute, then try again."

# One hash takes 19 MiB and a core for a moment: two at a time leave room for everybody else's pages.
hashing = BoundedSemaphore(2)


@cache
def hasher() -> Any:
    """argon2id at the strength OWASP asks for at least: 19 MiB, two passes."""
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


SHORTEST_PASSWORD = 15


def add_user(
    *, organisation: str, kind: OrganisationKind, role: Role, name: str, email: str, password: str
) -> User:
    """A new account, in an organisation that is made if it is new; an expert gets an empty profile. Raises Refusal."""
    email = email.strip().lower()
    if role == Role.CLAIMANT:
        raise Refusal("A claimant comes by a secure link and has no account.")
    if len(password) < SHORTEST_PASSWORD:
        raise Refusal(f"Choose a password of {SHORTEST_PASSWORD} characters or more.")
    if User.select().where(User.email == email).exists():
        raise Refusal("There is an account with this e-mail address already.")
    with database.atomic():
        works_for, _ = Organisation.get_or_create(name=organisation.strip(), defaults={"kind": kind})
        user = User.create(
            organisation=works_for,
            role=role,
            name=name.strip(),
            email=email,
            password_hash=hash_password(password),
        )
        if role == Role.EXPERT:
            Expert.create(user=user)
    return user


def disable(user: User) -> int:
    """Close an account: its sessions end, and a coordinator's open cases are nobody's again; how many those were.

    A referrer keeps their cases, which a colleague can take over."""
    user.disabled_at = user.disabled_at or clock.now()
    with database.atomic():
        User.update(disabled_at=user.disabled_at).where(User.id == user.id).execute()
        Session.update(ended_at=clock.now()).where(
            (Session.user == user) & Session.ended_at.is_null()
        ).execute()
        theirs = (Case.coordinator == user) & Case.is_open
        return int(Case.update(coordinator=None).where(theirs).execute())


def hash_password(password: str) -> str:
    """The hash of a password, as it is kept."""
    with hashing:
        return str(hasher().hash(password))


def admit(email: str, password: str, address: str) -> User:
    """The active user with this e-mail address and password, who asks from this network address.

    Refuses in the same words a wrong password, an unknown and a disabled account; and whoever tries too often, which is
    counted before the password is looked at, so that many tries at once are no way around it."""
    failure = note_try(email, address)
    user = find_user(email, password)
    if user is None:
        raise Refusal(WRONG)
    failure.delete_instance()
    return user


def note_try(email: str, address: str) -> SignInFailure:
    """Count this try as failed until it succeeds. Refuses the sixth at an account, the 21st from an address."""
    since = clock.now() - WITHIN
    failure = SignInFailure.create(account=fingerprint(email.strip().lower()), address=fingerprint(address))
    at_account = count_since(since, SignInFailure.account == failure.account)
    from_address = count_since(since, SignInFailure.address == failure.address)
    if at_account > TRIES_AT_ACCOUNT or from_address > TRIES_FROM_ADDRESS:
        failure.delete_instance()  # a try that was not looked at keeps nobody out any longer
        raise Refusal(TOO_OFTEN)
    return failure


def count_since(moment: datetime, whose: Any) -> int:
    return int(SignInFailure.select().where(whose, SignInFailure.at > moment).count())


def fingerprint(text: str) -> str:
    """What stands for an address in the count, so that a list of tries names nobody."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def forget_failures() -> int:
    """Delete the failures of more than a day ago; how many."""
    return int(SignInFailure.delete().where(SignInFailure.at < clock.now() - FAILURES_KEPT).execute())


def find_user(email: str, password: str) -> User | None:
    """The active user with this e-mail address and password; an unknown address costs the same time."""
    from argon2.exceptions import InvalidHashError, VerificationError

    user: User | None = User.active().where(User.email == email.strip().lower()).first()
    try:
        with hashing:
            hasher().verify(user.password_hash if user else decoy(), password)
    except (VerificationError, InvalidHashError):
        return None
    return user


@cache
def decoy() -> str:
    """A hash that no password has, verified where there is no such user."""
    return str(hasher().hash("no user has this password, it only takes the same time"))


def ask_for_link(token: str) -> None:
    """Whoever holds an old link may ask for a new one: it goes to the address on file, so the asker gains nothing.

    Nothing happens for an unknown token, without an appointment or an address, or within ten minutes of the last one."""
    link = SecureLink.get_or_none(SecureLink.token_hash == hashed(token))
    if link is None or link.case.stage != Stage.BOOKED or was_sent_lately(link.case):
        return
    try:
        send_link(link.case, by=Party.PORTAL)
    except (MovedOn, Refusal):
        return


def was_sent_lately(case: Case) -> bool:
    sent = Event.select().where((Event.case == case) & (Event.step == "send_link"))
    return bool(sent.where(Event.at > clock.now() - LINK_PAUSE).exists())
