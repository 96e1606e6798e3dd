"""Taking a document out: only its readers, only as an attachment, only after the look is recorded."""

import io
import re
from urllib.parse import unquote

import pytest
from peewee import OperationalError

from portal import clock, outside
from portal.ime import files
from portal.ime.records import StoredFile, file_document
from portal.models import AuditRecord, Case, Document
from portal.web.download import disposition
from portal.words import Act, Audience, DocumentKind, Ending, Stage
from tests.paper import PAGE, a_pdf


@pytest.fixture
def filed(world):
    """Call it to file a document on a case, its bytes in the store."""

    def file(case, by, content=None, name="Notes.pdf", audience=Audience.CASE):
        content = content or a_pdf("notes")
        stored = files.keep(case, io.BytesIO(content), limit=len(content))
        file = StoredFile(name, "application/pdf", stored.size, stored.sha256, stored.key, 1)
        return file_document(case, by=by, files=[file], kind=DocumentKind.OTHER, audience=audience)[0]

    return file


def href(document):
    return f"/cases/{document.case.reference}/records/{document.id}"


def looks(document):
    taken = (AuditRecord.thing == "document") & (AuditRecord.number == document.id)
    done = taken & (AuditRecord.act == Act.READ) & (AuditRecord.ending == Ending.DONE)
    return [(each.user, each.party) for each in AuditRecord.select().where(done)]


def given(case):
    """The expert has got the brief, and the records with it."""
    Case.update(records_given_at=clock.now()).where(Case.id == case.id).execute()
    return Case.get_by_id(case.id)


def test_a_reader_gets_the_very_bytes_and_the_look_is_recorded(visitor, world, case_at, filed):
    case = case_at(Stage.BOOKED)
    document = filed(case, world.referrer)
    expert = visitor(world.expert).opens(href(document))
    assert expert.status == 404
    for place in (f"/cases/{case.reference}", f"/cases/{case.reference}/records"):
        assert expert.opens(place).sees("The records come with the brief")
    given(case)
    expert.opens(href(document))
    assert expert.status == 200
    assert expert.response.get_data() == a_pdf("notes")
    assert looks(document) == [(world.expert.id, "expert")]


def test_the_headers_let_a_browser_save_it_and_nothing_else(visitor, world, case_at, filed):
    document = filed(case_at(Stage.BOOKED), world.referrer)
    headers = visitor(world.coordinator).opens(href(document)).response.headers
    assert headers["Content-Disposition"] == "attachment; filename=\"Notes.pdf\"; filename*=UTF-8''Notes.pdf"
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Type"] == "application/pdf"
    assert int(headers["Content-Length"]) == document.size == len(a_pdf("notes"))


def test_a_head_request_gets_the_headers_alone(visitor, world, case_at, filed):
    document = filed(case_at(Stage.BOOKED), world.referrer)
    answer = visitor(world.coordinator).client.head(href(document))
    assert answer.status_code == 200
    assert int(answer.headers["Content-Length"]) == document.size
    assert answer.get_data() == b""


@pytest.mark.parametrize(
    ("name", "plain", "exact"),
    [
        ('say "hi"\r\nX-Evil: 1.pdf', "say -hi- X-Evil- 1.pdf", "say -hi- X-Evil- 1.pdf"),
        ("../../etc/passwd.pdf", "passwd.pdf", "passwd.pdf"),
        ("exam\u202efdp.exe.pdf", "examfdp.exe.pdf", "examfdp.exe.pdf"),
        ("Müller – Rücken.pdf", "Muller Rucken.pdf", "Müller – Rücken.pdf"),
        ("診断書.pdf", "file.pdf", "診断書.pdf"),
        ("a＂b＼c.pdf", "c.pdf", "a＂b＼c.pdf"),
        ("50%25; a=b.pdf", "50%25; a=b.pdf", "50%25; a=b.pdf"),
        ("", "file", "file"),
    ],
)
def test_the_name_of_a_download_is_safe_in_both_forms(name, plain, exact):
    said = disposition(name)
    assert said.isascii() and said.isprintable()
    found = re.fullmatch(r"attachment; filename=\"([^\"\\]+)\"; filename\*=UTF-8''([^\s\";]+)", said)
    assert found, said
    assert (found[1], unquote(found[2])) == (plain, exact)


