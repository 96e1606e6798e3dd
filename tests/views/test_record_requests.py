"""The checklist: asking for a record, seeing who is asked for what, and settling it."""

from datetime import timedelta

import pytest

from portal import clock
from portal.ime.records import request_record
from portal.models import RecordRequest
from portal.words import DocumentKind, RecordSource, RecordState, Stage
from tests.paper import statements_of


def ask(case, world, what="Job description", days=5):
    return request_record(
        case,
        by=world.coordinator,
        kind=DocumentKind.JOB_DESCRIPTION,
        what=what,
        asked_of=RecordSource.REFERRER,
        due_on=clock.today() + timedelta(days=days),
    )


def in_parts(day):
    return {"due_on-month": str(day.month), "due_on-day": str(day.day), "due_on-year": str(day.year)}


def test_a_coordinator_asks_for_a_record_from_the_case_page(visitor, world, case_at):
    case = case_at(Stage.MATCHING)
    page = visitor(world.coordinator).opens(f"/cases/{case.reference}").follows("Ask for a record")
    day = clock.today() + timedelta(days=9)
    page.presses(
        "Ask for the record",
        what="Job description",
        kind="job_description",
        asked_of="referrer",
        **in_parts(day),
    )
    assert page.sees("The record is on the checklist. The referrer has been told.")
    assert page.sees("Job description") and page.sees("Asked of the referrer on")
    kept = case.record_requests.order_by(RecordRequest.id.desc()).get()
    assert (kept.what, kept.due_on, kept.state) == ("Job description", day, RecordState.ASKED)


def test_what_is_wrong_with_a_request_is_said_at_its_field_and_what_was_typed_is_kept(
    visitor, world, case_at
):
    case = case_at(Stage.MATCHING)
    count = RecordRequest.select().count()
    page = visitor(world.coordinator).opens(f"/cases/{case.reference}/record-requests/new")
    page.presses("Ask for the record", what="Job description", **in_parts(clock.today() - timedelta(days=1)))
    assert page.status == 422
    for sentence in (
        "Choose the kind of record",
        "Choose whom you ask",
        "Choose a day that is still to come",
    ):
        assert page.sees(sentence)
    assert page.typed("what") == "Job description"
    assert RecordRequest.select().count() == count


@pytest.mark.parametrize("who", ["referrer", "colleague", "coordinator", "expert"])
def test_everybody_engaged_sees_what_is_asked_of_whom_and_how_late_it_is(visitor, world, case_at, who):
    case = case_at(Stage.BOOKED)
    with clock.set_to(clock.now() - timedelta(days=7)):
        ask(case, world)
    for place in (f"/cases/{case.reference}", f"/cases/{case.reference}/records"):
        page = visitor(getattr(world, who)).opens(place)
        assert page.sees("Job description") and page.sees("Asked of the referrer on")
        [chip] = page.tree.xpath("//*[contains(@class, 'chip--late')][contains(text(), '2 days late')]")
        assert chip is not None


def test_only_a_coordinator_is_led_to_settling(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    ask(case, world)
    assert "Job description" in visitor(world.coordinator).opens(f"/cases/{case.reference}").links
    assert "Job description" not in visitor(world.referrer).opens(f"/cases/{case.reference}").links
    assert visitor(world.referrer).opens(f"/cases/{case.reference}/record-requests").status == 403


def test_a_record_that_came_is_settled_with_its_document(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    asked, document = ask(case, world), case.documents.get()
    page = visitor(world.coordinator).opens(f"/cases/{case.reference}").follows("Settle a record request")
    page.follows("Job description").presses("Settle the request", state="received", document=str(document.id))
    assert page.sees("The request is settled.") and page.sees("Received")
    kept = RecordRequest.get_by_id(asked.id)
    assert (kept.state, kept.document) == (RecordState.RECEIVED, document)


def test_a_record_that_is_not_to_be_had_is_settled_without_one(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    asked = ask(case, world)
    page = visitor(world.coordinator).opens(f"/cases/{case.reference}/record-requests/{asked.id}")
    page.presses("Settle the request", state="unavailable")
    assert page.sees("Not available")
    assert RecordRequest.get_by_id(asked.id).state == RecordState.UNAVAILABLE


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ({}, "Choose whether the record came"),
        ({"state": "asked"}, "Choose one of the answers shown here"),
        ({"state": "received", "document": "987654321"}, "Choose one of the answers shown here"),
    ],
)
def test_a_wrong_settlement_is_said_at_its_field(visitor, world, case_at, answers, sentence):
    case = case_at(Stage.BOOKED)
    asked = ask(case, world)
    page = visitor(world.coordinator).opens(f"/cases/{case.reference}/record-requests/{asked.id}")
    page.presses("Settle the request", **answers)
    assert page.status == 422 and page.sees(sentence)
    assert RecordRequest.get_by_id(asked.id).state == RecordState.ASKED


def test_of_two_who_settle_the_second_is_told(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    asked = ask(case, world)
    address = f"/cases/{case.reference}/record-requests/{asked.id}"
    first, second = (
        visitor(world.coordinator).opens(address),
        visitor(world.second_coordinator).opens(address),
    )
    first.presses("Settle the request", state="received")
    second.presses("Settle the request", state="unavailable")
    assert second.status == 422 and second.sees("Somebody settled this request already.")
    assert RecordRequest.get_by_id(asked.id).state == RecordState.RECEIVED


def test_a_request_of_another_case_is_not_found_under_this_one(visitor, world, case_at):
    asked = ask(case_at(Stage.BOOKED), world)
    page = visitor(world.coordinator)
    assert page.opens(f"/cases/{case_at(Stage.MATCHING).reference}/record-requests/{asked.id}").status == 404


def test_when_nothing_is_asked_the_page_says_so(visitor, world, case_at):
    case = case_at(Stage.MATCHING)
    RecordRequest.delete().where(RecordRequest.case == case).execute()
    page = visitor(world.coordinator).opens(f"/cases/{case.reference}/record-requests")
    assert page.sees("Nothing is asked for") and "Ask for a record" in page.links


def test_the_checklist_asks_as_much_for_one_request_as_for_many(visitor, world, case_at):
    case = case_at(Stage.MATCHING)
    page = visitor(world.coordinator).opens(f"/cases/{case.reference}/record-requests")
    few = statements_of(lambda: page.opens(f"/cases/{case.reference}/record-requests"))
    for number in range(20):
        ask(case, world, what=f"Record {number}")
    assert statements_of(lambda: page.opens(f"/cases/{case.reference}/record-requests")) == few
