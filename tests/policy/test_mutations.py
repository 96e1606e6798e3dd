"""A matrix that cannot fail proves nothing: each single check is taken out in turn, and some cell must notice."""

import re
import shutil
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from portal import clock
from portal.db import database
from portal.demo.people import person
from portal.ime.process import PROCESS
from portal.models import Bar, Case, Document, EmergencyAccess, Organisation, SecureLink, Session, User
from portal.policy import Person, is_manager, party_to, readable_documents, readable_messages, visible_cases
from portal.words import Party, Role, Stage
from tests.conftest import open_database
from tests.policy.conftest import side_of
from tests.policy.matrix import (
    HalfSignedIn,
    Knocker,
    address,
    outcome,
    persons,
    routes,
    stage_for,
)
from tests.policy.mutants import DECIDING, GUARDS, alive, forget_queries, mutants
from tests.policy.stages import KNOCKING

# A check that another check backs up: with it taken out nobody sees more. Each says which one still stands.
BACKED_UP = {
    "is_manager: isinstance(person, User) -> true": "a link's role is the claimant's",
    "is_manager: person.role == Role.COORDINATOR -> true": "the database lets nobody else manage",
    "seeing: isinstance(person, User) -> true": "a claimant's sight does not ask for a user",
    "find: row.link -> true": "a link has no rights that could change",
    "find: row.link -> false": "a link has no rights that could change",
    "is_fresh: current_user.is_authenticated -> true": "whoever is nobody is asked to sign in before",
    "is_fresh: shown -> true": "a half session is known as such before",
    "scope_of: person.role == Role.EXPERT -> true": "nobody but an expert has a profile",
    "scope_of: person.expert -> true": "an expert without a profile is stopped by may_see",
    "had_offer: isinstance(person, SecureLink) -> false": "a link's role is the claimant's",
    "had_offer: person.role != Role.EXPERT -> false": "nobody else has a profile that an offer could name",
    "had_offer: not may_see(person) -> false": "a disabled person has no session; without a profile there is no offer",
    "find_case: g.party is None -> false": "whoever is no party is in no view's list of parties",
    "seen: may_see(person) -> true": "party_to finds no party for them",
}


def file_papers(ours):
    """Of each sort of paper one before and one after the brief, and a file review that waits for its brief."""
    expert = ours.world.expert
    for stage in (Stage.SCHEDULING, Stage.BOOKED):
        for kind, audience, by in (
            ("imaging", "case", ours.world.referrer),
            ("imaging", "case", expert),
            ("imaging", "expert_and_office", ours.world.coordinator),
            ("notice", "case", ours.world.coordinator),
        ):
            key = f"{kind}{audience}{by.id}{stage}"
            said = {"name": "Paper.pdf", "media_type": "application/pdf", "size": 1}
            where = {"case": ours.case_at(stage), "kind": kind, "audience": audience}
            Document.create(key=key, sha256=key, filed_by=by, **said, **where)
    booked, waiting = ours.case_at(Stage.BOOKED), ours.case_at(Stage.REPORTING)
    Case.update(records_given_at=clock.now()).where(Case.id == booked.id).execute()
    Case.update(is_file_review=True, records_given_at=None).where(Case.id == waiting.id).execute()


