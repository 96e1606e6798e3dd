"""A case is kept for its years, longer while it is held, and then goes so that nothing of it is found anywhere."""

import io
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from peewee import IntegrityError, OperationalError

from portal import clock, outside, search
from portal.db import database
from portal.ime import disclosure, files, process, retention
from portal.ime.closure import reopen_case
from portal.ime.process import MovedOn, NotAllowed, Refusal, may
from portal.ime.retention import due, held, lift_hold, place_hold, purge_case, tombstones
from portal.models import (
    TABLES,
    AuditRecord,
    Case,
    CaseKey,
    CaseParty,
    Claimant,
    ClaimNumber,
    Disclosure,
    Document,
    Event,
    Injury,
    LegalHold,
    Message,
    Notice,
    Organisation,
    Question,
)
from portal.notices import send_owed
from portal.outside.mail import FileMailer
from portal.outside.store import Store
from portal.policy import party_to, visible_cases
from portal.words import Act, Audience, DocumentKind, NoticeState, Party, Stage
from tests.databases import ON_BOTH

CLOSED_AT = datetime(2027, 3, 4, 15, tzinfo=UTC)
ENDS = (Stage.CLOSED, Stage.DECLINED, Stage.WITHDRAWN)


@pytest.fixture(autouse=True)
def own_place(copied, tmp_path, monkeypatch):
    """Files and mails of this test's own: a purge is for good."""
    monkeypatch.setitem(outside._connected, "store", Store(f"file://{tmp_path}/files"))
    monkeypatch.setitem(
        outside._connected, "mailer", FileMailer(tmp_path / "outbox", sender="a <a@portal.example>")
    )


@pytest.fixture
def ended(world, case_at):
    """Call it with an end: the case that ended so on March 4, 2027."""

    def end(stage=Stage.CLOSED):
        Case.update(stage_since=CLOSED_AT).where(Case.id == case_at(stage).id).execute()
        return case_at(stage)

    return end


def purged(case, by, years=6, days=1):
    with clock.set_to(CLOSED_AT.replace(year=CLOSED_AT.year + years) + timedelta(days=days)):
        purge_case(Case.get_by_id(case.id), by=by, typed=case.reference)
    return Case.get_by_id(case.id)


# --- when


@pytest.mark.parametrize("stage", ENDS)
def test_a_case_is_kept_for_six_years_after_its_end(world, ended, stage):
    case = ended(stage)
    with pytest.raises(Refusal, match="March 4, 2033"):
        purged(case, world.coordinator, years=5, days=364)
    assert Case.get_by_id(case.id).purged_at is None
    assert purged(case, world.coordinator).purged_at is not None


def test_an_organisation_may_keep_its_cases_longer_and_never_shorter(world, ended):
    case = ended()
    Organisation.update(retention_years=10).where(Organisation.id == case.organisation_id).execute()
    with pytest.raises(Refusal, match="2037"):
        purged(case, world.coordinator)
    with pytest.raises(IntegrityError):
        Organisation.update(retention_years=5).execute()
    assert purged(case, world.coordinator, years=10).purged_at


def test_a_case_that_is_reopened_begins_its_years_anew(world, ended):
    case = ended()
    with clock.set_to(CLOSED_AT.replace(year=2032)):
        reopen_case(case, by=world.coordinator, why="A new hearing.")
    with pytest.raises(MovedOn):
        purged(case, world.coordinator)
    Case.update(stage=Stage.CLOSED, stage_since=CLOSED_AT.replace(year=2032, month=5)).where(
        Case.id == case.id
    ).execute()
    with pytest.raises(Refusal, match="May 4, 2038"):
        purged(case, world.coordinator)


def test_a_case_that_ended_on_a_leap_day_is_due_the_day_after(world):
    assert retention.years_after(date(2028, 2, 29), 6) == date(2034, 3, 1)
    with clock.set_to(datetime(2034, 2, 28, 15, tzinfo=UTC)):
        assert retention.ended_before(6).date() == date(2028, 2, 29)
    with clock.set_to(datetime(2034, 3, 1, 15, tzinfo=UTC)):
        assert retention.ended_before(6).date() == date(2028, 3, 2)


