"""Nobody reads a birth date or a claim number off the database, and a new key takes over while the portal runs."""

import subprocess
from datetime import date
from pathlib import Path

import pytest

from portal import db, rotation
from portal.ime import files
from portal.ime.panel import cases_of_claimant
from portal.models import Authenticator, Case, CaseKey, Claimant, ClaimNumber, Document, IdentityProvider
from portal.outside import vault as vaults
from portal.outside.vault import Altered, make_keys, vault
from portal.words import Stage
from tests.databases import ON_BOTH

BORN, NUMBER = date(1931, 2, 3), "QQ-1931-777555"
SECRETS = ("1931-02-03", NUMBER, "QQ1931777555", "qq1931777555", "JBSWY3DPEHPK3PXP", "client-secret-canary")


@pytest.fixture
def own_vault(tmp_path, monkeypatch):
    """A key of this test's own, so that it may be rotated."""

    def take(path):
        monkeypatch.setitem(vaults._connected, "vault", vaults.Vault(path))

    path = tmp_path / "own-key"
    path.write_bytes(vault().path.read_bytes())
    path.chmod(0o600)
    take(path)
    return take


@pytest.fixture
def secretive(world, case_at):
    """A case with one secret of each kind."""
    case = case_at(Stage.BOOKED)
    case.claimant.born_on = BORN
    case.claimant.save()
    ClaimNumber.create(case=case, number=NUMBER)
    Authenticator.create(user=world.referrer, secret="JBSWY3DPEHPK3PXP")
    IdentityProvider.create(
        organisation=world.referrer.organisation,
        issuer="https://id.example",
        client_id="portal",
        client_secret="client-secret-canary",
    )
    return case


def everything_in_the_database():
    """All bytes of it: of SQLite the files, of PostgreSQL a plain dump."""
    if db.is_sqlite():
        db.database.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        return b"".join(
            path.read_bytes() for path in Path(db.database.obj.database).parent.glob("portal.db*")
        )
    url = db.database.obj.database
    return subprocess.run(["pg_dump", f"--dbname={url}"], capture_output=True, check=True).stdout


@ON_BOTH
def test_no_byte_of_the_database_tells_what_is_sealed(secretive, backend):
    held = everything_in_the_database()
    assert b"Delgado" in held, "the canary's cage is the right one"
    assert [secret for secret in SECRETS if secret.encode() in held] == []


@ON_BOTH
def test_what_is_sealed_is_read_as_it_was_written(secretive, world, backend):
    case = Case.get_by_id(secretive.id)
    assert case.claimant.born_on == BORN
    assert NUMBER in [each.number for each in case.claim_numbers]
    assert Authenticator.get().secret == "JBSWY3DPEHPK3PXP"
    assert IdentityProvider.get().client_secret == "client-secret-canary"


@ON_BOTH
def test_no_birth_date_stays_no_birth_date(world, case_at, backend):
    claimant = case_at(Stage.DRAFT).claimant
    claimant.born_on = None
    claimant.save()
    assert (Claimant.get_by_id(claimant.id).born_on, Claimant.get_by_id(claimant.id).born_trace) == (None, "")


@ON_BOTH
def test_a_value_that_was_altered_or_moved_is_refused(secretive, case_at, backend):
    kept = db.database.execute_sql("SELECT number FROM claim_number ORDER BY id DESC LIMIT 1").fetchone()[0]
    Claimant.update(born_trace="x").execute()
    mark = "?" if db.is_sqlite() else "%s"
    db.database.execute_sql(
        f"UPDATE claimant SET born_on = {mark} WHERE id = {mark}", (kept, secretive.claimant.id)
    )
    with pytest.raises(Altered, match=r"claimant\.born_on"):
        Claimant.get_by_id(secretive.claimant.id)


@ON_BOTH
def test_the_same_person_is_known_in_two_cases_without_a_plain_birth_date(secretive, case_at, backend):
    other = case_at(Stage.MATCHING)
    assert secretive.id not in cases_of_claimant(other)
    other.claimant.name, other.claimant.born_on = secretive.claimant.name, BORN
    other.claimant.save()
    assert {secretive.id, other.id} <= cases_of_claimant(other).keys()


@ON_BOTH
def test_after_a_rotation_everything_opens_with_the_new_key_alone(secretive, own_vault, backend):
    before = rotation.keys_in_use(db.database.obj)
    document = Document.select().where(Document.case == secretive).first()
    with pytest.raises(rotation.StillNeeded):
        vaults.add_key(vault().path)
        rotation.finish()
    assert Claimant.get_by_id(secretive.claimant.id).born_on == BORN  # old ones open meanwhile
    assert rotation.rotate() > 20
    assert rotation.rotate() == 0
    assert rotation.keys_in_use(db.database.obj) == [vault().primary] != before
    assert rotation.finish() == 1
    assert rotation.finish() == 0
    own_vault(vault().path)
    assert Claimant.get_by_id(secretive.claimant.id).born_on == BORN
    assert NUMBER in [each.number for each in secretive.claim_numbers]
    assert files.is_intact(document)


@ON_BOTH
def test_a_rotation_that_was_cut_off_goes_on(secretive, own_vault, monkeypatch, backend):
    monkeypatch.setattr(rotation, "AT_ONCE", 3)
    real, done = rotation.vault().open, []

    def breaks(sealed, about):
        done.append(about)
        if len(done) == 8:
            raise SystemExit("killed")
        return real(sealed, about)

    with monkeypatch.context() as patched:
        patched.setattr(vault(), "open", breaks)
        with pytest.raises(SystemExit):
            rotation.rotate()
    assert len(rotation.keys_in_use(db.database.obj)) == 2
    total = sum(rotation.count_of_another(field, "none") for field in rotation.sealed_fields())
    assert rotation.rotate() == total - 6  # two batches of three were kept
    assert rotation.finish() == 1


def test_a_value_that_changes_while_it_is_sealed_anew_is_not_overwritten(secretive, own_vault, monkeypatch):
    real = vault().seal

    def slow(plain, about):
        if plain == NUMBER.encode() and not called:
            called.append(about)
            ClaimNumber.update(number="NEW-1").where(ClaimNumber.case == secretive).execute()
        return real(plain, about)

    called = []
    with monkeypatch.context() as patched:
        patched.setattr(vault(), "seal", slow)
        rotation.rotate()
    assert {each.number for each in secretive.claim_numbers} == {"NEW-1"}
    rotation.rotate()
    assert rotation.finish() == 1


def test_with_another_key_nothing_opens(secretive, own_vault, tmp_path):
    make_keys(tmp_path / "another")
    own_vault(tmp_path / "another")
    with pytest.raises(Altered):
        Claimant.get_by_id(secretive.claimant.id)
    with pytest.raises(Altered):
        CaseKey.select().get()
