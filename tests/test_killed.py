"""A process that is killed at any point leaves all of a step or none of it, and its notice is sent once."""

import subprocess
import sys
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from portal import clock, notices, outside
from portal.models import Event, Notice
from portal.outbox import HELD
from portal.outside.mail import FileMailer
from portal.outside.vault import vault
from portal.words import NoticeState, Stage

KILLED = """
import os, signal, sys
from pathlib import Path
from portal import create_app, outside, db
from portal.config import Config
from portal.ime import process
from portal.models import Case, User
from portal.outside.mail import FileMailer

url, outbox, point, case, person, instance, key = sys.argv[1:]
places = {"instance": Path(instance), "key_file": Path(key)}
create_app(Config(**places, database_url=url, store_url="memory:", mail_url=f"file://{outbox}"))
die = lambda *_: os.kill(os.getpid(), signal.SIGKILL)

if point == "committed":
    process.wakers[:] = [die]
elif point == "claimed":
    FileMailer.send = die
elif point == "sent":
    hand_over = FileMailer.send
    FileMailer.send = lambda *given: (hand_over(*given), die())
elif point == "unfinished":
    from portal.models import Event
    process.owe = die

from portal import notices
from portal.ime.messages import post_message
post_message(Case.get_by_id(case), by=User.get_by_id(person), text="Is there news?")
notices.send_owed()
"""


@pytest.mark.parametrize("point", ["unfinished", "committed", "claimed", "sent"])
def test_a_killed_process_leaves_all_of_a_step_or_none_and_its_notice_is_sent_once(
    world, case_at, tmp_path, monkeypatch, point
):
    case, outbox = case_at(Stage.MATCHING), tmp_path / "outbox"
    Notice.delete().execute()
    before = Event.select().count()
    url = f"sqlite:///{tmp_path / 'portal.db'}"
    given = [url, outbox, point, case.id, world.referrer.id, tmp_path / "instance", vault().path]
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, *map(str, given)], cwd=Path(__file__).parents[1], check=False
    )
    assert killed.returncode == -9
    whole = 0 if point == "unfinished" else 1
    assert (Event.select().count() - before, Notice.select().count(), case.messages.count()) == (whole,) * 3
    monkeypatch.setitem(outside._connected, "mailer", FileMailer(outbox, sender="Us <us@here.example>"))
    with clock.set_to(clock.now() + HELD):
        assert notices.send_owed() == whole
        assert notices.send_owed() == 0
    mails = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in outbox.glob("*.eml")]
    assert [mail["To"] for mail in mails] == [world.coordinator.email] * whole
    assert {notice.state for notice in Notice.select()} <= {NoticeState.SENT}
