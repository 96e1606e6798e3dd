"""No token signs anybody in but the one that says everything right: a hostile provider tries the rest."""

import base64
import hashlib
import hmac
import json
import time
from datetime import timedelta
from threading import Thread

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import ECKey, OctKey, RSAKey

from portal import clock
from portal.outside.identity import (
    AT_ONCE,
    Attempt,
    Client,
    Identities,
    Misconfigured,
    ProviderDown,
    attempt,
    methods,
)
from portal.outside.tokens import Untrusted
from tests.hostile_provider import KEY, OTHER_KEY, drip, hostile_provider, signed

BACK = "http://localhost/sign-in/organization/return"
SECRET = "a secret that both know"


@pytest.fixture
def hostile():
    with hostile_provider() as provider:
        yield provider


@pytest.fixture
def identities():
    return Identities(is_strict=False)


def comes_back(identities, hostile, answer=None):
    """Who comes back from the hostile provider, which knows the nonce as a real one does."""
    made = attempt()
    hostile.nonce = made.nonce
    client = Client(hostile.issuer, "impartial", SECRET)
    given = {"state": made.state, "code": "c"} | (answer or {})
    return identities.who(client, made, given, BACK, clock.now())


def test_an_honest_token_shows_who_it_is(identities, hostile):
    shown = comes_back(identities, hostile)
    assert (shown.subject, shown.email, shown.is_email_verified) == (
        "morgan",
        "morgan.reyes@lakeshore.example",
        True,
    )


@pytest.mark.parametrize(("algorithm", "kind"), [("ES256", "P-256"), ("PS256", 2048), ("RS256", 2048)])
def test_the_three_ways_of_signing_are_taken(identities, hostile, algorithm, kind):
    key = (ECKey if algorithm == "ES256" else RSAKey).generate_key(kind, {"kid": "own"})
    hostile.discovery["id_token_signing_alg_values_supported"] = [algorithm]
    hostile.keys = [dict(key.as_dict(private=False))]
    hostile.sign = lambda claims: signed(claims, algorithm, key)
    assert comes_back(identities, hostile).subject == "morgan"


# --- what a token says


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"iss": ["a", "b"]},
        {"aud": "somebody else"},
        {"aud": ["somebody else"]},
        {"aud": []},
        {"aud": None},
        {"aud": ["impartial", "somebody else"]},
        {"aud": ["impartial", "somebody else"], "azp": "somebody else"},
        {"azp": "somebody else"},
        {"nonce": "another one"},
        {"nonce": None},
        {"nonce": ["a list"]},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
        {"sub": "with\x00zero"},
        {"exp": timedelta(minutes=-2)},
        {"exp": None},
        {"exp": "soon"},
        {"iat": None},
        {"iat": timedelta(hours=1)},
        {"iat": timedelta(hours=-1)},
        {"iat": "now"},
        {"nbf": timedelta(hours=1)},
        {"at_hash": "wrong"},
        {"amr": "not a list"},
    ],
    ids=str,
)
def test_a_token_that_says_one_thing_wrong_signs_nobody_in(identities, hostile, changes):
    hostile.changes = changes
    with pytest.raises(Untrusted):
        comes_back(identities, hostile)


def test_two_audiences_are_taken_when_it_was_made_for_us(identities, hostile):
    hostile.changes = {"aud": ["impartial", "another"], "azp": "impartial"}
    assert comes_back(identities, hostile).subject == "morgan"


@pytest.mark.parametrize("verified", [False, "true", 1, None, ["yes"]])
def test_an_address_counts_as_verified_only_when_it_is_said_so_exactly(identities, hostile, verified):
    hostile.changes = {"email_verified": verified}
    assert comes_back(identities, hostile).is_email_verified is False


def test_an_address_that_is_no_text_is_none(identities, hostile):
    hostile.changes = {"email": ["morgan.reyes@lakeshore.example"]}
    assert comes_back(identities, hostile).email == ""


# --- how it is signed


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def unsigned(claims, algorithm="none", signature=""):
    return f"{part({'alg': algorithm, 'kid': 'own'})}.{part(claims)}.{signature}"


def by_hand(claims, secret):
    """HS256 with any bytes as its secret, which no library of ours would do."""
    text = f"{part({'alg': 'HS256', 'kid': 'own'})}.{part(claims)}"
    made = hmac.new(secret, text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}"


def with_header(claims, **header):
    """Well signed, with a header that our library would not write."""
    text = f"{part({'alg': 'RS256', 'kid': 'own', **header})}.{part(claims)}"
    made = KEY.private_key.sign(text.encode(), PKCS1v15(), SHA256())
    return f"{text}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}"


def test_what_is_signed_by_hand_is_well_signed(identities, hostile):
    hostile.sign = with_header
    assert comes_back(identities, hostile).subject == "morgan"


def tampered(claims):
    head, _, tail = signed(claims).split(".")
    return f"{head}.{part(claims | {'sub': 'somebody else'})}.{tail}"


