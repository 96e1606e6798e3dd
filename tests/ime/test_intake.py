"""Files on their way in: each is stored or refused by name, and nothing stays in the store without a document."""

import io
import os
import time
from datetime import timedelta

import pytest

from portal import clock, jobs, outside
from portal.ime import intake
from portal.ime.files import read_file
from portal.ime.intake import sweep_orphans, taken_in
from portal.ime.process import Refusal
from portal.ime.records import file_document
from portal.models import Document
from portal.outside.store import Store
from portal.words import DocumentKind, Stage
from tests.paper import PAGE, a_pdf


@pytest.fixture(autouse=True)
def own_store(tmp_path, world, monkeypatch):
    """A store that holds nothing else, since a sweep takes whatever this world does not know."""
    monkeypatch.setitem(outside._connected, "store", Store(f"file://{tmp_path / 'files'}"))


def streams(*files):
    return [(name, io.BytesIO(content)) for name, content in files]


def keys():
    return set(outside.store().keys())


def add(case, by, taken):
    return file_document(case, by=by, files=taken.files, kind=DocumentKind.OTHER)


def test_good_files_are_kept_and_the_others_are_named_with_the_reason(world, case_at):
    case, before = case_at(Stage.MATCHING), keys()
    files = streams(
        ("notes.pdf", a_pdf("notes", pages=3)),
        ("scan.exe", b"MZ..."),
        ("page.pdf", PAGE),
        ("empty.pdf", b""),
    )
    with taken_in(case, files) as taken:
        [document] = add(case, world.coordinator, taken)
    assert (document.name, document.pages, document.media_type) == ("notes.pdf", 3, "application/pdf")
    assert [sentence.split(":")[0] for sentence in taken.refused] == ["scan.exe", "page.pdf", "empty.pdf"]
    assert "EXE" in taken.refused[0] and "not a PDF" in taken.refused[1] and "empty" in taken.refused[2]
    assert keys() - before == {document.key}
    assert read_file(document) == a_pdf("notes", pages=3)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\scans\\knee.pdf", "knee.pdf"),
        ('say "hi".pdf', "say -hi-.pdf"),
        ("a\r\nSet-Cookie: x=1.pdf", "a Set-Cookie- x=1.pdf"),
        ("exam\u202efdp.pdf", "examfdp.pdf"),
        ("nul\x00byte.pdf", "nulbyte.pdf"),
        ("long" * 100 + ".pdf", ("long" * 29) + ".pdf"),
    ],
)
def test_a_hostile_name_is_made_harmless(world, case_at, sent, kept):
    case = case_at(Stage.MATCHING)
    with taken_in(case, streams((sent, a_pdf("named")))) as taken:
        [document] = add(case, world.coordinator, taken)
    assert document.name == kept


def test_a_file_past_the_limit_is_refused_and_not_kept(world, case_at, monkeypatch):
    monkeypatch.setattr(intake, "FILE_LIMIT", 2 * intake.CHUNK)
    before = keys()
    large = a_pdf("large") + bytes(2 * intake.CHUNK)
    with taken_in(case_at(Stage.MATCHING), streams(("large.pdf", large))) as taken:
        assert taken.files == []
    assert taken.refused == ["large.pdf: " + intake.TOO_LARGE.format(2)]
    assert keys() == before


def test_what_the_case_holds_and_what_is_chosen_twice_is_refused(world, case_at):
    case = case_at(Stage.MATCHING)
    with taken_in(case, streams(("a.pdf", a_pdf("a")))) as taken:
        add(case, world.coordinator, taken)
    before = keys()
    again = streams(("copy.pdf", a_pdf("a")), ("b.pdf", a_pdf("b")), ("b2.pdf", a_pdf("b")))
    with taken_in(case, again) as taken:
        add(case, world.coordinator, taken)
    assert taken.refused == [f"copy.pdf: {intake.ALREADY_HELD}", f"b2.pdf: {intake.CHOSEN_TWICE}"]
    assert len(keys() - before) == 1


def test_when_the_step_is_refused_the_stored_bytes_are_deleted_again(world, case_at):
    case, before = case_at(Stage.MATCHING), keys()
    with pytest.raises(Refusal), taken_in(case, streams(("a.pdf", a_pdf("a")))) as taken:
        assert keys() - before == {taken.files[0].key}
        file_document(case, by=world.coordinator, files=taken.files, kind=DocumentKind.REPORT)
    assert keys() == before
    assert not Document.select().where(Document.key == taken.files[0].key).exists()


def test_when_the_store_fails_half_way_nothing_stays(world, case_at, monkeypatch):
    case, before, put = case_at(Stage.MATCHING), keys(), outside.store().put
    calls = []

    def failing(stream, *, limit, key):
        calls.append(limit)
        if len(calls) == 2:
            raise OSError("The disk is full.")
        return put(stream, limit=limit, key=key)

    monkeypatch.setattr(outside.store(), "put", failing)
    files = streams(("a.pdf", a_pdf("a")), ("b.pdf", a_pdf("b")))
    with pytest.raises(OSError, match="full"), taken_in(case, files):
        pytest.fail("Nothing may be filed.")
    assert len(calls) == 2
    assert keys() == before


def test_bytes_of_a_file_that_another_filed_at_the_same_moment_are_deleted(world, case_at):
    case, content = case_at(Stage.MATCHING), a_pdf("the same")
    with (
        taken_in(case, streams(("mine.pdf", content))) as mine,
        taken_in(case, streams(("theirs.pdf", content))) as theirs,
    ):
        [kept] = add(case, world.coordinator, theirs)
        with pytest.raises(Refusal):
            add(case, world.referrer, mine)
    assert theirs.files[0].key in keys()
    assert mine.files[0].key not in keys()
    assert kept.name == "theirs.pdf"


def test_the_sweep_takes_only_old_bytes_without_a_document(world, case_at):
    case, store = case_at(Stage.DRAFT), outside.store()
    with taken_in(case, streams(("kept.pdf", a_pdf("kept")))) as taken:
        [kept] = add(case, world.referrer, taken)
    orphan = store.put(io.BytesIO(b"left behind"), limit=100).key
    fresh = store.put(io.BytesIO(b"on its way"), limit=100).key
    two_days_ago = time.time() - 2 * 86_400
    for key in (kept.key, orphan):
        os.utime(store.folder / key, (two_days_ago, two_days_ago))
    assert sweep_orphans() == 1
    assert not store.exists(orphan)
    assert store.exists(fresh) and store.exists(kept.key)
    kept.delete_instance()
    assert sweep_orphans() == 1
    assert not store.exists(kept.key)
    with clock.set_to(clock.now() + timedelta(days=2)):
        assert sweep_orphans() == 1
    assert not store.exists(fresh)


def test_many_orphans_are_swept_in_portions(world, case_at, monkeypatch):
    monkeypatch.setattr(intake, "AT_ONCE", 3)
    store = outside.store()
    made = [store.put(io.BytesIO(b"%d" % number), limit=100).key for number in range(8)]
    for key in made:
        os.utime(store.folder / key, (0, 0))
    assert sweep_orphans() == 8
    assert not any(store.exists(key) for key in made)


def test_the_sweep_runs_without_a_person(world):
    store = outside.store()
    orphan = store.put(io.BytesIO(b"left behind"), limit=100).key
    os.utime(store.folder / orphan, (0, 0))
    jobs.sweep_orphans.call_local()
    assert not store.exists(orphan)
