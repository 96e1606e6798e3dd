"""Filing, removing, asking for and settling records."""

from dataclasses import replace
from datetime import timedelta

import pytest

from portal import clock
from portal.ime import letters
from portal.ime.brief import cover_letter
from portal.ime.history import tell
from portal.ime.instructions import send_brief
from portal.ime.process import MovedOn, NotAllowed, Refusal
from portal.ime.records import (
    AUDIENCES,
    FILED_BY_HAND,
    SEALED,
    StoredFile,
    file_document,
    remove_document,
    request_record,
    settle_record,
)
from portal.ime.report import report_words
from portal.models import Document, Event, Notice, RecordRequest
from portal.policy import readable_documents
from portal.words import Audience, DocumentKind, Party, RecordSource, RecordState, Stage
from tests.databases import ON_BOTH

pytestmark = ON_BOTH

FILE = StoredFile("Notes.pdf", "application/pdf", 1200, "a" * 64, "0" * 32, pages=7)
OTHER = replace(FILE, name="Scan.pdf", sha256="b" * 64, key="1" * 32, pages=2)


def add(case, by, *files, audience=Audience.CASE, kind=DocumentKind.MEDICAL_RECORDS):
    return file_document(case, by=by, files=files or [FILE], kind=kind, audience=audience)


def last_event(case):
    return case.events.order_by(Event.id.desc()).get()


def ask(case, world, **more):
    given = {
        "kind": DocumentKind.IMAGING,
        "what": "MRI of the left shoulder",
        "asked_of": RecordSource.PROVIDER,
        "due_on": clock.today() + timedelta(days=5),
    }
    return request_record(case, by=world.coordinator, **{**given, **more})


def test_several_files_are_filed_in_one_step(world, case_at):
    case = case_at(Stage.MATCHING)
    filed = add(case, world.coordinator, FILE, OTHER)
    assert [document.name for document in filed] == ["Notes.pdf", "Scan.pdf"]
    assert last_event(case).facts == {"count": 2, "kind": "medical_records", "audience": "case"}


def test_a_file_that_the_case_holds_already_is_left_out(world, case_at):
    case = case_at(Stage.MATCHING)
    add(case, world.coordinator)
    again = replace(FILE, key="2" * 32)
    assert [document.name for document in add(case, world.coordinator, again, OTHER)] == ["Scan.pdf"]
    assert last_event(case).facts["count"] == 1


def test_filing_only_what_the_case_holds_is_refused_and_records_nothing(world, case_at):
    case = case_at(Stage.MATCHING)
    add(case, world.coordinator)
    before = last_event(case).id
    with pytest.raises(Refusal, match="already holds"):
        add(case, world.coordinator, replace(FILE, key="2" * 32))
    assert last_event(case).id == before


def test_the_same_file_may_be_filed_on_two_cases(world, case_at):
    add(case_at(Stage.MATCHING), world.coordinator)
    assert add(case_at(Stage.BOOKED), world.coordinator, replace(FILE, key="2" * 32))


@pytest.mark.parametrize("kind", sorted(SEALED))
def test_what_only_the_portal_makes_cannot_be_filed_by_hand(world, case_at, kind):
    with pytest.raises(Refusal) as refused:
        add(case_at(Stage.MATCHING), world.coordinator, kind=kind)
    assert refused.value.field == "kind"
    assert kind not in FILED_BY_HAND


@pytest.mark.parametrize("audience", list(Audience))
def test_each_party_chooses_only_among_its_own_audiences(world, case_at, audience):
    case = case_at(Stage.BOOKED)
    people = {
        Party.REFERRER: world.referrer,
        Party.COORDINATOR: world.coordinator,
        Party.EXPERT: world.expert,
    }
    for number, (party, person) in enumerate(people.items()):
        file = replace(FILE, sha256=f"{number}" * 64, key=f"{number}" * 32)
        if audience in AUDIENCES[party]:
            assert add(case, person, file, audience=audience)
        else:
            with pytest.raises(Refusal) as refused:
                add(case, person, file, audience=audience)
            assert refused.value.field == "audience"


