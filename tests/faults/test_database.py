"""The database is locked or gone: nothing accepted is lost, nothing is done twice, and it goes on by itself."""

import sqlite3
import subprocess

import psycopg
import pytest

from portal import db, jobs
from portal.db import database
from portal.ime.instructions import make_link, spend_link
from portal.models import Case, Event, Message, Notice, User
from portal.words import Stage
from tests.client import Visitor
from tests.conftest import tell
from tests.machine.postgres import PostgresServer, _end

BUSY = "The portal cannot do this at the moment"
SAID = "Is there any news of the imaging?"


def written(case):
    """What one message leaves: the message, its event, and the notices owed."""
    events = Event.select().where(Event.case == case, Event.step == "post_message")
    owed = Notice.select().join(Event).where(Event.case == case, Event.step == "post_message")
    return Message.select().where(Message.case == case).count(), events.count(), owed.count()


@pytest.fixture
def lock(copied):
    """Another process that holds the write lock of SQLite until it is let go."""
    database.obj.connection().execute("PRAGMA busy_timeout = 200")
    holder = sqlite3.connect(database.obj.database, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    yield holder
    holder.close()


def test_while_another_holds_the_database_a_message_is_not_lost_and_not_sent_twice(
    visitor, world, case_at, lock
):
    case = case_at(Stage.MATCHING)
    lock.execute("ROLLBACK")
    referrer = visitor(world.referrer).opens(f"/cases/{case.reference}/messages/new")
    before = written(case)
    lock.execute("BEGIN IMMEDIATE")
    referrer.presses("Send the message", text=SAID)
    assert (referrer.status, referrer.heading) == (503, BUSY)
    assert referrer.sees(SAID) and int(referrer.response.headers["Retry-After"]) > 0
    assert written(case) == before
    lock.execute("ROLLBACK")
    referrer.opens(f"/cases/{case.reference}/messages/new").presses("Send the message", text=SAID)
    assert referrer.status == 200
    assert written(case) == tuple(number + 1 for number in before)


def test_while_another_holds_the_database_no_page_is_shown_unrecorded_and_nobody_waits_long(
    visitor, world, case_at, lock
):
    lock.execute("ROLLBACK")
    coordinator, path = visitor(world.coordinator), f"/cases/{case_at(Stage.IN_REVIEW).reference}"
    lock.execute("BEGIN IMMEDIATE")
    page = coordinator.opens(path)
    assert (page.status, page.heading, page.sees("Delgado")) == (503, BUSY, False)
    lock.execute("ROLLBACK")
    assert coordinator.opens(path).sees("Delgado")


def test_the_claimant_is_told_in_their_own_words(visitor, case_at, lock):
    lock.execute("ROLLBACK")
    claimant = visitor(spend_link(make_link(case_at(Stage.BOOKED)))).opens("/appointment/change")
    button = next(each for each in claimant.buttons if each.startswith(("Send", "Ask")))
    lock.execute("BEGIN IMMEDIATE")
    claimant.presses(button, why="I work on that day.")
    assert (claimant.status, claimant.heading) == (503, "This does not work at the moment")
    assert claimant.sees("I work on that day.") and "/cases" not in claimant.response.text


def test_a_database_whose_file_is_gone_is_said_so_and_is_used_again_when_it_is_back(
    app, visitor, world, tmp_path
):
    coordinator, place = visitor(world.coordinator), tmp_path / "portal.db"
    database.close()
    away = tmp_path / "away"
    away.mkdir()
    for kept in tmp_path.glob("portal.db*"):
        kept.rename(away / kept.name)
    place.mkdir()  # nothing can be opened or made there
    for path in ("/", "/cases", "/sign-in"):
        page = coordinator.opens(path)
        assert (page.status, page.heading) == (503, BUSY), path
    assert coordinator.opens("/appointment").heading == "This does not work at the moment"
    with coordinator.client.get("/static/portal.css") as style:
        assert style.status_code == 200
    place.rmdir()
    for kept in away.iterdir():
        kept.rename(tmp_path / kept.name)
    assert coordinator.opens("/").status == 200


@pytest.fixture
def own_server(postgres_server):
    """A PostgreSQL server of this test's own, which it may stop and start."""
    server = PostgresServer()
    server.start()
    yield server
    database.close()
    server.stop()


def stop(server):
    _end(server.process)


def start_again(server):
    """The same data, the same port."""
    command = [*server.process.args]
    server.process = subprocess.Popen(
        command, cwd=server.home, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    server._wait()


def test_postgresql_stops_and_starts_again_and_nobody_has_to_help(app, own_server):
    told = tell(own_server.create_database("portal"))
    db.connect(told.place)
    referrer = Visitor(app, world_person(told, "referrer"))
    path = f"/cases/{reference_of(told, Stage.MATCHING)}/messages/new"
    referrer.opens(path)
    case = Case.get_by_id(told.cases[Stage.MATCHING])
    before = written(case)
    stop(own_server)
    referrer.presses("Send the message", text=SAID)
    assert (referrer.status, referrer.heading) == (503, BUSY) and referrer.sees(SAID)
    assert referrer.opens("/").status == 503
    start_again(own_server)
    assert (
        referrer.opens(path).status == 200
    )  # the first page after it: no connection of before is used again
    assert written(case) == before
    referrer.presses("Send the message", text=SAID)
    assert referrer.status == 200 and written(case) == tuple(number + 1 for number in before)


def test_a_connection_cut_in_the_middle_of_a_step_leaves_nothing_of_it(app, own_server, monkeypatch):
    told = tell(own_server.create_database("portal"))
    db.connect(told.place)
    referrer = Visitor(app, world_person(told, "referrer"))
    case = Case.get_by_id(told.cases[Stage.MATCHING])
    referrer.opens(f"/cases/{case.reference}/messages/new")
    before, execute = written(case), database.obj.execute_sql

    def cut(sql, *more, **given):
        answer = execute(sql, *more, **given)
        if sql.startswith('INSERT INTO "event"'):
            own_server.process and stop(own_server)
        return answer

    monkeypatch.setattr(database.obj, "execute_sql", cut)
    referrer.presses("Send the message", text=SAID)
    assert (referrer.status, referrer.sees(SAID)) == (503, True)
    monkeypatch.undo()
    start_again(own_server)
    assert written(case) == before
    referrer.opens(f"/cases/{case.reference}/messages/new").presses("Send the message", text=SAID)
    assert written(case) == tuple(number + 1 for number in before)


def world_person(told, name):
    return User.get_by_id(told.people[name])


def reference_of(told, stage):
    return Case.get_by_id(told.cases[stage]).reference


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_connection_that_was_cut_while_it_rested_is_noticed_by_nobody(visitor, world, backend):
    person = visitor(world.referrer).opens("/")
    cut_all()
    assert person.opens("/").status == 200


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_job_that_lost_its_connection_fails_once_and_works_the_next_time(world, backend, caplog):
    cut_all()
    for _ in range(2):
        jobs.queue.execute(jobs.sweep_owed.s())
    assert caplog.text.count("Unhandled exception in task") == 1


def cut_all():
    """The server ends every connection to this database, as a restart or a firewall does."""
    with psycopg.connect(database.obj.database, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
