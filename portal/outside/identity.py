"""Signing people in at their organisation's own provider, by OpenID Connect: the authorization code flow with PKCE."""

import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from threading import BoundedSemaphore
from typing import Any
from urllib.parse import SplitResult, quote_plus, urlencode, urlsplit

from portal.outside.tokens import ALGORITHMS, Keys, Untrusted, check, signed_by, usable

SCOPE = "openid email"
KNOWN_FOR = 600.0  # seconds for which what a provider says of itself is remembered
AT_ONCE = 2  # calls to one provider at a time: a slow one must not take the threads that everybody else needs
QUEUE = 0.5  # seconds that one more call waits for its turn
PLAIN_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}", re.ASCII)
OWN_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
BASIC, POST = "client_secret_basic", "client_secret_post"


class ProviderDown(Exception):
    """The provider cannot be reached, or does not answer as one does."""


class Misconfigured(Exception):
    """What is set up does not fit what the provider says of itself; the text is a sentence for whoever set it up."""


@dataclass(frozen=True)
class Client:
    """What the portal is to one provider."""

    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)


@dataclass(frozen=True)
class Provider:
    """What a provider says of itself in its discovery document."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    end_session_endpoint: str = ""
    proof: str = BASIC  # how it wants the client's secret
    names_itself: bool = False  # its answers carry `iss` (RFC 9207)


@dataclass(frozen=True)
class Attempt:
    """What the portal must know again when the person comes back: three secrets, each good for once."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True)
class Shown:
    """Who the provider says somebody is; `methods` are plain words about how they proved it."""

    issuer: str
    subject: str
    email: str = ""
    is_email_verified: bool = False
    methods: tuple[str, ...] = ()


def attempt() -> Attempt:
    """A new attempt."""
    return Attempt(*(secrets.token_urlsafe(32) for _ in range(3)))


