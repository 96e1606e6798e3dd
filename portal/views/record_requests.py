"""The checklist of a case: what is asked of whom by when, asking for a record, and settling what was asked."""

from typing import Any

from flask import Blueprint, abort, g, url_for
from peewee import JOIN

from portal.forms.records import RequestForm, SettlementForm
from portal.ime.records import request_record, settle_record
from portal.kept import Kept, bind
from portal.models import Case, Document, RecordRequest
from portal.policy import audiences_of, readable_documents
from portal.web.formats import day, due, urgency
from portal.web.navigation import href_if_open, is_open
from portal.web.page import done, page, take
from portal.web.routing import performs
from portal.words import Party, RecordState

bp = Blueprint("record_requests", __name__)

TO_CHOOSE = 200
Item = tuple[str, str | None, str, str, str]


# --- the checklist ----------------------------------------------------------------------------------------------


ASKED = Kept(
    lambda: (
        RecordRequest.select(RecordRequest, Document.id, Document.audience)
        .join(Document, JOIN.LEFT_OUTER)
        .where(RecordRequest.case == bind("case"))
        .order_by(RecordRequest.state != RecordState.ASKED, RecordRequest.due_on, RecordRequest.id)
    )
)


def checklist(case: Case, party: Party) -> list[Item]:
    """What is asked of whom by when: (what, where to go, state in words, its tone, details), the open ones first."""
    may_settle = is_open("settle_record", case)
    return [
        open_item(case, each, may_settle) if is_waiting(each) else settled_item(case, party, each)
        for each in ASKED.models(case=case.id)
    ]


def is_waiting(asked: RecordRequest) -> bool:
    return asked.state == RecordState.ASKED


def open_item(case: Case, asked: RecordRequest, may_settle: bool) -> Item:
    href = url_for("record_requests.settle", ref=case.reference, request_id=asked.id) if may_settle else None
    return asked.what, href, due(asked.due_on).capitalize(), urgency(asked.due_on), details(asked)


def settled_item(case: Case, party: Party, asked: RecordRequest) -> Item:
    tone = "done" if asked.state == RecordState.RECEIVED else "plain"
    return asked.what, document_href(case, party, asked.document), asked.state.title, tone, details(asked)


def document_href(case: Case, party: Party, document: Document | None) -> str | None:
    """Where the document that came can be read, by whoever may."""
    if document is None or document.audience not in audiences_of(party):
        return None
    return url_for("records.download", ref=case.reference, document_id=document.id)


def details(asked: RecordRequest) -> str:
    """Asked of the treating doctor on March 2, 2026, by March 12, 2026"""
    until = f"settled on {day(asked.settled_at)}" if asked.settled_at else f"by {day(asked.due_on)}"
    return f"Asked of {asked.asked_of.label} on {day(asked.asked_at)}, {until}"


# --- asking and settling ----------------------------------------------------------------------------------------


@bp.route("/cases/<ref:ref>/record-requests/new", methods=["GET", "POST"])
@performs(request_record)
def ask(case: Case) -> Any:
    form = RequestForm()
    if form.validate_on_submit() and take(
        form,
        lambda: request_record(
            case,
            by=g.person,
            kind=form.kind.data,
            what=form.what.data,
            asked_of=form.asked_of.data,
            due_on=form.due_on.data,
        ),
    ):
        return done("The record is on the checklist. The referrer has been told.", case)
    return page("record_requests/ask.html", "record_requests/_ask_form.html", form=form, case=case)


@bp.route("/cases/<ref:ref>/record-requests")
@performs(settle_record)
def read(case: Case) -> Any:
    return page(
        "record_requests/read.html",
        case=case,
        checklist=checklist(case, g.party),
        ask_href=href_if_open("request_record", case),
    )


@bp.route("/cases/<ref:ref>/record-requests/<number:request_id>", methods=["GET", "POST"])
@performs(settle_record)
def settle(case: Case, request_id: int) -> Any:
    asked = case.record_requests.where(RecordRequest.id == request_id).first() or abort(404)
    documents = to_choose(case)
    form = SettlementForm({number: document.name for number, document in documents.items()})
    if form.validate_on_submit() and take(
        form,
        lambda: settle_record(
            case,
            by=g.person,
            request=asked,
            state=form.state.data,
            document=documents.get(form.document.data),
        ),
    ):
        return done("The request is settled.", url_for("record_requests.read", ref=case.reference))
    return page(
        "record_requests/settle.html",
        "record_requests/_settle_form.html",
        form=form,
        case=case,
        what=asked.what,
        details=details(asked),
    )


def to_choose(case: Case) -> dict[int, Document]:
    """The newest documents by their number, for the form to choose from."""
    newest = readable_documents(g.party, case).order_by(Document.id.desc()).limit(TO_CHOOSE)
    return {document.id: document for document in newest}
