"""Where the portal's code comes from: every package locked by hash and with a reason, every file from outside as it was, no secret in the tree."""

import hashlib
import json
import math
import re
import subprocess
import sys
import tomllib
from collections import Counter
from importlib.metadata import PackageNotFoundError, metadata

import pytest

from tests.house_rules.test_house import ROOT, tracked
from tests.machine.sbom import bill, locked

PROJECT = (ROOT / "pyproject.toml").read_text()
VENDORED = ROOT / "static/VENDORED.json"
ALLOWED = re.compile(
    r"\b(MIT|BSD|Apache|ISC|PSF|Python Software Foundation|MPL|Mozilla|LGPL|Lesser General|ZPL|Zope|HPND|CNRI|Unlicense|0BSD|Public Domain|OFL)\b",
    re.IGNORECASE,
)
REFUSED = re.compile(
    r"AGPL|Affero|SSPL|BUSL|Commons Clause|(?<!Lesser )(?<!L)GPL(?!.*exception)", re.IGNORECASE
)


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_every_package_is_locked_to_one_version_by_its_hashes(lock):
    packages = locked(ROOT / lock)
    assert len(packages) > 30
    for each in packages:
        assert each.version and each.hashes, each.name
        assert all(re.fullmatch(r"[0-9a-f]{64}", one) for one in each.hashes), each.name
    named = [(each.name, each.marker) for each in packages]
    assert len(named) == len(set(named))


def test_the_two_locks_agree():
    ours = {
        (each.name, each.marker): (each.version, each.hashes) for each in locked(ROOT / "requirements.lock")
    }
    theirs = {
        (each.name, each.marker): (each.version, each.hashes)
        for each in locked(ROOT / "requirements-dev.lock")
    }
    names = {name for name, _ in theirs}
    assert {name for name, _ in ours} <= names
    for key in ours.keys() & theirs.keys():
        assert ours[key] == theirs[key], key


def direct():
    """Every package we ask for ourselves: its line in `pyproject.toml`."""
    told = tomllib.loads(PROJECT)
    asked = told["project"]["dependencies"] + told["project"]["optional-dependencies"]["postgres"]
    return asked + told["dependency-groups"]["dev"]


def test_every_package_we_ask_for_says_why_and_is_locked():
    names = {each.name for each in locked(ROOT / "requirements-dev.lock")}
    for asked in direct():
        line = [line for line in PROJECT.splitlines() if f'"{asked}"' in line][-1]
        assert len(line.partition("# ")[2].split()) >= 3, f"{asked} has no reason"
        assert re.split(r"[\[<>=! ]", asked)[0].lower().replace("_", "-") in names, asked


# Packages whose metadata is silent, by the license file that comes with them.
SAYS_NOTHING = {"huey": "MIT", "peewee": "MIT"}


def license_of(name):
    """What a package says of its license, in all places where packages say it."""
    told = metadata(name)
    classified = [each for each in told.get_all("Classifier", []) if each.startswith("License")]
    said = [told.get("License-Expression") or "", (told.get("License") or "")[:200], *classified]
    return " | ".join(said) if any(said) else SAYS_NOTHING.get(name, "")


def test_every_package_of_the_portal_has_a_license_that_lets_us_use_it():
    seen = 0
    for each in locked(ROOT / "requirements.lock"):
        try:
            told = license_of(each.name)
        except PackageNotFoundError:
            continue  # of another platform
        seen += 1
        assert ALLOWED.search(told), (each.name, told)
        assert not REFUSED.search(told) or ALLOWED.search(told.split("OR")[0]), (each.name, told)
    assert seen > 30


@pytest.mark.parametrize(
    "text", ["GNU Affero General Public License v3", "AGPL-3.0-only", "GPL-3.0", "SSPL-1.0"]
)
def test_the_search_for_licenses_finds_those_that_bind_us(text):
    assert REFUSED.search(text)


