"""Two worlds in one portal: a second organisation with its own referrer, expert and cases beside the first, and every
text of either filled with a canary, a word that stands nowhere else and says by its number where it came from."""

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from html import unescape
from typing import Any

from peewee import BooleanField, CharField, DateField, Field, ForeignKeyField, JSONField, TextField

from portal import clock, demo, outside, search
from portal.db import MomentField, WordField
from portal.demo.people import expert, person
from portal.models import TABLES, Arrangement, Case, Claimant, Document, Expert, Message, Organisation, User
from portal.outside.files import keep, new_case_key
from portal.outside.store import Stored
from portal.words import ArrangementKind, Audience, OrganisationKind, Party, Role, Stage
from tests.policy.matrix import path, text_of

WORD = re.compile(r"qx(\d{5})z", re.IGNORECASE)
REFERENCE = re.compile(r"IME-\d+")
OURS, THEIRS, OTHERS = "ours", "theirs", "others"

# Days and sums have no room for a word: each world has a year and a fee of its own.
YEARS = {OURS: 1931, THEIRS: 1937, OTHERS: 1943}
FEES = {OURS: 193_131, THEIRS: 193_737, OTHERS: 194_343}
CLAIMS = {
    OURS: "Delgado|LM-2026-004417",
    THEIRS: "Moreau|BW-77-1180",
    OTHERS: "no claim of theirs",
}  # in papers
SIGNS = {
    world: re.compile(rf"\b{YEARS[world]}\b|{FEES[world] / 100:,.2f}|{FEES[world]}|{CLAIMS[world]}")
    for world in YEARS
}
DAYS = ("claimant.born_on", "injury.injured_on", "document.dated_on")

# Texts that are no text of a person: words of a vocabulary, hashes, what the portal needs as it is.
UNFILLED = {
    "user.password_hash": "a hash",
    "expert_specialty.code": "a code of the list of specialties",
    "expert_file.media_type": "a media type",
    "expert_file.sha256": "a fingerprint",
    "expert_file.key": "a place in the store",
    "expert_file.sealed": "a key",
    "draw.seed": "a random number",
    "draw.exam_kind": "a code of the list of examinations",
    "draw.pool": "numbers of experts",
    "draw.names": "numbers of experts",
    "rule_change.rule": "an id of the rules",
    "rule_change.exam_kind": "a code of the list of examinations",
    "rule_change.facts": "public law",
    "rule_override.step": "a step of the process",
    "rule_override.rule": "an id of the rules",
    "appointment.terms": "figures of the expert's fees; what they come to is said in fee_because",
    "calendar_feed.token_hash": "a hash",
    "clinic.time_zone": "a name of the time zone database",
    "claimant.born_trace": "a fingerprint",
    "case_key.sealed": "a key",
    "case.reference": "the number by which a case is called; looked for by itself",
    "case.next_step": "a step of the process",
    "case.exam_kind": "a code of the list of examinations",
    "injury.body_part": "a code of the list of body parts",
    "question.library_key": "a key of the library",
    "rule_snapshot.rules": "public law",
    "document.media_type": "a media type",
    "document.sha256": "a fingerprint",
    "document.key": "a place in the store",
    "ticked_instruction.item": "a key of the list of things to bring",
    "report.sha256": "a fingerprint",
    "section.key": "a key of the list of sections",
    "addendum.sha256": "a fingerprint",
    "addendum.previous_sha256": "a fingerprint",
    "event.step": "a step of the process",
    "secure_link.token_hash": "a hash",
    "session.token_hash": "a hash",
    "authenticator.secret": "a key",
    "recovery_code.code_hash": "a hash",
    "account_link.token_hash": "a hash",
    "email_domain.name": "public",
}
# Tables of nobody in particular: the trail, which holds numbers, and what is counted.
NOBODYS = {"alert", "zip_place", "audit_record", "audit_seal", "sign_in_failure", "allowance"}
# Facts of an event that are texts of a person; the rest are numbers, days and words of the vocabulary.
SPOKEN = ("why", "place", "expert", "before", "referrer", "coordinator")


def name_of(column: Field) -> str:
    return f"{column.model._meta.table_name}.{column.name}"


def is_text(column: Field) -> bool:
    """A column that can hold what somebody wrote."""
    return isinstance(column, CharField | TextField | JSONField) and not isinstance(column, WordField)


def texts() -> Iterator[Field]:
    """Every column of the schema that can hold what somebody wrote, but for the tables of nobody."""
    for table in TABLES:
        if table._meta.table_name not in NOBODYS:
            yield from (
                column
                for column in table._meta.sorted_fields
                if is_text(column) and name_of(column) not in DAYS
            )


def filled() -> list[Field]:
    return [column for column in texts() if name_of(column) not in UNFILLED]


# --- the second world -------------------------------------------------------------------------------------------


