"""A server killed with -9 between any two statements of a request leaves all of it or none, and the same press works again.

A process makes the portal once; for every statement of every request it forks a child, which answers on a copy of the
database and is killed before that statement. Then another child, in peace, sends the same form again."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from portal.models import Session
from portal.words import Stage
from tests.client import Visitor, held

ROOT = Path(__file__).parents[2]

SERVER = """
import json, os, shutil, signal, sqlite3, sys
from pathlib import Path
from portal import create_app, db
from portal.config import Config
from portal.db import database

told, place, form = sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3])
app = create_app(Config(instance=place, key_file=Path(form["key"]), secret=form["secret"], database_url="sqlite:///:memory:",
                        store_url=f"file://{place / 'files'}", mail_url="memory:", public_url="http://localhost"))
UNCOUNTED = ("allowance", "session", "audit_record", "audit_seal", "sighting", "sqlite_sequence")


def rows(path):
    at = sqlite3.connect(path)
    names = [name for (name,) in at.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    kept = [name for name in names if name not in UNCOUNTED and not name.startswith("case_search")]
    found = {name: at.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in sorted(kept)}
    at.close()
    return found | {"stage": None}


def answer(path, dies_before):
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    database.initialize(db.open_database(f"sqlite:///{path}"))
    execute, asked = database.obj.execute_sql, [0]

    def counted(*given, **more):
        asked[0] += 1
        if asked[0] == dies_before:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(*given, **more)

    commit = database.obj.commit
    database.obj.execute_sql = counted
    database.obj.commit = lambda: (counted("SELECT 1"), commit())[1]
    client = app.test_client()
    client.set_cookie("impartial", form["cookie"])
    status = client.post(form["path"], data=form["data"]).status_code
    os._exit(0 if status == 303 else status // 4)


results, number = [], 0
while True:
    number += 1
    copy = place / f"{number}.db"
    shutil.copy(told, copy)
    before = rows(copy)
    code = answer(copy, number)
    left = rows(copy)
    again = answer(copy, 0)
    results.append([code, left == before, again, rows(copy), left])
    copy.unlink()
    if code != -9:
        break
print(json.dumps(results))
"""


def as_sent(app, person, path, button, **answers):
    """What the browser of this person would send from the page's form, with the cookie that goes with it."""
    visitor = Visitor(app, person).opens(path)
    form = next(
        form
        for form in visitor.tree.iter("form")
        if any(b.text_content().strip() == button for b in form.iter("button"))
    )
    data = held(form) | answers
    cookie = visitor.client.get_cookie("impartial").value
    return {
        "path": form.get("action") or path,
        "data": data,
        "cookie": cookie,
        "secret": app.secret_key,
        "key": str(app.config["IMPARTIAL"].instance / "key"),
    }


PRESSES = {
    "post_message": (Stage.MATCHING, "referrer", "messages/new", "Send the message", {"text": "Any news?"}),
    "accept_referral": (Stage.REFERRED, "coordinator", "acceptance", None, {}),
    "recall_offer": (
        Stage.OFFERED,
        "coordinator",
        "offer/recall",
        None,
        {"why": "Another expert fits better."},
    ),
}


@pytest.mark.parametrize("name", PRESSES)
def test_a_server_killed_anywhere_in_a_request_leaves_all_of_it_or_none(app, world, case_at, tmp_path, name):
    stage, who, page, button, answers = PRESSES[name]
    path = f"/cases/{case_at(stage).reference}/{page}"
    visitor = Visitor(app, getattr(world, who)).opens(path)
    button = button or visitor.tree.xpath("//main//form//button")[-1].text_content().strip()
    form = as_sent(app, getattr(world, who), path, button, **answers)
    Session.get()  # the session that was just begun is in the copy too
    from portal.db import database

    database.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    place = tmp_path / "copies"
    place.mkdir()
    given = [sys.executable, "-c", SERVER, str(tmp_path / "portal.db"), str(place), json.dumps(form)]
    ran = subprocess.run(given, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr[-2_000:]
    results = json.loads(ran.stdout)
    whole = results[-1][4]
    assert results[-1][0] == 0 and results[-1][1] is False, f"the press itself did nothing: {results[-1][0]}"
    assert len(results) > 8 and all(code == -9 for code, *_ in results[:-1])
    for number, (_, is_untouched, again, after, left) in enumerate(results[:-1], 1):
        assert is_untouched or left == whole, f"half of it stands when killed before statement {number}"
        assert after == whole, f"pressed again after a kill before statement {number}: {again}"
    assert {again for _, is_untouched, again, *_ in results[:-1] if is_untouched} == {0}
