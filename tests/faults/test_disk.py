"""The disk is full: nothing accepted is lost, nobody reads a fault, and it goes on by itself once there is room."""

import json
import subprocess
import sys
from pathlib import Path

from portal.db import database
from portal.models import Session
from portal.words import Stage
from tests.client import Visitor
from tests.paper import a_pdf

ROOT = Path(__file__).parents[2]

# The portal on a file system of 12 MB of its own, which only this process sees.
SCRIPT = """
import io, json, os, sys
from pathlib import Path
from portal import create_app, outside
from portal.config import Config
from portal.models import Document, Event, Message, Notice

place, given = Path(sys.argv[1]), json.loads(sys.argv[2])
app = create_app(Config(instance=place, key_file=Path(given["key"]), secret=given["secret"], database_url=f"sqlite:///{place / 'portal.db'}",
                        store_url=f"file://{place / 'files'}", mail_url=f"file://{place / 'outbox'}",
                        public_url="http://localhost"))
client, told = app.test_client(), []
client.set_cookie("impartial", given["cookie"])
paper = Path(given["paper"]).read_bytes()


def note(what, answer=None):
    counts = [model.select().count() for model in (Message, Event, Notice, Document)]
    said = answer.get_data(as_text=True) if answer else ""
    told.append([what, answer.status_code if answer else 0, counts, len(list(outside.store().keys())), said])


def message():
    return client.post(given["message"]["path"], data=given["message"]["data"])


def upload(content):
    data = given["upload"]["data"] | {"files": (io.BytesIO(content), "scan.pdf")}
    return client.post(given["upload"]["path"], data=data, content_type="multipart/form-data")


def fill():
    with (place / "filler").open("wb") as filler:
        for size in (65536, 4096, 1):
            try:
                while True:
                    filler.write(b"x" * size)
                    filler.flush()
            except OSError:
                pass


note("start")
try:
    fill()
except OSError:
    pass
note("message while full", message())
note("upload while full", upload(paper))
note("large upload while full", upload(paper + b"%" + b"x" * 2_000_000))
note("page while full", client.get("/"))
(place / "filler").unlink()
note("message again", message())
note("upload again", upload(paper))
print(json.dumps(told))
"""


def sent(visitor, path, button, **answers):
    """A form as its page holds it, answered."""
    visitor.opens(path)
    [token] = set(visitor.tree.xpath("//main//form//input[@name='csrf_token']/@value"))
    return {"path": path, "data": {"csrf_token": token, **answers}}


def test_on_a_full_disk_nothing_is_lost_and_it_goes_on_once_there_is_room(
    app, world, case_at, tmp_path, small_disk
):
    case, referrer = case_at(Stage.MATCHING), Visitor(app, world.referrer)
    (tmp_path / "scan.pdf").write_bytes(a_pdf("a scan"))
    given = {
        "secret": app.secret_key,
        "key": str(app.config["IMPARTIAL"].instance / "key"),
        "paper": str(tmp_path / "scan.pdf"),
        "message": sent(referrer, f"/cases/{case.reference}/messages/new", "", text="Is there any news of it?"),
        "upload": sent(
            referrer, f"/cases/{case.reference}/records/new", "", kind="imaging", provider="The bay imaging", audience="case"
        ),
        "cookie": referrer.client.get_cookie("impartial").value,
    }  # fmt: skip
    assert Session.select().exists()
    database.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    disk = tmp_path / "disk"
    disk.mkdir()
    prepare = 'mount -t tmpfs -o size=12m tmpfs "$1" && cp "$2" "$1/portal.db" && TMPDIR="$1" exec "$3" -c "$4" "$1" "$5"'
    words = [disk, tmp_path / "portal.db", sys.executable, SCRIPT, json.dumps(given)]
    ran = subprocess.run(
        [*small_disk, "sh", "-c", prepare, "sh", *map(str, words)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr[-2_000:]
    told = {what: more for what, *more in json.loads(ran.stdout.splitlines()[-1])}
    start = told["start"][1:3]
    for what in ("message while full", "upload while full", "large upload while full"):
        status, *left, said = told[what]
        assert status == 503, (what, status)
        assert left == start, what
        assert "The portal cannot do this at the moment" in said
    assert "Is there any news of it?" in told["message while full"][3]
    assert told["page while full"][0] == 503  # a look that cannot be put on record is not shown
    assert "Delgado" not in told["page while full"][3]
    [messages, events, notices, documents], keys = start
    assert told["message again"][:2] == [303, [messages + 1, events + 1, notices + 1, documents]]
    assert told["upload again"][0] == 303
    assert told["upload again"][1][3] == documents + 1 and told["upload again"][2] == keys + 1
