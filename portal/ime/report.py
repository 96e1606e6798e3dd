"""The report: one answer per question, sealed when signed, checked and released by the coordinator."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from peewee import JOIN

from portal import clock
from portal.ime import booking, letters
from portal.ime.disclosure import note_copies, note_release
from portal.ime.files import is_intact
from portal.ime.process import Refusal, remember, step
from portal.ime.records import file_away
from portal.ime.sealing import Sealed, fingerprint, kept_only_if_filed, seal
from portal.models import Answer, Case, Document, Expert, Proposal, Question, Report, Section, User
from portal.policy import Person, audiences_of
from portal.words import Audience, Certainty, DocumentKind, Party, ReportState

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
ANSWER_FIELDS = ("opinion", "reasons", "certainty", "pages")
NOT_AS_READ = "The report changed since you read it here. Read it once more, then sign."


@dataclass(frozen=True)
class Missing:
    """One thing that keeps the report from being signed: the sentence, and the writer's field that mends it."""

    sentence: str
    field: str


def open_report(case: Case) -> Report:
    """The report of the case, with an empty answer for every question; opened once."""
    report, _ = Report.get_or_create(case=case)
    for key in SECTIONS:
        Section.get_or_create(report=report, key=key)
    for question in case.questions:
        Answer.get_or_create(question=question)
    return report


def discard_report(case: Case) -> bool:
    """Remove the report that was begun and never signed, with its answers; False when there was none.

    Refuses one that was signed, even if it was returned since: what is signed stays."""
    begun = case.reports.first()
    if begun is None:
        return False
    if begun.document_id:
        raise Refusal("A report was signed in this case already. Its expert stays.")
    Answer.delete().where(Answer.question.in_(case.questions)).execute()
    begun.delete_instance()
    return True


# --- writing


@step
def write_report(
    case: Case,
    *,
    by: Person,
    sections: Mapping[str, str] | None = None,
    answers: Mapping[int, Mapping[str, Any]] | None = None,
    made_from: Mapping[str, str] | None = None,
) -> list[str]:
    """Save what the expert typed: sections by key, answers by question id. Anything else is left as it was.

    `made_from` gives the mark of each item (section key, or question id as text) as the page was made from; the
    items that somebody else changed since are left alone, and their names returned."""
    rows = items(case)
    typed = {key: {"text": text} for key, text in (sections or {}).items()} | {
        str(question_id): dict(fields) for question_id, fields in (answers or {}).items()
    }
    if not rows.keys() >= typed.keys() or not all(
        set(fields) <= set(ANSWER_FIELDS) for fields in (answers or {}).values()
    ):
        raise Refusal("This is not a question of the case.")
    marks = made_from or {}
    return [item for item, values in typed.items() if not save(rows[item], values, marks.get(item))]


def items(case: Case) -> dict[str, Section | Answer]:
    """What the expert writes: the answers by their question's id, then the sections by their key."""
    return {str(answer.question_id): answer for answer in answers_of(case)} | {
        section.key: section for section in in_order(case.reports.get())
    }


def save(row: Section | Answer, typed: Mapping[str, Any], made_from: str | None) -> bool:
    """Write what was typed; False, and nothing written, where the row changed since the page was made."""
    stored, wanted = mark(row), mark_of({**written(row), **typed})
    if wanted in {stored, made_from}:
        return True
    if made_from is not None and made_from != stored:
        return False
    type(row).update(**typed).where(type(row).id == row.id).execute()
    return True


def written(row: Section | Answer) -> dict[str, Any]:
    return (
        {"text": row.text}
        if isinstance(row, Section)
        else {name: getattr(row, name) for name in ANSWER_FIELDS}
    )


def mark(row: Section | Answer) -> str:
    """A short fingerprint of what a section or an answer says now."""
    return mark_of(written(row))


def mark_of(values: Mapping[str, Any]) -> str:
    return fingerprint(dict(values))[:12]


