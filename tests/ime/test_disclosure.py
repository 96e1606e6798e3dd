"""Whatever of a claimant goes out is kept with its ground, and six years of it are there in one action."""

from datetime import UTC, datetime, timedelta

import pytest

from portal import clock
from portal.ime import disclosure
from portal.ime.addendum import release_addendum
from portal.ime.appointment import book_appointment
from portal.ime.disclosure import (
    accounting,
    basis_of,
    choose_ground,
    is_counted,
    note_download,
    record_disclosure,
)
from portal.ime.guidance import prepare_notice
from portal.ime.instructions import send_brief
from portal.ime.process import NotAllowed, Refusal
from portal.ime.report import release_report
from portal.ime.restriction import restrict_case
from portal.ime.rules import exam_kinds
from portal.models import Case, CaseParty, Disclosure, Document
from portal.words import Audience, DisclosureBasis, DocumentKind, Party, Stage
from tests.databases import ON_BOTH
from tests.ime.given import slot


def kept(case):
    return list(Disclosure.select().where(Disclosure.case == case.id).order_by(Disclosure.id))


@pytest.fixture
def since(world):
    """Call it with a case: what was kept of it since the test began."""
    before = {row.id for row in Disclosure.select()}
    return lambda case: [row for row in kept(case) if row.id not in before]


def test_a_brief_that_is_sent_is_a_disclosure_to_the_expert(world, case_at, since):
    case = case_at(Stage.BOOKED)
    Case.update(brief_sent_at=None).where(Case.id == case.id).execute()
    case = Case.get_by_id(case.id)
    with clock.set_to(clock.now() + timedelta(hours=1)):
        send_brief(case, by=world.coordinator, override="They have them.")
    [row] = since(case)
    assert row.recipient == world.expert.expert.name
    assert world.expert.email in row.address
    assert row.what.startswith("Cover letter, questions and ")
    assert (row.basis, row.by) == (DisclosureBasis.WORKERS_COMPENSATION, world.coordinator.id)
    assert row.purpose


@pytest.mark.parametrize(
    ("stage", "release", "what"),
    [(Stage.CHECKING, release_report, "Report"), (Stage.CHECKING_ADDENDUM, release_addendum, "Addendum 1")],
)
def test_a_released_paper_is_disclosed_to_the_referrer_and_each_recipient(
    world, case_at, since, stage, release, what
):
    case = case_at(stage)
    CaseParty.create(
        case=case, party=Party.RECIPIENT, name="Ann Cole", phone="+14155550177", gets_report=True
    )
    recipients = {row.name for row in case.parties.where(CaseParty.gets_report)}
    release(case, by=world.coordinator, override="By mail.")
    rows = since(case)
    assert {row.recipient for row in rows} == {world.referrer.name} | recipients
    assert all(row.what.startswith(what) for row in rows)
    assert [row.what for row in rows if row.recipient == world.referrer.name] == [what]


def test_every_copy_that_goes_out_with_the_report_is_accounted_for(world, case_at, since):
    case = case_at(Stage.CHECKING)
    CaseParty.create(case=case, party=Party.REPRESENTATIVE, name="Ann Cole", email="cole@mail.example")
    release_report(case, by=world.coordinator, copies=[Party.CLAIMANT, Party.REPRESENTATIVE])
    copied = {row.recipient for row in since(case) if row.what == "Report, copy"}
    assert copied >= {"The claimant", "Ann Cole"}


def test_a_release_that_is_refused_discloses_nothing(world, case_at, since):
    case = case_at(Stage.CHECKING)
    with pytest.raises(Refusal):
        release_report(case, by=world.coordinator, override="They get theirs by mail.", read="another")
    assert since(case) == []


def test_a_release_that_cannot_be_accounted_for_does_not_happen(world, case_at, monkeypatch):
    case = case_at(Stage.CHECKING)

    def fails(**_):
        raise OSError("The disk is full.")

    monkeypatch.setattr(Disclosure, "create", fails)
    with pytest.raises(OSError, match="full"):
        release_report(case, by=world.coordinator, override="They get theirs by mail.")
    assert Case.get_by_id(case.id).stage == Stage.CHECKING


