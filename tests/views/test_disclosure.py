"""The accounting of disclosures, noting one, and the ground for them, as the office sees it."""

import csv
import io

import pytest

from portal.ime import disclosure
from portal.models import AuditRecord, Case, CaseParty, Disclosure
from portal.web.spreadsheet import cell
from portal.words import Act, DisclosureBasis, Party, Stage

NOTE = "Note what was given out"


@pytest.fixture
def desk(visitor, world, case_at):
    case = case_at(Stage.CLOSED)
    Disclosure.delete().execute()
    return visitor(world.coordinator).opens(f"/cases/{case.reference}"), case


def test_the_accounting_is_one_action_from_the_case(desk):
    page, case = desk
    disclosure.note(case, to="Dana Brooks", address="1 Court Street", what="Report")
    disclosure.note(case, to="The claimant", what="Notice", basis=DisclosureBasis.TO_THE_INDIVIDUAL)
    page.follows("Accounting of disclosures")
    assert page.heading == "Accounting of disclosures"
    for said in (
        "Dana Brooks",
        "1 Court Street",
        "Workers' compensation law",
        "Not asked for by law",
    ):
        assert page.sees(said)


def test_what_a_recipient_was_given_by_phone_is_noted_with_the_least_chosen_beforehand(desk):
    page, case = desk
    page.opens(f"/cases/{case.reference}").follows("Accounting of disclosures").follows(NOTE)
    chosen = page.tree.xpath("//input[@name='documents' and @checked]/@value")
    assert chosen == [str(each.id) for each in disclosure.least(disclosure.offered(case))] != []
    assert page.tree.xpath("//input[@name='basis' and @checked]/@value") == ["workers_compensation"]
    page.presses(NOTE, recipient="Dana Brooks", address="1 Court Street", purpose="Hearing")
    assert page.status == 200 and page.sees("It stands in the accounting now.") and page.sees("Dana Brooks")


def test_the_one_recipient_whom_the_case_names_is_suggested(desk):
    page, case = desk
    [named] = case.parties.where(CaseParty.gets_report)
    page.opens(f"/cases/{case.reference}/disclosures/new")
    assert (page.typed("recipient"), page.typed("address")) == (named.name, named.email)
    CaseParty.create(case=case, party=Party.RECIPIENT, name="Ann Cole", gets_report=True)
    page.opens(f"/cases/{case.reference}/disclosures/new")
    assert (page.typed("recipient"), page.typed("address")) == ("", "")


def test_the_whole_file_needs_its_reason_at_the_field(desk):
    page, case = desk
    page.opens(f"/cases/{case.reference}/disclosures/new")
    every = page.tree.xpath("//input[@name='documents']/@value")
    said = {"recipient": "Dana Brooks", "address": "1 Court Street", "purpose": "Hearing", "documents": every}
    page.presses(NOTE, **said)
    assert page.status == 422 and page.sees("Say why more than the report was needed")
    assert page.typed("recipient") == "Dana Brooks"
    page.presses(NOTE, why_more="The court ordered it.")
    assert page.status == 200 and page.sees("The court ordered it.")


@pytest.mark.parametrize("left_out", ["recipient", "address", "purpose", "basis", "documents"])
def test_nothing_is_noted_while_something_is_unsaid(desk, left_out):
    page, case = desk
    page.opens(f"/cases/{case.reference}/disclosures/new")
    said = {"recipient": "Dana Brooks", "address": "1 Court Street", "purpose": "Hearing", left_out: ""}
    assert page.presses(NOTE, **said).status == 422
    assert Disclosure.select().count() == 0


def test_the_ground_is_chosen_by_the_coordinator(desk):
    page, case = desk
    page.opens(f"/cases/{case.reference}/disclosures").follows("Choose another ground")
    assert page.sees("45 CFR 164.512(l)")
    page.presses("Choose the ground", basis="court_order")
    assert page.sees("The ground for this case is an order of a court or board.")
    assert Case.get_by_id(case.id).disclosed_under == DisclosureBasis.COURT_ORDER


def test_the_spreadsheet_holds_the_accounting_and_runs_nothing(desk, world):
    page, case = desk
    disclosure.note(
        case, to='=HYPERLINK("http://evil.example")', address=" +1", what="@SUM(A1)", purpose="\tx"
    )
    answer = page.client.get(f"/cases/{case.reference}/disclosures.csv")
    head, row = csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig")))
    assert answer.mimetype == "text/csv" and "attachment" in answer.headers["Content-Disposition"]
    assert head[:3] == ["When", "Case", "To whom"]
    assert row[2:6] == ['\'=HYPERLINK("http://evil.example")', "' +1", "'@SUM(A1)", "'\tx"]
    [record] = AuditRecord.select().where(AuditRecord.act == Act.EXPORTED)
    assert (record.case, record.user) == (case.id, world.coordinator.id)


def test_an_accounting_that_leaves_something_out_says_so_on_the_page_and_in_the_file(visitor, world, case_at):
    case, hidden = case_at(Stage.CLOSED), case_at(Stage.BOOKED)
    Case.update(is_restricted=True, coordinator=world.coordinator).where(Case.id == hidden.id).execute()
    disclosure.note(hidden, to="Dana Brooks", what="Report")
    path = f"/cases/{case.reference}/disclosures"
    said = "This is not complete: you may not see 1 case of this claimant"
    for person, is_told in ((world.second_coordinator, True), (world.coordinator, False)):
        page = visitor(person).opens(path)
        file = page.client.get(f"{path}.csv").get_data(as_text=True)
        assert page.sees(said) is is_told and (said in file) is is_told
        assert (hidden.reference in page.text) is (hidden.reference in file) is not is_told
        assert page.sees("over all their cases that you may see.") is is_told


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", "  =1", "\u00a0=1"])
def test_a_cell_that_would_run_is_only_text(text):
    assert cell(text) == f"'{text}"
    assert cell("Dana - Brooks") == "Dana - Brooks"


@pytest.mark.parametrize("who", ["referrer", "colleague", "expert", "stranger_referrer"])
@pytest.mark.parametrize("page", ["disclosures", "disclosures.csv", "disclosures/new", "disclosures/ground"])
def test_the_accounting_is_the_offices_alone(visitor, world, case_at, who, page):
    case = case_at(Stage.CLOSED)
    answer = visitor(getattr(world, who)).client.get(f"/cases/{case.reference}/{page}")
    assert answer.status_code in {403, 404}
    assert case.claimant.name not in answer.text


def test_a_download_by_the_expert_stands_in_the_accounting(visitor, world, case_at):
    case = case_at(Stage.CLOSED)
    Disclosure.delete().execute()
    document = case.documents.first()
    expert = visitor(world.expert)
    for _ in range(2):
        assert expert.client.get(f"/cases/{case.reference}/records/{document.id}").status_code == 200
    page = visitor(world.coordinator).opens(f"/cases/{case.reference}/disclosures")
    assert page.text.count(f"document {document.id}") == 1
    assert page.sees(world.expert.email)


def test_a_paper_that_is_not_released_cannot_be_chosen(visitor, world, case_at):
    case = case_at(Stage.CHECKING)
    CaseParty.create(case=case, party=Party.RECIPIENT, name="Ann Cole", gets_report=True)
    page = visitor(world.coordinator).opens(f"/cases/{case.reference}/disclosures/new")
    report = case.reports.get().document
    assert str(report.id) not in page.tree.xpath("//input[@name='documents']/@value")
