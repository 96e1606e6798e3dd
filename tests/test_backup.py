"""A backup brings the whole portal back, byte for byte, or is refused in a sentence and leaves nothing behind."""

import io
import json
import stat
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from peewee import DatabaseError

from portal import backup, clock, db, outside, restore, rotation
from portal.audit import seals
from portal.audit.verify import verify
from portal.backup import BackupError
from portal.config import Config, Unsafe
from portal.ime import files
from portal.ime.messages import post_message
from portal.models import TABLES, AuditRecord, Case, Document, User
from portal.outside import vault as vaults
from portal.outside.store import Store
from portal.outside.vault import make_keys, vault
from portal.words import Stage
from tests.conftest import open_database
from tests.databases import ON_BOTH
from tests.test_commands import said_by

MORNING = datetime(2026, 3, 4, 5, 0, tzinfo=UTC)


@pytest.fixture
def config(app, tmp_path):
    """The portal's own, with a key, a folder for backups and a folder for copies under way."""
    backup.make_key(tmp_path / "key")
    (tmp_path / "instance").mkdir()
    return replace(
        app.config["IMPARTIAL"],
        instance=tmp_path / "instance",
        backup_folder=tmp_path / "backups",
        backup_key_file=tmp_path / "key",
    )


@pytest.fixture
def made(world, config):
    """A backup of the small world, and of one file that the store takes in several pieces."""
    case = Case.select().first()
    kept = files.keep(case, io.BytesIO(bytes(12 * 1024 * 1024)), limit=16 * 1024 * 1024)
    said = {
        "case": case,
        "kind": "other",
        "name": "X-ray.pdf",
        "media_type": "application/pdf",
    }
    Document.create(**said, size=kept.size, sha256=kept.sha256, key=kept.key)
    file, _ = backup.back_up(config, config.backup_folder)
    yield file
    outside.store().delete(kept.key)


@pytest.fixture
def elsewhere(tmp_path):
    """An empty SQLite portal: its database and its store."""
    target = db.open_database(f"sqlite:///{tmp_path / 'elsewhere.db'}")
    yield target, Store(f"file://{tmp_path / 'elsewhere'}")
    target.close()


def rows_of(database):
    return {model: sorted(model.select().tuples().execute(database), key=repr) for model in TABLES}


def is_empty(target, store):
    return target.get_tables() == [] and list(store.folder.iterdir()) == []


def nothing_under_way(config):
    return list(config.instance.iterdir()) == [] and list(config.backup_folder.glob("*.part")) == []


def test_a_restored_portal_is_equal_in_every_row_and_every_byte_and_its_cases_go_on(
    made, config, elsewhere, case_at, monkeypatch, tmp_path
):
    target, store = elsewhere
    manifest = restore.restore(config, made, target, store)
    assert rows_of(target) == rows_of(db.database.obj)
    documents = list(Document.select())
    assert manifest["rows"]["document"] == len(documents) == len(list(store.keys())) > 20
    assert all(store.read(row.key) == outside.store().read(row.key) for row in documents)
    assert nothing_under_way(config)
    assert {stat.S_IMODE(each.stat().st_mode) for each in tmp_path.glob("elsewhere.db*")} == {0o600}
    number = case_at(Stage.MATCHING).id
    monkeypatch.setitem(outside._connected, "store", store)
    target.close()
    open_database(f"sqlite:///{target.database}")
    case = Case.get_by_id(number)
    before = case.messages.count()
    post_message(case, by=User.get_by_id(case.referrer_id), text="Is there an expert yet?")
    assert case.messages.count() == before + 1


def test_a_backup_of_postgres_is_restored_into_an_empty_postgres(
    copied, config, request, make_postgres, elsewhere
):
    original = request.getfixturevalue("told_postgres")
    open_database(original.place)
    file, manifest = backup.back_up(config, config.backup_folder)
    wanted = rows_of(db.database.obj)
    assert restore.rehearse(config, file) == manifest
    with pytest.raises(BackupError, match="This backup is of postgresql, and DATABASE_URL is sqlite"):
        restore.restore(config, file, *elsewhere)
    assert is_empty(*elsewhere)
    target, store = db.open_database(make_postgres()), elsewhere[1]
    restore.restore(config, file, target, store)
    assert rows_of(target) == wanted
    target.close()


