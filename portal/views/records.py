"""The records of a case: what is filed, adding to it, taking one out of the store, removing one from a draft."""

import logging
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, abort, g, request, url_for
from peewee import JOIN, fn

from portal.forms import Form
from portal.forms.records import UploadForm
from portal.ime.disclosure import note_download
from portal.ime.files import is_intact, open_file
from portal.ime.intake import Intake, taken_in
from portal.ime.particulars import Particulars
from portal.ime.records import (
    AUDIENCES,
    file_document,
    is_of_referrers_side,
    remove_document,
    were_records_given,
)
from portal.kept import Kept, bind
from portal.models import Case, Document, User
from portal.policy import ENGAGED, readable_documents
from portal.search import FURTHEST
from portal.views.record_requests import checklist
from portal.web.download import attachment
from portal.web.formats import count, day, size, stamp
from portal.web.limits import FILING, READING, limited
from portal.web.navigation import href_if_open, is_open
from portal.web.page import done, page, take
from portal.web.routing import number_of, performs, sees_case
from portal.web.security import takes_files
from portal.words import Audience, Party

bp = Blueprint("records", __name__)
log = logging.getLogger("portal")

IN_SECTION = 12
ON_PAGE = 100
SIGNS = {"application/pdf": "PDF", "image/jpeg": "JPG", "image/tiff": "TIFF"}


# --- what is filed ----------------------------------------------------------------------------------------------


def section(case: Case, party: Party, listed: Particulars) -> dict[str, Any] | None:
    """The newest documents and the checklist, for whoever is engaged in the case."""
    if party not in ENGAGED:
        return None
    documents = newest(case, party, IN_SECTION)
    total = documents[0].total if documents else 0
    return {
        "documents": rows(case, documents),
        "checklist": checklist(case, party),
        "add_href": href_if_open("file_document", case),
        "all_href": url_for("records.read", ref=case.reference),
        "waits": waits_for_brief(case, party),
        "all_text": f"See all {total} documents" if total > len(documents) else "Open the records",
    }


def waits_for_brief(case: Case, party: Party) -> bool:
    """Whether the records have not reached the expert yet, who is told so."""
    return party == Party.EXPERT and not were_records_given(case)


@bp.route("/cases/<ref:ref>/records")
@sees_case(Party.REFERRER, Party.COLLEAGUE, Party.COORDINATOR, Party.EXPERT)
def read(case: Case) -> Any:
    documents = newest(case, g.party, ON_PAGE + 1, before=number_of(request.args.get("before")))
    shown = documents[:ON_PAGE]
    has_older = len(documents) > ON_PAGE
    return page(
        "records/read.html",
        case=case,
        documents=rows(case, shown),
        waits=waits_for_brief(case, g.party),
        older_href=url_for("records.read", ref=case.reference, before=shown[-1].id) if has_older else None,
        checklist=checklist(case, g.party),
        add_href=href_if_open("file_document", case),
        referral_href=href_if_open("edit_referral", case),
    )


NEWEST = {
    party: Kept(
        lambda party=party: (
            readable_documents(party, bind("case"))
            .select(
                Document, User.id, User.name, User.organisation, fn.COUNT(Document.id).over().alias("total")
            )
            .join(User, JOIN.LEFT_OUTER, on=Document.filed_by)
            .where(Document.id < bind("before"))
            .order_by(Document.id.desc())
            .limit(bind("most"))
        )
    )
    for party in ENGAGED
}


def newest(case: Case, party: Party, most: int, before: int = FURTHEST) -> list[Any]:
    """The documents this party may read, the newest first, each with who filed it and how many there are in all."""
    return NEWEST[party].models(case=case.id, before=before, most=most)


def rows(case: Case, documents: Sequence[Document]) -> list[dict[str, Any]]:
    """The documents as a page shows them."""
    may_remove = is_open("remove_document", case)
    return [row(case, document, may_remove) for document in documents]


def row(case: Case, document: Document, may_remove: bool) -> dict[str, Any]:
    filer = document.filed_by.name if document.filed_by else "the portal"
    is_removable = may_remove and is_of_referrers_side(case, document)
    return {
        "title": document.name,
        "href": url_for("records.download", ref=case.reference, document_id=document.id),
        "sign": SIGNS.get(document.media_type, document.name.rpartition(".")[2][:4].upper()),
        "facts": facts(document, filer),
        "kind": document.kind.title,
        "provider": document.provider,
        "dated_on": day(document.dated_on),
        "pages": document.pages,
        "size": size(document.size).replace(" ", "\N{NO-BREAK SPACE}"),
        "filer": filer,
        "filed_at": stamp(document.filed_at),
        "chip": chip(case, document),
        "remove_href": removal(case, document) if is_removable else None,
    }


