"""The facts of a rule file or of a case's snapshot: their shape, and a reading that refuses a faulty one."""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from portal.ime.anchors import ANCHORS
from portal.ime.counting import COUNTED_DIRECTIONS, COUNTED_UNITS, DIRECTIONS
from portal.words import Party
from portal.written import readable

SCHEMA = "impartial-rules/2"
HOUSE = "house"
EVERY_KIND = "*"  # the exam kind of a house default
FEDERAL = "US"  # and its jurisdiction
CONFIDENCE = ("V", "V*", "S", "U", HOUSE)
UNVERIFIED = "days (kind unverified)"
UNITS = COUNTED_UNITS | {"miles", "exams", UNVERIFIED}
LIMITS = {"max_distance": {"miles"}, "max_drive": {"hours"}, "max_count": {"exams"}}  # the units of a limit
LONGEST = {"miles": 500, "exams": 12, "hours": 96, "months": 60}  # a figure beyond it is a slip; days: 400
LONGEST_DAYS = 400

# Where the portal asks for a rule. A rule without one of them is read by people alone.
GATES = {
    "notice": "Notice before the examination",
    "window": "When the examination must be held",
    "distance": "How far the claimant may be sent",
    "frequency": "How often the claimant may be examined",
    "records": "Records before the examination",
    "travel_first": "Travel money before or with the notice",
    "copies": "Who gets a copy of the report",
    "telehealth": "Examination by video",
    "companion": "Who may come along",
    "recording": "Recording the examination",
    "interpreter": "Interpreter",
    "cancel_by_evaluator": "How late the expert may cancel",
    "cancel_by_claimant": "How late the claimant may cancel",
    "requester": "Who may ask for the examination",
    "report": "When the report is due",
    "addendum": "When the addendum is due",
    "qualification": "Who may examine",
    "service": "More time where something was served by mail",
}

# What a rule does beyond its figure: where somebody wishes for something, or the examination is by video, it says one.
EFFECTS = {
    "allows": "Allows it",
    "requires": "Requires it, or something for it",
    "forbids": "Forbids it",
    "notes": "Is good to know",
    "depends": "Holds under a condition that a person must check",
    "replaces": "Takes the place of the notice where a time was set before",
}
NEEDS_EFFECT = {"telehealth", "companion", "recording", "interpreter"}

# How something may be served by other than personal means, for the rules at the gate "service".
SERVED = {
    "mail": "by mail",
    "out-of-state": "by mail to another state",
    "abroad": "by mail to another country",
}
LONGEST_SERVICE = 60
OPTIONAL = {"effect", "served"}  # a rule file may leave them out

ID = re.compile(r"[A-Z0-9]+(-[A-Z0-9]+)+")
# How many characters the words of a rule may have, in a file as in the form.
LONGEST_TEXT = {
    "id": 40,
    "name": 60,
    "rule": 2_000,
    "topic": 60,
    "actor": 60,
    "citation": 200,
    "url": 2_000,
    "exam": 40,
    "jurisdiction": 40,
}
ADDRESS = re.compile(r"https?://[^\s\"<>]+")
LONGEST_FAULT = 300
UNPRINTABLE = {"Cc", "Cs"}  # Unicode's control characters and halves of characters


class RuleFileError(Exception):
    """The rule file cannot be used; the message names the rule and what is wrong with it, `field` the part of it."""

    def __init__(self, sentence: str, field: str = "") -> None:
        super().__init__(fit_to_show(sentence))
        self.field = field


def fit_to_show(sentence: str) -> str:
    """A sentence that quotes a file, cut short and without what no page can show."""
    plain = "".join("?" if unicodedata.category(each) in UNPRINTABLE else each for each in sentence[:1000])
    return plain if len(plain) <= LONGEST_FAULT else f"{plain[:LONGEST_FAULT]}…."


@dataclass(frozen=True)
class ExamKind:
    """A kind of examination in one jurisdiction; deadlines are told in its first time zone."""

    code: str
    name: str
    jurisdiction: str
    jurisdiction_name: str
    line: str
    authority: str
    time_zones: tuple[str, ...]
    checked_on: date
    note: str | None
    not_found: tuple[str, ...]

    @property
    def time_zone(self) -> str:
        return self.time_zones[0]


