"""The ranking: who may be offered a case, in which order, and why. Pure: facts in, candidates out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from portal import written
from portal.ime.candidacy import CaseFacts, ExpertFacts, Place, plural
from portal.ime.exclusion import exclusions
from portal.ime.places import miles_between
from portal.ime.specialties import specialties, specialties_for
from portal.words import ArrangementKind


@dataclass(frozen=True)
class Weight:
    """What a reason is worth at most, and the values at which it earns nothing and everything."""

    title: str
    of: int
    none_at: float = 0
    full_at: float = 1

    def points(self, value: float) -> int:
        """Points for a value: in a straight line between the two ends, whole, never more than `of`."""
        share = (value - self.none_at) / (self.full_at - self.none_at)
        return round(self.of * min(1.0, max(0.0, share)))


# House weights, 100 points together; a manager's setting one day.
WEIGHTS = {
    # reason                title                                     of  nothing at  full at
    "specialty":     Weight("Specialty",                              35),
    "years":         Weight("Years in practice",                       5,          0,      20),
    "examinations":  Weight("Examinations done",                       5,          0,     300),
    "in_practice":   Weight("Still in clinical practice",              5),
    "accepted":      Weight("Reports accepted without clarification", 10),
    "on_time":       Weight("Reports on time",                         8),
    "distance":      Weight("Miles from the claimant",                12,        100,      10),
    "language":      Weight("Language",                                6),
    "next_free":     Weight("Next free time",                          6,         60,       7),
    "wishes":        Weight("Companion and recording",                 4),
    "fee":           Weight("Fee",                                     4,    400_000, 100_000),
}  # fmt: skip
IN_SHORT = ("specialty", "distance", "next_free", "fee")
WISHES = {ArrangementKind.COMPANION: "a companion", ArrangementKind.RECORDING: "a recording"}


class Reason(NamedTuple):
    """One row of a score: what it is about (a name of WEIGHTS), what is known, the points earned, of how many."""

    name: str
    said: str
    points: int
    of: int

    @property
    def title(self) -> str:
        return WEIGHTS[self.name].title


class Candidate(NamedTuple):
    """One expert's place for one case: the score and its reasons, or what excludes them (then `rank` is 0)."""

    expert_id: int
    name: str
    score: int = 0
    of: int = 0
    rank: int = 0
    reasons: tuple[Reason, ...] = ()
    exclusions: tuple[str, ...] = ()

    @property
    def in_short(self) -> str:
        """What a coordinator looks at first, on one line."""
        return " · ".join(reason.said for reason in self.reasons if reason.name in IN_SHORT)

    def kept(self) -> dict[str, Any]:
        """As it is kept with an offer: plain JSON that needs no table of today to be read."""
        return {
            "expert_id": self.expert_id,
            "name": self.name,
            "score": self.score,
            "of": self.of,
            "rank": self.rank,
            "reasons": [[each.title, each.said, each.points, each.of] for each in self.reasons],
            "exclusions": list(self.exclusions),
        }


def rank(case: CaseFacts, experts: Iterable[ExpertFacts]) -> list[Candidate]:
    """The eligible from rank 1 by score, then the excluded by name. Equal scores: whoever has fewer cases this
    week, then the one longer on the panel, so that the order never depends on the order given."""
    eligible: list[tuple[int, int, int, ExpertFacts, tuple[Reason, ...]]] = []
    excluded: list[Candidate] = []
    fit = specialties_for(case.body_parts, case.issues, case.reason)
    for expert in experts:
        if why := exclusions(case, expert):
            excluded.append(Candidate(expert.expert_id, expert.name, exclusions=why))
            continue
        reasons = score(case, expert, fit)
        points = sum(reason.points for reason in reasons)
        eligible.append((-points, expert.this_week, expert.expert_id, expert, reasons))
    eligible.sort(key=lambda row: row[:3])
    placed = [
        Candidate(number, expert.name, -points, sum(each.of for each in reasons), place, reasons)
        for place, (points, _, number, expert, reasons) in enumerate(eligible, start=1)
    ]
    return placed + sorted(excluded, key=lambda each: (each.name, each.expert_id))


