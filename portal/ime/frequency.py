"""How often a claimant may be examined: what a rule counts, and whether one more is allowed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from portal import written
from portal.ime.counting import EARLIEST_AFTER, count, months_later
from portal.ime.rule_pack import ExamKind, Rule

# How many months the examinations count together; None: all those of the claim.
PERIODS = {"year": 12, "month": 1, "claim_opening": None, "issue": None}
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
    rule: Rule, kind: ExamKind, exam: Exam, others: Iterable[Exam], rules: Iterable[Rule]
) -> Frequency:
    """What a frequency rule says of an examination, given the others of the person: held before it, or booked for a day
    before or after it.

    Raises ValueError for a rule that neither counts examinations nor days since the last."""
    hours = panel_hours(rules)
    known = sorted(others, key=lambda each: each.on)
    if rule.direction == "max_count":
        counting = [each for each in known if each.is_of_claim or months_of(rule)]
        before = as_one([each for each in counting if each.on <= exam.on], hours)
        return joining(rule, exam, before, hours) or within_count(rule, exam.on, days_of(counting, hours))
    if rule.direction in EARLIEST_AFTER:
        return between(rule, kind, exam.on, days_of(known, hours))
    raise ValueError(f"Rule {rule.id} has no figure for how often.")


def days_of(exams: Iterable[Exam], hours: int) -> list[date]:
    return [each.on for each in as_one(exams, hours)]


def months_of(rule: Rule) -> int | None:
    """Within how many months a rule counts, whatever the claim was; None where it counts by claim."""
    return PERIODS.get(str(rule.anchor))


def within_count(rule: Rule, exam_on: date, days: list[date]) -> Frequency:
    """No time of the rule's length may hold more than its figure: neither that which ends with this examination, nor one
    that ends with a later one that is booked."""
    counted = most_together(rule, exam_on, days)
    allowed = counted < rule.figure
    said = f"{counted} of {rule.figure} per {str(rule.anchor).replace('_', ' ')} held or booked beside {written.day(exam_on)}."
    frees = None if allowed or not months_of(rule) else first_free(rule, exam_on, days)
    return Frequency(allowed, counted, rule.figure, frees, said)


def most_together(rule: Rule, exam_on: date, days: list[date]) -> int:
    """How many others at most count together with an examination of that day."""
    months = months_of(rule)
    if months is None:
        return len(days)
    last_days = [exam_on, *(day for day in days if exam_on < day < months_later(exam_on, months))]
    return max(len([day for day in days if months_later(end, -months) < day <= end]) for end in last_days)


def first_free(rule: Rule, exam_on: date, days: list[date]) -> date:
    """The first later day on which one more would be allowed."""
    day = exam_on
    while most_together(rule, day, days) >= rule.figure:
        day += timedelta(days=1)
    return day


def between(rule: Rule, kind: ExamKind, exam_on: date, days: list[date]) -> Frequency:
    """The time between two examinations, whichever of them comes first."""
    before, later = [day for day in days if day <= exam_on], [day for day in days if day > exam_on]
    if not before and not later:
        return Frequency(True, 0, None, None, "No examination before is known.")
    figure, allowed, first, said = f"{rule.figure} {rule.unit} after", True, None, []
    if before:
        first = earliest(rule, kind, before[-1])
        allowed = exam_on >= first
        said.append(
            f"{figure} the examination on {written.day(before[-1])}: not before {written.day(first)}."
        )
    if later and later[0] < (next_on := earliest(rule, kind, exam_on)):
        allowed, first = False, earliest(rule, kind, later[-1])
        said.append(
            f"Another is booked for {written.day(later[0])}: {figure} this one is {written.day(next_on)}."
        )
    return Frequency(allowed, len(before), None, first, " ".join(said) or "No examination before is known.")


def earliest(rule: Rule, kind: ExamKind, day: date) -> date:
    return count(day, rule.figure, str(rule.unit), "after_min", kind.jurisdiction)


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
