"""People: a manager invites them, closes and opens their accounts, moves them, shares the management, and resets what
they have lost. Nobody does any of it to themself, and the last manager stays one."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from portal import audit
from portal.db import database, one_at_a_time
from portal.ime import invitation, sessions
from portal.ime.account import disable, is_only_elsewhere
from portal.ime.account_links import revoke_account_links
from portal.ime.account_notices import managers, owe
from portal.ime.calendar_feed import end_feeds
from portal.ime.factors import remove_factors
from portal.ime.passwords import hash_password
from portal.ime.process import NotAllowed, Refusal
from portal.ime.sessions import end_sessions
from portal.models import Case, Expert, Identity, Offer, Organisation, User
from portal.policy import is_manager
from portal.words import AccountMail, Act, IdentityProof, OfferState, OrganisationKind, Role

# Where people of a role can work: nobody sees an organisation's cases whose kind has no part of that sort.
WORKS_AT: dict[Role, frozenset[OrganisationKind]] = {
    Role.REFERRER: frozenset(OrganisationKind) - {OrganisationKind.IME_COMPANY, OrganisationKind.PRACTICE},
    Role.COORDINATOR: frozenset({OrganisationKind.IME_COMPANY}),
    Role.EXPERT: frozenset({OrganisationKind.PRACTICE, OrganisationKind.IME_COMPANY}),
}

NOT_ONESELF = "Another manager has to do this for you."
CLOSED = "This account is disabled. Enable it first."
NOT_JOINED = "This person has not joined yet. Send the invitation again instead."


@contextmanager
def managing(by: User, user: User | None = None) -> Iterator[None]:
    """One transaction in which nobody else changes who manages, so that two managers cannot end each other.

    Raises NotAllowed unless `by` manages at this very moment, Refusal where they would do it to themself."""
    with database.atomic():
        one_at_a_time(User.select(User.id).where(User.is_manager).order_by(User.id))
        acting = User.get_by_id(by.id)
        if acting.disabled_at or not is_manager(acting):
            raise NotAllowed("manage")
        if user is not None and user.id == by.id:
            raise Refusal(NOT_ONESELF)
        yield


def tell(user: User, by: User, what: str) -> None:
    """Keep on record what became of a person's rights, and tell them and the other managers of it."""
    audit.record(Act.RIGHTS_CHANGED, user, what=what)
    owe(user, AccountMail.RIGHTS_CHANGED, what=what, by=by.name)
    tell_managers(user, by, what)


def tell_managers(user: User, by: User, what: str) -> None:
    """The managers who had no part in it hear of it."""
    for manager in managers():
        if manager.id not in {user.id, by.id}:
            owe(manager, AccountMail.RIGHTS_CHANGED, what=what, by=by.name, who=user.name)


# --- coming and going -------------------------------------------------------------------------------------------


def invite_person(
    *, by: User, organisation: Organisation, role: Role, name: str, email: str, is_manager: bool = False
) -> User:
    """Make an account for somebody and send the way into it. Raises Refusal where the role has no place there."""
    refuse_misplaced(role, organisation)
    if is_manager:
        refuse_without_password(organisation)
    with managing(by):
        user = invitation.invite(
            by=by, organisation=organisation, role=role, name=name, email=email, is_manager=is_manager
        )
        if is_manager:
            tell_managers(user, by, "made_manager")
    return user


def has_place(role: Role, organisation: Organisation) -> bool:
    """Whether people of this role work at organisations of that kind."""
    return organisation.kind in WORKS_AT.get(role, ())


def refuse_misplaced(role: Role, organisation: Organisation) -> None:
    if not has_place(role, organisation):
        raise Refusal(
            f"{organisation.name} is {article(organisation.kind)}: no {role.label} works there.",
            field="organisation",
        )


def article(kind: OrganisationKind) -> str:
    return f"{'an' if kind.label[0].lower() in 'aei' else 'a'} {kind.label}"


def disable_person(user: User, *, by: User) -> int:
    """Close the account: every session ends at once; how many open cases are nobody's now."""
    with managing(by, user):
        if user.disabled_at:
            raise Refusal("This account is disabled already.")
        left = disable(user)
        revoke_account_links(user)
        tell(user, by, "disabled")
    return left


def enable_person(user: User, *, by: User) -> None:
    """Open a closed account again, with the password and the second factors it had."""
    with managing(by, user):
        if not user.disabled_at:
            raise Refusal("This account is open.")
        user.disabled_at = None
        user.save()
        tell(user, by, "enabled")


