"""How much may be asked in a minute: counted for all workers together, per person, and said in plain words."""

import subprocess
import sys
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from flask import g
from peewee import OperationalError
from werkzeug.exceptions import TooManyRequests

from portal import clock
from portal.db import database
from portal.ime import allowance
from portal.ime.instructions import make_link, spend_link
from portal.ime.process import Refusal
from portal.ime.tries import TRIES_FROM_ADDRESS, note_try, of_email
from portal.models import Allowance
from portal.web import limits
from portal.web.limits import Limit, limited
from portal.words import Stage
from tests.databases import ON_BOTH
from tests.policy.matrix import address, persons, routes, stage_for
from tests.web.test_fuzz import Sender

ROOT = Path(__file__).parents[2]
FEW = Limit("few", "3 per minute")
DOOR = Limit("few at the door", "3 per minute", is_door=True)

number = count()

ASKER = """
import sys
from portal import db
from portal.ime import allowance
db.connect(sys.argv[1])
print(sum(allowance.use("everybody's", 1, 3600) <= 150 for _ in range(100)))
"""


def named(name):
    """A view of a name of its own, by which Flask-Limiter tells one from another."""

    def view():
        return ""

    view.__qualname__ = f"{name} {next(number)}"
    return view


@pytest.fixture
def asked(app, monkeypatch):
    """Ask a view under a limit as somebody; the status of the answer."""

    def ask(limit, person=None, source="192.0.2.1", method="GET"):
        view = limited(limit)(named("view"))
        with app.test_request_context("/sign-in", method=method, environ_base={"REMOTE_ADDR": source}):
            g.person = person
            try:
                view()
            except TooManyRequests:
                return 429
        return 200

    return ask


@ON_BOTH
def test_a_limit_lets_through_as_many_as_it_says_and_opens_again_when_its_window_is_over(
    asked, world, backend
):
    with clock.set_to(clock.now()):
        assert [asked(FEW, world.referrer) for _ in range(5)] == [200, 200, 200, 429, 429]
        start = clock.now()
    with clock.set_to(start + timedelta(seconds=59)):
        assert asked(FEW, world.referrer) == 429
    with clock.set_to(start + timedelta(seconds=61)):
        assert [asked(FEW, world.referrer) for _ in range(4)] == [200, 200, 200, 429]


@ON_BOTH
def test_what_one_uses_up_is_not_taken_from_another(asked, world, case_at, backend):
    claimant = spend_link(make_link(case_at(Stage.BOOKED)))
    for _ in range(4):
        asked(FEW, world.referrer)
        asked(FEW, source="192.0.2.1")
    assert asked(FEW, world.referrer) == asked(FEW, source="192.0.2.1") == 429
    assert asked(FEW, world.colleague) == asked(FEW, claimant) == asked(FEW, source="192.0.2.2") == 200
    assert asked(Limit("another", "3 per minute"), world.referrer) == 200