def test_the_bill_of_materials_names_every_package_with_version_hash_and_license(tmp_path):
    made = subprocess.run(
        [sys.executable, "-m", "tests.machine.sbom"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    told = json.loads(made.stdout)
    assert (told["bomFormat"], told["specVersion"]) == ("CycloneDX", "1.6")
    parts = {part["purl"]: part for part in told["components"]}
    for each in locked(ROOT / "requirements.lock"):
        part = parts[f"pkg:pypi/{each.name}@{each.version}"]
        assert part["hashes"] and part["type"] == "library"
    assert {part["name"] for part in told["components"] if "licenses" not in part} <= ANOTHER_PLATFORM
    assert told == bill(), "the same lock gives the same bill"
    files = {part["name"] for part in told["components"] if part["type"] == "file"}
    assert files == set(json.loads(VENDORED.read_text()))


ANOTHER_PLATFORM = {"colorama", "deprecated", "huey", "peewee"}  # not installed here, or silent


def test_what_came_from_elsewhere_is_as_it_came():
    """Scripts and styles in the tree that we did not write, by the SHA-256 of the day they came."""
    told = json.loads(VENDORED.read_text())
    assert {"static/htmx.min.js", "tests/browser/vendor/axe.min.js"} <= set(told)
    for name, sha256 in told.items():
        assert hashlib.sha256((ROOT / name).read_bytes()).hexdigest() == sha256, name
    minified = {
        str(path.relative_to(ROOT)) for path in tracked() if ".min." in path.name or "vendor" in path.parts
    }
    fonts = {str(path.relative_to(ROOT)) for path in tracked() if path.suffix in {".woff2", ".ttf", ".otf"}}
    assert {name for name in minified | fonts if not name.endswith((".txt", ".md", "LICENSE"))} <= set(told)


# --- secrets

SHAPES = re.compile(
    r"-----BEGIN (?:RSA |EC |OPENSSH |PGP )?PRIVATE KEY|AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|xox[abprs]-[A-Za-z0-9-]{10,}"
    r"|glpat-[\w-]{20}|sk_live_[0-9a-zA-Z]{24}|AIza[0-9A-Za-z_-]{35}|eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\."
)
GIVEN = re.compile(
    r"""(?i)(?:secret|token|passw(?:or)?d|api_?key|private_?key)\w*["']?\s*[:=]\s*["']([A-Za-z0-9+/=_\-]{20,})["']"""
)
NO_SECRETS = {".lock", ".svg", ".woff2", ".ttf", ".png", ".jpg", ".pdf"}


def entropy(text):
    """Bits a character."""
    return -sum(number / len(text) * math.log2(number / len(text)) for number in Counter(text).values())


def secrets_in(text):
    found = SHAPES.findall(text)
    return found + [
        given
        for given in GIVEN.findall(text)
        if entropy(given) > 3.7 and any(letter.isdigit() for letter in given) and given not in INVENTED
    ]


INVENTED = {
    "k7Qz-tests-alone-know-this-9WmXv2LbT",
    "abcdefghijklmnopqrstuvwxyz0123456789",
    "zyxwvutsrqponmlkjihgfedcba9876543210",
    "qwertyuiopasdfghjklzxcvbnm1029384756",
    "please-changeme-before-going-live-1234567890",
}  # what the tests of production start with, or not


def test_no_secret_is_in_the_tree():
    found = [
        (str(path.relative_to(ROOT)), secrets_in(text))
        for path in tracked()
        if path.is_file()
        and path.suffix not in NO_SECRETS
        and "vendor" not in path.parts
        and ".min." not in path.name
        for text in [path.read_text(errors="ignore")]
        if path.name != "test_supply.py" and secrets_in(text)
    ]
    assert found == []
    names = [
        path.name
        for path in tracked()
        if re.search(r"\.(pem|key|p12|pfx|env|sqlite3?|db)$|^id_(rsa|ed25519)", path.name)
    ]
    assert names == []


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN PRIVATE KEY-----",
        "AKIA" + "ABCDEFGHIJKLMNOP",
        'SECRET_KEY = "q8Zt1vR4nB7xK2mW9pL3sD6f"',
        "password: 'Zk3-xW9_qL5tB8vN1mR4'",
        "ghp_" + "a1B2" * 9,
    ],
)
def test_the_search_for_secrets_finds_one(text):
    assert secrets_in(text)
