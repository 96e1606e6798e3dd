"""What the portal really does about a rule, in a word for a list and in a sentence for the rule's own page: whether its
gate can stop a step, warns at most, only tells, or gives a date."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from portal.ime.counting import EARLIEST_AFTER, LATEST_BEFORE
from portal.ime.frequency import AS_ONE
from portal.ime.gates import ASKED, ESTIMATED, FREE, BookingFacts, longest
from portal.ime.rule_pack import EVERY_KIND, LIMITS, UNVERIFIED, Rule, RulePack
from portal.ime.rules import ADDENDUM, HEARING, NOTICE, REPORT, Sought, best, fits
from portal.words import Party


@dataclass(frozen=True)
class Consequence:
    """The word on a list with its tone, and the sentence."""

    word: str
    tone: str
    sentence: str

    def saying(self, sentence: str) -> "Consequence":
        return replace(self, sentence=sentence)


BLOCKS = Consequence("Blocks", "late", "Stops the step, unless somebody overrides it with a reason.")
WARNS = Consequence("Warns", "soon", "Warns, and stops nothing.")
NOTE = Consequence("Note", "plain", "Is told as a note, and stops nothing.")
GIVES = Consequence(
    "Gives the date", "info", "Gives the date by which it is due, and stops nothing that is late."
)
ADDS = Consequence(
    "Adds days",
    "info",
    "Adds days to a time that begins with service, where a rule is asked by its number on the command line. It moves no date of a case.",
)
READ = NOTE.saying("Read by people alone: the portal does not ask for it.")
UNSEEN = NOTE.saying("Read by people alone: the portal works out no date from it.")
OUTDONE = NOTE.saying("Read by people alone: a rule that is known better speaks in its place.")
JOINS = NOTE.saying("Says which examinations count as one, and stops nothing by itself.")
OFF = Consequence("Switched off", "plain", "Switched off: it gives no date and stops nothing.")
COPIES = {
    BLOCKS: "Stops a report from going out without a copy to those it names, unless somebody overrides it with a reason.",
    WARNS: "Warns before a report goes out without a copy to those it names.",
    NOTE: "Is told as a note before a report goes out without a copy to those it names.",
}
KNOWN = BookingFacts(date.min, date.min).happened.keys()  # the events that a window can count from


def consequences(pack: RulePack, rule: Rule) -> list[Consequence]:
    """What a rule does among those in force: mostly one thing; a date for a report and who gets a copy of it are two."""
    if pack.named(rule.id) is None:
        return [OFF]
    copied = set(rule.recipients) - {Party.REFERRER.value} and rule.exam != EVERY_KIND
    if not copied:
        return [at_gate(pack, rule)]
    grave = by_confidence(rule)
    copies = grave.saying(COPIES[grave])
    return [copies] if rule.gate in (None, "copies") else [at_gate(pack, rule), copies]


def at_gate(pack: RulePack, rule: Rule) -> Consequence:
    asked = AT_GATE.get(rule.gate or "")
    return asked(pack, rule) if asked else READ


def by_confidence(rule: Rule) -> Consequence:
    return {"V": BLOCKS, "U": NOTE}.get(rule.confidence, WARNS)


def at_most_warns(rule: Rule) -> Consequence:
    return NOTE if rule.confidence == "U" else WARNS


# --- one gate each, as in `portal.ime.gates` ----------------------------------------------------------------------


def of_notice(pack: RulePack, rule: Rule) -> Consequence:
    return is_best(pack, rule, NOTICE) or by_confidence(rule)


def of_due(sought: Sought) -> Callable[[RulePack, Rule], Consequence]:
    return lambda pack, rule: is_best(pack, rule, sought) or GIVES


def is_best(pack: RulePack, rule: Rule, sought: Sought) -> Consequence | None:
    """None where the date that is sought may come from the rule; otherwise why not. A house default is for every kind
    that has nothing better."""
    events = frozenset({HEARING} if sought is REPORT and rule.anchor == HEARING else ())
    if not fits(rule, sought, events):
        return UNSEEN if rule.n is not None else READ
    return None if rule.exam == EVERY_KIND or rule in best(pack, rule.exam, sought, events) else OUTDONE


def of_window(pack: RulePack, rule: Rule) -> Consequence:
    anchor = str(rule.anchor)
    if not rule.is_countable or anchor not in KNOWN:
        return NOTE
    is_loose = anchor in ESTIMATED or rule.figure < longest(pack, pack.exam_kinds[rule.exam], anchor)
    return at_most_warns(rule) if is_loose else by_confidence(rule)


def of_distance(pack: RulePack, rule: Rule) -> Consequence:
    return by_confidence(rule) if rule.direction in LIMITS else NOTE


def of_frequency(pack: RulePack, rule: Rule) -> Consequence:
    if rule.unit is None:
        return NOTE
    if rule.direction in ("max_count", *EARLIEST_AFTER) and rule.unit != UNVERIFIED:
        return by_confidence(rule)
    return JOINS if rule.anchor == AS_ONE and rule.unit == "hours" else READ


def of_records(pack: RulePack, rule: Rule) -> Consequence:
    return by_confidence(rule) if rule.is_countable else READ


def of_travel(pack: RulePack, rule: Rule) -> Consequence:
    is_loose = rule.effect == "depends" and not rule.is_countable
    return at_most_warns(rule) if is_loose else by_confidence(rule)


def of_video(pack: RulePack, rule: Rule) -> Consequence:
    return NOTE if rule.effect in FREE else at_most_warns(rule)


def of_wish(pack: RulePack, rule: Rule) -> Consequence:
    has_last_day = rule.direction in LATEST_BEFORE and rule.is_countable
    if has_last_day or rule.effect == "forbids":
        return by_confidence(rule)
    return at_most_warns(rule) if rule.effect == "requires" else NOTE


def of_cancelling(pack: RulePack, rule: Rule) -> Consequence:
    return by_confidence(rule) if rule.direction in LATEST_BEFORE else READ


def of_intake(pack: RulePack, rule: Rule) -> Consequence:
    return READ if rule.confidence == "U" else NOTE


def of_service(pack: RulePack, rule: Rule) -> Consequence:
    return ADDS if rule.is_countable else READ


AT_GATE: dict[str, Callable[[RulePack, Rule], Consequence]] = {
    "notice": of_notice,
    "window": of_window,
    "distance": of_distance,
    "frequency": of_frequency,
    "records": of_records,
    "travel_first": of_travel,
    "telehealth": of_video,
    **dict.fromkeys(ASKED.values(), of_wish),
    "cancel_by_evaluator": of_cancelling,
    "cancel_by_claimant": of_cancelling,
    "requester": of_intake,
    "qualification": of_intake,
    "report": of_due(REPORT),
    "addendum": of_due(ADDENDUM),
    "service": of_service,
}