FORGERIES = {
    "none": unsigned,
    "None": lambda claims: unsigned(claims, "None"),
    "none with a signature": lambda claims: unsigned(claims, "none", signed(claims).split(".")[2]),
    "RS256 without a signature": lambda claims: unsigned(claims, "RS256"),
    "the client secret": lambda claims: signed(claims, "HS256", OctKey.import_key(SECRET)),
    "the public key as a secret": lambda claims: by_hand(claims, KEY.as_pem(private=False)),
    "another key of the same name": lambda claims: signed(claims, key=OTHER_KEY),
    "a key of another name": lambda claims: signed(claims, key=OTHER_KEY, kid="unheard of"),
    "RS512": lambda claims: signed(claims, "RS512"),
    "changed after signing": tampered,
    "a key that it carries": lambda claims: signed(
        claims, key=OTHER_KEY, kid="x", jwk=dict(OTHER_KEY.as_dict(private=False))
    ),
    "a demand we do not know": lambda claims: with_header(claims, crit=["x"], x=1),
    "encrypted": lambda claims: "a.b.c.d.e",
    "no token": lambda claims: None,
    "a number": lambda claims: 7,
    "an empty one": lambda claims: "",
    "two dots": lambda claims: "..",
    "not ASCII": lambda claims: "ü.ü.ü",
    "a list as header": lambda claims: f"{part([])}.{part(claims)}.x",
    "no object as claims": lambda claims: signed_list(),
}


def signed_list():
    from joserfc import jws

    return jws.serialize_compact({"alg": "RS256", "kid": "own"}, b"[]", KEY, algorithms=["RS256"])


@pytest.mark.parametrize("how", FORGERIES)
def test_a_forged_token_signs_nobody_in(identities, hostile, how):
    FORGERIES[how](
        hostile.claims()
    )  # what fails in the server's thread would look like a provider that is down
    hostile.sign = FORGERIES[how]
    with pytest.raises(Untrusted):
        comes_back(identities, hostile)


def test_a_key_too_short_or_of_a_secret_kind_is_passed_over(identities, hostile):
    with pytest.warns(UserWarning):
        short = RSAKey.generate_key(1024, {"kid": "own"})
    secret = {"kty": "oct", "kid": "own", "k": part("a secret of its own making")}
    for keys in ([dict(short.as_dict(private=False))], [secret], [{"kty": "RSA"}], ["text"], [], [{}]):
        hostile.keys = keys
        with pytest.raises(Misconfigured, match="no key that we can use"):
            identities.try_out(hostile.issuer)


def test_a_provider_cannot_make_us_look_for_keys_more_than_once_a_minute(identities, hostile):
    hostile.sign = lambda claims: signed(claims, kid="unheard of", key=OTHER_KEY)
    for _ in range(5):
        with pytest.raises(Untrusted):
            comes_back(identities, hostile)
    assert [path for path, _ in hostile.asked].count("/keys") == 2


def test_a_new_key_is_found_when_the_old_one_is_remembered(identities, hostile):
    comes_back(identities, hostile)
    newer = RSAKey.generate_key(2048, {"kid": "newer"})
    hostile.keys = [dict(newer.as_dict(private=False))]
    hostile.sign = lambda claims: signed(claims, key=newer, kid="newer")
    assert comes_back(identities, hostile).subject == "morgan"


# --- what is asked of it


def test_the_code_is_redeemed_with_the_secret_that_was_never_shown_before(identities, hostile):
    made = attempt()
    client = Client(hostile.issuer, "impartial", SECRET)
    address = identities.way_in(client, made, BACK)
    assert made.verifier not in address
    hostile.nonce = made.nonce
    identities.who(client, made, {"state": made.state, "code": "c"}, BACK, clock.now())
    (form,) = [form for path, form in hostile.asked if path == "/token"]
    assert form["code_verifier"] == made.verifier and form["redirect_uri"] == BACK
    challenge = (
        base64.urlsafe_b64encode(hashlib.sha256(made.verifier.encode()).digest()).rstrip(b"=").decode()
    )
    assert f"code_challenge={challenge}" in address


def test_userinfo_about_somebody_else_is_not_believed(identities, hostile):
    hostile.changes = {"email": None, "email_verified": None}
    hostile.answers["/me"] = {"sub": "the boss", "email": "boss@lakeshore.example", "email_verified": True}
    with pytest.raises(Untrusted, match="userinfo"):
        comes_back(identities, hostile)


def test_userinfo_adds_an_address_and_nothing_else(identities, hostile):
    hostile.changes = {"email": None, "email_verified": None}
    hostile.answers["/me"] = {
        "sub": "morgan",
        "email": "m@lakeshore.example",
        "email_verified": True,
        "iss": "x",
    }
    shown = comes_back(identities, hostile)
    assert (shown.email, shown.is_email_verified, shown.issuer) == (
        "m@lakeshore.example",
        True,
        hostile.issuer,
    )


def test_an_answer_that_names_another_issuer_is_refused_before_the_code_is_sent_anywhere(identities, hostile):
    with pytest.raises(Untrusted, match="issuer"):
        comes_back(identities, hostile, {"iss": "https://honest.example"})
    assert "/token" not in [path for path, _ in hostile.asked]


