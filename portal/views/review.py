"""The referrer reviews the report question by question, and accepts it."""

from typing import Any

from flask import Blueprint, g, url_for

from portal.forms.review import AcceptanceForm, verdict_form
from portal.ime.particulars import Particulars
from portal.ime.review import Disagreement, Judged, accept_report, board, give_verdict, judged, open_points
from portal.models import Case
from portal.policy import REFERRER_SIDE
from portal.web.navigation import Link
from portal.web.page import done, page, take
from portal.web.routing import performs
from portal.words import ClarificationReason, Party, Stage

bp = Blueprint("review", __name__)

RELEASED = frozenset({Stage.IN_REVIEW, Stage.CLARIFYING, Stage.CHECKING_ADDENDUM, Stage.CLOSED})
READERS = REFERRER_SIDE | {Party.COORDINATOR}


@bp.route("/cases/<ref:ref>/review", methods=["GET", "POST"])
@performs(give_verdict)
def verdicts(case: Case) -> Any:
    rows = judged(case)
    form = verdict_form(rows)
    if form.validate_on_submit() and take(
        form, lambda: give_verdict(case, by=g.person, verdicts=form.verdicts(rows))
    ):
        return done("Your review is saved.", url_for("review.verdicts", ref=case.reference))
    return page(
        "review/verdicts.html",
        "review/_verdict_form.html",
        form=form,
        case=case,
        blocks=[(row, *form.asked(row.question.number)) for row in rows],
        onward=onward(case, rows),
        issues=laid_out(case, rows, case.treating_opinions, may_ask=True),
    )


def onward(case: Case, rows: list[Judged]) -> Link | None:
    """The one next step that follows from the verdicts; None while a question still waits for its own."""
    if any(row.is_answered is None for row in rows):
        return None
    unanswered = [row.question.number for row in rows if not row.is_answered]
    if unanswered:
        return Link("Ask for clarification", ask(case, unanswered, ClarificationReason.UNANSWERED))
    return Link("Accept the report", url_for("review.accept", ref=case.reference))


def ask(case: Case, numbers: list[int], reason: ClarificationReason) -> str:
    """The page that asks back about these questions for this reason."""
    return url_for("clarification.request", ref=case.reference, question=numbers, reason=reason)


def laid_out(case: Case, rows: list[Judged], opinions: Any, *, may_ask: bool) -> list[dict[str, Any]]:
    """The board for the page: each issue with its sides, the pages cited, and a way to ask back about it."""
    return [
        {
            "issue": each.issue,
            "treating": each.treating,
            "rows": each.rows,
            "pages": cited(each.rows),
            "ask_href": ask_about(case, each) if may_ask and each.rows else None,
        }
        for each in board(rows, opinions)
    ]


def cited(rows: list[Judged]) -> str:
    """Pages 3, 7"""
    pages = ", ".join(row.answer.pages for row in rows if row.answer and row.answer.pages)
    return f"Pages {pages}" if pages else ""


def ask_about(case: Case, each: Disagreement) -> str:
    """The page that asks back about an issue of the board."""
    differs = ClarificationReason.TREATING_DOCTOR_DIFFERS
    reason = differs if each.treating else ClarificationReason.UNCLEAR
    return ask(case, [row.question.number for row in each.rows], reason)


@bp.route("/cases/<ref:ref>/review/acceptance", methods=["GET", "POST"])
@performs(accept_report)
def accept(case: Case) -> Any:
    form = AcceptanceForm()
    if form.validate_on_submit() and take(form, lambda: accept_report(case, by=g.person)):
        return done(
            "The report is accepted and the case is closed. The coordinator and the expert are told.", case
        )
    rows = judged(case)
    return page(
        "review/accept.html",
        "review/_accept_form.html",
        form=form,
        case=case,
        rows=rows,
        lacking=open_points(rows),
    )


def section(case: Case, party: Party, listed: Particulars) -> dict[str, Any] | None:
    """The board and the verdicts as they stand, for the referrer's side and the office, once the report is released."""
    if case.stage not in RELEASED or party not in READERS:
        return None
    rows = judged(case)
    is_reviewing = case.stage == Stage.IN_REVIEW and party == Party.REFERRER
    return {
        "rows": rows,
        "issues": laid_out(case, rows, listed.treating_opinions, may_ask=is_reviewing),
        "again": [str(row.question.number) for row in rows if row.is_stale],
    }
