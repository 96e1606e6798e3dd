"""What writes and what only reads: no form is taken without its own session's token, and looking changes nothing."""

import hashlib

import pytest
from itsdangerous import URLSafeTimedSerializer

from portal.db import database
from portal.models import TABLES
from portal.words import Stage
from tests.client import Visitor
from tests.policy.matrix import RAW_TOKEN, address, persons, stage_for
from tests.web.test_fuzz import Sender

WRITING = {"POST", "PUT", "PATCH", "DELETE"}
# What only notes that somebody was here: the trail of what was read, the session in use, and the count of limits.
NOTED = {"audit_record", "audit_seal", "alert", "sighting", "session", "allowance"}


def everything(tables=TABLES):
    """A checksum of every table but those that note reading."""
    sums = {}
    for table in tables:
        name = table._meta.table_name
        if name not in NOTED:
            rows = [repr(row) for row in table.select().order_by(table._meta.primary_key).tuples()]
            sums[name] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return sums


def tokens(app, sender):
    """What somebody without the right token may send: none, junk, one of another secret, another session's, an old cut."""
    other = Visitor(app).opens("/sign-in").tree.xpath("//main//input[@name='csrf_token']/@value")[0]
    forged = URLSafeTimedSerializer("another secret", salt="wtf-csrf-token").dumps(RAW_TOKEN)
    return (
        None,
        "",
        "x",
        RAW_TOKEN,
        forged,
        other,
        sender.token[:-1],
        sender.token + "x",
        sender.token.swapcase(),
    )


@pytest.mark.parametrize("name", ["coordinator", "claimant"])
def test_no_route_writes_without_the_token_of_its_own_session(app, world, case_at, name):
    assert app.config["WTF_CSRF_ENABLED"] and app.config["WTF_CSRF_CHECK_DEFAULT"]
    senders, refused = {}, 0
    for rule in app.url_map.iter_rules():
        methods = WRITING & (rule.methods or set())
        if not methods or rule.endpoint == "static":
            continue
        stage = stage_for(app.view_functions[rule.endpoint].access)
        case = case_at(stage)
        if stage not in senders:
            senders[stage] = Sender(app, persons(world, case, case_at(Stage.DECLINED))[name])
        sender, path = senders[stage], address(app, rule, case)
        for token in tokens(app, sender):
            data = {} if token is None else {"csrf_token": token}
            for method in methods:
                answer = sender.visitor.client.open(path, method=method, data=data)
                assert answer.status_code == 400, (rule.rule, method, token)
                refused += 1
    assert refused > 300


def test_nothing_is_exempt_from_the_token(app):
    guard = app.extensions["csrf"]
    assert not guard._exempt_views and not guard._exempt_blueprints


def test_a_token_from_the_address_counts_for_nothing(app, world):
    sender = Sender(app, world.coordinator)
    answer, _ = sender.sends(f"/cases?csrf_token={sender.token}", data={"q": "x"})
    assert answer.status_code == 400


LOOKING = [(name, "sqlite") for name in ("anonymous", "referrer", "coordinator", "expert", "claimant")]


@pytest.mark.parametrize(("name", "backend"), [*LOOKING, ("coordinator", "postgresql")], indirect=["backend"])
def test_looking_changes_nothing(app, world, case_at, name, backend):
    people, before = {}, None
    asked = 0
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static":
            continue
        stage = stage_for(app.view_functions[rule.endpoint].access)
        case = case_at(stage)
        if stage not in people:
            people[stage] = Visitor(app, persons(world, case, case_at(Stage.DECLINED))[name]).client
            before = None
        before = before or everything()
        for method in ("GET", "HEAD", "OPTIONS"):
            people[stage].open(address(app, rule, case), method=method).close()
            asked += 1
    assert everything() == before
    assert asked > 200


def test_the_checksum_notices_a_change(world):
    before = everything()
    database.execute_sql(
        "UPDATE claimant SET phone = '+15550000000' WHERE id = (SELECT min(id) FROM claimant)"
    )
    assert [name for name, kept in everything().items() if before[name] != kept] == ["claimant"]
