"""A new password: by a link to the e-mail address on file, or by whoever is signed in and has just shown a factor."""

from datetime import timedelta

from portal import audit, clock
from portal.db import database
from portal.ime import process
from portal.ime.account import is_only_elsewhere, known_as
from portal.ime.account_links import revoke_account_links, spend_account_link
from portal.ime.account_notices import owe
from portal.ime.calendar_feed import end_feeds, sign_out_elsewhere
from portal.ime.passwords import fits, hash_password, refuse_weak
from portal.ime.process import Refusal
from portal.ime.sessions import end_sessions
from portal.ime.tries import forgive, note_try, of_email
from portal.models import AccountLink, AccountNotice, User
from portal.words import AccountMail, AccountPurpose, Act, Ending

PAUSE = timedelta(minutes=5)
NOT_YOURS = "This is not your present password."


def ask_for_reset(email: str) -> None:
    """Send a link to whoever has this address, at most one in five minutes. The asker learns nothing: the answer is the
    same, and the time of a password's hash, taken for every address, hides what little more is done for a known one."""
    user = known_as(email)
    fits("", email)
    with database.atomic():
        audit.record(Act.SENT, user, what="reset")
        if user and not is_only_elsewhere(user.organisation) and not was_sent_lately(user):
            owe(user, owed_to(user))
        else:
            process.wake()


def owed_to(user: User) -> AccountMail:
    """A reset; whoever never set a password is asked to join instead."""
    has_joined = user.password_hash or user.joined_at
    return AccountMail.RESET if has_joined else AccountMail.INVITATION


def was_sent_lately(user: User) -> bool:
    kinds = (AccountMail.RESET, AccountMail.INVITATION)
    sent = AccountNotice.select().where(AccountNotice.user == user, AccountNotice.kind.in_(kinds))
    return bool(sent.where(AccountNotice.made_at > clock.now() - PAUSE).exists())


def reset_password(link: AccountLink, password: str) -> None:
    """Set the password by a link: every session ends, nobody is signed in, the person is told.

    Guesses at the second factor stay counted: a mailbox in other hands must not be a new set of them. Raises Refusal for a weak one, or a link that is spent."""
    user: User = link.user
    refuse_weak(password, user)
    kept = hash_password(password)
    with database.atomic():
        spend_account_link(link)
        forgive(of_email(user.email))
        end_sessions(user)
        replace_password(user, kept, what="password_reset", feeds=end_feeds(user))


def change_password(user: User, *, present: str, password: str, session: int) -> None:
    """Set the password of somebody who knows the present one; their sessions but this one end, and the addresses of
    their calendar, and they are told.

    Raises Refusal where it is not the present one, or the new one is weak."""
    refuse_guess(user, present)
    refuse_weak(password, user)
    kept = hash_password(password)
    with database.atomic():
        replace_password(user, kept, what="password_changed", feeds=sign_out_elsewhere(user, session))


def refuse_guess(user: User, present: str) -> None:
    """Refuse a password that is not the present one, counted as a try at signing in is, so that it is not guessed here."""
    note_try(of_email(user.email))
    if not fits(user.password_hash, present):
        audit.record(Act.CHANGED, user, ending=Ending.FAILED, what="password")
        raise Refusal(NOT_YOURS, field="present")
    forgive(of_email(user.email))


def replace_password(user: User, kept: str, *, what: str, feeds: int) -> None:
    """Within a transaction: the new hash counts, links made for the old one are dead, and the person is told, also of the
    addresses of their calendar that ended with it."""
    user.password_hash = kept
    user.save()
    revoke_account_links(user, AccountPurpose.RESET, AccountPurpose.INVITATION, AccountPurpose.EMAIL_CHANGE)
    audit.record(Act.RIGHTS_CHANGED, user, what=what)
    owe(user, AccountMail.PASSWORD_CHANGED, what=what, feeds=feeds)
