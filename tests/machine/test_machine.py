"""The set-up holds what it promises: servers that start and stop, and locks that fit the list of dependencies."""

import json
import os
import re
import subprocess
import tempfile
import tomllib
from collections import Counter
from pathlib import Path

import psycopg
import pytest

from tests.machine import browser, oidc_provider, packages
from tests.machine.plugin import not_run
from tests.machine.postgres import NoPostgres, PostgresServer

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = ("requirements.lock", "requirements-dev.lock")


def named(requirement: str) -> str:
    """The name at the start of a requirement, spelled as the locks spell it."""
    return re.split(r"[\[<>=! ;]", requirement)[0].lower().replace("_", "-")


def locked(lock: str) -> dict[str, str]:
    """Names and versions of a lock."""
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / lock).read_text(), re.MULTILINE))


def development() -> list[str]:
    return PROJECT["dependency-groups"]["dev"] + PROJECT["project"]["optional-dependencies"]["postgres"]


def test_the_shared_postgres_answers(postgres_url):
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_the_shared_postgres_knows_that_names_have_accents(postgres_url):
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("select 'JOSÉ' ilike 'josé'").fetchone() == (True,)


def test_a_made_database_starts_as_a_copy_of_its_template(make_postgres):
    original = make_postgres()
    with psycopg.connect(original) as connection:
        connection.execute("create table expert (name text)")
    copy = make_postgres(template=original.rsplit("/", 1)[1])
    with psycopg.connect(copy) as connection:
        assert connection.execute("select count(*) from expert").fetchone() == (0,)


def test_a_stopped_server_leaves_no_process_and_no_folder(postgres_server):
    server = PostgresServer()
    server.start()
    home, process = server.home, server.process
    server.stop()
    assert process.poll() is not None
    assert not home.exists()


def test_a_server_that_fails_to_start_says_why_and_leaves_no_folder(postgres_server, monkeypatch):
    made, make = [], tempfile.mkdtemp
    monkeypatch.setattr("tests.machine.postgres.FAST", ("no_such_setting=1",))
    monkeypatch.setattr(tempfile, "mkdtemp", lambda **words: made.append(make(**words)) or made[-1])
    with pytest.raises(NoPostgres, match="no_such_setting"):
        PostgresServer().start()
    assert [Path(folder).exists() for folder in made] == [False]


def test_a_browser_that_cannot_be_driven_says_what_is_absent(monkeypatch):
    monkeypatch.setattr(browser, "find_browser", lambda: Path("/usr/bin/chromium"))
    monkeypatch.setattr(browser, "has_libatomic", lambda: False)
    assert browser.no_browser() == "no libatomic, which Playwright needs to drive a browser"


def test_chromium_renders_a_page(context_factory):
    page = context_factory(width=360).new_page()
    page.goto("data:text/html,<h1>Impartial</h1><script>document.title = innerWidth</script>")
    assert page.get_by_role("heading").inner_text() == "Impartial"
    assert page.title() == "360"


def test_chromium_can_do_without_javascript(context_factory):
    page = context_factory(javascript=False).new_page()
    page.goto("data:text/html,<title>still</title><script>document.title = 'ran'</script>")
    assert page.title() == "still"


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_host(lock):
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert not re.findall(r"\b[a-z-]+\.(?:org|com|io|net|dev)\b", text)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_version_has_hashes(lock):
    entries = re.split(r"^(?=[a-z0-9])", (ROOT / lock).read_text(), flags=re.MULTILINE)[1:]
    assert entries
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_every_dependency_is_locked():
    runtime = {named(line) for line in PROJECT["project"]["dependencies"]}
    assert runtime <= locked("requirements.lock").keys()
    assert runtime | {named(line) for line in development()} <= locked("requirements-dev.lock").keys()


def test_the_tests_run_on_the_versions_that_the_portal_runs_on():
    assert locked("requirements.lock").items() <= locked("requirements-dev.lock").items()


def test_what_the_portal_is_served_with_does_not_carry_the_tools_of_its_tests():
    assert not {named(line) for line in development()} & locked("requirements.lock").keys()


def test_every_dependency_gives_its_reason():
    lines = re.findall(
        r'^  "[a-z].*[<>=]=.*$|^  "tzdata".*$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE
    )
    assert len(lines) == len(PROJECT["project"]["dependencies"]) + len(development())
    assert [line for line in lines if not re.search(r'",\s+# \S+ \S+', line)] == []


def test_a_machine_that_lacks_programs_is_told_how_to_get_them(monkeypatch):
    monkeypatch.setattr(packages, "system", lambda: "fedora")
    assert "dnf install chromium libatomic postgresql-server" in packages.advice(["chromium", "postgresql"])


def test_nothing_is_installed_where_it_is_not_ours_to_do(monkeypatch, capsys):
    monkeypatch.setattr(packages, "missing", lambda: ["chromium"])
    monkeypatch.setattr(packages, "can_install", lambda: False)
    monkeypatch.setattr(packages, "install", lambda absent: pytest.fail("installed"))
    packages.main()
    assert "The tests lack chromium" in capsys.readouterr().out


def test_what_did_not_run_is_said_with_its_count():
    lines = not_run(["no browser"], Counter({"Skipped: no Chromium is installed": 12}))
    assert lines == ["  no browser", "    12 × no Chromium is installed"]


def test_a_hidden_target_is_not_offered_and_every_offered_target_exists():
    offered = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    targets = re.findall(r"^  make (\w+)", offered, re.MULTILINE)
    assert {"demo", "test", "check", "bench", "screens", "clean"} <= set(targets)
    assert all(re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE) for target in targets)


def test_the_build_server_runs_the_tests():
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert (ROOT / ".ci" / "run").read_text().rstrip().endswith("exec make test")


def test_the_provider_lock_names_no_host_and_holds_a_hash_for_every_package():
    packages = json.loads((oidc_provider.FOLDER / "package-lock.json").read_text())["packages"]
    entries = [entry for name, entry in packages.items() if name]
    assert len(entries) > 50
    assert [
        entry for entry in entries if "resolved" in entry or not entry["integrity"].startswith("sha512-")
    ] == []


def test_no_package_of_the_provider_asks_for_more_than_the_oldest_node_it_promises():
    packages = json.loads((oidc_provider.FOLDER / "package-lock.json").read_text())["packages"]
    asked = [entry.get("engines", {}).get("node", "") for entry in packages.values()]
    newest = [max(map(int, re.findall(r"(?<![\d.])(\d+)", one.split("||")[0]) or [0])) for one in asked]
    assert max(newest) == oidc_provider.OLDEST_NODE


def test_a_machine_without_node_or_without_the_provider_says_which(monkeypatch):
    monkeypatch.setattr(oidc_provider, "is_installed", lambda: False)
    assert "npm ci failed" in oidc_provider.no_provider()
    monkeypatch.setattr(oidc_provider, "find_node", lambda: None)
    assert oidc_provider.no_provider() == "no Node 18 or newer is installed, so no OpenID provider"


def test_a_provider_that_is_stopped_leaves_no_process(make_oidc_provider):
    provider = make_oidc_provider(returns=["http://localhost/back"], leaves=[], people={})
    process = provider.process
    provider.stop()
    assert process.poll() is not None
