"""A second oracle: whoever follows every link and every form that looks something up, from their own first page, comes
to nothing that the tables do not allow, and to everything they do."""

from urllib.parse import urlencode, urlsplit

from lxml import html

from portal.models import Case
from portal.words import Stage
from tests.policy.matrix import Knocker, outcome, persons, read_table, routes
from tests.policy.stages import is_of_a_case, read_stages

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
DIRECT = {}


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
        rule, given = self.urls.match(parts.path, return_rule=True)
        asked = parts.query if rule.rule == "/cases" else ""
        return None if rule.endpoint == "static" else (rule.rule, self.stages.get(given.get("ref")), asked)


def test_what_people_come_to_by_links_is_what_the_tables_allow(app, ours, look):
    stages = {ours.case_at(stage).reference: stage for stage in Stage}
    case, other = ours.case_at(Stage.BOOKED), ours.case_at(Stage.DECLINED)
    people = persons(ours.world, case, other)
    table = {row["route"]: row for row in read_table() if row["method"] == "GET"}
    by_stage = {route: row for (method, route), row in read_stages().items() if method == "GET"}
    missed = {}
    for name in WALKING:
        walker = Walker(app, Knocker(app, people[name], look(name)), stages).walk("/")
        for (route, stage, _), word in walker.seen.items():
            assert word == "allow", (name, route, stage)
            if stage and name in {"referrer", "colleague", "coordinator", "expert"}:
                assert name in by_stage[route][stage].split(), (name, route, stage)
            else:
                assert table[route][name] == "allow" or stage, (name, route, stage)
        reached = {route for route, _, _ in walker.seen}
        for rule, method in routes(app):
            is_case = is_of_a_case(rule, app.view_functions[rule.endpoint].access)
            if method == "GET" and rule.rule not in reached and table[rule.rule][name] == "allow":
                missed.setdefault(rule.rule, set()).add(name)
            elif method == "GET" and is_case and name in WALKING[:4]:
                for stage in Stage:
                    if name in by_stage[rule.rule][stage].split() and not any(
                        (rule.rule, stage) == spot[:2] for spot in walker.seen
                    ):
                        missed.setdefault(rule.rule, set()).add(f"{name} at {stage}")
    print(missed)
    assert set(missed) == set(DIRECT)
    assert Case.select().count() > 20
