"""The command line, as a person at a terminal meets it."""

import os
import re
import signal
import socket
import subprocess
import sys
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import pytest

from portal.outside.vault import make_keys

ROOT = Path(__file__).parents[1]
ROLES = ["referrer", "coordinator", "expert", "claimant"]


def flask(*words, **environment):
    """The command, in its own environment, with its output in pipes."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "wsgi", *words],
        cwd=ROOT,
        env={**kept, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def said_by(*words, **environment):
    out, err = (process := flask(*words, **environment)).communicate(timeout=120)
    return process.returncode, out, err


@pytest.fixture
def port():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


def browser():
    return build_opener(HTTPCookieProcessor(CookieJar()))


def opened(person, url, **answers):
    """The page as text; with answers it is posted."""
    body = urlencode(answers).encode() if answers else None
    with person.open(url, body, timeout=60) as answer:
        return answer.url, answer.read().decode()


def presses_the_only_button(person, url):
    _, page = opened(person, url)
    assert page.count("<button") == 1
    assert "demo/claimant" in url or "a quiet harbor at dawn" in page
    token = re.search(r'name="csrf_token" value="([^"]+)"', page).group(1)
    return opened(person, url, csrf_token=token)


def test_the_demo_prints_a_door_for_each_role_that_opens_again_and_again_and_stops_when_told(tmp_path, port):
    demo = flask("demo", PORT=str(port), IMPARTIAL_INSTANCE=str(tmp_path))
    try:
        lines = [demo.stdout.readline().strip() for _ in ROLES]
        doors = dict(line.split(": ") for line in lines)
        assert list(doors) == ROLES
        assert all(url.startswith(f"http://localhost:{port}/demo/") for url in doors.values())
        for role in ROLES[:3]:
            for _ in range(2):
                url, page = presses_the_only_button(browser(), doors[role])
                assert url == f"http://localhost:{port}/"
                assert "Sign out" in page
        for _ in range(2):
            url, _ = presses_the_only_button(browser(), doors["claimant"])
            assert url == f"http://localhost:{port}/appointment"
        with pytest.raises(HTTPError, match="404"):
            browser().open(f"http://localhost:{port}/demo/manager")
    finally:
        demo.send_signal(signal.SIGTERM)
        out, err = demo.communicate(timeout=60)
    assert (demo.returncode, out) == (0, ""), err
    assert "Traceback" not in err


def test_the_demo_leaves_the_operators_own_world_alone(tmp_path, port):
    kept = tmp_path / "portal.db"
    demo = flask(
        "demo",
        PORT=str(port),
        IMPARTIAL_INSTANCE=str(tmp_path),
        DATABASE_URL=f"sqlite:///{kept}",
        STORE_URL=f"file://{tmp_path / 'kept'}",
    )
    try:
        assert demo.stdout.readline().startswith("referrer: ")
    finally:
        demo.send_signal(signal.SIGINT)
        demo.communicate(timeout=60)
    assert not kept.exists()
    assert not list((tmp_path / "kept").glob("**/*"))
    assert (tmp_path / "demo" / str(port) / "portal.db").exists()


def test_no_demo_door_exists_outside_the_demo(app, visitor):
    assert not [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/demo")]
    assert [visitor().opens(f"/demo/{role}").status for role in ROLES] == [404] * 4


def test_serve_makes_the_database_answers_and_stops_when_told(tmp_path, port):
    server = flask("serve", PORT=str(port), IMPARTIAL_INSTANCE=str(tmp_path))
    try:
        assert str(port) in server.stdout.readline()
        url, page = opened(browser(), f"http://127.0.0.1:{port}/")
        assert "/sign-in" in url and "<h1>Sign in</h1>" in page
    finally:
        server.send_signal(signal.SIGTERM)
        _, err = server.communicate(timeout=60)
    assert server.returncode == 0, err


def test_a_port_that_is_taken_is_said_in_a_sentence(tmp_path):
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        code, out, err = said_by("demo", PORT=str(held.getsockname()[1]), IMPARTIAL_INSTANCE=str(tmp_path))
    assert (code, out) == (1, "")
    assert "cannot be used" in err and "Choose another with PORT." in err
    assert "Traceback" not in err


def test_work_does_the_jobs_until_it_is_told_to_stop(tmp_path):
    worker = flask("work", IMPARTIAL_INSTANCE=str(tmp_path))
    assert worker.stdout.readline().startswith("Doing the jobs")
    worker.send_signal(signal.SIGTERM)
    _, err = worker.communicate(timeout=60)
    assert worker.returncode == 0, err


def test_the_routes_are_printed_with_what_each_asks(tmp_path):
    code, out, err = said_by("routes", "--matrix", IMPARTIAL_INSTANCE=str(tmp_path))
    assert code == 0, err
    assert "GET, POST /sign-in -> account.sign_in: public" in out.splitlines()
    told = dict(line.split(": ", 1) for line in out.splitlines())
    assert told["GET, POST /account/email -> email_change.ask"].endswith(
        "expert; second factor shown just now"
    )
    assert told["GET /appointment/letter -> instructions.letter"] == (
        "signed_in by claimant; of their own case; date of birth said"
    )
    assert told["POST /cases/<ref:ref>/bars/<number:bar_id>/lifting -> bars.lift"].startswith(
        "performs lift_bar by coordinator; who manages the portal; of a case they see; at any stage but draft"
    )
    assert told["GET, POST /cases/<ref:ref>/offer/acceptance -> matching.accept"] == (
        "performs take_offer by candidate; of a case they see; at offered"
    )


def test_the_process_is_drawn_from_its_table(tmp_path):
    code, out, err = said_by("process", "--diagram", IMPARTIAL_INSTANCE=str(tmp_path))
    assert code == 0, err
    assert "    scheduling --> booked: pick_time, book_appointment" in out.splitlines()


def added(tmp_path, **given):
    wanted = {
        "organisation": "Harbor Examinations",
        "kind": "ime_company",
        "role": "coordinator",
        "name": "Iris Vale",
        "email": "Iris.Vale@harbor.example",
        "password": "a lighthouse in thick fog",
    } | given
    words = [word for name, value in wanted.items() for word in (f"--{name}", value)]
    return said_by("add-user", *words, IMPARTIAL_INSTANCE=str(tmp_path))


def test_the_first_coordinator_comes_in_by_a_command(tmp_path):
    assert said_by("migrate", IMPARTIAL_INSTANCE=str(tmp_path))[0] == 0
    code, out, _ = added(tmp_path)
    assert (code, out) == (0, "Iris Vale can sign in with iris.vale@harbor.example.\n")
    code, _, err = added(tmp_path)
    assert code == 1 and "There is an account with this e-mail address already." in err
    code, _, err = added(tmp_path, email="other@harbor.example", password="too short")
    assert code == 1 and "15 characters or more" in err


def test_a_key_is_made_once_and_production_starts_with_nothing_less(tmp_path):
    key, here = str(tmp_path / "key"), {"IMPARTIAL_INSTANCE": str(tmp_path / "instance")}
    assert said_by("key", key, **here)[:2] == (0, f"IMPARTIAL_KEY_FILE={key}\n")
    code, _, err = said_by("key", key, **here)
    assert code == 1 and "there is a file already" in err
    assert not (tmp_path / "instance" / "key").exists(), "nothing was sealed, so no other key was made"
    production = {
        **here,
        "IMPARTIAL_MODE": "production",
        "IMPARTIAL_SECRET": "k7Qz-tests-alone-know-this-9WmXv2LbT",
        "IMPARTIAL_URL": "https://ime.example",
        "IMPARTIAL_ANCHOR_FILE": str(tmp_path / "anchor"),
    }
    for given in ({}, {"IMPARTIAL_KEY_FILE": f"{key}-gone"}):
        code, _, err = said_by("migrate", **production, **given)
        assert code != 0 and "IMPARTIAL_KEY_FILE" in err
    assert said_by("migrate", **production, IMPARTIAL_KEY_FILE=key)[0] == 0


def test_with_another_key_the_portal_does_not_start(tmp_path, copied, port):
    another = tmp_path / "another"
    make_keys(another)
    here = {
        "IMPARTIAL_INSTANCE": str(tmp_path / "here"),
        "IMPARTIAL_KEY_FILE": str(another),
        "DATABASE_URL": f"sqlite:///{tmp_path / 'portal.db'}",
        "PORT": str(port),
    }
    for command in ("serve", "work"):
        code, _, err = said_by(command, **here)
        assert (
            code == 1
            and "Set IMPARTIAL_KEY_FILE to the file it was made with" in err
            and "Traceback" not in err
        )


def test_the_key_is_rotated_by_two_commands(tmp_path, copied, app):
    key = tmp_path / "key"
    key.write_bytes((app.config["IMPARTIAL"].instance / "key").read_bytes())
    key.chmod(0o600)
    here = {
        "IMPARTIAL_INSTANCE": str(tmp_path / "here"),
        "IMPARTIAL_KEY_FILE": str(key),
        "DATABASE_URL": f"sqlite:///{tmp_path / 'portal.db'}",
    }
    code, out, _ = said_by("rotate-key", **here)
    assert code == 0 and re.match(r"\d\d+ texts are sealed with the new key", out)
    assert said_by("rotate-key", **here)[1].startswith("0 texts")
    assert said_by("rotate-key", "--finish", **here)[1].startswith("Old keys let go: 1.")
    assert said_by("rotate-key", "--finish", **here)[1].startswith("Old keys let go: 0.")


@pytest.mark.parametrize(
    "words", [("draw", "IME-1004"), ("places", "load"), ("rules", "print"), ("verify", "audit")]
)
def test_a_command_without_a_database_says_what_to_do(tmp_path, words):
    code, _, err = said_by(*words, IMPARTIAL_INSTANCE=str(tmp_path))
    assert code == 1 and "There is no database here yet" in err and "Traceback" not in err
