"""Links to somebody with an account, or invited to one: hashed at rest, good for one purpose, once, and not for long."""

import secrets
from datetime import timedelta

from portal import clock
from portal.db import database
from portal.ime.instructions import hashed
from portal.ime.process import Refusal
from portal.models import AccountLink, AccountNotice, User
from portal.words import AccountMail, AccountPurpose, NoticeState

LIVES = {
    AccountPurpose.INVITATION: timedelta(hours=48),
    AccountPurpose.RESET: timedelta(hours=1),
    AccountPurpose.EMAIL_CHANGE: timedelta(hours=24),
}
MAILS = {
    AccountPurpose.INVITATION: AccountMail.INVITATION,
    AccountPurpose.RESET: AccountMail.RESET,
    AccountPurpose.EMAIL_CHANGE: AccountMail.CONFIRM_EMAIL,
}
DEAD = "This link does not open any more."


def make_account_link(user: User, purpose: AccountPurpose, email: str) -> str:
    """A new link for one purpose, sent to this address; returns its token, which is kept nowhere."""
    token = secrets.token_urlsafe(32)
    AccountLink.create(
        user=user,
        purpose=purpose,
        token_hash=hashed(token),
        email=email,
        expires_at=clock.now() + LIVES[purpose],
    )
    return token


def find_account_link(token: str, purpose: AccountPurpose) -> AccountLink | None:
    """The link of a token if it opens now and for this purpose, with its user; looking spends nothing."""
    opens = AccountLink.spent_at.is_null() & AccountLink.revoked_at.is_null()
    found: AccountLink | None = (
        AccountLink.select(AccountLink, User)
        .join(User)
        .where(opens, AccountLink.token_hash == hashed(token), AccountLink.purpose == purpose)
        .where(AccountLink.expires_at > clock.now(), User.disabled_at.is_null())
        .first()
    )
    return found


def spend_account_link(link: AccountLink) -> None:
    """Within the transaction of what it is for: of two who spend a link one does. The others of its purpose die with it.

    Raises Refusal for everybody later."""
    unspent = AccountLink.spent_at.is_null() & AccountLink.revoked_at.is_null()
    if not (
        AccountLink.update(spent_at=clock.now())
        .where(AccountLink.id == link.id, unspent, AccountLink.expires_at > clock.now())
        .execute()
    ):
        raise Refusal(DEAD)
    revoke_account_links(link.user, link.purpose)


def revoke_account_links(user: User, *purposes: AccountPurpose) -> int:
    """The person's links for these purposes, or for any, open nothing any more, and none is made for a mail that was
    owed before; how many those were."""
    which = purposes or tuple(AccountPurpose)
    with database.atomic():
        unsent = AccountNotice.state.in_((NoticeState.OWED, NoticeState.SENDING))
        given_up = (
            AccountNotice.update(state=NoticeState.FAILED, detail="What it leads to was called off.")
            .where(AccountNotice.user == user, unsent)
            .where(AccountNotice.kind.in_([MAILS[purpose] for purpose in which]))
            .execute()
        )
        unspent = AccountLink.spent_at.is_null() & AccountLink.revoked_at.is_null()
        revoked = (
            AccountLink.update(revoked_at=clock.now())
            .where(AccountLink.user == user, AccountLink.purpose.in_(which), unspent)
            .execute()
        )
    return int(given_up) + int(revoked)