@dataclass(frozen=True)
class Rule:
    """One rule fact; with a figure it has anchor, direction, n and unit, without one it has none of them."""

    id: str
    exam: str
    jurisdiction: str
    topic: str
    name: str
    rule: str
    actor: str | None
    anchor: str | None
    direction: str | None
    n: int | tuple[int, int] | None
    unit: str | None
    citation: str
    url: str
    confidence: str
    checked_on: date
    gate: str | None = None
    recipients: tuple[str, ...] = ()  # who gets the report, as parties; a board or agency is a recipient
    effect: str | None = None  # one of EFFECTS
    served: Mapping[str, int] = field(default_factory=dict, hash=False)  # the days that a way of SERVED adds

    @property
    def figure(self) -> int:
        """The number to count; of a window, its nearer edge. 0 where the rule has none."""
        return (self.n[0] if isinstance(self.n, tuple) else self.n) or 0

    @property
    def is_countable(self) -> bool:
        """Whether a date may come from it: a figure in days or months, and not an uncertain reading."""
        is_of_days = self.unit in COUNTED_UNITS and self.direction in COUNTED_DIRECTIONS
        return is_of_days and self.confidence != "U"


@dataclass(frozen=True)
class RulePack:
    """Examination kinds, their rules and the house defaults, read from one file or one snapshot."""

    exam_kinds: Mapping[str, ExamKind]
    rules: tuple[Rule, ...]
    house_defaults: tuple[Rule, ...]

    def of(self, code: str) -> list[Rule]:
        return [rule for rule in self.rules if rule.exam == code]

    def at(self, code: str, gate: str) -> list[Rule]:
        """The rules of a kind that speak at one of the GATES."""
        return [rule for rule in self.of(code) if rule.gate == gate]

    def named(self, rule_id: str) -> Rule | None:
        every = (*self.rules, *self.house_defaults)
        return next((rule for rule in every if rule.id == rule_id), None)


def read_brought(text: str) -> RulePack:
    """Read and check the text of a rule file that somebody brings: as `read_rules`, and nothing is said twice."""
    return read_rules(text, _said_once)


def read_rules(text: str, as_object: Callable[[Any], Any] | None = None) -> RulePack:
    """Read and check the text of a rule file. Raises `RuleFileError` naming the first fault."""
    try:
        return read_facts(json.loads(text, object_pairs_hook=as_object))
    except json.JSONDecodeError as fault:
        raise RuleFileError(f"The rule file is not JSON: {fault.msg} on line {fault.lineno}.") from fault
    except RecursionError as fault:
        raise RuleFileError("The rule file is nested too deep to be read.") from fault
    except ValueError as fault:
        raise RuleFileError("The rule file has a number too long to be read.") from fault


def _said_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of a rule file; of two values for one key JSON would take the last unseen."""
    told = dict(pairs)
    where = f"Rule {told['id']}" if "id" in told else "The rule file"
    for key, times in Counter(key for key, _ in pairs).items():
        _insist(times == 1, where, f"says {key!r} twice")
    return told


def read_facts(facts: Any) -> RulePack:
    """Read and check a parsed rule file or snapshot. Raises `RuleFileError` naming the first fault."""
    _insist(
        isinstance(facts, Mapping), "The rule file", "must be one JSON object, like the file you can download"
    )
    _insist(facts.get("schema") == SCHEMA, "The rule file", f"must say schema {SCHEMA}")
    for part, shape in (("exam_kinds", Mapping), ("rules", list), ("house_defaults", list)):
        _insist(isinstance(facts.get(part), shape), "The rule file", f"must have {part}")
    kinds = {code: _read_kind(code, data) for code, data in facts["exam_kinds"].items()}
    rules = tuple(_read_rule(data, kinds) for data in facts["rules"])
    defaults = tuple(_read_rule(data, None) for data in facts["house_defaults"])
    _insist_unique(each.id for each in (*rules, *defaults))
    return RulePack(MappingProxyType(kinds), rules, defaults)


def overlaid(pack: RulePack, changes: Mapping[str, Any]) -> RulePack:
    """The pack with rules changed, added, or (where the facts are None) switched off. Raises `RuleFileError`."""
    read = {name: _changed(pack, name, facts) for name, facts in changes.items() if facts is not None}
    stay = [each for each in (*pack.rules, *pack.house_defaults) if changes.get(each.id, each) is not None]
    now = {each.id: each for each in stay} | read
    rules = tuple(each for each in now.values() if each.exam != EVERY_KIND)
    return RulePack(pack.exam_kinds, rules, tuple(each for each in now.values() if each.exam == EVERY_KIND))


def _changed(pack: RulePack, name: str, facts: Any) -> Rule:
    rule = read_rule(pack, facts)
    _insist(rule.id == name, f"Rule {name}", "must keep its id")
    return rule


def read_rule(pack: RulePack, facts: Any) -> Rule:
    """One rule of the pack's kinds, or a house default, checked. Raises `RuleFileError`."""
    is_house = isinstance(facts, Mapping) and facts.get("exam") == EVERY_KIND
    return _read_rule(facts, None if is_house else pack.exam_kinds)


