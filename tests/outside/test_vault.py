"""What is sealed opens only where it belongs, with a key that only its owner can read, and after every rotation."""

import json
import multiprocessing
import secrets

import pytest

from portal.config import Config, Unsafe
from portal.outside import vault as vaults
from portal.outside.vault import Altered, Vault, add_key, drop_old_keys, make_keys

HERE = "claimant.born_on"


@pytest.fixture
def path(tmp_path):
    make_keys(tmp_path / "key")
    return tmp_path / "key"


def test_what_was_sealed_opens(path):
    sealed = Vault(path).seal("Peña 中".encode(), HERE)
    assert Vault(path).open(sealed, HERE).decode() == "Peña 中"
    assert sealed.isascii()


def test_the_same_text_is_sealed_differently_each_time(path):
    assert len({Vault(path).seal(b"1979-05-14", HERE) for _ in range(9)}) == 9


def test_no_altered_letter_and_no_other_place_opens(path):
    vault = Vault(path)
    sealed = vault.seal(b"1979-05-14", HERE)
    for place in range(len(sealed)):
        for letter in {*"ABab01=", sealed[place].swapcase()} - {sealed[place]}:
            with pytest.raises(Altered, match=HERE):
                vault.open(sealed[:place] + letter + sealed[place + 1 :], HERE)
    with pytest.raises(Altered):
        vault.open(sealed, "claim_number.number")


@pytest.mark.parametrize(
    "text", ["1979-05-14", "", ":", "1:zz:zz", "1::", "2:00000000:AAAA", "1:é:é", "1:12:%"]
)
def test_what_was_never_sealed_is_refused(path, text):
    with pytest.raises(Altered):
        Vault(path).open(text, HERE)


def test_a_text_of_another_portal_does_not_open(path, tmp_path):
    make_keys(tmp_path / "other")
    with pytest.raises(Altered):
        Vault(path).open(Vault(tmp_path / "other").seal(b"x", HERE), HERE)


