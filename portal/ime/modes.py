"""How an expert is found in each jurisdiction, by `portal/data/matching_modes.json`: freely, in turn, or by a random panel."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from portal.words import MatchingMode, Party

DATA = Path(__file__).parent.parent / "data" / "matching_modes.json"
REQUIRED = {"listing", "board", "board_or_listing", "practice"}


@dataclass(frozen=True)
class Mode:
    """The modes open to a kind of examination, the first one proposed; `names` on a panel, who may strike one and
    whether only where the claimant is represented, and what the rule `required_by` asks of whoever examines (names of
    REQUIRED)."""

    modes: tuple[MatchingMode, ...] = (MatchingMode.FREE_CHOICE,)
    names: int = 0
    strikes: tuple[Party, ...] = ()
    strikes_if_represented: bool = False
    requires: tuple[str, ...] = ()
    required_by: str = ""

    @property
    def drawn(self) -> MatchingMode | None:
        """The mode in which names are drawn, None where there is only free choice."""
        return next((each for each in self.modes if each != MatchingMode.FREE_CHOICE), None)

    @property
    def must_draw(self) -> bool:
        return MatchingMode.FREE_CHOICE not in self.modes


@cache
def every_mode() -> dict[str, Mode]:
    """The kinds of examination that ask for something of their own."""
    facts = json.loads(DATA.read_text(encoding="utf-8"))["kinds"]
    return {
        code: Mode(
            tuple(MatchingMode(each) for each in row["modes"]),
            row.get("names", 0),
            tuple(Party(each) for each in row.get("strikes", ())),
            row.get("strikes_if_represented", False),
            tuple(row.get("requires", ())),
            row.get("rule", ""),
        )
        for code, row in facts.items()
    }


def mode_of(exam_kind: str) -> Mode:
    return every_mode().get(exam_kind, Mode())