def test_no_party_files_for_readers_it_does_not_belong_to(world):
    from portal.policy import READERS

    assert all(party in READERS[audience] for party, chosen in AUDIENCES.items() for audience in chosen)
    assert not any(Audience.EVERYONE in chosen for chosen in AUDIENCES.values())


def test_a_colleague_cannot_file(world, case_at):
    with pytest.raises(NotAllowed):
        add(case_at(Stage.MATCHING), world.colleague)


def test_nothing_is_filed_on_a_closed_case(world, case_at):
    with pytest.raises(MovedOn):
        add(case_at(Stage.CLOSED), world.coordinator)


def test_who_may_not_read_a_document_does_not_hear_of_it_in_the_timeline(world, case_at):
    case = case_at(Stage.BOOKED)
    people = {
        Party.REFERRER: world.referrer,
        Party.EXPERT: world.expert,
        Party.COORDINATOR: world.coordinator,
    }
    add(case, world.second_coordinator, audience=Audience.EXPERT_AND_OFFICE)
    event = last_event(case)
    told = {party: tell(event, person, party) for party, person in people.items()}
    said = "Jonah Feld added 1 document to the records."
    assert told == {Party.REFERRER: None, Party.EXPERT: said, Party.COORDINATOR: said}


@pytest.mark.parametrize(
    ("audience", "readers"),
    [
        (Audience.OFFICE, {Party.COORDINATOR}),
        (Audience.REFERRER_AND_OFFICE, {Party.COORDINATOR, Party.REFERRER, Party.COLLEAGUE}),
        (Audience.EXPERT_AND_OFFICE, {Party.COORDINATOR, Party.EXPERT}),
        (Audience.CASE, {Party.COORDINATOR, Party.REFERRER, Party.COLLEAGUE, Party.EXPERT}),
    ],
)
def test_a_document_is_readable_by_its_audience_and_nobody_else(world, case_at, audience, readers):
    case = case_at(Stage.BOOKED)
    [document] = add(case, world.coordinator, audience=audience)
    before = {party for party in Party if document in readable_documents(party, case)}
    assert before == readers - ({Party.EXPERT} if audience == Audience.CASE else set()), "before the brief"
    send_brief(case, by=world.coordinator, override="The other side was served by hand.")
    assert {party for party in Party if document in readable_documents(party, case)} == readers


def test_a_document_of_ones_own_side_can_be_removed_from_a_draft(world, case_at):
    case = case_at(Stage.DRAFT)
    [document] = add(case, world.referrer)
    remove_document(case, by=world.referrer, document=document)
    assert not Document.select().where(Document.id == document.id).exists()
    with pytest.raises(Refusal, match="removed already"):
        remove_document(case, by=world.referrer, document=document)


def test_a_document_that_the_office_filed_cannot_be_removed_by_the_referrer(world, case_at):
    case = case_at(Stage.RETURNED)
    [document] = add(case, world.coordinator)
    with pytest.raises(Refusal, match="your side"):
        remove_document(case, by=world.referrer, document=document)
    assert Document.select().where(Document.id == document.id).exists()


def test_a_document_of_another_case_cannot_be_removed_through_a_draft(world, case_at):
    [foreign] = add(case_at(Stage.MATCHING), world.referrer)
    with pytest.raises(Refusal):
        remove_document(case_at(Stage.DRAFT), by=world.referrer, document=foreign)
    assert Document.select().where(Document.id == foreign.id).exists()


def test_nothing_is_removed_once_the_referral_is_sent(world, case_at):
    case = case_at(Stage.REFERRED)
    with pytest.raises(MovedOn):
        remove_document(case, by=world.referrer, document=case.documents.get())


def test_asking_for_a_record_tells_the_referrer_and_keeps_what_is_medical_out_of_the_event(world, case_at):
    case = case_at(Stage.MATCHING)
    asked = ask(case, world, what="  MRI of the left shoulder ")
    assert (asked.what, asked.state) == ("MRI of the left shoulder", RecordState.ASKED)
    event = last_event(case)
    assert set(event.facts) == {"asked_of", "due_on"}
    assert [notice.party for notice in Notice.select().where(Notice.event == event)] == [Party.REFERRER]


