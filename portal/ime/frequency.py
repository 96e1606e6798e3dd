"""How often a claimant may be examined: what a rule counts, and whether one more is allowed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from portal import written
from portal.ime.counting import EARLIEST_AFTER, count
from portal.ime.rule_pack import ExamKind, Rule

# Within which time before the examination those before it count; None: all those of the claim.
PERIODS = {"year": timedelta(days=365), "month": timedelta(days=30), "claim_opening": None, "issue": None}
AS_ONE = "first_panel_exam"  # the anchor of a rule by which examinations close together count as one


@dataclass(frozen=True)
class Exam:
    """An examination as it is counted: its day at the place, its moment where that is known (UTC), and whether it was
    for the same claim."""

    on: date
    at: datetime | None = None
    is_of_claim: bool = True


@dataclass(frozen=True)
class Frequency:
    """Whether one more examination is allowed on a day; `next_on` is the first day that is, where a day helps."""

    allowed: bool
    counted: int
    of: int | None
    next_on: date | None
    sentence: str


def frequency(
    rule: Rule, kind: ExamKind, exam: Exam, earlier: Iterable[Exam], rules: Iterable[Rule]
) -> Frequency:
    """What a frequency rule says of an examination, given those that were held before it.

    Raises ValueError for a rule that neither counts examinations nor days since the last."""
    hours = panel_hours(rules)
    before = sorted((each for each in earlier if each.on <= exam.on), key=lambda each: each.on)
    if rule.direction == "max_count":
        held = as_one([each for each in before if each.is_of_claim or of_any_claim(rule)], hours)
        return joining(rule, exam, held, hours) or within_count(rule, exam.on, [each.on for each in held])
    if rule.direction in EARLIEST_AFTER:
        return since_last(rule, kind, exam.on, [each.on for each in as_one(before, hours)])
    raise ValueError(f"Rule {rule.id} has no figure for how often.")


def of_any_claim(rule: Rule) -> bool:
    """Whether a rule counts within a time, and so whatever the claim was."""
    return PERIODS.get(str(rule.anchor)) is not None


def within_count(rule: Rule, exam_on: date, held: list[date]) -> Frequency:
    period = PERIODS.get(str(rule.anchor))
    recent = [each for each in held if period is None or each > exam_on - period]
    allowed = len(recent) < rule.figure
    frees = recent[-rule.figure] + period if period and not allowed else None
    said = f"{len(recent)} of {rule.figure} per {str(rule.anchor).replace('_', ' ')} held before {written.day(exam_on)}."
    return Frequency(allowed, len(recent), rule.figure, frees, said)


def since_last(rule: Rule, kind: ExamKind, exam_on: date, held: list[date]) -> Frequency:
    if not held:
        return Frequency(True, 0, None, None, "No examination before is known.")
    first = count(held[-1], rule.figure, str(rule.unit), "after_min", kind.jurisdiction)
    said = f"{rule.figure} {rule.unit} after the examination on {written.day(held[-1])}: not before {written.day(first)}."
    return Frequency(exam_on >= first, len(held), None, first, said)


def joining(rule: Rule, exam: Exam, held: list[Exam], hours: int) -> Frequency | None:
    """An examination that belongs to the last panel is counted with it and is never one too many."""
    if not is_with(held, exam, hours):
        return None
    said = f"It is within {hours} hours of the examination on {written.day(held[-1].on)} and counts with it as one."
    return Frequency(True, len(held), rule.figure, None, said)


def panel_hours(rules: Iterable[Rule]) -> int:
    """Within how many hours of the first a kind counts the examinations of a panel as one; 0 where each counts."""
    return next((rule.figure for rule in rules if rule.anchor == AS_ONE and rule.unit == "hours"), 0)


def as_one(exams: Iterable[Exam], hours: int) -> list[Exam]:
    """Examinations in order, those of one panel only once: its first."""
    counted: list[Exam] = []
    for exam in exams:
        if not is_with(counted, exam, hours):
            counted.append(exam)
    return counted


def is_with(counted: list[Exam], exam: Exam, hours: int) -> bool:
    """Whether an examination begins within so many hours of the last that is counted; by the days where no moment is
    known."""
    if not counted or not hours:
        return False
    first = counted[-1]
    passed = exam.at - first.at if exam.at and first.at else exam.on - first.on
    return passed <= timedelta(hours=hours)
