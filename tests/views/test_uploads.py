"""Adding documents through the page: every file ends as a stored document or as a sentence that names it."""

from collections import defaultdict

import pytest

from portal import outside
from portal.ime import intake
from portal.ime.files import is_intact
from portal.models import Document, Event
from portal.words import Audience, DocumentKind, Stage
from tests.paper import PAGE, a_pdf, handed

BUTTON = "Add the documents"
BATCH = 26


def keys():
    return set(outside.store().keys())


@pytest.fixture
def desk(visitor, world, case_at):
    """A coordinator on the page that adds documents to a case."""
    case = case_at(Stage.MATCHING)
    return visitor(world.coordinator).opens(f"/cases/{case.reference}/records/new"), case


def add(visitor, *files, **more):
    visitor.presses(BUTTON, files=handed(*files), **{"kind": "medical_records", **more})
    for answered in (*visitor.response.history, visitor.response):
        answered.request.environ["wsgi.input"].close()  # a large form is a temporary file of the test client
    return visitor


def names(case):
    return [document.name for document in case.documents.order_by(Document.id)]


def test_many_files_are_added_at_once_with_kind_provider_date_and_audience(desk):
    page, case = desk
    before = case.documents.count()
    date = {"dated_on-month": "3", "dated_on-day": "14", "dated_on-year": "2025"}
    more = {"kind": "imaging", "provider": "Bay Imaging", "audience": "referrer_and_office", **date}
    add(page, ("one.pdf", a_pdf("one")), ("two.pdf", a_pdf("two", pages=4)), **more)
    assert page.status == 200 and page.heading == "Records"
    assert page.sees("2 documents are filed. Who may read: referrer and coordinators.")
    filed = list(case.documents.order_by(Document.id).offset(before))
    assert [(each.name, each.pages) for each in filed] == [("one.pdf", 1), ("two.pdf", 4)]
    for each in filed:
        assert (each.kind, each.provider) == (DocumentKind.IMAGING, "Bay Imaging")
        assert (str(each.dated_on), each.audience) == ("2025-03-14", Audience.REFERRER_AND_OFFICE)
    assert case.events.order_by(Event.id.desc()).get().facts["count"] == 2


def test_good_files_are_kept_when_others_are_refused(desk):
    page, case = desk
    add(page, ("good.pdf", a_pdf("good")), ("scan.exe", b"MZ"), ("empty.pdf", b""))
    assert page.status == 200
    assert page.sees("1 document is filed")
    assert page.sees("scan.exe: EXE files cannot be taken.")
    assert page.sees("empty.pdf: This file is empty.")
    assert names(case)[-1] == "good.pdf"


def test_when_all_files_are_refused_nothing_is_stored_and_what_was_typed_is_kept(desk):
    page, case = desk
    before, stored = names(case), keys()
    add(page, ("scan.exe", b"MZ"), ("page.pdf", PAGE), provider="Bay Imaging")
    assert page.status == 422 and page.title.startswith("Error:")
    assert page.sees("scan.exe: EXE files cannot be taken.") and page.sees(
        "page.pdf: The content of this file"
    )
    assert page.typed("provider") == "Bay Imaging"
    assert page.tree.xpath("//select[@name='kind']/option[@selected]/@value") == ["medical_records"]
    assert names(case) == before and keys() == stored


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("scan.exe", b"MZ", "scan.exe: EXE files cannot be taken."),
        ("page.pdf", PAGE, "page.pdf: The content of this file is not a PDF"),
        ("page.html", PAGE, "page.html: HTML files cannot be taken."),
        ("drawing.svg", b"<svg/>", "drawing.svg: SVG files cannot be taken."),
        ("empty.pdf", b"", "empty.pdf: This file is empty."),
        ("torn.pdf", a_pdf("torn")[:200], "torn.pdf: This PDF is damaged"),
        ("noending", a_pdf("no"), "noending: The name of this file has no ending"),
        ("notes.pdf.exe", a_pdf("twice"), "notes.pdf.exe: EXE files cannot be taken."),
    ],
    ids=["program", "page as PDF", "page", "drawing", "empty", "torn", "no ending", "two endings"],
)
def test_a_file_that_cannot_be_taken_gets_a_sentence_and_stores_nothing(desk, name, content, sentence):
    page, case = desk
    before, stored = names(case), keys()
    add(page, (name, content))
    assert page.status == 422
    assert page.sees(sentence)
    assert names(case) == before and keys() == stored


def test_a_file_that_is_too_large_gets_a_sentence_and_stores_nothing(desk, monkeypatch):
    monkeypatch.setattr(intake, "FILE_LIMIT", intake.CHUNK)
    page, case = desk
    before, stored = names(case), keys()
    add(page, ("large.pdf", a_pdf("large") + bytes(intake.CHUNK)))
    assert page.status == 422
    assert page.sees("large.pdf: This file is larger than 1 MB.")
    assert names(case) == before and keys() == stored


def test_a_file_that_the_case_holds_gets_a_sentence_and_stores_nothing(desk):
    page, case = desk
    add(page, ("notes.pdf", a_pdf("notes")))
    before, stored = names(case), keys()
    page.opens(f"/cases/{case.reference}/records/new")
    add(page, ("again.pdf", a_pdf("notes")))
    assert page.status == 422
    assert page.sees("again.pdf: The case already holds this very file")
    assert names(case) == before and keys() == stored


