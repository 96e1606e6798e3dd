"""A passkey proves one person, at one portal, once; on either database."""

import threading

import pytest

from portal import db
from portal.ime.passkeys import (
    MOST_PASSKEYS,
    add_passkey,
    assertion_options,
    new_challenge,
    passkeys_of,
    registration_options,
    site_at,
    use_passkey,
)
from portal.ime.process import Refusal
from portal.models import Passkey
from tests.databases import ON_BOTH
from tests.passkey_device import Device

SITE = site_at("http://localhost")


def adds(user, device, challenge=None):
    challenge = challenge or new_challenge()
    answer = device.makes(registration_options(user, SITE, challenge))
    add_passkey(user, answer, site=SITE, challenge=challenge, name="Key")


@ON_BOTH
def test_a_passkey_is_kept_and_shown_and_counts(world, backend):
    device = Device()
    adds(world.expert, device)
    for count in (1, 2):
        challenge = new_challenge()
        answer = device.shows(assertion_options(world.expert, SITE, challenge))
        use_passkey(world.expert, answer, site=SITE, challenge=challenge)
        assert [row.sign_count for row in passkeys_of(world.expert)] == [count]
        with pytest.raises(Refusal):
            use_passkey(world.expert, answer, site=SITE, challenge=challenge)


@ON_BOTH
def test_of_two_who_show_one_answer_at_once_one_comes_in(world, backend):
    device, challenge = Device(), new_challenge()
    adds(world.expert, device)
    answer = device.shows(assertion_options(world.expert, SITE, challenge))
    begin, done = threading.Barrier(4), []

    def shows():
        begin.wait()
        try:
            use_passkey(world.expert, answer, site=SITE, challenge=challenge)
            done.append(1)
        except Refusal:
            pass
        finally:
            db.database.close()

    threads = [threading.Thread(target=shows) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [1]


@ON_BOTH
def test_a_passkey_of_another_is_refused_even_with_a_true_signature(world, backend):
    device, challenge = Device(), new_challenge()
    adds(world.expert, device)
    answer = device.shows(assertion_options(world.expert, SITE, challenge))
    with pytest.raises(Refusal):
        use_passkey(world.coordinator, answer, site=SITE, challenge=challenge)


def test_a_new_passkey_was_made_for_this_challenge_and_by_an_unlocked_device(world):
    with pytest.raises(Refusal):
        answer = Device().makes(registration_options(world.expert, SITE, new_challenge()))
        add_passkey(world.expert, answer, site=SITE, challenge=new_challenge(), name="Key")
    locked = Device()
    locked.flags = 1
    with pytest.raises(Refusal):
        adds(world.expert, locked)
    for elsewhere in (Device(origin="http://evil.example"), Device(host="evil.example")):
        with pytest.raises(Refusal):
            adds(world.expert, elsewhere)
    assert not Passkey.select().exists()


def test_nobody_keeps_passkeys_without_end(world):
    for number in range(MOST_PASSKEYS):
        Passkey.create(user=world.expert, name="Key", credential_id=bytes([number]), public_key=b"x")
    with pytest.raises(Refusal, match="do not use any more"):
        adds(world.expert, Device())


@pytest.mark.parametrize(
    ("url", "origin", "host"),
    [
        ("https://portal.example", "https://portal.example", "portal.example"),
        ("https://portal.example:8443/under", "https://portal.example:8443", "portal.example"),
        ("http://localhost:8000", "http://localhost:8000", "localhost"),
    ],
)
def test_the_site_is_the_configured_address(url, origin, host):
    assert (site_at(url).origin, site_at(url).host) == (origin, host)
