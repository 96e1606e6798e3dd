"""Every route of the running portal, sent junk by somebody who may open it: no fault, and no case changes hands."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, urlencode

import pytest
from lxml import html

from portal.db import database
from portal.forms.referral import FORMS
from portal.ime.process import PROCESS
from portal.kept import Kept
from portal.models import Case, Document, Report, User
from portal.words import Stage
from tests.client import held
from tests.databases import ON_BOTH
from tests.policy.matrix import PEOPLE, Knocker, address, persons, read_table, routes, stage_for

ANSWERS = ("sign in", "prove", "deny", "hide", "late", "allow")
FORM = "application/x-www-form-urlencoded"
POLYGLOT = (
    "'\"><svg onload=alert(1)>{{7*7}}{0.__class__}#eval(\"1\")\\</script>=cmd|' /C'!A0\u202e\u200b\U0001f480"
)
JUNK = (
    "",
    "%00%ff%fe%ed%a0%80%c3%28",
    "99999999999999999999999",
    "-1",
    "0000-13-45",
    "%EF%BC%91%D9%A3%C2%B2",  # digits, but not ASCII
    quote_plus(POLYGLOT),
    "x" * 40_000,
    "%20" * 20_000 + ".",
)

# What no form asks for: the columns that say where a case stands, whose it is, and who may read what.
COLUMNS = {
    "stage": "closed",
    "organisation": "2",
    "organisation_id": "2",
    "referrer": "3",
    "referrer_id": "3",
    "coordinator_id": "1",
    "expert_id": "2",
    "claimant_id": "1",
    "reference": "IME-9",
    "is_open": "",
    "turn": "expert",
    "due_on": "2000-01-01",
    "role": "coordinator",
    "is_manager": "1",
    "disabled_at": "2000-01-01",
    "released_at": "2000-01-01 00:00:00",
    "signed_by": "1",
    "filed_by": "1",
    "by": "1",
    "party": "coordinator",
    "id": "1",
    "case_id": "1",
}
ASKED = [
    "q",
    "search",
    "before",
    "after",
    "from",
    "length",
    "many",
    "question",
    "reason",
    "next",
    "show",
    "stage",
    "order",
    "since",
    "until",
    "discovered_on",
    "needs",
    "about",
    "specialty",
    "slot",
    "video",
    "session",
    "organisation",
    "role",
    "state",
]


class Sender(Knocker):
    """Somebody who sends what they like; what a request leaves behind is looked at, then undone."""

    def sends(self, path: str, *, method: str = "POST", **request: Any) -> tuple[Any, Any]:
        with database.atomic() as everything:
            response = self.visitor.client.open(path, method=method, **request)
            response.get_data()
            left = everything_that_matters()
            everything.rollback()
        return response, left

    def form_at(self, path: str) -> dict[str, Any]:
        """What a browser would send of the page's own form, the first of every choice taken; without token."""
        response, _ = self.sends(path, method="GET")
        if response.status_code != 200 or response.mimetype != "text/html":
            return {}
        forms = html.fromstring(response.get_data()).xpath(
            "//main//form[translate(@method,'POST','post')='post']"
        )
        own = [form for form in forms if form.get("action") in (None, "", path)]
        return chosen(own[0]) if own else {}


def chosen(form: Any) -> dict[str, Any]:
    """The form as it stands, with the first radio, checkbox and option of each name, and a text in every field."""
    data = {name: typed(value) for name, value in held(form).items() if name != "csrf_token"}
    for box in form.xpath(".//input[@type='radio' or @type='checkbox']"):
        data.setdefault(box.get("name"), box.get("value"))
    for select in form.xpath(".//select"):
        data[select.get("name")] = ([o for o in select.xpath("./option/@value") if o] or [""])[0]
    for name in data:
        for part, value in (("-month", "3"), ("-day", "14"), ("-year", "2027")):
            data[name] = value if name.endswith(part) else data[name]
    return data


def typed(value: Any) -> Any:
    """What a field holds, words where it is empty."""
    return value if isinstance(value, list) else value.strip() or "Words."


# Asked after every single thing that is sent, so they are built once.
MATTERING = (
    Kept(
        lambda: Case.select(
            Case.id,
            Case.stage,
            Case.reference,
            Case.organisation,
            Case.referrer,
            Case.coordinator,
            Case.expert,
            Case.claimant,
            Case.is_open,
        ).order_by(Case.id)
    ),
    Kept(
        # Since when somebody is disabled is the clock's, and two sendings are two seconds.
        lambda: User.select(
            User.id, User.role, User.organisation, User.is_manager, User.disabled_at.is_null(False)
        ).order_by(User.id)
    ),
    Kept(lambda: Report.select(Report.id, Report.state, Report.sha256).order_by(Report.id)),
    Kept(lambda: Document.select(Document.id, Document.case, Document.audience).order_by(Document.id)),
)


def everything_that_matters() -> Any:
    """Where the cases stand, whose they are, who people are, and what is released."""
    return tuple(tuple(kept.rows()) for kept in MATTERING)


@dataclass
class Target:
    """A route that takes a POST, its address, who sends, what the page's own form holds, and where its step leads."""

    route: str
    path: str
    sender: Sender
    filled: dict[str, Any]
    case_id: int
    stages: set[Stage]

    @property
    def names(self) -> list[str]:
        return [*self.filled, "then", "row-0-text", "row-999999-name", "files", "anyway"]

    def body(self, value: str) -> str:
        """Every field with this value, already quoted."""
        return f"csrf_token={self.sender.token}&" + "&".join(f"{name}={value}" for name in self.names)

    def sends(self, **request: Any) -> tuple[Any, Any]:
        response, left = self.sender.sends(self.path, **request)
        assert response.status_code < 500, (self.route, str(request)[:300])
        return response, left