def test_a_provider_that_promises_to_name_itself_must(identities, hostile):
    hostile.discovery["authorization_response_iss_parameter_supported"] = True
    with pytest.raises(Untrusted, match="issuer"):
        comes_back(identities, hostile)
    assert comes_back(identities, hostile, {"iss": hostile.issuer}).subject == "morgan"


def test_an_empty_state_fits_no_attempt(identities, hostile):
    client = Client(hostile.issuer, "impartial", SECRET)
    for given in ({"code": "c"}, {"code": "c", "state": ""}):
        with pytest.raises(Untrusted, match="state"):
            identities.who(client, Attempt("s", "n", "v"), given, BACK, clock.now())


# --- what it says of itself


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://honest.example"},
        {"issuer": None},
        {"token_endpoint": None},
        {"authorization_endpoint": None},
        {"jwks_uri": ""},
        {"jwks_uri": 7},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "http://elsewhere.example/auth"},
        {"authorization_endpoint": "https://a.example\r\nSet-Cookie: x"},
        {"authorization_endpoint": "https://ü.example/auth"},
        {"end_session_endpoint": "data:text/html,x"},
        {"userinfo_endpoint": "file:///etc/passwd"},
        {"token_endpoint": "https://user@a.example/token"},
        {"token_endpoint": "https://[bad/token"},
        {"id_token_signing_alg_values_supported": ["HS256", "none"]},
        {"code_challenge_methods_supported": ["plain"]},
        {"response_types_supported": ["id_token"]},
    ],
    ids=str,
)
def test_a_provider_that_is_half_set_up_is_told_apart_before_anybody_is_sent_there(
    identities, hostile, changes
):
    hostile.discovery |= changes
    with pytest.raises(Misconfigured) as told:
        identities.discover(hostile.issuer)
    assert str(told.value).endswith(".")


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"<html>", b"{", b"\xff"], ids=str)
def test_what_is_no_answer_of_a_provider_is_taken_as_none(identities, hostile, body):
    hostile.answers["/.well-known/openid-configuration"] = lambda request: request.send(200, body)
    with pytest.raises(ProviderDown):
        identities.discover(hostile.issuer)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"<html>", b'{"access_token": null}'], ids=str)
def test_what_is_no_token_signs_nobody_in(identities, hostile, body):
    hostile.answers["/token"] = lambda request: request.send(200, body)
    with pytest.raises((ProviderDown, Untrusted)):
        comes_back(identities, hostile)


@pytest.mark.parametrize(
    "issuer",
    [
        "http://login.example",
        "ftp://login.example",
        "https://",
        "https://a@login.example",
        "https://login.example/#x",
        "https://login.example/?x=1",
        "https://login.example:99999",
        "//login.example",
        "login.example",
        "",
        "javascript:alert(1)",
    ],
)
def test_what_is_no_address_of_an_issuer_is_not_called(identities, issuer):
    with pytest.raises(Misconfigured, match="must"):
        identities.discover(issuer)


def test_what_a_provider_says_of_itself_is_asked_once_and_then_remembered(identities, hostile):
    for _ in range(3):
        identities.discover(hostile.issuer)
    assert len(hostile.asked) == 1


# --- time


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/keys", "/token", "/me"])
def test_a_provider_that_drips_is_given_up(hostile, path):
    identities = Identities(is_strict=False, longest=0.4)
    hostile.changes = {"email": None}
    hostile.answers[path] = drip
    began = time.perf_counter()
    with pytest.raises(ProviderDown):
        comes_back(identities, hostile)
    assert time.perf_counter() - began < 3


def test_a_slow_provider_takes_few_threads_and_no_others_wait_for_it(hostile):
    identities = Identities(is_strict=False, longest=2.0)
    hostile.answers["/.well-known/openid-configuration"] = drip
    ends = []

    def ask():
        began = time.perf_counter()
        with pytest.raises(ProviderDown):
            identities.discover(hostile.issuer)
        ends.append(time.perf_counter() - began)

    threads = [Thread(target=ask) for _ in range(AT_ONCE + 3)]
    for thread in threads:
        thread.start()
    with hostile_provider() as quick:
        began = time.perf_counter()
        identities.discover(quick.issuer)
        assert time.perf_counter() - began < 1
    for thread in threads:
        thread.join()
    assert len([each for each in ends if each < 1.5]) == 3
    assert len(hostile.asked) == AT_ONCE


# --- words


def test_only_plain_words_of_how_somebody_proved_it_are_kept():
    assert methods({"acr": "gold", "amr": ["pwd", "otp", "a@b.example", "x" * 40, 7, "two words"]}) == (
        "gold",
        "pwd",
        "otp",
    )
    assert methods({"acr": "urn:mace:silver", "amr": "pwd"}) == ()


def test_a_clients_secret_is_not_in_what_a_log_would_print():
    assert SECRET not in repr(Client("https://login.example", "impartial", SECRET))