@ON_BOTH
def test_a_backup_whose_audit_trail_was_tampered_with_is_refused_and_leaves_nothing_behind(
    world, config, tmp_path, request, backend
):
    """What was altered in the running portal before the backup is found when it is restored, on each database."""
    seals.seal(tmp_path / "anchor")
    number = forged_record(backend)
    file, _ = backup.back_up(config, config.backup_folder)
    place = (
        request.getfixturevalue("make_postgres")()
        if backend == "postgresql"
        else f"sqlite:///{tmp_path / 'new.db'}"
    )
    target, store = db.open_database(place), Store(f"file://{tmp_path / 'elsewhere'}")
    for _ in range(2):  # the second time shows that the first left no table and no function behind
        with pytest.raises(BackupError, match=f"not whole. Record {number} was altered"):
            restore.restore(config, file, target, store)
        assert is_empty(target, store) and nothing_under_way(config)
    target.close()


def forged_record(backend):
    """The number of a record that somebody edits who owns the database and puts the triggers to sleep."""
    number = AuditRecord.select().order_by(AuditRecord.id.desc()).get().id
    edit = f"UPDATE audit_record SET party = 'x' WHERE id = {number}"
    if backend == "sqlite":
        [[trigger]] = db.database.execute_sql(
            "SELECT sql FROM sqlite_master WHERE name = 'audit_record_unchanged'"
        ).fetchall()
        for statement in ("DROP TRIGGER audit_record_unchanged", edit, trigger):
            db.database.execute_sql(statement)
        return number
    for statement in (
        "ALTER TABLE audit_record DISABLE TRIGGER ALL", edit, "ALTER TABLE audit_record ENABLE TRIGGER ALL",
    ):  # fmt: skip
        db.database.execute_sql(statement)
    return number


def test_a_restored_portal_has_a_whole_audit_trail_and_goes_on_with_it(world, config, elsewhere, tmp_path):
    seals.seal(tmp_path / "anchor")
    file, _ = backup.back_up(config, config.backup_folder)
    target, store = elsewhere
    restore.restore(config, file, target, store)
    walk = verify(target, tmp_path / "anchor")
    assert (walk.is_whole, walk.records) == (True, AuditRecord.select().count())
    assert walk.sealed == walk.records
    with pytest.raises(DatabaseError, match="never changed"):
        target.execute_sql("DELETE FROM audit_record")


@ON_BOTH
def test_without_the_programs_of_postgres_a_backup_of_it_says_what_is_missing(
    world, config, monkeypatch, backend
):
    monkeypatch.setattr(backup.shutil, "which", lambda program: None)
    if backend == "sqlite":
        backup.back_up(config, config.backup_folder)
    else:
        with pytest.raises(BackupError, match="pg_dump is not installed"):
            backup.back_up(config, config.backup_folder)
    assert nothing_under_way(config)


def test_a_backup_tells_nothing_to_who_has_no_key_and_holds_no_key(made, config, elsewhere):
    sealed = made.read_bytes()
    assert b"SQLite format" not in sealed and b"%PDF-1." not in sealed and b"manifest" not in sealed
    assert made.stat().st_mode & 0o777 == config.backup_key_file.stat().st_mode & 0o777 == 0o600
    stream = backup.cipher(backup.read_keys(config.backup_key_file)).new_decrypting_stream(
        io.BytesIO(sealed), backup.ABOUT
    )
    opened = stream.read()
    assert b"SQLite format" in opened
    assert config.secret.encode() not in opened
    value = config.backup_key_file.read_text().split('"value": "')[1].split('"')[0]
    assert value.encode() not in opened


