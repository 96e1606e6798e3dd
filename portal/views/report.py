"""The report: written and signed by the expert, checked and released by the coordinator, read by the parties."""

from typing import Any

from flask import Blueprint, abort, g, make_response, render_template, request, url_for
from peewee import fn

from portal import written
from portal.forms.report import (
    SignatureForm,
    WriterForm,
    check_form,
    marks_after,
    return_form,
    writer_form,
)
from portal.ime import booking, letters
from portal.ime import report as written_report
from portal.ime.deadlines import latest_appointment, report_due
from portal.ime.examination import attendances
from portal.ime.files import is_intact
from portal.ime.particulars import Particulars
from portal.ime.report import (
    SECTIONS,
    lacking,
    mark,
    release_report,
    return_report,
    seal_and_sign,
    sign_report,
    write_report,
)
from portal.ime.report_check import points
from portal.ime.sealing import fingerprint
from portal.kept import Kept, bind
from portal.models import Answer, Case, Document, Expert, Question, Report, Section, User
from portal.views.booking import weighed
from portal.web import trail
from portal.web.formats import count, time_now
from portal.web.limits import RENDERING, limited
from portal.web.page import done, page, saves_while_typing, take
from portal.web.routing import performs, sees_case
from portal.web.security import takes_much
from portal.words import Party, ReportState, Stage

bp = Blueprint("report", __name__)

OFFICE_AND_EXPERT = (Party.COORDINATOR, Party.EXPERT)
ELSEWHERE = "This was changed in another window meanwhile. Your text is kept here, but not saved yet."


# --- writing ----------------------------------------------------------------------------------------------------


@bp.route("/cases/<ref:ref>/report", methods=["GET", "POST"])
@performs(write_report)
@takes_much
def write(case: Case) -> Any:
    items = written_report.items(case)
    form = writer_form(items, case.is_file_review)
    if request.method == "POST":
        return saved(case, form)
    form.show_marks({item: mark(row) for item, row in items.items()})
    return writer(case, form, items)


def saved(case: Case, form: WriterForm) -> Any:
    """Save what can be saved, and answer with a line to htmx, with the page where something could not be, or go on."""
    form.validate()
    typed = form.typed()
    left = write_report(
        case,
        by=g.person,
        sections={item: values["text"] for item, values in typed.items() if item in SECTIONS},
        answers={int(item): values for item, values in typed.items() if item not in SECTIONS},
        made_from=form.given_marks(),
    )
    items = written_report.items(case)
    for item in left:
        form[f"{form.items[item][0]}_{item}"].errors = [ELSEWHERE]
    marks = marks_after(form, items)
    form.show_marks(marks)
    if saves_while_typing():
        return saved_line(case, form, items, left)
    if form.errors:
        form.show_marks(marks | {item: mark(items[item]) for item in left})
        return writer(case, form, items, left)
    onward = "report.sign" if request.form.get("then") == "sign" else "report.write"
    return done("What you wrote is saved.", url_for(onward, ref=case.reference))


def saved_line(case: Case, form: WriterForm, items: dict[str, Any], left: list[str]) -> Any:
    """The line beside the button, as it is renewed while the expert types."""
    line = render_template(
        "report/_saved.html",
        form=form,
        saved_at=time_now(letters.zone(case)),
        missing_count=len(lacking(case, items.values())),
        left=[name_of(items[item]) for item in left],
    )
    return make_response(line, 422 if form.errors else 200)


def writer(case: Case, form: WriterForm, items: dict[str, Any], left: list[str] | None = None) -> Any:
    rows = list(items.items())
    return page(
        "report/write.html",
        case=case,
        due=report_due(case, latest_appointment(case)),
        form=form,
        sections=[block(form, item, row, left) for item, row in rows if isinstance(row, Section)],
        answers=[block(form, item, row, left) for item, row in rows if isinstance(row, Answer)],
        missing=lacking(case, items.values()),
        saved_at="",
        left=[],
        treating=list(case.treating_opinions),
        documents=documents(case),
        attendance=next(iter(attendances(case)), None),
        comments=written_report.ledger(case),
    )


def block(form: WriterForm, item: str, row: Any, left: list[str] | None) -> dict[str, Any]:
    """One section or answer: its fields, its question, and what another window saved where the two differ."""
    return {
        "fields": [form[f"{name}_{item}"] for name in form.items[item]],
        "question": row.question if isinstance(row, Answer) else None,
        "other": row if item in (left or ()) else None,
    }


def name_of(row: Any) -> str:
    return f"question {row.question.number}" if isinstance(row, Answer) else f"“{SECTIONS[row.key]}”"


def documents(case: Case) -> list[dict[str, Any]]:
    """What the expert has to read, with a way to each."""
    return [
        {
            "title": each.kind.title,
            "facts": ", ".join(
                filter(None, (each.provider, count(each.pages, "page") if each.pages else ""))
            ),
            "href": url_for("records.download", ref=case.reference, document_id=each.id),
        }
        for each in letters.given_documents(case)
    ]


# --- signing ----------------------------------------------------------------------------------------------------