class Cells:
    """Questions of the matrix with the answers they have when nothing is taken out.

    Those that run what was changed are asked first, and of them what noticed a mutant before. The order decides nothing
    but how long it takes: whatever notices must answer as before once the mutant is gone."""

    def __init__(self, app, ours, theirs, functions):
        """`functions` names what the mutants change, by the ids of its code."""
        self.app, self.asks, self.people = app, {}, {}
        self.cases = [side.case_at(stage) for side in (ours, theirs) for stage in Stage]
        for stage in Stage:
            case, other = ours.case_at(stage), ours.case_at(Stage.DECLINED)
            if stage == Stage.DECLINED:
                other = ours.case_at(Stage.CLOSED)
            people = persons(ours.world, case, other)
            self.people[stage] = people | {
                "revoked_claimant": revoked(case),
                "without_profile": unprofiled(),
                "third_coordinator": third(ours.world),
            }
        restrict(ours, theirs)
        file_papers(ours)
        self.cases = [side.case_at(stage) for side in (ours, theirs) for stage in Stage]
        self.of_policy()
        self.of_sessions(ours)
        self.knockers = {
            stage: {name: Knocker(app, who) for name, who in people.items()}
            for stage, people in self.people.items()
        }
        self.of_routes(ours, theirs)
        self.baseline, self.runs = {}, {}
        for key, ask in self.asks.items():
            forget_queries()
            self.baseline[key], self.runs[key] = watched(ask, functions)

    def of_policy(self):
        """What each person is to each case, which cases they see, and what each party reads."""
        for name, who in self.people[Stage.OFFERED].items():
            if isinstance(who, Person):
                self.asks["sees", name] = lambda who=who: sorted(case.id for case in visible_cases(who))
                self.asks["manages", name] = lambda who=who: is_manager(who)
                self.asks["is", name] = lambda who=who: [str(party_to(who, case)) for case in self.cases]
        for party in Party:
            for read in (readable_documents, readable_messages):
                self.asks[read.__name__, party] = lambda party=party, read=read: [
                    row.id for case in self.cases[6:12] for row in read(party, case)
                ]

    def of_sessions(self, ours):
        """Cookies of sessions that are over."""
        long_ago = clock.now() - timedelta(days=2)
        over = {"ended_at": long_ago}, {"ends_at": long_ago}, {"seen_at": long_ago}, {"token_hash": "another"}
        for place, given in enumerate(over):
            knocker = Knocker(self.app, ours.world.coordinator)
            newest = Session.select().order_by(Session.id.desc()).get()
            Session.update(given).where(Session.id == newest.id).execute()
            self.asks["over", place] = asking(knocker, "GET", "/cases")

    def of_routes(self, ours, theirs):
        """Each kind of access for everybody, every stage of a case's page, and what is not there."""
        for stage, knockers in self.knockers.items():
            case = ours.case_at(stage)
            for name in KNOCKING:
                self.asks["page", stage, name] = asking(knockers[name], "GET", f"/cases/{case.reference}")
        for name, knocker in self.knockers[Stage.IN_REVIEW].items():
            self.asks["queue", name] = asking(knocker, "GET", "/cases")
        for rule, method, access in one_of_a_kind(self.app):
            for stage in (stage_for(access), Stage.CLOSED):
                case = ours.case_at(stage)
                for name, knocker in self.knockers[stage].items():
                    if stage != Stage.CLOSED or name in KNOCKING:
                        path = address(self.app, rule, case, who=knocker.person)
                        self.asks["route", rule.rule, stage, name] = asking(knocker, method, path)
        self.of_factors(ours)
        knockers = self.knockers[Stage.OFFERED]
        nowhere = "/cases/IME-999999/offer/acceptance"
        self.asks["nowhere", "offer"] = asking(knockers["former_candidate"], "GET", nowhere)
        self.asks["nowhere", "page"] = asking(knockers["anonymous"], "GET", "/nowhere")
        self.asks["nowhere", "static"] = asking(knockers["anonymous"], "GET", "/static/nothing.css")
        self.asks["static"] = asking(knockers["anonymous"], "GET", a_static_file(self.app))
        self.asks["undeclared"] = lambda: undeclared(self.app, knockers["anonymous"])

    def of_factors(self, ours):
        """A factor shown an hour ago, a half session of somebody who has a factor, and rights that are not theirs."""
        stale = Knocker(self.app, ours.world.coordinator)
        newest = Session.select().order_by(Session.id.desc()).get()
        hour_ago = clock.now() - timedelta(hours=1)
        Session.update(proved_at=hour_ago).where(Session.id == newest.id).execute()
        half = Knocker(self.app, HalfSignedIn(ours.world.referrer))
        just_now = Knocker(self.app, ours.world.coordinator)
        newest = Session.select().order_by(Session.id.desc()).get()
        Session.update(proved_at=clock.now() + timedelta(hours=1)).where(Session.id == newest.id).execute()
        self.asks["factor shown just now"] = asking(just_now, "GET", "/account/email")
        booked = self.people[Stage.BOOKED]["claimant"]
        long_ago = Knocker(self.app, booked)
        newest = Session.select().order_by(Session.id.desc()).get()
        hours_ago = clock.now() - timedelta(hours=3)
        Session.update(proved_at=hours_ago).where(Session.id == newest.id).execute()
        self.asks["birthday said long ago"] = asking(long_ago, "GET", "/appointment/letter")
        self.asks["birthday never said"] = asking(
            Knocker(self.app, HalfSignedIn(booked)), "GET", "/appointment/letter"
        )
        changed = Knocker(self.app, ours.world.coordinator)
        with changed.visitor.client.session_transaction() as cookie:
            cookie["rights"] = "coordinator 0 False"
        self.asks["changed rights"] = asking(changed, "GET", "/cases")
        fresh = [
            (rule, method)
            for rule, method in routes(self.app)
            if self.app.view_functions[rule.endpoint].access.is_fresh and "ref" not in rule.arguments
        ]
        for rule, method in fresh:
            for name, knocker in (("stale", stale), ("half", half)):
                path = address(self.app, rule, self.cases[0], who=knocker.person)
                self.asks["fresh", method, rule.rule, name] = asking(knocker, method, path)

    def notice(self, mutant):
        """The first question that is answered otherwise with the mutant alive; None where none is."""
        with alive(mutant):
            order = sorted(self.asks, key=lambda key: mutant.function not in self.runs[key])
            found = next((key for key in order if word_of(self.asks[key]) != self.baseline[key]), None)
        if found:
            self.asks = {found: self.asks[found]} | self.asks
            assert word_of(self.asks[found]) == self.baseline[found], f"{found} is not answered alike twice"
        return found