@pytest.mark.parametrize("part", [0, 0.3, 0.6, 0.9, 1])
def test_a_flipped_bit_anywhere_is_refused_and_leaves_nothing_behind(made, config, elsewhere, part):
    sealed = bytearray(made.read_bytes())
    sealed[round(part * (len(sealed) - 1))] ^= 1
    made.write_bytes(sealed)
    with pytest.raises(BackupError, match="does not open"):
        restore.restore(config, made, *elsewhere)
    assert is_empty(*elsewhere) and nothing_under_way(config)


@pytest.mark.parametrize("left", [0, 100, 1024 * 1024, 10 * 1024 * 1024, -1])
def test_a_backup_that_was_cut_off_is_refused_and_leaves_nothing_behind(made, config, elsewhere, left):
    sealed = made.read_bytes()
    made.write_bytes(sealed[:left])
    with pytest.raises(BackupError, match="does not open"):
        restore.restore(config, made, *elsewhere)
    assert is_empty(*elsewhere) and nothing_under_way(config)


def test_another_key_does_not_open_a_backup(made, config, elsewhere, tmp_path):
    backup.make_key(tmp_path / "other")
    with pytest.raises(BackupError, match="does not open"):
        restore.restore(replace(config, backup_key_file=tmp_path / "other"), made, *elsewhere)
    assert is_empty(*elsewhere)


def test_a_backup_is_restored_only_into_an_empty_place(made, config, elsewhere):
    with pytest.raises(BackupError, match="only into an empty place"):
        restore.restore(config, made)
    target, store = elsewhere
    store.put(io.BytesIO(b"somebody's"), limit=100)
    with pytest.raises(BackupError, match="only into an empty place"):
        restore.restore(config, made, target, store)
    assert len(list(store.keys())) == 1


@pytest.mark.parametrize("bytes_now", [None, b"x", b"another file of any length " * 100_000])
def test_a_file_that_is_not_what_was_filed_fails_the_backup(world, config, monkeypatch, bytes_now):
    key = Document.select().order_by(Document.id.desc()).first().key
    real = outside.store()

    class Damaged(Store):
        def open(self, asked):
            if asked != key:
                return real.open(asked)
            return iter([bytes_now]) if bytes_now else real.open("0" * 32)

        def size(self, asked):
            return real.size(asked)

    monkeypatch.setitem(outside._connected, "store", Damaged("memory:"))
    with pytest.raises(BackupError, match=key):
        backup.back_up(config, config.backup_folder)
    assert nothing_under_way(config) and list(config.backup_folder.iterdir()) == []


def test_a_backup_is_of_one_moment_although_others_write(world, config, case_at, elsewhere):
    case, stop, wrote = case_at(Stage.MATCHING), threading.Event(), threading.Event()

    def write():
        while not stop.is_set():
            with db.database.atomic():
                post_message(case, by=world.referrer, text="Any news?")
                post_message(case, by=world.referrer, text="Please tell us.")
            wrote.set()
        db.database.close()

    before = case.messages.count()
    writer = threading.Thread(target=write)
    writer.start()
    assert wrote.wait(20)
    file, manifest = backup.back_up(config, config.backup_folder)
    stop.set()
    writer.join(20)
    restore.restore(config, file, *elsewhere)
    kept = rows_of(elsewhere[0])
    model = case.messages.model
    written = sum(row in kept[model] for row in model.select().where(model.case == case).tuples()) - before
    assert written > 0 and written % 2 == 0
    assert manifest["rows"]["message"] == len(kept[model]) <= model.select().count()


def test_seven_daily_and_four_weekly_backups_are_kept():
    held = set()
    for night in range(100):
        held = restore.to_keep({*held, MORNING + timedelta(days=night)})
    last = MORNING + timedelta(days=99)  # a Thursday
    daily = {last - timedelta(days=back) for back in range(7)}
    sundays = {last - timedelta(days=back) for back in (4, 11, 18)}
    assert held == daily | sundays


