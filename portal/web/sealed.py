"""Text that leaves the portal and comes back, and that nobody can read or change on the way.

The cookie is one: beside the session's token it holds the word of what was just done, which may name an appointment."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import BadSignature

NONCE = 12  # bytes, as AES-GCM asks


def cipher(app: Flask, purpose: str) -> AESGCM:
    """Encrypts with a key that is made of the portal's secret for this purpose alone."""
    secret: Any = app.secret_key
    return AESGCM(hmac.digest(secret.encode(), purpose.encode(), hashlib.sha256))


def seal(by: AESGCM, text: str) -> str:
    """The text encrypted, in letters that a cookie and an address can hold."""
    nonce = secrets.token_bytes(NONCE)
    return urlsafe_b64encode(nonce + by.encrypt(nonce, text.encode(), None)).decode().rstrip("=")


def unseal(by: AESGCM, sealed: str) -> str:
    """The text. Raises BadSignature for what was sealed otherwise, or changed since."""
    try:
        content = urlsafe_b64decode(sealed.encode("ascii") + b"=" * (-len(sealed) % 4))
        return by.decrypt(content[:NONCE], content[NONCE:], None).decode()
    except (ValueError, InvalidTag) as why:
        raise BadSignature("This was not sealed here.") from why


class Sealing:
    """Flask's own signing of the cookie, and a seal around it."""

    def __init__(self, signing: Any, by: AESGCM) -> None:
        self.signing, self.by = signing, by

    def dumps(self, content: Any) -> str:
        return seal(self.by, self.signing.dumps(content))

    def loads(self, sealed: str, max_age: int | None = None) -> Any:
        return self.signing.loads(unseal(self.by, sealed), max_age=max_age)


class SealedCookie(SecureCookieSessionInterface):
    """The cookie of the session, which only the portal reads; what seals it is made once, as the secret never changes."""

    sealing: Any = None

    def get_signing_serializer(self, app: Flask) -> Any:
        if self.sealing is None:
            signing = super().get_signing_serializer(app)
            self.sealing = signing and Sealing(signing, cipher(app, "cookie"))
        return self.sealing


def register(app: Flask) -> None:
    app.session_interface = SealedCookie()
