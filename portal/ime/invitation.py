"""Invitations: a manager makes an account for somebody, who sets a password by the link they are sent."""

from peewee import IntegrityError

from portal import audit, clock, policy
from portal.db import database
from portal.ime.account import refuse_elsewhere
from portal.ime.account_links import revoke_account_links, spend_account_link
from portal.ime.account_notices import owe
from portal.ime.passwords import hash_password, refuse_weak
from portal.ime.process import NotAllowed, Refusal
from portal.models import AccountLink, Expert, Organisation, User
from portal.words import AccountMail, AccountPurpose, Act, Role

TAKEN = "There is an account with this e-mail address already."


def invite(
    *, by: User, organisation: Organisation, role: Role, name: str, email: str, is_manager: bool = False
) -> User:
    """A new account without a password, and the mail that leads to one; an expert gets an empty profile.

    Raises NotAllowed for whoever is no manager, Refusal where it cannot be."""
    refuse_others(by)
    refuse_impossible(role, name, is_manager)
    try:
        with database.atomic():
            user = User.create(
                organisation=organisation,
                role=role,
                name=name.strip(),
                email=email.strip().lower(),
                is_manager=is_manager,
            )
            if role == Role.EXPERT:
                Expert.create(user=user)
            audit.record(Act.CREATED, user)
            owe(user, AccountMail.INVITATION)
    except IntegrityError as taken:
        raise Refusal(TAKEN, field="email") from taken
    return user


def invite_again(user: User, *, by: User) -> None:
    """The person who has not joined yet is sent a new link, and the earlier ones open nothing any more.

    Raises NotAllowed for whoever is no manager, Refusal for a person who has joined or is disabled."""
    refuse_others(by)
    if user.joined_at is not None:
        raise Refusal(f"{user.name} has joined already.")
    if user.disabled_at is not None:
        raise Refusal(f"The account of {user.name} is closed.")
    with database.atomic():
        revoke_account_links(user, AccountPurpose.INVITATION)
        audit.record(Act.SENT, user)
        owe(user, AccountMail.INVITATION)


def accept_invitation(link: AccountLink, password: str) -> User:
    """The person sets their password and has joined. Raises Refusal for a weak one, or a link that is spent."""
    user: User = link.user
    refuse_elsewhere(user.organisation)
    refuse_weak(password, user)
    kept = hash_password(password)
    with database.atomic():
        spend_account_link(link)
        user.password_hash, user.joined_at = kept, user.joined_at or clock.now()
        user.save()
        audit.record(Act.RIGHTS_CHANGED, user, what="invitation_accepted")
    return user


def refuse_others(by: User) -> None:
    if not policy.is_manager(by):
        raise NotAllowed("invite")


def refuse_impossible(role: Role, name: str, manages: bool) -> None:
    if role == Role.CLAIMANT:
        raise Refusal("A claimant comes by a secure link and has no account.", field="role")
    if manages and role != Role.COORDINATOR:
        raise Refusal("Only a coordinator can be a manager.", field="is_manager")
    if not name.strip():
        raise Refusal("Enter the person's name.", field="name")