@ON_BOTH
def test_two_processes_count_in_one_place(world, backend, tmp_path):
    url = f"sqlite:///{tmp_path / 'portal.db'}" if backend == "sqlite" else database.obj.database
    asking = [
        subprocess.Popen([sys.executable, "-c", ASKER, url], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    let_through = [int(process.communicate(timeout=60)[0]) for process in asking]
    assert sum(let_through) == 150
    assert allowance.used("everybody's") == 200


def test_a_request_is_counted_in_one_statement(asked, world, monkeypatch):
    statements, execute = [], database.obj.execute_sql
    monkeypatch.setattr(
        database.obj, "execute_sql", lambda sql, *more: (statements.append(sql), execute(sql, *more))[1]
    )
    asked(FEW, world.referrer)
    [only] = statements
    assert only.startswith("INSERT INTO") and "ON CONFLICT" in only and "RETURNING" in only


def test_the_count_names_nobody(asked, world):
    asked(FEW, source="192.0.2.77")
    asked(FEW, world.referrer)
    keys = " ".join(row.key for row in Allowance.select())
    assert "192.0.2" not in keys and world.referrer.email not in keys and world.referrer.name not in keys


def test_what_counts_no_longer_is_swept_away(asked, world):
    asked(FEW, world.referrer)
    assert allowance.forget_allowances() == 0
    with clock.set_to(clock.now() + timedelta(seconds=61)):
        assert allowance.forget_allowances() == 1
    assert Allowance.select().count() == 0


def test_where_nothing_can_be_counted_a_door_stays_shut_and_a_room_stays_open(asked, world, caplog):
    database.execute_sql("DROP TABLE allowance")
    with pytest.raises(OperationalError):
        asked(DOOR)
    assert asked(FEW, world.referrer) == 200
    assert "Failed to rate limit" in caplog.text


def test_nobody_signs_in_where_nothing_can_be_counted(visitor, world):
    database.execute_sql("DROP TABLE allowance")
    page = (
        visitor().opens("/sign-in").presses("Sign in", email=world.referrer.email, password="anything at all")
    )
    assert (page.status, page.heading) == (503, "The portal cannot do this at the moment")
    assert visitor(world.coordinator).opens("/cases").presses("Show cases", q="Delgado").status == 200


def test_whoever_asks_too_often_reads_when_to_come_back_and_what_they_typed(visitor, world, monkeypatch):
    guest = visitor()
    for _ in range(60):
        guest.client.post("/sign-in")  # what has no token is not looked at, and takes nothing from anybody
    assert guest.opens("/sign-in").presses("Sign in", email="a@example.com", password="x y").status == 422
    for _ in range(60):
        guest.opens("/sign-in").presses("Sign in", email="a b@example.com", password="not shown again")
    assert (guest.status, guest.heading) == (429, "Please wait a moment")
    assert 1 <= int(guest.response.headers["Retry-After"]) <= 61
    assert guest.sees("Nothing was changed.") and guest.sees("a b@example.com")
    assert "not shown again" not in guest.response.text
    assert guest.response.headers["Cache-Control"] == "no-store"


def test_the_claimant_is_told_in_their_own_pages_words(visitor, case_at):
    claimant = visitor(spend_link(make_link(case_at(Stage.BOOKED))))
    for _ in range(30):
        assert claimant.client.get("/appointment.ics").status_code == 200
    page = claimant.opens("/appointment.ics")
    assert (page.status, page.heading) == (429, "Please wait a moment")
    assert page.sees("then try again") and "/cases" not in page.response.text


PUBLIC_WITHOUT_LIMIT = {
    "account.sign_out": "ends a session and nothing else",
}


def test_every_form_that_a_stranger_can_send_is_limited(app):
    for rule, method in routes(app):
        view = app.view_functions[rule.endpoint]
        if method == "POST" and view.access.kind == "public" and rule.endpoint not in PUBLIC_WITHOUT_LIMIT:
            assert hasattr(view, "limit"), rule.endpoint
            assert view.limit.is_door, rule.endpoint


def test_every_file_that_can_be_taken_out_is_limited(app, world, case_at):
    files, known = 0, {}
    for rule, method in routes(app):
        view = app.view_functions[rule.endpoint]
        stage = stage_for(view.access)
        case = case_at(stage)
        people = known[stage] = known.get(stage) or persons(world, case, case_at(Stage.DECLINED))
        for name in ("coordinator", "referrer", "expert", "claimant") if method == "GET" else ():
            answer, _ = Sender(app, people[name]).sends(address(app, rule, case), method="GET")
            if answer.status_code == 200 and answer.mimetype != "text/html":
                files += 1
                assert hasattr(view, "limit"), rule.endpoint
    assert files


def test_a_search_counts_once_however_it_is_sent(app, world):
    counted = []
    for path, headers in (("/cases", {}), ("/cases", {"HX-Request": "true"}), ("/experts", {})):
        before = sum(row.used for row in Allowance.select())
        sender = Sender(app, world.coordinator)
        sent = {"csrf_token": sender.token, "q": "a"}
        sender.visitor.client.post(path, data=sent, headers=headers, follow_redirects=True)
        counted.append(sum(row.used for row in Allowance.select()) - before)
    assert counted == [1, 1, 1]


def test_what_costs_much_is_limited(app):
    costly = {
        "case.queue": limits.SEARCH,
        "matching.panel": limits.SEARCH,
        "records.upload": limits.FILING,
        "report.sign": limits.RENDERING,
        "addendum.sign": limits.RENDERING,
        "booking.confirm": limits.RENDERING,
        "booking.confirm_move": limits.RENDERING,
        "instructions.brief": limits.RENDERING,
        "records.download": limits.READING,
        "account.renew_link": limits.RENEWAL,
    }
    assert {name: getattr(app.view_functions[name], "limit", None) for name in costly} == costly


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1%eth0", "2001:db8:1:2::2", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("192.0.2.1", "192.0.2.2", False),
    ],
)
def test_whoever_has_a_whole_network_of_addresses_is_counted_as_one(asked, world, one, other, is_same):
    assert [asked(FEW, source=one) for _ in range(4)] == [200, 200, 200, 429]
    assert asked(FEW, source=other) == (429 if is_same else 200)
    for number in range(TRIES_FROM_ADDRESS):
        note_try(of_email(f"{number}@nowhere.example"), one)
    if is_same:
        with pytest.raises(Refusal):
            note_try(of_email("another@nowhere.example"), other)
    else:
        note_try(of_email("another@nowhere.example"), other)