@ON_BOTH
def test_what_is_due_is_listed_the_day_it_may_be_purged(world, ended, backend):
    case = ended()
    Case.update(stage_since=clock.now().replace(year=2060)).where(Case.id != case.id).execute()
    for day, listed in ((date(2033, 3, 3), []), (date(2033, 3, 4), [case.id])):
        with clock.set_to(datetime(day.year, day.month, day.day, 15, tzinfo=UTC)):
            assert [each.id for each in due(world.coordinator)] == listed


@pytest.mark.parametrize("typed", ["", "IME-1", "yes"])
def test_a_slip_purges_nothing(world, ended, typed):
    case = ended()
    with clock.set_to(CLOSED_AT.replace(year=2040)), pytest.raises(Refusal, match=f"Type {case.reference}"):
        purge_case(case, by=world.coordinator, typed=typed)


@pytest.mark.parametrize("who", ["second_coordinator", "referrer", "expert"])
def test_only_a_manager_purges_and_holds(world, ended, who):
    case, by = ended(), getattr(world, who)
    assert {"place_hold", "lift_hold", "purge_case"}.isdisjoint(row.name for row in may(by, case))
    with clock.set_to(CLOSED_AT.replace(year=2040)), pytest.raises(NotAllowed):
        purge_case(case, by=by, typed=case.reference)
    with pytest.raises(NotAllowed):
        place_hold(case, by=by, why="So.")


# --- holds


@ON_BOTH
def test_a_hold_blocks_the_purge_until_it_is_lifted(world, ended, backend):
    case = ended()
    place_hold(case, by=world.coordinator, why="Delgado v. Lakeshore.")
    with pytest.raises(Refusal, match="on hold"):
        purged(case, world.coordinator)
    with clock.set_to(CLOSED_AT.replace(year=2040)):
        assert case.id not in [each.id for each in due(world.coordinator)]
    assert [(each.case_id, each.why) for each in held(world.coordinator)] == [
        (case.id, "Delgado v. Lakeshore.")
    ]
    lift_hold(case, by=world.coordinator, why="Settled.")
    assert held(world.coordinator) == []
    assert purged(case, world.coordinator).purged_at


def test_a_hold_is_placed_once_and_a_lifted_one_may_be_placed_anew(world, ended):
    case = ended()
    with pytest.raises(Refusal, match="not on hold"):
        lift_hold(case, by=world.coordinator, why="So.")
    place_hold(case, by=world.coordinator, why="One.")
    with pytest.raises(Refusal, match="already"):
        place_hold(case, by=world.coordinator, why="Two.")
    lift_hold(case, by=world.coordinator, why="Over.")
    place_hold(case, by=world.coordinator, why="Three.")
    assert LegalHold.select().where(LegalHold.case == case).count() == 2


@pytest.mark.parametrize("verb", [place_hold, lift_hold])
def test_a_hold_needs_its_reason(world, ended, verb):
    with pytest.raises(Refusal) as refused:
        verb(ended(), by=world.coordinator, why=" ")
    assert refused.value.field == "why"


# --- what stays, and what goes


def lost(field):
    """The condition of a row that points at one that is not there."""
    return field.is_null(False) & field.not_in(field.rel_model.select(field.rel_field))