def move_person(user: User, *, by: User, organisation: Organisation) -> None:
    """The person works for another organisation from now on: they see its cases and no longer those of the old one.

    Raises Refusal while they have open cases, which stay with the old organisation."""
    if organisation == user.organisation:
        raise Refusal(f"{user.name} works there already.", field="organisation")
    refuse_misplaced(user.role, organisation)
    with managing(by, user):
        if count := open_work(user):
            raise Refusal(
                f"{user.name} still has {count} open {'case' if count == 1 else 'cases'}. Have a colleague take"
                " them over first, or release the expert.",
                field="organisation",
            )
        user.organisation = organisation
        user.save()
        # Who the old organisation's provider says they are opens nothing here any more.
        Identity.delete().where(Identity.user == user).execute()
        end_sessions(user)
        end_feeds(user)
        tell(user, by, "moved")


def open_work(user: User) -> int:
    """How many open cases, drafts and offers tie a referrer or an expert to their organisation."""
    if user.role == Role.REFERRER:
        return int(Case.select().where((Case.referrer == user) & Case.is_open).count())
    if user.role == Role.EXPERT:
        profile = Expert.select(Expert.id).where(Expert.user == user)
        taken = Case.select().where(Case.expert.in_(profile) & Case.is_open).count()
        offered = Offer.select().where(Offer.expert.in_(profile) & (Offer.state == OfferState.OPEN)).count()
        return int(taken) + int(offered)
    return 0


# --- who manages ------------------------------------------------------------------------------------------------


def make_manager(user: User, *, by: User) -> None:
    """A coordinator manages the portal too; their sessions end, so that they sign in with the new rights."""
    if user.role != Role.COORDINATOR or user.organisation.kind != OrganisationKind.IME_COMPANY:
        raise Refusal("Only a coordinator of the IME company can be a manager.")
    with managing(by, user):
        if user.disabled_at:
            raise Refusal(CLOSED)
        if user.is_manager:
            raise Refusal(f"{user.name} is a manager already.")
        refuse_without_password(user.organisation)
        set_manager(user, True)
        tell(user, by, "made_manager")


def end_management(user: User, *, by: User) -> None:
    """The person is a coordinator and nothing more; since nobody does it to themself, a manager always remains."""
    with managing(by, user):
        if not user.is_manager:
            raise Refusal(f"{user.name} is no manager.")
        set_manager(user, False)
        tell(user, by, "no_longer_manager")


def refuse_without_password(organisation: Organisation) -> None:
    """A manager must get in when a provider fails: there is none where it is the only way."""
    if is_only_elsewhere(organisation):
        raise Refusal(
            f"{organisation.name} has its own sign-in as the only way: nobody there can be a manager."
        )


def set_manager(user: User, is_manager: bool) -> None:
    user.is_manager = is_manager
    user.save()
    end_sessions(user)


# --- what is lost -----------------------------------------------------------------------------------------------


def reset_password(user: User, *, by: User) -> None:
    """The present password opens nothing any more, the sessions end, and the person gets the way to a new one by mail.

    A manager neither sees nor sets a password."""
    refuse_absent(user)
    if is_only_elsewhere(user.organisation):
        raise Refusal(f"{user.organisation.name} has its own sign-in: no password of ours opens the portal.")
    kept = hash_password(secrets.token_urlsafe(32))  # of a password that nobody knows
    with managing(by, user):
        user.password_hash = kept
        user.save()
        end_sessions(user)
        end_feeds(user)
        revoke_account_links(user)  # of another address too: whoever was in may have asked for one of theirs
        audit.record(Act.RIGHTS_CHANGED, user, what="password_reset_by_manager")
        owe(user, AccountMail.RESET, by=by.name)
        tell_managers(user, by, "password_reset_by_manager")


def reset_factors(user: User, *, by: User, proof: IdentityProof) -> None:
    """Whoever lost their second factor sets one up anew after their password; `proof` is how the manager made sure who
    asks. Every other manager hears of it."""
    refuse_absent(user)
    with managing(by, user):
        remove_factors(user)
        end_feeds(user)
        audit.record(Act.RIGHTS_CHANGED, user, what="identity_proved", proof=proof)
        tell_managers(user, by, "factors_reset")


def refuse_absent(user: User) -> None:
    if user.disabled_at:
        raise Refusal(CLOSED)
    if user.joined_at is None:
        raise Refusal(NOT_JOINED)


def end_session(user: User, number: int, *, by: User) -> bool:
    """End one of the person's sessions; False where it is not theirs or has ended."""
    with managing(by):
        return sessions.end_session_of(user, number)


def end_addresses(user: User, *, by: User) -> None:
    """End every address of the person's calendar; they make new ones."""
    with managing(by, user):
        if end_feeds(user):
            tell(user, by, "addresses_ended")


def invite_again(user: User, *, by: User) -> None:
    """Send a new invitation to somebody who has not joined yet."""
    with managing(by):
        invitation.invite_again(user, by=by)