def test_more_than_the_portal_takes_in_one_go_is_413(app, desk, monkeypatch):
    page, case = desk
    before, stored = names(case), keys()
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", 100_000)
    add(page, ("large.pdf", bytes(200_000)))
    assert page.status == 413
    assert page.sees("larger than we can take in one go")
    assert names(case) == before and keys() == stored


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("exam\u202efdp.pdf", "examfdp.pdf"),
        ("Rücken – Bericht.pdf", "Rücken – Bericht.pdf"),
        ("<script>alert(1)</script>.pdf", "script-.pdf"),
        ("a & b; c=d%0D%0ASet-Cookie: x.pdf", "a & b; c=d%0D%0ASet-Cookie- x.pdf"),
    ],
    ids=["folders", "direction", "letters", "markup", "header"],
)
def test_a_hostile_name_is_made_harmless_and_the_file_is_kept(desk, sent, kept):
    page, case = desk
    add(page, (sent, a_pdf(sent)))
    assert page.status == 200
    assert names(case)[-1] == kept
    assert page.sees(kept)


def test_what_is_left_out_is_said_at_its_field(desk):
    page, case = desk
    before = names(case)
    page.presses(BUTTON, audience="", files=handed())
    assert page.status == 422
    for sentence in (
        "Choose at least one file",
        "Choose what the files are",
        "Choose who may read the files",
    ):
        assert page.sees(sentence)
    assert names(case) == before


@pytest.mark.parametrize(
    ("field", "value"), [("kind", "report"), ("kind", "x\x00"), ("audience", "everyone"), ("audience", "no")]
)
def test_an_answer_that_was_not_offered_is_refused(desk, field, value):
    page, case = desk
    before, stored = names(case), keys()
    add(page, ("notes.pdf", a_pdf("notes")), **{field: value})
    assert page.status == 422
    assert page.sees("Choose one of the answers shown here")
    assert names(case) == before and keys() == stored


def test_text_in_place_of_a_file_is_no_file(desk):
    page, _ = desk
    page.presses(BUTTON, files="notes.pdf", kind="other")
    assert page.status == 422 and page.sees("Choose at least one file")


@pytest.mark.parametrize(
    ("who", "choices"),
    [
        ("referrer", ["case", "referrer_and_office"]),
        ("coordinator", ["case", "referrer_and_office", "expert_and_office", "office"]),
        ("expert", ["expert_and_office", "case"]),
    ],
)
def test_each_party_is_offered_its_own_audiences(visitor, world, case_at, who, choices):
    case = case_at(Stage.BOOKED)
    page = visitor(getattr(world, who)).opens(f"/cases/{case.reference}/records/new")
    assert page.tree.xpath("//input[@name='audience']/@value") == choices
    assert page.tree.xpath("//input[@name='audience' and @checked]/@value") == choices[:1]


def test_when_the_store_fails_no_row_is_left(desk, monkeypatch):
    page, case = desk
    before, stored, put, calls = names(case), keys(), outside.store().put, []

    def failing(stream, *, limit, key):
        calls.append(limit)
        if len(calls) == 2:
            raise OSError("The disk is full.")
        return put(stream, limit=limit, key=key)

    monkeypatch.setattr(outside.store(), "put", failing)
    add(page, ("one.pdf", a_pdf("one")), ("two.pdf", a_pdf("two")))
    assert page.status == 503
    assert names(case) == before and keys() == stored


def test_when_the_case_moves_on_meanwhile_no_bytes_are_left(desk, monkeypatch):
    page, case = desk
    before, stored, put = names(case), keys(), outside.store().put

    def slow(stream, *, limit, key):
        type(case).update(stage=Stage.WITHDRAWN).where(type(case).id == case.id).execute()
        return put(stream, limit=limit, key=key)

    monkeypatch.setattr(outside.store(), "put", slow)
    add(page, ("one.pdf", a_pdf("one")))
    assert page.status == 409
    assert names(case) == before and keys() == stored


def test_every_real_file_is_stored_or_gets_a_sentence(desk, real_pdfs):
    page, case = desk
    refused = defaultdict(str)
    before = set(names(case))
    for start in range(0, len(real_pdfs), BATCH):
        batch = real_pdfs[start : start + BATCH]
        page.opens(f"/cases/{case.reference}/records/new")
        add(page, *[(path.name, path.read_bytes()) for path in batch])
        assert page.status in (200, 422)
        for item in page.tree.xpath("//*[@class='govuk-error-summary__body']//li"):
            name, _, sentence = item.text_content().partition(": ")
            refused[name] = sentence
    filed = set(names(case)) - before
    assert filed.isdisjoint(refused)
    assert {path.name for path in real_pdfs} == filed | set(refused)
    assert all(sentence.endswith((".", "d")) and " " in sentence for sentence in refused.values())
    assert filed, "most real files can be taken"
    for document in case.documents.where(Document.name.in_(list(filed))):
        assert document.pages >= 1
        assert is_intact(document)