def facts(document: Document, filer: str) -> list[str]:
    """What a document is, in short words."""
    pages = count(document.pages, "page") if document.pages else size(document.size)
    dated = f"dated {day(document.dated_on)}" if document.dated_on else ""
    return [*filter(None, (document.kind.title, document.provider, dated, pages)), f"filed by {filer}"]


def chip(case: Case, document: Document) -> str:
    """What is special about a document: who alone may read it, or that the expert's brief did not have it."""
    if document.audience != Audience.CASE:
        return document.audience.title
    is_late = case.brief_sent_at is not None and document.filed_at > case.brief_sent_at
    return "New since the brief" if is_late and g.party in {Party.EXPERT, Party.COORDINATOR} else ""


def removal(case: Case, document: Document) -> str:
    return url_for("records.remove", ref=case.reference, document_id=document.id)


# --- filing -----------------------------------------------------------------------------------------------------


@bp.route("/cases/<ref:ref>/records/new", methods=["GET", "POST"])
@performs(file_document)
@limited(FILING)
@takes_files
def upload(case: Case) -> Any:
    form = UploadForm(AUDIENCES[g.party])
    if not form.validate_on_submit():
        return upload_page(case, form)
    with taken_in(case, [(each.filename, each.stream) for each in form.files.data]) as intake:
        filed = file(case, form, intake)
    if filed and not intake.refused:
        return done(filed, url_for("records.read", ref=case.reference))
    return upload_page(case, form, filed, intake.refused)


def upload_page(case: Case, form: UploadForm, filed: str = "", refused: Sequence[str] = ()) -> Any:
    return page(
        "records/upload.html", "records/_upload_form.html", form=form, case=case, filed=filed, refused=refused
    )


def file(case: Case, form: UploadForm, intake: Intake) -> str:
    """File what was taken in and say so; nothing is said when nothing was filed, the form then says why."""
    if not intake.files:
        form.files.errors = [none_filed(intake.refused)]
        return ""
    documents: list[Document] = []
    described = {name: form[name].data for name in ("kind", "audience", "provider", "dated_on")}
    take(
        form,
        lambda: documents.extend(file_document(case, by=g.person, files=intake.files, **described)),
    )
    return now_filed(len(documents), form.audience.data) if documents else ""


def none_filed(refused: list[str]) -> str:
    return refused[0] if len(refused) == 1 else "None of these files could be filed. The reasons are above"


def now_filed(number: int, audience: Audience) -> str:
    are = "is" if number == 1 else "are"
    return f"{count(number, 'document')} {are} filed. Who may read: {audience.label}."


@bp.route("/cases/<ref:ref>/records/<number:document_id>/removal", methods=["GET", "POST"])
@performs(remove_document)
def remove(case: Case, document_id: int) -> Any:
    document, form = document_or_404(case, document_id), Form()
    if form.validate_on_submit() and take(
        form, lambda: remove_document(case, by=g.person, document=document)
    ):
        return done("The document is removed.", url_for("records.read", ref=case.reference))
    return page("records/remove.html", "records/_remove_form.html", form=form, case=case, name=document.name)


# --- taking one out ---------------------------------------------------------------------------------------------


def document_or_404(case: Case, document_id: int) -> Document:
    """The document, if it is of this case and this party may read it."""
    return readable_documents(g.party, case).where(Document.id == document_id).first() or abort(404)


@bp.route("/cases/<ref:ref>/records/<number:document_id>")
@sees_case(Party.REFERRER, Party.COLLEAGUE, Party.COORDINATOR, Party.EXPERT)
@limited(READING)
def download(case: Case, document_id: int) -> Any:
    document = document_or_404(case, document_id)
    if not is_intact(document):
        log.error("document %s: its bytes are missing or changed", document.id)
        return page("records/unreadable.html", case=case, number=document.id), 500
    note_download(case, by=g.person, party=g.party, document=document)
    return attachment(open_file(document), document.name, document.media_type, document.size)
