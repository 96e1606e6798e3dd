"""Passwords: what a new one must not be, and how one is kept. Length and not being known decide, composition does not
(NIST SP 800-63B-4; OWASP ASVS 6.2)."""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

from portal.config import OFFICE
from portal.ime.process import Refusal
from portal.models import User

SHORTEST_PASSWORD = 15  # characters
LONGEST_PASSWORD = 128
LISTED = Path(__file__).parent.parent / "data" / "common_passwords.txt"
PRODUCT = ("Impartial", "independent", "medical", "examination", "examinations", "IME")

ADVICE = "Choose another, like four words that do not belong together."
TOO_SHORT = f"Choose a password of {SHORTEST_PASSWORD} characters or more."
TOO_LONG = f"Choose a password of {LONGEST_PASSWORD} characters or fewer."
COMMON = f"This password is among those that are tried first. {ADVICE}"
PATTERN = f"This password repeats itself or follows a row of keys. {ADVICE}"
PERSONAL = f"This password is made of your name, your organization or the name of this portal. {ADVICE}"

ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890123456789",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "yxcvbnm",
    "azertyuiop",
    "1q2w3e4r5t6y7u8i9o0p",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "qazwsxedcrfvtgbyhnujmikolp",
)
RUN = 4  # neighbors in a row of keys that are no coincidence
DECORATION = 8  # digits and signs around a word that make it no better
ENOUGH = 4  # letters beside known words that make a password one's own
FEWEST_DIFFERENT = 5

# One hash takes 19 MiB and a core for a moment: two at a time leave room for everybody else's pages.
hashing = BoundedSemaphore(2)


# --- kept -------------------------------------------------------------------------------------------------------


@cache
def hasher() -> Any:
    """argon2id at the strength OWASP asks for at least: 19 MiB, two passes."""
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def hash_password(password: str) -> str:
    """The hash of a password, as it is kept."""
    with hashing:
        return str(hasher().hash(as_hashed(password)))


def fits(kept: str, password: str) -> bool:
    """Whether the password is the one kept; where none is kept the answer is no, and costs the same time."""
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        with hashing:
            hasher().verify(kept or decoy(), as_hashed(password))
    except (VerificationError, InvalidHashError):
        return False
    return bool(kept)


def is_outdated(kept: str) -> bool:
    """Whether the hash was made with less strength than ours has now."""
    return bool(hasher().check_needs_rehash(kept))


@cache
def decoy() -> str:
    """A hash that no password has, verified where there is no such user."""
    return str(hasher().hash("no user has this password, it only takes the same time"))


def as_hashed(password: str) -> bytes:
    """The bytes of a password: one spelling of each character, whichever keyboard it came from; nothing is cut."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


# --- judged -----------------------------------------------------------------------------------------------------


def refuse_weak(password: str, user: User, *, field: str = "password") -> None:
    """Raises a Refusal with the reason where the person must not choose this password."""
    if why := weakness(password, words_about(user)):
        raise Refusal(why, field=field)


def weakness(password: str, about: Iterable[str] = ()) -> str:
    """Why this password will not do, as a sentence; empty where it will. `about` are names the chooser is known by."""
    if len(password) < SHORTEST_PASSWORD:
        return TOO_SHORT
    if len(password) > LONGEST_PASSWORD:
        return TOO_LONG
    plain = squeezed(password)
    if is_pattern(plain):
        return PATTERN
    spellings = spellings_of(plain)
    if any(is_listed(spelling) or is_made_of(spelling, common()) for spelling in spellings):
        return COMMON
    words = {squeezed(word) for text in about for word in re.split(r"[^\w]+|_", text)}
    own = frozenset(word for word in words if len(word) > 2) | common()
    return PERSONAL if any(is_made_of(spelling, own) for spelling in spellings) else ""


def words_about(user: User) -> tuple[str, ...]:
    """What an acquaintance would try: the names of the person, the organization, the office and the portal."""
    return (user.name, user.email, user.organisation.name, OFFICE.name, *PRODUCT)


def squeezed(text: str) -> str:
    """The text in lower case without spaces and the signs that part words."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[\s._,;:'\"/\\|+*~^()\[\]{}<>=&#%?-]+", "", folded)


def spellings_of(plain: str) -> set[str]:
    """The text, and the words it may mean where signs stand for letters, without the digits around it."""
    core, begun = plain.strip("0123456789!"), plain.rstrip("0123456789!")
    meant = {
        text.translate(str.maketrans("013457@$!", f"o{one}eastasi")) for one in "il" for text in (core, begun)
    }
    return {plain, core, *meant} - {""}


def is_pattern(plain: str) -> bool:
    """A few characters, one piece three times over, or little beside runs along a row of keys."""
    if len(set(plain)) < FEWEST_DIFFERENT or repeats(plain):
        return True
    return bool(plain) and len(plain) - in_runs(plain) < ENOUGH


def repeats(plain: str) -> bool:
    """The text is one piece again and again, from beginning to end."""
    return any(
        plain == (plain[:size] * (len(plain) // size + 1))[: len(plain)]
        for size in range(1, len(plain) // 3 + 1)
    )


def in_runs(plain: str) -> int:
    """How many characters stand in runs along a row of keys, forward or backward."""
    covered: set[int] = set()
    for start in range(len(plain) - RUN + 1):
        piece = plain[start : start + RUN]
        if any(piece in row or piece[::-1] in row for row in ROWS):
            covered.update(range(start, start + RUN))
    return len(covered)


@cache
def listed() -> frozenset[str]:
    """The passwords of our own list, squeezed: short ones that others are made of, and long ones."""
    return frozenset(LISTED.read_text(encoding="utf-8").split())


@cache
def common() -> frozenset[str]:
    """The short ones of the list."""
    return frozenset(word for word in listed() if len(word) < SHORTEST_PASSWORD)


def is_listed(spelling: str) -> bool:
    """The text is on the list, bare or with digits around it, once or twice."""
    core = spelling.strip("0123456789!@$")
    half = core[: len(core) // 2]
    return bool({spelling, core} & listed()) or (core == half * 2 and half in listed())


def is_made_of(spelling: str, words: frozenset[str]) -> bool:
    """Next to nothing is left of the text once these words and some digits are taken out."""
    left = without(spelling, words)
    if left == spelling:
        return False
    letters = sum(character.isalpha() for character in left)
    return letters + max(0, len(left) - letters - DECORATION) < ENOUGH


def without(text: str, words: frozenset[str]) -> str:
    """The text without these words, at each place the longest; a word may not begin within another."""
    sizes = sorted({len(word) for word in words}, reverse=True)
    left, place = "", 0
    while place < len(text):
        size = next((size for size in sizes if text[place : place + size] in words), 0)
        left += "" if size else text[place]
        place += size or 1
    return left
