"""A private PostgreSQL server for the tests: its own folder, its own port on loopback, gone at the end."""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from tests.machine.ports import free_port

FAST = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_wal_size=256MB",
    "max_connections=200",
    "listen_addresses=127.0.0.1",
)
# A copy of a database is some nine hundred files: a tenth of the time in memory of what a disk takes to make them.
MEMORY = Path("/dev/shm")
ROOM = 2 * 1024**3  # bytes free there; a run of eight workers uses a quarter
PATIENCE = 60  # seconds until a server that does not answer counts as failed; a cold disk takes a few


class NoPostgres(Exception):
    """There is no PostgreSQL here, or it does not start; the text says which."""


def find_postgres() -> Path | None:
    """The folder that holds `initdb` and `postgres`, newest version first, or None."""
    return next((folder for folder in _folders() if (folder / "initdb").exists()), None)


def _folders() -> list[Path]:
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -float(path.parent.name))
    named = [Path(found).parent for program in ("initdb", "postgres") if (found := shutil.which(program))]
    return [*debian, *named, *_configured()]


def _configured() -> list[Path]:
    if not shutil.which("pg_config"):
        return []
    return [Path(subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True).stdout.strip())]


def _as_another() -> list[str]:
    """PostgreSQL refuses to run as root; the last words end it should the tests be killed."""
    if sys.platform != "linux" or not shutil.which("setpriv"):
        return []
    person = ["--reuid=postgres", "--regid=postgres", "--init-groups"] if os.geteuid() == 0 else []
    return ["setpriv", *person, "--pdeathsig=INT", "--"]


class PostgresServer:
    """One server; `start()` it, ask it for databases, `stop()` it."""

    def __init__(self) -> None:
        self.password = secrets.token_hex(16)
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None
        self.home: Path | None = None

    @property
    def url(self) -> str:
        """The address of the server's own database, for the driver and for `create_database`."""
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/postgres"

    def start(self) -> str:
        """Start the server and return its address; raises NoPostgres with the reason."""
        programs = find_postgres()
        if programs is None:
            raise NoPostgres("PostgreSQL is not installed")
        try:
            self._make_home()
            self._initialise(programs)
            self._serve(programs)
        except BaseException:
            self.stop()
            raise
        return self.url

    def _make_home(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="impartial-postgres-", dir=memory()))
        if os.geteuid() == 0:
            try:
                shutil.chown(self.home, "postgres", "postgres")
            except LookupError as unknown:
                raise NoPostgres("there is no user postgres to run it as, and root may not") from unknown

    def _initialise(self, programs: Path) -> None:
        assert self.home
        words = self.home / "password"
        words.write_text(self.password)
        if os.geteuid() == 0:
            shutil.chown(words, "postgres")
        locale = "C.UTF-8" if sys.platform == "linux" else "C"
        command = [
            str(programs / "initdb"),
            "--no-sync",
            "--encoding=UTF8",
            f"--locale={locale}",
            "--username=postgres",
        ]
        command += ["--auth=scram-sha-256", f"--pwfile={words}", f"--pgdata={self.home / 'data'}"]
        made = subprocess.run([*_as_another(), *command], cwd=self.home, capture_output=True, text=True)
        if made.returncode:
            raise NoPostgres(f"initdb failed: {made.stderr.strip()[-300:]}")

    def _serve(self, programs: Path) -> None:
        assert self.home
        self.port = free_port()
        settings = [*FAST, f"port={self.port}", f"unix_socket_directories={self.home}"]
        command = [str(programs / "postgres"), "-D", str(self.home / "data")]
        command += [word for setting in settings for word in ("-c", setting)]
        with (self.home / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [*_as_another(), *command],
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the tests, which then stop the server themselves
            )
        self._wait()

    def _wait(self) -> None:
        assert self.process
        patience = time.monotonic() + PATIENCE
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > patience:
                raise NoPostgres(f"PostgreSQL does not start: {self._log()[-300:]}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _log(self) -> str:
        return (self.home / "log").read_text(errors="replace").strip() if self.home else ""

    def create_database(self, name: str, template: str = "template0") -> str:
        """Make an empty database, or a copy of one that nobody is connected to; returns its address."""
        return create_database(self.url, name, template)

    def stop(self) -> None:
        """Stop the server and remove its folder; may be called twice."""
        if self.process:
            _end(self.process)
            self.process = None
        if self.home:
            shutil.rmtree(self.home, ignore_errors=True)
            self.home = None


def memory() -> Path | None:
    """A folder that is kept in memory and has room for the server, or None."""
    try:
        is_roomy = shutil.disk_usage(MEMORY).free > ROOM and os.access(MEMORY, os.W_OK)
    except OSError:
        return None
    return MEMORY if is_roomy else None


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)  # PostgreSQL's "fast" shutdown: it does not wait for its clients
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def create_database(server: str, name: str, template: str = "template0") -> str:
    """Make a database on the server at this address, as another process may that has only the address."""
    command = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(command)
    return urlsplit(server)._replace(path=f"/{name}").geturl()


def drop_database(server: str, name: str) -> None:
    """Remove a database, and throw out whoever is still connected to it."""
    command = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(command)
