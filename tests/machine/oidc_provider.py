"""A certified OpenID provider for the tests, in its own Node process on loopback, gone at the end."""

import json
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from joserfc.jwk import RSAKey

from tests.machine.ports import free_port

FOLDER = Path(__file__).parent / "oidc"
CLIENT_ID, CLIENT_SECRET = "impartial", "only these tests use it + 100%41 & /:"
OLDEST_NODE = 18


def find_node() -> Path | None:
    """The path of a Node new enough for the provider, or None."""
    found = shutil.which("node")
    return Path(found) if found and node_version(found) >= OLDEST_NODE else None


def node_version(program: str) -> int:
    said = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    return int(said.strip().lstrip("v").split(".")[0] or 0) if said.startswith("v") else 0


def find_npm() -> Path | None:
    """The path of npm, or None."""
    found = shutil.which("npm")
    return Path(found) if found else None


def is_installed() -> bool:
    """Whether the provider's packages are there, in the versions of its lock."""
    kept = FOLDER / "node_modules" / ".package-lock.json"
    return kept.exists() and versions(kept) == versions(FOLDER / "package-lock.json")


def versions(lock: Path) -> dict[str, str]:
    """The packages of a lock, each with its version."""
    packages = json.loads(lock.read_text())["packages"]
    return {name: entry["version"] for name, entry in packages.items() if name}


def install() -> bool:
    """Install the provider's packages from its lock, running no script of theirs; true when it went well."""
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    try:
        return subprocess.run(command, cwd=FOLDER, stdout=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def no_provider() -> str:
    """Why no OpenID provider can be run here, or an empty text."""
    if not find_node():
        return f"no Node {OLDEST_NODE} or newer is installed, so no OpenID provider"
    return "" if is_installed() else "the OpenID provider is not installed: npm ci failed, or there is no npm"


def new_key(name: str) -> dict[str, Any]:
    """A private signing key that is known by this name."""
    key = RSAKey.generate_key(2048, {"kid": name, "use": "sig", "alg": "RS256"})
    return dict(key.as_dict(private=True))


@dataclass
class OidcProvider:
    """One provider: which addresses it may lead back to, and who is known there by name, each with their claims."""

    returns: list[str]
    leaves: list[str]
    people: dict[str, dict[str, Any]]
    seconds: int = 300
    keys: list[dict[str, Any]] = field(default_factory=lambda: [new_key("first")])
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[str] | None" = None

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> "OidcProvider":
        """Start it and wait until it answers. Raises OSError with what it said instead."""
        program = find_node()
        assert program
        self.process = subprocess.Popen(
            [str(program), str(FOLDER / "provider.mjs"), json.dumps(self.told())],
            stdin=subprocess.PIPE,  # closed when the tests are no more, which ends it
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout
        said = []
        for line in self.process.stdout:
            if line.strip() == "ready":
                return self
            said.append(line)
        self.stop()
        raise OSError(f"the OpenID provider does not start: {''.join(said)[-300:]}")

    def told(self) -> dict[str, Any]:
        client = {
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "redirect_uris": self.returns,
            "post_logout_redirect_uris": self.leaves,
        }
        return {
            "issuer": self.issuer,
            "port": self.port,
            "clients": [client],
            "keys": self.keys,
            "people": self.people,
            "seconds": self.seconds,
        }

    def restart(self, **changes: Any) -> None:
        """Stop it and start it again at the same address with other keys, people or seconds."""
        self.stop()
        for name, value in changes.items():
            setattr(self, name, value)
        self.start()

    def stop(self) -> None:
        """End the process; may be called twice."""
        if self.process:
            self.process.kill()
            self.process.wait()
            assert self.process.stdout and self.process.stdin
            self.process.stdin.close()
            self.process.stdout.close()
            self.process = None