def mirrored(world: demo.World) -> demo.World:
    """The people of a second organisation, with an expert of their own; the office is the same."""
    firm = world.stranger_referrer.organisation
    practice = Organisation.create(name="Ridgeline Orthopedics", kind=OrganisationKind.PRACTICE)
    return demo.World(
        referrer=world.stranger_referrer,
        colleague=person(firm, Role.REFERRER, "Toby Marsh"),
        coordinator=world.coordinator,
        second_coordinator=world.second_coordinator,
        expert=expert(practice, "Nadia Petrov", "MD", ["orthopedic_surgery"], capacity_a_week=40),
        second_expert=world.second_expert,
        stranger_referrer=world.referrer,
    )


CLAIM = demo.Claim("Ines Moreau", date(1968, 2, 9), "BW-77-1180", email="moreau@mail.example")


def tell_mirror(world: demo.World) -> tuple[demo.World, dict[Stage, int]]:
    """The second world's people, and a case of theirs at every stage."""
    mirror = mirrored(world)
    return mirror, {stage: demo.case_at(mirror, stage, CLAIM, mirror.referrer).id for stage in Stage}


# --- rows of every kind -----------------------------------------------------------------------------------------


def for_every_audience(case: Case, user: User) -> None:
    """A document and a message for each who may read one, and what the claimant asked for beside what the referrer did."""
    for number, audience in enumerate(Audience):
        Document.create(
            case=case,
            kind="other",
            name="x",
            media_type="application/pdf",
            size=1,
            sha256=f"{case.id}.{number}",
            key=f"{case.id:030d}{number:02d}",
            audience=audience,
            filed_by=user,
        )
        Message.create(case=case, author=user, party=Party.COORDINATOR, audience=audience, text="x")
    if case.appointments.exists():  # whoever has a time may have asked for something
        Arrangement.create(case=case, kind=ArrangementKind.ACCESS, asked_by=Party.CLAIMANT, detail="x")


def complete(case: Case, world: demo.World, bystander: User) -> None:
    """A row of every table that this world has none of yet."""
    for table in TABLES:
        if table._meta.table_name not in NOBODYS and not has_rows(table, world_of(case.organisation)):
            make(table, case, world, bystander)


def has_rows(table: Any, world: str) -> bool:
    return any(owner(row) == world for row in table.select())


def make(table: Any, case: Case, world: demo.World, bystander: User) -> Any:
    """A row of a table with what it must hold. Whoever a row is about beside a case is a bystander."""
    keys = {column.name: column.rel_model for column in table._meta.refs}
    user = bystander if Case in keys.values() else world.referrer
    known = {Case: case, User: user, Expert: world.expert.expert}
    given = {
        name: known.get(target) or some(target, world_of(case.organisation))
        for name, target in keys.items()
        if not table._meta.fields[name].null or target in {Case, User}
    }
    plain = {
        column.name: value_for(column, case)
        for column in table._meta.sorted_fields
        if column.name not in keys and column.default is None and not column.null and not column.primary_key
    }
    return table.create(**given, **plain)


def some(table: Any, world: str) -> Any:
    return next(row for row in table.select() if owner(row) == world)


@cache
def stored(number: int) -> tuple[str, Stored]:
    """A file of one byte in the store, and the key that it is sealed with: what is not there is given to nobody."""
    sealed = new_case_key()
    return sealed, keep(outside.store(), io.BytesIO(b"x"), sealed, limit=1)


# What would not do with any value: of a certain shape.
SHAPED = {
    "authenticator.secret": lambda case: "JBSWY3DPEHPK3PXP" * 2,
    "expert_file.sealed": lambda case: stored(case.id)[0],
    "expert_file.key": lambda case: stored(case.id)[1].key,
    "expert_file.sha256": lambda case: stored(case.id)[1].sha256,
    "rule_change.rule": lambda case: ("HI-WC-01", "UT-CIV-02")[case.organisation_id % 2],
}


def value_for(column: Field, case: Case) -> Any:
    if name_of(column) in SHAPED:
        return SHAPED[name_of(column)](case)
    if isinstance(column, JSONField):
        return []
    if isinstance(column, WordField):
        return next(iter(column.enum_class))
    if isinstance(column, MomentField):
        return clock.now() + timedelta(hours=column.name in {"ends_at", "expires_at"})
    if isinstance(column, DateField):
        return clock.today()
    if isinstance(column, BooleanField):
        return False
    if is_text(column):
        return f"{column.name}{case.id}".lower()
    return f"{column.name}{case.id}".encode() if column.field_type == "BLOB" else 1


# --- whose it is ------------------------------------------------------------------------------------------------


def owner(row: Any) -> str:
    """The world a row belongs to, by the organisation to which its keys lead."""
    for target, towards in ((Case, "organisation"), (User, "organisation"), (Organisation, "")):
        if (steps := path(type(row), target)) is not None:
            at = row
            for step in steps:
                at = at and getattr(at, step.name)
            found = at and (getattr(at, towards) if towards else at)
            if found:
                return world_of(found)
    if isinstance(row, Claimant):
        return owner(row.cases.get())
    link = getattr(row, "link", None)
    return owner(link) if link else OTHERS


