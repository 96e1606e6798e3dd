"""Asks every route, as every person, with every method, and writes down what came of it in one word.

allow: the page, or the form that was sent is looked at · sign in: who are you? · prove: show first that it is you · deny: not your part (403) · hide: for
you there is no such thing (404) · late: the case has moved on (409)."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import pypdfium2
from flask import Flask
from itsdangerous import URLSafeTimedSerializer
from peewee import ForeignKeyField

from portal import clock, models
from portal.db import database
from portal.demo.people import person
from portal.ime import files
from portal.ime.instructions import hashed
from portal.ime.process import PROCESS
from portal.models import Case, Offer, SecureLink, User
from portal.words import OfferState, Party, Role, Stage
from tests.client import Visitor

TABLE = Path(__file__).parent / "access.csv"
PEOPLE = (
    "anonymous",
    "half_signed_in",
    "disabled",
    "referrer",
    "colleague",
    "stranger_referrer",
    "coordinator",
    "other_coordinator",
    "expert",
    "former_candidate",
    "former_expert",
    "stranger_expert",
    "claimant",
    "claimant_by_link",
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
    "bar_id": models.Bar,
    "access_id": models.EmergencyAccess,
    "appointment_id": models.Appointment,
}
OWN = {
    "clinic_id": models.Clinic,
    "hours_id": models.WeeklyHours,
    "time_off_id": models.TimeOff,
    "session_id": models.Session,
    "passkey_id": models.Passkey,
    "user_id": models.User,
    "organisation_id": models.Organisation,
    "identity_id": models.Identity,
    "expert_id": models.Expert,
    "credential_id": models.Credential,
    "file_id": models.ExpertFile,
    "feed_id": models.CalendarFeed,
}
VALUES = {"token": "a" * 43, "part": "need", "state": "CA", "called": "CA-QME-23"}
TABLES = {table._meta.table_name: table for table in models.TABLES}

# What may be written although a request was refused: that it was, and that a session is in use.
NOTED = {"audit_record", "audit_seal", "alert", "account_notice", "allowance", "session", "sign_in_failure"}
REFUSALS = {"sign in", "prove", "deny", "hide", "late"}
WRITING = re.compile(r'\s*(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+"?(\w+)', re.IGNORECASE)


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


def row_of(name: str) -> Any:
    """The table whose row's number stands in an address under this name; None where it is no number."""
    return CHILDREN.get(name) or OWN.get(name) or TABLES.get(name.removesuffix("_id"))


def numbered(rule: Any) -> list[str]:
    """The parts of an address that are numbers of rows."""
    return sorted(name for name in rule.arguments if name != "ref" and row_of(name))


def address(
    app: Flask, rule: Any, case: Case, reference: str | None = None, *, who: Any = None, **given: int
) -> str:
    """The route's address for a case: its own children, or those of no case where it has none; beside a case the
    person's own rows."""
    parts: dict[str, Any] = {}
    for name in rule.arguments:
        if name == "ref":
            parts[name] = reference or case.reference
        elif model := row_of(name):
            parts[name] = child_of(case, model) if "ref" in rule.arguments else own_of(who, model)
        else:
            parts[name] = VALUES.get(name) or first_choice(rule, name)
    return str(app.url_map.bind("localhost").build(rule.endpoint, parts | given, method=None))


def first_choice(rule: Any, name: str) -> str:
    """The first of the words that may stand at this place of an address."""
    return str(min(rule._converters[name].items))


def owned(model: Any, person: Any) -> Any:
    """The query of the rows of a table that lead to this user, over as many keys as it takes; None where none can."""
    steps = path(model, User)
    if steps is None or not isinstance(person, User):
        return None
    query = model.select()
    for step in steps[:-1]:
        query = query.join(step.rel_model, on=step)
    return query.where((steps[-1] == person) if steps else (model.id == person.id)).order_by(model.id)


def path(model: Any, target: Any) -> list[ForeignKeyField] | None:
    """The shortest way of keys that must be there from a table to another; None where there is none. What is an expert's
    is theirs, whoever filed or verified it."""
    if target is User and (key := model._meta.fields.get("expert")) is not None:
        return [key, models.Expert.user]
    ways: list[tuple[Any, list[ForeignKeyField]]] = [(model, [])]
    for at, steps in ways:
        if at is target:
            return steps
        ways += [
            (key.rel_model, [*steps, key])
            for key in at._meta.refs
            if key.rel_model not in {w for w, _ in ways}
        ]
    return None


