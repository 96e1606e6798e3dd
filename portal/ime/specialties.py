"""Specialties and body parts: our own short lists, and which specialty suits which part and which issue."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent.parent / "data"

# Everyday turns of phrase that name a body part without meaning one.
FIGURES_OF_SPEECH = re.compile(
    r"on the (?:one|other) hand|(?:first|second)[- ]?hand\b|hand[- ]in[- ]hand|at hand\b|by hand\b"
    r"|(?:left|right)[- ]hand(?:ed)? dominan\w+|face[- ]to[- ]face|in the face of|on its face"
    r"|(?:may|might|will|would)(?: (?:the )?(?:claimant|worker|he|she))? face\b|\bto face\b"
    r"|the heart of the|the back of|the foot of|arm's length",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Specialty:
    """A specialty with our own code; `nucc` is its key in the NUCC taxonomy, `broader` another of ours."""

    code: str
    label: str
    nucc: str
    broader: str | None


@dataclass(frozen=True)
class BodyPart:
    """A part of the body an injury may concern; `synonyms` are lower-case words that may mean it."""

    code: str
    label: str
    has_sides: bool
    synonyms: tuple[str, ...]


@dataclass(frozen=True)
class Mention:
    """Words in a text that name a body part, and the codes of the parts they may mean."""

    words: str
    parts: frozenset[str]


@cache
def specialties() -> dict[str, Specialty]:
    """Every specialty by its code, in the order of the file, then those that were taken from the taxonomy."""
    rows = [*_specialty_file()["specialties"], *more_specialties()]
    return {row["code"]: Specialty(**row) for row in rows}


def more_specialties() -> list[dict[str, Any]]:
    path = _more.get("file")
    return json.loads(path.read_text(encoding="utf-8")) if path and path.exists() else []


def connect(instance: Path) -> Path:
    """Take further specialties from this place's own file; returns where that is."""
    _more["file"] = instance / "specialties.json"
    specialties.cache_clear()
    return _more["file"]


_more: dict[str, Path] = {}


@cache
def body_parts() -> dict[str, BodyPart]:
    """Every body part by its code, from head to toe and then the whole person."""
    rows = _read("body_parts.json")["body_parts"]
    return {row["code"]: BodyPart(**{**row, "synonyms": tuple(row["synonyms"])}) for row in rows}


def specialties_for(
    parts: Iterable[str], issues: Iterable[str] = (), reason: str | None = None
) -> dict[str, int]:
    """Specialty codes with their weight, heaviest first; a part, an issue or a reason not on file adds nothing.

    Each body part adds its weights (3 the first choice, 2 suitable, 1 possible); the issues and the reason for the
    examination together add the largest weight that any of them gives, so that they do not outweigh the injury.
    """
    weights: defaultdict[str, int] = defaultdict(int)
    for part in dict.fromkeys(parts):
        _add(weights, _map("by_body_part").get(part, {}))
    asked = [_map("by_issue").get(issue, {}) for issue in issues]
    _add(weights, _largest([*asked, _map("by_reason").get(reason or "", {})]))
    return dict(sorted(weights.items(), key=lambda pair: -pair[1]))


def mentions(text: str) -> list[Mention]:
    """The body parts that a text names, in order, longest words first; figures of speech left out."""
    plain = FIGURES_OF_SPEECH.sub(lambda found: " " * len(found[0]), text)
    return [Mention(found[0], _meanings()[found["name"].lower()]) for found in _pattern().finditer(plain)]


def _add(weights: defaultdict[str, int], more: dict[str, int]) -> None:
    for code, weight in more.items():
        weights[code] += weight


def _largest(maps: Iterable[dict[str, int]]) -> dict[str, int]:
    largest: dict[str, int] = {}
    for weights in maps:
        for code, weight in weights.items():
            largest[code] = max(weight, largest.get(code, 0))
    return largest


@cache
def _meanings() -> dict[str, frozenset[str]]:
    meanings: defaultdict[str, set[str]] = defaultdict(set)
    for part in body_parts().values():
        for words in part.synonyms:
            meanings[words].add(part.code)
    return {words: frozenset(codes) for words, codes in meanings.items()}


@cache
def _pattern() -> re.Pattern[str]:
    longest_first = sorted(_meanings(), key=len, reverse=True)
    return re.compile(rf"\b(?P<name>{'|'.join(map(re.escape, longest_first))})(?:e?s)?\b", re.IGNORECASE)


def _map(name: str) -> dict[str, dict[str, int]]:
    maps: dict[str, dict[str, int]] = _specialty_file()[name]
    return maps


@cache
def _specialty_file() -> dict[str, Any]:
    return _read("specialties.json")


def _read(name: str) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((DATA / name).read_text(encoding="utf-8"))
    return facts