def in_order(report: Report) -> list[Section]:
    """The sections of a report as SECTIONS orders them."""
    written_sections = {section.key: section for section in report.sections}
    return [written_sections[key] for key in SECTIONS if key in written_sections]


def answers_of(case: Case) -> list[Answer]:
    """The answers in the order of the questions, each with its question read."""
    return list(
        Answer.select(Answer, Question).join(Question).where(Question.case == case).order_by(Question.number)
    )


# --- what is missing


def unfinished(case: Case) -> list[Missing]:
    """What keeps the report from being signed, in the order of the writer; empty when it can be signed."""
    return lacking(case, items(case).values())


def lacking(case: Case, rows: Iterable[Section | Answer]) -> list[Missing]:
    """The same, of rows that were read already."""
    needed = {*NEEDED_SECTIONS} if case.is_file_review else {*NEEDED_SECTIONS, "examination"}
    return [
        missing
        for row in rows
        if (missing := lacking_section(row, needed) if isinstance(row, Section) else lacking_answer(row))
    ]


def lacking_section(section: Section, needed: Collection[str]) -> Missing | None:
    if section.key not in needed or section.text.strip():
        return None
    return Missing(f"Write the section {SECTIONS[section.key]}.", f"section_{section.key}")


def lacking_answer(answer: Answer) -> Missing | None:
    """One sentence for an open question, naming all it lacks; the field is the first of them."""
    lacks = {
        "opinion": "" if answer.opinion.strip() else "write an opinion",
        "reasons": "" if answer.reasons.strip() else "give the reasons",
        "certainty": "" if answer.certainty else "choose how certain it is",
    }
    said = [(name, words) for name, words in lacks.items() if words]
    if not said:
        return None
    words = " and ".join(", ".join(word for _, word in said).rsplit(", ", 1))
    return Missing(f"Question {answer.question.number}: {words}.", f"{said[0][0]}_{answer.question_id}")


# --- signing


def report_words(case: Case) -> dict[str, Any]:
    """What the report says, in the shape that `outside.pdf` renders as `report`; the signing date comes later."""
    return {
        **letters.head(case),
        "title": "File review" if case.is_file_review else "Independent medical examination report",
        "subject": letters.subject(case),
        **body_words(case),
        "records": letters.records(case),
        "certificate": CERTIFICATE,
        "signature": letters.signature(case),
    }


def body_words(case: Case) -> dict[str, Any]:
    """The part that the expert wrote: sections and answers."""
    return {
        "sections": [
            {"heading": SECTIONS[section.key], "text": section.text}
            for section in in_order(case.reports.get())
            if section.text.strip()
        ],
        "answers": [answer_words(answer) for answer in answers_of(case)],
    }


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
        "pages": answer.pages,
    }


def prepare_report(case: Case, *, read: str | None = None) -> Sealed:
    """Render and store the report as it stands, to be signed next; `read` is the fingerprint of what was read.

    Refuses while something is unfinished, and when the report no longer says what was read."""
    if missing := unfinished(case):
        raise Refusal(missing[0].sentence)
    words = report_words(case)
    if read is not None and fingerprint(words) != read:
        raise Refusal(NOT_AS_READ)
    return seal(case, "report", f"{case.reference} report.pdf", words)


def seal_and_sign(case: Case, *, by: User, read: str) -> Report:
    """Seal the report that was read, and sign it; bytes that were not signed do not stay in the store."""
    sealed = prepare_report(case, read=read)
    with kept_only_if_filed(sealed):
        signed: Report = sign_report(case, by=by, sealed=sealed)
        return signed


@step
def sign_report(case: Case, *, by: User, sealed: Sealed) -> Report:
    """The expert signs: what was sealed is what stands, or the signing is refused."""
    if missing := unfinished(case):
        raise Refusal(missing[0].sentence)
    if fingerprint(report_words(case)) != sealed.fingerprint:
        raise Refusal(NOT_AS_READ)
    report: Report = case.reports.get()
    # Signed twice within a minute without a change, a report comes out as the very same bytes: one document.
    report.document = (
        file_away(case, sealed.file, kind=DocumentKind.REPORT, audience=Audience.EXPERT_AND_OFFICE, by=by)
        or case.documents.where(Document.sha256 == sealed.file.sha256).get()
    )
    report.state, report.sha256 = ReportState.SIGNED, sealed.file.sha256
    report.signed_by, report.signed_at = by, sealed.signed_at
    report.save()
    remember(sha256=sealed.file.sha256)
    return report


