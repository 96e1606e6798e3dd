"""Accounts: passwords that are hashed with argon2id and never shown."""

from functools import cache
from typing import Any

from portal.models import User


@cache
def hasher() -> Any:
    """argon2id at the strength OWASP asks for at least: 19 MiB, two passes."""
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def hash_password(password: str) -> str:
    """The hash of a password, as it is kept."""
    return str(hasher().hash(password))


def find_user(email: str, password: str) -> User | None:
    """The active user with this e-mail address and password; an unknown address costs the same time."""
    from argon2.exceptions import InvalidHashError, VerificationError

    user: User | None = User.active().where(User.email == email.strip().lower()).first()
    try:
        hasher().verify(user.password_hash if user else decoy(), password)
    except (VerificationError, InvalidHashError):
        return None
    return user


@cache
def decoy() -> str:
    """A hash that no password has, verified where there is no such user."""
    return hash_password("no user has this password, it only takes the same time")
