"""The bill of materials: every package of the lock and every file from elsewhere, as CycloneDX; `make sbom` prints it."""

import json
import re
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]


class Locked(NamedTuple):
    """One package of a lock: its name, version, on which platforms, and the SHA-256 of each of its files."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]


def locked(path: Path) -> list[Locked]:
    """The packages of a lock, in its order."""
    whole = path.read_text().replace("\\\n", " ")
    found = []
    for line in whole.splitlines():
        if match := re.match(
            r"([a-z0-9][a-z0-9._-]*)(?:\[[^]]*\])?==(\S+)\s*(?:;\s*(.*?))?\s*(--hash=.*)?$", line.strip()
        ):
            name, version, marker, hashes = match.groups()
            found.append(
                Locked(name, version, marker or "", tuple(re.findall(r"sha256:(\w+)", hashes or "")))
            )
    return found


def license_of(name: str) -> str:
    """What the installed package says of its license; empty where it is not installed here."""
    try:
        told = metadata(name)
    except PackageNotFoundError:
        return ""
    classified = [
        each.rpartition(" :: ")[2] for each in told.get_all("Classifier", []) if each.startswith("License ::")
    ]
    first = (told.get("License") or "").strip().partition("\n")[0][:80]
    return told.get("License-Expression") or first or ", ".join(classified)


def library(package: Locked) -> dict[str, Any]:
    told = license_of(package.name)
    licenses = {"licenses": [{"license": {"name": told}}]} if told else {}
    return {
        "type": "library",
        "name": package.name,
        "version": package.version,
        "purl": f"pkg:pypi/{package.name}@{package.version}",
        "bom-ref": f"{package.name}@{package.version}",
        "hashes": [{"alg": "SHA-256", "content": sha256} for sha256 in package.hashes],
        **licenses,
    }


def file(name: str, sha256: str) -> dict[str, Any]:
    return {
        "type": "file",
        "name": name,
        "bom-ref": name,
        "purl": f"pkg:generic/{name.rpartition('/')[2]}?checksum=sha256:{sha256}",
        "hashes": [{"alg": "SHA-256", "content": sha256}],
        "licenses": [{"license": {"name": "see the file, or the license beside it"}}],
    }


def bill() -> dict[str, Any]:
    """The whole bill; the same for the same tree."""
    vendored = json.loads((ROOT / "static/VENDORED.json").read_text())
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "impartial", "bom-ref": "impartial"}},
        "components": [
            *map(library, locked(ROOT / "requirements.lock")),
            *(file(name, sha256) for name, sha256 in sorted(vendored.items())),
        ],
    }


if __name__ == "__main__":
    print(json.dumps(bill(), indent=1))
