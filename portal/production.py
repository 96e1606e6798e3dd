"""What production refuses to start with: each rule with the sentence that names the setting."""

import stat
from collections import Counter
from collections.abc import Mapping
from ipaddress import ip_address
from itertools import pairwise
from math import log2
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

SHORTEST_SECRET = 32
FEWEST_BITS = 100  # of a whole secret, by how its own characters are spread
FEWEST_CHARACTERS = 10  # different ones
KNOWN = (
    "changeme",
    "change-me",
    "change_me",
    "default",
    "password",
    "example",
    "insecure",
    "your-secret",
    "qwerty",
)
HOLD_SECRETS = ("SECRET_FILE", "KEY_FILE", "_URL_FILE")
OFF = frozenset(
    {"", "0", "false", "no"}
)  # all that Flask takes for off; everything else switches debugging on
HERE = frozenset({"localhost", "127.0.0.1", "::1"})


class Unsafe(Exception):
    """A setting that production must not start with; the message names it."""


def refuse_environment(environment: Mapping[str, str]) -> None:
    """Debugging, and files with secrets that everybody on the machine can read."""
    if environment.get("FLASK_DEBUG", "").lower() not in OFF:
        raise Unsafe("FLASK_DEBUG must be off in production.")
    for name in sorted(environment):
        if name.endswith(HOLD_SECRETS) and is_open(environment[name]):
            raise Unsafe(
                f"{name} names a file that everybody on this machine can read. Allow its owner alone."
            )


def refuse_debugging(is_on: bool) -> None:
    """However it was switched on."""
    if is_on:
        raise Unsafe("Debugging must be off in production: look at FLASK_DEBUG.")


def refuse_proxy(proxy: str) -> None:
    """Whose forwarding headers are believed is one machine: a pattern would be everybody."""
    try:
        is_one = not ip_address(proxy).is_unspecified
    except ValueError:
        is_one = False
    if proxy and not is_one:
        raise Unsafe("IMPARTIAL_PROXY must be the address of one machine in production, like 127.0.0.1.")


def refuse_forgetful_database(url: str) -> None:
    """A database that is gone when the portal stops."""
    parts = urlsplit(url)
    path = unquote(parts.path[1:])
    is_kept = path and ":memory:" not in path and "mode=memory" not in url and not path.startswith("file:")
    if parts.scheme == "sqlite" and not is_kept:
        raise Unsafe("DATABASE_URL must name a file in production: one in memory keeps nothing.")


def is_open(place: str) -> bool:
    path = Path(place)
    return path.exists() and bool(path.stat().st_mode & stat.S_IRWXO)


def refuse_weak_secret(name: str, secret: str) -> None:
    """A secret that is missing, short, known, or of too few different characters."""
    if len(secret) < SHORTEST_SECRET:
        raise Unsafe(f"{name} must be given in production, {SHORTEST_SECRET} characters or more.")
    if any(word in secret.lower() for word in KNOWN):
        raise Unsafe(f"{name} is one that anybody can guess. Make it by chance.")
    if bits(secret) < FEWEST_BITS or len(set(secret)) < FEWEST_CHARACTERS or is_repeated(secret):
        raise Unsafe(f"{name} repeats itself too much. Make it by chance.")
    if is_run(secret):
        raise Unsafe(f"{name} is a run of characters that follow each other. Make it by chance.")


def is_repeated(text: str) -> bool:
    """It is one piece, again and again."""
    return any(text.startswith(text[size:]) for size in range(1, len(text) // 2 + 1))


def is_run(text: str) -> bool:
    """More than half of its characters are the one after the one before, or the one before it, or the same: `0123…`."""
    near = sum(abs(ord(one) - ord(next_one)) <= 1 for one, next_one in pairwise(text))
    return 2 * near > len(text)


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