def test_only_its_owner_reads_the_key_and_it_is_made_once(path):
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_bytes()
    make_keys(path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def make_and_seal(path):
    return Vault(path, makes=True).seal(b"x", HERE)


def test_processes_that_begin_at_once_make_one_key(tmp_path):
    path = tmp_path / "instance" / "key"
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        sealed = pool.map(make_and_seal, [path] * 8)
    assert {Vault(path).open(each, HERE) for each in sealed} == {b"x"}


@pytest.mark.parametrize(
    "held", ["", "{}", "[]", "no key", '{"sealing": {}, "finding": {}}', '{"sealing": 1, "finding": 2}']
)
def test_a_file_without_keys_is_refused(tmp_path, held):
    path = tmp_path / "key"
    path.touch(mode=0o600)
    path.write_text(held)
    with pytest.raises(Unsafe, match="holds no keys"):
        Vault(path)


def test_a_key_that_is_missing_or_open_to_others_is_refused(path):
    path.chmod(0o640)
    with pytest.raises(Unsafe, match="read by others"):
        Vault(path)
    path.unlink()
    with pytest.raises(Unsafe, match="is not there"):
        Vault(path)


def test_a_key_that_goes_away_is_missed_and_not_made_anew(tmp_path):
    vault = Vault(tmp_path / "key", makes=True)
    vault.seal(b"x", HERE)
    (tmp_path / "key").unlink()
    with pytest.raises(Unsafe, match="gone"):
        vault.seal(b"x", HERE)
    assert not (tmp_path / "key").exists()


def test_after_a_rotation_old_and_new_open_until_the_old_key_is_dropped(path):
    vault = Vault(path)
    old, trace = vault.seal(b"x", HERE), vault.trace("x", HERE)
    new_key = add_key(path)
    new = vault.seal(b"x", HERE)  # the very vault that began with the old key
    assert new.split(":")[1] == new_key != old.split(":")[1]
    assert vault.open(old, HERE) == vault.open(new, HERE) == b"x"
    assert add_key(path) == new_key  # a rotation under way goes on
    with pytest.raises(Unsafe, match="Another rotation"):
        drop_old_keys(path, old.split(":")[1])
    drop_old_keys(path, new_key)
    assert vault.trace("x", HERE) == trace
    assert Vault(path).open(new, HERE) == b"x"
    with pytest.raises(Altered):
        Vault(path).open(old, HERE)
    assert len(json.loads(path.read_text())["sealing"]["key"]) == 1
    assert path.stat().st_mode & 0o777 == 0o600


def test_two_who_rotate_at_once_make_one_new_key(path):
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        made = set(pool.map(add_key, [path] * 8))
    assert made == {Vault(path).primary}
    assert len(json.loads(path.read_text())["sealing"]["key"]) == 2


def test_a_vault_opens_what_another_process_sealed_with_a_newer_key(path):
    early = Vault(path)
    add_key(path)
    assert early.open(Vault(path).seal(b"x", HERE), HERE) == b"x"


def test_a_trace_is_the_same_for_the_same_text_of_the_same_place_only(path, tmp_path):
    vault = Vault(path)
    trace = vault.trace("lm2026004417", HERE)
    assert trace == Vault(path).trace("lm2026004417", HERE)
    assert trace.isalpha() and trace.islower() and len(trace) == 32
    assert trace not in {
        vault.trace("lm2026004417", "claim_number.number"),
        vault.trace("lm2026004418", HERE),
    }
    make_keys(tmp_path / "other")
    assert trace != Vault(tmp_path / "other").trace("lm2026004417", HERE)


SECRET = secrets.token_urlsafe(32)

# --- starting ---------------------------------------------------------------------------------------------------

PRODUCTION = {
    "IMPARTIAL_MODE": "production",
    "IMPARTIAL_SECRET": "k7Qz-tests-alone-know-this-9WmXv2LbT",
    "IMPARTIAL_URL": "https://portal.example",
}


def starts(tmp_path, **settings):
    place = {
        "IMPARTIAL_INSTANCE": str(tmp_path / "instance"),
        "IMPARTIAL_BACKUP_FOLDER": str(tmp_path / "backups"),
        "IMPARTIAL_ANCHOR_FILE": str(tmp_path / "anchor"),
    }
    return Config.from_environment(
        {**PRODUCTION, **place, "IMPARTIAL_BACKUP_KEY_FILE": str(tmp_path / "backup-key"), **settings}
    )


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({}, "must be given"),
        ({"IMPARTIAL_KEY_FILE": "{}/instance/key"}, "outside"),
        ({"IMPARTIAL_KEY_FILE": "{}/backups/key"}, "outside"),
        ({"IMPARTIAL_KEY_FILE": "{}/files/deep/key", "STORE_URL": "file://{}/files"}, "outside"),
    ],
)
def test_production_does_not_start_without_a_key_in_a_place_of_its_own(tmp_path, settings, why):
    with pytest.raises(Unsafe, match=f"IMPARTIAL_KEY_FILE.*{why}"):
        starts(tmp_path, **{name: value.format(tmp_path) for name, value in settings.items()})


def test_production_does_not_start_with_a_key_that_is_not_there(tmp_path):
    config = starts(tmp_path, IMPARTIAL_KEY_FILE=str(tmp_path / "key"))
    with pytest.raises(Unsafe, match="not there"):
        vaults.connect(config)


def test_a_secret_may_come_in_a_file(tmp_path):
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    (tmp_path / "secret").chmod(0o600)
    (tmp_path / "mail").touch(mode=0o600)
    (tmp_path / "mail").write_text("smtp://user:password@mail.example:587\n")
    config = starts(
        tmp_path,
        IMPARTIAL_KEY_FILE=str(tmp_path / "key"),
        IMPARTIAL_SECRET="",
        IMPARTIAL_SECRET_FILE=str(tmp_path / "secret"),
        SMTP_URL_FILE=str(tmp_path / "mail"),
    )
    assert config.secret == SECRET
    assert config.mail_url == "smtp://user:password@mail.example:587"
    with pytest.raises(Unsafe, match="IMPARTIAL_SECRET_FILE"):
        starts(tmp_path, IMPARTIAL_SECRET="", IMPARTIAL_SECRET_FILE=str(tmp_path / "none"))
