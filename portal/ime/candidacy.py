"""What of a case and of an expert decides whether the two fit: the facts that a ranking is made of."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import NamedTuple

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
    treating_doctors: frozenset[str] = frozenset()  # as they are written


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
    is_free_by_video: bool = False
    accepts: frozenset[ArrangementKind] = frozenset()
    has_treated: bool = False
    shares_practice: bool = False
    has_financial_link: bool = False
    is_barred: bool = False
    answered: OfferState | None = None


def plain_name(name: str) -> str:
    """A person's name without title, credentials, case or spacing, for comparing."""
    plain = " ".join(name.partition(",")[0].casefold().split())
    return next((plain.removeprefix(title) for title in TITLES if plain.startswith(title)), plain)


def plural(number: int, one: str) -> str:
    return f"{number:,} {one}{'' if number == 1 else 's'}"


# --- doctors and practices --------------------------------------------------------------------------------------

ADDRESSED = re.compile(r"^\s*(?:(?:dr|doctor|prof|professor|mr|mrs|ms|miss)\b[.\s]*)+", re.IGNORECASE)
ASIDE = re.compile(r"\([^)]*\)")
DEGREES = frozenset({
    "md", "do", "mbbs", "mbbch", "mbchb", "phd", "psyd", "edd", "dc", "dpm", "dds", "dmd", "od",
    "pharmd", "dpt", "dnp", "np", "aprn", "arnp", "fnp", "crnp", "pa", "pac", "rn", "bsn", "msn", "ms",
    "ma", "mph", "mba", "ba", "bs", "jd", "esq", "pt", "ot", "otr", "lac", "lcsw", "lmft", "lpc", "qme",
    "ame", "faaos", "facs", "facp", "faan", "faap", "fapa", "faapmr", "frcs", "frcsc", "frcp", "frcpc",
    "mrcp",
})  # fmt: skip
SURNAMES_TOO = frozenset({"do", "ma", "ba", "pa"})
GENERATIONS = frozenset({"jr", "sr", "ii", "iii", "iv"})
LEGAL_FORMS = frozenset({
    "inc", "incorporated", "llc", "llp", "lp", "pllc", "pc", "pa", "apc", "plc", "ltd", "limited",
    "corp", "corporation", "co", "company",
})  # fmt: skip
UNSAID = frozenset({"the", "and"})
WITHIN = ".'’"  # what stands within a word
SINGLE_LETTERS = re.compile(r"\b(\w) (?=\w\b)")


class DoctorName(NamedTuple):
    """A doctor's name for comparing: given name and surname, all of it in one word, and "jr" or the like."""

    given: str
    surname: str
    whole: str
    generation: str


def is_same_doctor(one: str, other: str) -> bool:
    """Whether two names may be one doctor's: the same given name and surname, whatever the title, degrees, middle names
    and punctuation. A father is not his son where both say which they are."""
    a, b = doctor(one), doctor(other)
    if a.generation and b.generation and a.generation != b.generation:
        return False
    is_named = bool(a.given) and a[:2] == b[:2]
    return is_named or (bool(a.whole) and a.whole == b.whole)


@lru_cache(maxsize=16_384)
def doctor(name: str) -> DoctorName:
    """Read a doctor's name: "Dr. Jane A. Smith, Jr., MD", "Jane Smith MD" and "Smith, Jane" all are Jane Smith."""
    plain = ADDRESSED.sub("", ASIDE.sub(" ", name).replace("/", " "))
    read = [list(filter(None, map(letters, part.split()))) for part in plain.split(",")]
    generation = next((each.casefold() for part in read for each in part if is_generation(each)), "")
    first, *rest = ([each for each in part if not is_generation(each)] for part in read)
    if len(first) == 1 and rest:
        first = [each for each in rest[0] if not is_degree(each)] + first
    words = [each.casefold() for each in without_degrees(first)]
    names = without_initials(words)
    given, surname = (names[0], names[-1]) if len(names) > 1 else ("", "")
    return DoctorName(given, surname, "".join(words), generation)


def letters(word: str) -> str:
    """The letters and digits of a word, without accents, in the case in which they are written."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKD", word)))


def without_degrees(words: list[str]) -> list[str]:
    """A name without the degrees at its end, as long as a given name and a surname are left."""
    while len(words) > 2 and is_degree(words[-1]):
        words = words[:-1]
    return words


def without_initials(words: list[str]) -> list[str]:
    """A name without its initials, unless one of them is all that is given of a name."""
    names = [each for each in words if len(each) > 1]
    return names if len(names) > 1 else words


def is_degree(word: str) -> bool:
    """Whether a word is a degree; written like a name, what is a surname too is one."""
    plain = word.casefold()
    return plain in DEGREES and not (plain in SURNAMES_TOO and word.istitle())


def is_generation(word: str) -> bool:
    return word.casefold() in GENERATIONS


@lru_cache(maxsize=16_384)
def plain_practice(name: str) -> str:
    """A practice's name for comparing: its letters and digits without "the", "and" and the legal form at its end."""
    words = [each for each in practice_words(name) if each not in UNSAID]
    while len(words) > 1 and words[-1] in LEGAL_FORMS:
        words.pop()
    return "".join(words)


def practice_words(name: str) -> list[str]:
    """The words of a practice's name without accents; "P.C." and "P. C." are one word."""
    plain = "".join(each for each in unicodedata.normalize("NFKD", name.casefold()) if each not in WITHIN)
    spaced = "".join(each if each.isalnum() else " " for each in plain if not unicodedata.combining(each))
    return SINGLE_LETTERS.sub(r"\1", " ".join(spaced.split())).split()
