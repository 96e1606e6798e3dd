"""The referral: begun, saved part by part, checked and sent; and taken over by a colleague."""

from typing import Any

from flask import Blueprint, g, redirect, request, url_for

from portal.forms.referral import FORMS
from portal.forms.rows import RowsForm
from portal.forms.triage import AnswerForm
from portal.ime import rules
from portal.ime.arrangements import said
from portal.ime.particulars import Particulars, body_part_label, particulars
from portal.ime.questions import concerns, deadline_concerns, needed_by
from portal.ime.readiness import PARTS, Missing, by_part, missing
from portal.ime.referral import (
    edit_referral,
    question_back,
    start_referral,
    submit_referral,
    take_over_referral,
)
from portal.models import Case, Document
from portal.policy import REFERRER_SIDE, readable_documents
from portal.web.navigation import step_href
from portal.web.page import done, page, take
from portal.web.routing import performs, signed_in
from portal.words import Party, Role, Stage

bp = Blueprint("referral", __name__)

EARLY = {Stage.DRAFT, Stage.RETURNED}
Task = tuple[str, str, str, str, str]


@bp.route("/referrals/new", methods=["GET", "POST"])
@signed_in(Role.REFERRER)
def start() -> Any:
    if request.method == "POST":
        case = start_referral(by=g.person)
        return redirect(part_href(case, "need"), 303)
    return page("referral/start.html")


@bp.route("/cases/<ref:ref>/referral")
@performs(edit_referral)
def tasks(case: Case) -> Any:
    return tasks_page(case, AnswerForm())


@bp.route("/cases/<ref:ref>/submission", methods=["GET", "POST"])
@performs(submit_referral)
def submit(case: Case) -> Any:
    form = AnswerForm()
    if form.validate_on_submit() and take(
        form, lambda: submit_referral(case, by=g.person, answer=form.answer.data)
    ):
        return done("The referral is sent. The coordinator reads it within one working day.", case)
    return tasks_page(case, form)


def tasks_page(case: Case, form: AnswerForm) -> Any:
    """The parts with their state, what is missing, what is worth a second look, and the one button."""
    listed = particulars(case)
    lacking = missing(case, listed)
    noticed = concerns([question.text for question in listed.questions], listed)
    documents = readable_documents(g.party, case).count()
    return page(
        "referral/tasks.html",
        "referral/_tasks.html",
        form=form,
        case=case,
        tasks=states(case, listed, lacking, documents),
        missing=[(each.sentence, part_href(case, each.part)) for each in lacking],
        noticed=[(q.number, told) for q, told in zip(listed.questions, noticed, strict=True) if told],
        late=deadline_concerns(case, listed),
        returned=question_back(case),
    )


def states(case: Case, listed: Particulars, lacking: list[Missing], documents: int) -> list[Task]:
    """The task list: each part's title, address, state in words, tone, and what it lacks."""
    given = {
        "parties": bool(listed.parties),
        "deadlines": bool(listed.deadlines or case.report_needed_by),
        "documents": bool(documents),
    }
    sentences = by_part(lacking)
    return [
        (PARTS[part], part_href(case, part), *state(sentences[part], given.get(part, True))) for part in PARTS
    ]


def state(sentences: list[str], is_given: bool) -> tuple[str, str, str]:
    """Missing with what, done, or optional where nothing was given yet."""
    if sentences:
        return "Missing", "soon", " ".join(sentences)
    return ("Done", "done", "") if is_given else ("Optional", "plain", "")


@bp.route(
    '/cases/<ref:ref>/referral/<any(need, claim, injury, "treating-doctor", claimant, parties, deadlines):part>',
    methods=["GET", "POST"],
)
@performs(edit_referral)
def edit(case: Case, part: str) -> Any:
    form = FORMS[part].of(case, particulars(case))
    if is_saving(form) and take(form, lambda: edit_referral(case, by=g.person, **form.changes())):
        return onward(case, part)
    return page("referral/edit.html", "referral/_edit_form.html", form=form, case=case, **place(part))


def is_saving(form: Any) -> bool:
    """Whether the form was sent to be kept, and may be; a button that only changes its rows is no saving."""
    if isinstance(form, RowsForm) and form.is_submitted() and form.rearrange(request.form.get("then", "")):
        return False
    return bool(form.validate_on_submit())


def place(part: str) -> dict[str, Any]:
    """Which page of the form it is."""
    return {"part": part, "title": PARTS[part], "step": list(PARTS).index(part) + 1, "of": len(PARTS)}


def part_href(case: Case, part: str) -> str:
    """The address of a part of the form."""
    if part in FORMS:
        return url_for("referral.edit", ref=case.reference, part=part)
    endpoint = {"questions": "questions.ask", "documents": "referral.documents"}[part]
    return url_for(endpoint, ref=case.reference)


def onward(case: Case, part: str) -> Any:
    """After a save: to the next part, or to the case when the referrer comes back later."""
    if request.form.get("then") == "later":
        return done("The draft is saved. Continue whenever you like.", case)
    following = list(PARTS)[list(PARTS).index(part) + 1]
    return redirect(part_href(case, following), 303)


@bp.route("/cases/<ref:ref>/referral/documents")
@performs(edit_referral)
def documents(case: Case) -> Any:
    rows = list(readable_documents(g.party, case).limit(100))
    return page(
        "referral/documents.html",
        case=case,
        documents=[(document, download_href(case, document)) for document in rows],
        add_href=step_href("file_document", case),
        **place("documents"),
    )


def download_href(case: Case, document: Document) -> str:
    return url_for("records.download", ref=case.reference, document_id=document.id)


@bp.route("/cases/<ref:ref>/takeover", methods=["GET", "POST"])
@performs(take_over_referral)
def take_over(case: Case) -> Any:
    form = AnswerForm()
    if form.validate_on_submit() and take(form, lambda: take_over_referral(case, by=g.person)):
        return done("You are now the referrer of this case. The coordinator has been told.", case)
    return page("referral/take_over.html", "referral/_take_over_form.html", form=form, case=case)


def section(case: Case, party: Party, listed: Particulars) -> dict[str, Any]:
    """The referral in short; a candidate reads no names, no identifiers and no free text."""
    kind = rules.exam_kinds().get(case.exam_kind)
    return {
        "is_redacted": party == Party.CANDIDATE,
        "has_contact": party in REFERRER_SIDE | {Party.COORDINATOR},
        "kind": kind,
        "listed": listed,
        "needs": [
            (each.kind.title, "" if party == Party.CANDIDATE else said(each, party))
            for each in listed.arrangements
        ],
        "injuries": [(injury, body_part_label(injury)) for injury in listed.injuries],
        "needed_by": needed_by(case, listed),
        "edit_href": edit_href(case, party),
        "returned": question_back(case) if case.stage == Stage.RETURNED else None,
    }


def edit_href(case: Case, party: Party) -> str | None:
    """Where the referrer changes it, while that is theirs to do."""
    is_theirs = party == Party.REFERRER and case.stage in EARLY
    return url_for("referral.tasks", ref=case.reference) if is_theirs else None
