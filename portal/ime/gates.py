"""What the rules of the jurisdiction have to say before a step is taken: what stops it, what warns, what to know.

A rule whose text was read (V) blocks, unless somebody overrides it with a reason that is kept; what is known less well
only warns; an uncertain reading, and what the portal cannot know, is a note."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from portal import written
from portal.ime.counting import EARLIEST_AFTER, LATEST_BEFORE, count
from portal.ime.explanation import Explained, anchor_in_words, explain
from portal.ime.frequency import Exam, frequency
from portal.ime.places import Place, hours_to_drive, miles_between
from portal.ime.rule_pack import LIMITS, UNVERIFIED, ExamKind, Rule, RulePack
from portal.ime.rules import NOTICE, best
from portal.words import ArrangementKind, Party, Word


class Weight(Word):
    """What a finding does: it stops the step, it warns, or it is good to know."""

    BLOCKS = "blocks"
    WARNS = "warns"
    NOTE = "note"


@dataclass(frozen=True)
class Finding:
    """One thing that a rule has to say; `explained` where a date stands behind it."""

    rule: Rule
    weight: Weight
    sentence: str
    explained: Explained | None = None

    @property
    def blocks(self) -> bool:
        return self.weight == Weight.BLOCKS


@dataclass(frozen=True)
class BookingFacts:
    """What is known of an examination that is to be booked; None is not known."""

    exam_on: date
    notice_on: date
    starts_at: datetime | None = None
    asked_on: date | None = None
    first_set_on: date | None = None
    given_up_on: date | None = None
    home: Place | None = None
    clinic: Place | None = None
    earlier: tuple[Exam, ...] = ()
    is_telehealth: bool = False
    wishes: frozenset[ArrangementKind] = frozenset()
    is_travel_settled: bool = False

    @property
    def happened(self) -> dict[str, date | None]:
        """What the portal knows the day of, by the word of the rule file; None where it did not happen."""
        return {
            "appointment_request": self.asked_on,
            "original_exam": self.first_set_on,
            "cancellation": self.given_up_on,
            "notice_received": self.notice_on,
        }


def before_booking(pack: RulePack, code: str, facts: BookingFacts) -> list[Finding]:
    """What the rules say before an examination is booked or moved, the gravest first."""
    kind = pack.exam_kinds.get(code)
    if kind is None:
        return []
    found = [
        *notice(pack, kind, facts),
        *window(pack, kind, facts),
        *distance(pack, kind, facts),
        *how_often(pack, kind, facts),
        *travel_money(pack, kind, facts),
        *by_video(pack, kind, facts),
        *wished(pack, kind, facts),
    ]
    return in_order(found)


def before_brief(
    pack: RulePack, code: str, exam_on: date, today: date, served_on: date | None = None
) -> list[Finding]:
    """What the rules say before records go to the expert: when they must be there, and how long before that the other
    side must have been served with them."""
    kind = pack.exam_kinds.get(code)
    if kind is None:
        return []
    found = []
    for rule in pack.at(code, "records"):
        if rule.anchor == "exam" and rule.is_countable:
            explained = explain(rule, kind, exam_on)
            if explained.date < today:
                found.append(weighed(rule, f"The records were due {written.day(explained.date)}.", explained))
        elif rule.is_countable:
            from_on = served_on and served_until(rule, kind, served_on)
            if from_on is None:
                days = f"{rule.figure} {rule.unit}"
                found.append(
                    weighed(rule, f"The other side must be served {days} before the expert gets them.")
                )
            elif from_on > today:
                found.append(
                    weighed(
                        rule,
                        f"{rule.figure} {rule.unit} after the other side was served, so from {written.day(from_on)} on.",
                    )
                )
    return in_order(found)


def served_until(rule: Rule, kind: ExamKind, served_on: date) -> date:
    """The first day on which the time for the other side has passed that was served on a day."""
    return count(served_on, rule.figure, str(rule.unit), "after_min", kind.jurisdiction)


def before_release(pack: RulePack, code: str, told: frozenset[Party]) -> list[Finding]:
    """What the rules say before a report goes out: who must get it, as far as they are not told."""
    found = []
    for rule in pack.of(code):
        if missing := [Party(each) for each in rule.recipients if Party(each) not in told]:
            when = " the same day" if rule.direction == "same_day" else ""
            names = ", ".join(COPIED.get(each, each.label) for each in missing)
            found.append(weighed(rule, f"It must also go{when} to: {names}."))
    return in_order(found)


def before_cancelling(
    pack: RulePack, code: str, starts_at: datetime, now: datetime, wanted_by: Party
) -> list[Finding]:
    """What the rules say before an examination is moved or cancelled for the claimant or for the expert; both moments
    by the clock of the clinic."""
    kind = pack.exam_kinds.get(code)
    gate = {Party.EXPERT: "cancel_by_evaluator", Party.CLAIMANT: "cancel_by_claimant"}.get(wanted_by)
    if kind is None or gate is None:
        return []
    found = []
    for rule in pack.at(code, gate):
        if rule.direction not in LATEST_BEFORE:
            continue
        explained, last = last_to_cancel(rule, kind, starts_at)
        if last < now:
            day = written.day(last.date())
            what, when = (
                ("time", f"{written.clock_face(last)} on {day}") if rule.unit == "hours" else ("day", day)
            )
            claim = f"The last {what} for the {wanted_by.label} to do this was {when}."
            found.append(weighed(rule, claim, explained))
    return in_order(found)


def last_to_cancel(rule: Rule, kind: ExamKind, starts_at: datetime) -> tuple[Explained | None, datetime]:
    """The last moment in time, and its explanation where days were counted: hours are counted from the hour of the
    examination, and a last day lasts until it ends."""
    if rule.unit == "hours":
        last = starts_at.astimezone(UTC) - timedelta(hours=rule.figure)
        return None, last.astimezone(starts_at.tzinfo)
    explained = None
    if rule.unit == UNVERIFIED:
        day = count(starts_at.date(), rule.figure, "business days", "before", kind.jurisdiction)
    else:
        explained = explain(rule, kind, starts_at.date())
        day = explained.date
    return explained, datetime.combine(day, time.max, starts_at.tzinfo)


def before_accepting(pack: RulePack, code: str) -> list[Finding]:
    """Who may ask for this kind of examination, and who may examine: for a person to check, so none of it blocks."""
    speaking = [*pack.at(code, "requester"), *pack.at(code, "qualification")]
    return [Finding(rule, Weight.NOTE, rule.rule) for rule in speaking if rule.confidence != "U"]


# --- one gate each ----------------------------------------------------------------------------------------------


def notice(pack: RulePack, kind: ExamKind, facts: BookingFacts) -> Iterator[Finding]:
    """The notice that goes out today must be in time; only the best-known rules speak, and none where another takes the
    place of the notice because a time was set before."""
    if facts.first_set_on and any(rule.effect == "replaces" for rule in pack.at(kind.code, "window")):
        return
    for rule in best(pack, kind.code, NOTICE):
        explained = explain(rule, kind, facts.exam_on, direction="before")
        if explained.date < facts.notice_on:
            claim = f"The notice had to be given by {written.day(explained.date)}"
            yield weighed(
                rule,
                f"Too short notice: it had to be given by {written.day(explained.date)}.",
                explained.saying(claim),
            )
        yield from too_long_after(rule, kind, facts)


def too_long_after(rule: Rule, kind: ExamKind, facts: BookingFacts) -> Iterator[Finding]:
    """Where a rule gives the notice a window, the examination must not be later than its end either."""
    if rule.direction != "window":
        return
    span = explain(rule, kind, facts.notice_on)
    if span.until and facts.exam_on > span.until:
        claim = f"With a notice of today it must be held by {written.day(span.until)}"
        yield weighed(rule, f"{claim}.", span.saying(claim))


def window(pack: RulePack, kind: ExamKind, facts: BookingFacts) -> Iterator[Finding]:
    """How long after what happened the examination may be. Of two figures for the same, the longer one is what blocks."""
    for rule in pack.at(kind.code, "window"):
        anchor = str(rule.anchor)
        if not rule.is_countable or anchor not in facts.happened:
            yield Finding(rule, Weight.NOTE, with_figure(rule))
        elif happened := facts.happened[anchor]:
            yield from within(rule, kind, happened, facts.exam_on, longest(pack, kind, anchor))


def longest(pack: RulePack, kind: ExamKind, anchor: str) -> int:
    """The longest figure of a kind that counts from the same."""
    same = [each for each in pack.at(kind.code, "window") if each.is_countable and each.anchor == anchor]
    return max(each.figure for each in same)


def within(rule: Rule, kind: ExamKind, happened: date, exam_on: date, longest: int) -> Iterator[Finding]:
    """A shorter figure beside a longer one can be waived, and a notice that goes out today is received some days later:
    both warn."""
    explained = explain(rule, kind, happened)
    if claim := outside(explained, exam_on):
        finding = weighed(rule, f"{claim}.", explained.saying(claim))
        is_loose = rule.figure < longest or rule.anchor in ESTIMATED
        yield replace(finding, weight=lighter(finding.weight)) if is_loose else finding


def with_figure(rule: Rule) -> str:
    """A rule that counts from what the portal does not know, with its figure: a person must look at it."""
    if not rule.is_countable:
        return rule.rule
    figure = f"{rule.n[0]} to {rule.n[1]}" if isinstance(rule.n, tuple) else rule.figure
    return f"{figure} {rule.unit}, counted from {anchor_in_words(rule)}: {rule.rule}"


def outside(explained: Explained, exam_on: date) -> str:
    """Why a day does not keep to a date or a span; empty where it does."""
    if explained.is_span and exam_on < explained.date:
        return f"The examination should not be held before {written.day(explained.date)}"
    last = explained.until if explained.is_span else explained.date
    return f"The examination should be held by {written.day(last)}" if last and exam_on > last else ""


def distance(pack: RulePack, kind: ExamKind, facts: BookingFacts) -> Iterator[Finding]:
    for rule in pack.at(kind.code, "distance") if not facts.is_telehealth else ():
        if rule.direction not in LIMITS:
            yield Finding(rule, Weight.NOTE, rule.rule)
        elif facts.home is None or facts.clinic is None:
            yield Finding(
                rule, Weight.NOTE, f"The distance is not known, so this is not checked: {rule.rule}"
            )
        elif not is_near(rule, miles := miles_between(facts.home, facts.clinic)):
            yield weighed(
                rule, f"Too far: {how_far(rule, miles)}, and the limit is {rule.figure} {rule.unit}."
            )


def is_near(rule: Rule, miles: float) -> bool:
    """Whether a distance in miles keeps to the rule; of a limit in hours, by an estimate of the drive."""
    return (miles if rule.direction == "max_distance" else hours_to_drive(miles)) <= rule.figure


def how_far(rule: Rule, miles: float) -> str:
    if rule.direction == "max_distance":
        return f"{miles:.0f} miles in a straight line"
    return f"a drive of about {hours_to_drive(miles):.1f} hours, by estimate"


def how_often(pack: RulePack, kind: ExamKind, facts: BookingFacts) -> Iterator[Finding]:
    for rule in pack.at(kind.code, "frequency"):
        if rule.unit is None and facts.earlier:
            yield Finding(rule, Weight.NOTE, f"Examined before, so a person must check: {rule.rule}")
        if rule.direction not in ("max_count", *EARLIEST_AFTER) or rule.unit == UNVERIFIED:
            continue
        exam = Exam(facts.exam_on, facts.starts_at)
        said = frequency(rule, kind, exam, facts.earlier, pack.of(kind.code))
        if not said.allowed:
            yield weighed(rule, f"Too many examinations. {said.sentence}")


def travel_money(pack: RulePack, kind: ExamKind, facts: BookingFacts) -> Iterator[Finding]:
    """Booking sends the notice, so money that must come before or with it has to be settled by then."""
    for rule in (
        pack.at(kind.code, "travel_first") if not (facts.is_travel_settled or facts.is_telehealth) else ()
    ):
        if rule.is_countable:
            yield money_by(rule, kind, facts)
        else:
            finding = weighed(rule, f"Travel money is not settled yet: {rule.rule}")
            yield replace(finding, weight=lighter(finding.weight)) if rule.effect == "depends" else finding


def money_by(rule: Rule, kind: ExamKind, facts: BookingFacts) -> Finding:
    """Money that is owed by a day before the examination, and only where it was asked for."""
    explained = explain(rule, kind, facts.exam_on)
    last = written.day(explained.date)
    if ArrangementKind.TRAVEL_MONEY not in facts.wishes:
        return Finding(
            rule, Weight.NOTE, f"Travel money, if it is asked for, is to be paid by {last}.", explained
        )
    if explained.date < facts.notice_on:
        return weighed(rule, f"Travel money was asked for and had to be paid by {last}.", explained)
    return Finding(rule, Weight.WARNS, f"Travel money is asked for, and to be paid by {last}.", explained)


def by_video(pack: RulePack, kind: ExamKind, facts: BookingFacts) -> Iterator[Finding]:
    for rule in pack.at(kind.code, "telehealth") if facts.is_telehealth else ():
        is_free = rule.effect in FREE or rule.confidence == "U"
        yield Finding(rule, Weight.NOTE if is_free else Weight.WARNS, f"By video: {rule.rule}")


def wished(pack: RulePack, kind: ExamKind, facts: BookingFacts) -> Iterator[Finding]:
    """What the rules say about a companion, a recording or an interpreter who is asked for, or must be there."""
    for wish, gate in ASKED.items():
        speaking = pack.at(kind.code, gate)
        if wish not in facts.wishes:
            yield from (must_be(rule, wish) for rule in speaking if rule.effect == "requires")
            continue
        for rule in speaking:
            late = (
                explain(rule, kind, facts.exam_on)
                if rule.direction in LATEST_BEFORE and rule.is_countable
                else None
            )
            if late and late.date < facts.notice_on:
                yield weighed(
                    rule, f"The {wish.label} had to be announced by {written.day(late.date)}.", late
                )
            elif rule.effect == "forbids":
                yield weighed(rule, f"{wish.title} is not allowed: {rule.rule}")
            else:
                yield Finding(rule, Weight.NOTE, f"{wish.title}: {rule.rule}", late)


def must_be(rule: Rule, wish: ArrangementKind) -> Finding:
    """What a rule requires though nobody asked for it: the portal does not see who sees to it, so it never blocks."""
    weight = Weight.NOTE if rule.confidence == "U" else Weight.WARNS
    return Finding(rule, weight, f"{wish.title} is required: {rule.rule}")


COPIED = {Party.RECIPIENT: "the board or agency that the rule names"}
ESTIMATED = {"notice_received"}  # anchors whose day is taken to be another's
FREE = {"allows", "notes"}
ASKED = {
    ArrangementKind.COMPANION: "companion",
    ArrangementKind.RECORDING: "recording",
    ArrangementKind.INTERPRETER: "interpreter",
}


def weighed(rule: Rule, sentence: str, explained: Explained | None = None) -> Finding:
    """A rule that is not kept: it blocks where its text was read, and is a note where it is uncertain."""
    weight = {"V": Weight.BLOCKS, "U": Weight.NOTE}.get(rule.confidence, Weight.WARNS)
    return Finding(rule, weight, sentence, explained)


def lighter(weight: Weight) -> Weight:
    return Weight.WARNS if weight == Weight.BLOCKS else weight


def in_order(found: Iterable[Finding]) -> list[Finding]:
    return sorted(found, key=lambda each: list(Weight).index(each.weight))
