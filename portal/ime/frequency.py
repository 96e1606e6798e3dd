"""How often a claimant may be examined: what a rule counts, and whether one more is allowed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from portal import written
from portal.ime.counting import count
from portal.ime.rule_pack import ExamKind, Rule

# Within which time before the examination those before it count; None: all of them.
PERIODS = {"year": timedelta(days=365), "month": timedelta(days=30), "claim_opening": None, "issue": None}
AS_ONE = "first_panel_exam"  # the anchor of a rule by which examinations close together count as one


@dataclass(frozen=True)
class Frequency:
    """Whether one more examination is allowed on a day; `next_on` is the first day that is, where a day helps."""

    allowed: bool
    counted: int
    of: int | None
    next_on: date | None
    sentence: str


def frequency(
    rule: Rule, kind: ExamKind, exam_on: date, earlier: Iterable[date], rules: Iterable[Rule]
) -> Frequency:
    """What a frequency rule says of an examination, given the days of those that were held before it.

    Raises ValueError for a rule that neither counts examinations nor days since the last."""
    held = as_one([each for each in sorted(earlier) if each <= exam_on], rules)
    if rule.direction == "max_count":
        return within_count(rule, exam_on, held)
    if rule.direction in ("after_min", "not_before"):
        return since_last(rule, kind, exam_on, held)
    raise ValueError(f"Rule {rule.id} has no figure for how often.")


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


def as_one(days: list[date], rules: Iterable[Rule]) -> list[date]:
    """The days of examinations, those of one panel only once: by the kind's own rule, within so many hours of its first."""
    hours = next((rule.figure for rule in rules if rule.anchor == AS_ONE and rule.unit == "hours"), 0)
    counted: list[date] = []
    for day in days:
        if not counted or day - counted[-1] > timedelta(hours=hours) or not hours:
            counted.append(day)
    return counted
