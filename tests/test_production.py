"""Production starts with safe settings and with no others; what it serves then has no door left open."""

import os
import secrets
import signal
import stat

import pytest

from portal import create_app, jobs
from portal.config import Config, Unsafe
from portal.db import database
from portal.outside.vault import make_keys
from portal.production import refuse_weak_secret
from portal.schema import migrate_database
from tests.conftest import connect_again
from tests.test_commands import ROOT, flask, port, said_by  # noqa: F401 – port is a fixture
from tests.web.test_transport import ask

SAFE = {
    "IMPARTIAL_MODE": "production",
    "IMPARTIAL_SECRET": secrets.token_urlsafe(32),
    "IMPARTIAL_URL": "https://ime.example",
    "IMPARTIAL_PROXY": "127.0.0.1",
}
PROXIES = ("*", "localhost", "127.0.0.1, 10.0.0.1", "10.0.0.0/8", "0.0.0.0", "::")
IN_MEMORY = (
    "sqlite://",
    "sqlite:///",
    "sqlite:///:memory:",
    "sqlite:///file::memory:",
    "sqlite:///a.db?mode=memory",
)
UNSAFE = [
    ({"IMPARTIAL_SECRET": ""}, "IMPARTIAL_SECRET must be given"),
    ({"IMPARTIAL_SECRET": "k3J9x" * 6}, "32 characters or more"),
    ({"IMPARTIAL_SECRET": "s" * 64}, "repeats itself"),
    ({"IMPARTIAL_SECRET": "0123456789" * 4 + "0" * 40}, "follow each other"),
    ({"IMPARTIAL_SECRET": "0123456789abcdef" * 2}, "repeats itself"),
    ({"IMPARTIAL_SECRET": "0123456789abcdef" * 2 + "01234"}, "repeats itself"),
    ({"IMPARTIAL_SECRET": "abcdefghijklmnopqrstuvwxyz0123456789"}, "follow each other"),
    ({"IMPARTIAL_SECRET": "zyxwvutsrqponmlkjihgfedcba9876543210"}, "follow each other"),
    ({"IMPARTIAL_SECRET": "aXbaXXbbaXbXabXbaaXbXabXbXXabbXaXbaXbXab" * 3}, "repeats itself"),
    ({"IMPARTIAL_SECRET": "qwertyuiopasdfghjklzxcvbnm1029384756"}, "anybody can guess"),
    ({"IMPARTIAL_SECRET": "abcabcabcabcabcabcabcabcabcabcabcabc"}, "repeats itself"),
    ({"IMPARTIAL_SECRET": "please-changeme-before-going-live-1234567890"}, "anybody can guess"),
    ({"IMPARTIAL_SECRET": "This is the Default of the installation, 2026"}, "anybody can guess"),
    ({"IMPARTIAL_URL": "http://ime.example"}, "https://"),
    ({"IMPARTIAL_URL": ""}, "https://"),
    ({"IMPARTIAL_URL": "https://"}, "https://"),
    ({"IMPARTIAL_URL": "https://ime.example/portal"}, "nothing after it"),
    ({"IMPARTIAL_URL": "https://someone@ime.example"}, "nothing after it"),
    ({"FLASK_DEBUG": "1"}, "FLASK_DEBUG"),
    ({"FLASK_DEBUG": "True"}, "FLASK_DEBUG"),
    ({"FLASK_DEBUG": "2"}, "FLASK_DEBUG"),
    ({"FLASK_DEBUG": "debug"}, "FLASK_DEBUG"),
    ({"FLASK_DEBUG": "enable"}, "FLASK_DEBUG"),
    ({"FLASK_DEBUG": " "}, "FLASK_DEBUG"),
    *(({"IMPARTIAL_PROXY": proxy}, "IMPARTIAL_PROXY") for proxy in PROXIES),
    *(({"DATABASE_URL": url}, "DATABASE_URL must name a file") for url in IN_MEMORY),
    ({"IMPARTIAL_MODE": "prod"}, "IMPARTIAL_MODE"),
    ({"IMPARTIAL_MODE": "Production"}, "IMPARTIAL_MODE"),
    ({"STORE_URL": "memory:"}, "STORE_URL"),
    ({"SMTP_URL": "memory:"}, "SMTP_URL"),
    ({"SMTP_URL": "smtp://mail.example:25?tls=no"}, "switch TLS off"),
    ({"IMPARTIAL_BACKUP_FOLDER": "backups"}, "IMPARTIAL_BACKUP_KEY_FILE"),
]


