"""Managers hear at once of many documents taken out and of many refusals: once an hour a person."""

import io
import threading
from datetime import UTC, datetime, timedelta

import pytest

from portal import audit, clock
from portal.audit import Actor
from portal.db import database
from portal.ime import alerts, files
from portal.ime.alerts import MOST_DOCUMENTS, MOST_REFUSALS, watch
from portal.ime.instructions import make_link, spend_link
from portal.models import AccountNotice, Alert, AuditRecord, Bar, Document, Session, User
from portal.words import AccountMail, Act, AlertKind, Ending, Stage
from tests.databases import ON_BOTH


def takes_out(user, numbers, **more):
    with audit.acting(Actor(user=user.id, **more)):
        for number in numbers:
            watch(audit.record(Act.READ, ("document", number)))


def is_refused(times, **who):
    with audit.acting(Actor(**who)):
        for _ in range(times):
            watch(audit.record(Act.READ, ending=Ending.REFUSED))


def owed():
    return AccountNotice.select().where(AccountNotice.kind == AccountMail.ALERT)


@ON_BOTH
def test_one_document_too_many_tells_every_manager(world, backend):
    User.update(is_manager=True).where(User.id == world.second_coordinator.id).execute()
    takes_out(world.expert, range(MOST_DOCUMENTS))
    assert not Alert.select().exists()
    takes_out(world.expert, [999])
    alert = Alert.get()
    assert (alert.kind, alert.user) == (AlertKind.MASS_DOWNLOAD, world.expert)
    assert {notice.user for notice in owed()} == {world.coordinator, world.second_coordinator}
    assert owed().first().facts == {
        "alert": "mass_download",
        "person": world.expert.id,
        "count": 41,
        "minutes": 10,
    }
    record = AuditRecord.select().order_by(AuditRecord.id.desc()).get()
    assert (record.act, record.thing, record.number) == (Act.ALERTED, "alert", alert.id)


@ON_BOTH
def test_one_refusal_too_many_tells_the_managers(world, backend):
    is_refused(MOST_REFUSALS, user=world.expert.id)
    assert not Alert.select().exists()
    is_refused(1, user=world.expert.id)
    assert (Alert.get().kind, Alert.get().user) == (AlertKind.REPEATED_REFUSALS, world.expert)