def test_a_portal_that_was_off_for_months_keeps_what_it_has():
    moments = [MORNING + timedelta(days=days) for days in (0, 40, 80)]
    assert restore.to_keep(moments) == set(moments)
    assert restore.to_keep([]) == set()
    twice = [MORNING, MORNING + timedelta(hours=2)]
    assert restore.to_keep(twice) == {twice[1]}


def test_the_nightly_backup_is_checked_before_old_ones_go(world, config, monkeypatch):
    config.backup_folder.mkdir()
    for night in range(9):
        (config.backup_folder / (MORNING + timedelta(days=night)).strftime(backup.NAME)).write_bytes(
            b"an old one"
        )
    (config.backup_folder / "a note.txt").write_text("not ours")
    held = set(config.backup_folder.iterdir())

    def breaks(*_):
        raise BackupError("It does not come back.")

    with clock.set_to(MORNING + timedelta(days=9)), monkeypatch.context() as patched:
        patched.setattr(restore, "rehearse", breaks)
        with pytest.raises(BackupError):
            restore.nightly(config)
    assert {path for path in config.backup_folder.iterdir() if path.suffix != ".part"} == held
    with clock.set_to(MORNING + timedelta(days=9, minutes=1)):
        made = restore.nightly(config)
    assert made in restore.generations(config.backup_folder).values()
    assert len(restore.generations(config.backup_folder)) == 7  # the Sunday before is one of the seven days
    assert (config.backup_folder / "a note.txt").exists()


def test_production_refuses_a_key_beside_what_it_locks(tmp_path):
    safe = {
        "IMPARTIAL_MODE": "production",
        "IMPARTIAL_SECRET": "k7Qz-tests-alone-know-this-9WmXv2LbT",
        "IMPARTIAL_URL": "https://ime.example",
    }
    safe |= {
        "IMPARTIAL_ANCHOR_FILE": str(tmp_path / "anchor"),
        "IMPARTIAL_INSTANCE": str(tmp_path / "instance"),
        "IMPARTIAL_BACKUP_FOLDER": str(tmp_path / "backups"),
    }
    safe["IMPARTIAL_KEY_FILE"] = str(tmp_path / "sealing")
    assert Config.from_environment({**safe, "IMPARTIAL_BACKUP_KEY_FILE": str(tmp_path / "key")})
    for key in ("", str(tmp_path / "instance" / "key"), str(tmp_path / "backups" / "deep" / "key")):
        with pytest.raises(Unsafe, match="IMPARTIAL_BACKUP_KEY_FILE"):
            Config.from_environment({**safe, "IMPARTIAL_BACKUP_KEY_FILE": key})


def test_a_key_is_never_replaced_and_one_that_others_can_read_is_not_used(config):
    with pytest.raises(FileExistsError):
        backup.make_key(config.backup_key_file)
    config.backup_key_file.chmod(0o640)
    with pytest.raises(BackupError, match="read by others"):
        backup.read_keys(config.backup_key_file)
    config.backup_key_file.chmod(0o600)
    config.backup_key_file.write_text("no key")
    for named, sentence in (
        (config.backup_key_file, "no backup key"),
        (None, "backup-key"),
        (config.instance, "not there"),
    ):
        with pytest.raises(BackupError, match=sentence):
            backup.read_keys(named)


