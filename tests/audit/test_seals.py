"""An audit trail that was tampered with, in whatever way, is not whole: the walk names what and where."""

import json
import threading
import time
from datetime import timedelta

import psycopg
import pytest
from peewee import DatabaseError

from portal import audit, clock, db
from portal.audit import anchor, seals
from portal.audit.seals import fingerprint_of, seal
from portal.audit.verify import verify
from portal.db import database, is_sqlite
from portal.models import AuditRecord, AuditSeal
from portal.words import Act
from tests.databases import ON_BOTH


@pytest.fixture
def anchored(world, tmp_path):
    """The small world's trail, three seals of it, and the anchor file."""
    path = tmp_path / "outside" / "anchor"
    for _ in range(2):
        seal(path)
        for number in range(5):
            audit.record(Act.READ, ("case", number + 1), case=number + 1, count=number)
    seal(path)
    assert AuditSeal.select().count() == 3
    return path


def findings(path):
    """What the walk tells, and that it counts as it tells."""
    told = []
    walk = verify(db.database.obj, path, told.append)
    assert (walk.findings, walk.is_whole, walk.first) == (len(told), not told, told[0] if told else "")
    return told


def forged(*statements):
    """What somebody does who owns the database and knows how to put the triggers to sleep."""
    if is_sqlite():
        for (name,) in database.execute_sql(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            database.execute_sql(f"DROP TRIGGER {name}")
    else:
        for table in ("audit_record", "audit_seal"):
            database.execute_sql(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
    for statement in statements:
        database.execute_sql(statement)


def numbers():
    """The numbers of the last ten records, which stand under the second and the third seal."""
    rows = AuditRecord.select(AuditRecord.id).order_by(AuditRecord.id.desc()).limit(10)
    return sorted(row.id for row in rows)


@ON_BOTH
def test_an_untouched_trail_is_whole_and_counted(anchored, backend):
    audit.record(Act.READ)
    walk = verify(db.database.obj, anchored)
    assert walk.is_whole
    assert walk.records == AuditRecord.select().count() == walk.sealed + 1
    assert walk.seals == 3


@ON_BOTH
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", "'2026-01-01 00:00:00'"),
        ("act", "'changed'"),
        ("ending", "'refused'"),
        ("user_number", "77"),
        ("link_number", "77"),
        ("session_number", "77"),
        ("organisation_number", "77"),
        ("party", "'expert'"),
        ("case_number", "NULL"),
        ("thing", "'document'"),
        ("number", "77"),
        ("route", "'x'"),
        ("source", "'x'"),
        ("request", "'x'"),
        ("facts", """'{"count": 77}'"""),
    ],
)
def test_a_record_that_was_edited_in_any_column_is_named(anchored, backend, column, value):
    number = numbers()[3]
    forged(f"UPDATE audit_record SET {column} = {value} WHERE id = {number}")
    assert findings(anchored) == [f"Record {number} was altered."]


def test_no_column_of_a_record_can_be_edited_unseen(anchored):
    """The columns edited above are all there are."""
    edited = test_a_record_that_was_edited_in_any_column_is_named.pytestmark[0].args[1]
    assert {"id", *(column for column, _ in edited)} == {*seals.COLUMNS}


@ON_BOTH
def test_every_altered_record_is_named_the_first_first(anchored, backend):
    one, another = numbers()[1], numbers()[8]
    forged(f"UPDATE audit_record SET party = 'x' WHERE id IN ({one}, {another})")
    assert findings(anchored) == [f"Record {one} was altered.", f"Record {another} was altered."]


@ON_BOTH
@pytest.mark.parametrize("place", [0, 2, 4, 9])
def test_a_record_that_was_deleted_is_named(anchored, backend, place):
    number = numbers()[place]
    forged(f"DELETE FROM audit_record WHERE id = {number}")
    assert findings(anchored) == [f"Record {number} is missing."]


@ON_BOTH
def test_several_records_that_were_deleted_are_named(anchored, backend):
    first = numbers()[0]
    forged(f"DELETE FROM audit_record WHERE id BETWEEN {first + 1} AND {first + 3}")
    assert findings(anchored) == [f"Records {first + 1} to {first + 3} are missing."]


def insert(number):
    return (
        "INSERT INTO audit_record (id, at, act, ending, party, thing, route, source, request, facts) VALUES "
        f"({number}, '2026-01-01 00:00:00', 'read', 'done', '', '', '', '', '', '{{}}')"
    )


def seal_with_a_gap(path):
    """Three records of which the middle one was rolled back, sealed; the number of the middle one."""
    audit.record(Act.READ)
    with database.atomic() as undone:
        free = audit.record(Act.READ).id
        undone.rollback()
    audit.record(Act.READ)
    seal(path)
    return free