@ON_BOTH
def test_no_table_holds_anything_of_a_purged_case_but_what_must_outlive_it(world, ended, backend):
    case = ended()
    disclosure.note(case, to="Dana Brooks", what="Report")
    before = Disclosure.select().where(Disclosure.case == case.id).count()
    after = purged(case, world.coordinator)
    for model in retention.children():
        rows = model.select().where(model.case == case.id)
        assert [row.step for row in rows] == ["purge_case"] if model is Event else rows.count() == 0, model
    for model in TABLES:
        orphans = [
            (field.name, model.select().where(lost(field)).count())
            for field in model._meta.sorted_fields
            if hasattr(field, "rel_model")
        ]
        assert all(count == 0 for _, count in orphans), (model, orphans)
    assert (after.reference, after.organisation_id, after.stage) == (
        case.reference,
        case.organisation_id,
        Stage.CLOSED,
    )
    assert (after.need, after.exam_kind, after.treating_doctor, after.expert_id) == ("", "", "", None)
    claimant = Claimant.get_by_id(case.claimant_id)
    assert {getattr(claimant, name) for name in Claimant._meta.fields if name != "id"} == {
        "",
        None,
        "English",
    }
    assert Disclosure.select().where(Disclosure.case == case.id).count() == before > 0
    [record] = AuditRecord.select().where(AuditRecord.act == Act.PURGED)
    assert (record.case, record.user) == (case.id, world.coordinator.id)
    assert [each.id for each in tombstones()] == [case.id]


@ON_BOTH
def test_other_cases_lose_nothing(world, ended, case_at, backend):
    case, other = ended(), case_at(Stage.BOOKED)
    rows = {model: model.select().where(model.case == other).count() for model in retention.children()}
    found = [row.reference for row in search.find(world.coordinator, "delgado")[0]]
    purged(case, world.coordinator)
    assert rows == {
        model: model.select().where(model.case == other).count() for model in retention.children()
    }
    assert Case.get_by_id(other.id).claimant.name
    still = [row.reference for row in search.find(world.coordinator, "delgado")[0]]
    assert still == [each for each in found if each != case.reference]


@ON_BOTH
def test_a_purged_case_is_seen_by_nobody(world, ended, backend):
    case = ended()
    everybody = [getattr(world, name) for name in vars(world)]
    assert any(party_to(each, case) for each in everybody)
    after = purged(case, world.coordinator)
    for each in everybody:
        assert not visible_cases(each).where(Case.id == case.id).exists()
        assert party_to(each, after) is None
        assert may(each, after) == []
        assert search.find(each, case.reference)[0] == []
    search.rebuild()
    assert search.find(world.coordinator, case.reference)[0] == []


