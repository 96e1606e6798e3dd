"""A date with its reasons: which figure of which rule, counted from what, by which calendar."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from portal import written
from portal.ime.anchors import ANCHORS
from portal.ime.counting import EARLIEST_AFTER, LATEST_BEFORE, Counted, counted, last_start
from portal.ime.rule_pack import HOUSE, ExamKind, Rule

Day = date  # `Explained.date` hides the type of that name

SOURCES = {
    "V": "Rule text read and checked on {}.",
    "V*": "Read in an old or restated copy, checked on {}: confirm it against the official text.",
    "S": "Known from a secondary source, checked on {}: confirm it against the official text.",
    "U": "An uncertain reading, checked on {}: never enforced.",
    HOUSE: "House default, set on {}.",
}


@dataclass(frozen=True)
class Explained:
    """A date or a span that comes from a rule. `date` is the day that decides: the last, or of a span the first;
    `until` is the end of a span (None: open); `sentence` is fit to be shown as it is, `reasons` are its parts."""

    date: Day
    until: Day | None
    is_span: bool
    rule_id: str
    name: str
    figure: int
    unit: str
    anchor: str
    citation: str
    url: str
    confidence: str
    checked_on: Day
    sentence: str
    reasons: tuple[str, ...]

    def saying(self, claim: str, *more: str) -> "Explained":
        """The same, beginning with this claim, and with more reasons after its own."""
        reasons = (*self.reasons, *more)
        return replace(self, sentence=" ".join((f"{claim}: {reasons[0]}", *reasons[1:])), reasons=reasons)


def explain(
    rule: Rule,
    kind: ExamKind,
    anchor_on: date,
    *,
    direction: str = "",
    extra: int = 0,
    first: Iterable[str] = (),
) -> Explained:
    """What the rule gives, counted from a day; `direction` reads it from its other end, `extra` days are those of
    service, `first` what was said before the count. Raises ValueError for a rule that gives no day."""
    way = direction or str(rule.direction)
    near = near_edge(rule, kind, anchor_on, way, extra)
    is_span = way in EARLIEST_AFTER
    until = far_edge(rule, kind, anchor_on) if way == "window" else None
    reasons = (figure_of(rule, way, anchor_on) + ".", *first, *near.reasons, *source_of(rule, kind))
    claim = f"From {written.day(near.date)}" if is_span else f"By {written.day(near.date)}"
    claim += f" until {written.day(until)}" if until else ""
    return Explained(
        date=near.date,
        until=until,
        is_span=is_span,
        rule_id=rule.id,
        name=rule.name,
        figure=rule.figure,
        unit=str(rule.unit),
        anchor=str(rule.anchor),
        citation=rule.citation,
        url=rule.url,
        confidence=rule.confidence,
        checked_on=rule.checked_on,
        sentence=" ".join((f"{claim}: {reasons[0]}", *reasons[1:])),
        reasons=reasons,
    )


def near_edge(rule: Rule, kind: ExamKind, anchor_on: date, way: str, extra: int) -> Counted:
    """The day that the figure leads to; of an earliest day read from its other end, the last day that still keeps it."""
    unit, place = str(rule.unit), kind.jurisdiction
    if is_turned(rule, way):
        return Counted(last_start(anchor_on, rule.figure, unit, place))
    return counted(anchor_on, rule.figure, unit, way, place, extra)


def is_turned(rule: Rule, way: str) -> bool:
    """Whether an earliest day after an event is read from its other end, the examination."""
    return way in LATEST_BEFORE and rule.direction in EARLIEST_AFTER


def far_edge(rule: Rule, kind: ExamKind, anchor_on: date) -> date | None:
    """The last day of a window; None of a rule that has no second figure."""
    if not isinstance(rule.n, tuple):
        return None
    return counted(anchor_on, rule.n[1], str(rule.unit), "window", kind.jurisdiction).date


def figure_of(rule: Rule, way: str, anchor_on: date) -> str:
    """30 calendar days after the examination on March 2, 2026"""
    side = "before" if way in LATEST_BEFORE else "after"
    number = f"{rule.n[0]} to {rule.n[1]}" if isinstance(rule.n, tuple) and way == "window" else rule.figure
    if is_turned(rule, way):
        event = written.day(anchor_on)
        return f"{rule.figure} {rule.unit} from {anchor_in_words(rule)} to the examination on {event}"
    if way == "same_day":
        return f"The same day as {anchor_in_words(rule)} on {written.day(anchor_on)}"
    return f"{number} {rule.unit} {side} {anchor_in_words(rule)} on {written.day(anchor_on)}"


def anchor_in_words(rule: Rule) -> str:
    return ANCHORS[str(rule.anchor)]


def source_of(rule: Rule, kind: ExamKind) -> tuple[str, ...]:
    """Which rule, where it is written, and how well it is known."""
    if rule.confidence == HOUSE:
        return (f"House default: no rule with a figure is on file for {kind.name}.",)
    return (
        f"Rule {rule.id}, {rule.citation}: {rule.rule}",
        SOURCES[rule.confidence].replace("{}", written.day(rule.checked_on)),
    )
