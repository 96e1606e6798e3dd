"""One rule asked by name: what it gives for the days, places or examinations that are told, with its reasons."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from portal import written
from portal.ime.counting import EARLIEST_AFTER, received_on
from portal.ime.explanation import Explained, explain, source_of
from portal.ime.frequency import Exam, Frequency, frequency
from portal.ime.gates import how_far, is_near
from portal.ime.places import Place, miles_between
from portal.ime.rule_pack import SERVED, UNVERIFIED, ExamKind, Rule, RulePack
from portal.ime.rules import EXAM_ANCHORS, NOTICE_ANCHORS

OTHERWISE = "other"  # served in a way that adds no days
NEEDS_EXAM = "exam"
PlaceOf = Callable[[str], Place | None]


class Unanswerable(Exception):
    """The question cannot be answered as it was put; the message says in a sentence what is missing or wrong."""


@dataclass(frozen=True)
class Answer:
    """What a rule gives: `plain` as JSON, `sentence` for people."""

    sentence: str
    plain: dict[str, Any]


def answer(pack: RulePack, rule: Rule, told: Mapping[str, str], place_of: PlaceOf) -> Answer:
    """The answer of a rule to what is told as `name=value`: days as 2026-03-02 (`exam`, or the rule's own anchor),
    `from_zip` and `to_zip`, `previous` as days with commas, `received` as a moment, `served` as mail, out-of-state,
    abroad or other.

    Raises Unanswerable."""
    kind = pack.exam_kinds.get(rule.exam)
    if kind is None:
        raise Unanswerable(f"{rule.id} holds for every kind of examination: ask a rule of one kind.")
    if rule.unit is None or rule.unit == UNVERIFIED:
        raise Unanswerable(f"{rule.id} gives no figure that can be counted. It says: {rule.rule}")
    refuse_unknown(rule, told)
    if rule.direction in ("max_distance", "max_drive"):
        return of_distance(rule, kind, told, place_of)
    if rule.direction == "max_count" or (
        rule.gate == "frequency" and rule.direction in EARLIEST_AFTER and "previous" in told
    ):
        return of_frequency(pack, rule, kind, told)
    return of_date(pack, rule, kind, told)


def refuse_unknown(rule: Rule, told: Mapping[str, str]) -> None:
    known = {NEEDS_EXAM, str(rule.anchor), "from_zip", "to_zip", "previous", "received", "served"}
    if unknown := sorted(told.keys() - known):
        raise Unanswerable(f"{unknown[0]} means nothing to {rule.id}. It counts from {anchor_of(rule)}.")


def anchor_of(rule: Rule) -> str:
    return "exam" if rule.anchor in EXAM_ANCHORS else str(rule.anchor)


def of_date(pack: RulePack, rule: Rule, kind: ExamKind, told: Mapping[str, str]) -> Answer:
    first: tuple[str, ...] = ()
    way = "before" if is_asked_backwards(rule, told) else ""
    rule, extra = served_rule(rule, told), extension(pack, rule, told)
    if "received" in told:
        came = received_on(moment_in(told["received"], kind.time_zone), kind.time_zone, kind.jurisdiction)
        anchor_on, first = came.date, came.reasons
    else:
        names = (NEEDS_EXAM,) if way else (str(rule.anchor), anchor_of(rule))
        name = next((each for each in names if each in told), "")
        if not name:
            raise Unanswerable(f"Say from which day {rule.id} counts: {anchor_of(rule)}=2026-03-02.")
        anchor_on = day_in(told[name])
    try:
        found = explain(rule, kind, anchor_on, direction=way, extra=extra, first=first)
    except (ValueError, OverflowError):
        raise Unanswerable(f"{rule.id} gives no day from {written.day(anchor_on)}.") from None
    return Answer(found.sentence, span_of(found) | facts_of(found))


def is_asked_backwards(rule: Rule, told: Mapping[str, str]) -> bool:
    """Whether the last day of a notice is asked for, of a rule that says how long after it the examination may be."""
    is_after_notice = rule.anchor in NOTICE_ANCHORS and rule.direction in EARLIEST_AFTER
    return is_after_notice and NEEDS_EXAM in told and rule.anchor not in told


def span_of(found: Explained) -> dict[str, Any]:
    """The date; of a span its two ends; where the end is open, both the first day as a date and the span."""
    if not found.is_span:
        return {"date": found.date.isoformat()}
    span = {"from": found.date.isoformat(), "until": found.until and found.until.isoformat()}
    return span if found.until else {"date": found.date.isoformat()} | span


def facts_of(found: Explained) -> dict[str, Any]:
    return {
        "rule": found.rule_id,
        "figure": found.figure,
        "unit": found.unit,
        "anchor": found.anchor,
        "citation": found.citation,
        "confidence": found.confidence,
        "checked_on": found.checked_on.isoformat(),
        "reasons": list(found.reasons),
    }


def extension(pack: RulePack, rule: Rule, told: Mapping[str, str]) -> int:
    """The days that the way of service adds, by the kind's own rule; only where the count runs after an event."""
    way = told.get("served", OTHERWISE)
    if way not in (*SERVED, OTHERWISE):
        raise Unanswerable(f"served is {', '.join(SERVED)} or {OTHERWISE}.")
    if way == OTHERWISE or rule.gate == "service":
        return 0
    speaking = [each for each in pack.at(rule.exam, "service") if each.is_countable]
    if not speaking:
        raise Unanswerable(f"No rule of {rule.exam} gives more time for service by mail.")
    return days_for(speaking[0], way) if rule.direction == "after" else 0


def days_for(rule: Rule, way: str) -> int:
    """The days that a rule of service adds for a way of SERVED. Raises Unanswerable where it does not speak of it."""
    days = rule.served.get(way) or (rule.figure if way == "mail" else 0)
    if not days:
        raise Unanswerable(f"{rule.id} says nothing of service {SERVED[way]}.")
    return days


def served_rule(rule: Rule, told: Mapping[str, str]) -> Rule:
    """A rule of service itself, asked for one way: with the days of that way as its figure."""
    way = told.get("served", OTHERWISE)
    return replace(rule, n=days_for(rule, way)) if rule.gate == "service" and way in SERVED else rule


def of_distance(rule: Rule, kind: ExamKind, told: Mapping[str, str], place_of: PlaceOf) -> Answer:
    missing = [name for name in ("from_zip", "to_zip") if not told.get(name)]
    if missing:
        raise Unanswerable(f"{rule.id} is about a distance: say {missing[0]}=90012.")
    ends = {name: place_of(told[name]) for name in ("from_zip", "to_zip")}
    for name, found in ends.items():
        if found is None:
            raise Unanswerable(f"The ZIP code {told[name]} is not known.")
    one, other = ends["from_zip"], ends["to_zip"]
    assert one and other
    miles = miles_between(one, other)
    allowed = is_near(rule, miles)
    reasons = [
        f"{how_far(rule, miles).capitalize()}; the limit is {rule.figure} {rule.unit}.",
        *source_of(rule, kind),
    ]
    sentence = " ".join(["Allowed:" if allowed else "Too far:", *reasons])
    return Answer(sentence, {"allowed": allowed, "miles": round(miles, 1)} | facts_of_rule(rule, reasons))


def of_frequency(pack: RulePack, rule: Rule, kind: ExamKind, told: Mapping[str, str]) -> Answer:
    if NEEDS_EXAM not in told:
        raise Unanswerable(
            f"{rule.id} counts examinations: say exam=2026-03-02 and previous=2026-01-05,2026-02-01."
        )
    earlier = [Exam(day_in(each)) for each in told.get("previous", "").split(",") if each]
    found: Frequency = frequency(rule, kind, Exam(day_in(told[NEEDS_EXAM])), earlier, pack.of(kind.code))
    reasons = [found.sentence, *source_of(rule, kind)]
    sentence = " ".join(["Allowed:" if found.allowed else "Not yet:", *reasons])
    plain = {
        "allowed": found.allowed,
        "counted": found.counted,
        "next_on": found.next_on and found.next_on.isoformat(),
    }
    return Answer(sentence, plain | facts_of_rule(rule, reasons))


def facts_of_rule(rule: Rule, reasons: list[str]) -> dict[str, Any]:
    return {
        "rule": rule.id,
        "figure": rule.figure,
        "unit": rule.unit,
        "citation": rule.citation,
        "confidence": rule.confidence,
        "checked_on": rule.checked_on.isoformat(),
        "reasons": reasons,
    }


def day_in(typed: str) -> date:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        raise Unanswerable(f"{typed!r} is not a date. Write it like 2026-03-02.") from None


def moment_in(typed: str, time_zone: str) -> datetime:
    try:
        moment = datetime.fromisoformat(typed)
    except ValueError:
        raise Unanswerable(f"{typed!r} is not a moment. Write it like 2026-03-02T17:30.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(time_zone))