def test_a_purge_that_fails_takes_nothing(world, ended, monkeypatch):
    case = ended()
    key = files.keep(case, io.BytesIO(b"x"), limit=10).key
    monkeypatch.setattr(process.audit, "record", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        purged(case, world.coordinator)
    assert Case.get_by_id(case.id).purged_at is None
    assert case.documents.exists() and CaseKey.select().where(CaseKey.case == case).exists()
    assert outside.store().exists(key)


def test_a_purge_that_is_rolled_back_leaves_the_bytes(world, ended):
    case = ended()
    key = files.keep(case, io.BytesIO(b"x"), limit=10).key
    named = {
        "kind": DocumentKind.OTHER,
        "name": "x.pdf",
        "media_type": "application/pdf",
        "size": 1,
        "sha256": "0",
    }
    Document.create(case=case, key=key, **named)
    with database.atomic() as everything:
        purged(case, world.coordinator)
        everything.rollback()
    assert outside.store().exists(key)
    purged(case, world.coordinator)
    assert not outside.store().exists(key)


def test_a_mail_that_cannot_be_removed_is_named_and_keeps_no_file_from_going(monkeypatch, caplog):
    def away(*_):
        raise OSError("The folder is away.")

    gone = []
    monkeypatch.setattr(outside.mailer(), "forget", away)
    monkeypatch.setattr(outside.store(), "delete", gone.append)
    retention.sweep_out(["a" * 32], [7, 9])
    assert gone == ["a" * 32]
    assert "[7, 9]" in caplog.text and "OSError" in caplog.text


def test_a_store_that_is_away_does_not_undo_a_purge(world, ended, monkeypatch, caplog):
    case = ended()

    def away(_key):
        raise OSError("The store is away.")

    monkeypatch.setattr(outside.store(), "delete", away)
    assert purged(case, world.coordinator).purged_at
    assert "left files to the nightly sweep" in caplog.text


CANARIES = {
    name: f"canary{name}kestrel"
    for name in (
        "name",
        "street",
        "need",
        "message",
        "question",
        "injury",
        "party",
        "file",
        "title",
        "number",
        "mail",
    )
}


def fill_with_canaries(case, world):
    """Say a word of its own in every kind of thing a case holds, some of it twice over, as people do."""
    say = CANARIES
    case.claimant.name, case.claimant.street = "first" + say["name"], say["street"]
    case.claimant.email = f"{say['mail']}@mail.example"
    case.claimant.born_on = date(1931, 2, 3)
    case.claimant.save()
    case.need = say["need"]
    case.save()
    search.keep(case)
    case.claimant.name = say["name"]
    case.claimant.save()
    search.keep(case)
    ClaimNumber.create(case=case, number=say["number"])
    Injury.create(case=case, body_part="neck", icd10=say["injury"])
    Question.create(case=case, number=77, text=say["question"])
    CaseParty.create(case=case, party=Party.RECIPIENT, name=say["party"])
    for _ in range(40):
        Message.create(
            case=case,
            party=Party.REFERRER,
            audience=Audience.CASE,
            author=world.referrer,
            text=say["message"] * 50,
        )
    content = say["file"].encode() * 5000
    kept = files.keep(case, io.BytesIO(content), limit=len(content))
    Document.create(
        case=case, kind=DocumentKind.OTHER, name=f"{say['title']}.pdf", media_type="application/pdf", size=kept.size,
        sha256=kept.sha256, key=kept.key,
    )  # fmt: skip
    event = case.events.first()
    Notice.create(event=event, party=Party.CLAIMANT, recipient=say["name"], email=case.claimant.email)
    Notice.update(state=NoticeState.OWED, recipient=say["name"]).where(
        Notice.event.in_(case.events)
    ).execute()
    send_owed()


def found_in(folder):
    """Which canaries are in any file below the folder."""
    held = [path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()]
    return {name for name, canary in CANARIES.items() if any(canary.encode() in each for each in held)}


def test_after_a_purge_no_byte_of_the_data_directory_remembers(world, ended, tmp_path):
    case = ended()
    fill_with_canaries(case, world)
    database.execute_sql("PRAGMA wal_checkpoint(PASSIVE)")
    assert found_in(tmp_path) == set(CANARIES) - {"file", "number"}, "what is sealed is never seen"
    assert (tmp_path / "files").exists() and list((tmp_path / "outbox").glob("*.eml"))
    purged(case, world.coordinator)
    assert found_in(tmp_path) == set()
    assert list((tmp_path / "files").iterdir()) == []


@ON_BOTH
def test_after_a_purge_no_row_of_any_table_remembers(world, ended, backend):
    case = ended()
    fill_with_canaries(case, world)
    purged(case, world.coordinator)
    tables = [*database.get_tables(), "case_search"]
    held = str([database.execute_sql(f'SELECT * FROM "{table}"').fetchall() for table in set(tables)])
    assert [name for name, canary in CANARIES.items() if canary in held] == []


def test_bytes_that_a_stopped_machine_left_behind_are_noise(world, ended, monkeypatch):
    case = ended()
    fill_with_canaries(case, world)
    key = case.documents.where(Document.name.startswith(CANARIES["title"])).get().key
    monkeypatch.setattr(retention, "sweep_out", lambda *_: None)
    purged(case, world.coordinator)
    assert CANARIES["file"].encode() not in outside.store().read(key)
    assert not CaseKey.select().where(CaseKey.case == case.id).exists()


def test_a_purge_is_done_though_others_hold_the_database_when_it_is_rubbed_out(world, monkeypatch, caplog):
    def locked(*_):
        raise OperationalError("database is locked")

    monkeypatch.setattr(database.obj, "execute_sql", locked)
    retention.sweep_out([], [])
    assert "rubbed out later" in caplog.text
