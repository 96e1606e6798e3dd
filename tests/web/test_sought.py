"""What is searched for is a name more often than not: it stands in no address, no title and no store of the browser."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from portal import demo
from portal.web.session import Session
from portal.words import Stage
from tests.views.test_case import references

NAME = "Delgado"


def address(page):
    """Where the browser is now, path and query."""
    return page.response.request.full_path


def test_a_search_leads_to_an_address_that_does_not_say_what_was_typed(visitor, world):
    page = visitor(world.coordinator).opens("/cases").presses("Show cases", q=NAME)
    assert references(page) and page.typed("q") == NAME
    assert NAME.lower() not in address(page).lower() and "search=" in address(page)
    assert NAME not in page.title
    assert not [link for link in page.tree.xpath("//@href|//@action") if NAME.lower() in link.lower()]
    again = page.opens(address(page))
    assert references(again) and again.typed("q") == NAME


def test_the_same_search_reads_differently_each_time_and_tells_no_length(visitor, world):
    person, seals = visitor(world.coordinator), set()
    for typed in (NAME, NAME, "a", "Maria Elena Delgado-Hernandez of Portland"):
        page = person.opens("/cases").presses("Show cases", q=typed)
        seals.add(parse_qs(urlsplit(address(page)).query)["search"][0])
    assert len(seals) == 4 and len({len(seal) for seal in seals}) == 1


def test_an_address_of_one_session_says_nothing_in_another(visitor, world):
    found = address(visitor(world.coordinator).opens("/cases").presses("Show cases", q=NAME))
    for person in (world.second_coordinator, world.coordinator):
        page = visitor(person).opens(found)
        assert (page.status, page.typed("q")) == (200, "")


@pytest.mark.parametrize(
    "junk", ["", "A", "AAAA", "é", "a" * 3_000, "%00", "%25", "A" * 150, "../..", "=", "____"]
)
def test_a_seal_that_was_changed_counts_as_nothing_typed(visitor, world, junk):
    page = visitor(world.coordinator).opens(f"/cases?search={junk}")
    assert (page.status, page.typed("q")) == (200, "")


def test_what_is_typed_into_the_address_by_hand_is_not_searched_for(visitor, world):
    page = visitor(world.coordinator).opens(f"/cases?q={NAME}")
    assert page.typed("q") == "" and NAME not in page.response.headers.get("Location", "")


def test_a_search_goes_on_page_by_page_without_losing_or_repeating_a_case(visitor, world):
    for _ in range(30):
        demo.case_at(world, Stage.DRAFT, by=world.colleague)
    page = visitor(world.colleague).opens("/cases").presses("Show cases", q=NAME.lower())
    found = references(page)
    while "Show more cases" in page.links:
        page.follows("Show more cases")
        assert page.typed("q") == NAME.lower()
        found += references(page)
    assert len(found) == len(set(found)) == 45


def test_htmx_gets_the_list_at_once_and_is_told_its_address(visitor, world):
    person = visitor(world.coordinator).opens("/cases")
    [token] = set(person.tree.xpath("//main//input[@name='csrf_token']/@value"))
    asks = {"HX-Request": "true", "HX-Request-Type": "partial", "X-CSRFToken": token}
    answer = person.client.post("/cases", data={"q": NAME, "show": "open"}, headers=asks)
    assert answer.status_code == 200 and answer.text.strip().startswith('<div id="queue">')
    onward = answer.headers["HX-Push-Url"]
    assert NAME.lower() not in onward.lower()
    assert references(person.opens(onward)) and person.typed("q") == NAME


def test_a_search_without_a_token_is_refused(visitor, world):
    assert visitor(world.coordinator).client.post("/cases", data={"q": NAME}).status_code == 400


def test_a_search_is_kept_nowhere_in_the_database(visitor, world):
    visitor(world.coordinator).opens("/cases").presses("Show cases", q="Zebrawood")
    assert not [row for row in Session.select().dicts() if "zebrawood" in str(row).lower()]


def test_a_cookie_that_is_read_does_not_say_what_was_typed(visitor, world):
    person = visitor(world.coordinator).opens("/cases").presses("Show cases", q="Zebrawood")
    with person.client.session_transaction() as cookie:
        assert not re.search("zebrawood", str(dict(cookie)), re.IGNORECASE)
