"""The store of files is gone: nothing is filed that is not kept, nothing kept is called lost, and it goes on by itself."""

import socket
from time import monotonic

import pytest

from portal import outside
from portal.models import AuditRecord, Document, Event
from portal.outside.store import Store
from portal.words import Ending, Stage
from tests.paper import a_pdf, handed

BUSY = "The portal cannot do this at the moment"


@pytest.fixture
def kept(monkeypatch, tmp_path):
    """A store of the test's own, in a folder that it may take away."""
    store = Store(f"file://{tmp_path / 'files'}")
    monkeypatch.setitem(outside._connected, "store", store)
    return store


def adds(person, case, content):
    person.opens(f"/cases/{case.reference}/records/new")
    return person.presses(
        "Add the documents",
        files=handed(("scan.pdf", content)),
        kind="imaging",
        provider="The bay imaging",
        audience="case",
    )


def filed(case):
    return case.documents.count(), case.events.where(Event.step == "file_document").count()


def looks():
    """How many looks at documents are on record."""
    return (
        AuditRecord.select().where(AuditRecord.thing == "document", AuditRecord.ending == Ending.DONE).count()
    )


def take_away(store):
    """The folder is not there, as when a volume is not mounted."""
    away = store.folder.with_name("away")
    store.folder.rename(away)
    return away


def test_while_the_folder_is_gone_nothing_is_filed_and_afterwards_the_same_file_is_filed_once(
    visitor, world, case_at, kept
):
    case, referrer = case_at(Stage.MATCHING), visitor(world.referrer)
    before, away = filed(case), take_away(kept)
    kept.folder.write_text("no folder")  # nor can one be made
    page = adds(referrer, case, a_pdf("scan"))
    assert (page.status, page.heading) == (503, BUSY) and page.sees("The bay imaging")
    assert filed(case) == before
    kept.folder.unlink()
    away.rename(kept.folder)
    assert adds(referrer, case, a_pdf("scan")).status == 200
    assert filed(case) == tuple(number + 1 for number in before)
    assert len(list(kept.keys())) == 1


def test_a_document_that_cannot_be_reached_is_not_called_lost(visitor, world, case_at, kept):
    case, referrer = case_at(Stage.MATCHING), visitor(world.referrer)
    adds(referrer, case, a_pdf("scan"))
    document, seen = case.documents.order_by(Document.id.desc()).get(), looks()
    path = f"/cases/{case.reference}/records/{document.id}"
    away = take_away(kept)
    page = referrer.opens(path)
    assert (page.status, page.heading) == (503, BUSY)
    assert looks() == seen
    away.rename(kept.folder)
    assert referrer.opens(path).response.get_data() == a_pdf("scan")
    (kept.folder / document.key).unlink()
    assert referrer.opens(path).status == 500  # this one is lost, and that is said


def test_pages_that_need_no_file_are_read_all_the_same(visitor, world, case_at, kept):
    take_away(kept)
    for path in ("/", "/cases", f"/cases/{case_at(Stage.MATCHING).reference}"):
        assert visitor(world.coordinator).opens(path).status == 200


def test_a_bucket_that_does_not_answer_is_said_so_within_seconds(visitor, world, case_at, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        nobody = probe.getsockname()[1]
    for name, value in {
        "AWS_ENDPOINT": f"http://127.0.0.1:{nobody}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setitem(outside._connected, "store", Store("s3://files"))
    case, began = case_at(Stage.MATCHING), monotonic()
    before = filed(case)
    page = adds(visitor(world.referrer), case, a_pdf("scan"))
    assert (page.status, page.heading) == (503, BUSY)
    assert filed(case) == before
    assert monotonic() - began < 20
