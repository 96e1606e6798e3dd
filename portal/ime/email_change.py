"""A change of e-mail address: it counts once the new address is confirmed, and the old one is told."""

from peewee import IntegrityError

from portal import audit
from portal.db import database
from portal.ime.account import known_as
from portal.ime.account_links import revoke_account_links, spend_account_link
from portal.ime.account_notices import owe
from portal.ime.process import Refusal
from portal.ime.tries import forgive, of_email
from portal.models import AccountLink, User
from portal.words import AccountMail, AccountPurpose, Act

SAME = "This is your e-mail address already."
TAKEN = "This address cannot be used. Ask for a change to another one."


def ask_for_email(user: User, email: str) -> None:
    """Write to the new address for a confirmation, and to the old one that this was asked; until then nothing changes.

    The asker does not learn whether the new address has an account: then nothing is sent there."""
    new = email.strip().lower()
    if new == user.email:
        raise Refusal(SAME, field="email")
    with database.atomic():
        revoke_account_links(user, AccountPurpose.EMAIL_CHANGE)  # an address asked for before is forgotten
        audit.record(Act.SENT, user, what="email_change")
        if known_as(new) is None:
            owe(user, AccountMail.CONFIRM_EMAIL, email=new)
        owe(user, AccountMail.EMAIL_CHANGED, is_done=False)


def confirm_email(link: AccountLink) -> None:
    """The new address counts from now, and the old one is told. Raises Refusal for a spent link or a taken address."""
    user: User = link.user
    before = user.email
    try:
        with database.atomic():
            spend_account_link(link)
            user.email = link.email
            user.save()
            revoke_account_links(user)
            forgive(of_email(before), of_email(link.email))
            audit.record(Act.CHANGED, user, what="email")
            owe(user, AccountMail.EMAIL_CHANGED, email=before, is_done=True)
    except IntegrityError as taken:
        user.email = before
        raise Refusal(TAKEN) from taken
