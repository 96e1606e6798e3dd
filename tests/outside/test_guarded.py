"""An address that somebody typed leads to the open Internet or nowhere, whatever its name says of it."""

import socket
import time

import pytest
import requests

from portal.outside.guarded import LARGEST, Calls, Guard, Private, Refused, is_public
from portal.outside.identity import Identities, ProviderDown
from tests.hostile_provider import drip, hostile_provider

PRIVATE = [
    "169.254.169.254",
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.0.0.1",
    "10.255.255.255",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "100.64.0.1",
    "192.0.0.1",
    "198.18.0.1",
    "192.0.2.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:8.8.8.8",
    "::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a00:1",
    "2002:a00:1::",
    "2001:0:a00:1::",
    "2001:db8::1",
    "fec0::1",
]
PUBLIC = ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "2a00:1450:4001::200e"]


@pytest.fixture
def hostile():
    with hostile_provider() as provider:
        yield provider


def session(guard, **options):
    made = requests.Session()
    made.trust_env = False
    made.mount("http://", Calls(guard, **options))
    return made


def names(*answers):
    """A resolver that gives one answer after the other, the last one for good."""
    left = list(answers)
    return lambda host, port: left.pop(0) if len(left) > 1 else left[0]


@pytest.mark.parametrize("address", PRIVATE)
def test_in_production_no_name_leads_into_a_private_network(address, monkeypatch):
    monkeypatch.setattr(socket, "create_connection", lambda *_: pytest.fail("called"))
    assert not is_public(address)
    with pytest.raises(Private):
        Guard(is_strict=True, resolve=names([address])).connect("login.example", 443, 1)
    with pytest.raises(Private):
        Guard(is_strict=True, resolve=names(["8.8.8.8", address])).connect("login.example", 443, 1)


@pytest.mark.parametrize("address", PUBLIC)
def test_the_very_address_that_was_judged_is_the_one_that_is_called(address, monkeypatch):
    called = []
    monkeypatch.setattr(socket, "create_connection", lambda place, timeout: called.append(place))
    Guard(is_strict=True, resolve=names([address], ["127.0.0.1"])).connect("login.example", 443, 1)
    assert called == [(address, 443)]


def test_outside_production_the_own_machine_is_called_and_no_other_private_address():
    guard = Guard(is_strict=False)
    assert [address for address in PRIVATE if guard.allows(address)] == ["127.0.0.1", "127.8.8.8", "::1"]


def test_a_name_that_turns_to_this_machine_between_two_calls_is_not_called_again(hostile):
    """Rebinding: the first answer is judged for the first call only."""
    strict = Guard(is_strict=True, resolve=names(["127.0.0.1"]))
    with pytest.raises(requests.ConnectionError):
        session(strict).get(hostile.issuer)
    assert hostile.asked == []


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "[::1]", "127.1", "2130706433", "0x7f.1", "localhost", "10.1.2.3"]
)
def test_an_address_typed_as_a_number_is_judged_like_any_other(host):
    with pytest.raises(ProviderDown):
        Identities(is_strict=True).discover(f"https://{host}")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(hostile, status):
    hostile.answers["/from"] = lambda request: request.send(status, b"", Location=f"{hostile.issuer}/to")
    with pytest.raises(Refused):
        session(Guard(is_strict=False)).get(f"{hostile.issuer}/from")
    assert [path for path, _ in hostile.asked] == ["/from"]


def test_an_answer_without_end_is_not_read_to_it(hostile):
    hostile.answers["/"] = lambda request: request.send(200, b" " * (LARGEST + 1))
    with pytest.raises(Refused, match="too long"):
        session(Guard(is_strict=False)).get(f"{hostile.issuer}/")


def test_a_small_answer_that_unpacks_to_a_large_one_is_not_unpacked(hostile):
    import gzip

    packed = gzip.compress(b" " * 100 * 1024**2)
    hostile.answers["/"] = lambda request: request.send(200, packed, **{"Content-Encoding": "gzip"})
    with pytest.raises(Refused):
        session(Guard(is_strict=False)).get(f"{hostile.issuer}/")


def test_headers_that_drip_end_with_the_time(hostile):
    def drip_headers(request):
        request.wfile.write(b"HTTP/1.1 200 OK\r\n")
        drip(request)

    hostile.answers["/"] = drip_headers
    began = time.perf_counter()
    with pytest.raises(requests.RequestException):
        session(Guard(is_strict=False), longest=0.3).get(f"{hostile.issuer}/")
    assert time.perf_counter() - began < 2


def test_no_proxy_of_the_environment_is_asked(hostile, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert Identities(is_strict=False).discover(hostile.issuer).issuer == hostile.issuer
