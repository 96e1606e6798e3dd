"""Whether an ID token says what it seems to say: signed by its provider, for us, for this attempt, and now."""

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

ALGORITHMS = ("RS256", "ES256", "PS256")
SHORTEST_RSA = 2048  # bits
LEEWAY = 60  # seconds that two clocks may differ
FRESH = 600  # seconds after which a token that came with its code is too old
LOOK_AGAIN = 60.0  # seconds between two looks for a key that nobody knows
LONGEST_SUBJECT = 255  # characters; OpenID Connect Core 1.0, section 2


class Untrusted(Exception):
    """An answer that must not sign anybody in; the text is one word that says why."""


class Keys:
    """The keys that providers sign with, by their address, as last seen; `fetch` brings the JSON at an address."""

    def __init__(self, fetch: Callable[[str], Mapping[str, Any]]) -> None:
        self.fetch = fetch
        self.seen: dict[str, Any] = {}
        self.looked_again: dict[str, float] = {}

    def known(self, address: str) -> Any:
        """The keys at this address, looked up when they are first asked for. Raises what `fetch` raises."""
        if address not in self.seen:
            self.seen[address] = usable(self.fetch(address))
        return self.seen[address]

    def anew(self, address: str) -> Any:
        """The same, looked up once more. Raises Untrusted when that was done a moment ago."""
        last = self.looked_again.get(address)
        if last is not None and last + LOOK_AGAIN > time.monotonic():
            raise Untrusted("key")
        self.looked_again[address] = time.monotonic()
        self.seen[address] = usable(self.fetch(address))
        return self.seen[address]


def usable(said: Mapping[str, Any]) -> Any:
    """The keys of a JWKS that may verify a token; those of another kind, or too weak, are passed over."""
    from joserfc.jwk import KeySet

    entries = said.get("keys")
    keys = [key_of(entry) for entry in entries] if isinstance(entries, list) else []
    return KeySet([key for key in keys if key])


def key_of(entry: Any) -> Any:
    """One key, None where it is none of ours to use."""
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey, RSAKey

    kinds: dict[Any, Any] = {"RSA": RSAKey, "EC": ECKey}
    try:
        kind = kinds[entry["kty"]]
        if kind is RSAKey and len(entry["n"]) * 6 < SHORTEST_RSA:  # base64: the library would only warn
            return None
        key = kind.import_key(entry)
        is_strong = kind is ECKey or key.public_key.key_size >= SHORTEST_RSA
        return key if is_strong and entry.get("use", "sig") == "sig" else None
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        return None


def signed_by(keys: Keys, address: str, text: Any) -> Any:
    """The token (`header`, `claims`) if one of the keys at this address signed it. Raises Untrusted.

    A key that is not known, or does not fit, may be newer than what we last saw: they are looked up once more."""
    from joserfc import jwt
    from joserfc.errors import BadSignatureError, InvalidKeyIdError, JoseError

    if not isinstance(text, str) or text.count(".") != 2:
        raise Untrusted("token")
    try:
        try:
            return jwt.decode(text, keys.known(address), algorithms=list(ALGORITHMS))
        except (BadSignatureError, InvalidKeyIdError):
            return jwt.decode(text, keys.anew(address), algorithms=list(ALGORITHMS))
    except InvalidKeyIdError as refusal:
        raise Untrusted("key") from refusal
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as refusal:
        raise Untrusted("signature") from refusal


def check(
    token: Any, *, issuer: str, client_id: str, nonce: str, access_token: Any, now: datetime
) -> dict[str, Any]:
    """The claims of an ID token that is this issuer's, for this client and attempt, and good now. Raises Untrusted."""
    from authlib.oidc.core import CodeIDToken
    from joserfc.errors import JoseError

    claims = CodeIDToken(
        token.claims,
        token.header,
        {"aud": {"essential": True, "value": client_id}},
        {"client_id": client_id, "access_token": access_token},
    )
    refuse_strange(token.claims, issuer, nonce)
    try:
        claims.validate(now=int(now.timestamp()), leeway=LEEWAY)
        if claims["iat"] + FRESH < now.timestamp():
            raise Untrusted("iat")
    except JoseError as refusal:
        raise Untrusted(refusal.error or "claims") from refusal
    except (TypeError, ValueError, AttributeError) as refusal:
        raise Untrusted("claims") from refusal
    return dict(claims)


def refuse_strange(claims: Mapping[str, Any], issuer: str, nonce: str) -> None:
    """What must be equal to the letter. Raises Untrusted."""
    if claims.get("iss") != issuer:
        raise Untrusted("issuer")
    if claims.get("nonce") != nonce:
        raise Untrusted("nonce")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT or not subject.isprintable():
        raise Untrusted("subject")