def own_of(person: Any, model: Any) -> int:
    """A row of the person's own; where they have none the first there is."""
    rows = owned(model, person)
    row = (rows and rows.first()) or model.select().order_by(model.id).first()
    return int(row.id) if row else 1


def children(case: Case, model: Any) -> Any:
    """The query of a case's rows of a table, the oldest first."""
    if model is models.Notice:
        return model.select().join(models.Event).where(models.Event.case == case).order_by(model.id)
    return model.select().where(model.case == case).order_by(model.id)


def child_of(case: Case, model: Any) -> int:
    row = children(case, model).first()
    return int(row.id) if row else 10**6


@dataclass(frozen=True)
class HalfSignedIn:
    """Somebody who has shown a password and no second factor yet, or opened a link and not said when they were born."""

    user: User | SecureLink


def take_proof_back() -> None:
    """The session that was begun last is only half signed in."""
    newest = models.Session.select().order_by(models.Session.id.desc()).get()
    models.Session.update(proved_at=None).where(models.Session.id == newest.id).execute()


def persons(world: Any, case: Case, other: Case) -> dict[str, Any]:
    """Everybody who may knock at a case, a stranger of each role with them."""
    expires = clock.now() + timedelta(days=1)
    furnish(world, case, expires)
    return {
        "anonymous": None,
        "half_signed_in": HalfSignedIn(world.coordinator),
        "disabled": disabled_coordinator(world),
        "referrer": world.referrer,
        "colleague": world.colleague,
        "stranger_referrer": world.stranger_referrer,
        "coordinator": world.coordinator,
        "other_coordinator": world.second_coordinator,
        "expert": world.expert,
        "former_candidate": panelist(2, case, OfferState.EXPIRED),
        "former_expert": panelist(3, case, OfferState.RELEASED),
        "stranger_expert": world.second_expert,
        "claimant": SecureLink.create(case=case, token_hash=f"m{case.id}", expires_at=expires),
        "claimant_by_link": HalfSignedIn(
            SecureLink.create(case=case, token_hash=f"l{case.id}", expires_at=expires)
        ),
        "stranger_claimant": SecureLink.create(case=other, token_hash=f"n{case.id}", expires_at=expires),
    }


def furnish(world: Any, case: Case, expires: Any) -> None:
    """What some route asks for and no step of the told world leaves: a letter, days off, a link not opened yet."""
    booked = case.appointments.where(models.Appointment.letter.is_null()).first()
    if booked:
        stored = files.keep(case, io.BytesIO(b"A letter."), limit=100)
        letter = models.Document.create(
            case=case,
            kind="notice",
            name="Letter.pdf",
            media_type="application/pdf",
            size=stored.size,
            sha256=stored.sha256,
            key=stored.key,
            audience="everyone",
        )
        models.Appointment.update(letter=letter).where(models.Appointment.id == booked.id).execute()
    if not world.expert.expert.time_off.exists():
        today = clock.today()
        models.TimeOff.create(expert=world.expert.expert, first_day=today, last_day=today)
    token_hash = hashed(VALUES["token"])
    if not SecureLink.select().where(SecureLink.token_hash == token_hash).exists():
        SecureLink.create(case=case, token_hash=token_hash, expires_at=expires)


def disabled_coordinator(world: Any) -> User:
    """A manager whose account is closed, whatever cookies they still hold."""
    return User.get_or_none(User.disabled_at.is_null(False)) or person(
        world.coordinator.organisation,
        Role.COORDINATOR,
        "Lena Ortiz",
        is_manager=True,
        disabled_at=clock.now() - timedelta(days=1),
    )


def panelist(place: int, case: Case, state: OfferState) -> User:
    """An expert of the panel whose part in the case is over."""
    user: User = User.select().where(User.role == Role.EXPERT).order_by(User.id)[place]
    until = clock.now() - timedelta(days=1)
    Offer.create(case=case, expert=user.expert, state=state, until=until, rank=2, ranking=[])
    return user


@contextmanager
def writes() -> Iterator[set[str]]:
    """The names of the tables that are written within the block."""
    tables: set[str] = set()

    def note(event: Any) -> None:
        if found := WRITING.match(event.sql):
            tables.add(found[1])

    database.obj.query_hooks.append(note)
    try:
        yield tables
    finally:
        database.obj.query_hooks.remove(note)