def targets(app: Any, world: Any, case_at: Any) -> Iterator[Target]:
    """Every POST of the running map, sent by somebody of whom the access table says that they may."""
    table = {(row["method"], row["route"]): row for row in read_table()}
    senders: dict[Any, Sender] = {}
    people: dict[Stage, Any] = {}
    for rule, method in routes(app):
        access = app.view_functions[rule.endpoint].access
        stage, told = stage_for(access), table[method, rule.rule]
        if method != "POST":
            continue
        case = case_at(stage)
        people[stage] = people.get(stage) or persons(world, case, case_at(Stage.DECLINED))
        who = max(PEOPLE, key=lambda name, told=told: ANSWERS.index(told[name]))
        sender = senders.setdefault((stage, who), Sender(app, people[stage][who]))
        to = PROCESS[access.step].to if access.step else None
        for path in addresses(app, rule, case):
            yield Target(
                rule.rule, path, sender, sender.form_at(path), case.id, {case.stage, to or case.stage}
            )


def addresses(app: Any, rule: Any, case: Case) -> list[str]:
    """The route's address; that of every part where one route serves many."""
    path = address(app, rule, case)
    return [path.removesuffix("need") + part for part in FORMS] if "part" in rule.arguments else [path]


@pytest.fixture
def aimed(app: Any, world: Any, case_at: Any) -> list[Target]:
    found = list(targets(app, world, case_at))
    assert len(found) > 50 and sum(len(target.filled) for target in found) > 120, "the forms were not found"
    return found


def is_where_it_may_be(target: Target, before: Any, left: Any) -> bool:
    """The case stands where it stood or where its step leads, everybody else's stands still, and whose it is stays."""
    for was, now in zip(before[0], left[0], strict=False):
        if was[0] != target.case_id and was != now:
            return False
        if was[0] == target.case_id and (
            now[1] not in target.stages or was[2:4] != now[2:4] or was[7] != now[7]
        ):
            return False
    return before[1] == left[1] or target.route.startswith("/people/")  # where a manager changes just that


@ON_BOTH
def test_no_field_filled_with_junk_is_a_fault_or_moves_another_case(aimed, backend):
    before = everything_that_matters()
    for target in aimed:
        for value in JUNK:
            _, left = target.sends(data=target.body(value), content_type=FORM)
            assert is_where_it_may_be(target, before, left), (target.route, value[:40])


@ON_BOTH
def test_a_form_filled_in_with_anything_that_is_text_is_no_fault(aimed, backend):
    for target in aimed:
        for text in (POLYGLOT, "\ufb03\u0130\u1e9e" * 60, "x y " * 2_000):
            filled = {name: text if value == "Words." else value for name, value in target.filled.items()}
            target.sends(data={**filled, "csrf_token": target.sender.token})


def test_what_no_form_asks_for_changes_nothing(aimed):
    for target in aimed:
        plain = {**target.filled, "csrf_token": target.sender.token}
        _, without = target.sends(data=plain)
        _, left = target.sends(data=COLUMNS | plain)
        assert left == without, target.route


def test_a_request_that_is_no_form_changes_nothing(aimed):
    before = everything_that_matters()
    for target in aimed:
        filled = {**target.filled, "stage": "closed"}
        header = {"X-CSRFToken": target.sender.token}
        broken = "multipart/form-data; boundary=x"
        for request in (
            {"data": urlencode({**filled, "csrf_token": "\u00e9"}), "content_type": FORM},
            {"data": urlencode({**filled, "csrf_token": "\u0130.a.b"}), "content_type": FORM},
            {"data": urlencode(filled), "content_type": FORM},
            {"json": {**filled, "csrf_token": target.sender.token}},
            {"data": '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n', "content_type": broken},
            {"data": b"\xff\x00", "content_type": "multipart/form-data"},
            {"data": "stage=closed", "content_type": "text/plain"},
        ):
            response, left = target.sends(**request)
            assert (response.status_code, left) == (400, before), target.route
        _, left = target.sends(json=[1, {"stage": "closed"}], headers=header)
        assert is_where_it_may_be(target, before, left), target.route


def test_files_for_text_text_for_files_and_fields_without_end_are_no_fault(aimed):
    for target in aimed:
        token = {"csrf_token": target.sender.token}
        target.sends(data=token | {name: (io.BytesIO(b"%PDF-"), 'a\r\nb".pdf') for name in target.names})
        target.sends(
            data=token | {name: [POLYGLOT] * 3 for name in target.names}, content_type="multipart/form-data"
        )
        many = "&".join(f"row-{number}-text=x&f{number}=x" for number in range(5_000))
        target.sends(data=target.body("x") + "&" + many, content_type=FORM)


@ON_BOTH
def test_no_query_and_no_method_is_a_fault(app, world, case_at, backend):
    people = persons(world, case_at(Stage.IN_REVIEW), case_at(Stage.DECLINED))
    senders = {name: Sender(app, people[name]) for name in ("coordinator", "referrer", "expert", "claimant")}
    table = {(row["method"], row["route"]): row for row in read_table()}
    for rule, method in routes(app):
        path = address(app, rule, case_at(stage_for(app.view_functions[rule.endpoint].access)))
        told = table[method, rule.rule]
        who = next((name for name in senders if told[name] == "allow"), "coordinator")
        for value in (*JUNK, "2026-01-01.1", "9999-99-99.1") if method == "GET" else ():
            query = "&".join(f"{name}={value[:3000]}" for name in ASKED)
            response, _ = senders[who].sends(f"{path}?{query}", method="GET")
            assert response.status_code < 500, (rule.rule, value[:40])
        for other in ("HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"):
            response, _ = senders[who].sends(path, method=other)
            assert response.status_code < 500, (rule.rule, other)