def restrict(ours, theirs):
    """Cases that are restricted, entered in an emergency, barred to somebody, and purged."""
    world, office = ours.world, theirs.world.second_coordinator
    for stage in (Stage.CLOSED, Stage.IN_REVIEW, Stage.CLARIFYING, Stage.CHECKING):
        case = theirs.case_at(stage)
        Case.update(is_restricted=True, coordinator=None).where(Case.id == case.id).execute()
    Case.update(coordinator=office).where(Case.id == theirs.case_at(Stage.CHECKING).id).execute()
    hour = timedelta(hours=1)
    for stage, ends in ((Stage.IN_REVIEW, hour), (Stage.CLARIFYING, -hour)):
        EmergencyAccess.create(
            case=theirs.case_at(stage), user=office, reason="Now.", expires_at=clock.now() + ends
        )
    EmergencyAccess.create(
        case=theirs.case_at(Stage.CLOSED),
        user=office,
        reason="Now.",
        expires_at=clock.now() + hour,
        ended_at=clock.now(),
    )
    for stage, user in (
        (Stage.MATCHING, world.colleague),
        (Stage.CHECKING, world.expert),
        (Stage.REFERRED, office),
    ):
        Bar.create(case=ours.case_at(stage), user=user, why="A conflict.", placed_by=world.coordinator)
    Case.update(purged_at=clock.now()).where(Case.id == ours.case_at(Stage.WITHDRAWN).id).execute()


def third(world):
    """A coordinator who manages nothing and entered no case."""
    name = "Third Coordinator"
    office = world.coordinator.organisation
    return User.get_or_none(User.name == name) or person(office, Role.COORDINATOR, name)


def unprofiled():
    """An expert whose profile is missing, at an organisation that has the number of another expert's profile."""
    name = "Without Profile"
    number = Case.select().where(Case.expert.is_null(False)).order_by(Case.id).get().expert_id
    return User.get_or_none(User.name == name) or person(Organisation.get_by_id(number), Role.EXPERT, name)


def a_static_file(app):
    return "/static/" + next(
        each.name for each in sorted(Path(app.static_folder).iterdir()) if each.is_file()
    )


def revoked(case):
    return SecureLink.create(
        case=case,
        token_hash=f"r{case.id}",
        expires_at=clock.now() + timedelta(days=1),
        revoked_at=clock.now(),
    )


def asking(knocker, method, path):
    """An answer in a word, with the references of the cases it names."""

    def ask():
        answer = knocker.asks(method, path)
        return outcome(answer), tuple(sorted(set(re.findall(rb"IME-\d+", answer.get_data()))))

    return ask


def watched(ask, functions):
    """The word, and which of these functions ran for it."""
    ran = set()

    def note(frame, event, _):
        if event == "call" and id(frame.f_code) in functions:
            ran.add(functions[id(frame.f_code)])

    was = sys.getprofile()
    sys.setprofile(note)
    try:
        return word_of(ask), ran
    finally:
        sys.setprofile(was)


def word_of(ask):
    try:
        return ask()
    except Exception as fault:  # noqa: BLE001 – a mutant may break anything; that it breaks is noticed
        return type(fault).__name__


def one_of_a_kind(app):
    """One route for each thing that is asked of whoever opens it, and each of the claimant's own."""
    found = {}
    for rule, method in routes(app):
        access = app.view_functions[rule.endpoint].access
        is_own = access.roles == (Role.CLAIMANT,)
        if access.kind != "public":
            kind = access.kind, access.roles, access.parties, rule.rule if is_own else ""
            found.setdefault(kind, (rule, method, access))
    return found.values()


