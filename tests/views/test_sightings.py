"""Who looked at a case: shown to its referrer's side and to the office, and nothing in it that the reader may not know."""

from datetime import timedelta

import pytest

from portal import clock
from portal.ime.instructions import make_link, spend_link
from portal.models import AuditRecord, Document, EmergencyAccess
from portal.words import Act, Stage
from tests.client import said
from tests.databases import ON_BOTH


def at(case):
    return f"/cases/{case.reference}/sightings"


def rows(page):
    return [[said(cell) for cell in row.xpath("./th|./td")] for row in page.tree.xpath("//tbody/tr")]


def document(case, audience, name):
    return Document.create(
        case=case, kind="other", name=name, media_type="application/pdf", size=1, sha256=name, key=name, audience=audience
    )  # fmt: skip


def looked_at(who, user, party, case, **more):
    record = {"act": Act.READ, "user": user.id, "party": party, "case": case.id, "route": "case.show"}
    return AuditRecord.create(**{**record, **more})


@ON_BOTH
def test_the_office_reads_who_looked_at_what_the_newest_first(visitor, world, case_at, backend):
    case = case_at(Stage.BOOKED)
    visitor(world.expert).opens(f"/cases/{case.reference}").opens(f"/cases/{case.reference}/records")
    visitor(spend_link(make_link(case))).opens("/appointment")
    office = visitor(world.coordinator).opens(f"/cases/{case.reference}")
    office.follows("Who looked at this case")
    assert [row[:2] for row in rows(office)[:4]] == [
        [f"{world.coordinator.name}, coordinator", "the case"],
        ["The claimant", "the appointment"],
        [f"{world.expert.name}, expert", "the list of documents"],
        [f"{world.expert.name}, expert", "the case"],
    ]


def test_a_document_has_its_name_only_for_those_who_may_read_it(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    for name, audience in (("Shared.pdf", "case"), ("Surveillance.pdf", "office")):
        kept = document(case, audience, name)
        looked_at("x", world.coordinator, "coordinator", case, thing="document", number=kept.id)
    office, referrer = visitor(world.coordinator).opens(at(case)), visitor(world.referrer).opens(at(case))
    assert office.sees("Shared.pdf") and office.sees("Surveillance.pdf")
    assert referrer.sees("Shared.pdf") and not referrer.sees("Surveillance")
    assert [what for _, what, _ in rows(referrer) if what == "a document"] == ["a document"]


def test_the_referrer_hears_of_no_candidate_and_of_no_page_of_the_office(visitor, world, case_at):
    case = case_at(Stage.MATCHING)
    looked_at("x", world.second_expert, "candidate", case)
    looked_at("x", world.coordinator, "coordinator", case, route="triage.decline")
    looked_at("x", world.coordinator, "coordinator", case, route="report.read")
    for person in (world.referrer, world.colleague):
        page = visitor(person).opens(at(case))
        assert not page.sees(world.second_expert.name)
        assert {what for _, what, _ in rows(page)} == {"the case"}
    office = visitor(world.coordinator).opens(at(case))
    assert office.sees(f"{world.second_expert.name}, candidate expert")
    assert office.sees("“Decline the referral”")


@pytest.mark.parametrize(("who", "stage", "code"), [
    ("expert", Stage.BOOKED, 403), ("expert", Stage.OFFERED, 403), ("stranger_referrer", Stage.BOOKED, 404),
])  # fmt: skip
def test_neither_the_expert_nor_a_candidate_nor_a_stranger_reads_it(
    visitor, world, case_at, who, stage, code
):
    page = visitor(getattr(world, who)).opens(at(case_at(stage)))
    assert page.status == code
    if code == 403:
        assert "Who looked at this case" not in page.opens(f"/cases/{case_at(stage).reference}").links


def test_what_was_refused_or_failed_is_no_look(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    before = len(rows(visitor(world.coordinator).opens(at(case))))
    looked_at("x", world.expert, "expert", case, ending="refused")
    looked_at("x", world.expert, "expert", case, ending="failed")
    assert len(rows(visitor(world.coordinator).opens(at(case)))) == before + 1  # the look before this one


def test_a_look_in_an_emergency_is_marked(visitor, world, case_at):
    case, now = case_at(Stage.BOOKED), clock.now()
    EmergencyAccess.create(
        case=case, user=world.second_coordinator, reason="The examiner called.", began_at=now - timedelta(hours=2),
        expires_at=now + timedelta(hours=2), ended_at=now - timedelta(hours=1),
    )  # fmt: skip
    for hours, route in ((3, "records.read"), (1.5, "case.show"), (0.5, "messages.read")):
        looked_at(
            "x", world.second_coordinator, "coordinator", case, at=now - timedelta(hours=hours), route=route
        )
    page = visitor(world.coordinator).opens(at(case))
    told = [what for who, what, _ in rows(page) if who.startswith(world.second_coordinator.name)]
    assert told == ["the messages", "the case Emergency access", "the list of documents"]
    assert not page.sees("The examiner called.")


def test_older_looks_are_a_page_further_and_none_is_left_out_or_shown_twice(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    for number in range(120):
        looked_at("x", world.expert, "expert", case, thing="document", number=10**6 + number)
    page = visitor(world.coordinator).opens(at(case))
    seen = [len(rows(page))]
    while "Show older looks" in page.links:
        seen.append(len(rows(page.follows("Show older looks"))))
    assert seen[:2] == [50, 50] and sum(seen) >= 120
    assert page.opens(at(case) + "?before=junk").status == 200
