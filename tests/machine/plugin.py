"""What the tests take from the machine: PostgreSQL, a browser, an OpenID provider, real files; and a loud word on
what is missing."""

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import hypothesis
import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.machine.browser import find_browser, no_browser, running_browser
from tests.machine.oidc_provider import OidcProvider, find_node, no_provider
from tests.machine.packages import advice, missing
from tests.machine.pdfs import FOLDER, find_pdfs
from tests.machine.postgres import NoPostgres, PostgresServer, create_database, drop_database, find_postgres

# A shared machine is slow at times, and what the build server finds must be found again by hand.
hypothesis.settings.register_profile(
    "impartial",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("impartial")


class SharedServer:
    """The one PostgreSQL server of a run, started when it is first asked for."""

    def __init__(self) -> None:
        self.server = PostgresServer()
        self.answer: dict[str, str] = {}

    def address(self) -> dict[str, str]:
        """Either {"url": …} or {"reason": …}, the same each time, in a shape that xdist can hand to its workers."""
        if not self.answer:
            try:
                self.answer = {"url": self.server.start()}
            except NoPostgres as reason:
                self.answer = {"reason": str(reason)}
        return self.answer


shared = pytest.StashKey[SharedServer]()


def pytest_configure(config: pytest.Config) -> None:
    """Make ready, in the one process that leads the run, the server that all its workers share."""
    if not hasattr(config, "workerinput"):
        config.stash[shared] = SharedServer()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node) -> None:
    """Tell each worker of xdist where the shared server is."""
    node.workerinput["postgres"] = node.config.stash[shared].address()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server however the run ended."""
    if server := config.stash.get(shared, None):
        server.server.stop()


@pytest.fixture(scope="session")
def postgres_server(pytestconfig: pytest.Config) -> str:
    """The address of the server itself."""
    lead = getattr(pytestconfig, "workerinput", None)
    answer = lead["postgres"] if lead else pytestconfig.stash[shared].address()
    if "reason" in answer:
        pytest.skip(answer["reason"])
    return answer["url"]


@pytest.fixture(scope="session")
def postgres_url(postgres_server: str, worker_id: str) -> str:
    """An empty database that this worker keeps for the whole run."""
    return create_database(postgres_server, f"kept_{worker_id}")


@pytest.fixture
def make_postgres(postgres_server: str, worker_id: str) -> Iterator[Callable[..., str]]:
    """Call it for a database of the test's own, empty or a copy of `template`; it goes when the test ends."""
    made: list[str] = []

    def make(template: str = "template0") -> str:
        made.append(f"made_{worker_id}_{len(made)}")
        return create_database(postgres_server, made[-1], template)

    yield make
    for name in made:
        drop_database(postgres_server, name)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium, one for each worker."""
    if why := no_browser():
        pytest.skip(why)
    with running_browser(find_browser()) as chromium:
        yield chromium


@pytest.fixture
def context_factory(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Call it for a browser with no memory of others: width and height in CSS pixels, JavaScript or none."""
    opened: list[BrowserContext] = []

    def open_context(
        *, width: int = 1280, height: int = 900, javascript: bool = True, **options: object
    ) -> BrowserContext:
        size = {"width": width, "height": height}
        context = browser.new_context(
            viewport=size, java_script_enabled=javascript, locale="en-US", **options
        )
        context.set_default_timeout(20_000)
        opened.append(context)
        return context

    yield open_context
    for context in opened:
        context.close()


@pytest.fixture
def make_oidc_provider() -> Iterator[Callable[..., OidcProvider]]:
    """Call it, as `OidcProvider`, for a provider of the test's own that answers; it goes when the test ends."""
    if why := no_provider():
        pytest.skip(why)
    made: list[OidcProvider] = []

    def make(**told: object) -> OidcProvider:
        made.append(OidcProvider(**told))
        return made[-1].start()

    yield make
    for provider in made:
        provider.stop()


@pytest.fixture(scope="session")
def real_pdfs() -> list[Path]:
    """The real PDF files, some broken or strange."""
    return find_pdfs() or pytest.skip(no_pdfs())


@pytest.fixture(scope="session")
def small_disk() -> list[str]:
    """The words before a command that let it mount a disk of its own, which nobody else sees."""
    words = ["unshare", "--mount"]
    if (
        not shutil.which("unshare")
        or subprocess.run([*words, "mount", "-t", "tmpfs", "none", "/mnt"]).returncode
    ):
        pytest.skip("this machine lets nobody mount a small disk: a full disk was not tested")
    return words


@pytest.fixture(scope="session")
def openssl() -> str:
    """The program that makes a certificate to serve TLS with."""
    return shutil.which("openssl") or pytest.skip("openssl is missing: no certificate to serve TLS with")


def no_pdfs() -> str:
    """Why the tests on real files do not run."""
    return f"no real PDF files at ../{FOLDER.relative_to(FOLDER.parents[2])} beside the repository"


def lacks() -> list[str]:
    """A line for each thing that this machine does not give to the tests."""
    absent = [
        "" if find_postgres() else "no PostgreSQL is installed",
        no_browser(),
        no_provider(),
        "" if find_pdfs() else no_pdfs(),
    ]
    return [line for line in absent if line]


def pytest_report_header() -> str:
    """Say at the top what there is."""
    return (
        f"machine: PostgreSQL {find_postgres()}, browser {find_browser()}, Node {find_node()}, "
        f"{len(find_pdfs())} real PDF files"
    )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Generator[None, None, None]:
    """Say after everything else, where nobody can miss it, what was not tested and why."""
    yield
    skipped = terminalreporter.stats.get("skipped", [])
    lines = not_run(lacks(), Counter(reason(report) for report in skipped))
    if not lines:
        terminalreporter.section(
            "nothing was left out: PostgreSQL, browser, OpenID provider and real files are here", green=True
        )
        return
    terminalreporter.section(
        f"NOT EVERYTHING COULD BE TESTED: {len(skipped)} TESTS DID NOT RUN", red=True, bold=True
    )
    for line in [*lines, *([advice(missing())] if missing() else [])]:
        terminalreporter.line(line, red=True)


def reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """The sentence that a skipped test gave."""
    return report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)


def not_run(lacking: list[str], reasons: Counter[str]) -> list[str]:
    """The lines of the last section: what the machine lacks, then how many tests said so and in what words."""
    return [f"  {line}" for line in lacking] + [
        f"  {count:4} × {text.removeprefix('Skipped: ')}" for text, count in reasons.most_common()
    ]
