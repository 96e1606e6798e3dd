"""Reads every page that a party may open, at every stage, and notes whose words of which column stand there."""

import csv
from pathlib import Path
from typing import Any

from flask import Flask

from portal.words import Stage
from tests.ime.test_process import expected_party
from tests.policy.matrix import Knocker, Look, outcome, persons, routes, text_of
from tests.policy.mirror import OURS, UNFILLED, Canaries, filled, name_of
from tests.policy.stages import is_of_a_case, read_stages

TABLE = Path(__file__).parent / "fields.csv"
READERS = ("referrer", "colleague", "coordinator", "candidate", "expert", "claimant")


def read_everything(app: Flask, side: Any, canaries: Canaries, look: Look) -> dict[str, set[str]]:
    """Column (and what decides beside it) -> the parties that read it on some page of their own case."""
    found: dict[str, set[str]] = {name_of(column): set() for column in filled()}
    allowed = read_stages()
    for stage in Stage:
        case = side.case_at(stage)
        other = side.case_at(Stage.DECLINED if stage != Stage.DECLINED else Stage.CLOSED)
        people = persons(side.world, case, other)
        for name in ("referrer", "colleague", "coordinator", "expert", "claimant"):
            knocker = Knocker(app, people[name], look(name))
            party = str(expected_party(name, stage))
            for rule, method in routes(app):
                is_open = name in allowed.get((method, rule.rule), {}).get(stage, "").split()
                if method == "GET" and is_open and is_of_a_case(rule, access(app, rule)):
                    for place in places(knocker.asks_for(method, rule, case), canaries):
                        found.setdefault(place, set()).add(party)
    return {place: readers for place, readers in found.items() if readers or not is_told_apart(place, found)}


def is_told_apart(place: str, found: dict[str, set[str]]) -> bool:
    """The column stands in the table by what decides beside it, like a document by its audience."""
    return any(other.startswith(f"{place} (") for other in found)


def access(app: Flask, rule: Any) -> Any:
    return app.view_functions[rule.endpoint].access


def places(answer: Any, canaries: Canaries) -> set[str]:
    """Our own columns in an answer."""
    if outcome(answer) != "allow":
        return set()
    return {place for place, world in canaries.found(text_of(answer)) if world == OURS and "." in place}


def read_fields() -> dict[str, set[str]]:
    with TABLE.open(newline="") as file:
        return {
            row["field"]: {name for name in READERS if row[name]}
            for row in csv.DictReader(file)
            if not row["holds no words of a person"]
        }


def write_fields(found: dict[str, set[str]]) -> None:
    """Write the table anew; a row for each column of the schema that holds text."""
    with TABLE.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["field", *READERS, "holds no words of a person"])
        rows = [[place, *("reads" * (name in found[place]) for name in READERS), ""] for place in found]
        rows += [[place, *[""] * len(READERS), why] for place, why in UNFILLED.items()]
        writer.writerows(sorted(rows))
