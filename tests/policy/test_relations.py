"""What is foreign looks like what is not there, to everybody, at every route: cases, and what belongs to a case or a
person. No refusal tells or writes anything."""

import pytest

from portal.db import database
from portal.models import TABLES, Case
from portal.words import Role, Stage
from tests.policy.matrix import (
    NOTED,
    PEOPLE,
    Knocker,
    address,
    child_of,
    children,
    numbered,
    outcome,
    owned,
    persons,
    routes,
    row_of,
    said,
    stage_for,
)

NOWHERE, NO_NUMBER = "IME-999999", 10**9
OFFICE = {"coordinator", "other_coordinator"}
STRANGERS = [name for name in PEOPLE if name not in OFFICE and name != "stranger_referrer"]


def at_the_other_end(app, ours, theirs, look):
    """Each route of a case with each of its methods, and each stranger to the other world's case at a fitting stage."""
    knockers = {}
    for rule, method in routes(app):
        # What managers alone may open is refused to strangers before any case is looked for.
        if "ref" in rule.arguments and app.view_functions[rule.endpoint].access.kind != "manages":
            stage = stage_for(app.view_functions[rule.endpoint].access)
            if stage not in knockers:
                people = persons(ours.world, ours.case_at(stage), ours.case_at(Stage.DECLINED))
                knockers[stage] = {name: Knocker(app, people[name], look(name)) for name in STRANGERS}
            yield rule, method, theirs.case_at(stage), knockers[stage]


def without(answer, *references):
    """The answer with every reference taken for the same."""
    code, body, headers = said(answer)
    text = f"{body.decode()} {headers}"
    for reference in references:
        text = text.replace(reference, "IME-1")
    return code, text


def test_a_foreign_case_looks_exactly_like_one_that_is_not_there(app, ours, theirs, look):
    asked = 0
    for rule, method, foreign, knockers in at_the_other_end(app, ours, theirs, look):
        for name, knocker in knockers.items():
            there = knocker.asks(method, address(app, rule, foreign))
            absent = knocker.asks(method, address(app, rule, foreign, NOWHERE))
            told = without(there, foreign.reference), without(absent, NOWHERE)
            # The length of the address differs by what was asked, not by what is there.
            assert without_length(told[0]) == without_length(told[1]), (name, method, rule.rule)
            assert outcome(there) in {"hide", "sign in", "prove"}, (name, method, rule.rule)
            asked += 1
    assert asked > 1_000


def without_length(told):
    code, text = told
    return code, [part for part in text.split("('") if not part.startswith("Content-Length")]


def with_children(app):
    return [(rule, method) for rule, method in routes(app) if "ref" in rule.arguments and numbered(rule)]


def test_a_child_of_another_case_looks_exactly_like_one_that_is_not_there(app, ours, theirs, look):
    """Of a case the person sees as well, and of one of the other world: each number of an address by itself."""
    compared, knockers = 0, {}
    for rule, method in with_children(app):
        stage = stage_for(app.view_functions[rule.endpoint].access)
        case = ours.case_at(stage)
        if stage not in knockers:
            people = persons(ours.world, case, ours.case_at(Stage.DECLINED))
            knockers[stage] = {name: Knocker(app, people[name], look(name)) for name in PEOPLE}
        for name, knocker in knockers[stage].items():
            own = outcome(knocker.asks_for(method, rule, case))
            for part in numbered(rule):
                absent = knocker.asks(method, address(app, rule, case, **{part: NO_NUMBER}))
                for other in others_with(row_of(part), case, theirs):
                    given = {part: child_of(other, row_of(part))}
                    there = knocker.asks(method, address(app, rule, case, **given))
                    assert outcome(there) == ("hide" if own == "allow" else own), (name, method, rule.rule)
                    assert same(there, absent), (name, method, rule.rule)
                    compared += own == "allow"
    assert compared >= len(with_children(app))


def others_with(model, case, theirs):
    """Another case of the same organisation, if there is one with a row of this table, and one of the other world."""
    same = Case.select().where((Case.organisation == case.organisation_id) & (Case.id != case.id))
    far = [theirs.case_at(stage) for stage in Stage]
    for cases in (same.order_by(Case.id.desc()), far):
        yield from [each for each in cases if children(each, model).exists()][:1]


def same(there, absent):
    """Two answers are the same; whoever must sign in is led back to the very address they typed."""
    return said(there) == said(absent) or outcome(there) == outcome(absent) in {"sign in", "prove"}


def test_a_document_one_may_not_read_looks_exactly_like_one_that_is_not_there(app, ours, look):
    case, hidden = ours.case_at(Stage.IN_REVIEW), 0
    people = persons(ours.world, case, ours.case_at(Stage.DECLINED))
    (rule,) = (each for each, _ in routes(app) if each.endpoint == "records.download")
    for name in ("referrer", "colleague", "expert"):
        knocker = Knocker(app, people[name], look(name))
        absent = knocker.asks("GET", address(app, rule, case, document_id=NO_NUMBER))
        for document in case.documents:
            answer = knocker.asks("GET", address(app, rule, case, document_id=document.id))
            if outcome(answer) == "hide":
                assert said(answer) == said(absent)
                hidden += 1
    assert hidden >= 2 + 2 + 2


