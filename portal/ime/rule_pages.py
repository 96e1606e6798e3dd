"""The rules as people read them: by jurisdiction, kind and topic, and what a change of one says."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from typing import Any

from portal.ime.explanation import anchor_in_words
from portal.ime.rule_pack import EFFECTS, GATES, HOUSE, ExamKind, Rule, RulePack
from portal.ime.rules import exam_kinds

SURE = {
    "V": ("Text read", "done"),
    "V*": ("Old or restated copy", "soon"),
    "S": ("Second-hand", "soon"),
    "U": ("Uncertain", "plain"),
    HOUSE: ("House default", "info"),
}
SIDES = {
    "after": "at the latest {n} after {event}",
    "before": "at the latest {n} before {event}",
    "before_min": "at least {n} before {event}",
    "after_min": "not sooner than {n} after {event}",
    "not_before": "not before {n} after {event}",
    "alert": "an alert {n} after {event}",
    "same_day": "on the same day as {event}",
    "max_distance": "at most {n} from home",
    "max_drive": "a drive of at most {n} from home",
    "max_count": "at most {n} per {event}",
}
# What a change of a rule shows word for word, in the order of the form.
TOLD = {
    "name": "Name",
    "rule": "What it says",
    "topic": "Topic",
    "gate": "Where the portal asks for it",
    "n": "Figure",
    "unit": "Unit",
    "direction": "Direction",
    "anchor": "Counted from",
    "effect": "What it does",
    "actor": "Who must act",
    "recipients": "Who gets a copy",
    "citation": "Citation",
    "url": "Web address",
    "confidence": "How well it is known",
    "checked_on": "Checked on",
}


@dataclass(frozen=True)
class Jurisdiction:
    """A state or the federal level, with its kinds of examination."""

    code: str
    name: str
    kinds: tuple[ExamKind, ...]


def jurisdictions() -> list[Jurisdiction]:
    """Every jurisdiction by name, the federal level first."""
    by_code: dict[str, list[ExamKind]] = {}
    for kind in exam_kinds().values():
        by_code.setdefault(kind.jurisdiction, []).append(kind)
    every = [Jurisdiction(code, kinds[0].jurisdiction_name, tuple(kinds)) for code, kinds in by_code.items()]
    return sorted(every, key=lambda each: (each.code != "US", each.name))


def jurisdiction(code: str) -> Jurisdiction | None:
    return next((each for each in jurisdictions() if each.code == code), None)


def by_topic(rules: Iterable[Rule]) -> list[tuple[str, list[Rule]]]:
    """The rules of a kind in groups of one topic, in the order of the trade's journey."""
    order = list(GATES)

    def place(rule: Rule) -> tuple[int, str]:
        return (order.index(rule.gate) if rule.gate in order else len(order), rule.topic)

    ordered = sorted(rules, key=place)
    return [(title_of(group), group) for _, found in groupby(ordered, key=place) if (group := list(found))]


def title_of(group: list[Rule]) -> str:
    gate = group[0].gate
    return GATES[gate] if gate else group[0].topic[:1].upper() + group[0].topic[1:]


def figure(rule: Rule) -> str:
    """30 calendar days, as the rule counts it: "at the latest 30 calendar days after the examination"; empty without."""
    if rule.n is None:
        return ""
    event = anchor_in_words(rule)
    if isinstance(rule.n, tuple):
        return f"between {rule.n[0]} and {rule.n[1]} {rule.unit} after {event}"
    said = SIDES[str(rule.direction)]
    return said.replace("{n}", f"{rule.n} {rule.unit}").replace("{event}", event)


def sister_rules(pack: RulePack, rule: Rule) -> list[Rule]:
    """The other rules of the same kind that speak at the same place."""
    return [
        each for each in pack.of(rule.exam) if rule.gate and each.gate == rule.gate and each.id != rule.id
    ]


# --- finding a rule ---------------------------------------------------------------------------------------------

MOST_FOUND = 100


def matching(pack: RulePack, words: str = "", gate: str = "") -> list[Rule]:
    """The rules that speak at a gate and hold each of the words, in the order of the jurisdictions."""
    sought = words.casefold().split()
    places = {each.code: number for number, each in enumerate(jurisdictions())}
    found = [
        rule
        for rule in pack.rules
        if (not gate or rule.gate == gate) and all(word in text_of(pack, rule) for word in sought)
    ]
    return sorted(found, key=lambda rule: places[rule.jurisdiction])


def text_of(pack: RulePack, rule: Rule) -> str:
    kind = pack.exam_kinds[rule.exam]
    gate = GATES.get(rule.gate or "", "")
    parts = (
        rule.id,
        rule.name,
        rule.topic,
        gate,
        rule.rule,
        rule.citation,
        kind.name,
        kind.jurisdiction_name,
    )
    return " ".join(parts).casefold()


def place_in_words(gate: str | None) -> str:
    """Where the portal asks for a rule."""
    return GATES[gate] if gate else "Nowhere: it is read by people alone"


# --- what a change says -----------------------------------------------------------------------------------------

Part = tuple[str, str]  # "same", "gone" or "new", and the words
MOST_COMPARED = 600  # words; longer texts are shown whole, for comparing takes with the square of them
LIKE = 0.4  # texts less alike than this are shown whole, one after the other


def differences(before: dict[str, Any] | None, after: dict[str, Any] | None) -> list[tuple[str, list[Part]]]:
    """What a change changed: the name of each part, and its words, marked where they went or came."""
    if before is None or after is None:
        return []
    return [
        (title, word_by_word(in_words(part, before.get(part)), in_words(part, after.get(part))))
        for part, title in TOLD.items()
        if before.get(part) != after.get(part)
    ]


def word_by_word(before: str, after: str) -> list[Part]:
    """Two texts as one, with the words that went before those that came for them."""
    old, new = (re.findall(r"\s*\S+", text) for text in (before, after))
    if max(len(old), len(new)) > MOST_COMPARED:
        return [("gone", before), ("new", after)]
    compared = SequenceMatcher(None, old, new, autojunk=False)
    if compared.ratio() < LIKE:
        return [("gone", before), ("new", after)]
    parts = []
    for tag, i, j, k, m in compared.get_opcodes():
        if tag == "equal":
            parts.append(("same", "".join(old[i:j])))
        else:
            parts += [("gone", "".join(old[i:j])), ("new", "".join(new[k:m]))]
    return [(tag, words) for tag, words in parts if words]


def in_words(part: str, value: Any) -> str:
    """What a part of a rule says; a place and an effect in the words of the form."""
    if part == "gate":
        return place_in_words(value)
    if value is None or value == []:
        return "none"
    if part == "effect":
        return EFFECTS[value]
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
