"""The jobs begin after a step is committed, and a step never waits for them or fails with them."""

import sqlite3
import threading
from datetime import UTC, datetime

import pytest
from huey.storage import SqliteStorage

from portal import jobs, outside
from portal.ime import process
from portal.ime.messages import post_message
from portal.ime.process import Refusal
from portal.models import Notice, SignInFailure
from portal.outside.mail import MemoryMailer
from portal.words import NoticeState, Stage


class Heard(MemoryMailer):
    """A mailer that says when a mail has come."""

    def __init__(self):
        super().__init__()
        self.came = threading.Event()

    def send(self, mail):
        super().send(mail)
        self.came.set()


@pytest.fixture
def mailer(monkeypatch):
    fresh = Heard()
    monkeypatch.setitem(outside._connected, "mailer", fresh)
    return fresh


@pytest.fixture
def queue(tmp_path, monkeypatch):
    """The queue, in a file of this test's own."""
    monkeypatch.setattr(
        jobs.queue, "storage", SqliteStorage("impartial", filename=str(tmp_path / "jobs.db"), fsync=False)
    )
    yield jobs.queue
    jobs.queue.storage.close()


@pytest.fixture
def case(world, case_at):
    Notice.delete().execute()
    return case_at(Stage.MATCHING)


def asks(case, world, text="When can we expect an expert?"):
    post_message(case, by=world.referrer, text=text)


def test_a_step_asks_for_the_sender_once_it_is_committed(case, world, queue, monkeypatch):
    owed_when_woken = []
    monkeypatch.setattr(
        process, "wakers", [lambda: owed_when_woken.append(Notice.select().count()), jobs.wake]
    )
    asks(case, world)
    assert owed_when_woken == [1]
    assert queue.pending_count() == 1


def test_a_refused_step_wakes_nobody(case, world, queue):
    with pytest.raises(Refusal):
        asks(case, world, text="  ")
    assert queue.pending_count() == 0


@pytest.mark.parametrize("failure", [sqlite3.OperationalError("disk I/O error"), OSError("gone")])
def test_a_step_stands_although_the_queue_is_down_and_the_sweep_sends_later(
    case, world, queue, mailer, monkeypatch, failure
):
    def enqueue(*_):
        raise failure

    monkeypatch.setattr(queue.storage, "enqueue", enqueue)
    asks(case, world)
    assert (case.messages.count(), Notice.get().state) == (1, NoticeState.OWED)
    jobs.sweep_owed.call_local()
    assert [mail.to for mail in mailer.sent] == [world.coordinator.email]


def test_the_jobs_are_done_in_threads_beside_the_server(case, world, queue, mailer):
    with jobs.working(workers=1):
        asks(case, world)
        assert mailer.came.wait(20)
    assert Notice.get().state == NoticeState.SENT
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("Worker-")]


def test_a_failing_job_leaves_the_next_one_alone(case, world, queue, mailer, monkeypatch):
    monkeypatch.setattr(jobs.notices, "send_owed", lambda: 1 / 0)
    with jobs.working(workers=1):
        asks(case, world)
        monkeypatch.undo()
        monkeypatch.setitem(outside._connected, "mailer", mailer)
        asks(case, world, text="And when is the examination?")
        assert mailer.came.wait(20)


def test_what_happens_by_the_clock_is_known():
    tasks = jobs.queue._registry.periodic_tasks
    by_name = {type(task).__name__: task for task in tasks}
    at_noon, at_night = datetime(2026, 3, 4, 12, 6, tzinfo=UTC), datetime(2026, 3, 4, 7, 30, tzinfo=UTC)
    every_minute = {name for name, task in by_name.items() if task.validate_datetime(at_noon)}
    nightly = {name for name, task in by_name.items() if task.validate_datetime(at_night)} - every_minute
    assert every_minute == {"sweep_owed", "expire_offers", "sweep_holds", "seal_audit"}
    assert nightly == {"sweep_orphans"}
    assert by_name.keys() == every_minute | nightly | {
        "forget_failures",
        "forget_allowances",
        "back_up",
        "tidy_search",
        "warn_of_credentials",
        "look_ahead",
    }


@pytest.mark.parametrize(
    "name",
    [
        "sweep_owed",
        "seal_audit",
        "expire_offers",
        "sweep_holds",
        "look_ahead",
        "warn_of_credentials",
        "sweep_orphans",
        "forget_failures",
        "forget_allowances",
        "back_up",
        "tidy_search",
    ],
)
def test_every_job_can_be_done(world, mailer, name):
    getattr(jobs, name).call_local()
    assert SignInFailure.select().count() == 0


def test_a_second_application_in_the_process_does_not_wake_the_sender_twice(app, world):
    jobs.connect(app.config["IMPARTIAL"])
    assert process.wakers.count(jobs.wake) == 1