def undeclared(app, knocker):
    """A view that declares nothing."""
    view = app.view_functions["account.goodbye"]
    kept = view.__dict__.pop("access")
    try:
        return outcome(knocker.asks("GET", "/appointment/goodbye"))
    finally:
        view.access = kept


@pytest.fixture(scope="module")
def all_mutants(app):
    return [*mutants(app)]


@pytest.fixture(scope="module")
def cells(app, twice, tmp_path_factory, all_mutants):
    """All the questions, on a copy of both worlds of their own."""
    place = tmp_path_factory.mktemp("mutants") / "twice.db"
    shutil.copy(twice.place.removeprefix("sqlite:///"), place)
    open_database(f"sqlite:///{place}")
    functions = {id(each.__code__): mutant.function for mutant in all_mutants for each in mutant.targets}
    yield Cells(app, side_of(twice.ours), side_of(twice.theirs), functions)
    database.close()


@pytest.mark.parametrize("name", [*DECIDING, *GUARDS])
def test_each_condition_of_access_taken_out_is_noticed(cells, all_mutants, name):
    """A mutant that nobody notices is either a hole in the matrix, or is backed up by another check: then say by which."""
    found = [mutant for mutant in all_mutants if mutant.function == name]
    unnoticed = [
        str(mutant) for mutant in found if str(mutant) not in BACKED_UP and cells.notice(mutant) is None
    ]
    assert not unnoticed, unnoticed


def test_with_nothing_taken_out_every_question_is_answered_as_before(cells):
    assert {key: word_of(ask) for key, ask in cells.asks.items()} == cells.baseline


def test_what_is_said_to_be_backed_up_is_still_there(all_mutants):
    found = {str(mutant) for mutant in all_mutants}
    assert set(BACKED_UP) <= found
    assert len(found) > 100


def widened(view):
    """Each cell of a guard's closure, with what it would hold if it asked less of whoever comes."""
    held = dict(zip(view.__code__.co_freevars, view.__closure__ or (), strict=True))
    if "roles" in held:
        yield held["roles"], tuple(Role)
    if "parties" in held:
        yield held["parties"], tuple(Party)
    if "row" in held:
        row = held["row"].cell_contents
        yield held["row"], replace(row, who=frozenset(Party))
        if row.who == {Party.CANDIDATE}:
            return  # there are none at any other stage
        # The office sees no drafts, whatever may be done to one.
        drafts = {Stage.DRAFT} if row.who <= {Party.COORDINATOR, Party.PORTAL} else set()
        yield held["row"], replace(row, at=frozenset(Stage) - (drafts - row.at))


def test_each_route_that_asks_less_is_noticed(app, ours):
    """Every declaration of every view by itself: a role, a party or a stage more, and some cell of that route is other."""
    knockers, unnoticed = {}, []
    for stage in (*Stage,):
        people = persons(
            ours.world,
            ours.case_at(stage),
            ours.case_at(Stage.DECLINED if stage != Stage.DECLINED else Stage.CLOSED),
        )
        knockers[stage] = {name: Knocker(app, people[name]) for name in (*KNOCKING, "former_candidate")}
    for rule, method in one_method(app):
        view, before = app.view_functions[rule.endpoint], {}
        if view.access.kind == "public":
            continue
        for cell, wider in widened(view):
            kept = cell.cell_contents
            if kept != wider and not noticed(app, ours, knockers, rule, method, cell, wider, before):
                unnoticed.append(rule.rule)
    assert not unnoticed, unnoticed


def one_method(app):
    """Each route once."""
    found = {}
    for rule, method in routes(app):
        found.setdefault(rule.endpoint, (rule, method))
    return found.values()


def noticed(app, ours, knockers, rule, method, cell, wider, before):
    """Whether somebody is answered otherwise, at the stage of the route or at one where it is closed; `before` keeps how
    they are answered when nothing is wider."""
    access = app.view_functions[rule.endpoint].access
    kept = cell.cell_contents
    closed = [stage for stage in Stage if access.step and stage not in PROCESS[access.step].at]
    for stage in dict.fromkeys((stage_for(access), *closed)):
        case = ours.case_at(stage)
        for name, knocker in knockers[stage].items():
            ask = asking(knocker, method, address(app, rule, case, who=knocker.person))
            if (stage, name) not in before:
                before[stage, name] = word_of(ask)
            cell.cell_contents = wider
            try:
                after = word_of(ask)
            finally:
                cell.cell_contents = kept
            if before[stage, name] != after:
                return True
    return False