def score(case: CaseFacts, expert: ExpertFacts, fit: dict[str, int]) -> tuple[Reason, ...]:
    """The rows of the score; `fit` is what each specialty is worth to the case. A case without special wishes has
    no row for them."""
    rows = (
        specialty(expert, fit),
        earned("years", expert.years, plural(expert.years, "year")),
        earned("examinations", expert.examinations, plural(expert.examinations, "examination")),
        earned("in_practice", expert.is_in_practice, "Yes" if expert.is_in_practice else "No"),
        record("accepted", expert.accepted, expert.asked_back, "No report reviewed yet"),
        record("on_time", expert.on_time, expert.late, "No report signed yet"),
        distance(case.place, expert.places),
        language(case, expert),
        next_free(case, expert),
        fee(expert),
    )
    return (*rows, wishes(case, expert)) if case.wishes else rows


def earned(name: str, value: float, said: str) -> Reason:
    weight = WEIGHTS[name]
    return Reason(name, said, weight.points(value), weight.of)


def specialty(expert: ExpertFacts, fit: dict[str, int]) -> Reason:
    """The expert's best specialty against the best there is, the first of them where several are equal."""
    code = max(expert.specialties, key=lambda each: worth_of(each, fit), default="")
    worth, top = worth_of(code, fit), max(fit.values(), default=0)
    if not worth or not top:
        return earned("specialty", 0, "No specialty that matches")
    how = "the closest match" if worth == top else "a partial match"
    return earned("specialty", worth / top, f"{specialties()[code].label}, {how}")


def worth_of(code: str, fit: dict[str, int]) -> int:
    """What a specialty is worth to the case; the broader one it belongs to passes on its worth less one."""
    known = specialties().get(code)
    broader = fit.get(known.broader, 0) - 1 if known and known.broader else 0
    return max(fit.get(code, 0), broader)


def record(name: str, good: int, bad: int, none_yet: str) -> Reason:
    """The share that went well, drawn to the middle while reports are few, so that a newcomer is not shut out."""
    said = f"{good} of {plural(good + bad, 'report')}" if good + bad else none_yet
    return earned(name, (good + 1) / (good + bad + 2), said)


def distance(place: Place | None, places: tuple[Place, ...]) -> Reason:
    if place is None or not places:
        return earned("distance", WEIGHTS["distance"].none_at, "Distance not known")
    miles = min(miles_between(place, each) for each in places)
    return earned("distance", miles, f"{plural(round(miles), 'mile')} away")


def language(case: CaseFacts, expert: ExpertFacts) -> Reason:
    speaks = case.language.casefold() in expert.languages
    return earned("language", speaks, f"{'Speaks' if speaks else 'Does not speak'} {case.language}")


def next_free(case: CaseFacts, expert: ExpertFacts) -> Reason:
    if expert.next_free is None:
        return earned("next_free", WEIGHTS["next_free"].none_at, "No free time soon")
    days = (expert.next_free - case.today).days
    return earned("next_free", days, free_from(expert.next_free))


@lru_cache(maxsize=512)
def free_from(day: date) -> str:
    return f"Free from {written.day(day)}"


def wishes(case: CaseFacts, expert: ExpertFacts) -> Reason:
    """Of the companion and the recording wished for, those the expert accepts."""
    met = case.wishes & expert.accepts
    said = [
        f"{'accepts' if wish in met else 'does not accept'} {words}"
        for wish, words in WISHES.items()
        if wish in case.wishes
    ]
    return earned("wishes", len(met) / len(case.wishes), ", ".join(said).capitalize())


def fee(expert: ExpertFacts) -> Reason:
    if not expert.fee_cents:
        return earned("fee", WEIGHTS["fee"].none_at, "No fee on file")
    return earned("fee", expert.fee_cents, f"${expert.fee_cents / 100:,.0f}")
