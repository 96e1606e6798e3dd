"""Installs the programs that the tests drive, or says how; run before the tests by `make test`."""

import os
import subprocess
import sys
from pathlib import Path

from tests.machine import oidc_provider
from tests.machine.browser import find_browser, has_libatomic
from tests.machine.oidc_provider import find_node, find_npm
from tests.machine.postgres import find_postgres

NEEDS = {
    "chromium": find_browser,
    "libatomic1": has_libatomic,
    "nodejs": find_node,
    "npm": find_npm,
    "postgresql": find_postgres,
}

ELSEWHERE = {
    "debian": "apt-get install --no-install-recommends chromium libatomic1 nodejs npm postgresql   (as root)",
    "ubuntu": "apt-get install --no-install-recommends libatomic1 nodejs npm postgresql, and Google Chrome as a .deb (chromium is a snap)",
    "fedora": "dnf install chromium libatomic postgresql-server nodejs npm",
    "arch": "pacman -S chromium nodejs npm postgresql",
    "alpine": "Alpine is not supported: some dependencies have no musl wheels",
    "darwin": "brew install node postgresql@17 && brew install --cask google-chrome",
}


def missing() -> list[str]:
    """The Debian names of the programs that this machine lacks."""
    return [package for package, find in NEEDS.items() if not find()]


def system() -> str:
    """The name of the operating system as its own release file gives it."""
    if sys.platform != "linux":
        return sys.platform
    release = Path("/etc/os-release")
    lines = release.read_text().splitlines() if release.exists() else []
    return dict(line.split("=", 1) for line in lines if "=" in line).get("ID", "linux").strip('"')


def can_install() -> bool:
    """Whether the system's packages are ours to install: Debian, as root."""
    return system() == "debian" and os.geteuid() == 0


def install(packages: list[str]) -> bool:
    """Install with apt, trying three times since mirrors fail for a moment; true when it went well."""
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt = ["apt-get", "-qq", "--yes", "-o", "Acquire::Retries=5", "-o", "Dpkg::Use-Pty=0"]
    fetch = [*apt, "update"]
    put = [*apt, "install", "--no-install-recommends", *packages]
    for _ in range(3):
        if all(
            subprocess.run(command, env=quiet, stdout=subprocess.DEVNULL).returncode == 0
            for command in (fetch, put)
        ):
            return True
    return False


def advice(packages: list[str]) -> str:
    """What a person should type where we may not install, and what is lost without it."""
    how = ELSEWHERE.get(system(), "install Chromium, Node with npm, and PostgreSQL")
    return (
        f"The tests lack {' and '.join(packages)}; what needs it will be skipped.\n  To run everything: {how}"
    )


def main() -> None:
    """Install what is absent where that is ours to do; advise where it is not. Never stops the tests."""
    absent = missing()
    if absent and can_install():
        print(f"Installing {' and '.join(absent)} for the tests…", flush=True)
        install(absent)
        absent = missing()
    if absent:
        print(advice(absent), flush=True)
    if find_node() and find_npm() and not oidc_provider.is_installed():
        print("Installing an OpenID provider for the tests…", flush=True)
        oidc_provider.install()


if __name__ == "__main__":
    main()