# --- reading, checking, releasing


def readable_report(case: Case, party: Party) -> Any:
    """The report with the signed document that this party may read, and who signed it; None: there is none."""
    return (
        with_signer(Report.select(Report, Document, User, Expert).join(Document).switch(Report))
        .where((Report.case == case) & Document.audience.in_(audiences_of(party)))
        .first()
    )


def with_signer(reports: Any) -> Any:
    """The same reports, each with who signed it and their credentials."""
    return reports.join(User, JOIN.LEFT_OUTER).join(
        Expert, JOIN.LEFT_OUTER, on=(Expert.user == User.id), attr="expert"
    )


def signer(report: Report) -> str:
    """Who signed, the way people write it: `Adaeze Okafor, MD`."""
    by = report.signed_by
    return f"{by.name}, {by.expert.credentials}" if by and by.expert else ""


def earlier_versions(case: Case, current: Document) -> list[Document]:
    """The reports that were signed before the current one and returned, newest first."""
    is_earlier = (Document.kind == DocumentKind.REPORT) & (Document.id != current.id)
    return list(case.documents.where(is_earlier).order_by(Document.id.desc()))


def ledger(case: Case) -> list[Proposal]:
    """Every comment ever made on the report, newest first, each with its question and who made it."""
    return list(
        Proposal.select(Proposal, Question, User)
        .join(Report)
        .switch(Proposal)
        .join(Question, JOIN.LEFT_OUTER)
        .switch(Proposal)
        .join(User)
        .where(Report.case == case)
        .order_by(Proposal.id.desc())
    )


@step
def return_report(case: Case, *, by: User, comments: Sequence[tuple[Question | None, str]]) -> None:
    """The coordinator proposes, question by question; only the expert changes the report."""
    given = [(question, text) for question, text in comments if text.strip()]
    if not given:
        raise Refusal("Write at least one comment for the expert.", field="general")
    report = case.reports.get()
    for question, text in given:
        if question is not None and question.case_id != case.id:
            raise Refusal("This is not a question of the case.")
        Proposal.create(report=report, question=question, text=text, made_by=by)
    report.state = ReportState.WRITING
    report.save()
    remember(count=len(given))


@step
def release_report(
    case: Case,
    *,
    by: Person,
    checked: Sequence[str] = (),
    read: str | None = None,
    copies: Collection[Party] = (),
    override: str = "",
) -> None:
    """The report goes to the referrer and to whoever the case names as a recipient; `checked` names the points,
    `read` is the SHA-256 of the report that was checked, `copies` are the parties who get a copy the same day."""
    report = case.reports.get()
    refuse_unread(report, read)
    if not is_intact(report.document):
        raise Refusal("The stored file is no longer the one that was signed. Do not release it.")
    found = booking.release_findings(case, copies)
    booking.insist(case, "release_report", found, override, by)
    release(report)
    note_release(case, by, DocumentKind.REPORT.title)
    note_copies(case, by, DocumentKind.REPORT.title, copies)
    remember(checked=list(checked), copies=sorted(copies))


def refuse_unread(signed: Any, read: str | None) -> None:
    """Refuse to release a paper that was signed anew after the page was opened."""
    if read is not None and read != signed.sha256:
        raise Refusal("It was signed anew meanwhile. Read it as it stands now, then release it.")


def release(signed: Any) -> None:
    """Let the parties of the case read a signed report or addendum."""
    signed.state, signed.released_at = ReportState.RELEASED, clock.now()
    signed.save()
    Document.update(audience=Audience.CASE).where(Document.id == signed.document_id).execute()
