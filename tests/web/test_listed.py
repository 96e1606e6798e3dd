"""Whatever case a page names, the record of the look names it too: what somebody saw is found again after a breach."""

import re
from datetime import timedelta

import pytest

from portal import clock
from portal.ime import disclosure
from portal.models import (
    Alert,
    Appointment,
    AuditRecord,
    Bar,
    Case,
    Claimant,
    EmergencyAccess,
    LegalHold,
)
from portal.words import AlertKind, Stage
from tests.policy.matrix import PEOPLE, address, persons, routes, stage_for
from tests.web.test_trail import Watched


@pytest.fixture
def crowded(world, case_at):
    """A world in which every list has somebody in it."""
    closed, booked, review, done = (
        case_at(stage) for stage in (Stage.CLOSED, Stage.BOOKED, Stage.IN_REVIEW, Stage.DECLINED)
    )
    same_person(closed, booked, review)
    for case in (closed, booked, review):
        disclosure.note(case, to="Dana Brooks", what="Report")
    later = clock.now() + timedelta(hours=1)
    for case, barred in ((booked, world.stranger_referrer), (review, world.second_expert)):
        Bar.create(case=case, user=barred, why="Kin.", placed_by=world.coordinator)
        EmergencyAccess.create(case=case, user=world.second_coordinator, reason="Fire.", expires_at=later)
        LegalHold.create(case=case, why="A lawsuit.", placed_by=world.coordinator)
        Alert.create(kind=AlertKind.EMERGENCY_ACCESS, case=case.id, user=world.second_coordinator)
    Case.update(stage_since=clock.now() - timedelta(days=9999)).where(Case.id == done.id).execute()
    withdrawn = case_at(Stage.WITHDRAWN)
    Case.update(purged_at=clock.now()).where(Case.id == withdrawn.id).execute()
    soon = clock.now() + timedelta(days=3)
    Appointment.update(starts_at=soon).where(Appointment.case == booked).execute()
    return {case.reference: case.id for case in Case.select()}


def same_person(*cases):
    """All these cases are of the claimant of the first."""
    first = cases[0].claimant
    for case in cases[1:]:
        Claimant.update(name=first.name, born_on=first.born_on, born_trace=first.born_trace).where(
            Claimant.id == case.claimant_id
        ).execute()


def test_every_case_that_a_page_shows_is_named_by_its_record(app, world, case_at, crowded):
    """Every page that is opened by looking, by everybody, however it is written: words, addresses, files."""
    seen, unnamed = set(), set()
    for rule, who, response, records in looks(app, world, case_at):
        shown = {crowded[found] for found in re.findall(r"IME-\d+", response.text) if found in crowded}
        named = {number for each in records for number in (each.case, *each.facts.get("cases", ()))}
        seen |= {rule.endpoint for _ in shown - {each.case for each in records}}
        unnamed |= {(rule.endpoint, who) for _ in shown - named}
    assert unnamed == set()
    assert seen >= {
        "access_review.show", "alerts.read", "case.queue", "desk.home", "disclosure.export", "disclosure.read",
        "people.show", "retention.read",
    }  # fmt: skip


def test_what_is_left_of_a_purged_case_is_seen_on_record(visitor, world, case_at, crowded):
    case = case_at(Stage.WITHDRAWN)
    for path in ("disclosures", "disclosures.csv"):
        visitor(world.coordinator).client.get(f"/retention/{case.reference}/{path}")
        record = AuditRecord.select().order_by(AuditRecord.id.desc()).first()
        assert record.facts["cases"] == [case.id]


def looks(app, world, case_at):
    """Every route that answers a look with something to read, asked by everybody at a case of its stage."""
    watched = {}
    with clock.set_to(clock.now()):
        for rule, method in routes(app):
            access = app.view_functions[rule.endpoint].access
            if method != "GET" or access.kind == "public":
                continue
            case = case_at(stage_for(access))
            if case.id not in watched:
                people = persons(world, case, case_at(Stage.DECLINED))
                watched[case.id] = {name: Watched(app, people[name]) for name in PEOPLE}
            for name, knocker in watched[case.id].items():
                response, records = knocker.leaves(method, address(app, rule, case, who=knocker.person))
                if response.status_code == 200 and response.mimetype != "application/pdf":
                    yield rule, name, response, records
