"""Recovery codes: ten ways in for whoever lost their second factor, each good for once."""

import secrets

from portal import audit, clock
from portal.db import database
from portal.ime.account_notices import owe
from portal.ime.instructions import hashed
from portal.ime.process import Refusal
from portal.models import RecoveryCode, User
from portal.words import AccountMail, Act

HOW_MANY = 10
LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"  # 32, none of which is taken for another
GROUPS, GROUP = 4, 4  # 80 bits

WRONG_RECOVERY = "This is none of your recovery codes, or it was used already."


def make_recovery_codes(user: User) -> list[str]:
    """Ten new codes in the place of all earlier ones; they are returned once and kept as hashes."""
    codes = [new_code() for _ in range(HOW_MANY)]
    with database.atomic():
        RecoveryCode.delete().where(RecoveryCode.user == user).execute()
        RecoveryCode.insert_many([{"user": user, "code_hash": kept(code)} for code in codes]).execute()
        audit.record(Act.RIGHTS_CHANGED, user, what="recovery_codes_made")
        owe(user, AccountMail.FACTOR_CHANGED, what="recovery_codes_made")
    return codes


def new_code() -> str:
    """A code as it is shown: `k7mp-x2vd-9hqe-tw4r`."""
    letters = [secrets.choice(LETTERS) for _ in range(GROUPS * GROUP)]
    return "-".join("".join(letters[start : start + GROUP]) for start in range(0, len(letters), GROUP))


def kept(code: str) -> str:
    """What is kept of a code, however it was typed."""
    return hashed("".join(letter for letter in code.lower() if letter in LETTERS))


def codes_left(user: User) -> int:
    """How many of the person's codes still open."""
    return int(RecoveryCode.select().where(RecoveryCode.user == user, RecoveryCode.used_at.is_null()).count())


def use_recovery_code(user: User, code: str) -> None:
    """Spend a recovery code. Raises Refusal for a wrong or used one: of two at once one is."""
    unused = (RecoveryCode.user == user) & (RecoveryCode.code_hash == kept(code))
    with database.atomic():
        if (
            not RecoveryCode.update(used_at=clock.now())
            .where(unused, RecoveryCode.used_at.is_null())
            .execute()
        ):
            raise Refusal(WRONG_RECOVERY, field="code")
        owe(user, AccountMail.FACTOR_CHANGED, what="recovery_code_used", left=codes_left(user))
