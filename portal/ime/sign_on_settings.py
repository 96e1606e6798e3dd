"""Where an organisation's people sign in, and which e-mail domains are its own: set up, changed and removed."""

from functools import cache
from pathlib import Path
from typing import Any

from peewee import IntegrityError

from portal import audit, outside
from portal.db import database
from portal.ime.account_notices import managers, owe
from portal.ime.people import managing
from portal.ime.process import Refusal
from portal.ime.single_sign_on import domain_of
from portal.models import EmailDomain, Identity, IdentityProvider, Organisation, User
from portal.outside.identity import Misconfigured, ProviderDown
from portal.words import AccountMail, Act

MOST_DOMAINS = 50

PUBLIC_MAIL = Path(__file__).parent.parent / "data" / "public_mail.txt"

NO_ANSWER = "The provider does not answer at this address. Check the issuer, or try again in a few minutes."


def set_sign_on(
    organisation: Organisation,
    *,
    by: User,
    issuer: str,
    client_id: str,
    client_secret: str,
    is_only_way: bool,
    domains: str,
) -> IdentityProvider:
    """Let the organisation's people sign in at this provider, once it has answered as one. Raises Refusal.

    Whoever runs the provider says who is who, so every other manager hears of it.
    Without a secret the one on record stays, but only for the issuer it was given for: no other may receive it."""
    names = read_domains(domains)
    if is_only_way:
        refuse_to_lock_out(organisation)
    refuse_unreachable(issuer)
    try:
        with managing(by):
            provider = keep(organisation, issuer, client_id, client_secret, is_only_way)
            keep_domains(organisation, names)
            audit.record(Act.RIGHTS_CHANGED, provider, domains=len(names), is_only_way=is_only_way)
            tell_managers(organisation, by, "sign_on_set")
    except IntegrityError as taken:
        raise Refusal("Somebody changed this a moment ago. Look at it again.") from taken
    return provider


def tell_managers(organisation: Organisation, by: User, what: str) -> None:
    """The managers who had no part in it hear of it."""
    for manager in managers():
        if manager.id != by.id:
            owe(
                manager,
                AccountMail.RIGHTS_CHANGED,
                what=what,
                by=by.name,
                organisation=organisation.name,
            )


def refuse_to_lock_out(organisation: Organisation) -> None:
    """Managers keep their passwords: when a provider is down or set up wrongly, somebody must get in to repair it."""
    if managers().where(User.organisation == organisation).exists():
        raise Refusal("A manager works there, who must get in when the provider fails.", field="is_only_way")


def refuse_unreachable(issuer: str) -> None:
    """A provider that does not answer as one now, told apart by what is to be done about it."""
    try:
        outside.identities().try_out(issuer)
    except Misconfigured as wrong:
        raise Refusal(str(wrong), field="issuer") from wrong
    except ProviderDown as silent:
        raise Refusal(NO_ANSWER, field="issuer") from silent


def keep(
    organisation: Organisation, issuer: str, client_id: str, client_secret: str, is_only_way: bool
) -> IdentityProvider:
    """The organisation's one provider, made or changed; who was linked to another issuer is so no more."""
    provider = sign_on_of(organisation) or IdentityProvider(organisation=organisation, issuer=issuer)
    if provider.issuer != issuer:
        unlink_all(provider)
        provider.client_secret = ""
    provider.issuer, provider.client_id, provider.is_only_way = issuer, client_id, is_only_way
    if client_secret:
        provider.client_secret = client_secret
    provider.save()
    return provider


def sign_on_of(organisation: Organisation) -> IdentityProvider | None:
    """The organisation's provider, None where its people sign in here."""
    found: IdentityProvider | None = organisation.providers.first()
    return found


def domains_of(organisation: Organisation) -> list[str]:
    """The names of the organisation's domains, in their order."""
    return [row.name for row in organisation.domains.order_by(EmailDomain.name)]


def read_domains(typed: str) -> list[str]:
    """The domains that somebody typed, parted by spaces or commas or on lines. Refuses what is none, or is everybody's."""
    words = dict.fromkeys(typed.replace(",", " ").split())
    names = dict.fromkeys(read_domain(word) for word in words)
    if not names:
        raise Refusal("Enter at least one e-mail domain, like lakeshore.example.", field="domains")
    if len(names) > MOST_DOMAINS:
        raise Refusal(f"Enter at most {MOST_DOMAINS} domains.", field="domains")
    return list(names)


def read_domain(word: str) -> str:
    name = domain_of(f"somebody@{word.removeprefix('@')}")
    if not name:
        raise Refusal(f"“{word[:80]}” is not a domain. Enter it like lakeshore.example.", field="domains")
    if any(name == public or name.endswith(f".{public}") for public in public_mail()):
        raise Refusal(
            f"Anybody can have an address at {name}, so it cannot be an organization’s.", field="domains"
        )
    return name


@cache
def public_mail() -> tuple[str, ...]:
    """The domains at which anybody can have an address, so that it proves nothing about whom they work for."""
    return tuple(PUBLIC_MAIL.read_text().split())


def keep_domains(organisation: Organisation, names: list[str]) -> None:
    """These domains are the organisation's, and no others. Refuses one that is another organisation's."""
    EmailDomain.delete().where(
        (EmailDomain.organisation == organisation) & EmailDomain.name.not_in(names)
    ).execute()
    owners = {
        row.name: row.organisation_id for row in EmailDomain.select().where(EmailDomain.name.in_(names))
    }
    for name in names:
        if owners.get(name, organisation.id) != organisation.id:
            raise Refusal(f"{name} belongs to another organization already.", field="domains")
        if name not in owners:
            EmailDomain.create(organisation=organisation, name=name)


def remove_sign_on(provider: IdentityProvider, *, by: User) -> None:
    """The organisation's people sign in here again; its domains and their links to the provider are forgotten."""
    with managing(by):
        audit.record(Act.REMOVED, provider)
        tell_managers(provider.organisation, by, "sign_on_removed")
        unlink_all(provider)
        EmailDomain.delete().where(EmailDomain.organisation == provider.organisation_id).execute()
        provider.delete_instance()


def unlink_all(provider: IdentityProvider) -> None:
    people = User.select(User.id).where(User.organisation == provider.organisation_id)
    Identity.delete().where((Identity.issuer == provider.issuer) & Identity.user.in_(people)).execute()


def linked_people(provider: IdentityProvider) -> list[Any]:
    """Who of the organisation is linked to the provider, by name: identities, each with its user."""
    return list(
        Identity.select(Identity, User)
        .join(User)
        .where((Identity.issuer == provider.issuer) & (User.organisation == provider.organisation_id))
        .order_by(User.name, Identity.id)
    )


def unlink(identity: Identity) -> None:
    """Let somebody's next sign-in link them anew, as when the provider gave them another account."""
    with database.atomic():
        audit.record(Act.RIGHTS_CHANGED, identity.user, what="identity_unlinked")
        identity.delete_instance()
