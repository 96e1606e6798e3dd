"""The rules of the jurisdictions: what is on file, and each date that comes from it with its reason."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from portal import written
from portal.ime.counting import EARLIEST_AFTER, LATEST_BEFORE, count, is_working_day
from portal.ime.rule_pack import (
    CONFIDENCE,
    HOUSE,
    SCHEMA,
    ExamKind,
    Rule,
    RuleFileError,
    RulePack,
    read_facts,
    read_rules,
)

__all__ = [
    "ExamKind",
    "ExplainedDate",
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
    "read_rules",
    "report_due",
    "rule",
    "rules_of",
    "snapshot",
]

RULES_FILE = Path(__file__).parent.parent / "data" / "rules.json"
EXAM_ANCHORS = {"exam", "appointment", "evaluation", "exam_or_test_results"}
NOTICE_ANCHORS = {"notice_served", "demand_served"}

Snapshot = Mapping[str, Any]
Day = date  # `ExplainedDate.date` hides the type of that name


class NotOnFile(LookupError):
    """No rule or examination kind of this name is on file; the message names it."""


@dataclass(frozen=True)
class ExplainedDate:
    """A date with the rule it comes from; `sentence` is fit to be shown as it is."""

    date: Day
    rule_id: str
    figure: int
    unit: str
    anchor: str
    citation: str
    confidence: str
    checked_on: Day
    sentence: str


def exam_kinds() -> dict[str, ExamKind]:
    """Every kind of examination by its code, in the order of the file."""
    return dict(_on_file().exam_kinds)


def rules_of(code: str) -> list[Rule]:
    """The rules of one kind of examination; empty for a kind that is not on file."""
    return _on_file().of(code)


def rule(rule_id: str) -> Rule:
    """One rule or house default by its id. Raises `NotOnFile`."""
    pack = _on_file()
    for candidate in (*pack.rules, *pack.house_defaults):
        if candidate.id == rule_id:
            return candidate
    raise NotOnFile(f"No rule is called {rule_id}.")


def snapshot(code: str) -> dict[str, Any]:
    """The rule set of one kind as plain JSON, to keep on a case and give back. Raises `NotOnFile`."""
    pack = _on_file()
    if code not in pack.exam_kinds:
        raise NotOnFile(f"No kind of examination is called {code}.")
    kind = {key: value for key, value in _plain(pack.exam_kinds[code]).items() if key != "code"}
    return {
        "schema": SCHEMA,
        "exam_kinds": {code: kind},
        "rules": [_plain(each) for each in pack.of(code)],
        "house_defaults": [_plain(each) for each in pack.house_defaults],
    }


def _plain(fact: ExamKind | Rule) -> dict[str, Any]:
    return {key: _json(value) for key, value in asdict(fact).items()}


def _json(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


@cache
def _on_file() -> RulePack:
    return read_rules(RULES_FILE.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class _Sought:
    """A date somebody asks for: its topic, the side of the event it lies on, and how it is told."""

    topic: str
    direction: str
    claim: str
    event: str


NOTICE = _Sought("notice", "before", "The notice must be given by", "the examination on")
REPORT = _Sought("report due", "after", "The report is due", "the examination on")
ADDENDUM = _Sought("supplemental", "after", "The addendum is due", "the request on")


def notice_before_exam(code: str, exam_on: date, kept: Snapshot | None = None) -> ExplainedDate | None:
    """The last day to give notice of an exam; `kept` is a case's snapshot. None for an unknown kind."""
    return _strictest(code, exam_on, NOTICE, kept)


def report_due(code: str, exam_on: date, kept: Snapshot | None = None) -> ExplainedDate | None:
    """The day the report of an examination held on `exam_on` is due; otherwise as `notice_before_exam`."""
    return _strictest(code, exam_on, REPORT, kept)


def addendum_due(code: str, asked_on: date, kept: Snapshot | None = None) -> ExplainedDate | None:
    """The day an addendum asked for on `asked_on` is due; otherwise as `notice_before_exam`."""
    return _strictest(code, asked_on, ADDENDUM, kept)


def _strictest(code: str, anchor_on: date, sought: _Sought, kept: Snapshot | None) -> ExplainedDate | None:
    """The earliest date of the best-evidenced rules that fit: V, then V*, then S, then the house default."""
    pack = read_facts(kept) if kept else _on_file()
    kind = pack.exam_kinds.get(code)
    if kind is None:
        return None
    dated = [(_date_of(each, anchor_on, sought, kind), each) for each in _best(pack, code, sought)]
    if not dated:
        return None
    day, chosen = min(dated, key=lambda pair: pair[0])
    also = [each.id for _, each in dated if each is not chosen]
    figure = f"{chosen.figure} {chosen.unit} {sought.direction} {sought.event} {written.day(anchor_on)}"
    return ExplainedDate(
        date=day,
        rule_id=chosen.id,
        figure=chosen.figure,
        unit=str(chosen.unit),
        anchor=str(chosen.anchor),
        citation=chosen.citation,
        confidence=chosen.confidence,
        checked_on=chosen.checked_on,
        sentence=f"{sought.claim} {written.day(day)}: {figure}. {' '.join(_reasons(chosen, also, kind))}",
    )


def _date_of(each: Rule, anchor_on: date, sought: _Sought, kind: ExamKind) -> date:
    return count(anchor_on, each.figure, str(each.unit), sought.direction, kind.jurisdiction)


def _best(pack: RulePack, code: str, sought: _Sought) -> list[Rule]:
    fitting = [each for each in (*pack.of(code), *pack.house_defaults) if _fits(each, sought)]
    best = min((CONFIDENCE.index(each.confidence) for each in fitting), default=0)
    return [each for each in fitting if CONFIDENCE.index(each.confidence) == best]


def _fits(each: Rule, sought: _Sought) -> bool:
    if each.topic != sought.topic or not each.is_countable:
        return False
    if sought is ADDENDUM:
        return each.anchor == "supplemental_request" and each.direction == "after"
    if sought is NOTICE and each.anchor in NOTICE_ANCHORS:
        # "Not sooner than n days after the notice" is the same limit read from the other end.
        return each.direction in EARLIEST_AFTER
    directions = LATEST_BEFORE if sought is NOTICE else {"after"}
    return each.anchor in EXAM_ANCHORS and each.direction in directions


def _reasons(chosen: Rule, also: list[str], kind: ExamKind) -> Iterator[str]:
    if chosen.confidence == HOUSE:
        yield f"House default: no rule with a figure is on file for {kind.name}."
        return
    yield f"Rule {chosen.id}, {chosen.citation}: {chosen.rule}"
    if also:
        yield f"It is the strictest of {len(also) + 1} that fit (also {', '.join(also)})."
    checked = written.day(chosen.checked_on)
    yield {
        "V": f"Rule text read and checked on {checked}.",
        "V*": f"Read in an old or restated copy, checked on {checked}: confirm it against the official text.",
        "S": f"Known from a secondary source, checked on {checked}: confirm it against the official text.",
    }[chosen.confidence]