@ON_BOTH
def test_a_gap_that_a_rollback_left_is_no_finding(anchored, backend):
    seal_with_a_gap(anchored)
    assert findings(anchored) == []


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_record_that_was_slipped_into_a_gap_is_named(anchored, backend):
    """SQLite leaves no gaps: the number of a record that was rolled back is given to the next."""
    free = seal_with_a_gap(anchored)
    forged(insert(free))
    assert findings(anchored) == [f"Record {free} was inserted."]


@ON_BOTH
@pytest.mark.parametrize("number", [0, -5])
def test_a_record_that_was_slipped_in_before_all_others_is_named(anchored, backend, number):
    forged(insert(number))
    assert findings(anchored) == ["1 record is under no seal, before record 1."]


@pytest.mark.parametrize("number", [2**62 + 1, -(2**62)])
def test_a_record_beyond_every_number_is_counted_and_sealing_says_so(anchored, caplog, number):
    """SQLite alone has room for such numbers."""
    before = verify(database.obj, anchored)
    forged("PRAGMA ignore_check_constraints = 1", insert(number))
    for _ in range(2):
        audit.record(Act.READ)
    sealed = seal(anchored)
    walk = verify(database.obj, anchored)
    assert (walk.records, walk.sealed) == (before.records + 3, before.sealed + sealed)
    assert walk.first.endswith("out of every seal's reach, under a number that no record can have.")
    assert "run `flask --app wsgi verify audit`" in caplog.text


@ON_BOTH
def test_two_records_that_changed_places_are_named(anchored, backend):
    one, other = numbers()[0], numbers()[3]
    forged(
        f"UPDATE audit_record SET id = -1 WHERE id = {one}",
        f"UPDATE audit_record SET id = {one} WHERE id = {other}",
        f"UPDATE audit_record SET id = {other} WHERE id = -1",
    )
    assert findings(anchored) == [
        f"Record {one} was put into another order: it was record {other}.",
        f"Record {other} was put into another order: it was record {one}.",
    ]


@ON_BOTH
def test_a_tail_that_was_cut_off_is_named(anchored, backend):
    last = numbers()[-1]
    forged(f"DELETE FROM audit_record WHERE id > {last - 2}")
    assert findings(anchored) == [f"Records {last - 1} to {last} are missing."]


@ON_BOTH
def test_a_tail_that_was_cut_off_with_its_seals_shows_by_the_anchor_alone(anchored, backend):
    fourth, last = numbers()[4], numbers()[-1]
    forged(f"DELETE FROM audit_record WHERE id > {fourth}", f"DELETE FROM audit_seal WHERE last > {fourth}")
    assert findings(None) == []
    assert findings(anchored) == [
        f"The trail was cut: the anchor file knows 1 seal ending with record {last}, and they are not there."
    ]


@ON_BOTH
def test_a_trail_that_was_emptied_shows_by_the_anchor(anchored, backend):
    forged("DELETE FROM audit_record", "DELETE FROM audit_seal")
    [said] = findings(anchored)
    assert said.startswith("The trail was cut: the anchor file knows 3 seals")


@ON_BOTH
@pytest.mark.parametrize("column", ["count", "previous", "digests", "sealed_at"])
def test_a_seal_that_was_edited_is_named(anchored, backend, column):
    value = {"count": "4", "sealed_at": "'2026-01-01 00:00:00'"}.get(column, f"'{'0' * 64}'")
    last = numbers()[-1]
    forged(f"UPDATE audit_seal SET {column} = {value} WHERE last = {last}")
    assert findings(anchored)[0] == f"The seal of records {last - 4} to {last} was altered."


@ON_BOTH
def test_a_record_edited_with_its_seal_shows_by_the_chain(anchored, backend):
    """Whoever edits a record and mends the seal over it breaks the seal after it, and the anchor."""
    number, fourth, last = numbers()[1], numbers()[4], numbers()[-1]
    forged(f"UPDATE audit_record SET party = 'x' WHERE id = {number}")
    mend(fourth)
    assert findings(anchored) == [
        f"The seal that ends with record {fourth} is not the one that was anchored.",
        f"The seal of records {last - 4} to {last} does not follow the one that ends with record {fourth}.",
    ]


@ON_BOTH
def test_a_whole_chain_that_was_forged_anew_shows_by_the_anchor_alone(anchored, backend):
    number, fourth, last = numbers()[1], numbers()[4], numbers()[-1]
    forged(f"UPDATE audit_record SET party = 'x' WHERE id = {number}")
    mend(last, previous=mend(fourth))
    assert findings(None) == []
    assert findings(anchored) == [
        f"The seal that ends with record {end} is not the one that was anchored." for end in (fourth, last)
    ]


