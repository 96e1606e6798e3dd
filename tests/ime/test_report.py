"""The report: written without loss, signed only when whole, returned, released."""

import re

import pytest

from portal import clock, outside
from portal.ime.files import is_intact
from portal.ime.process import NotAllowed, Refusal
from portal.ime.report import (
    NEEDED_SECTIONS,
    items,
    ledger,
    mark,
    prepare_report,
    readable_report,
    release_report,
    report_words,
    return_report,
    sign_report,
    unfinished,
    write_report,
)
from portal.ime.report_check import points
from portal.ime.sealing import fingerprint
from portal.models import Answer, Case, Document, Event, Notice, Question, Section
from portal.policy import readable_documents
from portal.words import Audience, Certainty, DocumentKind, Issue, Party, ReportState, Stage
from tests.databases import ON_BOTH


def fold(text):
    return re.sub(r"\s+", " ", text).strip()


def finish(case, expert):
    """Write all that is needed."""
    answer = {
        "opinion": "A tear.",
        "reasons": "Seen on imaging.",
        "certainty": Certainty.PROBABLE,
        "pages": "3",
    }
    write_report(
        case,
        by=expert,
        sections=dict.fromkeys((*NEEDED_SECTIONS, "examination"), "Written."),
        answers={question.id: dict(answer) for question in case.questions},
    )
    return case


def sign(case, expert):
    sign_report(case, by=expert, sealed=prepare_report(case))
    return case


def answer_to(case, number=1):
    return Answer.select().join(Question).where(Question.case == case, Question.number == number).get()


# --- writing


def test_what_is_typed_is_saved_and_the_rest_left_as_it_was(world, case_at):
    case = case_at(Stage.REPORTING)
    first = answer_to(case)
    write_report(
        case,
        by=world.expert,
        sections={"history": "A fall."},
        answers={first.question_id: {"opinion": "A tear."}},
    )
    write_report(case, by=world.expert, answers={first.question_id: {"reasons": "Seen on imaging."}})
    first = answer_to(case)
    assert (first.opinion, first.reasons, first.certainty) == ("A tear.", "Seen on imaging.", None)
    assert Section.get(Section.report == case.reports.get(), Section.key == "history").text == "A fall."


def test_a_question_of_another_case_is_refused_and_nothing_is_saved(world, case_at):
    case, foreign = case_at(Stage.REPORTING), answer_to(case_at(Stage.CHECKING))
    with pytest.raises(Refusal):
        write_report(
            case,
            by=world.expert,
            sections={"history": "Not kept."},
            answers={foreign.question_id: {"opinion": "Not mine to say."}},
        )
    assert Answer.get_by_id(foreign.id).opinion == foreign.opinion
    assert not Section.select().where(Section.text == "Not kept.").exists()


@pytest.mark.parametrize(
    "given", [{"sections": {"attachment": "x"}}, {"answers": {1: {"question": 2}}}, {"answers": {0: {}}}]
)
def test_what_is_no_part_of_the_report_is_refused(world, case_at, given):
    with pytest.raises(Refusal):
        write_report(case_at(Stage.REPORTING), by=world.expert, **given)


@ON_BOTH
def test_two_windows_on_different_answers_both_keep_their_text(world, case_at, backend):
    case = case_at(Stage.REPORTING)
    made_from = {item: mark(row) for item, row in items(case).items()}
    first, second = answer_to(case, 1), answer_to(case, 2)
    as_opened = {"opinion": "", "reasons": "", "certainty": None, "pages": ""}
    one = {first.question_id: as_opened | {"opinion": "From window one."}, second.question_id: as_opened}
    two = {first.question_id: as_opened, second.question_id: as_opened | {"opinion": "From window two."}}
    assert write_report(case, by=world.expert, answers=one, made_from=made_from) == []
    assert write_report(case, by=world.expert, answers=two, made_from=made_from) == []
    assert answer_to(case, 1).opinion == "From window one."
    assert answer_to(case, 2).opinion == "From window two."


@ON_BOTH
def test_the_second_window_on_the_same_answer_does_not_overwrite_the_first(world, case_at, backend):
    case = case_at(Stage.REPORTING)
    made_from = {item: mark(row) for item, row in items(case).items()}
    number = answer_to(case).question_id
    write_report(case, by=world.expert, answers={number: {"opinion": "First."}}, made_from=made_from)
    left = write_report(
        case,
        by=world.expert,
        sections={"history": "Kept."},
        answers={number: {"opinion": "Second."}},
        made_from=made_from,
    )
    assert left == [str(number)]
    assert answer_to(case).opinion == "First."
    assert items(case)["history"].text == "Kept."