def _read_kind(code: str, data: Any) -> ExamKind:
    where = f"Examination kind {code}"
    _insist_keys(where, data, {each.name for each in fields(ExamKind)} - {"code"})
    for key in ("name", "jurisdiction", "jurisdiction_name", "line", "authority"):
        _insist_text(where, data, key)
    for key in ("time_zones", "not_found"):
        _insist(isinstance(data[key], list), where, f"{key} must be a list")
    _insist(bool(data["time_zones"]), where, "needs a time zone")
    for zone in data["time_zones"]:
        _insist_zone(where, zone)
    lists = {"time_zones": tuple(data["time_zones"]), "not_found": tuple(data["not_found"])}
    return ExamKind(code=code, **{**data, **lists, "checked_on": _day(where, data["checked_on"])})


def _read_rule(data: Any, kinds: Mapping[str, ExamKind] | None) -> Rule:
    """One rule of the given kinds, or a house default where `kinds` is None."""
    where = f"Rule {str(data.get('id', '?'))[: LONGEST_TEXT['id']] if isinstance(data, Mapping) else '?'}"
    _insist_keys(where, data, {each.name for each in fields(Rule)}, OPTIONAL)
    for key in ("id", "exam", "jurisdiction", "topic", "name", "rule", "citation"):
        _insist_text(where, data, key)
    _insist(data["actor"] is None or isinstance(data["actor"], str), where, "actor must be a text or nothing")
    _insist(isinstance(data["url"], str), where, "url must be a text", "url")
    for key, longest in LONGEST_TEXT.items():
        _insist_fit(where, data[key] or "", key, longest)
    named = ID.fullmatch(data["id"]) is not None
    _insist(named, where, "needs an id of capital letters, figures and hyphens, like CA-QME-90", "id")
    if kinds is None:
        _insist(data["confidence"] == HOUSE, where, "is a house default and must say confidence house")
        everywhere = (data["exam"], data["jurisdiction"]) == (EVERY_KIND, FEDERAL)
        _insist(everywhere, where, f"is a house default and must be of exam {EVERY_KIND} and {FEDERAL}")
    else:
        _insist(_is_one_of(kinds, data["exam"]), where, f"names an unknown examination kind {data['exam']!r}")
        same = data["jurisdiction"] == kinds[data["exam"]].jurisdiction
        _insist(same, where, "must have the jurisdiction of its examination kind")
        sure = data["confidence"]
        _insist(sure in CONFIDENCE[:4], where, f"has an unknown confidence {sure!r}", "confidence")
        _insist(ADDRESS.fullmatch(data["url"]) is not None, where, "needs a web address", "url")
    _insist_figure(where, data)
    _insist_gate(where, data)
    n = tuple(data["n"]) if isinstance(data["n"], list) else data["n"]
    lists = {"n": n, "recipients": tuple(data["recipients"])}
    return Rule(**{**data, **lists, "checked_on": _day(where, data["checked_on"])})


def _insist_gate(where: str, data: Mapping[str, Any]) -> None:
    gate, recipients = data["gate"], data["recipients"]
    _insist(gate is None or _is_one_of(GATES, gate), where, f"has an unknown gate {gate!r}", "gate")
    _insist(isinstance(recipients, list), where, "recipients must be a list")
    for party in recipients:
        _insist(_is_one_of(set(Party), party), where, f"names an unknown recipient {party!r}")
    effect = data.get("effect")
    _insist(
        effect is None or _is_one_of(EFFECTS, effect), where, f"has an unknown effect {effect!r}", "effect"
    )
    _insist(
        gate not in NEEDS_EFFECT or effect is not None,
        where,
        f"must say its effect at {gate}: {', '.join(EFFECTS)}",
        "effect",
    )
    _insist_served(where, data.get("served", {}), gate)