def mend(last, previous=None):
    """Close a seal again over what its records say now; returns its new fingerprint."""
    found = next(each for each in AuditSeal.select() if each.last == last)
    rows = seals.records(db.database.obj, found.first - 1, found.last, 1000)
    digests, previous = "".join(map(seals.digest, rows)), previous or found.previous
    at = str(found.sealed_at.replace(tzinfo=None))
    sha256 = fingerprint_of([found.first, found.last, found.count, digests, previous, at])
    database.execute_sql(
        f"UPDATE audit_seal SET digests = '{digests}', previous = '{previous}', sha256 = '{sha256}' WHERE last = {last}"
    )
    return sha256


@ON_BOTH
def test_a_seal_that_was_taken_out_is_missed(anchored, backend):
    fourth, last = numbers()[4], numbers()[-1]
    forged(f"DELETE FROM audit_seal WHERE last = {fourth}")
    told = findings(anchored)
    assert "does not follow the one that ends with record" in told[0]
    assert told[1] == f"5 records are under no seal, before record {last - 4}."
    assert told[2].startswith(f"The trail was cut: the anchor file knows 1 seal ending with record {fourth}")


@ON_BOTH
def test_the_anchor_of_another_portal_proves_nothing(anchored, backend, tmp_path):
    other = tmp_path / "other"
    for line in anchored.read_text().splitlines():
        changed = json.loads(line) | {"sha256": "0" * 64}
        other.write_text((other.read_text() if other.exists() else "") + json.dumps(changed) + "\n")
    assert len(findings(other)) == 3


def test_a_missing_or_shortened_anchor_is_a_finding_and_is_not_made_up_again(anchored):
    lines = anchored.read_text().splitlines(keepends=True)
    anchored.write_text("".join(lines[1:]))
    [said] = findings(anchored)
    assert said.startswith("The anchor file does not know 1 seal ending with record")
    anchored.unlink()
    assert findings(anchored) == ["There is no anchor file: nobody can tell whether the trail was cut off."]
    audit.record(Act.READ)
    seal(anchored)
    [said] = findings(anchored)
    assert said.startswith("The anchor file does not know 3 seals")


def test_a_seal_that_a_crash_kept_out_of_the_anchor_is_brought_in_by_the_next_round(anchored, tmp_path):
    audit.record(Act.READ)
    seal(tmp_path / "elsewhere")
    torn = anchored.read_text() + '{"last": 12'
    anchored.write_text(torn)
    assert findings(anchored)[0].startswith("The anchor file does not know 1 seal")
    audit.record(Act.READ)
    seal(anchored)
    assert findings(anchored) == []


def test_after_a_backup_was_restored_the_anchor_says_so_and_the_trail_goes_on(anchored):
    """What came after the backup is lost, and the anchor keeps that it was there."""
    fourth = numbers()[4]
    forged(f"DELETE FROM audit_record WHERE id > {fourth}", f"DELETE FROM audit_seal WHERE last > {fourth}")
    anchor.note_restored(anchored, seals.last_seal(db.database.obj))
    assert findings(anchored) == []
    for _ in range(5):
        audit.record(Act.READ)
    seal(anchored)
    assert findings(anchored) == []
    assert len(anchored.read_text().splitlines()) == 5


def test_a_restored_copy_in_a_new_place_is_proved_from_there_on(anchored, tmp_path):
    anchor.note_restored(tmp_path / "new", seals.last_seal(db.database.obj))
    assert findings(tmp_path / "new") == []


def test_what_no_seal_can_hold_ends_the_walk_in_a_sentence(anchored):
    forged("PRAGMA ignore_check_constraints = 1", "UPDATE audit_seal SET first = 'x' WHERE id = 2")
    assert findings(anchored)[1:] == [
        "A seal holds what no seal can hold: the walk ended there.",
        "The trail was cut: the anchor file knows 2 seals, the first of them ending with record "
        f"{numbers()[4]}, and they are not there.",
    ]


# --- sealing ---


