"""The list of records, the part of the case page that shows them, and removing one from a draft."""

import pytest

from portal.ime.records import StoredFile, file_document
from portal.models import Document
from portal.words import Audience, DocumentKind, Stage
from tests.paper import statements_of


def add(case, by, number=1, name="Scan {}.pdf", **more):
    files = [
        StoredFile(name.format(each), "application/pdf", 12_000, f"{each:064x}", f"{each:032x}", pages=3)
        for each in range(number)
    ]
    given = {"kind": DocumentKind.IMAGING, "provider": "Bay Imaging", **more}
    return file_document(case, by=by, files=files, **given)


def listed(visitor):
    return [link.text_content() for link in visitor.tree.xpath("//tbody//th/a[1]")]


@pytest.mark.parametrize("who", ["referrer", "colleague", "coordinator", "expert"])
def test_the_list_says_what_each_document_is(visitor, world, case_at, who):
    case = case_at(Stage.REPORTING)
    add(case, world.referrer)
    page = visitor(getattr(world, who)).opens(f"/cases/{case.reference}/records")
    row = page.tree.xpath("//tbody/tr")[0].text_content()
    for fact in ("Scan 0.pdf", "Imaging", "Bay Imaging", "3", "12\N{NO-BREAK SPACE}KB", "Morgan Reyes"):
        assert fact in row


def test_the_case_page_shows_twelve_and_leads_to_all(visitor, world, case_at):
    case = case_at(Stage.MATCHING)
    before = case.documents.count()
    add(case, world.coordinator, number=30)
    page = visitor(world.referrer).opens(f"/cases/{case.reference}")
    assert len(page.tree.xpath("//section[@id='records']//*[@class='file']")) == 12
    page.follows(f"See all {before + 30} documents")
    assert len(listed(page)) == before + 30


def test_a_long_list_goes_on_page_after_page_and_leaves_none_out(visitor, world, case_at):
    case = case_at(Stage.MATCHING)
    before = case.documents.count()
    add(case, world.coordinator, number=230)
    page = visitor(world.referrer).opens(f"/cases/{case.reference}/records")
    found = listed(page)
    assert len(found) == 100
    for _ in range(2):
        found += listed(page.follows("Show older documents"))
    assert len(found) == len(set(found)) == 230 + before
    assert "Show older documents" not in page.links


@pytest.mark.parametrize("before", ["x", "-1", "0", "99999999999999999999", "1%00", "²"])
def test_a_wrong_place_in_the_list_is_no_fault(visitor, world, case_at, before):
    case = case_at(Stage.MATCHING)
    assert visitor(world.referrer).opens(f"/cases/{case.reference}/records?before={before}").status == 200


def test_the_list_and_the_case_page_ask_as_much_for_one_document_as_for_many(visitor, world, case_at):
    case = case_at(Stage.MATCHING)
    page = visitor(world.referrer)
    for place in (f"/cases/{case.reference}/records", f"/cases/{case.reference}"):
        page.opens(place)
        few = statements_of(lambda place=place: page.opens(place))
        Document.delete().where(Document.key == f"{0:032x}").execute()
        add(case, world.coordinator, number=60, name=f"{len(place)} {{}}.pdf")
        many = statements_of(lambda place=place: page.opens(place))
        assert many == few
        Document.delete().where(Document.provider == "Bay Imaging").execute()


def test_who_may_read_it_is_said_when_it_is_not_the_whole_case(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    add(case, world.coordinator, audience=Audience.OFFICE)
    page = visitor(world.coordinator).opens(f"/cases/{case.reference}/records")
    assert page.sees("Scan 0.pdf Coordinators only")


def test_what_came_after_the_brief_is_marked_for_the_expert(visitor, world, case_at):
    from datetime import timedelta

    from portal import clock

    case = case_at(Stage.BOOKED)
    before = clock.now() - timedelta(hours=1)
    type(case).update(brief_sent_at=before, records_given_at=before).where(type(case).id == case.id).execute()
    add(type(case).get_by_id(case.id), world.referrer)
    address = f"/cases/{case.reference}/records"
    assert visitor(world.expert).opens(address).sees("Scan 0.pdf New since the brief")
    assert not visitor(world.referrer).opens(address).sees("New since the brief")


def test_a_case_without_records_says_what_will_appear(visitor, world, case_at):
    case = case_at(Stage.MATCHING)
    for table in (case.record_requests, case.documents):
        for each in table:
            each.delete_instance()
    referrer = visitor(world.referrer)
    assert referrer.opens(f"/cases/{case.reference}/records").sees("No documents here")
    assert referrer.opens(f"/cases/{case.reference}").sees("No records yet")


def test_a_referrer_removes_a_document_from_a_draft(visitor, world, case_at):
    case = case_at(Stage.DRAFT)
    [document] = add(case, world.referrer)
    page = visitor(world.referrer).opens(f"/cases/{case.reference}/records").follows("Remove Scan 0.pdf")
    assert page.sees("Scan 0.pdf will no longer be part of the referral")
    page.presses("Remove the document")
    assert page.sees("The document is removed.") and not page.sees("Scan 0.pdf")
    assert not Document.select().where(Document.id == document.id).exists()


def test_there_is_nothing_to_remove_once_the_referral_is_sent(visitor, world, case_at):
    case = case_at(Stage.REFERRED)
    document = case.documents.get()
    page = visitor(world.referrer).opens(f"/cases/{case.reference}/records")
    assert not [link for link in page.links if link.startswith("Remove")]
    assert page.opens(f"/cases/{case.reference}/records/{document.id}/removal").status == 409


def test_what_the_office_filed_is_not_the_referrers_to_remove(visitor, world, case_at):
    case = case_at(Stage.RETURNED)
    [document] = add(case, world.coordinator)
    page = visitor(world.referrer).opens(f"/cases/{case.reference}/records")
    assert "Remove Scan 0.pdf" not in page.links
    page.opens(f"/cases/{case.reference}/records/{document.id}/removal").presses("Remove the document")
    assert page.status == 422 and page.sees("Only documents that your side filed can be removed.")
    assert Document.select().where(Document.id == document.id).exists()
