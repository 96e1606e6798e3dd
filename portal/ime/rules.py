"""The rules of the jurisdictions: what is in force, and each date that comes from it with its reason."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from portal import written
from portal.clock import OFFICE_ZONE
from portal.ime.counting import EARLIEST_AFTER, LATEST_BEFORE, count, is_working_day
from portal.ime.explanation import Explained, explain
from portal.ime.rule_pack import (
    CONFIDENCE,
    SCHEMA,
    ExamKind,
    Rule,
    RuleFileError,
    RulePack,
    read_rules,
)

__all__ = [
    "ExamKind",
    "Explained",
    "NotOnFile",
    "Rule",
    "RuleFileError",
    "RulePack",
    "Snapshot",
    "addendum_due",
    "count",
    "exam_kinds",
    "is_working_day",
    "notice_before_exam",
    "on_file",
    "pack_of",
    "read_rules",
    "report_due",
    "rule",
    "rules_of",
    "snapshot",
]

RULES_FILE = Path(__file__).parent.parent / "data" / "rules.json"
EXAM_ANCHORS = {"exam", "appointment", "evaluation", "exam_or_test_results"}
HEARING = "hearing"
NOTICE_ANCHORS = {"notice_served", "demand_served"}

Snapshot = Mapping[str, Any]


class NotOnFile(LookupError):
    """No rule or examination kind of this name is on file; the message names it."""


def exam_kinds() -> dict[str, ExamKind]:
    """Every kind of examination by its code, in the order of the file; no change touches them."""
    return dict(on_file().exam_kinds)


def time_zone_of(code: str) -> str:
    """The time zone in which the days of a kind of examination are told; the office's for an unknown kind."""
    kind = on_file().exam_kinds.get(code)
    return kind.time_zone if kind else OFFICE_ZONE


def rules_of(code: str) -> list[Rule]:
    """The rules on file of one kind of examination; empty for a kind that is not on file."""
    return on_file().of(code)


def rule(rule_id: str, pack: RulePack | None = None) -> Rule:
    """One rule or house default by its id, of the file or of another pack. Raises `NotOnFile`."""
    found = (pack or on_file()).named(rule_id)
    if found is None:
        raise NotOnFile(f"No rule is called {rule_id}.")
    return found


def snapshot(code: str, pack: RulePack | None = None) -> dict[str, Any]:
    """The rules of one kind as plain JSON, to keep on a case and give back. Raises `NotOnFile`."""
    pack = pack or on_file()
    if code not in pack.exam_kinds:
        raise NotOnFile(f"No kind of examination is called {code}.")
    kind = {key: value for key, value in plain(pack.exam_kinds[code]).items() if key != "code"}
    return {
        "schema": SCHEMA,
        "exam_kinds": {code: kind},
        "rules": [plain(each) for each in pack.of(code)],
        "house_defaults": [plain(each) for each in pack.house_defaults],
    }


def plain(fact: ExamKind | Rule) -> dict[str, Any]:
    """A fact as plain JSON."""
    return {key: _json(value) for key, value in asdict(fact).items()}


def _json(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


@cache
def on_file() -> RulePack:
    """The rules as the portal brings them; `portal.ime.rule_book` has what managers changed since."""
    return read_rules(RULES_FILE.read_text(encoding="utf-8"))


def pack_of(kept: Snapshot | RulePack | None) -> RulePack:
    """The rules kept on a case, a pack as it is, or the file where there is neither."""
    if isinstance(kept, RulePack):
        return kept
    return read_kept(json.dumps(kept)) if kept else on_file()


@lru_cache(maxsize=256)
def read_kept(text: str) -> RulePack:
    """The rules kept on a case, read once for each different text: most cases of a kind keep the same."""
    return read_rules(text)


# --- the dates --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sought:
    """A date somebody asks for: its gate, the side of the event it lies on, and how it is told."""

    gate: str
    direction: str
    claim: str


NOTICE = Sought("notice", "before", "The notice must be given by")
REPORT = Sought("report", "after", "The report is due")
ADDENDUM = Sought("addendum", "after", "The addendum is due")


def notice_before_exam(code: str, exam_on: date, kept: Snapshot | RulePack | None = None) -> Explained | None:
    """The last day to give notice of an exam; `kept` is a case's snapshot. None for an unknown kind."""
    return strictest(code, exam_on, NOTICE, pack_of(kept))


def report_due(
    code: str, exam_on: date, kept: Snapshot | RulePack | None = None, hearing_on: date | None = None
) -> Explained | None:
    """The day the report of an examination held on `exam_on` is due; otherwise as `notice_before_exam`. With the day of
    a hearing, a rule that counts back from it speaks too."""
    return strictest(code, exam_on, REPORT, pack_of(kept), {HEARING: hearing_on} if hearing_on else {})


def addendum_due(code: str, asked_on: date, kept: Snapshot | RulePack | None = None) -> Explained | None:
    """The day an addendum asked for on `asked_on` is due; otherwise as `notice_before_exam`."""
    return strictest(code, asked_on, ADDENDUM, pack_of(kept))


def strictest(
    code: str, anchor_on: date, sought: Sought, pack: RulePack, more: Mapping[str, date] | None = None
) -> Explained | None:
    """The earliest date of the best-evidenced rules that fit: V, then V*, then S, then the house default. `more` has the
    days of other events from which a rule may count."""
    kind, events = pack.exam_kinds.get(code), more or {}
    if kind is None:
        return None
    dated = [
        explain(each, kind, events[str(each.anchor)])
        if each.anchor in events
        else explain(each, kind, anchor_on, direction=sought.direction)
        for each in best(pack, code, sought, frozenset(events))
    ]
    if not dated:
        return None
    chosen = min(dated, key=lambda each: each.date)
    also = [each.rule_id for each in dated if each is not chosen]
    more_said = f"It is the strictest of {len(also) + 1} that fit (also {', '.join(also)})."
    return chosen.saying(f"{sought.claim} {written.day(chosen.date)}", *([more_said] if also else []))


def best(pack: RulePack, code: str, sought: Sought, events: frozenset[str] = frozenset()) -> list[Rule]:
    """The rules that give the date sought, only those that are known best."""
    fitting = [each for each in (*pack.of(code), *pack.house_defaults) if fits(each, sought, events)]
    best = min((CONFIDENCE.index(each.confidence) for each in fitting), default=0)
    return [each for each in fitting if CONFIDENCE.index(each.confidence) == best]


def fits(each: Rule, sought: Sought, events: frozenset[str] = frozenset()) -> bool:
    if each.gate != sought.gate or not each.is_countable:
        return False
    if each.anchor in events:
        return each.direction in LATEST_BEFORE
    if sought is ADDENDUM:
        return each.anchor == "supplemental_request" and each.direction == "after"
    if sought is NOTICE and each.anchor in NOTICE_ANCHORS:
        # "Not sooner than n days after the notice" is the same limit read from the other end.
        return each.direction in EARLIEST_AFTER
    directions = LATEST_BEFORE if sought is NOTICE else {"after"}
    return each.anchor in EXAM_ANCHORS and each.direction in directions
