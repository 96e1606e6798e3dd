"""The review: the referrer's verdict on each answer, the treating doctor's opinion beside it, acceptance."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Any

from peewee import JOIN

from portal import clock
from portal.ime.instructions import revoke_all_links
from portal.ime.process import Refusal, remember, step
from portal.kept import Kept, bind
from portal.models import Addendum, Answer, Case, Clarification, Question, TreatingOpinion, User, Verdict
from portal.words import ClarificationState, Issue, ReportState


@dataclass(frozen=True)
class Judged:
    """One question in review: the report's answer, what released addenda added, and the referrer's newest verdict."""

    question: Question
    answer: Answer | None
    verdict: Verdict | None
    added: list[Clarification] = field(default_factory=list)

    @property
    def is_stale(self) -> bool:
        """The verdict was given before an addendum that speaks to the question."""
        added: Any = self.added
        return (
            any(self.verdict.given_at < each.addendum.released_at for each in added)
            if self.verdict
            else False
        )

    @property
    def is_answered(self) -> bool | None:
        """The verdict that counts now; None where there is none, or none since the last addendum."""
        return None if self.verdict is None or self.is_stale else bool(self.verdict.is_answered)


# A question stands once for each clarification of it that was answered, or once where there is none.
QUESTIONS = Kept(
    lambda: (
        Question.select(Question, Answer, Verdict, Clarification, Addendum)
        .join(Answer, JOIN.LEFT_OUTER, on=(Answer.question == Question.id), attr="answer")
        .switch(Question)
        .join(Verdict, JOIN.LEFT_OUTER, on=(Verdict.question == Question.id), attr="verdict")
        .switch(Question)
        .join(
            Clarification,
            JOIN.LEFT_OUTER,
            on=(Clarification.question == Question.id) & (Clarification.state == ClarificationState.ANSWERED),
            attr="asked",
        )
        .join(
            Addendum,
            JOIN.LEFT_OUTER,
            on=(Clarification.addendum == Addendum.id) & (Addendum.state == ReportState.RELEASED),
            attr="addendum",
        )
        .where(Question.case == bind("case"))
        .order_by(Question.number, Addendum.number, Clarification.id)
    )
)


def judged(case: Case) -> list[Judged]:
    """Every question of the case as it stands in review, in their order; one read."""
    found = [[*rows] for _, rows in groupby(QUESTIONS.models(case=case.id), attrgetter("id"))]
    return [Judged(rows[0], rows[0].answer, rows[0].verdict, additions(rows)) for rows in found]


def additions(rows: Iterable[Any]) -> list[Clarification]:
    """What released addenda answered of one question, each with its addendum, in their order."""
    return [row.asked for row in rows if row.asked and row.asked.addendum]


@step
def give_verdict(case: Case, *, by: User, verdicts: Mapping[int, tuple[bool, str]]) -> None:
    """The referrer's word on answers: question id -> (is answered, why not). A newer word takes the older's place."""
    if not verdicts:
        raise Refusal("Say of at least one question whether it is answered.")
    own = {question.id: question for question in case.questions}
    for question_id, (is_answered, why) in verdicts.items():
        if question_id not in own:
            raise Refusal("This is not a question of the case.")
        number = own[question_id].number
        if not is_answered and not why.strip():
            raise Refusal(f"Say what is missing in the answer to question {number}.", field=f"why_{number}")
        note_verdict(question_id, by, is_answered, "" if is_answered else why.strip())


def note_verdict(question_id: int, by: User, is_answered: bool, why: str) -> None:
    word: dict[Any, Any] = {
        Verdict.is_answered: is_answered,
        Verdict.why: why,
        Verdict.given_by: by,
        Verdict.given_at: clock.now(),
    }
    Verdict.insert({Verdict.question: question_id, **word}).on_conflict(
        conflict_target=[Verdict.question], update=word
    ).execute()


def open_points(rows: Iterable[Judged]) -> list[str]:
    """What keeps the report from being accepted, each as a sentence; empty when it can be."""
    return [sentence for row in rows if (sentence := open_point(row))]


def open_point(row: Judged) -> str:
    number = row.question.number
    if row.verdict is None:
        return f"Say whether question {number} is answered."
    if row.is_stale:
        latest: Any = row.added[-1].addendum
        return f"Addendum {latest.number} speaks to question {number}. Say whether it is answered now."
    if not row.is_answered:
        return f"You marked question {number} as not answered. Ask for clarification instead."
    return ""


@step
def accept_report(case: Case, *, by: User) -> None:
    """The report answers what was asked; the case is closed. Refuses while a question has no verdict that counts."""
    rows = judged(case)
    if lacking := open_points(rows):
        raise Refusal(lacking[0])
    revoke_all_links(case)
    remember(questions=len(rows))


@dataclass(frozen=True)
class Disagreement:
    """One issue on the board: what the treating doctor concluded beside what the expert answered."""

    issue: Issue
    treating: TreatingOpinion | None
    rows: list[Judged]


def board(rows: Sequence[Judged], opinions: Iterable[TreatingOpinion]) -> list[Disagreement]:
    """The board, issue by issue, for every issue that the treating doctor or a question speaks to."""
    treating = {opinion.issue: opinion for opinion in opinions}
    asked = {row.question.issue for row in rows}
    return [
        Disagreement(issue, treating.get(issue), [row for row in rows if row.question.issue == issue])
        for issue in Issue
        if issue in treating or issue in asked
    ]