@pytest.mark.parametrize(
    ("audience", "readers"),
    [
        (Audience.OFFICE, {"coordinator"}),
        (Audience.REFERRER_AND_OFFICE, {"coordinator", "referrer", "colleague"}),
        (Audience.EXPERT_AND_OFFICE, {"coordinator", "expert"}),
        (Audience.CASE, {"coordinator", "referrer", "colleague", "expert"}),
    ],
)
def test_who_is_not_of_the_audience_finds_and_hears_nothing_of_a_document(
    visitor, world, case_at, filed, audience, readers
):
    case = given(case_at(Stage.BOOKED))
    document = filed(case, world.coordinator, name="Surveillance.pdf", audience=audience)
    for who in ("coordinator", "referrer", "colleague", "expert"):
        page = visitor(getattr(world, who))
        is_reader = who in readers
        assert page.opens(href(document)).status == (200 if is_reader else 404)
        for place in (f"/cases/{case.reference}", f"/cases/{case.reference}/records"):
            assert page.opens(place).sees("Surveillance") == is_reader
    assert len(looks(document)) == len(readers)


@pytest.mark.parametrize("who", ["second_expert", "stranger_referrer"])
def test_a_stranger_finds_no_such_case(visitor, world, case_at, filed, who):
    document = filed(case_at(Stage.BOOKED), world.referrer)
    assert visitor(getattr(world, who)).opens(href(document)).status == 404
    assert looks(document) == []


def test_a_candidate_cannot_take_records_out(visitor, world, case_at):
    case = case_at(Stage.OFFERED)
    document = case.documents.get()
    candidate = visitor(world.expert)
    assert candidate.opens(href(document)).status == 403
    assert candidate.opens(f"/cases/{case.reference}/records").status == 403
    assert not candidate.opens(f"/cases/{case.reference}").sees(document.name)


def test_whoever_is_not_signed_in_is_asked_to(visitor, world, case_at, filed):
    document = filed(case_at(Stage.BOOKED), world.referrer)
    answer = visitor().client.get(href(document))
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/sign-in")
    assert looks(document) == []


def test_a_foreign_document_under_ones_own_case_is_as_unknown_as_one_that_never_was(
    visitor, world, case_at, filed
):
    own, foreign = case_at(Stage.BOOKED), filed(case_at(Stage.MATCHING), world.referrer)
    page = visitor(world.referrer)
    pages = []
    for number in (foreign.id, 987_654_321, 999_999_999_999_999):
        assert page.opens(f"/cases/{own.reference}/records/{number}").status == 404
        pages.append((page.main, page.title))
    assert len(set(pages)) == 1
    assert looks(foreign) == []


@pytest.mark.parametrize("number", ["0", "-1", "1.5", "9999999999999999999999", "x", "%00", "..%2f1"])
def test_what_is_no_number_is_no_document(visitor, world, case_at, number):
    case = case_at(Stage.BOOKED)
    assert visitor(world.referrer).opens(f"/cases/{case.reference}/records/{number}").status == 404


def test_when_the_look_cannot_be_recorded_nothing_is_sent(visitor, world, case_at, filed, monkeypatch):
    document = filed(case_at(Stage.BOOKED), world.referrer)

    def fails(**_):
        raise OperationalError("The disk is full.")

    coordinator = visitor(world.coordinator)
    monkeypatch.setattr(AuditRecord, "create", fails)
    page = coordinator.opens(href(document))
    assert page.status == 503
    assert a_pdf("notes")[:8] not in page.response.get_data()


@pytest.mark.parametrize("what", ["missing", "changed"])
def test_bytes_that_are_missing_or_changed_are_not_given_out(visitor, world, case_at, filed, caplog, what):
    document = filed(case_at(Stage.BOOKED), world.referrer)
    path = outside.store().folder / document.key
    content = path.read_bytes()
    path.unlink()
    if what == "changed":
        path.write_bytes(content[:-1] + b"X")
    page = visitor(world.coordinator).opens(href(document))
    assert page.status == 500
    assert page.heading == "This document cannot be given out"
    assert page.sees(f"document {document.id} of {document.case.reference}")
    assert looks(document) == []
    [said] = [record.getMessage() for record in caplog.records if record.name == "portal"]
    assert said == f"document {document.id}: its bytes are missing or changed"


def test_a_page_that_was_stored_all_the_same_stays_inert(visitor, world, case_at, filed):
    document = filed(case_at(Stage.BOOKED), world.referrer, content=PAGE, name="page.html")
    Document.update(media_type="text/html").where(Document.id == document.id).execute()
    headers = visitor(world.coordinator).client.get(href(document)).headers
    assert headers["Content-Disposition"].startswith("attachment;")
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
