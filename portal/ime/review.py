"""The review: the referrer's verdict on each answer, the treating doctor's opinion beside it, acceptance."""

from collections.abc import Mapping
from dataclasses import dataclass

from portal import clock
from portal.ime.process import Refusal, remember, step
from portal.ime.report import answers_of
from portal.models import Answer, Case, Question, TreatingOpinion, User, Verdict
from portal.words import Issue


@step
def give_verdict(case: Case, *, by: User, verdicts: Mapping[int, tuple[bool, str]]) -> None:
    """The referrer's word on answers: question id -> (is answered, why not)."""
    own = {question.id: question for question in case.questions}
    for question_id, (is_answered, why) in verdicts.items():
        if question_id not in own:
            raise Refusal("This is not a question of the case.")
        if not is_answered and not why.strip():
            raise Refusal(f"Say what is missing in the answer to question {own[question_id].number}.")
        Verdict.insert(
            question=question_id, is_answered=is_answered, why=why, given_by=by, given_at=clock.now()
        ).on_conflict(
            conflict_target=[Verdict.question],
            update={Verdict.is_answered: is_answered, Verdict.why: why, Verdict.given_at: clock.now()},
        ).execute()


@step
def accept_report(case: Case, *, by: User) -> None:
    """The report answers what was asked; the case is closed. Refuses while a question has no verdict."""
    judged = {verdict.question_id: verdict.is_answered for verdict in verdicts_of(case)}
    for question in case.questions.order_by(Question.number):
        if question.id not in judged:
            raise Refusal(f"Say whether question {question.number} is answered.")
        if not judged[question.id]:
            raise Refusal(
                f"You marked question {question.number} as not answered. Ask for clarification instead."
            )
    remember(questions=len(judged))


def verdicts_of(case: Case) -> list[Verdict]:
    """The verdicts given on the case's questions."""
    return list(Verdict.select(Verdict, Question).join(Question).where(Question.case == case))


@dataclass(frozen=True)
class Disagreement:
    """One issue on the board: what the treating doctor concluded beside what the expert answered."""

    issue: Issue
    treating: TreatingOpinion | None
    answers: list[Answer]


def board(case: Case) -> list[Disagreement]:
    """The board, issue by issue, for every issue that the treating doctor or a question speaks to."""
    treating = {opinion.issue: opinion for opinion in case.treating_opinions}
    answers = answers_of(case)
    issues = [
        issue for issue in Issue if issue in treating or any(each.question.issue == issue for each in answers)
    ]
    return [
        Disagreement(issue, treating.get(issue), [each for each in answers if each.question.issue == issue])
        for issue in issues
    ]
