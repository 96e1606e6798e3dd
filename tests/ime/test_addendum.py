"""The addendum: signed whole, numbered, chained; what it follows never changes."""

import io

import pypdfium2
import pytest

from portal import outside
from portal.ime.addendum import (
    addendum_words,
    answered_in,
    prepare_addendum,
    release_addendum,
    return_addendum,
    seal_and_sign,
    sign_addendum,
    unanswered,
    why_returned,
    write_addendum,
)
from portal.ime.chain import chain, is_unbroken
from portal.ime.clarification import SENT, in_state
from portal.ime.files import read_file
from portal.ime.process import NotAllowed, Refusal
from portal.ime.sealing import fingerprint
from portal.models import Addendum, Case, Clarification, Document, Report
from portal.policy import readable_documents
from portal.words import Certainty, ClarificationState, Party, ReportState, Stage
from tests.databases import ON_BOTH
from tests.ime.rounds import answer, ask, release, send, sign
from tests.paper import statements_of


@pytest.fixture
def sent(world, case_at):
    """A case whose clarification is with the expert."""
    case = case_at(Stage.CLARIFYING)
    send(case, world)
    return case


def stored_keys():
    return set(outside.store().keys())


def words_of(document):
    read = pypdfium2.PdfDocument(io.BytesIO(read_file(document)))
    try:
        return " ".join(" ".join(page.get_textpage().get_text_bounded() for page in read).split())
    finally:
        read.close()


def test_an_addendum_is_not_signed_while_a_clarification_has_no_answer(world, sent):
    (waiting,) = in_state(sent, SENT)
    write_addendum(sent, by=world.expert, answers={waiting.id: {"opinion": "The left side."}})
    assert "question 2" in unanswered(sent)[0]
    before = stored_keys()
    with pytest.raises(Refusal):
        seal_and_sign(sent, by=world.expert, read="")
    assert stored_keys() == before


def test_only_the_expert_of_the_case_writes_and_signs(world, sent):
    for person in (world.second_expert, world.coordinator, world.referrer):
        with pytest.raises(NotAllowed):
            write_addendum(sent, by=person, answers={})


def test_an_unsent_clarification_takes_no_answer(world, case_at):
    case = case_at(Stage.CLARIFYING)
    kept = case.clarifications.get()
    with pytest.raises(Refusal):
        write_addendum(case, by=world.expert, answers={kept.id: {"opinion": "Yes."}})
    assert Clarification.get_by_id(kept.id).opinion == ""
    assert unanswered(case) == ["No clarification waits for an answer."]


def test_an_answer_cannot_change_anything_but_the_answer(world, sent):
    (waiting,) = in_state(sent, SENT)
    with pytest.raises(Refusal):
        write_addendum(sent, by=world.expert, answers={waiting.id: {"text": "Rewritten."}})


def test_an_addendum_says_all_that_was_asked_and_answered_word_for_word(world, sent):
    signed = sign(sent, world, "The left side, and only the left side.")
    said = words_of(signed.document)
    (kept,) = answered_in(signed)
    for words in (kept.text, kept.question.text, kept.opinion, kept.reasons, Certainty.PROBABLE.title):
        assert " ".join(words.split()) in said
    assert sent.reports.get().sha256 in said


def test_what_changed_after_it_was_read_is_not_signed_and_leaves_no_bytes(world, sent):
    answer(sent, world)
    read, before = fingerprint(addendum_words(sent)), stored_keys()
    answer(sent, world, "The right side.")
    with pytest.raises(Refusal, match="Read it once more"):
        seal_and_sign(sent, by=world.expert, read=read)
    assert stored_keys() == before
    assert not sent.addenda.exists()


@pytest.mark.parametrize(
    "change", [{"opinion": "No."}, {"reasons": "None."}, {"certainty": Certainty.POSSIBLE}]
)
def test_an_edit_between_rendering_and_signing_is_caught(world, sent, change):
    answer(sent, world)
    sealed = prepare_addendum(sent)
    (waiting,) = in_state(sent, SENT)
    write_addendum(sent, by=world.expert, answers={waiting.id: change})
    with pytest.raises(Refusal, match="Read it once more"):
        sign_addendum(sent, by=world.expert, sealed=sealed)
    assert Case.get_by_id(sent.id).stage == Stage.CLARIFYING


def test_bytes_of_a_signing_that_came_too_late_leave_the_store(world, sent, monkeypatch):
    answer(sent, world)
    read = fingerprint(addendum_words(sent))
    seal_and_sign(sent, by=world.expert, read=read)
    before = stored_keys()
    monkeypatch.setattr("portal.ime.addendum.unanswered", lambda case: [])
    with pytest.raises(Exception, match="sign_addendum"):
        seal_and_sign(sent, by=world.expert, read=fingerprint(addendum_words(sent)))
    assert stored_keys() == before


