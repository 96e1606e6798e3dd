"""Neither the audit trail nor any log holds a name, an address, a birth date, a claim number, a password or a token."""

import logging

import pytest

from portal import notices, outside
from portal.audit import Actor, acting, record
from portal.db import database
from portal.ime.instructions import make_link
from portal.models import AuditRecord, Case, Claimant, ClaimNumber, Organisation, User
from portal.outside.mail import MemoryMailer
from portal.words import Act, Stage
from tests.databases import ON_BOTH
from tests.policy.matrix import Knocker, address, persons, routes, stage_for

PASSWORD = " ".join(("purple", "giraffe", "typed", "by", "somebody"))
TYPED = "Delgado, chronic lumbar radiculopathy"
FIELDS = ("q", "why", "text", "name", "email", "need", "note", "next", "code", "answer", "what", "provider")
ASKING = ("anonymous", "referrer", "coordinator", "expert", "claimant")


def canaries():
    """Every word of the world that points at a person."""
    found = {PASSWORD, TYPED, "Delgado", "radiculopathy"}
    for person in (*User.select(), *Claimant.select()):
        found |= {person.name, person.email, person.phone}
    for claimant in Claimant.select():
        found |= {claimant.street, claimant.born_on and claimant.born_on.isoformat()}
    found |= {row.number for row in ClaimNumber.select()} | {row.name for row in Organisation.select()}
    return {each for each in found if each}


def in_trail(since=0):
    columns = [field for name, field in AuditRecord._meta.fields.items() if name not in {"id", "at"}]
    rows = AuditRecord.select(*columns).where(AuditRecord.id > since).tuples()
    return "\n".join(str(row) for row in rows)


def found_in(text, wanted):
    return sorted(each for each in wanted if each.lower() in text.lower())


@ON_BOTH
def test_what_the_steps_of_the_world_left_in_the_trail_names_nobody(world, backend):
    text = in_trail()
    assert text.count("'step'") > 100
    assert found_in(text, canaries()) == []


def test_every_page_and_form_asked_by_everybody_names_nobody(app, world, case_at, caplog):
    """All routes, each with words typed into its fields and its address that must not be kept."""
    wanted, last = canaries(), AuditRecord.select().order_by(AuditRecord.id.desc()).get().id
    token = make_link(case_at(Stage.BOOKED))
    typed = dict.fromkeys(FIELDS, TYPED) | {"password": PASSWORD, "email": world.expert.email}
    knockers = {}
    with caplog.at_level(logging.INFO), database.atomic() as everything:
        for rule, method in routes(app):
            case = case_at(stage_for(app.view_functions[rule.endpoint].access))
            if case.id not in knockers:
                people = persons(world, case, case_at(Stage.DECLINED))
                knockers[case.id] = {name: Knocker(app, people[name]) for name in ASKING}
            path = address(app, rule, case).replace("a" * 43, token)
            for knocker in knockers[case.id].values():
                send(knocker, method, path, typed)
        text = in_trail(since=last)
        everything.rollback()
    assert text.count("'read'") > 100
    assert found_in(text, {*wanted, token}) == []
    assert found_in(caplog.text, {*wanted, token}) == []


def send(knocker, method, path, typed):
    """Ask with the words typed in, and keep the record although what was done is undone."""
    client, data = knocker.visitor.client, {"csrf_token": knocker.token, **typed}
    if method == "GET":
        client.get(path, query_string=typed).close()
    elif "sign-out" not in path and "/ending" not in path:
        client.post(path, data=data).close()


def test_what_fails_in_the_midst_of_a_page_names_nobody(visitor, world, case_at, caplog, monkeypatch):
    case = case_at(Stage.BOOKED)

    def breaks(case):
        raise ValueError(f"{case.claimant.name} has {TYPED}")

    monkeypatch.setattr("portal.views.case.sections", breaks)
    visitor(world.coordinator).opens(f"/cases/{case.reference}")
    assert "ValueError" in caplog.text
    assert found_in(caplog.text + in_trail(), canaries()) == []


def test_a_notice_that_is_sent_or_fails_names_nobody(world, case_at, caplog, monkeypatch):
    monkeypatch.setitem(outside._connected, "mailer", MemoryMailer())
    with caplog.at_level(logging.INFO):
        assert notices.send_owed() > 0
    assert AuditRecord.select().where(AuditRecord.act == Act.SENT, AuditRecord.thing == "notice").exists()
    assert found_in(in_trail() + caplog.text, canaries()) == []


@pytest.mark.parametrize("address_now", ["127.0.0.1\nforged line", "x" * 400])
def test_an_address_cannot_forge_a_line_or_break_the_record(world, address_now):
    """A column is a column: what stands in it never becomes another record."""
    before = AuditRecord.select().count()
    with acting(Actor(user=world.expert.id, source=address_now[:255])):
        record(Act.READ, case=Case.select().first())
    assert AuditRecord.select().count() == before + 1
