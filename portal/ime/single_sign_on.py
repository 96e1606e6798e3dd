"""Signing in at one's own organisation: which provider that is, and who of ours it shows us."""

from portal import audit, clock
from portal.db import database, one_at_a_time
from portal.ime.account_notices import owe
from portal.ime.process import Refusal
from portal.models import EmailDomain, Identity, IdentityProvider, Organisation, User
from portal.outside.identity import Client, Shown
from portal.words import AccountMail, Act, Ending

NOT_KNOWN = (
    "There is no sign-in by an organization for this address. Check it, or sign in with your password."
)


class NoEntry(Exception):
    """Whoever the provider shows is nobody who may come in; the text is one word for the audit trail, not for them."""


def client_of(provider: IdentityProvider) -> Client:
    """What the portal is to this provider."""
    return Client(provider.issuer, provider.client_id, provider.client_secret)


def provider_of(email: str) -> IdentityProvider:
    """The provider of the organisation that this address belongs to, whether or not there is such a person.

    Refuses in the same words whatever is missing, so that nobody learns which organisations are here."""
    provider: IdentityProvider | None = (
        IdentityProvider.select()
        .join(Organisation)
        .join(EmailDomain)
        .where(EmailDomain.name == domain_of(email))
        .first()
    )
    if provider is None:
        raise Refusal(NOT_KNOWN, field="email")
    return provider


def provider_numbered(number: int | None) -> IdentityProvider | None:
    """The provider of this number, as the portal itself kept it; None where it was removed meanwhile."""
    found: IdentityProvider | None = IdentityProvider.get_or_none(IdentityProvider.id == number)
    return found


def domain_of(email: str) -> str:
    """The domain of an address in lower case and ASCII; empty where it has none."""
    from email_validator import EmailNotValidError, validate_email

    try:
        return validate_email(email, check_deliverability=False).ascii_domain.lower()
    except EmailNotValidError:
        return ""


def enter(provider: IdentityProvider, shown: Shown) -> User:
    """The person whom their organisation's provider shows, known by their subject, or linked to it now.

    Never makes an account, and never leaves the provider's organisation. Raises NoEntry."""
    with database.atomic():
        user = find_person(provider, shown) or link_identity(provider, shown)
        if user.joined_at is None:
            user.joined_at = clock.now()
            user.save()
    return user


def find_person(provider: IdentityProvider, shown: Shown) -> User | None:
    """Who is linked to this subject; None: nobody. Raises NoEntry when they may not come in this way."""
    linked = (
        Identity.select(Identity, User)
        .join(User)
        .where((Identity.issuer == shown.issuer) & (Identity.subject == shown.subject))
        .first()
    )
    return welcome(provider, linked.user) if linked else None


def welcome(provider: IdentityProvider, user: User) -> User:
    """The person, if they are active and of the provider's organisation. Raises NoEntry."""
    if user.organisation_id != provider.organisation_id:
        raise NoEntry("foreign")
    if user.disabled_at is not None:
        raise NoEntry("disabled")
    return user


def link_identity(provider: IdentityProvider, shown: Shown) -> User:
    """Link the subject to the person of the organisation who has its verified address, and tell them. Raises NoEntry.

    Somebody linked to another subject already stays so: an address may have been given to somebody new."""
    known = User.select().where(User.id == addressed(provider, shown).id)
    one_at_a_time(known)
    user = welcome(provider, known.get())  # as they are once nobody else links or disables them
    if user.identities.where(Identity.issuer == shown.issuer).exists():
        raise NoEntry("linked")
    Identity.create(user=user, issuer=shown.issuer, subject=shown.subject)
    audit.record(Act.RIGHTS_CHANGED, user, what="identity_linked")
    owe(user, AccountMail.FACTOR_CHANGED, what="organization_account")
    return user


def addressed(provider: IdentityProvider, shown: Shown) -> User:
    """Whose address was shown, if it is verified and of a domain of the provider's organisation. Raises NoEntry."""
    if not shown.is_email_verified or not shown.email.isascii():
        raise NoEntry("unverified")
    own = (EmailDomain.organisation == provider.organisation_id) & (
        EmailDomain.name == domain_of(shown.email)
    )
    if not EmailDomain.select().where(own).exists():
        raise NoEntry("domain")
    user: User | None = User.get_or_none(User.email == shown.email.lower())
    if user is None:
        raise NoEntry("unknown")
    return user


def note_refusal(provider: IdentityProvider | None, why: str, ending: Ending = Ending.REFUSED) -> None:
    """Keep that somebody did not come in through this provider, and why, in one word."""
    audit.record(Act.SIGNED_IN, provider, ending=ending, way="organization", why=why)