def test_files_of_experts_count_as_documents_do(world):
    takes_out(world.coordinator, range(MOST_DOCUMENTS // 2))
    with audit.acting(Actor(user=world.coordinator.id)):
        for number in range(MOST_DOCUMENTS // 2):
            watch(audit.record(Act.EXPORTED, ("expert_file", number)))
        assert not Alert.select().exists()
        watch(audit.record(Act.EXPORTED, ("expert_file", 999)))
    assert (Alert.get().kind, Alert.get().facts["count"]) == (AlertKind.MASS_DOWNLOAD, MOST_DOCUMENTS + 1)


def test_the_same_document_again_and_again_is_one_document(world):
    takes_out(world.expert, [7] * 100)
    assert not Alert.select().exists()


def test_what_was_longer_ago_or_of_somebody_else_does_not_count(world):
    with clock.set_to(clock.now() - timedelta(minutes=11)):
        takes_out(world.expert, range(MOST_DOCUMENTS))
    takes_out(world.referrer, range(MOST_DOCUMENTS))
    takes_out(world.expert, range(1000, 1000 + MOST_DOCUMENTS))
    assert not Alert.select().exists()


def test_there_is_one_alert_an_hour_a_kind_and_a_person(world):
    takes_out(world.expert, range(60))
    is_refused(40, user=world.expert.id)
    takes_out(world.referrer, range(60))
    assert Alert.select().count() == 3
    with clock.set_to(clock.now() + timedelta(minutes=61)):
        takes_out(world.expert, range(60))
    assert Alert.select().count() == 4


def test_a_claimants_link_is_counted_by_its_session(world, case_at):
    with database.atomic():
        one, other = (
            Session.create(
                token_hash=f"t{number}",
                link=spend_link(make_link(case_at(Stage.BOOKED))),
                ends_at=clock.now(),
            )
            for number in range(2)
        )
    is_refused(30, link=one.link_id, session=one.id)
    is_refused(30, link=other.link_id, session=other.id)
    assert [(alert.user, alert.facts["session"]) for alert in Alert.select().order_by(Alert.id)] == [
        (None, one.id),
        (None, other.id),
    ]


def test_whoever_is_not_known_at_all_is_left_to_the_throttle(world):
    is_refused(100)
    assert not Alert.select().exists()


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_two_requests_at_once_raise_one_alert(world, backend):
    """In SQLite only one writes at a time anyway."""
    takes_out(world.expert, range(MOST_DOCUMENTS))
    both = threading.Barrier(2)

    def ask(number):
        with database.atomic():
            with audit.acting(Actor(user=world.expert.id)):
                record = audit.record(Act.READ, ("document", number))
            both.wait(10)
            watch(record)
        database.close()

    threads = [threading.Thread(target=ask, args=(number,)) for number in (1000, 1001)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(20)
    takes_out(world.expert, [1002])
    assert Alert.select().count() == 1


def test_pages_alone_raise_an_alert_in_the_request_that_is_one_too_many(visitor, world, case_at, monkeypatch):
    monkeypatch.setattr(alerts, "MOST_REFUSALS", 3)
    stranger = visitor(world.stranger_referrer)
    for _ in range(3):
        stranger.opens(f"/cases/{case_at(Stage.BOOKED).reference}")
    assert not Alert.select().exists()
    stranger.opens(f"/cases/{case_at(Stage.BOOKED).reference}")
    assert Alert.get().user == world.stranger_referrer


def test_documents_taken_out_by_page_raise_one(visitor, world, case_at, monkeypatch):
    monkeypatch.setattr(alerts, "MOST_DOCUMENTS", 1)
    case, reader = case_at(Stage.REPORTING), visitor(world.expert)
    for number in range(2):
        kept = files.keep(case, io.BytesIO(b"%%PDF %d" % number), limit=100)
        filed = Document.create(
            case=case, kind="other", name="a.pdf", media_type="application/pdf", size=kept.size, sha256=kept.sha256,
            key=kept.key, audience="case",
        )  # fmt: skip
        assert reader.opens(f"/cases/{case.reference}/records/{filed.id}").status == 200
    assert (Alert.get().kind, Alert.get().user) == (AlertKind.MASS_DOWNLOAD, world.expert)


def test_managers_read_the_alerts_newest_first_and_others_do_not(visitor, world, case_at):
    takes_out(world.expert, range(60))
    is_refused(30, user=world.referrer.id)
    Alert.create(
        kind=AlertKind.EMERGENCY_ACCESS, user=world.second_coordinator, case=case_at(Stage.BOOKED).id
    )
    manager = visitor(world.coordinator).opens("/manage").follows("Alerts")
    assert manager.sees("41 files in 10 minutes") and manager.sees("21 refusals in 10 minutes")
    assert manager.sees(case_at(Stage.BOOKED).reference)
    assert manager.main.index(world.referrer.name) < manager.main.index(world.expert.name)
    assert manager.follows(world.expert.name).heading == f"What {world.expert.name} touched"
    other = visitor(world.second_coordinator)
    assert other.opens("/alerts").status == 403
    assert "Alerts" not in other.opens("/").links


def test_what_happened_late_in_the_day_is_found_on_the_offices_day(visitor, world):
    with clock.set_to(datetime(2026, 3, 5, 2, 0, tzinfo=UTC)):  # 9 pm on March 4 at the office
        Alert.create(kind=AlertKind.MASS_DOWNLOAD, user=world.expert, facts={"count": 41, "minutes": 10})
    [way] = visitor(world.coordinator).opens("/alerts").tree.xpath("//tbody//a/@href")
    assert way.endswith("?since=2026-03-04&until=2026-03-04")


def test_older_alerts_are_a_page_further(visitor, world):
    for _ in range(60):
        Alert.create(kind=AlertKind.EMERGENCY_ACCESS, facts={})
    manager = visitor(world.coordinator).opens("/alerts")
    assert len(manager.tree.xpath("//tbody/tr")) == 50
    assert len(manager.follows("Show older alerts").tree.xpath("//tbody/tr")) == 10


def test_the_alert_of_an_emergency_leads_to_the_case_unless_the_manager_is_barred(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    Alert.create(kind=AlertKind.EMERGENCY_ACCESS, user=world.second_coordinator, case=case.id, facts={})
    manager = visitor(world.coordinator)
    assert manager.opens("/alerts").follows(case.reference).status == 200
    Bar.create(case=case, user=world.coordinator, why="A cousin.", placed_by=world.coordinator)
    assert case.reference not in manager.opens("/alerts").links