def beside_cases(app):
    """Routes about a person's own rows: a number without a case, and open to more than those who manage everybody's."""
    for rule, method in routes(app):
        roles = app.view_functions[rule.endpoint].access.roles
        if "ref" not in rule.arguments and numbered(rule) and set(roles) != {Role.COORDINATOR}:
            yield rule, method


def is_the_offices(app, rule, knocker):
    """Coordinators look after what is every expert's, where the route is open to both."""
    roles = app.view_functions[rule.endpoint].access.roles
    return Role.COORDINATOR in roles and getattr(knocker.person, "role", None) == Role.COORDINATOR


def test_what_belongs_to_another_person_looks_exactly_like_what_is_not_there(app, ours, look):
    """Each number of an address by itself, the others the person's own."""
    compared = 0
    people = persons(ours.world, ours.case_at(Stage.IN_REVIEW), ours.case_at(Stage.DECLINED))
    knockers = {name: Knocker(app, people[name], look(name)) for name in PEOPLE}
    for rule, method in beside_cases(app):
        case = ours.case_at(Stage.IN_REVIEW)
        for name, knocker in knockers.items():
            for part in numbered(rule) if not is_the_offices(app, rule, knocker) else ():
                mine = owned(row_of(part), knocker.person)
                foreign = next(
                    (row.id for row in row_of(part).select() if mine is None or row not in list(mine)), None
                )
                assert foreign, f"nobody else has a row for {part}"
                ask = {"who": knocker.person}
                there = knocker.asks(method, address(app, rule, case, **ask, **{part: foreign}))
                absent = knocker.asks(method, address(app, rule, case, **ask, **{part: NO_NUMBER}))
                assert outcome(there) != "allow", (name, method, rule.rule, part)
                assert same(there, absent), (name, method, rule.rule)
                compared += 1
    assert compared >= len(PEOPLE) * 4


def everything_kept():
    """Every row of every table, but for what a refusal may note."""
    tables = [table for table in TABLES if table._meta.table_name not in NOTED]
    kept = {table._meta.table_name: sorted(map(repr, table.select().tuples())) for table in tables}
    words = database.execute_sql("SELECT * FROM case_search ORDER BY rowid").fetchall()
    return kept | {"case_search": words}


def test_a_thousand_refusals_leave_every_table_as_it_was(app, ours, theirs, look):
    """Nothing is rolled back here: what a refused request writes would stay."""
    rounds = list(at_the_other_end(app, ours, theirs, look))
    before = everything_kept()
    for rule, method, foreign, knockers in rounds:
        for knocker in knockers.values():
            data = {"csrf_token": knocker.token, "why": "It has to be so."} if method == "POST" else None
            answer = knocker.visitor.client.open(address(app, rule, foreign), method=method, data=data)
            assert outcome(answer) in {"hide", "sign in", "prove"}, rule.rule
    assert everything_kept() == before


@pytest.mark.parametrize("who", ["referrer", "expert", "stranger_expert", "claimant"])
def test_nobody_finds_people_or_papers_by_counting_through_the_numbers(app, ours, look, who):
    """Every number that is there, at every route that takes one: only the person's own case and rows answer."""
    case = ours.case_at(Stage.IN_REVIEW)
    people = persons(ours.world, case, ours.case_at(Stage.DECLINED))
    knocker, knocks = Knocker(app, people[who], look(who)), 0
    for rule, method in routes(app):
        roles = app.view_functions[rule.endpoint].access.roles
        for part in numbered(rule) if method == "GET" and set(roles) != {Role.COORDINATOR} else ():
            table = row_of(part)
            own = children(case, table) if "ref" in rule.arguments else owned(table, knocker.person)
            mine = {row.id for row in own or ()}
            for number in range(1, max(row.id for row in table.select()) + 1):
                answer = knocker.asks(method, address(app, rule, case, who=knocker.person, **{part: number}))
                assert outcome(answer) != "allow" or number in mine, (rule.rule, number)
                knocks += 1
    assert knocks > 50


def test_no_reference_that_is_counted_through_opens_a_foreign_case(app, ours, theirs, look):
    case = ours.case_at(Stage.IN_REVIEW)
    people = persons(ours.world, case, ours.case_at(Stage.DECLINED))
    foreign = {theirs.case_at(stage).reference for stage in Stage}
    for who in ("referrer", "colleague", "expert"):
        knocker = Knocker(app, people[who], look(who))
        for each in Case.select():
            opened = outcome(knocker.asks("GET", f"/cases/{each.reference}")) == "allow"
            assert not (opened and each.reference in foreign), (who, each.reference)
