"""A second oracle: whoever follows every link and every form that looks something up, from their own first page, comes
to nothing that the tables do not allow, and to everything they do."""

from urllib.parse import urlencode, urlsplit

import pytest
from lxml import html

from portal import clock
from portal.models import Document, User
from portal.words import Stage
from tests.policy.matrix import Knocker, outcome, persons, read_table
from tests.policy.stages import KNOCKING, read_stages

WALKING = (
    "referrer",
    "colleague",
    "coordinator",
    "expert",
    "claimant",
    "stranger_referrer",
    "stranger_expert",
)

# Pages that no page leads to, each with the way that people come there instead.
DIRECT = {
    "/account/authenticator": "by the button that begins it",
    "/appointment/goodbye": "after signing out",
    "/appointment/identity": "where a claimant has not said yet when they were born",
    "/appointment/times": "while times are offered; the world's cases have none",
    "/appointment/times/others": "while times are offered",
    "/cases/<ref:ref>/appointment/confirmation": "from a time that was chosen",
    "/cases/<ref:ref>/appointment/move/confirmation": "from a time that was chosen",
    "/cases/<ref:ref>/appointment/times/end": "while times are offered",
    "/cases/<ref:ref>/panel": "once names were drawn; the world's cases have none",
    "/cases/<ref:ref>/rules": "when a rule was changed after the case was referred",
    "/rules/rule/<code:called>/switch": "from a rule that is no house default",
    "/appointment/link-asked": "after asking for a new link",
    "/appointment/link/<token:token>": "from a mail",
    "/cases/<ref:ref>/brief/read": "once a brief was sent; the world's cases have none",
    "/cases/<ref:ref>/calls": "where somebody is to be called",
    "/cases/<ref:ref>/messages": "where there are more messages than the case's page shows",
    "/cases/<ref:ref>/purge": "when a case's years have run out",
    "/cases/<ref:ref>/reopening": "from an ended case, which the list shows when it is asked for by its form",
    "/cases/<ref:ref>/restriction/lifting": "where a case is restricted",
    "/emergency-access": "where a case is restricted",
    "/experts/<number:expert_id>/files/<number:file_id>": "where there is evidence of a credential; the world's has none",
    "/sign-in": "before signing in",
    "/sign-in/forgotten": "before signing in",
    "/sign-in/forgotten/sent": "before signing in",
    "/sign-in/organization": "before signing in",
    "/sign-in/second-factor": "between the password and the desk",
    "/sign-in/second-factor/recovery-code": "between the password and the desk",
}


def links_of(answer):
    """Where the page leads: its links, and its forms that look something up, with each choice they offer."""
    if answer.mimetype != "text/html":
        return
    tree = html.fromstring(answer.get_data())
    for link in tree.iter("a"):
        yield link.get("href") or ""
    for form in tree.iter("form"):
        if (form.get("method") or "get").lower() == "get":
            given = [(name, value) for name, value in form.form_values() if isinstance(value, str)]
            where = form.get("action") or answer.request.path
            yield f"{where}?{urlencode(given)}"
            for choice in form.xpath(".//option|.//input[@type='radio' or @type='checkbox']"):
                name = choice.get("name") or choice.getparent().get("name")
                rest = [pair for pair in given if pair[0] != name]
                yield f"{where}?{urlencode([*rest, (name, choice.get('value') or '')])}"


class Walker:
    """One person on their way: which pages they saw, at cases of which stage."""

    def __init__(self, app, knocker, stages):
        self.knocker, self.stages, self.seen = knocker, stages, {}
        self.urls = app.url_map.bind("localhost")

    def walk(self, start):
        waiting = [start]
        while waiting:
            path = waiting.pop()
            if (spot := self.spot(path)) and spot not in self.seen:
                answer = self.knocker.asks("GET", path)
                self.seen[spot] = outcome(answer)
                if to := answer.headers.get("Location"):
                    waiting.append(to)
                waiting += [link for link in links_of(answer) if link.startswith(("/", "?"))]
        return self

    def spot(self, path):
        """The route, the stage of the case and the kind of question asked; None for what is no page of the portal."""
        parts = urlsplit(path)
        if parts.netloc or not parts.path:
            return None
        assert self.urls.test(parts.path), path
        rule, given = self.urls.match(parts.path, return_rule=True)
        asked = parts.query if rule.rule == "/cases" else given.get("user_id", "")
        return None if rule.endpoint == "static" else (rule.rule, self.stages.get(given.get("ref")), asked)


def allowed(name):
    """The pages that the tables allow to a person: by route, and at which stages of a case of theirs."""
    by_stage = {route: row for (method, route), row in read_stages().items() if method == "GET"}
    own = {"stranger_referrer": "referrer"}.get(name, name)
    for row in read_table():
        if row["method"] == "GET" and row["route"] in by_stage and own in KNOCKING:
            cells = by_stage[row["route"]]
            yield from ((row["route"], stage) for stage in Stage if own in cells[stage].split())
        elif row["method"] == "GET" and row[name] == "allow":
            yield row["route"], None


@pytest.mark.parametrize("name", WALKING)
def test_what_people_come_to_by_links_is_what_the_tables_allow(app, ours, theirs, look, name):
    people = persons(ours.world, ours.case_at(Stage.BOOKED), ours.case_at(Stage.DECLINED))
    User.update(joined_at=clock.now()).where(User.id == ours.world.expert.id).execute()
    # What has no bytes behind it is no page that anybody comes to.
    Document.update(audience="office").where(Document.size == 1).execute()
    stages = {side.case_at(stage).reference: stage for side in (ours, theirs) for stage in Stage}
    walker = Walker(app, Knocker(app, people[name], look(name)), stages).walk("/")
    may = set(allowed(name))
    for (route, stage, _), word in walker.seen.items():
        assert word == "allow", (route, stage)
        if name == "expert" and route.endswith("/records/<number:document_id>") and stage == Stage.BOOKED:
            continue  # the letter: the tables ask for a record, which comes with the brief
        assert (route, Stage.BOOKED if name == "claimant" and (route, None) not in may else stage) in may
    reached = {route for route, _, _ in walker.seen}
    unreached = {route for route, _ in may} - reached - set(DIRECT)
    assert not unreached, ", ".join(sorted(unreached))


def test_every_page_that_is_come_to_otherwise_is_a_page(app):
    assert set(DIRECT) <= {rule.rule for rule in app.url_map.iter_rules()}