def start(tmp_path, **changed):
    return Config.from_environment(safe(tmp_path) | changed)


def safe(tmp_path):
    """All that production asks for, in places of the test's own."""
    places = {
        "IMPARTIAL_INSTANCE": "instance",
        "IMPARTIAL_ANCHOR_FILE": "anchor",
        "IMPARTIAL_KEY_FILE": "keys/key",
    }
    if not (tmp_path / "keys/key").exists():
        (tmp_path / "keys").mkdir(exist_ok=True)
        make_keys(tmp_path / "keys/key")
    return SAFE | {name: str(tmp_path / place) for name, place in places.items()}


@pytest.fixture
def given_back(app):
    """What a second application in this process has connected is the first one's again afterwards."""
    yield
    connect_again(app)


def test_it_starts_with_safe_settings_and_cookies_that_only_https_carries(tmp_path, given_back):
    config = start(tmp_path, SMTP_URL="smtp://127.0.0.1:25?tls=no", FLASK_DEBUG="0")
    app = create_app(config)
    assert (app.debug, app.testing, app.config["SESSION_COOKIE_SECURE"]) == (False, False, True)
    assert app.config["SESSION_COOKIE_NAME"] == "__Host-impartial"
    assert app.config["WTF_CSRF_ENABLED"] and not app.config.get("PROPAGATE_EXCEPTIONS")
    assert not [rule for rule in app.url_map.iter_rules() if "demo" in rule.rule or "test" in rule.rule]


@pytest.mark.parametrize(("changed", "sentence"), UNSAFE)
def test_it_refuses_a_setting_that_is_not_safe_and_names_it(tmp_path, changed, sentence):
    with pytest.raises(Unsafe, match=sentence) as refusal:
        start(tmp_path, **changed)
    assert not any(value and len(value) > 20 and value in str(refusal.value) for value in changed.values())


def test_a_secret_made_by_chance_is_taken_however_it_is_spelled(tmp_path):
    for made in (secrets.token_urlsafe, secrets.token_hex, lambda size: str(secrets.randbits(8 * size))):
        for _ in range(200):
            refuse_weak_secret("IMPARTIAL_SECRET", made(48))


def test_it_starts_with_debugging_switched_on_in_no_way(tmp_path, given_back, monkeypatch):
    config = start(tmp_path)
    monkeypatch.setenv("FLASK_DEBUG", "2")
    with pytest.raises(Unsafe, match="Debugging must be off"):
        create_app(config)


def test_it_refuses_an_anchor_that_goes_with_what_it_proves(tmp_path):
    for name in ("instance", "backups"):
        with pytest.raises(Unsafe, match="IMPARTIAL_ANCHOR_FILE"):
            start(
                tmp_path,
                IMPARTIAL_ANCHOR_FILE=str(tmp_path / name / "seals"),
                IMPARTIAL_BACKUP_FOLDER=str(tmp_path / "backups"),
                IMPARTIAL_BACKUP_KEY_FILE=str(tmp_path / "keys/backup"),
            )


def test_a_secret_may_stand_in_a_file_that_its_owner_alone_can_read(tmp_path):
    kept = tmp_path / "secret"
    kept.write_text(secrets.token_urlsafe(32) + "\n")
    kept.chmod(0o600)
    place = {"IMPARTIAL_SECRET": "", "IMPARTIAL_SECRET_FILE": str(kept)}
    assert start(tmp_path, **place).secret == kept.read_text().strip()
    kept.chmod(0o644)
    with pytest.raises(Unsafe, match="IMPARTIAL_SECRET_FILE names a file that everybody"):
        start(tmp_path, **place)
    kept.unlink()
    with pytest.raises(Unsafe, match="IMPARTIAL_SECRET_FILE names cannot be read"):
        start(tmp_path, **place)


