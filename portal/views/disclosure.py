"""The accounting of what went out about a claimant; noting what was given by other means; the ground for it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from flask import Blueprint, g, url_for

from portal import clock
from portal.forms.disclosure import DisclosureForm, GroundForm
from portal.ime.disclosure import (
    Accounting,
    accounting,
    awaiting,
    basis_of,
    choose_ground,
    ground_of,
    is_counted,
    least,
    offered,
    record_disclosure,
)
from portal.models import Case, Disclosure, Document
from portal.web import trail
from portal.web.formats import count, stamp
from portal.web.limits import EXPORT, limited
from portal.web.navigation import href_if_open
from portal.web.page import done, page, take
from portal.web.routing import performs, sees_case
from portal.web.spreadsheet import spreadsheet
from portal.words import Party

bp = Blueprint("disclosure", __name__)

HEAD = ("When", "Case", "To whom", "Address", "What", "What for", "Ground", "Accounting")
NOT_KNOWN = "Address not known"


@bp.route("/cases/<ref:ref>/disclosures")
@sees_case(Party.COORDINATOR)
def read(case: Case) -> Any:
    told = told_to(case)
    return page(
        "disclosure/read.html",
        case=case,
        rows=shown(told.rows),
        left_out=left_out(told),
        ground=basis_of(case).label,
        export_href=url_for("disclosure.export", ref=case.reference),
        record_href=href_if_open("record_disclosure", case),
        ground_href=href_if_open("choose_ground", case),
    )


@bp.route("/cases/<ref:ref>/disclosures.csv")
@sees_case(Party.COORDINATOR)
@limited(EXPORT)
def export(case: Case) -> Any:
    told = told_to(case)
    incomplete = [[left_out(told)]] if told.left_out else []
    return spreadsheet(f"Disclosures {case.reference}.csv", HEAD, [*incomplete, *cells(told.rows)])


def told_to(case: Case) -> Accounting:
    """The accounting for who asks; each case of the claimant in it is on record as seen."""
    told = accounting(case, g.person)
    trail.lists({row.case for row in told.rows} - {case.id})
    return told


def left_out(told: Accounting) -> str:
    """What the answer to the claimant lacks, and who can give it whole; empty where it is whole."""
    if not told.left_out:
        return ""
    cases, them = count(told.left_out, "case"), "it" if told.left_out == 1 else "them"
    return (
        f"This is not complete: you may not see {cases} of this claimant, and nothing of {them} is shown. "
        f"A manager who may see {them} has to print the answer to the claimant."
    )


def shown(rows: Iterable[Disclosure]) -> list[dict[str, Any]]:
    """The lines of an accounting as a page shows them; those that the law leaves out are marked."""
    return [
        {
            "day": short_day(row.at),
            "reference": row.reference,
            "recipient": row.recipient,
            "address": row.address or NOT_KNOWN,
            "what": row.what,
            "purpose": row.purpose,
            "basis": row.basis.title,
            "is_counted": is_counted(row),
        }
        for row in rows
    ]


def short_day(moment: datetime) -> str:
    """Mar 4, 2026; the office's day."""
    there = clock.day_of(moment)
    return f"{there:%b} {there.day}, {there.year}"


def cells(rows: Iterable[Disclosure]) -> list[list[str]]:
    """The same lines for a spreadsheet, a column for each thing."""
    return [
        [
            stamp(row.at),
            row.reference,
            row.recipient,
            row.address or NOT_KNOWN,
            row.what,
            row.purpose,
            row.basis.title,
            "Counted" if is_counted(row) else "Not asked for by law",
        ]
        for row in rows
    ]


@bp.route("/cases/<ref:ref>/disclosures/new", methods=["GET", "POST"])
@performs(record_disclosure)
def record(case: Case) -> Any:
    documents = {document.id: document for document in offered(case)}
    named = {number: title(document) for number, document in documents.items()}
    form = DisclosureForm(
        named, [each.id for each in least(documents.values())], basis_of(case), awaiting(case)
    )
    if form.validate_on_submit() and take(
        form,
        lambda: record_disclosure(
            case,
            by=g.person,
            recipient=form.recipient.data,
            address=form.address.data,
            documents=[documents[number] for number in form.documents.data],
            basis=form.basis.data,
            purpose=form.purpose.data,
            why_more=form.why_more.data,
        ),
    ):
        return done("It stands in the accounting now.", url_for("disclosure.read", ref=case.reference))
    return page(
        "disclosure/record.html", "disclosure/_record_form.html", form=form, case=case, is_empty=not documents
    )


def title(document: Document) -> str:
    pages = f", {count(document.pages, 'page')}" if document.pages else ""
    return f"{document.kind.title}: {document.name}{pages}"


@bp.route("/cases/<ref:ref>/disclosures/ground", methods=["GET", "POST"])
@performs(choose_ground)
def ground(case: Case) -> Any:
    form = GroundForm(basis_of(case))
    if form.validate_on_submit() and take(
        form, lambda: choose_ground(case, by=g.person, basis=form.basis.data)
    ):
        return done("The ground is kept.", url_for("disclosure.read", ref=case.reference))
    return page(
        "disclosure/ground.html", "disclosure/_ground_form.html", form=form, case=case, usual=ground_of(case)
    )
