"""A provider that may do anything: it answers as it is told, on loopback, and keeps what it was asked."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from joserfc import jwt
from joserfc.jwk import RSAKey

from portal import clock

KEY = RSAKey.generate_key(2048, {"kid": "own", "use": "sig"})
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "own", "use": "sig"})


class HostileProvider:
    """Change `discovery`, `keys`, `claims`, `sign`, `token` or `answers` (by path) to change what it does.

    An answer may be a JSON object, or a function that is given the request and writes what it likes."""

    def __init__(self) -> None:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.server.daemon_threads = True
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.answers: dict[str, Any] = {}
        self.discovery: dict[str, Any] = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/me",
            "code_challenge_methods_supported": ["S256"],
        }
        self.keys: list[dict[str, Any]] = [dict(KEY.as_dict(private=False))]
        self.nonce = ""
        self.changes: dict[str, Any] = {}
        self.sign: Callable[[dict[str, Any]], Any] = signed
        self.token: dict[str, Any] = {}

    def claims(self) -> dict[str, Any]:
        """What an honest token would say, and what was changed of it: None leaves it out, a timedelta is from now."""
        now = int(clock.now().timestamp())
        honest = {
            "iss": self.issuer,
            "sub": "morgan",
            "aud": "impartial",
            "iat": now,
            "exp": now + 300,
            "nonce": self.nonce,
            "email": "morgan.reyes@lakeshore.example",
            "email_verified": True,
        }
        said = {name: value for name, value in (honest | self.changes).items() if value is not None}
        return {
            name: now + int(value.total_seconds()) if isinstance(value, timedelta) else value
            for name, value in said.items()
        }

    def answer(self, path: str) -> Any:
        if path in self.answers:
            return self.answers[path]
        if path == "/.well-known/openid-configuration":
            return self.discovery
        if path == "/keys":
            return {"keys": self.keys}
        if path == "/token":
            token = {"access_token": "t", "token_type": "Bearer", "id_token": self.sign(self.claims())}
            return token | self.token
        return None

    def handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.reply({})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                self.reply(dict(parse_qsl(body)))

            def reply(self, form: dict[str, str]) -> None:
                provider.asked.append((self.path, form))
                answer = provider.answer(self.path)
                if callable(answer):
                    answer(self)
                else:
                    self.send(200 if answer is not None else 404, json.dumps(answer).encode())

            def send(self, status: int, body: bytes, **headers: str) -> None:
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        return Handler


def signed(claims: dict[str, Any], algorithm: str = "RS256", key: Any = KEY, **header: Any) -> str:
    """A token of these claims, signed."""
    return jwt.encode({"alg": algorithm, "kid": "own", **header}, claims, key, algorithms=[algorithm])


def drip(request: Any) -> None:
    """Answer a byte at a time, each in good time, and never come to an end."""
    request.send_response(200)
    request.end_headers()
    try:
        while True:
            request.wfile.write(b" ")
            request.wfile.flush()
            time.sleep(0.05)
    except OSError:
        pass


@contextmanager
def hostile_provider() -> Iterator[HostileProvider]:
    """Within the block it answers in a thread of this process."""
    provider = HostileProvider()
    thread = threading.Thread(target=provider.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield provider
    finally:
        provider.server.shutdown()
        provider.server.server_close()
        thread.join()
