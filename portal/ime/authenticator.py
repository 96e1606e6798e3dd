"""The authenticator app: six digits that change every half minute (RFC 6238), each good for once."""

from datetime import timedelta

import pyotp
from pyotp.utils import strings_equal

from portal import audit, clock
from portal.db import database
from portal.ime.account_notices import owe
from portal.ime.process import Refusal
from portal.models import Authenticator, User
from portal.words import AccountMail, Act

ISSUER = "Impartial"
DRIFT = (0, -1, 1)  # steps of half a minute that a telephone's clock may be off
SETTING_UP = timedelta(minutes=30)

WRONG_CODE = "This code is not right. Enter the six digits that your app shows now."
USED_CODE = "This code was used already. Wait for the next one, then enter it."
BEGIN_AGAIN = "Setting up the app took too long. Begin again."


def begin_authenticator(user: User) -> Authenticator:
    """A new secret for the person's app; it counts for nothing until a code shows that the app has it."""
    with database.atomic():
        Authenticator.delete().where(
            Authenticator.user == user, Authenticator.confirmed_at.is_null()
        ).execute()
        return Authenticator.create(user=user, secret=pyotp.random_base32())


def being_set_up(user: User) -> Authenticator | None:
    """The secret that was begun in the last half hour and is not confirmed yet."""
    begun: Authenticator | None = (
        Authenticator.select()
        .where(Authenticator.user == user, Authenticator.confirmed_at.is_null())
        .where(Authenticator.made_at > clock.now() - SETTING_UP)
        .first()
    )
    return begun


def authenticator_of(user: User) -> Authenticator | None:
    """The person's app, once it is in use."""
    kept: Authenticator | None = (
        Authenticator.select()
        .where(Authenticator.user == user, Authenticator.confirmed_at.is_null(False))
        .first()
    )
    return kept


def address_of(begun: Authenticator) -> str:
    """The address that an app reads from the picture: the secret, whose it is, and where."""
    return pyotp.TOTP(begun.secret).provisioning_uri(name=begun.user.email, issuer_name=ISSUER)


def confirm_authenticator(user: User, code: str) -> None:
    """The app is in use from now, in the place of an earlier one. Raises Refusal for a wrong code."""
    begun = being_set_up(user)
    if begun is None:
        raise Refusal(BEGIN_AGAIN)
    step = step_of(begun, code)
    if step is None:
        raise Refusal(WRONG_CODE, field="code")
    with database.atomic():
        Authenticator.delete().where(Authenticator.user == user, Authenticator.id != begun.id).execute()
        Authenticator.update(confirmed_at=clock.now(), last_step=step).where(
            Authenticator.id == begun.id
        ).execute()
        audit.record(Act.RIGHTS_CHANGED, user, what="authenticator_added")
        owe(user, AccountMail.FACTOR_CHANGED, what="authenticator_added")


def use_code(user: User, code: str) -> None:
    """Spend a code of the person's app. Raises Refusal where it is wrong, or was used: of two at once one is."""
    kept = authenticator_of(user)
    step = step_of(kept, code) if kept else None
    if kept is None or step is None:
        raise Refusal(WRONG_CODE, field="code")
    unused = (Authenticator.id == kept.id) & (Authenticator.last_step < step)
    if not Authenticator.update(last_step=step).where(unused).execute():
        raise Refusal(USED_CODE, field="code")


def step_of(kept: Authenticator, code: str) -> int | None:
    """The step of half a minute whose code this is, at most one from now; None for a wrong code."""
    typed = "".join(code.split())
    app = pyotp.TOTP(kept.secret)
    now = app.timecode(clock.now())
    fitting = [now + off for off in DRIFT if strings_equal(app.generate_otp(now + off), typed)]
    return max(fitting, default=None)
