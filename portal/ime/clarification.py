"""The clarification: a question back about one answer, screened by the coordinator before the expert sees it."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from peewee import JOIN

from portal import clock
from portal.ime import rules
from portal.ime.deadlines import Due, kept_rules
from portal.ime.process import Refusal, remember, step
from portal.kept import Kept, bind
from portal.models import Addendum, Case, Clarification, Question, User
from portal.policy import ENGAGED, Person
from portal.words import ClarificationReason, ClarificationState, Party, ReportState

REQUESTED, SENT = ClarificationState.REQUESTED, ClarificationState.SENT
REFUSED, ANSWERED = ClarificationState.REFUSED, ClarificationState.ANSWERED
EXPERT_READS = (SENT, ANSWERED)
DAYS_TO_ANSWER = 14


@step
def request_clarification(case: Case, *, by: User, items: Sequence[Mapping[str, Any]]) -> None:
    """The referrer asks back: each item is a question of the case, a reason and a text."""
    if not items:
        raise Refusal("Choose at least one question and write what is unclear.")
    own = {question.id: question for question in case.questions}
    for item in items:
        question = own.get(item["question_id"])
        if question is None:
            raise Refusal("This is not a question of the case.")
        refuse_incomplete(question.number, item)
        Clarification.create(
            case=case,
            question=question,
            reason=item["reason"],
            text=item["text"].strip(),
            requested_by=by,
        )
    remember(count=len(items))


def refuse_incomplete(number: int, item: Mapping[str, Any]) -> None:
    if item["reason"] not in list(ClarificationReason):
        raise Refusal(f"Choose why you ask back about question {number}.", field=f"reason_{number}")
    if not item["text"].strip():
        raise Refusal(f"Write what you ask about question {number}.", field=f"text_{number}")


def in_state(case: Case, *states: ClarificationState) -> list[Clarification]:
    """The clarifications of the case in these states, each with its question, in the order of the questions."""
    return list(
        Clarification.select(Clarification, Question)
        .join(Question)
        .where((Clarification.case == case) & Clarification.state.in_(states))
        .order_by(Question.number, Clarification.id)
    )


READABLE = {
    party: Kept(
        lambda party=party: (  # type: ignore[misc]
            Clarification.select(Clarification, Question, Addendum)
            .join(Question)
            .switch(Clarification)
            .join(Addendum, JOIN.LEFT_OUTER)
            .where(
                (Clarification.case == bind("case"))
                & Clarification.state.in_(
                    EXPERT_READS if party == Party.EXPERT else tuple(ClarificationState)
                )
            )
            .order_by(Clarification.id)
        )
    )
    for party in ENGAGED
}


def readable(party: Party, case: Case) -> list[Clarification]:
    """The clarifications this party may read, each with its question and addendum, in the order they were asked.

    The expert reads none before it is sent, and none that was refused."""
    return READABLE[party].models(case=case.id) if party in ENGAGED else []


def may_read_answer(party: Party, clarification: Clarification) -> bool:
    """The expert and the office read what is signed; the referrer's side reads what is released."""
    addendum: Any = clarification.addendum
    if clarification.state != ANSWERED:
        return False
    return party in {Party.EXPERT, Party.COORDINATOR} or addendum.state == ReportState.RELEASED


def due(case: Case, asked_on: date) -> Due:
    """When the addendum is due by the rules kept on the case, and because of what."""
    explained = rules.addendum_due(case.exam_kind, asked_on, kept_rules(case))
    if explained:
        return Due(explained.date, explained.sentence, explained)
    return Due(asked_on + timedelta(days=DAYS_TO_ANSWER), "No rule is on file for this kind of examination.")


@step
def send_clarification(case: Case, *, by: Person, due_on: date, free: Sequence[int] = ()) -> None:
    """The coordinator lets it through: to the expert, with a deadline; `free` are the ids that carry no fee."""
    if due_on <= clock.today():
        raise Refusal("Choose a day that is still to come.", field="due_on")
    waiting = in_state(case, REQUESTED)
    if not waiting:
        raise Refusal("This clarification has been sent already.")
    for clarification in waiting:
        clarification.state, clarification.due_on = SENT, due_on
        clarification.is_free = clarification.id in free or is_always_free(clarification)
        clarification.save()
    remember(due_on=due_on, count=len(waiting))


def is_always_free(clarification: Clarification) -> bool:
    """What was asked in the referral and not answered is part of the report."""
    return bool(clarification.reason == ClarificationReason.UNANSWERED)


@step
def refuse_clarification(case: Case, *, by: Person, why: str) -> None:
    """It is out of scope or leading; the referrer is told why, and the report is in review again."""
    if not why.strip():
        raise Refusal("Say why the clarification is refused.", field="why")
    waiting = in_state(case, REQUESTED)
    if not waiting:
        raise Refusal("This clarification is with the expert already.")
    for clarification in waiting:
        clarification.state, clarification.why_refused = ClarificationState.REFUSED, why.strip()
        clarification.save()
    remember(why=why.strip())
