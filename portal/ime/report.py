"""The report: one answer per question, sealed when signed, checked and released by the coordinator."""

from collections.abc import Mapping, Sequence
from typing import Any

from portal import clock
from portal.ime import letters
from portal.ime.process import Refusal, remember, step
from portal.ime.records import file_away
from portal.ime.sealing import Sealed, fingerprint, seal
from portal.models import Answer, Case, Document, Proposal, Question, Report, Section, User
from portal.policy import Person
from portal.words import Audience, Certainty, DocumentKind, ReportState

SECTIONS = {
    "history": "History of the injury",
    "records_reviewed": "Review of the records",
    "complaints": "Present complaints",
    "examination": "Physical examination",
    "diagnoses": "Diagnoses",
    "discussion": "Discussion",
}
NEEDED_SECTIONS = ("history", "records_reviewed", "diagnoses", "discussion")
CERTIFICATE = (
    "I examined the questions and the records listed here without regard to who asked for this report. "
    "The opinions are my own. No doctor-patient relationship was formed."
)
ANSWER_FIELDS = frozenset({"opinion", "reasons", "certainty", "pages"})


def open_report(case: Case) -> Report:
    """The report of the case, with an empty answer for every question; opened once."""
    report, _ = Report.get_or_create(case=case)
    for key in SECTIONS:
        Section.get_or_create(report=report, key=key)
    for question in case.questions:
        Answer.get_or_create(question=question)
    return report


@step
def write_report(
    case: Case,
    *,
    by: Person,
    sections: Mapping[str, str] | None = None,
    answers: Mapping[int, Mapping[str, Any]] | None = None,
) -> None:
    """Save what the expert typed: sections by key, answers by question id. Anything else is left as it was."""
    report = case.reports.get()
    for key, text in (sections or {}).items():
        Section.update(text=text).where((Section.report == report) & (Section.key == key)).execute()
    own = {question.id for question in case.questions}
    for question_id, fields in (answers or {}).items():
        if question_id not in own or not ANSWER_FIELDS.issuperset(fields):
            raise Refusal("This is not a question of the case.")
        Answer.update(**fields).where(Answer.question == question_id).execute()


def answers_of(case: Case) -> list[Answer]:
    """The answers in the order of the questions, each with its question read."""
    return list(
        Answer.select(Answer, Question).join(Question).where(Question.case == case).order_by(Question.number)
    )


def unfinished(case: Case) -> list[str]:
    """What keeps the report from being signed, each as a sentence; empty when it can be signed."""
    report = case.reports.get()
    written = {section.key for section in report.sections if section.text.strip()}
    needed = [key for key in NEEDED_SECTIONS if key not in written]
    if not case.is_file_review and "examination" not in written:
        needed.append("examination")
    open_answers = [answer.question.number for answer in answers_of(case) if not answer.is_complete]
    return [f"Write the section {SECTIONS[key]}." for key in needed] + [
        f"Answer question {number}: an opinion, the reasons and how certain it is." for number in open_answers
    ]


def report_words(case: Case) -> dict[str, Any]:
    """What the report says, in the shape that `outside.pdf` renders as `report`; the signing date comes later."""
    return {
        **letters.head(case),
        "title": "File review" if case.is_file_review else "Independent medical examination report",
        "subject": letters.subject(case),
        "sections": [
            {"heading": SECTIONS[section.key], "text": section.text}
            for section in in_order(case.reports.get())
            if section.text.strip()
        ],
        "answers": [answer_words(answer) for answer in answers_of(case)],
        "records": letters.records(case),
        "certificate": CERTIFICATE,
        "signature": letters.signature(case),
    }


def in_order(report: Report) -> list[Section]:
    """The sections of a report as SECTIONS orders them."""
    written = {section.key: section for section in report.sections}
    return [written[key] for key in SECTIONS if key in written]


def answer_words(answer: Answer) -> dict[str, Any]:
    cannot = answer.certainty == Certainty.CANNOT_DETERMINE
    return {
        "number": answer.question.number,
        "question": answer.question.text,
        "opinion": "" if cannot else answer.opinion,
        "reasons": answer.reasons,
        "certainty": "" if cannot or not answer.certainty else answer.certainty.title,
        "undetermined": answer.opinion if cannot else "",
        "needed": "",
    }


def prepare_report(case: Case) -> Sealed:
    """Render and store the report as it stands, to be signed next. Refuses while something is unfinished."""
    if lacking := unfinished(case):
        raise Refusal(lacking[0])
    return seal("report", f"{case.reference} report.pdf", report_words(case), letters.zone(case))


@step
def sign_report(case: Case, *, by: User, sealed: Sealed) -> Report:
    """The expert signs: what was sealed is what stands, or the signing is refused."""
    if lacking := unfinished(case):
        raise Refusal(lacking[0])
    if fingerprint(report_words(case)) != sealed.fingerprint:
        raise Refusal("The report changed while it was being signed. Read it once more, then sign.")
    report: Report = case.reports.get()
    report.document = file_away(
        case, sealed.file, kind=DocumentKind.REPORT, audience=Audience.EXPERT_AND_OFFICE, by=by
    )
    report.state, report.sha256 = ReportState.SIGNED, sealed.file.sha256
    report.signed_by, report.signed_at = by, sealed.signed_at
    report.save()
    remember(sha256=sealed.file.sha256)
    return report


@step
def return_report(case: Case, *, by: User, comments: Sequence[tuple[Question | None, str]]) -> None:
    """The coordinator proposes, question by question; only the expert changes the report."""
    if not comments:
        raise Refusal("Write at least one comment for the expert.", field="comments")
    report = case.reports.get()
    for question, text in comments:
        Proposal.create(report=report, question=question, text=text, made_by=by)
    report.state = ReportState.WRITING
    report.save()
    remember(count=len(comments))


@step
def release_report(case: Case, *, by: Person) -> None:
    """The report goes to the referrer and to whoever the case names as a recipient."""
    release(case.reports.get())


def release(signed: Any) -> None:
    """Let the parties of the case read a signed report or addendum."""
    signed.state, signed.released_at = ReportState.RELEASED, clock.now()
    signed.save()
    Document.update(audience=Audience.CASE).where(Document.id == signed.document_id).execute()
