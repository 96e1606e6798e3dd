"""Accounts: who may come in by e-mail and password, whose account is closed, and a claimant's plea for a new link."""

from datetime import timedelta

from portal import audit, clock
from portal.db import database
from portal.ime.calendar_feed import end_feeds
from portal.ime.instructions import hashed, send_link
from portal.ime.passwords import fits, hash_password, is_outdated, refuse_weak
from portal.ime.process import MovedOn, Refusal
from portal.ime.sessions import end_sessions
from portal.ime.tries import forgive, note_try, of_email
from portal.models import (
    Case,
    EmailDomain,
    Event,
    Expert,
    IdentityProvider,
    Organisation,
    SecureLink,
    User,
)
from portal.words import Act, Ending, OrganisationKind, Party, Role, Stage

LINK_PAUSE = timedelta(minutes=10)

WRONG = "This e-mail address and password do not go together."
ELSEWHERE = (
    "Your organization has its own sign-in for this portal. Use “Sign in with your organization” below."
)


def add_user(
    *,
    organisation: str,
    kind: OrganisationKind,
    role: Role,
    name: str,
    email: str,
    password: str,
    is_manager: bool = False,
) -> User:
    """A new account, in an organisation that is made if it is new; an expert gets an empty profile. Raises Refusal."""
    email = email.strip().lower()
    if is_manager and (role, kind) != (Role.COORDINATOR, OrganisationKind.IME_COMPANY):
        raise Refusal("Only a coordinator of the IME company can be a manager.")
    if role == Role.CLAIMANT:
        raise Refusal("A claimant comes by a secure link and has no account.")
    if User.select().where(User.email == email).exists():
        raise Refusal("There is an account with this e-mail address already.")
    works_for = Organisation.get_or_none(name=organisation.strip()) or Organisation(
        name=organisation.strip(), kind=kind
    )
    user = User(
        organisation=works_for,
        role=role,
        name=name.strip(),
        email=email,
        is_manager=is_manager,
        joined_at=clock.now(),
    )
    refuse_weak(password, user)
    user.password_hash = hash_password(password)
    with database.atomic():
        works_for.save()
        user.organisation = works_for
        user.save()
        if role == Role.EXPERT:
            Expert.create(user=user)
        audit.record(Act.CREATED, user)
    return user


def disable(user: User) -> int:
    """Close an account: its sessions end, and a coordinator's open cases are nobody's again; how many those were.

    A referrer keeps their cases, which a colleague can take over."""
    user.disabled_at = user.disabled_at or clock.now()
    with database.atomic():
        User.update(disabled_at=user.disabled_at).where(User.id == user.id).execute()
        end_sessions(user)
        end_feeds(user)
        theirs = (Case.coordinator == user) & Case.is_open
        return int(Case.update(coordinator=None).where(theirs).execute())


# --- by e-mail and password -------------------------------------------------------------------------------------


def admit(email: str, password: str, address: str) -> User:
    """The active user with this e-mail address and password, who asks from this network address.

    Refuses in the same words a wrong password, an unknown and a disabled account; and whoever tries too often, which is
    counted before the password is looked at, so that many tries at once are no way around it."""
    refuse_elsewhere(organisation_of(email))
    count_try(email, address)
    user = find_user(email, password)
    if user is None:
        audit.record(Act.SIGNED_IN, known_as(email), ending=Ending.FAILED, way="password")
        raise Refusal(WRONG)
    forgive(of_email(email))
    refuse_elsewhere(user.organisation)
    return user


def count_try(email: str, address: str) -> None:
    """Count the try; who tries too often is refused, and that is on record."""
    try:
        note_try(of_email(email), address)
    except Refusal:
        audit.record(Act.SIGNED_IN, known_as(email), ending=Ending.REFUSED, way="password")
        raise


def find_user(email: str, password: str) -> User | None:
    """The active user with this e-mail address and password; an unknown address costs the same time."""
    user = known_as(email)
    return user if fits(user.password_hash if user else "", password) else None


def known_as(email: str) -> User | None:
    """The active user with this e-mail address."""
    user: User | None = User.active().where(User.email == email.strip().lower()).first()
    return user


def organisation_of(email: str) -> Organisation | None:
    """The organisation to which the domain of an e-mail address belongs."""
    name = email.strip().lower().rpartition("@")[2]
    found: Organisation | None = (
        Organisation.select().join(EmailDomain).where(EmailDomain.name == name).first()
    )
    return found


def refuse_elsewhere(organisation: Organisation | None) -> None:
    """Refuse a password of somebody whose organisation lets its people in by its own provider alone."""
    if organisation is not None and is_only_elsewhere(organisation):
        raise Refusal(ELSEWHERE)


def is_only_elsewhere(organisation: Organisation) -> bool:
    """Whether passwords of its people do not open the portal."""
    providers = IdentityProvider.select().where(
        IdentityProvider.organisation == organisation, IdentityProvider.is_only_way
    )
    return bool(providers.exists())


def stronger_hash(user: User, password: str) -> str:
    """The password just shown, hashed with today's strength where its hash is weaker; empty where it is not."""
    return hash_password(password) if is_outdated(user.password_hash) else ""


def keep_stronger(user: User, made: str) -> None:
    """Put the stronger hash in the place of the weaker one; only once the second factor was shown as well."""
    User.update(password_hash=made).where(User.id == user.id).execute()


# --- the claimant's plea ----------------------------------------------------------------------------------------


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