@ON_BOTH
def test_a_download_counts_once_a_person_document_and_day(world, case_at, since, backend):
    case = case_at(Stage.CLOSED)
    one, other = list(case.documents.limit(2))
    noon = datetime(2027, 3, 3, 17, tzinfo=UTC)
    looks = [
        (world.expert, Party.EXPERT, one, noon),
        (world.expert, Party.EXPERT, one, noon + timedelta(hours=3)),
        (world.expert, Party.EXPERT, other, noon),
        (world.referrer, Party.REFERRER, one, noon),
        (world.coordinator, Party.COORDINATOR, one, noon),
        (world.expert, Party.EXPERT, one, noon + timedelta(days=1)),
    ]
    for by, party, document, moment in looks:
        with clock.set_to(moment):
            note_download(case, by=by, party=party, document=document)
    assert [(row.by, row.at.day) for row in since(case)] == [
        (world.expert.id, 3), (world.expert.id, 3), (world.referrer.id, 3), (world.expert.id, 4),
    ]  # fmt: skip
    assert not any(one.name in row.what for row in since(case)), "a file's name may say something medical"


def test_the_notice_letter_goes_to_the_claimant_and_who_represents_them(world, case_at, since):
    case = case_at(Stage.SCHEDULING)
    when = slot(world, case)
    book_appointment(case, by=world.coordinator, **when, letter=prepare_notice(case, *when.values()))
    rows = {row.recipient: row for row in since(case)}
    assert not is_counted(rows["The claimant"])
    representative = case.parties.where(CaseParty.party == Party.REPRESENTATIVE).get()
    assert is_counted(rows[representative.name])


# --- the ground


@pytest.mark.parametrize(
    ("kind", "basis"),
    [
        ("CA-QME", DisclosureBasis.WORKERS_COMPENSATION),
        ("US-FECA", DisclosureBasis.WORKERS_COMPENSATION),
        ("US-FRCP35", DisclosureBasis.COURT_ORDER),
        ("NY-NF", DisclosureBasis.REQUIRED_BY_LAW),
        ("", DisclosureBasis.AUTHORIZATION),
    ],
)
def test_the_ground_follows_from_the_kind_of_examination(kind, basis):
    assert basis_of(Case(exam_kind=kind)) == basis


def test_every_kind_of_examination_has_a_ground_with_its_citation():
    assert {kind.line for kind in exam_kinds().values()} == set(disclosure.GROUNDS)
    assert all("45 CFR" in ground.citation for ground in disclosure.GROUNDS.values())


def test_the_ground_that_the_coordinator_chose_counts(world, case_at):
    case = case_at(Stage.BOOKED)
    choose_ground(case, by=world.coordinator, basis=DisclosureBasis.COURT_ORDER)
    assert basis_of(Case.get_by_id(case.id)) == DisclosureBasis.COURT_ORDER
    with pytest.raises(NotAllowed):
        choose_ground(case, by=world.referrer, basis=DisclosureBasis.OPERATIONS)


# --- given outside the portal


@pytest.fixture
def given(world, case_at):
    """A closed case, and what is said of giving its report out."""
    case = case_at(Stage.CLOSED)
    said = {"recipient": "Dana Brooks", "address": "1 Court Street", "purpose": "Hearing"}
    documents = disclosure.least(disclosure.offered(case))
    return case, {**said, "documents": documents, "basis": DisclosureBasis.COURT_ORDER}


def test_the_least_is_the_signed_papers_alone(given):
    case, said = given
    assert {each.kind for each in said["documents"]} <= {DocumentKind.REPORT, DocumentKind.ADDENDUM}
    assert len(said["documents"]) < len(disclosure.offered(case))


def test_what_was_given_by_other_means_is_noted(world, given, since):
    case, said = given
    record_disclosure(case, by=world.coordinator, **said)
    [row] = since(case)
    assert (row.recipient, row.address, row.basis) == (
        "Dana Brooks",
        "1 Court Street",
        DisclosureBasis.COURT_ORDER,
    )
    assert f"document {said['documents'][0].id}" in row.what


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"recipient": " "}, "recipient"),
        ({"address": ""}, "address"),
        ({"purpose": ""}, "purpose"),
        ({"basis": None}, "basis"),
        ({"documents": []}, "documents"),
    ],
)
def test_nothing_is_noted_without_who_where_what_why_and_on_what_ground(world, given, since, wrong, field):
    case, said = given
    with pytest.raises(Refusal) as refused:
        record_disclosure(case, by=world.coordinator, **{**said, **wrong})
    assert refused.value.field == field
    assert since(case) == []


