"""Asks every route, as every person, with every method, and writes down what came of it in one word."""

import csv
from collections.abc import Iterator
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import Any

from flask import Flask
from itsdangerous import URLSafeTimedSerializer

from portal import clock, models
from portal.db import database
from portal.ime.process import PROCESS
from portal.models import Case, SecureLink
from portal.words import Party, Role, Stage
from tests.client import Visitor

TABLE = Path(__file__).parent / "access.csv"
PEOPLE = (
    "anonymous",
    "referrer",
    "colleague",
    "stranger_referrer",
    "coordinator",
    "expert",
    "stranger_expert",
    "claimant",
    "stranger_claimant",
)
RAW_TOKEN = "0" * 40

# What the parts of an address stand for: a row of the case, or a value of no meaning.
CHILDREN = {
    "document_id": models.Document,
    "request_id": models.RecordRequest,
    "question_id": models.Question,
    "arrangement_id": models.Arrangement,
    "clarification_id": models.Clarification,
    "notice_id": models.Notice,
}
OWN = {
    "clinic_id": models.Clinic,
    "hours_id": models.WeeklyHours,
    "time_off_id": models.TimeOff,
    "session_id": models.Session,
}
VALUES = {"token": "a" * 43, "part": "need"}


def stage_for(access: Any) -> Stage:
    """A stage at which the step of a route can be taken, a case in review for the rest."""
    if not access.step:
        return Stage.BOOKED if access.roles == (Role.CLAIMANT,) else Stage.IN_REVIEW
    row = PROCESS[access.step]
    by_choice = (
        (Stage.OFFERED, Stage.BOOKED, Stage.REFERRED)
        if Party.CANDIDATE in row.who
        else (Stage.BOOKED, Stage.REFERRED)
    )
    return next(stage for stage in chain(by_choice, Stage) if stage in row.at)


def routes(app: Flask) -> Iterator[tuple[Any, str]]:
    """Every route with each of its methods, in the order of the addresses."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint)):
        if rule.endpoint != "static":
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield rule, method


def address(app: Flask, rule: Any, case: Case, reference: str | None = None) -> str:
    """The route's address for a case: its own children, or those of no case where it has none."""
    parts: dict[str, Any] = {}
    for name in rule.arguments:
        if name == "ref":
            parts[name] = reference or case.reference
        elif name in CHILDREN:
            parts[name] = child_of(case, CHILDREN[name])
        elif name in OWN:
            row = OWN[name].select().first()
            parts[name] = row.id if row else 1
        else:
            parts[name] = VALUES[name]
    with app.test_request_context():
        return app.url_map.bind("localhost").build(rule.endpoint, parts, method=None)


def child_of(case: Case, model: Any) -> int:
    if model is models.Notice:
        row = models.Notice.select().join(models.Event).where(models.Event.case == case).first()
    else:
        row = model.select().where(model.case == case).first()
    return row.id if row else 10**6


def persons(world: Any, case: Case, other: Case) -> dict[str, Any]:
    """Everybody who may knock, a stranger of each role with them."""
    expires = clock.now() + timedelta(days=1)
    return {
        "anonymous": None,
        "referrer": world.referrer,
        "colleague": world.colleague,
        "stranger_referrer": world.stranger_referrer,
        "coordinator": world.coordinator,
        "expert": world.expert,
        "stranger_expert": world.second_expert,
        "claimant": SecureLink.create(case=case, token_hash=f"m{case.id}", expires_at=expires),
        "stranger_claimant": SecureLink.create(case=other, token_hash=f"n{case.id}", expires_at=expires),
    }


class Knocker:
    """One person with one session, asking route after route; whatever a request writes is undone."""

    def __init__(self, app: Flask, person: Any) -> None:
        self.visitor = Visitor(app, person)
        with self.visitor.client.session_transaction() as cookie:
            cookie["csrf_token"] = RAW_TOKEN
        signer = URLSafeTimedSerializer(app.secret_key, salt="wtf-csrf-token")
        self.token = signer.dumps(RAW_TOKEN)

    def asks(self, method: str, path: str) -> Any:
        with database.atomic() as everything:
            data = {"csrf_token": self.token} if method != "GET" else None
            response = self.visitor.client.open(path, method=method, data=data)
            response.get_data()
            everything.rollback()
        return response


def outcome(response: Any) -> str:
    """One word for an answer."""
    code, to = response.status_code, response.headers.get("Location", "")
    if code == 401 or (code == 303 and "/sign-in" in to):
        return "sign in"
    return {403: "deny", 404: "hide", 409: "late"}.get(
        code, "allow" if code in {200, 204, 303, 422} else str(code)
    )


def ask_everything(app: Flask, world: Any, case_at: Any) -> list[dict[str, str]]:
    """The whole matrix as rows: method, route, stage, and a word per person."""
    other = case_at(Stage.DECLINED)
    rows, knockers = [], {}
    for rule, method in routes(app):
        access = app.view_functions[rule.endpoint].access
        stage = stage_for(access)
        case = case_at(stage)
        if stage not in knockers:
            people = persons(world, case, other)
            knockers[stage] = {name: Knocker(app, people[name]) for name in PEOPLE}
        path = address(app, rule, case)
        words = {name: outcome(knockers[stage][name].asks(method, path)) for name in PEOPLE}
        rows.append({"method": method, "route": rule.rule, "stage": str(stage)} | words)
    return rows


def read_table() -> list[dict[str, str]]:
    with TABLE.open(newline="") as file:
        return list(csv.DictReader(file))


def write_table(rows: list[dict[str, str]]) -> None:
    with TABLE.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["method", "route", "stage", *PEOPLE], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