@ON_BOTH
def test_batches_are_of_500_at_most_and_nothing_is_sealed_twice(world, tmp_path, backend):
    before = AuditRecord.select().count()
    with database.atomic():
        for _ in range(1000 - before % 500 + 1):
            audit.record(Act.READ)
    total = AuditRecord.select().count()
    assert seal(tmp_path / "anchor") == total
    assert seal(tmp_path / "anchor") == 0
    counts = [row.count for row in AuditSeal.select().order_by(AuditSeal.id)]
    assert counts == [500] * (total // 500) + [1]
    assert findings(tmp_path / "anchor") == []


def test_no_lower_number_can_appear_behind_a_seal(
    request, make_postgres, told_postgres, tmp_path, monkeypatch
):
    """A writer who has a number and has not committed keeps the sealer waiting; on PostgreSQL, with two connections."""
    from urllib.parse import urlsplit

    from tests.conftest import open_database

    url = make_postgres(template=urlsplit(told_postgres.place).path.strip("/"))
    open_database(url)
    seal(tmp_path / "anchor")
    with psycopg.connect(url) as slow:
        early = slow.execute(INSERT).fetchone()[0]
        late = audit.record(Act.READ).id  # another writer, with a higher number, commits first
        assert late > early
        monkeypatch.setattr(seals, "PATIENCE", "200ms")
        assert seal(tmp_path / "anchor") == 0
        monkeypatch.setattr(seals, "PATIENCE", "10s")
        sealed = []
        sealer = threading.Thread(target=lambda: (sealed.append(seal(tmp_path / "anchor")), database.close()))
        sealer.start()
        time.sleep(0.3)
        assert sealer.is_alive()
        slow.commit()
        sealer.join(10)
    assert sealed == [2]
    newest = AuditSeal.select().order_by(AuditSeal.id.desc()).get()
    assert (newest.first, newest.last) == (early, late)
    assert findings(tmp_path / "anchor") == []
    database.close()


INSERT = (
    "INSERT INTO audit_record (at, act, ending, party, thing, route, source, request, facts) "
    "VALUES (now(), 'read', 'done', '', '', '', '', '', '{}') RETURNING id"
)


def test_sealing_goes_on_while_others_write(world, tmp_path):
    """Four writers and a sealer at once: every record is sealed in the end, and the chain is whole."""

    def write():
        for _ in range(25):
            audit.record(Act.READ)
        database.close()

    writers = [threading.Thread(target=write) for _ in range(4)]
    before = AuditRecord.select().count()
    for each in writers:
        each.start()
    while any(each.is_alive() for each in writers):
        seal(tmp_path / "anchor")
    seal(tmp_path / "anchor")
    walk = verify(db.database.obj, tmp_path / "anchor")
    assert (walk.is_whole, walk.records, walk.sealed) == (True, before + 100, before + 100)


@ON_BOTH
def test_a_seal_that_ends_behind_every_record_does_not_stop_sealing_in_silence(anchored, backend, caplog):
    AuditSeal.create(first=1, last=2**31 - 1, count=0, digests="", previous="", sha256="x")
    audit.record(Act.READ)
    assert seal(anchored) == 0
    assert "run `flask --app wsgi verify audit`" in caplog.text


# --- the guard ---


@ON_BOTH
@pytest.mark.parametrize("number", [2**62 + 1, 2**62, 2**31 - 1, 10**6, 0, -5, -(2**62)])
def test_a_record_takes_the_next_number_and_no_other(anchored, backend, number):
    """One with a number beyond all others was written, and kept those after it from being sealed for good."""
    with pytest.raises(DatabaseError), database.atomic():
        database.execute_sql(insert(number))
    audit.record(Act.READ)
    assert seal(anchored) == 1
    assert findings(anchored) == []


@ON_BOTH
@pytest.mark.parametrize("table", ["audit_record", "audit_seal"])
@pytest.mark.parametrize("how", ["update", "delete", "delete one", "truncate", "replace", "upsert"])
def test_the_database_refuses_every_change(anchored, backend, table, how):
    statement = {
        "update": f"UPDATE {table} SET id = id",
        "delete": f"DELETE FROM {table}",
        "delete one": f"DELETE FROM {table} WHERE id = 1",
        "truncate": f"TRUNCATE {table}" if backend == "postgresql" else f"DELETE FROM {table}",
        "replace": f"REPLACE INTO {table} SELECT * FROM {table} LIMIT 1"
        if backend == "sqlite"
        else f"UPDATE {table} SET id = id WHERE id = 1",
        "upsert": f"INSERT INTO {table} SELECT * FROM {table} WHERE true ON CONFLICT (id) DO UPDATE SET id = excluded.id",
    }[how]
    before = list(database.execute_sql(f"SELECT * FROM {table} ORDER BY id").fetchall())
    with pytest.raises(DatabaseError, match=r"The audit trail is never changed\."), database.atomic():
        database.execute_sql(statement)
    assert list(database.execute_sql(f"SELECT * FROM {table} ORDER BY id").fetchall()) == before


@ON_BOTH
def test_a_trigger_that_was_dropped_shows_in_the_structure(world, backend):
    from portal import schema

    whole = schema.structure(db.database.obj)
    if backend == "sqlite":
        database.execute_sql("DROP TRIGGER audit_record_kept")
    else:
        database.execute_sql("DROP TRIGGER audit_record_append_only ON audit_record")
    assert schema.structure(db.database.obj) != whole


def test_records_are_not_forgotten_however_old_they_are(world, anchored):
    """Nothing in the portal deletes an audit record: six years are the least, and there is no most."""
    audit.record(Act.READ)
    with clock.set_to(clock.now() + timedelta(days=366 * 7)), pytest.raises(DatabaseError):
        AuditRecord.delete().where(AuditRecord.at < clock.now() - timedelta(days=366 * 6)).execute()
