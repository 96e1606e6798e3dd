"""Asks every route of a case at every stage, as everybody who is a party to it and as one who is not.

A cell of the table names who gets in at this stage. Whoever it does not name gets what follows from the process: `hide`
where the case is not theirs to see, `deny` where they have no part in the step or page, `late` where they have but not
at this stage; anything else stands in the cell, as `who=word`."""

import csv
from pathlib import Path
from typing import Any

from flask import Flask

from portal.ime.process import PROCESS
from portal.words import Role, Stage
from tests.ime.test_process import expected_party
from tests.policy.matrix import Knocker, Look, nobody_looks, outcome, persons, routes

TABLE = Path(__file__).parent / "stages.csv"
KNOCKING = ("referrer", "colleague", "coordinator", "expert", "claimant", "stranger_referrer")


def ask_at(
    app: Flask, world: Any, case_at: Any, stage: Stage, look: Look = nobody_looks
) -> dict[tuple[str, str], str]:
    """The cells of one stage, by method and route."""
    case = case_at(stage)
    other = case_at(Stage.DECLINED if stage != Stage.DECLINED else Stage.CLOSED)
    people = persons(world, case, other)
    knockers = {name: Knocker(app, people[name], look(name)) for name in KNOCKING}
    cells = {}
    for rule, method in routes(app):
        access = app.view_functions[rule.endpoint].access
        if is_of_a_case(rule, access):
            words = {
                name: outcome(knockers[name].asks_for(method, rule, case)) for name in of_interest(access)
            }
            cells[method, rule.rule] = cell(words, access, stage)
    return cells


def is_of_a_case(rule: Any, access: Any) -> bool:
    return access.kind != "manages" and ("ref" in rule.arguments or access.roles == (Role.CLAIMANT,))


def of_interest(access: Any) -> tuple[str, ...]:
    """Everybody; where only a claimant may come the claimant, the rest is in the table of persons."""
    return ("claimant",) if access.roles == (Role.CLAIMANT,) else KNOCKING


def cell(words: dict[str, str], access: Any, stage: Stage) -> str:
    """Who gets in, and what is otherwise than the process lets expect."""
    allowed = [name for name, word in words.items() if word == "allow"]
    odd = [
        f"{name}={word}"
        for name, word in words.items()
        if word != "allow" and word != refusal(name, access, stage)
    ]
    return " ".join([*allowed, *odd]) or "-"


def refusal(name: str, access: Any, stage: Stage) -> str:
    """What somebody who does not get in is told, by the table of steps alone."""
    if name == "claimant":
        return "late" if access.roles else "deny"
    party = expected_party(name, stage)
    if party is None:
        return "hide"
    if party not in access.parties:
        return "deny"
    return "late" if access.step and stage not in PROCESS[access.step].at else "hide"


def read_stages() -> dict[tuple[str, str], dict[str, str]]:
    """The committed cells: a row may stand for several methods."""
    with TABLE.open(newline="") as file:
        return {
            (method, row["route"]): {stage: row[stage] for stage in Stage}
            for row in csv.DictReader(file)
            for method in row["methods"].split()
        }


def write_stages(stage: Stage, found: dict[tuple[str, str], str]) -> None:
    """Write one stage's cells into the table: a row for the methods of a route that are answered alike."""
    kept = read_stages() if TABLE.exists() else {}
    rows: dict[tuple[str, ...], list[str]] = {}
    for (method, route), cell in sorted(found.items(), key=lambda each: (each[0][1], each[0][0])):
        cells = kept.get((method, route), dict.fromkeys(Stage, "")) | {stage: cell}
        rows.setdefault((route, *(cells[each] for each in Stage)), []).append(method)
    with TABLE.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["methods", "route", *Stage])
        writer.writerows([" ".join(methods), *row] for row, methods in rows.items())
