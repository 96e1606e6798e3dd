"""Every page that somebody may open can be read by anybody, on a phone and on a desk, by day and by night."""

import pytest

from portal.forms.referral import FORMS
from portal.words import Stage
from tests.browser.sight import Sight
from tests.policy.matrix import PEOPLE, address, persons, read_table, routes, stage_for

STAFF = ("referrer", "coordinator", "expert")
PARTS = 4  # of the pages of one person, so that no single test looks for minutes
ANYBODY = ("anonymous", "half_signed_in", "disabled")
SEARCHES = ("IME-1001", "nobody of this name")


def pages_of(app, name, case_at):
    """The addresses of all pages that the access table allows this person and no one before them who is shown the same,
    each of a case at a fitting stage."""
    allowed = {route for route, names in readers().items() if name in names}
    for rule, method in routes(app):
        if method == "GET" and rule.rule in allowed:
            case = case_at(stage_for(app.view_functions[rule.endpoint].access))
            path = address(app, rule, case)
            yield path
            if "part" in rule.arguments:
                yield from (path.replace("/need", f"/{part}") for part in FORMS if part != "need")


def readers():
    """Each page's route and who looks at it: of a case every party that may, of the rest the first of each role."""
    found = {}
    for row in read_table():
        if row["method"] == "GET":
            names = [name for name in PEOPLE if row[name] == "allow"]
            parties = [name for name in names if name != "other_coordinator" or "coordinator" not in names]
            found[row["route"]] = (
                parties if "<ref:" in row["route"] else [*first_of_each_role(names).values()]
            )
    return found


def first_of_each_role(names):
    """Whoever is shown a page first, for the role that decides what it shows."""
    first = {}
    for name in names:
        first.setdefault("anybody" if name in ANYBODY else role_of(name), name)
    return {"anybody": first["anybody"]} if "anybody" in first else first


def role_of(name):
    """The role of one of the people: the last word of who they are, a referrer's for a colleague, an expert's for who was one."""
    word = name.rpartition("_")[2]
    return {"colleague": "referrer", "candidate": "expert"}.get(word, word)


def look_at(page, paths):
    """Open each page and look at it; what is no page but a file is not looked at."""
    sight = Sight(page)
    for path in paths:
        kind = page.request.get(path).headers["content-type"]
        if kind.startswith("text/html"):
            page.goto(path)
            sight.look_from_all_sides()
    return sight.faults


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("name", PEOPLE)
def test_every_page_can_be_read(name, part, app, world, case_at, window):
    people = persons(world, case_at(Stage.BOOKED), case_at(Stage.DECLINED))
    paths = list(pages_of(app, name, case_at))[part::PARTS]
    assert not paths or look_at(window(people[name]), paths) == []


def test_no_page_goes_unseen():
    seen = {route for route, names in readers().items() if names}
    allowed = {
        row["route"]
        for row in read_table()
        if row["method"] == "GET" and "allow" in {row[name] for name in PEOPLE}
    }
    assert seen == allowed and len(allowed) > 90


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