def test_the_same_text_from_two_windows_is_no_conflict(world, case_at):
    case = case_at(Stage.REPORTING)
    made_from = {item: mark(row) for item, row in items(case).items()}
    for _ in range(2):
        assert not write_report(case, by=world.expert, sections={"history": "A fall."}, made_from=made_from)


# --- what is missing


def test_an_empty_report_lists_every_gap_with_the_field_that_mends_it(world, case_at):
    case = case_at(Stage.REPORTING)
    missing = {each.field: each.sentence for each in unfinished(case)}
    first = answer_to(case)
    assert missing["section_history"] == "Write the section History of the injury."
    assert missing[f"opinion_{first.question_id}"] == (
        "Question 1: write an opinion, give the reasons and choose how certain it is."
    )
    assert len(missing) == len(NEEDED_SECTIONS) + 1 + case.questions.count()


def test_a_half_answered_question_says_only_what_it_lacks(world, case_at):
    case = finish(case_at(Stage.REPORTING), world.expert)
    first = answer_to(case)
    Answer.update(certainty=None, reasons=" ").where(Answer.id == first.id).execute()
    assert [(each.sentence, each.field) for each in unfinished(case)] == [
        ("Question 1: give the reasons and choose how certain it is.", f"reasons_{first.question_id}")
    ]


def test_a_file_review_needs_no_physical_examination(world, case_at):
    case = finish(case_at(Stage.REPORTING), world.expert)
    Section.update(text="").where(Section.key == "examination").execute()
    assert [each.field for each in unfinished(case)] == ["section_examination"]
    case.is_file_review = True
    assert not unfinished(case)
    assert report_words(case)["title"] == "File review"


def test_what_cannot_be_determined_says_why_in_place_of_an_opinion(world, case_at):
    case = finish(case_at(Stage.REPORTING), world.expert)
    Answer.update(certainty=Certainty.CANNOT_DETERMINE, opinion="The imaging is missing.").execute()
    said = report_words(case)["answers"][0]
    assert (said["opinion"], said["certainty"]) == ("", "")
    assert said["undetermined"] == "The imaging is missing."
    assert not unfinished(case)


# --- signing


@pytest.mark.parametrize("gap", ["opinion", "reasons", "certainty"])
def test_a_report_with_a_question_open_can_be_neither_sealed_nor_signed(world, case_at, gap):
    case = finish(case_at(Stage.REPORTING), world.expert)
    sealed = prepare_report(case)
    number = answer_to(case, 2).question_id
    write_report(case, by=world.expert, answers={number: {gap: None if gap == "certainty" else ""}})
    with pytest.raises(Refusal, match="Question 2"):
        prepare_report(case)
    with pytest.raises(Refusal, match="Question 2"):
        sign_report(case, by=world.expert, sealed=sealed)
    assert Case.get_by_id(case.id).stage == Stage.REPORTING
    assert case.reports.get().state == ReportState.WRITING
    outside.store().delete(sealed.file.key)


def test_only_the_expert_signs(world, case_at):
    case = finish(case_at(Stage.REPORTING), world.expert)
    with pytest.raises(NotAllowed):
        sign_report(case, by=world.coordinator, sealed=prepare_report(case))


@ON_BOTH
def test_a_returned_report_is_signed_anew_as_a_new_document_and_the_old_one_is_kept(world, case_at, backend):
    case = case_at(Stage.CHECKING)
    first = case.reports.get().document
    return_report(case, by=world.coordinator, comments=[(answer_to(case).question, "On which page?")])
    assert case.reports.get().state == ReportState.WRITING
    number = answer_to(case).question_id
    write_report(case, by=world.expert, answers={number: {"pages": "12"}})
    sign(case, world.expert)
    second = case.reports.get().document
    assert second != first
    assert second.sha256 != first.sha256
    for document in (first, second):
        assert is_intact(document)
    assert case.documents.where(Document.kind == DocumentKind.REPORT).count() == 2


# --- the check