@ON_BOTH
def test_two_rounds_give_two_numbers_and_one_unbroken_chain(world, case_at, backend):
    case = case_at(Stage.CLARIFYING)
    report = Report.get(Report.case == case)
    send(case, world)
    first = sign(case, world)
    release(case, world)
    ask(case, world, 1, 3)
    send(case, world)
    second = sign(case, world, "As in the report.")
    release(case, world)
    assert (first.number, second.number) == (1, 2)
    assert first.previous_sha256 == report.sha256
    assert second.previous_sha256 == first.sha256
    assert [each.name for each in chain(case)] == ["Report", "Addendum 1", "Addendum 2"]
    assert is_unbroken(case)
    assert Report.get(Report.case == case).sha256 == report.sha256
    assert "It follows addendum 1" in words_of(second.document)
    assert [each.question.number for each in answered_in(second)] == [1, 3]


def test_the_chain_is_read_in_one_statement(world, case_at):
    case = case_at(Stage.CHECKING_ADDENDUM)
    assert statements_of(lambda: chain(case, by_bytes=False)) == 1


def test_a_case_without_a_signed_report_has_no_chain(case_at):
    assert chain(case_at(Stage.REPORTING)) == []
    assert [each.name for each in chain(case_at(Stage.IN_REVIEW))] == ["Report"]


def test_bytes_that_changed_break_the_chain(case_at, monkeypatch):
    case = case_at(Stage.CHECKING_ADDENDUM)
    key = case.addenda.get().document.key
    kept = outside.store().open
    monkeypatch.setattr(outside.store(), "open", lambda each: iter([b"other"]) if each == key else kept(each))
    assert [each.is_intact for each in chain(case)] == [True, False]
    assert not is_unbroken(case)


def test_bytes_that_are_gone_break_the_chain_and_keep_the_addendum_from_release(world, case_at):
    case = case_at(Stage.CHECKING_ADDENDUM)
    document = case.addenda.get().document
    kept = outside.store().read(document.key)
    path = outside.store().folder / document.key
    path.unlink()
    try:
        assert not is_unbroken(case)
        with pytest.raises(Refusal, match="Do not release"):
            release_addendum(case, by=world.coordinator)
    finally:
        path.write_bytes(kept)


@pytest.mark.parametrize("field", ["sha256", "previous_sha256"])
def test_a_fingerprint_that_was_tampered_with_breaks_the_chain(case_at, field):
    case = case_at(Stage.CHECKING_ADDENDUM)
    Addendum.update({field: "0" * 64}).where(Addendum.case == case).execute()
    assert not is_unbroken(case)


def test_a_number_that_is_missing_breaks_the_chain(case_at):
    case = case_at(Stage.CHECKING_ADDENDUM)
    Addendum.update(number=2).where(Addendum.case == case).execute()
    assert not is_unbroken(case)


def test_a_returned_addendum_stays_on_file_and_a_new_one_takes_the_next_number(world, case_at):
    case = case_at(Stage.CHECKING_ADDENDUM)
    with pytest.raises(Refusal):
        return_addendum(case, by=world.coordinator, why="  ")
    return_addendum(case, by=world.coordinator, why="Please name the film.")
    assert case.stage == Stage.CLARIFYING
    assert why_returned(case) == "Please name the film."
    assert [each.state for each in case.clarifications] == [ClarificationState.SENT]
    second = sign(case, world, "The film of January.")
    release(case, world)
    first = Addendum.get(Addendum.case == case, Addendum.number == 1)
    assert (first.state, second.number) == (ReportState.SIGNED, 2)
    assert Addendum.get_by_id(second.id).state == ReportState.RELEASED
    assert is_unbroken(case)
    assert answered_in(first) == []
    shown = readable_documents(Party.REFERRER, case).where(Document.kind == "addendum")
    assert [each.id for each in shown] == [second.document_id]


def test_an_old_return_is_not_told_again_in_the_next_round(world, case_at):
    case = case_at(Stage.CHECKING_ADDENDUM)
    return_addendum(case, by=world.coordinator, why="Please name the film.")
    sign(case, world)
    release(case, world)
    ask(case, world, 1)
    send(case, world)
    assert why_returned(case) == ""


def test_the_referrer_reads_the_addendum_only_when_it_is_released(world, case_at):
    case = case_at(Stage.CHECKING_ADDENDUM)
    document = case.addenda.get().document
    assert document not in readable_documents(Party.REFERRER, case)
    assert document in readable_documents(Party.EXPERT, case)
    release(case, world)
    assert document in readable_documents(Party.COLLEAGUE, case)
    assert document not in readable_documents(Party.CLAIMANT, case)