class Knocker:
    """One person with one session, asking route after route; whatever a request writes is undone."""

    def __init__(self, app: Flask, person: Any, look: Callable[[str, Any], None] | None = None) -> None:
        """`look` is shown every answer, with what was asked."""
        is_half = isinstance(person, HalfSignedIn)
        self.app, self.person = app, person.user if is_half else person
        self.visitor = Visitor(app, self.person)
        if is_half:
            take_proof_back()
        with self.visitor.client.session_transaction() as cookie:
            cookie["csrf_token"] = RAW_TOKEN
        signer = URLSafeTimedSerializer(app.secret_key, salt="wtf-csrf-token")
        self.token = signer.dumps(RAW_TOKEN)
        self.look = look
        self.cookie = self.visitor.client.get_cookie(app.config["SESSION_COOKIE_NAME"])
        self.wrote: set[str] = set()

    def asks_for(self, method: str, rule: Any, case: Case) -> Any:
        """The answer to a route, at a case or about the person's own rows."""
        return self.asks(method, address(self.app, rule, case, who=self.person))

    def asks(self, method: str, path: str, **given: Any) -> Any:
        """The answer; which tables the request wrote is in `wrote`, and undone."""
        with database.atomic() as everything, writes() as self.wrote:
            data = {"csrf_token": self.token, **given} if method != "GET" else None
            response = self.visitor.client.open(path, method=method, data=data)
            response.get_data()
            response.close()
            everything.rollback()
        if "Set-Cookie" in response.headers:  # what began or ended a session is undone as well
            self.visitor.client.set_cookie(self.cookie.key, self.cookie.value)
        if outcome(response) in REFUSALS:
            self.leaves_as_it_was(self.wrote - NOTED, method, path, given)
        if self.look:
            self.look(f"{method} {path}", response)
        return response

    def leaves_as_it_was(self, tables: set[str], method: str, path: str, given: dict[str, Any]) -> None:
        """A refused request that touched tables – to lock a row, say – left them as they were."""
        if not tables:
            return
        with database.atomic() as everything:
            before = rows_in(tables)
            data = {"csrf_token": self.token, **given} if method != "GET" else None
            self.visitor.client.open(path, method=method, data=data).get_data()
            after = rows_in(tables)
            everything.rollback()
        assert before == after, f"{method} {path} was refused and changed {tables}"


def rows_in(tables: set[str]) -> dict[str, list[Any]]:
    return {name: sorted(map(repr, TABLES[name].select().tuples())) for name in tables if name in TABLES}


def said(response: Any) -> tuple[int, bytes, list[tuple[str, str]]]:
    """All that an answer says: status, body and headers, without the token that differs in each."""
    body = re.sub(rb'(name="csrf_token"[^>]*value=")[^"]+', rb"\1", response.get_data())
    return response.status_code, body, sorted(response.headers.items())


def text_of(response: Any) -> str:
    """Everything an answer tells: its headers and its body, a PDF by its words."""
    body = response.get_data()
    if response.mimetype == "application/pdf" and body.startswith(b"%PDF"):
        return f"{response.headers} {words_of(body)}"
    return f"{response.headers} {body.decode(errors='replace')}"


def words_of(paper: bytes) -> str:
    """The words of a PDF, spaces folded."""
    with pypdfium2.PdfDocument(io.BytesIO(paper)) as read:
        return " ".join(" ".join(page.get_textpage().get_text_bounded() for page in read).split())


def outcome(response: Any) -> str:
    """One word for an answer."""
    code, to = response.status_code, response.headers.get("Location", "")
    if code == 303 and ("/appointment/identity?" in to or "/second-factor?" in to):
        return "prove"
    if code == 401 or (code == 303 and "/sign-in" in to):
        return "sign in"
    if code == 400 and response.request.path == "/sign-in/organization/return":
        return "late"  # whoever comes back without having set out
    return {403: "deny", 404: "hide", 409: "late"}.get(
        code, "allow" if code in {200, 204, 302, 303, 422} else str(code)
    )


Look = Callable[[str], Callable[[str, Any], None] | None]


def nobody_looks(name: str) -> None:
    """No answer is looked at beside its word."""


def ask_everything(app: Flask, world: Any, case_at: Any, look: Look = nobody_looks) -> list[dict[str, str]]:
    """The whole matrix as rows: method, route, stage, and a word per person; `look` gives what looks at a person's
    answers."""
    other = case_at(Stage.DECLINED)
    rows, knockers = [], {}
    for rule, method in routes(app):
        access = app.view_functions[rule.endpoint].access
        stage = stage_for(access)
        case = case_at(stage)
        if stage not in knockers:
            people = persons(world, case, other)
            knockers[stage] = {name: Knocker(app, people[name], look(name)) for name in PEOPLE}
        words = {name: outcome(knockers[stage][name].asks_for(method, rule, case)) for name in PEOPLE}
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
