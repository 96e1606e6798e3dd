"""A security key in software: makes passkeys and shows them as a browser would, and can cheat."""

import hashlib
import json
import secrets
from base64 import urlsafe_b64encode
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, ATTESTED = 1, 4, 64


def text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


class Device:
    """One passkey; `origin`, `host`, `flags` and `count` are what it says of itself, `key` what it signs with."""

    def __init__(self, origin: str = "http://localhost", host: str = "localhost") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id, self.count = secrets.token_bytes(32), 0
        self.origin, self.host = origin, host
        self.flags = PRESENT | VERIFIED

    def makes(self, options: str) -> str:
        """The answer to a request for a new passkey."""
        point = self.key.public_key().public_numbers()
        public = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)})
        held = bytes(16) + len(self.id).to_bytes(2) + self.id + public
        data = self.says(self.flags | ATTESTED) + held
        attested = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self.answers(
            {
                "clientDataJSON": text(self.client("webauthn.create", options)),
                "attestationObject": text(attested),
            }
        )

    def shows(self, options: str) -> str:
        """The answer to a request to show the passkey; it counts each time."""
        self.count += 1
        data, client = self.says(self.flags), self.client("webauthn.get", options)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        parts = {"clientDataJSON": client, "authenticatorData": data, "signature": signature}
        return self.answers({name: text(raw) for name, raw in parts.items()})

    def says(self, flags: int) -> bytes:
        return hashlib.sha256(self.host.encode()).digest() + bytes([flags]) + self.count.to_bytes(4)

    def client(self, kind: str, options: str) -> bytes:
        said = {"type": kind, "challenge": json.loads(options)["challenge"], "origin": self.origin}
        return json.dumps(said).encode()

    def answers(self, response: dict[str, Any]) -> str:
        return json.dumps(
            {
                "id": text(self.id),
                "rawId": text(self.id),
                "type": "public-key",
                "response": response,
                "clientExtensionResults": {},
            }
        )
