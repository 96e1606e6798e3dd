"""What of a case and of an expert decides whether the two fit: the facts that a ranking is made of."""

from dataclasses import dataclass
from datetime import date

from portal.words import ArrangementKind, OfferState

Place = tuple[float, float]
TITLES = ("dr. ", "dr ", "doctor ")


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What of a case decides who may examine; `state` is whose license it takes, "" where none is known; `requires` is
    what the rule `required_by` asks of whoever examines, names of `portal.ime.modes.REQUIRED`."""

    today: date
    state: str = ""
    body_parts: tuple[str, ...] = ()
    issues: tuple[str, ...] = ()
    reason: str | None = None
    requires: frozenset[str] = frozenset()
    required_by: str = ""
    language: str = "English"
    place: Place | None = None
    wishes: frozenset[ArrangementKind] = frozenset()
    treating_practice: str = ""
    treating_doctors: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class CredentialFacts:
    """A licence, board certification or listing; `state` is "" where it holds everywhere."""

    kind: str
    state: str
    expires_on: date
    is_verified: bool = True


@dataclass(frozen=True, slots=True)
class ExpertFacts:
    """What of an expert counts for one case: profile, record, free time, and what stands between the two."""

    expert_id: int
    name: str
    practice: str = ""
    specialties: tuple[str, ...] = ()
    credentials: tuple[CredentialFacts, ...] = ()
    years: int = 0
    examinations: int = 0
    is_in_practice: bool = False
    languages: tuple[str, ...] = ()
    fee_cents: int = 0
    places: tuple[Place, ...] = ()
    capacity: int = 0
    this_week: int = 0
    accepted: int = 0
    asked_back: int = 0
    on_time: int = 0
    late: int = 0
    next_free: date | None = None
    accepts: frozenset[ArrangementKind] = frozenset()
    has_treated: bool = False
    has_conflict: bool = False
    is_barred: bool = False
    answered: OfferState | None = None


def plain_name(name: str) -> str:
    """A person's name without title, credentials, case or spacing, for comparing."""
    plain = " ".join(name.partition(",")[0].casefold().split())
    return next((plain.removeprefix(title) for title in TITLES if plain.startswith(title)), plain)


def plain_practice(name: str) -> str:
    """A practice's name by its letters and digits alone, for comparing."""
    return "".join(filter(str.isalnum, name.casefold()))


def plural(number: int, one: str) -> str:
    return f"{number:,} {one}{'' if number == 1 else 's'}"
