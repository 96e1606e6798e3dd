"""What the coordinator checks before a signed report is released, each point with what the portal knows of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from portal import written
from portal.models import Answer, Case
from portal.words import Certainty, Issue


@dataclass(frozen=True)
class Point:
    """One point of the list: its key, the sentence to tick, and the facts to hold against the report."""

    key: str
    sentence: str
    facts: str


def points(case: Case, answers: Sequence[Answer], headings: Sequence[str]) -> list[Point]:
    """The list for this case; MMI before impairment is asked only where an impairment is rated."""
    listed = [
        Point("answered", "Every question is answered in its own words", answered(answers)),
        Point("certainty", "Each answer says how certain it is", certainty(answers)),
        Point("agrees", "Names, dates and claim number agree with the case", particulars(case)),
        Point("sections", "The standard sections are there", ", ".join(headings)),
        Point("impartial", "No remark argues for one side or leads the reader", ""),
    ]
    if rated := numbers(answers, Issue.IMPAIRMENT):
        before = numbers(answers, Issue.MAXIMUM_MEDICAL_IMPROVEMENT)
        facts = f"Impairment: {rated}. MMI: {before or 'not asked as a question of its own'}."
        listed.insert(2, Point("mmi", "MMI is settled before any impairment is rated", facts))
    return listed


def answered(answers: Sequence[Answer]) -> str:
    return f"{sum(answer.is_complete for answer in answers)} of {len(answers)} answered."


def certainty(answers: Sequence[Answer]) -> str:
    """Which answers say that the question cannot be determined."""
    open_ones = [
        str(answer.question.number) for answer in answers if answer.certainty == Certainty.CANNOT_DETERMINE
    ]
    return f"Cannot be determined: question {', '.join(open_ones)}." if open_ones else ""


def particulars(case: Case) -> str:
    """Whom and which claim the report must be about."""
    claims = [claim.number for claim in case.claim_numbers]
    injured = sorted({injury.injured_on for injury in case.injuries if injury.injured_on})
    facts = (
        case.claimant.name,
        f"born {written.day(case.claimant.born_on)}" if case.claimant.born_on else "",
        f"claim {', '.join(claims)}" if claims else "",
        f"injured {'; '.join(written.day(day) for day in injured)}" if injured else "",
    )
    return ", ".join(fact for fact in facts if fact) + "."


def numbers(answers: Sequence[Answer], issue: Issue) -> str:
    """The numbers of the questions about one issue, as `question 3`."""
    found = [str(answer.question.number) for answer in answers if answer.question.issue == issue]
    return f"question {', '.join(found)}" if found else ""
