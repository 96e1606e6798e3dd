"""Tries that may be guesses: counted before they are looked at, so that many at once are no way around the count."""

import hashlib
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address
from typing import Any

from portal import clock
from portal.ime.process import Refusal
from portal.models import SecureLink, SignInFailure, User

WITHIN = timedelta(minutes=1)
TRIES_AT_ACCOUNT = 5  # within that time
TRIES_FROM_ADDRESS = 20
TRIES_IN_A_ROW = 50  # without one that succeeded (NIST SP 800-63B-4: at most 100)
NO_END = 10**9  # tries in a row at what is too long to be guessed
FAILURES_KEPT = timedelta(days=7)
NOT_FORGOTTEN = ("factor ", "birth ")

TOO_OFTEN = "There were too many tries. Wait a minute, then try again."
STOPPED = "There were too many tries in a row. Set a new password by e-mail, or call us."
FACTOR_STOPPED = "There were too many tries in a row. Use a passkey or a recovery code, or call us."
HOME = 64  # bits of an IPv6 address that say whose line it is; the rest is for its owner to choose


def of_email(email: str) -> str:
    """Whose tries these are, where an e-mail address is typed; the list names nobody."""
    return fingerprint(email.strip().lower())


def of_factor(user: User) -> str:
    """Whose tries these are, where a second factor is shown."""
    return f"factor {user.id}"


def of_link(link: SecureLink) -> str:
    """Whose tries these are, where a claimant is asked for their date of birth."""
    return f"birth {link.case_id}"


def note_try(whose: str, address: str = "", *, most: int = TRIES_IN_A_ROW, stopped: str = STOPPED) -> None:
    """Count this try as failed until it succeeds. Refuses the sixth within a minute, the 21st from an address, and every
    one once there were `most` in a row."""
    failure = SignInFailure.create(account=whose, address=fingerprint(line_of(address)) if address else "")
    try:
        refuse_too_many(failure, most, stopped)
    except Refusal:
        failure.delete_instance()  # a try that was not looked at keeps nobody out any longer
        raise


def refuse_too_many(failure: SignInFailure, most: int, stopped: str) -> None:
    whose = SignInFailure.account == failure.account
    if count_since(None, whose) > most:
        raise Refusal(stopped)
    since = clock.now() - WITHIN
    from_there = SignInFailure.address == failure.address
    if count_since(since, whose) > TRIES_AT_ACCOUNT:
        raise Refusal(TOO_OFTEN)
    if failure.address and count_since(since, from_there) > TRIES_FROM_ADDRESS:
        raise Refusal(TOO_OFTEN)


def count_since(moment: datetime | None, whose: Any) -> int:
    rows = SignInFailure.select().where(whose)
    return int((rows.where(SignInFailure.at > moment) if moment else rows).count())


def row_of(whose: str) -> tuple[int, datetime]:
    """How many tries in a row have failed, and since when."""
    rows = SignInFailure.select().where(SignInFailure.account == whose)
    first = rows.order_by(SignInFailure.at).first()
    return int(rows.count()), first.at if first else clock.now()


def forgive(*whose: str) -> int:
    """Whoever succeeded, or was given a new way in, starts from nothing; how many tries are forgotten."""
    return int(SignInFailure.delete().where(SignInFailure.account.in_(whose)).execute())


def line_of(address: str) -> str:
    """What stands for everybody at one line: an IPv4 address, or the network of an IPv6 address."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or IPv6Address(int(parsed) >> HOME << HOME))


def fingerprint(text: str) -> str:
    """What stands for an address in the count, so that a list of tries names nobody."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def forget_failures() -> int:
    """Delete the failures at passwords of more than a week ago; how many. What stands at a second factor stays until the
    next success, or a guess a minute would go on for years."""
    kept = [SignInFailure.account.startswith(whose) for whose in NOT_FORGOTTEN]
    old = SignInFailure.at < clock.now() - FAILURES_KEPT
    return int(SignInFailure.delete().where(old, *(~each for each in kept)).execute())
