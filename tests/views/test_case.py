"""The queue of cases and the case page."""

import pytest

from portal import demo, search
from portal.ime.instructions import send_brief
from portal.words import Stage


def references(page):
    return [
        each.text_content().split(" · ")[0] for each in page.tree.xpath("//span[@class='row__reference']")
    ]


def test_the_queue_filters_by_stage(visitor, world, case_at):
    page = visitor(world.coordinator).opens("/cases").presses("Show cases", stage="booked")
    assert references(page) == [case_at(Stage.BOOKED).reference]


def test_the_queue_finds_a_whole_claim_number_and_says_that_a_part_finds_nothing(visitor, world):
    page = visitor(world.coordinator).opens("/cases").presses("Show cases", q="lm 2026 004417")
    assert len(references(page)) == len(Stage) - 1
    assert page.sees("Reference, claimant or whole claim number")
    assert references(page.presses("Show cases", q="004417")) == []


def test_a_search_without_a_hit_says_what_to_try(visitor, world):
    page = visitor(world.coordinator).opens("/cases").presses("Show cases", q="Nobody Known")
    assert page.sees("No case matches “Nobody Known”")


def test_until_the_day_the_appointment_stands_first(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    visitor(world.coordinator).opens(f"/cases/{case.reference}/brief").presses(
        "Send the brief", override="They have them."
    )
    page = visitor(world.expert).opens(f"/cases/{case.reference}")
    assert page.tree.xpath("string((//main//section//h2)[1])") == "Appointment"


def test_a_stranger_finds_nothing_of_others(visitor, world):
    page = visitor(world.stranger_referrer).opens("/cases").presses("Show cases", q="Delgado")
    assert not references(page)


@pytest.mark.parametrize(
    "typed", ['"', "lumbar AND (", "x' OR 1=1 --", "c++", "*", "ime-", "\x00a", "é", "organisation2"]
)
def test_a_hostile_search_is_only_a_search(visitor, world, typed):
    assert visitor(world.stranger_referrer).opens("/cases").presses("Show cases", q=typed).status == 200


@pytest.mark.parametrize(
    "query",
    [
        "after=x",
        "after=2026-01-01.9999999999999999999",
        "stage=nowhere",
        "order=name;drop",
        "before=9e9",
        "show=",
    ],
)
def test_junk_in_the_address_counts_as_not_chosen(visitor, world, query):
    assert visitor(world.coordinator).opens(f"/cases?{query}").status == 200


def test_the_queue_pages_without_losing_or_repeating_a_case(visitor, world):
    for _ in range(30):
        demo.case_at(world, Stage.DRAFT, by=world.colleague)
    page, found = visitor(world.colleague).opens("/cases"), []
    found += references(page)
    while "Show more cases" in page.links:
        found += references(page.follows("Show more cases"))
    assert len(found) == len(set(found)) == 30 + 12


def test_search_pages_newest_first(world):
    for _ in range(30):
        demo.case_at(world, Stage.DRAFT, by=world.colleague)
    first, are_more = search.find(world.colleague, "delgado")
    rest, still_more = search.find(world.colleague, "delgado", before=first[-1].id)
    ids = [row.id for row in first + rest]
    assert are_more and not still_more
    assert ids == sorted(ids, reverse=True) and len(set(ids)) == 45


def test_htmx_gets_the_list_alone_and_a_visit_the_page(visitor, world):
    person = visitor(world.coordinator)
    fragment = person.client.get("/cases", headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert fragment.text.strip().startswith('<div id="queue">')
    assert "HX-Request" in fragment.headers["Vary"]
    assert "<html" in person.client.get("/cases").text


def test_the_case_page_names_the_stage_and_the_one_next_step(visitor, world, case_at):
    page = visitor(world.coordinator).opens(f"/cases/{case_at(Stage.MATCHING).reference}")
    assert page.tree.xpath("//div[@class='next']//a")[0].text_content() == "Offer the case"
    assert page.sees("Finding an expert")


def test_the_case_page_says_for_whom_a_reader_waits(visitor, world, case_at):
    page = visitor(world.referrer).opens(f"/cases/{case_at(Stage.MATCHING).reference}")
    assert page.sees("Waiting for the coordinator")


def test_a_search_keeps_to_what_else_was_chosen(visitor, world, case_at):
    booked, closed = case_at(Stage.BOOKED).reference, case_at(Stage.CLOSED).reference
    person = visitor(world.coordinator).opens("/cases")
    assert {booked, closed} <= set(references(person.presses("Show cases", q="delgado")))
    assert references(person.presses("Show cases", q="delgado", stage="booked")) == [booked]
    ended = set(references(person.presses("Show cases", q="delgado", stage="", show="ended")))
    assert closed in ended and booked not in ended


def test_a_step_with_nothing_to_do_is_not_offered(visitor, world, case_at):
    case = case_at(Stage.MATCHING)
    page = visitor(world.coordinator).opens(f"/cases/{case.reference}")
    assert "Settle a record request" in page.links
    assert "Make the phone calls" not in page.links and "Revoke the links" not in page.links
    case.record_requests.get().delete_instance()
    assert "Settle a record request" not in page.opens(f"/cases/{case.reference}").links


def test_until_the_day_the_expert_is_offered_the_brief_and_not_the_record(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    send_brief(case, by=world.coordinator, override="They have them.")
    page = visitor(world.expert).opens(f"/cases/{case.reference}")
    assert page.tree.xpath("//div[@class='next']//a")[0].text_content() == "Read the brief"


def test_a_returned_referral_shows_the_question_on_its_case_page(visitor, world, case_at):
    page = visitor(world.referrer).opens(f"/cases/{case_at(Stage.RETURNED).reference}")
    assert page.sees("The coordinator asks: Which shoulder imaging exists so far?")


def test_what_guards_a_case_is_tucked_away_from_the_steps_that_move_it(visitor, world, case_at):
    page = visitor(world.coordinator).opens(f"/cases/{case_at(Stage.BOOKED).reference}")
    tucked = [" ".join(link.text_content().split()) for link in page.tree.xpath("//aside//details//a")]
    assert tucked == [
        "Restrict the case",
        "Bar a person",
        "Place a legal hold",
        "Accounting of disclosures",
        "Who looked at this case",
    ]
    assert [page.links.count(text) for text in tucked] == [1] * 5
    assert not {"Note what was given out", "Choose the ground for giving out"} & set(page.links)


def test_a_reader_with_one_such_link_opens_nothing_to_reach_it(visitor, world, case_at):
    page = visitor(world.referrer).opens(f"/cases/{case_at(Stage.BOOKED).reference}")
    assert not page.tree.xpath("//main//details[.//a='Who looked at this case']")
    assert "Who looked at this case" in page.links
