"""Second factors together: which a person has, which their organisation accepts, how often a guess may be made, and how
one is given up."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from portal import audit, clock
from portal.db import database, one_at_a_time
from portal.ime.account_links import revoke_account_links
from portal.ime.account_notices import owe
from portal.ime.alerts import MOST_REFUSALS, watch
from portal.ime.alerts import tell as alert
from portal.ime.authenticator import authenticator_of, use_code
from portal.ime.passkeys import Site, passkeys_of, use_passkey
from portal.ime.process import Refusal
from portal.ime.recovery import codes_left, use_recovery_code
from portal.ime.sessions import end_sessions
from portal.ime.tries import FACTOR_STOPPED, NO_END, TRIES_IN_A_ROW, forgive, note_try, of_factor, row_of
from portal.models import AccountNotice, Authenticator, Passkey, RecoveryCode, User
from portal.words import AccountMail, AccountPurpose, Act, AlertKind, Ending, FactorPolicy

FEW_GUESSES = 5  # wrong in a row: more than most people need to find the right one
PAUSE = timedelta(hours=4)  # before their owner hears of it again
LAST = "This is your only second factor. Add another first."


@dataclass(frozen=True)
class Factors:
    """What a person can show beside the password."""

    passkeys: list[Passkey]
    app: Authenticator | None
    codes: int
    accepts_app: bool

    @property
    def is_enough(self) -> bool:
        """There is one that the person's organisation accepts."""
        return bool(self.passkeys) or (self.app is not None and self.accepts_app)

    @property
    def is_any(self) -> bool:
        """There is one, accepted or not: nobody adds another without showing it."""
        return bool(self.passkeys) or self.app is not None or self.codes > 0

    @property
    def accepted(self) -> int:
        return len(self.passkeys) + int(self.app is not None and self.accepts_app)


def factors_of(user: User) -> Factors:
    """The second factors of a person, and whether their organisation accepts an app."""
    accepts_app = user.organisation.factors == FactorPolicy.ANY
    return Factors(passkeys_of(user), authenticator_of(user), codes_left(user), accepts_app)


def show_code(user: User, code: str) -> None:
    """The person shows a code of their app. Raises Refusal for a wrong or used one, and for too many."""
    guarded(user, lambda: use_code(user, code), "code", TRIES_IN_A_ROW)


def show_own_passkey(user: User, answer: str, *, site: Site, challenge: bytes) -> None:
    """The person shows one of their passkeys: the code of their app, stopped by guesses, works again. Raises Refusal for
    any other answer, which nobody can guess: no try is counted."""
    on_record(user, lambda: use_passkey(user, answer, site=site, challenge=challenge), "passkey")
    forgive(of_factor(user))


def show_recovery_code(user: User, code: str) -> None:
    """The person shows a recovery code. Raises Refusal for a wrong or used one, and for too many.

    80 bits are not guessed however long: whoever guesses at the six digits of the app must not shut this door for good."""
    guarded(user, lambda: use_recovery_code(user, code), "recovery_code", NO_END)


def guarded(user: User, show: Callable[[], None], way: str, most: int) -> None:
    """Count the try at this person's factor, and at nobody else's, before it is looked at; a success starts anew."""
    try:
        note_try(of_factor(user), most=most, stopped=FACTOR_STOPPED)
    except Refusal:
        note_vain(user, way, Ending.REFUSED)
        raise
    on_record(user, show, way)
    forgive(of_factor(user))


def on_record(user: User, show: Callable[[], None], way: str) -> None:
    """Keep that a factor was shown in vain."""
    try:
        show()
    except Refusal:
        note_vain(user, way, Ending.FAILED)
        raise


def note_vain(user: User, way: str, ending: Ending) -> None:
    """Keep it, and tell of it where it is one too many: whoever comes this far has shown the password."""
    with database.atomic():
        one_at_a_time(User.select(User.id).where(User.id == user.id))
        record = audit.record(Act.SIGNED_IN, user, ending=ending, way=way)
        watch(record)
        count, since = row_of(of_factor(user))
        if count >= FEW_GUESSES:
            tell_owner(user, count)
        if count > MOST_REFUSALS:  # however slowly
            alert(AlertKind.REPEATED_REFUSALS, record, count, clock.now() - since)


def tell_owner(user: User, count: int) -> None:
    """Whoever's factor is guessed at hears that their password is known; not again for some hours."""
    told = AccountNotice.select().where(
        AccountNotice.user == user, AccountNotice.kind == AccountMail.FACTOR_GUESSED
    )
    if not told.where(AccountNotice.made_at > clock.now() - PAUSE).exists():
        owe(user, AccountMail.FACTOR_GUESSED, count=count)


# --- given up ---------------------------------------------------------------------------------------------------


def remove_passkey(user: User, number: int) -> bool:
    """Give up one of the person's own passkeys; False where it is not theirs. Raises Refusal for the last factor."""
    mine = (Passkey.user == user) & (Passkey.id == number)
    if not Passkey.select().where(mine).exists():
        return False
    with database.atomic():
        one_at_a_time(User.select(User.id).where(User.id == user.id))
        refuse_last(user)
        if Passkey.delete().where(mine).execute():
            tell(user, "passkey_removed")
    return True


def remove_authenticator(user: User) -> None:
    """Give up the app. Raises Refusal where it is the last factor."""
    with database.atomic():
        one_at_a_time(User.select(User.id).where(User.id == user.id))
        factors = factors_of(user)
        if factors.accepts_app or not factors.is_enough:
            refuse_last(user)
        if Authenticator.delete().where(Authenticator.user == user).execute():
            tell(user, "authenticator_removed")


def remove_factors(user: User) -> None:
    """Forget every factor of somebody who lost them all: they are signed out and enroll anew after the password.

    Whoever calls it has made sure who asks, and that two people agree."""
    with database.atomic():
        for kind in (Passkey, Authenticator, RecoveryCode):
            kind.delete().where(kind.user == user).execute()
        forgive(of_factor(user))
        end_sessions(user)
        revoke_account_links(
            user, AccountPurpose.EMAIL_CHANGE
        )  # asked for with a factor that counts no longer
        tell(user, "factors_reset")


def refuse_last(user: User) -> None:
    if factors_of(user).accepted < 2:
        raise Refusal(LAST)


def tell(user: User, what: str) -> None:
    audit.record(Act.RIGHTS_CHANGED, user, what=what)
    owe(user, AccountMail.FACTOR_CHANGED, what=what)