def test_the_whole_file_goes_out_only_with_a_reason(world, given, since):
    case, said = given
    whole = {**said, "documents": disclosure.offered(case)}
    with pytest.raises(Refusal, match="more than the report"):
        record_disclosure(case, by=world.coordinator, **whole)
    record_disclosure(case, by=world.coordinator, **whole, why_more="The court ordered the whole file.")
    assert "The court ordered the whole file." in since(case)[0].purpose


def test_no_paper_that_is_kept_among_a_few_or_of_another_case_is_given_out(world, given, case_at):
    case, said = given
    foreign = case_at(Stage.BOOKED).documents.first()
    inner = case.documents.where(Document.kind == DocumentKind.REPORT).get()
    Document.update(audience=Audience.EXPERT_AND_OFFICE).where(Document.id == inner.id).execute()
    for document in (foreign, inner):
        with pytest.raises(Refusal, match="from the list"):
            record_disclosure(case, by=world.coordinator, **{**said, "documents": [document]}, why_more="So.")


# --- the accounting


@ON_BOTH
def test_an_accounting_reaches_six_years_back_and_no_day_further(world, case_at, backend):
    case = case_at(Stage.CLOSED)
    Disclosure.delete().execute()
    now = datetime(2034, 6, 15, 15, tzinfo=UTC)
    for year in range(2027, 2035):
        for day in (14, 15, 16):
            with clock.set_to(datetime(year, 6, day, 15, tzinfo=UTC)):
                disclosure.note(case, to=f"{year}-{day}", what="Report")
    with clock.set_to(now):
        told = [row.recipient for row in accounting(case, world.coordinator).rows]
    wanted = [f"{year}-{day}" for year in range(2034, 2027, -1) for day in (16, 15, 14)]
    assert told == [each for each in wanted if each != "2028-14"]


def test_an_accounting_on_a_leap_day_loses_none(world, case_at):
    with clock.set_to(datetime(2032, 2, 29, 15, tzinfo=UTC)):
        assert disclosure.reaches_back_to() <= datetime(2026, 2, 28, 15, tzinfo=UTC)


def test_it_is_of_the_claimant_over_all_their_cases_and_of_nobody_else(world, case_at):
    one, same, stranger = case_at(Stage.CLOSED), case_at(Stage.BOOKED), case_at(Stage.MATCHING)
    stranger.claimant.name = "Somebody Else"
    stranger.claimant.save()
    Disclosure.delete().execute()
    for case in (one, same, stranger):
        disclosure.note(case, to=case.reference, what="Report")
    told = {row.recipient for row in accounting(one, world.coordinator).rows}
    assert told == {one.reference, same.reference}


@ON_BOTH
def test_what_is_left_out_for_who_may_not_see_it_is_counted_and_a_manager_gets_it_all(
    world, case_at, backend
):
    one, hidden, told = case_at(Stage.CLOSED), case_at(Stage.BOOKED), case_at(Stage.REPORTING)
    Disclosure.delete().execute()
    for case in (one, hidden, hidden):
        disclosure.note(case, to=case.reference, what="Report")
    for case in (hidden, told):  # nothing of the second went out, so nothing of it is missing
        restrict_case(case, by=world.coordinator, why="The claimant works here.")
        Case.update(coordinator=world.coordinator).where(Case.id == case.id).execute()
    whole = accounting(one, world.coordinator)
    assert (len(whole.rows), whole.left_out) == (3, 0)
    partial = accounting(one, world.second_coordinator)
    assert ([row.case for row in partial.rows], partial.left_out) == ([one.id], 1)


def test_excluded_grounds_are_marked_and_not_dropped(world, case_at):
    case = case_at(Stage.CLOSED)
    Disclosure.delete().execute()
    for basis in DisclosureBasis:
        disclosure.note(case, to=basis.value, what="Report", basis=basis)
    told = {row.basis: is_counted(row) for row in accounting(case, world.coordinator).rows}
    assert told == {
        DisclosureBasis.WORKERS_COMPENSATION: True,
        DisclosureBasis.COURT_ORDER: True,
        DisclosureBasis.REQUIRED_BY_LAW: True,
        DisclosureBasis.AUTHORIZATION: False,
        DisclosureBasis.OPERATIONS: False,
        DisclosureBasis.TO_THE_INDIVIDUAL: False,
    }
