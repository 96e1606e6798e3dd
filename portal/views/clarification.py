"""Ask back about an answer; screen it, send it or refuse it; and what of it a reader of the case may see."""

from typing import Any

from flask import Blueprint, g
from flask import request as asked

from portal import clock
from portal.forms.clarification import RefusalForm, request_form, screening_form
from portal.ime.chain import Link, chain, holds
from portal.ime.clarification import (
    REQUESTED,
    SENT,
    due,
    in_state,
    may_read_answer,
    readable,
    refuse_clarification,
    request_clarification,
    send_clarification,
)
from portal.ime.particulars import Particulars
from portal.ime.review import Judged, board, judged
from portal.ime.scope import concerns, hints
from portal.models import Case, Clarification
from portal.policy import REFERRER_SIDE
from portal.web.page import done, page, take
from portal.web.routing import performs
from portal.words import ClarificationReason, ClarificationState, Party, Stage

bp = Blueprint("clarification", __name__)


@bp.route("/cases/<ref:ref>/clarification/new", methods=["GET", "POST"])
@performs(request_clarification)
def request(case: Case) -> Any:
    rows = judged(case)
    questions = [row.question for row in rows]
    form = request_form(questions, chosen(rows))
    worries: dict[int, Any] = {}
    if form.validate_on_submit():
        worries = {} if asked.form.get("anyway") else worried(case, form.items(questions))
        if not worries and take(
            form, lambda: request_clarification(case, by=g.person, items=form.items(questions))
        ):
            return done(
                "The clarification is asked for. The coordinator has been told and screens it next.", case
            )
    treating = {each.issue: each.treating for each in board(rows, case.treating_opinions)}
    return page(
        "clarification/request.html",
        "clarification/_request_form.html",
        form=form,
        case=case,
        worries=worries,
        blocks=[
            (
                row,
                treating.get(row.question.issue),
                *form.block(row.question.number),
                form.is_filled(row.question.number),
            )
            for row in rows
        ],
    )


def chosen(rows: list[Judged]) -> dict[int, tuple[Any, str]]:
    """What the address chose beforehand: by question number the reason, and what the verdict already says."""
    numbers = set(asked.args.getlist("question"))
    reason = asked.args.get("reason", "")
    if reason not in list(ClarificationReason):
        return {}
    return {
        row.question.number: (ClarificationReason(reason), row.verdict.why if row.verdict else "")
        for row in rows
        if str(row.question.number) in numbers
    }


def worried(case: Case, items: list[dict[str, Any]]) -> dict[int, Any]:
    """The linter's concerns by question id, for the items that have any."""
    found = concerns(case, [item["text"] for item in items])
    return {item["question_id"]: each for item, each in zip(items, found, strict=True) if each}


@bp.route("/cases/<ref:ref>/clarification/screening", methods=["GET", "POST"])
@performs(send_clarification)
def screen(case: Case) -> Any:
    items = in_state(case, REQUESTED)
    suggested = due(case, clock.today())
    form = screening_form(items, suggested.on)
    if form.validate_on_submit() and take(
        form, lambda: send_clarification(case, by=g.person, due_on=form.due_on.data, free=form.free())
    ):
        return done(
            "The clarification is with the expert. The referrer and the representative have been told.", case
        )
    return page(
        "clarification/screen.html",
        "clarification/_screen_form.html",
        form=form,
        case=case,
        due=suggested,
        sent=in_state(case, SENT) if not items else [],
        items=screened(case, items, form),
    )


def screened(case: Case, items: list[Clarification], form: Any) -> list[tuple[Any, ...]]:
    """Each item with its question in review, the linter's concerns, the hints on its scope and the field of its fee."""
    rows = {row.question.id: row for row in judged(case)}
    found = zip(items, concerns(case, [each.text for each in items]), hints(case, items), strict=True)
    return [
        (
            each,
            rows[each.question_id],
            worries,
            told,
            form[form.fees[each.id]] if each.id in form.fees else None,
        )
        for each, worries, told in found
    ]


@bp.route("/cases/<ref:ref>/clarification/refusal", methods=["GET", "POST"])
@performs(refuse_clarification)
def refuse(case: Case) -> Any:
    form = RefusalForm()
    if form.validate_on_submit() and take(
        form, lambda: refuse_clarification(case, by=g.person, why=form.why.data)
    ):
        return done("The clarification is refused. The referrer has been told why.", case)
    return page(
        "clarification/refuse.html",
        "clarification/_refuse_form.html",
        form=form,
        case=case,
        items=in_state(case, REQUESTED),
    )


def section(case: Case, party: Party, listed: Particulars) -> dict[str, Any] | None:
    """The clarifications and addenda this reader may read, and whether the chain of signed papers holds."""
    items = readable(party, case)
    if not items:
        return None
    links = (
        chain(case, by_bytes=False) if any(each.addendum_id or each.state == SENT for each in items) else []
    )
    papers = [each for each in links[1:] if each.released_at or party not in REFERRER_SIDE]
    return {
        "case": case,
        "items": [(each, *standing(each, party), may_read_answer(party, each)) for each in items],
        "papers": [(each, paper_state(case, each, each is links[-1])) for each in papers],
        "withheld": withheld(papers),
        "is_unbroken": holds(links) if papers else None,
        "shows_refusal": party != Party.EXPERT,
    }


def standing(each: Clarification, party: Party) -> tuple[str, str]:
    """Where a clarification stands in words, and the tone of its chip."""
    if each.state == ClarificationState.ANSWERED:
        if may_read_answer(Party.REFERRER, each):
            return f"Answered in addendum {each.addendum.number}", "done"
        return "Answered, being checked", "info"
    return {
        ClarificationState.REQUESTED: ("Waits for the coordinator", "plain"),
        ClarificationState.SENT: ("With you" if party == Party.EXPERT else "With the expert", "info"),
        ClarificationState.REFUSED: ("Refused", "late"),
    }[each.state]


def paper_state(case: Case, paper: Link, is_last: bool) -> str:
    """What became of a signed addendum, in words."""
    if paper.released_at:
        return "released"
    is_checked = case.stage == Stage.CHECKING_ADDENDUM and is_last
    return "being checked" if is_checked else "returned to the expert, never released"


def withheld(papers: list[Link]) -> list[int]:
    """The numbers before the last paper shown that this reader is not shown."""
    shown = {each.number for each in papers}
    return [number for number in range(1, max(shown, default=0)) if number not in shown]
