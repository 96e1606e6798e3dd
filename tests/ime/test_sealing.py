"""What is sealed stays what it was, and what was not signed does not stay."""

import io

import pypdfium2
import pytest

from portal import outside
from portal.ime.files import is_intact, read_file
from portal.ime.process import MovedOn, Refusal
from portal.ime.report import prepare_report, report_words, seal_and_sign, sign_report, write_report
from portal.ime.sealing import fingerprint, kept_only_if_filed
from portal.models import Answer, Document
from portal.words import DocumentKind, Stage
from tests.ime.test_report import finish, fold


def read_pdf(document):
    """The words of a stored PDF, spaces folded."""
    opened = pypdfium2.PdfDocument(io.BytesIO(read_file(document)))
    return fold(" ".join(page.get_textpage().get_text_bounded() for page in opened))


@pytest.fixture
def stored():
    """The keys in the store now."""
    return lambda: set(outside.store().keys())


def test_the_sealed_file_holds_each_question_word_for_word_with_its_answer(world, case_at):
    case = case_at(Stage.CHECKING)
    report = case.reports.get()
    text = read_pdf(report.document)
    for answer in Answer.select().where(Answer.question.in_(case.questions)):
        assert fold(f"{answer.question.number}. {answer.question.text}") in text
        assert fold(answer.opinion) in text
        assert fold(answer.reasons) in text
        assert answer.certainty.title in text
    assert case.claimant.name in text
    assert report.signed_by.name in text


def test_the_bytes_match_the_hash_that_was_kept(world, case_at):
    report = case_at(Stage.CHECKING).reports.get()
    assert report.sha256 == report.document.sha256
    assert is_intact(report.document)


def test_a_file_that_changed_or_is_gone_is_not_intact(world, case_at, monkeypatch):
    document = case_at(Stage.CHECKING).reports.get().document
    document.sha256 = "0" * 64
    assert not is_intact(document)
    document.key = "0" * 32
    assert not is_intact(document)


def test_an_edit_between_sealing_and_signing_is_caught_and_leaves_no_bytes(world, case_at, stored):
    case = finish(case_at(Stage.REPORTING), world.expert)
    before = stored()
    sealed = prepare_report(case)
    write_report(case, by=world.expert, sections={"discussion": "Something else."})
    with pytest.raises(Refusal, match="changed"), kept_only_if_filed(sealed):
        sign_report(case, by=world.expert, sealed=sealed)
    assert stored() == before
    assert not case.documents.where(Document.kind == DocumentKind.REPORT).exists()


def test_an_edit_after_reading_is_caught_before_anything_is_stored(world, case_at, stored):
    case = finish(case_at(Stage.REPORTING), world.expert)
    read, before = fingerprint(report_words(case)), stored()
    write_report(case, by=world.expert, sections={"discussion": "Something else."})
    with pytest.raises(Refusal, match="changed"):
        seal_and_sign(case, by=world.expert, read=read)
    assert stored() == before


def test_signing_keeps_the_bytes_and_signing_too_late_does_not(world, case_at, stored):
    case = finish(case_at(Stage.REPORTING), world.expert)
    read, before = fingerprint(report_words(case)), stored()
    late = type(case).get_by_id(case.id)
    report = seal_and_sign(case, by=world.expert, read=read)
    assert stored() - before == {report.document.key}
    with pytest.raises(MovedOn):
        seal_and_sign(late, by=world.expert, read=read)
    assert stored() - before == {report.document.key}


def test_signed_again_without_a_change_in_the_same_minute_it_is_one_document(world, case_at, stored):
    from portal import clock
    from portal.ime.report import return_report

    case = finish(case_at(Stage.REPORTING), world.expert)
    with clock.set_to(clock.now()):
        read = fingerprint(report_words(case))
        first = seal_and_sign(case, by=world.expert, read=read).document
        return_report(case, by=world.coordinator, comments=[(None, "Is this all?")])
        held = stored()
        assert seal_and_sign(case, by=world.expert, read=read).document == first
        assert stored() == held
