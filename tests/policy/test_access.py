"""Who may open what: the running routes, asked by everybody, against the committed table."""

import os

from portal.models import Case, Document
from portal.policy import READERS, audiences_of, party_to, readable_documents, visible_cases
from portal.web import routing
from portal.web.routing import Access
from portal.words import Audience, Party, Stage
from tests.databases import ON_BOTH
from tests.policy.matrix import (
    PEOPLE,
    ask_everything,
    persons,
    read_table,
    write_table,
)

CELLS = 3_300  # how many there are at least; fewer means that something is not asked any more


def test_every_route_answers_everybody_as_the_table_says(app, ours, look):
    """`WRITE_ACCESS_TABLE=1` writes the table anew; read the difference before you commit it."""
    asked = ask_everything(app, ours.world, ours.case_at, look)
    if os.environ.get("WRITE_ACCESS_TABLE"):
        write_table(asked)
    told = {(row["method"], row["route"]): row for row in read_table()}
    found = {(row["method"], row["route"]): row for row in asked}
    assert set(found) == set(told), "a route came or went: write the table anew and read the difference"
    for key, row in found.items():
        assert row == told[key], key
    assert len(asked) * len(PEOPLE) >= CELLS


def test_no_route_fails_whoever_asks(app, world, case_at):
    words = {
        word for row in read_table() for name, word in row.items() if name not in {"method", "route", "stage"}
    }
    assert words <= {"allow", "sign in", "prove", "deny", "hide", "late"}


def test_every_view_declares_what_it_asks(app):
    silent = [
        name for name, view in app.view_functions.items() if name != "static" and not hasattr(view, "access")
    ]
    assert silent == []


def test_a_view_that_declares_nothing_is_closed(app, visitor, world, monkeypatch):
    coordinator = visitor(world.coordinator)
    monkeypatch.delattr(app.view_functions["desk.home"], "access")
    assert coordinator.client.get("/").status_code == 404


def test_without_its_check_the_matrix_would_fail(app, world, case_at, monkeypatch):
    """The matrix notices when everybody is taken for a coordinator."""
    monkeypatch.setattr(routing, "party_to", lambda person, case: Party.COORDINATOR)
    monkeypatch.setattr(routing, "seen", lambda person, ref: Case.get_or_none(Case.reference == ref))
    told = {(row["method"], row["route"]): row for row in read_table()}
    differing = [
        row for row in ask_everything(app, world, case_at) if row != told[row["method"], row["route"]]
    ]
    assert len(differing) > 50


@ON_BOTH
def test_each_person_sees_their_cases_and_no_others(world, case_at, backend):
    everything = {case.reference for case in Case.select()}
    drafts = {case_at(Stage.DRAFT).reference}
    assert seen(world.referrer) == seen(world.colleague) == everything
    assert seen(world.coordinator) == everything - drafts
    assert seen(world.stranger_referrer) == seen(world.second_expert) == set()
    assert case_at(Stage.OFFERED).reference in seen(world.expert)
    assert case_at(Stage.MATCHING).reference not in seen(world.expert)


def seen(person):
    return {case.reference for case in visible_cases(person)}


@ON_BOTH
def test_a_person_sees_a_case_exactly_when_they_are_a_party_to_it(world, case_at, backend):
    people = [getattr(world, name) for name in vars(world)]
    for case in Case.select():
        for person in people:
            assert (party_to(person, case) is not None) == (case.reference in seen(person)), (
                case.stage,
                person.name,
            )


def test_a_claimants_link_opens_only_its_own_case(world, case_at):
    case, other = case_at(Stage.BOOKED), case_at(Stage.CLOSED)
    link = persons(world, case, other)["claimant"]
    assert seen(link) == {case.reference}
    assert party_to(link, other) is None


@ON_BOTH
def test_a_document_is_read_by_its_audience_alone(world, case_at, backend):
    case = case_at(Stage.IN_REVIEW)
    for number, audience in enumerate(Audience):
        Document.create(
            case=case,
            kind="other",
            name="x",
            media_type="x",
            size=1,
            sha256=f"s{number}",
            key=f"k{number}",
            audience=audience,
        )
    for party in Party:
        audiences = {document.audience for document in readable_documents(party, case)}
        assert audiences == set(audiences_of(party)) == {each for each in Audience if party in READERS[each]}


def test_the_office_reads_everything_and_a_candidate_no_document():
    assert set(audiences_of(Party.COORDINATOR)) == set(Audience)
    assert audiences_of(Party.CANDIDATE) == []
    assert audiences_of(Party.CLAIMANT) == [Audience.EVERYONE]


def test_access_of_a_step_names_the_parties_of_its_row(app):
    access = app.view_functions["closure.withdraw"].access
    assert access == Access("performs", parties=(Party.REFERRER,), step="withdraw_referral")