@ON_BOTH
def test_comments_stay_in_the_ledger_newest_first(world, case_at, backend):
    case = case_at(Stage.CHECKING)
    first = answer_to(case).question
    return_report(case, by=world.coordinator, comments=[(None, "Please date it."), (first, "On which page?")])
    sign(case, world.expert)
    return_report(case, by=world.second_coordinator, comments=[(None, "One more thing."), (first, "  ")])
    assert [(each.text, each.question, each.made_by) for each in ledger(case)] == [
        ("One more thing.", None, world.second_coordinator),
        ("On which page?", first, world.coordinator),
        ("Please date it.", None, world.coordinator),
    ]


def test_a_return_without_a_comment_or_about_a_foreign_question_is_refused(world, case_at):
    case, foreign = case_at(Stage.CHECKING), answer_to(case_at(Stage.IN_REVIEW)).question
    for comments in ([], [(None, " ")], [(foreign, "On which page?")]):
        with pytest.raises(Refusal):
            return_report(case, by=world.coordinator, comments=comments)
    assert case.reports.get().state == ReportState.SIGNED
    assert not ledger(case)


def test_the_check_asks_for_mmi_only_where_an_impairment_is_rated(world, case_at):
    case = case_at(Stage.CHECKING)
    answers = [answer_to(case, number) for number in (1, 2, 3)]
    assert "mmi" not in {point.key for point in points(case, answers, [])}
    answers[2].question.issue = Issue.IMPAIRMENT
    facts = {point.key: point.facts for point in points(case, answers, [])}
    assert facts["mmi"] == "Impairment: question 3. MMI: not asked as a question of its own."
    assert facts["answered"] == "3 of 3 answered."
    assert case.claimant.name in facts["agrees"]


# --- release


def test_the_referrers_side_reads_the_report_only_after_release(world, case_at):
    case = case_at(Stage.CHECKING)
    report = case.reports.get()
    for party in (Party.REFERRER, Party.COLLEAGUE):
        assert readable_report(case, party) is None
        assert report.document not in readable_documents(party, case)
    release_report(case, by=world.coordinator, override="They get theirs by mail.", checked=["answered"])
    for party in (Party.REFERRER, Party.COLLEAGUE, Party.EXPERT, Party.COORDINATOR):
        assert readable_report(case, party) == report
        assert report.document in readable_documents(party, case)


def test_a_version_that_was_returned_stays_hidden_when_the_next_is_released(world, case_at):
    case = case_at(Stage.CHECKING)
    first = case.reports.get().document
    return_report(case, by=world.coordinator, comments=[(None, "Please look again.")])
    with clock.set_to(clock.now().replace(year=clock.now().year + 1)):
        sign(case, world.expert)
    release_report(case, by=world.coordinator, override="They get theirs by mail.")
    assert Document.get_by_id(first.id).audience == Audience.EXPERT_AND_OFFICE
    assert first not in readable_documents(Party.REFERRER, case)


def test_releasing_tells_the_referrer_and_the_recipients_and_nothing_medical(world, case_at):
    case = case_at(Stage.CHECKING)
    release_report(case, by=world.coordinator, override="They get theirs by mail.", checked=["answered"])
    last = case.events.order_by(Event.id.desc()).get()
    told = {(notice.party, notice.email) for notice in Notice.select().where(Notice.event == last)}
    assert told == {("referrer", world.referrer.email), ("recipient", "dana.brooks@counsel.example")}
    assert last.facts == {"checked": ["answered"], "copies": []}


def test_a_file_that_is_no_longer_the_signed_one_is_not_released(world, case_at):
    case = case_at(Stage.CHECKING)
    document = case.reports.get().document
    Document.update(sha256="0" * 64).where(Document.id == document.id).execute()
    with pytest.raises(Refusal, match="no longer"):
        release_report(case, by=world.coordinator, override="They get theirs by mail.")
    assert case.reports.get().state == ReportState.SIGNED


def test_the_fingerprint_covers_every_word_of_the_report(world, case_at):
    case = finish(case_at(Stage.REPORTING), world.expert)
    before = fingerprint(report_words(case))
    for change in (
        lambda: Answer.update(pages="4").where(Answer.id == answer_to(case).id).execute(),
        lambda: Section.update(text="Other.").where(Section.report == case.reports.get()).execute(),
    ):
        change()
        after = fingerprint(report_words(case))
        assert after != before
        before = after