@pytest.mark.parametrize(("wrong", "field"), [({"what": "  "}, "what"), ({"due_on": None}, "due_on")])
def test_a_request_without_a_record_or_for_a_past_day_is_refused(world, case_at, wrong, field):
    case = case_at(Stage.MATCHING)
    wrong = {"due_on": clock.today() - timedelta(days=1)} if "due_on" in wrong else wrong
    count = RecordRequest.select().count()
    with pytest.raises(Refusal) as refused:
        ask(case, world, **wrong)
    assert refused.value.field == field
    assert RecordRequest.select().count() == count


def test_a_request_is_settled_once_with_the_document_that_came(world, case_at):
    case = case_at(Stage.MATCHING)
    asked, [document] = ask(case, world), add(case, world.referrer)
    settle_record(case, by=world.coordinator, request=asked, state=RecordState.RECEIVED, document=document)
    kept = RecordRequest.get_by_id(asked.id)
    assert (kept.state, kept.document) == (RecordState.RECEIVED, document)
    with pytest.raises(Refusal, match="already"):
        settle_record(case, by=world.coordinator, request=asked, state=RecordState.UNAVAILABLE)
    assert RecordRequest.get_by_id(asked.id).state == RecordState.RECEIVED


def test_a_request_cannot_be_settled_with_a_document_of_another_case(world, case_at):
    case = case_at(Stage.MATCHING)
    asked, [foreign] = ask(case, world), add(case_at(Stage.BOOKED), world.coordinator)
    with pytest.raises(Refusal) as refused:
        settle_record(case, by=world.coordinator, request=asked, state=RecordState.RECEIVED, document=foreign)
    assert refused.value.field == "document"
    assert RecordRequest.get_by_id(asked.id).state == RecordState.ASKED


def test_a_request_of_another_case_cannot_be_settled(world, case_at):
    asked = ask(case_at(Stage.BOOKED), world)
    with pytest.raises(Refusal):
        settle_record(
            case_at(Stage.MATCHING), by=world.coordinator, request=asked, state=RecordState.RECEIVED
        )
    assert RecordRequest.get_by_id(asked.id).state == RecordState.ASKED


@pytest.mark.parametrize("state", [RecordState.ASKED, RecordState.UNAVAILABLE])
def test_only_a_record_that_came_has_a_document(world, case_at, state):
    case = case_at(Stage.MATCHING)
    asked, [document] = ask(case, world), add(case, world.coordinator)
    with pytest.raises(Refusal):
        settle_record(case, by=world.coordinator, request=asked, state=state, document=document)


def test_what_a_letter_lists_leaves_out_what_is_not_for_the_expert(world, case_at):
    case = case_at(Stage.REPORTING)
    before = letters.records(case)
    add(case, world.coordinator, FILE, audience=Audience.CASE)
    add(case, world.coordinator, OTHER, audience=Audience.OFFICE)
    assert [row["pages"] for row in letters.records(case)] == [*(row["pages"] for row in before), 7]
    assert report_words(case)["records"] == cover_letter(case, world.coordinator)["records"]


def told_of_the_last(case):
    return [notice.party for notice in Notice.select().where(Notice.event == last_event(case))]


def test_the_expert_is_told_of_records_that_came_after_the_brief(world, case_at):
    case = case_at(Stage.BOOKED)
    add(case, world.coordinator, FILE)
    assert told_of_the_last(case) == []
    send_brief(case, by=world.coordinator, override="They have them.")
    add(case, world.referrer, OTHER)
    assert told_of_the_last(case) == [Party.EXPERT]


def test_the_expert_is_not_told_of_what_they_may_not_read_or_filed_themselves(world, case_at):
    case = case_at(Stage.BOOKED)
    send_brief(case, by=world.coordinator, override="They have them.")
    add(case, world.coordinator, FILE, audience=Audience.OFFICE)
    assert told_of_the_last(case) == []
    add(case, world.expert, OTHER)
    assert told_of_the_last(case) == []