def test_any_file_with_a_key_that_everybody_can_read_keeps_it_from_starting(tmp_path):
    key = tmp_path / "key"
    key.write_text("a key")
    key.chmod(0o604)
    with pytest.raises(Unsafe, match="IMPARTIAL_BACKUP_KEY_FILE"):
        start(tmp_path, IMPARTIAL_BACKUP_KEY_FILE=str(key))


def test_a_secret_made_for_development_is_kept_from_others(tmp_path):
    config = Config(instance=tmp_path / "new")
    assert config.signing_secret() == config.signing_secret()
    assert stat.S_IMODE((tmp_path / "new" / "secret").stat().st_mode) == 0o600


@pytest.mark.parametrize("was_there", [False, True])
def test_what_it_keeps_is_for_its_owner_alone_whatever_the_umask(tmp_path, given_back, was_there):
    """Everybody on the machine could read the database."""
    instance = tmp_path / "instance"
    files = [instance / name for name in ("portal.db", "portal.db-wal", "jobs.db", "jobs.db-wal")]
    umask = os.umask(0)
    try:
        if was_there:
            instance.mkdir(mode=0o777)
            for each in files:
                each.touch(mode=0o666)
        create_app(
            Config(
                instance=instance,
                secret="x",
                database_url=f"sqlite:///{instance / 'portal.db'}",
                store_url=f"file://{instance / 'files'}",
                mail_url="memory:",
            )
        )
        migrate_database()
        jobs.wake()
        kept = {each.name: stat.S_IMODE(each.stat().st_mode) for each in instance.iterdir() if each.is_file()}
        database.close()
    finally:
        os.umask(umask)
    assert stat.S_IMODE(instance.stat().st_mode) == 0o700
    assert {"portal.db", "portal.db-wal", "jobs.db"} <= kept.keys() and {*kept.values()} == {0o600}


def test_the_command_says_in_a_sentence_why_it_does_not_start(tmp_path):
    given = safe(tmp_path)
    code, _, err = said_by("serve", **given | {"IMPARTIAL_PROXY": ""})
    assert code == 1 and "IMPARTIAL_PROXY must be the address of the proxy" in err
    code, _, err = said_by("serve", **given | {"IMPARTIAL_URL": "http://ime.example"})
    assert (
        code != 0 and "IMPARTIAL_URL must begin with https://" in err and SAFE["IMPARTIAL_SECRET"] not in err
    )
    assert "Traceback" not in err


PROBES = (
    "/.git/config", "/.git/HEAD", "/.env", "/static/", "/static", "/static/../wsgi.py", "/static/%2e%2e/wsgi.py",
    "/static/..%2fportal/config.py", "/instance/portal.db", "/portal.db", "/wsgi.py", "/requirements.lock", "/demo/coordinator",
    "/demo/claimant", "/test", "/debug", "/console", "/admin", "/server-status", "/phpinfo.php", "/backup", "/static/.git",
    "/files/", "/portal/models.py", "/__debugger__", "/?__debugger__=yes&cmd=resource&f=debugger.js", "/robots.txt~",
)  # fmt: skip


def test_a_running_production_server_has_no_door_beside_its_own(tmp_path, port):  # noqa: F811
    server = flask("serve", **safe(tmp_path), PORT=str(port))
    try:
        assert "https://ime.example" in server.stdout.readline()
        through = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.9", "Host": "ime.example"}
        status, headers, page = ask(port, "GET", "/sign-in", through)
        assert status == 200 and "<h1>Sign in</h1>" in page
        assert headers["Set-Cookie"].startswith("__Host-impartial=")
        assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(headers["Set-Cookie"].split("; "))
        assert "Server" not in headers
        for path in PROBES:
            status, headers, page = ask(port, "GET", path, through)
            assert status in {303, 404}, (path, status)
            assert status == 404 or headers["Location"].startswith("/sign-in"), path
            assert "Index of" not in page and "Werkzeug" not in page and "Traceback" not in page
        for method in ("TRACE", "CONNECT", "PROPFIND", "PUT", "DELETE"):
            status, _, page = ask(port, method, "/sign-in", through | {"X-Echo": "told"})
            assert status in {400, 405, 501} and "told" not in page, method
    finally:
        server.send_signal(signal.SIGTERM)
        _, err = server.communicate(timeout=60)
    assert server.returncode == 0, err
