"""Documents are kept whole, once, unchanged, and nowhere but in the store."""

import hashlib
import importlib
import io
import os
import stat
from datetime import UTC, datetime, timedelta

import pytest

from portal.outside.store import BadKey, EmptyFile, NotStored, Store, TooLarge

store_module = importlib.import_module("portal.outside.store")
LIMIT = 64 * 1024 * 1024
LARGE = os.urandom(1024) * 9 * 1024


@pytest.fixture(params=["file", "memory"])
def store(request, tmp_path):
    return Store(f"file://{tmp_path}/kept%20files" if request.param == "file" else "memory:")


@pytest.fixture
def local(tmp_path):
    return Store(f"file://{tmp_path}/files")


@pytest.mark.parametrize("content", [b"x", b"A short report.", LARGE], ids=["one byte", "short", "large"])
def test_what_is_put_is_read_back(store, content):
    stored = store.put(io.BytesIO(content), limit=LIMIT)

    assert store.read(stored.key) == content
    assert stored.size == len(content)
    assert stored.sha256 == hashlib.sha256(content).hexdigest()
    assert store.verify(stored.key, stored.sha256)
    assert list(store.keys()) == [stored.key]


def test_a_large_document_is_read_in_chunks(local):
    stored = local.put(io.BytesIO(LARGE), limit=LIMIT)

    chunks = list(local.open(stored.key))

    assert b"".join(chunks) == LARGE
    assert len(chunks) > 1


def test_a_stream_that_gives_a_little_at_a_time_is_stored_whole(store):
    class Slow(io.RawIOBase):
        left = 5000

        def read(self, size=-1):
            given, self.left = min(7, self.left), max(0, self.left - 7)
            return b"." * given

    assert store.read(store.put(Slow(), limit=LIMIT).key) == b"." * 5000


@pytest.mark.parametrize("size", [11, len(LARGE)], ids=["short", "large"])
def test_a_document_over_the_limit_is_refused_and_leaves_nothing(store, size):
    with pytest.raises(TooLarge):
        store.put(io.BytesIO(LARGE[:size]), limit=size - 1)

    assert list(store.keys()) == []
    assert store.folder is None or list(store.folder.iterdir()) == []


def test_a_document_of_exactly_the_limit_is_taken(store):
    assert store.put(io.BytesIO(b"0123456789"), limit=10).size == 10


def test_no_more_than_a_little_beyond_the_limit_is_read(store):
    stream = io.BytesIO(LARGE)

    with pytest.raises(TooLarge):
        store.put(stream, limit=10)

    assert stream.tell() <= store_module.CHUNK


def test_an_empty_document_is_refused_and_leaves_nothing(store):
    with pytest.raises(EmptyFile):
        store.put(io.BytesIO(b""), limit=LIMIT)

    assert list(store.keys()) == []


@pytest.mark.parametrize("taken", [True, False])
def test_a_stream_that_breaks_off_leaves_nothing(store, taken):
    class Broken(io.BytesIO):
        def read(self, size=-1):
            part = super().read(size)
            if not part or not taken:
                raise ConnectionResetError("gone")
            return part

    with pytest.raises(ConnectionResetError):
        store.put(Broken(LARGE), limit=LIMIT)

    assert list(store.keys()) == []


def test_a_key_is_written_once(store, monkeypatch):
    monkeypatch.setattr(store_module.secrets, "token_hex", lambda size: "0" * 32)
    store.put(io.BytesIO(b"first"), limit=LIMIT)

    with pytest.raises(Exception, match="exist"):
        store.put(io.BytesIO(b"second"), limit=LIMIT)

    assert store.read("0" * 32) == b"first"


def test_two_documents_alike_have_keys_of_their_own(store):
    first, second = (store.put(io.BytesIO(b"same"), limit=LIMIT) for _ in range(2))

    assert first.key != second.key
    assert first.sha256 == second.sha256


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/etc/passwd",
        "../secret",
        "..",
        "a/../../b",
        "report.pdf",
        "A" * 32,
        "0" * 31,
        "0" * 33,
        "0" * 32 + "\n",
        "0" * 30 + "/0",
        "0" * 31 + "\x00",
        "../store_backup/" + "0" * 32,
    ],
)
def test_a_key_the_store_could_not_have_made_is_refused(store, key):
    for use in (store.open, store.read, store.exists, store.delete, lambda key: store.verify(key, "0" * 64)):
        with pytest.raises(BadKey):
            use(key)


def test_a_key_never_put_is_not_stored(store):
    assert not store.exists("0" * 32)
    assert not store.verify("0" * 32, "0" * 64)
    with pytest.raises(NotStored):
        store.open("0" * 32)


def test_a_deleted_document_is_gone_and_may_be_deleted_again(store):
    key = store.put(io.BytesIO(b"x"), limit=LIMIT).key

    store.delete(key)
    store.delete(key)

    assert not store.exists(key)


def test_one_changed_byte_is_noticed(local):
    stored = local.put(io.BytesIO(b"as it was signed"), limit=LIMIT)
    (local.folder / stored.key).write_bytes(b"as it was sighed")

    assert not local.verify(stored.key, stored.sha256)


@pytest.mark.parametrize("content", [b"x", LARGE], ids=["short", "large"])
def test_files_are_for_the_portal_alone(local, content):
    stored = local.put(io.BytesIO(content), limit=LIMIT)

    assert stat.S_IMODE(os.stat(local.folder).st_mode) == 0o700
    assert stat.S_IMODE(os.stat(local.folder / stored.key).st_mode) == 0o600


@pytest.mark.parametrize("content", [b"x", LARGE], ids=["short", "large"])
def test_a_file_and_its_folder_are_flushed_before_put_returns(local, content, monkeypatch):
    flushed = []
    monkeypatch.setattr(os, "fsync", lambda handle: flushed.append(os.readlink(f"/proc/self/fd/{handle}")))

    stored = local.put(io.BytesIO(content), limit=LIMIT)

    assert flushed == [str(local.folder / stored.key), str(local.folder)]


def test_a_link_planted_in_the_store_is_not_followed(local, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("of somebody else")
    (local.folder / ("0" * 32)).symlink_to(secret)

    with pytest.raises(BadKey):
        local.read("0" * 32)


def test_only_documents_older_than_a_moment_are_swept(store):
    key = store.put(io.BytesIO(b"x"), limit=LIMIT).key
    now = datetime.now(UTC)

    assert list(store.keys(before=now - timedelta(hours=1))) == []
    assert list(store.keys(before=now + timedelta(hours=1))) == [key]


def test_what_a_cut_off_upload_left_is_swept_and_documents_stay(local):
    key = local.put(io.BytesIO(b"x"), limit=LIMIT).key
    left = local.folder / ("0" * 32 + "#1")
    left.write_bytes(b"half a document")
    now = datetime.now(UTC)

    assert local.sweep_unfinished(now - timedelta(hours=1)) == 0
    assert local.sweep_unfinished(now + timedelta(hours=1)) == 1
    assert not left.exists()
    assert local.exists(key)


def test_a_second_opening_of_the_store_finds_what_the_first_kept(local):
    key = local.put(io.BytesIO(b"kept"), limit=LIMIT).key

    assert Store(f"file://{local.folder}").read(key) == b"kept"