class Identities:
    """The client of every provider. `is_strict` in production: https alone, and never into a private network.

    `resolve` finds the addresses of a name, `longest` is how many seconds a whole answer may take."""

    def __init__(
        self,
        *,
        is_strict: bool,
        resolve: Callable[[str, int], list[str]] | None = None,
        longest: float | None = None,
    ) -> None:
        self.is_strict, self.resolve, self.longest = is_strict, resolve, longest
        self.providers: dict[str, tuple[float, Provider]] = {}
        self.turns: dict[str, BoundedSemaphore] = {}
        self.keys = Keys(self.fetch)

    # --- what the provider says of itself

    def discover(self, issuer: str, *, anew: bool = False) -> Provider:
        """What this issuer says of itself, remembered for a while. Raises Misconfigured and ProviderDown."""
        if self.place(issuer, "The issuer").query:
            raise Misconfigured("The issuer must have no question mark.")
        kept = self.providers.get(issuer)
        if kept and not anew and kept[0] + KNOWN_FOR > time.monotonic():
            return kept[1]
        provider = self.read(issuer, self.fetch(f"{issuer.rstrip('/')}/.well-known/openid-configuration"))
        self.providers[issuer] = (time.monotonic(), provider)
        return provider

    def try_out(self, issuer: str) -> Provider:
        """What this issuer says of itself now, with keys that can be used. Raises Misconfigured and ProviderDown."""
        provider = self.discover(issuer, anew=True)
        if not usable(self.fetch(provider.jwks_uri)):
            raise Misconfigured("The provider publishes no key that we can use.")
        return provider

    def read(self, issuer: str, said: Mapping[str, Any]) -> Provider:
        """The provider that a discovery document describes. Raises Misconfigured."""
        if said.get("issuer") != issuer:
            raise Misconfigured(
                "The provider names another issuer. Copy it exactly, to the slash at its end."
            )
        refuse_unfit(said)
        needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        offered = [name for name in ("userinfo_endpoint", "end_session_endpoint") if said.get(name)]
        for name in (*needed, *offered):
            self.place(said.get(name), f"What the provider names as {name}")
        ways = listed(said, "token_endpoint_auth_methods_supported", BASIC)
        return Provider(
            issuer=issuer,
            **{name: str(said[name]) for name in (*needed, *offered)},
            proof=BASIC if BASIC in ways else POST,
            names_itself=said.get("authorization_response_iss_parameter_supported") is True,
        )

    def place(self, address: Any, what: str) -> SplitResult:
        """The parts of an address that we may call or send people to: https; outside production also http on this
        machine. Raises Misconfigured."""
        text = address if isinstance(address, str) and address.isascii() and address.isprintable() else ""
        try:
            parts = urlsplit(text)
            is_plain = bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
        except ValueError:
            parts, is_plain = urlsplit(""), False
        is_own = not self.is_strict and parts.scheme == "http" and parts.hostname in OWN_HOSTS
        if not is_plain or "#" in text or "\\" in text or not (parts.scheme == "https" or is_own):
            raise Misconfigured(f"{what} must be an address that begins with https://.")
        return parts

    # --- there and back

    def way_in(self, client: Client, attempt: Attempt, redirect_uri: str) -> str:
        """The address at the provider where the person signs in. Raises Misconfigured and ProviderDown."""
        provider = self.discover(client.issuer)
        address, _ = self.session(client, provider, redirect_uri).create_authorization_url(
            provider.authorization_endpoint,
            state=attempt.state,
            nonce=attempt.nonce,
            code_verifier=attempt.verifier,
        )
        return str(address)

    def who(
        self, client: Client, attempt: Attempt, answer: Mapping[str, str], redirect_uri: str, now: datetime
    ) -> Shown:
        """Who came back with this answer. Raises Untrusted, Misconfigured and ProviderDown."""
        provider = self.discover(client.issuer)
        refuse_answer(provider, attempt, answer)
        session = self.session(client, provider, redirect_uri)
        given = self.redeem(session, provider, answer["code"], attempt)
        claims = check(
            signed_by(self.keys, provider.jwks_uri, given.get("id_token")),
            issuer=provider.issuer,
            client_id=client.client_id,
            nonce=attempt.nonce,
            access_token=given.get("access_token"),
            now=now,
        )
        if "email" not in claims and provider.userinfo_endpoint:
            claims |= self.ask_more(session, provider, claims["sub"])
        return shown(claims)

    def way_out(self, client: Client, back: str) -> str:
        """The address at the provider where the person signs out, empty where it offers none. Raises as `way_in`.

        No token goes along as a hint: it would carry the person's e-mail address in an address of a page."""
        leave = self.discover(client.issuer).end_session_endpoint
        more = urlencode({"client_id": client.client_id, "post_logout_redirect_uri": back})
        return f"{leave}{'&' if '?' in leave else '?'}{more}" if leave else ""

    def redeem(self, session: Any, provider: Provider, code: str, attempt: Attempt) -> Mapping[str, Any]:
        """What the provider gives for the code. Raises Untrusted and ProviderDown."""
        from authlib.integrations.base_client import OAuthError
        from requests import RequestException

        with self.turn(provider.token_endpoint):
            try:
                return dict(
                    session.fetch_token(
                        provider.token_endpoint,
                        code=code,
                        code_verifier=attempt.verifier,
                        auth=proof(session),
                    )
                )
            except OAuthError as refusal:
                raise Untrusted("code") from refusal
            except (RequestException, ValueError, TypeError, KeyError, AttributeError) as failure:
                raise ProviderDown("It gives no token.") from failure

    def ask_more(self, session: Any, provider: Provider, subject: str) -> dict[str, Any]:
        """The e-mail address as the provider's userinfo has it. Raises Untrusted when it speaks of somebody else."""
        said = self.get(session, provider.userinfo_endpoint)
        if said.get("sub") != subject:
            raise Untrusted("userinfo")
        return {name: said[name] for name in ("email", "email_verified") if name in said}

    # --- calling

    def session(self, client: Client, provider: Provider | None = None, redirect_uri: str = "") -> Any:
        """Authlib's session with a provider, which calls only where we may call."""
        from authlib.integrations.requests_client import OAuth2Session

        from portal.outside.guarded import LONGEST, Calls, Guard, resolved

        session = OAuth2Session(
            client.client_id,
            client.client_secret or None,
            token_endpoint_auth_method=provider.proof if provider and client.client_secret else "none",
            scope=SCOPE,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            leeway=0,  # the one more thing asked is asked at once
            trust_env=False,
        )
        calls = Calls(
            Guard(is_strict=self.is_strict, resolve=self.resolve or resolved), self.longest or LONGEST
        )
        session.mount("https://", calls)
        session.mount("http://", calls)
        return session

    def fetch(self, address: str) -> dict[str, Any]:
        """The JSON object at an address that asks nobody who they are. Raises ProviderDown."""
        return self.get(self.session(Client("", "")), address, withhold_token=True)

    def get(self, session: Any, address: str, **options: Any) -> dict[str, Any]:
        from authlib.integrations.base_client import OAuthError
        from requests import RequestException

        with self.turn(address):
            try:
                response = session.get(address, headers={"Accept": "application/json"}, **options)
                response.raise_for_status()
                said = response.json()
            except (RequestException, OAuthError, ValueError, TypeError) as failure:
                raise ProviderDown("It does not answer.") from failure
        if not isinstance(said, dict):
            raise ProviderDown("It does not answer as a provider does.")
        return said

    @contextmanager
    def turn(self, address: str) -> Iterator[None]:
        """Within the block it is our turn to call this host. Raises ProviderDown when too many others do."""
        turns = self.turns.setdefault(urlsplit(address).netloc, BoundedSemaphore(AT_ONCE))
        if not turns.acquire(timeout=QUEUE):
            raise ProviderDown("Others are waiting for it already.")
        try:
            yield
        finally:
            turns.release()


