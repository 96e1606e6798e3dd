"""What was searched for, carried from page to page in the address without standing there to be read.

People search by name, and an address is kept by browsers, proxies and logs. So what was typed comes by POST and goes
on as a seal that only the session it was typed in opens: the key is made of its token too, which is kept nowhere else."""

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app
from flask_login import current_user
from itsdangerous import BadSignature

from portal.web import sealed

LONGEST = 100  # characters


def of_this_session() -> AESGCM:
    return sealed.cipher(current_app, f"search {current_user.get_id()}")


def seal(typed: str) -> str:
    """What was typed, to be put into an address of this session; empty for nothing."""
    padded = typed.encode("utf-8", "replace").decode().ljust(LONGEST)  # so that its length tells nothing
    return sealed.seal(of_this_session(), padded) if typed else ""


def unseal(text: str) -> str:
    """What was typed in this session; empty for what was sealed in another, or changed since."""
    try:
        return sealed.unseal(of_this_session(), text).rstrip()
    except BadSignature:
        return ""