def test_the_commands_make_a_key_and_a_backup_and_bring_it_back(tmp_path, copied, app):
    place = {
        "IMPARTIAL_BACKUP_KEY_FILE": str(tmp_path / "key"),
        "STORE_URL": app.config["IMPARTIAL"].store_url,
    }
    here = {
        **place,
        "IMPARTIAL_INSTANCE": str(tmp_path / "here"),
        "IMPARTIAL_KEY_FILE": str(app.config["IMPARTIAL"].instance / "key"),
        "DATABASE_URL": f"sqlite:///{tmp_path / 'portal.db'}",
    }
    there = {
        "IMPARTIAL_BACKUP_KEY_FILE": str(tmp_path / "key"),
        "IMPARTIAL_KEY_FILE": here["IMPARTIAL_KEY_FILE"],
        "IMPARTIAL_INSTANCE": str(tmp_path / "there"),
    }
    assert said_by("backup-key", str(tmp_path / "key"), **here)[0] == 0
    code, out, err = said_by("backup", str(tmp_path / "backups"), **here)
    assert code == 0 and "documents with their files" in out, err
    [file] = (tmp_path / "backups").iterdir()
    code, out, err = said_by("restore", str(file), **there)
    assert code == 0 and out.startswith("Restored as of ") and out.endswith("rows in all.\n"), err
    assert '"restored"' in (tmp_path / "there" / "audit.anchor").read_text()
    code, out, err = said_by("verify", "audit", **there)
    assert code == 0 and out.endswith("The chain is whole.\n"), err
    code, out, err = said_by("verify", "files", **there)
    assert code == 0 and out.endswith(" documents, 0 of them missing or changed.\n"), err
    next(iter((tmp_path / "there" / "files").glob("*"))).write_bytes(b"x")
    code, out, err = said_by("verify", "files", **there)
    assert code == 1 and out.endswith(" 1 of them missing or changed.\n"), err
    code, out, err = said_by("restore", str(file), **there)
    assert (code, out) == (1, "") and "only into an empty place" in err and "Traceback" not in err
    code, out, err = said_by(
        "restore", str(tmp_path / "none"), **{**there, "IMPARTIAL_INSTANCE": str(tmp_path / "new")}
    )
    assert code == 1 and "No such file" in err and "Traceback" not in err


def test_a_backup_names_the_keys_it_needs_and_holds_none(made, config, elsewhere):
    manifest = restore.restore(config, made, *elsewhere)
    assert manifest["sealed_with"] == [vault().primary]
    keys = json.loads(vault().path.read_text())
    stream = backup.cipher(backup.read_keys(config.backup_key_file)).new_decrypting_stream(
        io.BytesIO(made.read_bytes()), backup.ABOUT
    )
    opened = stream.read()
    for keyset in keys.values():
        assert all(key["keyData"]["value"].encode() not in opened for key in keyset["key"])


def test_a_file_is_as_sealed_in_a_backup_as_in_the_store(made, config):
    stream = backup.cipher(backup.read_keys(config.backup_key_file)).new_decrypting_stream(
        io.BytesIO(made.read_bytes()), backup.ABOUT
    )
    start = b"%PDF-1."  # long enough that no sealed byte says it by chance
    assert any(files.read_file(each).startswith(start) for each in Document.select())
    assert start not in stream.read()


def test_with_other_keys_a_restore_says_which_are_missing_and_leaves_nothing(
    made, config, elsewhere, tmp_path, monkeypatch
):
    needed = vault().primary
    make_keys(tmp_path / "other-keys")
    monkeypatch.setitem(vaults._connected, "vault", vaults.Vault(tmp_path / "other-keys"))
    with pytest.raises(BackupError, match=f"sealed with the key {needed}.*IMPARTIAL_KEY_FILE"):
        restore.restore(config, made, *elsewhere)
    assert is_empty(*elsewhere) and nothing_under_way(config)


def test_a_backup_from_before_a_rotation_opens_while_the_old_key_is_kept(
    made, config, elsewhere, tmp_path, monkeypatch
):
    kept = tmp_path / "kept-keys"
    kept.write_bytes(vault().path.read_bytes())
    kept.chmod(0o600)
    monkeypatch.setitem(vaults._connected, "vault", vaults.Vault(kept))
    rotation.rotate()
    restore.restore(config, made, *elsewhere)
    rotation.finish()
    elsewhere[0].close()
    again = db.open_database(f"sqlite:///{tmp_path / 'again.db'}"), Store(f"file://{tmp_path / 'again'}")
    with pytest.raises(BackupError, match="Set IMPARTIAL_KEY_FILE"):
        restore.restore(config, made, *again)
    again[0].close()