def _insist_served(where: str, served: Any, gate: str | None) -> None:
    _insist(isinstance(served, Mapping), where, "must have the ways of service as an object")
    _insist(not served or gate == "service", where, "must not add days for service at another gate")
    for way, days in served.items():
        _insist(way in SERVED, where, f"has an unknown way of service {way!r}")
        sound = type(days) is int and 0 < days <= LONGEST_SERVICE
        _insist(sound, where, f"must add 1 to {LONGEST_SERVICE} days for service, not {days!r}")


def _insist_figure(where: str, data: Mapping[str, Any]) -> None:
    given = [data[key] is not None for key in ("anchor", "direction", "n", "unit")]
    _insist(
        all(given) or not any(given),
        where,
        "must have anchor, direction, n and unit together, or none of them",
        "n",
    )
    if not any(given):
        return
    _insist(
        _is_one_of(ANCHORS, data["anchor"]), where, f"counts from an unknown {data['anchor']!r}", "anchor"
    )
    way = data["direction"]
    _insist(_is_one_of(DIRECTIONS, way), where, f"has an unknown direction {way!r}", "direction")
    _insist(_is_one_of(UNITS, data["unit"]), where, f"has an unknown unit {data['unit']!r}", "unit")
    fitting = LIMITS.get(data["direction"], COUNTED_UNITS | {UNVERIFIED})
    _insist(data["unit"] in fitting, where, f"cannot count {data['unit']} as {data['direction']}", "unit")
    numbers = data["n"] if data["direction"] == "window" else [data["n"]]
    sound = (
        isinstance(numbers, list)
        and bool(numbers)
        and all(type(number) is int and number >= 0 for number in numbers)
    )
    _insist(sound, where, "needs a whole number as its figure (n), zero or more", "n")
    _insist(data["direction"] not in LIMITS or numbers[0] > 0, where, "must have a limit above zero", "n")
    longest = LONGEST.get(data["unit"], LONGEST_DAYS)
    _insist(max(numbers) <= longest, where, f"has a figure beyond {longest} {data['unit']}", "n")
    window = data["direction"] != "window" or (len(numbers) == 2 and numbers[0] < numbers[1])
    _insist(window, where, "must have a window of two numbers, the smaller first", "n")


def _is_one_of(vocabulary: Collection[str], word: Any) -> bool:
    return isinstance(word, str) and word in vocabulary


def _insist(sound: bool, where: str, fault: str, field: str = "") -> None:
    if not sound:
        raise RuleFileError(f"{where} {fault}.", field)


def _insist_keys(where: str, data: Any, keys: set[str], optional: Collection[str] = ()) -> None:
    _insist(isinstance(data, Mapping), where, "must be an object")
    lacking = keys - set(optional) - data.keys()
    _insist(not lacking, where, f"lacks {', '.join(sorted(lacking))}")
    _insist(not data.keys() - keys, where, f"has an unknown {', '.join(sorted(data.keys() - keys))}")


def _insist_text(where: str, data: Mapping[str, Any], key: str) -> None:
    _insist(isinstance(data[key], str) and bool(readable(data[key])), where, f"needs a text for {key}", key)


def _insist_fit(where: str, text: str, key: str, longest: int) -> None:
    """A text that a page, a form and a database can hold; new lines and tabs are its only control characters."""
    odd = any(
        unicodedata.category(each) in UNPRINTABLE and each not in "\n\r\t" for each in text[: longest + 1]
    )
    _insist(len(text) <= longest, where, f"has more than {longest} characters in {key}", key)
    _insist(not odd, where, f"has a character in {key} that cannot be printed", key)


def _insist_unique(ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for each in ids:
        _insist(each not in seen, f"Rule {each}", "is there twice")
        seen.add(each)


def _insist_zone(where: str, zone: Any) -> None:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        raise RuleFileError(f"{where} has an unknown time zone {zone!r}.") from None


def _day(where: str, text: Any) -> date:
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError):
        raise RuleFileError(
            f"{where} needs checked_on as a date like 2026-11-23, not {text!r}.", "checked_on"
        ) from None
