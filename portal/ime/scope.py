"""Screening: whether a clarification stays with what was asked. Hints for the coordinator, never a bar."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from portal.ime import wording
from portal.ime.linter import Concern, lint
from portal.ime.review import Judged, judged
from portal.models import Case, Clarification, Document
from portal.policy import OWN_PAPERS
from portal.words import ClarificationReason, Issue

FEWEST_LETTERS = 4  # shorter words are mostly grammar


@dataclass(frozen=True)
class Surroundings:
    """What a clarification is screened against: its question in review, the treating doctor's opinions by issue, and
    how many records came after the report was signed."""

    row: Judged
    treating: Mapping[Issue, str]
    new_records: int


def concerns(case: Case, texts: Iterable[str]) -> list[list[Concern]]:
    """The linter's concerns about each text, against the body parts of the case; one read."""
    parts = [injury.body_part for injury in case.injuries]
    return [lint(text, body_parts=parts) for text in texts]


def hints(case: Case, items: Iterable[Clarification]) -> list[list[str]]:
    """What the coordinator should look at before sending each item, as sentences."""
    rows = {row.question.id: row for row in judged(case)}
    treating = {opinion.issue: opinion.opinion for opinion in case.treating_opinions}
    records = records_since_signed(case)
    return [hints_about(item, Surroundings(rows[item.question_id], treating, records)) for item in items]


def hints_about(item: Clarification, around: Surroundings) -> list[str]:
    return [sentence for noticed in NOTICED if (sentence := noticed(item, around))]


def records_since_signed(case: Case) -> int:
    """How many records were filed after the expert signed the report, without the portal's own papers."""
    report = case.reports.get()
    is_new = (Document.filed_at > report.signed_at) & Document.kind.not_in(OWN_PAPERS)
    count: int = case.documents.where(is_new).count()
    return count


def asks_something_new(item: Clarification, around: Surroundings) -> str:
    """No word of weight in common with the question, its answer or the treating doctor's opinion on it."""
    answer, question = around.row.answer, around.row.question
    said = [question.text, around.treating.get(question.issue, "")]
    said += [answer.opinion, answer.reasons] if answer else []
    if weighty(" ".join(said)) & weighty(item.text):
        return ""
    return f"This may be a new question: it shares no term with question {question.number} or its answer."


def names_no_new_record(item: Clarification, around: Surroundings) -> str:
    if item.reason != ClarificationReason.NEW_RECORDS or around.new_records:
        return ""
    return "The reason is new records, but no record was filed after the report was signed."


def names_no_treating_opinion(item: Clarification, around: Surroundings) -> str:
    is_reason = item.reason == ClarificationReason.TREATING_DOCTOR_DIFFERS
    if not is_reason or around.row.question.issue in around.treating:
        return ""
    return "The referral holds no opinion of the treating doctor on this issue."


def contradicts_the_verdict(item: Clarification, around: Surroundings) -> str:
    if item.reason != ClarificationReason.UNANSWERED or not around.row.is_answered:
        return ""
    return "The referrer marked this question as answered."


NOTICED: tuple[Callable[[Clarification, Surroundings], str], ...] = (
    asks_something_new,
    names_no_new_record,
    names_no_treating_opinion,
    contradicts_the_verdict,
)


def weighty(text: str) -> set[str]:
    """The words of a text that carry meaning, without a plural's s."""
    words = re.findall(r"[a-z]+", text.lower())
    return {
        word.removesuffix("s")
        for word in words
        if len(word) >= FEWEST_LETTERS and word not in wording.EMPTY_WORDS
    }
