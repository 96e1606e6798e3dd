"""A kept query answers as the query itself does, whatever it joins, on both databases."""

from datetime import UTC, date, datetime

import pytest
from peewee import JOIN, DatabaseError, fn

from portal.db import database
from portal.kept import Kept, bind
from portal.models import AuditRecord, Case, CaseDeadline, Claimant, Document, Event, Expert, Report, User
from portal.words import Act, Ending, Stage
from tests.databases import ON_BOTH
from tests.paper import statements_of

pytestmark = ON_BOTH

QUERIES = {
    "one table, with days and moments": lambda case: (
        CaseDeadline.select().where(CaseDeadline.case == case).order_by(CaseDeadline.id)
    ),
    "words, truths and JSON, with what an outer join may not find": lambda case: (
        Event.select(Event, User)
        .join(User, JOIN.LEFT_OUTER)
        .where(Event.case == case)
        .order_by(Event.id.desc())
    ),
    "only some columns of what is joined": lambda case: (
        Case.select(Case, Claimant.id, Claimant.name).join(Claimant).where(Case.id == case)
    ),
    "a join under a name that is no column": lambda case: (
        Report.select(Report, User, Expert)
        .join(User, JOIN.LEFT_OUTER)
        .join(Expert, JOIN.LEFT_OUTER, on=(Expert.user == User.id), attr="expert")
        .where(Report.case == case)
    ),
}


def told(instance):
    """An instance with all that was read beside it."""
    if not hasattr(instance, "__data__"):
        return instance
    beside = instance.__rel__ | {
        name: value for name, value in vars(instance).items() if not name.startswith("_")
    }
    return type(instance), instance.__data__, {name: told(value) for name, value in beside.items()}


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
@pytest.mark.parametrize("stage", [Stage.CLOSED, Stage.REPORTING])
def test_it_answers_as_the_query_itself(case_at, query, stage):
    case = case_at(stage)
    kept, found = Kept(lambda: query(bind("case"))), list(query(case.id))
    for _ in range(2):
        assert [told(each) for each in kept.models(case=case.id)] == [told(each) for each in found]
    assert kept.models(case=0) == []
    assert kept.model(case=0) is None


def test_what_was_joined_is_not_read_again(case_at):
    kept = Kept(lambda: QUERIES["a join under a name that is no column"](bind("case")))
    report = kept.model(case=case_at(Stage.CLOSED).id)
    assert statements_of(lambda: report.signed_by.expert.credentials) == 0


def test_an_instance_that_was_read_can_be_changed_and_saved(case_at):
    kept = Kept(lambda: CaseDeadline.select().where(CaseDeadline.case == bind("case")))
    case = case_at(Stage.MATCHING)
    CaseDeadline.create(case=case, kind="hearing", falls_on=date(2030, 1, 2))
    deadline = kept.models(case=case.id)[-1]
    assert deadline.dirty_fields == []
    deadline.falls_on = date(2030, 1, 3)
    deadline.save()
    assert kept.models(case=case.id)[-1].falls_on == date(2030, 1, 3)


def test_two_copies_of_one_table_and_a_computed_value_stand_apart(world, case_at):
    coordinator = User.alias()
    kept = Kept(
        lambda: (
            Case.select(Case, User, coordinator, fn.LENGTH(Case.reference).alias("long"))
            .join(User, on=Case.referrer)
            .switch(Case)
            .join(coordinator, on=(Case.coordinator == coordinator.id), attr="coordinator")
            .where(Case.id == bind("case"))
        )
    )
    case = kept.model(case=case_at(Stage.BOOKED).id)
    assert (case.referrer, case.coordinator) == (world.referrer, world.coordinator)
    assert case.long == len(case.reference)


def test_it_is_written_once(case_at):
    built = []
    kept = Kept(lambda: built.append(1) or Document.select().where(Document.case == bind("case")))
    for stage in (Stage.CLOSED, Stage.BOOKED):
        assert len(kept.rows(case=case_at(stage).id)) == len(kept.models(case=case_at(stage).id))
    assert len(built) == 1
    assert list(kept.written) == [type(database.obj)]


def test_a_row_is_added_as_peewee_itself_would(world):
    row = {
        "at": datetime(2030, 1, 2, 3, 4, 5, 678, tzinfo=UTC),
        "act": Act.EXPORTED,
        "ending": Ending.REFUSED,
        "user": 7,
        "case": None,
        "party": "expert",
        "facts": {"asked": 'Ö "quoted" \\', "cases": [1, 2], "is_proved": True, "rate": 0.5, "none": None},
    }
    added = AuditRecord.create(**row)
    blank = dict.fromkeys(("thing", "route", "source", "request"), "")
    AuditRecord.insert({**blank, **row}).execute()
    names = ", ".join(column.column_name for column in AuditRecord._meta.sorted_fields if column.name != "id")
    [ours, theirs] = database.execute_sql(
        f"SELECT id, {names} FROM audit_record ORDER BY id DESC LIMIT 2"
    ).fetchall()[::-1]
    assert ours[1:] == theirs[1:]
    assert ours[0] == added.id
    assert added.dirty_fields == []


def test_a_row_that_has_its_number_is_not_added_again(world):
    added = AuditRecord.create(act=Act.READ)
    added.party = "expert"
    with pytest.raises(DatabaseError, match="never changed"):
        added.save()
