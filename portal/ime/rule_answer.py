"""One rule asked by name: what it gives for the days, places or examinations that are told, with its reasons."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from portal import written
from portal.ime.calendar import zone_in_words
from portal.ime.counting import EARLIEST_AFTER, HOURS_ROLL, LATEST_BEFORE, is_working_day, received_on
from portal.ime.explanation import Explained, anchor_in_words, explain, figure_of, source_of
from portal.ime.frequency import Exam, Frequency, frequency
from portal.ime.gates import how_far, is_near
from portal.ime.places import Place, miles_between
from portal.ime.rule_pack import SERVED, UNVERIFIED, ExamKind, Rule, RulePack
from portal.ime.rules import EXAM_ANCHORS, NOTICE_ANCHORS

OTHERWISE = "other"  # served in a way that adds no days
NEEDS_EXAM = "exam"
DISTANCES = {"max_distance", "max_drive"}
# What is held and nobody serves or receives, so that no way of service gives more time after it.
HELD = EXAM_ANCHORS | {"first_panel_exam", "hearing", "original_exam", "previous_exam", "previous_rme"}
NO_MORE_TIME = "The way of service adds no days here, only to a time in which to act after it."
PlaceOf = Callable[[str], Place | None]


class Unanswerable(Exception):
    """The question cannot be answered as it was put; the message says in a sentence what is missing or wrong."""


@dataclass(frozen=True)
class Answer:
    """What a rule gives: `plain` as JSON, `sentence` for people."""

    sentence: str
    plain: dict[str, Any]


def answer(pack: RulePack, rule: Rule, told: Mapping[str, str], place_of: PlaceOf) -> Answer:
    """The answer of a rule to what is told as `name=value`: days as 2026-03-02 (`exam`, or the rule's own anchor), of a
    rule in hours also moments as 2026-03-02T09:00; `from_zip` and `to_zip`; `previous` as days or moments with commas;
    `received` as a moment; `served` as mail, out-of-state, abroad or other. A moment without an offset is by the clock of
    the jurisdiction.

    Raises Unanswerable."""
    kind = pack.exam_kinds.get(rule.exam)
    if kind is None:
        raise Unanswerable(f"{rule.id} holds for every kind of examination: ask a rule of one kind.")
    if rule.unit is None or rule.unit == UNVERIFIED:
        raise Unanswerable(f"{rule.id} gives no figure that can be counted. It says: {rule.rule}")
    refuse_unknown(rule, told)
    if rule.direction in DISTANCES:
        return of_distance(rule, kind, told, place_of)
    if rule.direction == "max_count" or "previous" in told:
        return of_frequency(pack, rule, kind, told)
    return of_date(pack, rule, kind, told)


def refuse_unknown(rule: Rule, told: Mapping[str, str]) -> None:
    """What the rule has no use for, and a second beginning, are refused rather than left out unseen."""
    if unknown := sorted(told.keys() - taken_by(rule)):
        raise Unanswerable(f"{unknown[0]} means nothing to {rule.id}. It counts from {anchor_of(rule)}.")
    if len(begin := beginnings(rule, told)) > 1:
        raise Unanswerable(
            f"{rule.id} counts from one beginning: say {' or '.join(begin)}, and leave the rest out."
        )


def taken_by(rule: Rule) -> set[str]:
    """The names of what a rule can be told."""
    if rule.direction in DISTANCES:
        return {"from_zip", "to_zip"}
    if rule.direction == "max_count":
        return {NEEDS_EXAM, "previous"}
    if rule.gate == "frequency" and rule.direction in EARLIEST_AFTER:
        return {NEEDS_EXAM, "previous", str(rule.anchor)}
    return {NEEDS_EXAM, str(rule.anchor), "received", "served"}


def beginnings(rule: Rule, told: Mapping[str, str]) -> list[str]:
    """The names that are told of what the rule could count from."""
    anchor = str(rule.anchor)
    names = ("previous", anchor) if "previous" in told else (NEEDS_EXAM, anchor, "received")
    return [name for name in dict.fromkeys(names) if name in told]


def anchor_of(rule: Rule) -> str:
    return "exam" if rule.anchor in EXAM_ANCHORS else str(rule.anchor)


def of_date(pack: RulePack, rule: Rule, kind: ExamKind, told: Mapping[str, str]) -> Answer:
    way = "before" if is_asked_backwards(rule, told) else ""
    extra, first = extension(pack, rule, told)
    rule = served_rule(rule, told)
    try:
        begin, came = beginning(rule, kind, told, way)
        if isinstance(begin, datetime):
            return of_moment(rule, kind, begin, way)
        found = explain(rule, kind, begin, direction=way, extra=extra, first=(*came, *first))
    except (ValueError, OverflowError):
        raise Unanswerable(f"{rule.id} gives no day from {told[beginnings(rule, told)[0]]}.") from None
    return Answer(found.sentence, span_of(found) | facts_of(found))


def beginning(
    rule: Rule, kind: ExamKind, told: Mapping[str, str], way: str
) -> tuple[date | datetime, tuple[str, ...]]:
    """From what a rule counts: a day, or of a rule in hours a moment, and what there is to say of it."""
    if "received" in told:
        moment = moment_in(told["received"], kind.time_zone)
        came = received_on(moment, kind.time_zone, kind.jurisdiction)
        is_exact = rule.unit == "hours" and not came.reasons
        return (exact_in(told["received"], kind.time_zone) if is_exact else came.date), came.reasons
    names = (NEEDS_EXAM,) if way else (str(rule.anchor), anchor_of(rule))
    name = next((each for each in names if each in told), "")
    if not name:
        raise Unanswerable(f"Say from which day {rule.id} counts: {anchor_of(rule)}=2026-03-02.")
    if is_day(told[name]):
        return day_in(told[name]), ()
    if rule.unit == "hours":
        return exact_in(told[name], kind.time_zone), ()
    if is_moment(told[name]):
        raise Unanswerable(f"{rule.id} counts in {rule.unit}: say a day alone, like {name}=2026-03-02.")
    return day_in(told[name]), ()


def of_moment(rule: Rule, kind: ExamKind, begin: datetime, way: str) -> Answer:
    """Hours counted as they pass, from a moment by the clock of the jurisdiction and to one."""
    way = way or str(rule.direction)
    near = hours_from(begin, rule.figure, way, kind)
    far = hours_from(begin, rule.n[1], way, kind) if way == "window" and isinstance(rule.n, tuple) else None
    side = "From" if way in EARLIEST_AFTER else "By"
    claim = f"{side} {moment_in_words(near)}" + (f" until {moment_in_words(far)}" if far else "")
    reasons = [
        f"{figure_of(rule, way, begin.date())} at {written.clock_face(begin)}.",
        *source_of(rule, kind),
    ]
    plain: dict[str, Any] = {"date": near.date().isoformat(), "moment": near.isoformat()}
    if far:
        plain = {"from": near.date().isoformat(), "until": far.date().isoformat()}
        plain |= {"moment": near.isoformat(), "until_moment": far.isoformat()}
    elif way in EARLIEST_AFTER:
        plain |= {"from": near.date().isoformat(), "until": None}
    return Answer(
        " ".join([f"{claim}: {reasons[0]}", *reasons[1:]]),
        plain | facts_of_rule(rule, reasons) | {"anchor": str(rule.anchor)},
    )


def hours_from(begin: datetime, hours: int, way: str, kind: ExamKind) -> datetime:
    """The moment so many hours away; where the law says so, one on a closed day runs on to the same time of an open one."""
    step = -1 if way in LATEST_BEFORE else 1
    passed = timedelta() if way == "same_day" else timedelta(hours=hours * step)
    end = (begin.astimezone(UTC) + passed).astimezone(begin.tzinfo)
    is_running_on = kind.jurisdiction in HOURS_ROLL and (way in LATEST_BEFORE or way == "after")
    while is_running_on and not is_working_day(end.date(), kind.jurisdiction):
        end += timedelta(days=step)
    return end


def moment_in_words(moment: datetime) -> str:
    """9:00 am Central time on May 14, 2026"""
    return f"{written.clock_face(moment)} {zone_in_words(moment)} on {written.day(moment.date())}"


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


def extension(pack: RulePack, rule: Rule, told: Mapping[str, str]) -> tuple[int, tuple[str, ...]]:
    """The days that the way of service adds, by the kind's own rule, and what there is to say of it: only where the
    count runs after what was served or received."""
    way = told.get("served", OTHERWISE)
    if way not in (*SERVED, OTHERWISE):
        raise Unanswerable(f"served is {', '.join(SERVED)} or {OTHERWISE}.")
    held = "the examination" if NEEDS_EXAM in told else anchor_in_words(rule)
    needless = "received" if "received" in told else "served" if way != OTHERWISE else ""
    if needless and (rule.anchor in HELD or NEEDS_EXAM in told):
        raise Unanswerable(
            f"{rule.id} is counted from {held}, which nobody serves or receives: leave {needless} out."
        )
    if way == OTHERWISE or rule.gate == "service":
        return 0, ()
    speaking = [each for each in pack.at(rule.exam, "service") if each.is_countable]
    if not speaking:
        raise Unanswerable(f"No rule of {rule.exam} gives more time for service {SERVED[way]}.")
    days = days_for(speaking[0], way)
    return (days, ()) if rule.direction == "after" else (0, (NO_MORE_TIME,))


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
    earlier = [exam_in(each, kind) for each in told.get("previous", "").split(",") if each]
    exam, rules = exam_in(told[NEEDS_EXAM], kind), pack.of(kind.code)
    try:
        found: Frequency = frequency(rule, kind, exam, sorted(earlier, key=in_time), rules)
    except (ValueError, OverflowError):
        raise Unanswerable(f"{rule.id} gives no day from {told[NEEDS_EXAM]}.") from None
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


def exam_in(typed: str, kind: ExamKind) -> Exam:
    """An examination told by its day, or by its moment, which may be in the panel of another."""
    if is_day(typed) or not is_moment(typed):
        return Exam(day_in(typed))
    moment = exact_in(typed, kind.time_zone)
    return Exam(moment.date(), moment.astimezone(UTC))


def in_time(exam: Exam) -> tuple[date, datetime]:
    """By day, and within a day by what is known of the moment."""
    return exam.on, exam.at or datetime.min.replace(tzinfo=UTC)


def is_day(typed: str) -> bool:
    try:
        return bool(date.fromisoformat(typed))
    except ValueError:
        return False


def is_moment(typed: str) -> bool:
    try:
        return bool(datetime.fromisoformat(typed))
    except ValueError:
        return False


def day_in(typed: str) -> date:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        raise Unanswerable(f"{typed!r} is not a date. Write it like 2026-03-02.") from None


def moment_in(typed: str, time_zone: str) -> datetime:
    """A moment by the clock of a time zone, by which it is read where it has no offset."""
    try:
        moment, zone = datetime.fromisoformat(typed), ZoneInfo(time_zone)
        return moment.astimezone(zone) if moment.tzinfo else moment.replace(tzinfo=zone)
    except (ValueError, OverflowError):
        raise Unanswerable(f"{typed!r} is not a moment. Write it like 2026-03-02T17:30.") from None


def exact_in(typed: str, time_zone: str) -> datetime:
    """A moment from which hours are counted: one that the clocks show twice, or skip, needs its offset."""
    moment = moment_in(typed, time_zone)
    is_turning = moment.utcoffset() != moment.replace(fold=not moment.fold).utcoffset()
    if is_turning and datetime.fromisoformat(typed).tzinfo is None:
        raise Unanswerable(
            f"The clocks change at {typed!r}, so it is there twice or not at all: add the offset, like {typed}-05:00."
        )
    return moment
