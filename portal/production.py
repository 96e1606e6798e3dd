"""What production refuses to start with: each rule with the sentence that names the setting."""

import stat
from collections import Counter
from collections.abc import Mapping
from math import log2
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

SHORTEST_SECRET = 32
FEWEST_BITS = 100  # of a whole secret, by how its own characters are spread
KNOWN = ("changeme", "change-me", "change_me", "default", "password", "example", "insecure", "your-secret")
HOLD_SECRETS = ("SECRET_FILE", "KEY_FILE", "_URL_FILE")
ON = frozenset({"1", "true", "t", "yes", "y", "on"})
HERE = frozenset({"localhost", "127.0.0.1", "::1"})


class Unsafe(Exception):
    """A setting that production must not start with; the message names it."""


def refuse_environment(environment: Mapping[str, str]) -> None:
    """Debugging, and files with secrets that everybody on the machine can read."""
    if environment.get("FLASK_DEBUG", "").lower() in ON:
        raise Unsafe("FLASK_DEBUG must be off in production.")
    for name in sorted(environment):
        if name.endswith(HOLD_SECRETS) and is_open(environment[name]):
            raise Unsafe(
                f"{name} names a file that everybody on this machine can read. Allow its owner alone."
            )


def is_open(place: str) -> bool:
    path = Path(place)
    return path.exists() and bool(path.stat().st_mode & stat.S_IRWXO)


def refuse_weak_secret(name: str, secret: str) -> None:
    """A secret that is missing, short, known, or of too few different characters."""
    if len(secret) < SHORTEST_SECRET:
        raise Unsafe(f"{name} must be given in production, {SHORTEST_SECRET} characters or more.")
    if any(word in secret.lower() for word in KNOWN):
        raise Unsafe(f"{name} is one that anybody can guess. Make it by chance.")
    if bits(secret) < FEWEST_BITS:
        raise Unsafe(f"{name} repeats itself too much. Make it by chance.")


def bits(text: str) -> float:
    """How much a text holds at most, by how often each of its characters stands in it."""
    return -sum(number * log2(number / len(text)) for number in Counter(text).values())


def refuse_unsafe_places(public_url: str, store_url: str, mail_url: str) -> None:
    """An address without TLS or with more than a host, and places that keep nothing or send in the clear."""
    parts = urlsplit(public_url)
    if parts.scheme != "https" or not parts.hostname:
        raise Unsafe("IMPARTIAL_URL must begin with https:// in production.")
    if parts.path or parts.query or parts.username:
        raise Unsafe("IMPARTIAL_URL must be https:// and a host, nothing after it.")
    for name, url in (("STORE_URL", store_url), ("SMTP_URL", mail_url)):
        if url.startswith("memory:"):
            raise Unsafe(f"{name} must not be memory: in production, which keeps nothing.")
    mail = urlsplit(mail_url)
    if parse_qs(mail.query).get("tls") == ["no"] and mail.hostname not in HERE:
        raise Unsafe("SMTP_URL must not switch TLS off in production, but for a server on this machine.")
