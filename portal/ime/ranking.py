"""The ranking: who may be offered a case, in which order, and why. Pure: facts in, candidates out."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, NamedTuple

from portal import written
from portal.ime.candidacy import CaseFacts, ExpertFacts, plural
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


class Fit(NamedTuple):
    """What each specialty is worth to a case, one that belongs to a broader one included, and the most there is."""

    worth: dict[str, int]
    top: int


Value = Callable[[CaseFacts, ExpertFacts, Fit], float]
Said = Callable[[CaseFacts, ExpertFacts, Fit], str]


class Candidate(NamedTuple):
    """One expert's place for one case: the score with what it was made of, or what excludes them (then `rank` is 0)."""

    expert_id: int
    name: str
    score: int = 0
    of: int = 0
    rank: int = 0
    exclusions: tuple[str, ...] = ()
    basis: tuple[CaseFacts, ExpertFacts, Fit] | None = None

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """The rows of the score. They are put into words only where somebody reads them: of a whole panel few are."""
        return reasons_of(*self.basis) if self.basis else ()

    @property
    def is_of_the_field(self) -> bool:
        """Whether a specialty of the expert is worth anything to the case."""
        return bool(self.basis and specialty_value(*self.basis))

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
    eligible: list[tuple[int, int, int, ExpertFacts]] = []
    excluded: list[Candidate] = []
    fit = fit_of(case)
    counting = rows_for(case)
    for expert in experts:
        if why := exclusions(case, expert):
            excluded.append(Candidate(expert.expert_id, expert.name, exclusions=why))
            continue
        points = sum([WEIGHTS[name].points(value(case, expert, fit)) for name, value in counting])
        eligible.append((-points, expert.this_week, expert.expert_id, expert))
    eligible.sort(key=itemgetter(0, 1, 2))
    of = sum(WEIGHTS[name].of for name, _ in counting)
    placed = [
        Candidate(number, expert.name, -points, of, place, basis=(case, expert, fit))
        for place, (points, _, number, expert) in enumerate(eligible, start=1)
    ]
    return placed + sorted(excluded, key=lambda each: (each.name, each.expert_id))


def fit_of(case: CaseFacts) -> Fit:
    """What each specialty is worth to the case; the broader one it belongs to passes on its worth less one."""
    asked = specialties_for(case.body_parts, case.issues, case.reason)
    worth = {
        code: max(asked.get(code, 0), asked.get(each.broader, 0) - 1 if each.broader else 0)
        for code, each in specialties().items()
    }
    return Fit(worth, max(asked.values(), default=0))


def rows_for(case: CaseFacts) -> list[tuple[str, Value]]:
    """The rows that count; a case without special wishes has none for them."""
    return [(name, value) for name, value in VALUES.items() if case.wishes or name != "wishes"]


def reasons_of(case: CaseFacts, expert: ExpertFacts, fit: Fit) -> tuple[Reason, ...]:
    """The rows of the score in words."""
    return tuple(
        Reason(
            name,
            SAID[name](case, expert, fit),
            WEIGHTS[name].points(value(case, expert, fit)),
            WEIGHTS[name].of,
        )
        for name, value in rows_for(case)
    )


# --- what is counted --------------------------------------------------------------------------------------------


def specialty_value(case: CaseFacts, expert: ExpertFacts, fit: Fit) -> float:
    return fit.worth.get(best_specialty(expert, fit), 0) / fit.top if fit.top else 0


def best_specialty(expert: ExpertFacts, fit: Fit) -> str:
    """The code of the expert's best specialty, the first of them where several are equal."""
    return max(expert.specialties, key=lambda code: fit.worth.get(code, 0), default="")


def share(good: int, bad: int) -> float:
    """The share that went well, drawn to the middle while reports are few, so that a newcomer is not shut out."""
    return (good + 1) / (good + bad + 2)


def miles_to(case: CaseFacts, expert: ExpertFacts, fit: Fit | None = None) -> float:
    """The miles to the nearest clinic; so many that they earn nothing where a place is not known."""
    if case.place is None or not expert.places:
        return WEIGHTS["distance"].none_at
    return min([miles_between(case.place, each) for each in expert.places])


def days_to(case: CaseFacts, expert: ExpertFacts, fit: Fit) -> float:
    return (expert.next_free - case.today).days if expert.next_free else WEIGHTS["next_free"].none_at


VALUES: dict[str, Value] = {
    "specialty": specialty_value,
    "years": lambda case, expert, fit: expert.years,
    "examinations": lambda case, expert, fit: expert.examinations,
    "in_practice": lambda case, expert, fit: expert.is_in_practice,
    "accepted": lambda case, expert, fit: share(expert.accepted, expert.asked_back),
    "on_time": lambda case, expert, fit: share(expert.on_time, expert.late),
    "distance": miles_to,
    "language": lambda case, expert, fit: case.language.casefold() in expert.languages,
    "next_free": days_to,
    "wishes": lambda case, expert, fit: len(case.wishes & expert.accepts) / len(case.wishes),
    "fee": lambda case, expert, fit: expert.fee_cents or WEIGHTS["fee"].none_at,
}


# --- how it is said ---------------------------------------------------------------------------------------------


def specialty_said(case: CaseFacts, expert: ExpertFacts, fit: Fit) -> str:
    code = best_specialty(expert, fit)
    worth = fit.worth.get(code, 0)
    if not worth or not fit.top:
        return "No specialty that matches"
    return f"{specialties()[code].label}, {'the closest match' if worth == fit.top else 'a partial match'}"


def record_said(good: int, bad: int, none_yet: str) -> str:
    return f"{good} of {plural(good + bad, 'report')}" if good + bad else none_yet


def distance_said(case: CaseFacts, expert: ExpertFacts, fit: Fit) -> str:
    if case.place is None or not expert.places:
        return "Distance not known"
    return f"{plural(round(miles_to(case, expert)), 'mile')} away"


def language_said(case: CaseFacts, expert: ExpertFacts, fit: Fit) -> str:
    speaks = case.language.casefold() in expert.languages
    return f"{'Speaks' if speaks else 'Does not speak'} {case.language}"


def next_free_said(case: CaseFacts, expert: ExpertFacts, fit: Fit) -> str:
    if expert.next_free is None:
        return "No free time soon"
    return f"Free {'by video ' if expert.is_free_by_video else ''}from {written.day(expert.next_free)}"


def wishes_said(case: CaseFacts, expert: ExpertFacts, fit: Fit) -> str:
    """Of the companion and the recording wished for, those the expert accepts."""
    said = [
        f"{'accepts' if wish in expert.accepts else 'does not accept'} {words}"
        for wish, words in WISHES.items()
        if wish in case.wishes
    ]
    return ", ".join(said).capitalize()


SAID: dict[str, Said] = {
    "specialty": specialty_said,
    "years": lambda case, expert, fit: plural(expert.years, "year"),
    "examinations": lambda case, expert, fit: plural(expert.examinations, "examination"),
    "in_practice": lambda case, expert, fit: "Yes" if expert.is_in_practice else "No",
    "accepted": lambda case, expert, fit: record_said(
        expert.accepted, expert.asked_back, "No report reviewed yet"
    ),
    "on_time": lambda case, expert, fit: record_said(expert.on_time, expert.late, "No report signed yet"),
    "distance": distance_said,
    "language": language_said,
    "next_free": next_free_said,
    "wishes": wishes_said,
    "fee": lambda case, expert, fit: (
        f"${expert.fee_cents / 100:,.0f}" if expert.fee_cents else "No fee on file"
    ),
}