@bp.route("/cases/<ref:ref>/report/signature", methods=["GET", "POST"])
@performs(sign_report)
@limited(RENDERING)
def sign(case: Case) -> Any:
    form = SignatureForm()
    if form.validate_on_submit() and take(
        form, lambda: seal_and_sign(case, by=g.person, read=form.read.data or "")
    ):
        return done("The report is signed and sealed. The coordinator has been told.", case)
    words = written_report.report_words(case)
    form.read.process_data(fingerprint(words))
    return page(
        "report/sign.html",
        form=form,
        case=case,
        words=words,
        missing=written_report.unfinished(case),
        comments=written_report.ledger(case),
    )


# --- reading ----------------------------------------------------------------------------------------------------


@bp.route("/cases/<ref:ref>/report/read")
@sees_case(Party.COORDINATOR, Party.EXPERT, Party.REFERRER, Party.COLLEAGUE)
def read(case: Case) -> Any:
    report = written_report.readable_report(case, g.party) or abort(404)
    trail.shows(report.document)
    return page("report/read.html", case=case, **sealed(case, report), **for_office_and_expert(case, report))


def sealed(case: Case, report: Any) -> dict[str, Any]:
    """The signed report: what it says, unless it is being rewritten, and the file with its proof."""
    is_current = report.state != ReportState.WRITING
    return {
        "report": report,
        "signer": written_report.signer(report),
        "words": written_report.body_words(case) if is_current else None,
        "zone": letters.zone(case),
        "is_intact": is_intact(report.document),
        "file_href": download(case, report.document),
    }


def for_office_and_expert(case: Case, report: Any) -> dict[str, Any]:
    """What the referrer's side never sees: comments, and versions that were returned."""
    if g.party not in OFFICE_AND_EXPERT:
        return {"comments": [], "earlier": []}
    earlier = written_report.earlier_versions(case, report.document)
    return {
        "comments": written_report.ledger(case),
        "earlier": [(each.filed_at, download(case, each)) for each in earlier],
    }


def download(case: Case, document: Document) -> str:
    return url_for("records.download", ref=case.reference, document_id=document.id)


# --- the coordinator's check ------------------------------------------------------------------------------------


@bp.route("/cases/<ref:ref>/report/check", methods=["GET", "POST"])
@performs(release_report)
def check(case: Case) -> Any:
    report = written_report.readable_report(case, g.party)
    words = written_report.body_words(case)
    headings = [section["heading"] for section in words["sections"]]
    form = check_form(points(case, written_report.answers_of(case), headings), booking.may_get_copies(case))
    if form.validate_on_submit() and take(form, lambda: release_report(case, by=g.person, **checked(form))):
        return done("The report is released. The referrer and the recipients have been told.", case)
    return page(
        "report/check.html",
        form=form,
        case=case,
        report=report,
        signer=written_report.signer(report),
        zone=letters.zone(case),
        words=words,
        file_href=download(case, report.document),
        comments=written_report.ledger(case),
        **weighed(booking.release_findings(case, form.copies.data or ())),
    )


def checked(form: Any) -> dict[str, Any]:
    return {name: form[name].data for name in ("checked", "read", "copies", "override")}


@bp.route("/cases/<ref:ref>/report/return", methods=["GET", "POST"])
@performs(return_report)
def send_back(case: Case) -> Any:
    answers = written_report.answers_of(case)
    form = return_form(answers)
    if form.validate_on_submit() and take(
        form, lambda: return_report(case, by=g.person, comments=comments(form, answers))
    ):
        return done("The report is back with the expert, who has been told.", case)
    return page(
        "report/return.html", form=form, case=case, answers=answers, comments=written_report.ledger(case)
    )


def comments(form: Any, answers: list[Answer]) -> list[tuple[Question | None, str]]:
    """What was typed: the general comment, then one for each question."""
    on_answers = [(each.question, form[f"comment_{each.question_id}"].data) for each in answers]
    return [(None, form.general.data), *on_answers]


# --- on the case page -------------------------------------------------------------------------------------------


IN_SHORT = Kept(
    lambda: written_report.with_signer(Report.select(Report, User, Expert)).where(Report.case == bind("case"))
)


def section(case: Case, party: Party, listed: Particulars) -> dict[str, Any] | None:
    """Where the report stands: the referrer's side reads it once released, office and expert from its beginning."""
    is_inside = party in OFFICE_AND_EXPERT
    if party == Party.CANDIDATE:
        return None
    report = IN_SHORT.model(case=case.id)
    if report is None or not (is_inside or report.state == ReportState.RELEASED):
        return None
    is_writing = report.state == ReportState.WRITING
    may_write = party == Party.EXPERT and case.stage == Stage.REPORTING
    return {
        "state": report.state,
        "signer": written_report.signer(report),
        "signed_on": written.day(report.signed_at),
        "released_on": written.day(report.released_at),
        "answered": answered(case) if is_writing else None,
        "read_href": url_for("report.read", ref=case.reference) if report.document_id else None,
        "write_href": url_for("report.write", ref=case.reference) if may_write else None,
    }


IS_COMPLETE = (
    (fn.TRIM(Answer.opinion) != "") & (fn.TRIM(Answer.reasons) != "") & Answer.certainty.is_null(False)
)
ANSWERED = Kept(
    lambda: (
        Answer.select(fn.COUNT(Answer.id).filter(IS_COMPLETE), fn.COUNT(Answer.id))
        .join(Question)
        .where(Question.case == bind("case"))
    )
)


def answered(case: Case) -> tuple[int, int]:
    """How many questions are answered, and how many there are."""
    (row,) = ANSWERED.rows(case=case.id)
    return int(row[0]), int(row[1])
