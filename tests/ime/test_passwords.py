"""What a password may be, and how it is kept."""

import time

import pytest
from argon2 import PasswordHasher

from portal.ime.passwords import (
    COMMON,
    LISTED,
    PATTERN,
    PERSONAL,
    TOO_LONG,
    TOO_SHORT,
    fits,
    hash_password,
    is_outdated,
    refuse_weak,
    weakness,
)
from portal.ime.process import Refusal

GOOD = [
    "a quiet harbor at dawn",
    "lampquarryviolinmoss",
    "839201746502938",
    "ŝtranga vorto kun ĉapeloj",
    "тихая гавань на рассвете",
    "密碼是很長的一個句子啊真的很長",
    "  spaces  around  it all ",
    "x7#Kq!mZ2$vB9@w",
    "🦉🌊🧭🪵🔔🍐🧵🪁🛶🥁🪴🎈🧊🪞🦔",
    "lowercaseonlyyet nobody's",
    "purple monkey dishwasher",
    "q" * 3 + "uiet harbor " * 9,
]
COMMON_ONES = [
    "passwordpassword",
    "Password12345678",
    "P@ssw0rd12345678",
    "password 2026 !!",
    "correct horse battery staple",
    "CorrectHorseBatteryStaple1",
    "iloveyouiloveyou",
    "letmein please 2026",
    "welcomewelcome1!",
    "administrator123",
    "To be, or not to be: that is the question!",
    "my secure password",
]
PATTERNS = [
    "aaaaaaaaaaaaaaaa",
    "abcabcabcabcabcabc",
    "abcdefghijklmnop",
    "123456789012345",
    "987654321098765",
    "qwertyuiopasdfgh",
    "1q2w3e4r5t6y7u8i",
    "               ",
    "zyxwvutsrqponmlk",
    "asdfghjkl;zxcvbnm",
]


@pytest.mark.parametrize("password", GOOD)
def test_any_composition_is_accepted_at_fifteen_characters_or_more(world, password):
    refuse_weak(password, world.coordinator)


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("lamp quarry vio", ""),
        ("lamp quarry vi", TOO_SHORT),
        ("", TOO_SHORT),
        ("ŝĉĝĥĵŭ ŝĉĝĥĵ vi", ""),
        ("lamp quarry violin moss " * 5 + "bellfry!", ""),
        ("lamp quarry violin moss " * 5 + "bellfry!!", TOO_LONG),
    ],
)
def test_fourteen_characters_are_too_few_and_128_are_not_too_many(password, reason):
    assert weakness(password) == reason


@pytest.mark.parametrize("password", COMMON_ONES)
def test_what_is_tried_first_is_refused_however_it_is_decorated(password):
    assert weakness(password) == COMMON


@pytest.mark.parametrize("password", PATTERNS)
def test_repetitions_and_rows_of_keys_are_refused(password):
    assert weakness(password) == PATTERN


@pytest.mark.parametrize(
    "password",
    [
        "Priya Nair 2026!",
        "priya.nair@impartial.example",
        "NairPriyaNairPriya",
        "1mpartialPr1ya!!",
        "Impartial Examinations",
        "Welcome2Impartial!!",
        "Impartial IME password 1",
    ],
)
def test_what_is_made_of_the_persons_the_offices_or_the_portals_name_is_refused(world, password):
    with pytest.raises(Refusal) as refused:
        refuse_weak(password, world.coordinator)
    assert (refused.value.sentence, refused.value.field) == (PERSONAL, "password")


def test_a_name_beside_words_of_ones_own_is_no_reason_to_refuse(world):
    refuse_weak("Priya counts lanterns", world.coordinator)


def test_the_list_holds_some_thousand_long_passwords_and_every_one_is_refused():
    long_ones = [line for line in LISTED.read_text(encoding="utf-8").split() if len(line) >= 15]
    assert len(long_ones) > 2_500
    assert [each for each in long_ones if not weakness(each)] == []


def test_a_long_hostile_password_is_judged_at_once():
    began = time.perf_counter()
    for hostile in ("a" * 64 + "b" * 64, "ab" * 64, "pass" * 32, "é" * 128, "\ud800" * 20, "\x00" * 20):
        weakness(hostile, ("a b c d " * 50,))
    assert time.perf_counter() - began < 1


def test_nothing_is_cut_off_or_folded():
    base = "lamp quarry violin moss " * 4  # 96 characters, beyond the 72 bytes at which bcrypt stops
    kept = hash_password(base + "one")
    assert fits(kept, base + "one")
    assert not fits(kept, base + "two")
    assert not fits(kept, (base + "one").upper())
    assert not fits(kept, base + "one ")


def test_a_letter_is_the_same_from_every_keyboard():
    assert fits(hash_password("un café au marché"), "un café au marché")


def test_what_is_kept_is_argon2id_and_salted():
    first, second = hash_password("lamp quarry violin moss"), hash_password("lamp quarry violin moss")
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$") and first != second
    assert not is_outdated(first)
    assert is_outdated(PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash("x"))


@pytest.mark.parametrize("kept", ["", "no hash at all", "$argon2id$broken"])
def test_where_no_hash_is_kept_nothing_fits_not_even_the_decoy(kept):
    assert not fits(kept, "no user has this password, it only takes the same time")
    assert not fits(kept, "")
    assert not fits(kept, "\ud800")