def world_of(organisation: Organisation) -> str:
    first = organisation.name.split()[0]
    return {"Lakeshore": OURS, "Bayview": OURS, "Brightwater": THEIRS, "Ridgeline": THEIRS}.get(first, OTHERS)


# --- canaries ---------------------------------------------------------------------------------------------------


@dataclass
class Canaries:
    """Where each word came from: the column, with what decides who may read the row, and the world."""

    places: list[tuple[str, str]] = field(default_factory=list)

    def word(self, place: str, world: str) -> str:
        self.places.append((place, world))
        return f"qx{len(self.places) - 1:05d}z"

    def found(self, text: str) -> set[tuple[str, str]]:
        """The places and worlds of the canaries in a text."""
        found = {self.places[int(number)] for number in WORD.findall(text)}
        return found | {
            ("a day or a sum", world) for world, sign in SIGNS.items() if sign.search(unescape(text))
        }


def fill() -> Canaries:
    """Put a canary into every text of every row, and the world's own year and fee into the days and sums."""
    canaries = Canaries()
    owners = {table: {row.id: owner(row) for row in table.select()} for table in TABLES if has_text(table)}
    for table, worlds in owners.items():
        for row in table.select():
            fill_row(row, worlds[row.id], canaries)
    search.rebuild()
    return canaries


def has_text(table: Any) -> bool:
    return any(is_text(column) for column in table._meta.sorted_fields) and (
        table._meta.table_name not in NOBODYS
    )


def fill_row(row: Any, world: str, canaries: Canaries) -> None:
    for column in row._meta.sorted_fields:
        place = name_of(column)
        if isinstance(column, ForeignKeyField) or place in UNFILLED:
            continue
        if is_text(column) and place not in DAYS:
            word = canaries.word(f"{place}{qualifier(row)}", world)
            setattr(row, column.name, dressed(column, getattr(row, column.name), word))
        elif place in DAYS:
            setattr(row, column.name, date(YEARS[world], 3, 1 + row.id % 28))
        elif place == "expert.fee_cents":
            setattr(row, column.name, FEES[world])
    row.save()


def dressed(column: Field, was: Any, word: str) -> Any:
    """The canary in the shape that the column asks for."""
    if isinstance(column, JSONField):
        return undressed(was, word)
    if column.name in {"email", "issuer"} or (column.name == "name" and column.model is Document):
        return {"name": f"{word}.pdf", "email": f"{word}@mail.example"}.get(
            column.name, f"https://{word}.example"
        )
    if column.model is User and column.name == "name":
        return f"{word} {word}"
    return word


def undressed(facts: Any, word: str) -> Any:
    """The same facts with the canary where a person's words stand."""
    if isinstance(facts, dict):
        return {
            name: word if name in SPOKEN and value is not None else undressed(value, word)
            for name, value in facts.items()
        }
    if isinstance(facts, list):
        return [undressed(each, word) for each in facts]
    return facts


def qualifier(row: Any) -> str:
    """What beside the column decides who may read it, in brackets."""
    table = row._meta.table_name
    if table in {"document", "message"}:
        return f" ({row.audience.label})"
    if table == "arrangement":
        return " (asked for by the claimant)" if row.asked_by == Party.CLAIMANT else ""
    if table == "clarification":
        return f" ({row.state.label})"
    if table == "event":
        return f" ({row.step})" if set(SPOKEN) & set(row.facts) else ""
    report = {"section": "report", "proposal": "report"}.get(table)
    if report:
        return f" ({released(row.report)})"
    if table == "answer":
        return f" ({released(row.question.case.reports.get())})"
    return ""


def released(report: Any) -> StrEnum | str:
    return "released" if report.released_at else "not released"


# --- who must not see whose -------------------------------------------------------------------------------------

FOREIGN = {
    "referrer": {THEIRS},
    "colleague": {THEIRS},
    "expert": {THEIRS},
    "claimant": {THEIRS},
    "claimant_by_link": {THEIRS},
    "stranger_claimant": {THEIRS},
    "stranger_referrer": {OURS},
    "coordinator": set(),
    "other_coordinator": set(),
}


def watch(canaries: Canaries, references: dict[str, set[str]]) -> Callable[[str], Callable[[str, Any], None]]:
    """What looks at each answer to a person of our world: it holds no canary and no reference of the other."""

    def of(name: str) -> Callable[[str, Any], None]:
        foreign = FOREIGN.get(name, {OURS, THEIRS})
        numbers = set().union(*(references[world] for world in foreign))

        def look(asked: str, answer: Any) -> None:
            text = text_of(answer)
            leaked = {place for place, world in canaries.found(text) if world in foreign}
            named = {number for number in set(REFERENCE.findall(text)) & numbers if number not in asked}
            assert not leaked and not named, f"{name} reads {leaked | named} at {asked}"

        return look

    return of
