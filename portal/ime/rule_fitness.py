"""Whether a rule that somebody brings can speak where it stands: what the gates and the dates can use of its figure.

A rule that cannot would be kept and never heard, and a house default would take its place unseen. What is in force or
kept on a case already is not asked, so that it can always be read."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from portal import written
from portal.ime.anchors import ANCHORS
from portal.ime.counting import COUNTED_DIRECTIONS, COUNTED_UNITS, DIRECTIONS, EARLIEST_AFTER, LATEST_BEFORE
from portal.ime.frequency import AS_ONE
from portal.ime.rule_pack import GATES, UNITS, UNVERIFIED, Rule, RuleFileError
from portal.ime.rules import EXAM_ANCHORS, NOTICE_ANCHORS

# On which side of its event a figure lies, as the form says it.
WAYS = {
    "after": "at the latest so long after",
    "before": "at the latest so long before",
    "before_min": "at least so long before",
    "after_min": "not sooner than so long after",
    "not_before": "not before so long after",
    "window": "between two figures after",
    "same_day": "on the same day as",
    "alert": "an alert so long after",
    "max_distance": "at most so far from",
    "max_drive": "a drive of at most so long from",
    "max_count": "at most so many per",
}
assert WAYS.keys() == DIRECTIONS
ANY_EVENT = frozenset(ANCHORS)
MOST_NAMED = 6  # what fits is listed up to so many


@dataclass(frozen=True)
class Fit:
    """Which figures can be used at a gate: these directions, counted from these events, in these units."""

    directions: Collection[str]
    anchors: Collection[str] = ANY_EVENT
    units: Collection[str] = frozenset(COUNTED_UNITS)


BEFORE_EXAM = (Fit(LATEST_BEFORE, EXAM_ANCHORS),)
CANCELLING = (Fit(LATEST_BEFORE, EXAM_ANCHORS, COUNTED_UNITS | {UNVERIFIED}),)
TO_READ = (Fit(COUNTED_DIRECTIONS, units=COUNTED_UNITS | {UNVERIFIED}),)
FITTING: dict[str, tuple[Fit, ...]] = {
    "notice": (Fit(LATEST_BEFORE, EXAM_ANCHORS), Fit(EARLIEST_AFTER, NOTICE_ANCHORS)),
    "window": (Fit({"after", *EARLIEST_AFTER}, ANY_EVENT - EXAM_ANCHORS),),
    "distance": (Fit({"max_distance", "max_drive"}, {"residence"}, UNITS),),
    "frequency": (
        Fit({"max_count"}, units=UNITS),
        Fit(EARLIEST_AFTER),
        Fit({"after"}, {AS_ONE}, {"hours"}),
    ),
    "records": (Fit(LATEST_BEFORE, {"exam", "information_provided_to_evaluator"}),),
    "travel_first": BEFORE_EXAM,
    "copies": (Fit({"after", "same_day"}),),
    "telehealth": (),
    "companion": BEFORE_EXAM,
    "recording": BEFORE_EXAM,
    "interpreter": BEFORE_EXAM,
    "cancel_by_evaluator": CANCELLING,
    "cancel_by_claimant": CANCELLING,
    "requester": TO_READ,
    "report": (Fit({"after", "alert"}), Fit(LATEST_BEFORE, ANY_EVENT - EXAM_ANCHORS)),
    "addendum": (Fit({"after"}, {"supplemental_request"}),),
    "qualification": TO_READ,
    "service": (Fit({"after"}, {"service_by_mail", "service_not_personal"}, {"calendar days"}),),
}
assert FITTING.keys() == GATES.keys()


def refuse_unfit(rule: Rule, today: date, before: Rule | None = None) -> None:
    """Refuse a rule that could never be heard where it stands, has nothing to count, or was checked on a day to come;
    `before` is the rule as it last stood, whose day is not asked again. Raises `RuleFileError` with the field."""
    if rule.n is not None:
        _refuse_nothing(rule)
        if rule.gate:
            _refuse_unheard(rule, rule.gate)
    is_same_day = before is not None and before.checked_on == rule.checked_on
    if rule.checked_on > today and not is_same_day:
        raise _fault(
            rule,
            f"cannot have been checked on {written.day(rule.checked_on)}: that day is still to come",
            "checked_on",
        )


def _refuse_nothing(rule: Rule) -> None:
    if rule.figure == 0 and rule.direction != "same_day":
        raise _fault(rule, f'needs a figure above zero: 0 is only for "{WAYS["same_day"]}"', "n")


def _refuse_unheard(rule: Rule, gate: str) -> None:
    """The first of direction, event and unit that nothing at the gate can use."""
    fitting, place = FITTING[gate], f'at "{GATES[gate]}"'
    way = f'"{WAYS[str(rule.direction)]}"'
    if not fitting:
        raise _fault(rule, f"has a figure that nothing {place} can use: leave the figure out", "n")
    same_way = [each for each in fitting if rule.direction in each.directions]
    if not same_way:
        ways = [f'"{WAYS[each]}"' for each in WAYS if any(each in fit.directions for fit in fitting)]
        raise _fault(rule, f"cannot be {way} {place}" + _only("it is", ways), "direction")
    same_event = [each for each in same_way if rule.anchor in each.anchors]
    if not same_event:
        events = sorted(event_in_words(each) for fit in same_way for each in fit.anchors)
        said = f"cannot be {way} {ANCHORS[str(rule.anchor)]} {place}"
        raise _fault(rule, said + _only("it counts from", events), "anchor")
    if not any(rule.unit in each.units for each in same_event):
        units = sorted({each for fit in same_event for each in fit.units})
        raise _fault(rule, f"cannot count in {rule.unit} {place}" + _only("it counts in", units), "unit")


def event_in_words(anchor: str) -> str:
    """An event as the form names it: several words of the file are the same in ours, so the file's own stands beside."""
    return f"{ANCHORS[anchor]} ({anchor.replace('_', ' ')})"


def _only(it: str, fitting: list[str]) -> str:
    """What fits instead, where that is short enough to say."""
    if len(fitting) > MOST_NAMED:
        return ""
    *others, last = fitting
    return f": there {it} {', '.join(others)}{' or ' if others else ''}{last}"


def _fault(rule: Rule, fault: str, field: str) -> RuleFileError:
    return RuleFileError(f"Rule {rule.id} {fault}.", field)
