"""A case's files are noise in the store, and come out whole or not at all."""

import io
import tracemalloc

import pytest

from portal import outside
from portal.ime import files
from portal.models import CaseKey, Document
from portal.outside.files import Unreadable
from portal.outside.store import EmptyFile, NotStored, TooLarge
from portal.words import DocumentKind, Stage

MEGABYTE = 1024 * 1024
CANARY = b"CANARY-OF-THE-LUMBAR-SPINE"


@pytest.fixture
def filed():
    """Call it with content: a document of a case, its bytes in the store until the test ends."""
    made = []

    def file(case, content):
        stored = files.keep(case, io.BytesIO(content), limit=len(content))
        made.append(stored.key)
        return Document.create(
            case=case, kind=DocumentKind.OTHER, name="Notes.pdf", media_type="application/pdf",
            size=stored.size, sha256=stored.sha256, key=stored.key,
        )  # fmt: skip

    yield file
    for key in made:
        outside.store().delete(key)


def path_of(document):
    return outside.store().folder / document.key


@pytest.mark.parametrize(
    "size", [1, 999, MEGABYTE - 57, MEGABYTE - 56, MEGABYTE, MEGABYTE + 1, 3 * MEGABYTE, 9 * MEGABYTE + 7]
)
def test_a_file_of_any_size_comes_back_as_it_was(case_at, filed, size):
    content = (CANARY * (size // len(CANARY) + 1))[:size]
    document = filed(case_at(Stage.BOOKED), content)
    assert document.size == size
    assert files.read_file(document) == content
    assert files.is_intact(document)


def test_no_byte_of_the_store_tells_what_was_filed(case_at, filed):
    document = filed(case_at(Stage.BOOKED), CANARY * 100_000)
    assert CANARY not in path_of(document).read_bytes()
    assert all(b"%PDF-1." not in path.read_bytes() for path in outside.store().folder.iterdir()), (
        "nor of what the small world filed"
    )


@pytest.mark.parametrize("place", [0, 1, 20, 45, 60, MEGABYTE, 2 * MEGABYTE, -17, -1])
def test_a_flipped_bit_is_found_before_the_first_byte_leaves(case_at, filed, place):
    document = filed(case_at(Stage.BOOKED), CANARY * 90_000)
    sealed = bytearray(path_of(document).read_bytes())
    sealed[place] ^= 1
    path_of(document).write_bytes(sealed)
    assert not files.is_intact(document)
    with pytest.raises(Unreadable):
        files.read_file(document)


@pytest.mark.parametrize("left", [0, 10, 40, 100, MEGABYTE, 2 * MEGABYTE, -1])
def test_a_file_that_was_cut_off_is_refused(case_at, filed, left):
    document = filed(case_at(Stage.BOOKED), CANARY * 90_000)
    path_of(document).write_bytes(path_of(document).read_bytes()[:left])
    assert not files.is_intact(document)


def test_a_file_with_something_behind_its_end_is_refused(case_at, filed):
    document = filed(case_at(Stage.BOOKED), CANARY)
    path_of(document).write_bytes(path_of(document).read_bytes() + b"more")
    assert not files.is_intact(document)


def test_two_files_of_one_case_cannot_be_swapped(case_at, filed):
    case = case_at(Stage.BOOKED)
    one, other = filed(case, CANARY + b"1"), filed(case, CANARY + b"2")
    first = path_of(one).read_bytes()
    path_of(one).write_bytes(path_of(other).read_bytes())
    path_of(other).write_bytes(first)
    # Not even when whoever swapped them also swapped their hashes.
    one.sha256, other.sha256 = other.sha256, one.sha256
    assert (files.is_intact(one), files.is_intact(other)) == (False, False)


def test_the_key_of_another_case_opens_nothing(case_at, filed):
    document = filed(case_at(Stage.BOOKED), CANARY)
    document.case = case_at(Stage.CLOSED)
    assert not files.is_intact(document)


def test_without_its_key_a_file_is_gone_for_good(case_at, filed):
    document = filed(case_at(Stage.BOOKED), CANARY)
    CaseKey.delete().where(CaseKey.case == document.case_id).execute()
    assert not files.is_intact(document)
    with pytest.raises(NotStored):
        files.open_file(document)


def test_each_case_has_a_key_of_its_own(case_at):
    keys = {files.key_of(case_at(stage)) for stage in (Stage.BOOKED, Stage.CLOSED)}
    assert len(keys) == 2
    assert files.key_of(case_at(Stage.BOOKED)) in keys


def test_what_is_empty_or_too_large_leaves_nothing_in_the_store(case_at):
    case, before = case_at(Stage.BOOKED), set(outside.store().keys())
    with pytest.raises(EmptyFile):
        files.keep(case, io.BytesIO(b""), limit=10)
    for size in (11, 3 * MEGABYTE, 20 * MEGABYTE):
        with pytest.raises(TooLarge):
            files.keep(case, io.BytesIO(bytes(size)), limit=min(size - 1, 12 * MEGABYTE))
    assert set(outside.store().keys()) == before


class Endless:
    """So many bytes, none of which is held."""

    def __init__(self, size):
        self.left = size

    def read(self, size):
        part = min(size, self.left)
        self.left -= part
        return bytes(part)


def test_a_large_file_is_never_held_whole(case_at, filed):
    case = case_at(Stage.BOOKED)
    filed(case, b"first")  # what is loaded once is loaded
    tracemalloc.start()
    stored = files.keep(case, Endless(100 * MEGABYTE), limit=100 * MEGABYTE)
    document = Document(case=case, key=stored.key, sha256=stored.sha256)
    assert files.is_intact(document)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    outside.store().delete(stored.key)
    assert most < 40 * MEGABYTE, "the parts on their way are held, the whole never is"
