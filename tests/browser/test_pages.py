"""Every page that somebody may open can be read by anybody, on a phone and on a desk, by day and by night."""

import pytest

from portal.forms.referral import FORMS
from portal.words import Stage
from tests.browser.sight import Sight
from tests.policy.matrix import PEOPLE, address, persons, read_table, routes, stage_for

STAFF = ("referrer", "coordinator", "expert")
SEARCHES = ("IME-1001", "nobody of this name")


def pages_of(app, name, case_at):
    """The addresses of all pages that the access table allows this person, each of a case at a fitting stage."""
    allowed = {row["route"] for row in read_table() if row["method"] == "GET" and row[name] == "allow"}
    for rule, method in routes(app):
        if method == "GET" and rule.rule in allowed:
            case = case_at(stage_for(app.view_functions[rule.endpoint].access))
            path = address(app, rule, case)
            yield path
            if "part" in rule.arguments:
                yield from (path.replace("/need", f"/{part}") for part in FORMS if part != "need")


def look_at(page, paths):
    """Open each page and look at it; what is no page but a file is not looked at."""
    sight = Sight(page)
    for path in paths:
        kind = page.request.get(path).headers["content-type"]
        if kind.startswith("text/html"):
            page.goto(path)
            sight.look_from_all_sides()
    return sight.faults


@pytest.mark.parametrize("name", PEOPLE)
def test_every_page_can_be_read(name, app, world, case_at, window):
    people = persons(world, case_at(Stage.BOOKED), case_at(Stage.DECLINED))
    assert look_at(window(people[name]), pages_of(app, name, case_at)) == []


@pytest.mark.parametrize("name", STAFF)
def test_every_stage_of_a_case_can_be_read(name, world, case_at, window):
    cases = [f"/cases/{case_at(stage).reference}" for stage in Stage]
    page = window(getattr(world, name))
    assert look_at(page, [*cases, "/cases?show=late", *searches(page)]) == []


def searches(page):
    """The addresses to which two searches lead, one with a hit and one without."""
    for typed in SEARCHES:
        page.goto("/cases")
        page.get_by_label("Search").fill(typed)
        with page.expect_response(lambda answer: answer.request.method == "POST"):
            page.get_by_role("button", name="Show cases").click()
        page.wait_for_url("**search=**")
        yield page.url


def test_every_refusal_can_be_read(world, case_at, window):
    closed = case_at(Stage.CLOSED).reference
    refused = ["/nowhere", "/cases/IME-999999", "/experts", f"/cases/{closed}/withdrawal"]
    page = window(world.referrer)
    assert [page.request.get(path).status for path in refused] == [404, 404, 403, 409]
    assert look_at(page, refused) == []


def test_a_link_that_opens_nothing_can_be_read(window):
    assert look_at(window(), [f"/appointment/link/{'a' * 43}"]) == []