def proof(session: Any) -> Any:
    """How a session proves who we are: Authlib leaves out the encoding that RFC 6749, 2.3.1 asks for; None: its way."""
    if session.token_endpoint_auth_method != BASIC:
        return None
    return quote_plus(session.client_id), quote_plus(session.client_secret)


def listed(said: Mapping[str, Any], name: str, default: str) -> list[Any]:
    """A list of a discovery document, or what it means to leave it out."""
    found = said.get(name)
    return found if isinstance(found, list) else [default]


def refuse_unfit(said: Mapping[str, Any]) -> None:
    """A provider that cannot do what we need. Raises Misconfigured."""
    if not set(map(str, listed(said, "id_token_signing_alg_values_supported", "RS256"))) & set(ALGORITHMS):
        raise Misconfigured("The provider signs in none of the ways we trust: RS256, ES256 or PS256.")
    if "S256" not in listed(said, "code_challenge_methods_supported", "S256"):
        raise Misconfigured("The provider does not support PKCE with S256.")
    if "code" not in listed(said, "response_types_supported", "code"):
        raise Misconfigured("The provider does not support the authorization code flow.")


def refuse_answer(provider: Provider, attempt: Attempt, answer: Mapping[str, str]) -> None:
    """An answer to another attempt, of another provider, or none at all. Raises Untrusted.

    Authlib accepts an answer that names a wrong issuer, so it is compared here (RFC 9207)."""
    if not secrets.compare_digest(answer.get("state", "").encode(), attempt.state.encode()):
        raise Untrusted("state")
    named = answer.get("iss")
    if (named is None and provider.names_itself) or (named is not None and named != provider.issuer):
        raise Untrusted("issuer")
    if "error" in answer:
        raise Untrusted("declined")
    if not answer.get("code"):
        raise Untrusted("code")


def shown(claims: Mapping[str, Any]) -> Shown:
    """What of checked claims the portal uses."""
    email = claims.get("email")
    return Shown(
        issuer=claims["iss"],
        subject=claims["sub"],
        email=email if isinstance(email, str) else "",
        is_email_verified=claims.get("email_verified") is True,
        methods=methods(claims),
    )


def methods(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """How somebody proved who they are, as far as plain words say it (`acr`, then `amr`)."""
    said = claims.get("amr")
    words = [claims.get("acr"), *(said[:8] if isinstance(said, list) else ())]
    return tuple(word for word in words if isinstance(word, str) and PLAIN_WORD.fullmatch(word))
