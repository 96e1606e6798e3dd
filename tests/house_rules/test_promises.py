"""What `docs/security.md` promises is held by tests that are there."""

import ast
import re
from functools import cache

from tests.house_rules.test_house import ROOT

LINES = {"A": 17, "B": 12, "C": 8, "D": 12, "E": 14, "F": 9, "G": 11, "H": 7}
DOCUMENT = (ROOT / "docs/security.md").read_text()
ROWS = re.findall(r"^\| ([A-H]\d+) \| (.*?) \| (.*?) \| (.*?) \|$", DOCUMENT, re.MULTILINE)


@cache
def names_in(path):
    """The names of the tests in a file."""
    tree = ast.parse((ROOT / path).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_line_is_there_once_in_order():
    assert [row[0] for row in ROWS] == [
        f"{part}{n}" for part, most in LINES.items() for n in range(1, most + 1)
    ]


def test_every_test_it_names_is_there():
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", DOCUMENT)
    assert len(named) > 100
    assert [(path, name) for path, name in named if name not in names_in(path)] == []
    assert [
        path for path in re.findall(r"\b(tests/[\w/]+\.py)", DOCUMENT) if not (ROOT / path).exists()
    ] == []


def test_a_line_that_holds_names_its_test_and_one_that_does_not_says_why():
    for line, what, held, state in ROWS:
        assert what.strip() and re.match(r"holds|partly|not yet|being built", state), line
        assert "::" in held or not state.startswith("holds"), line
        assert state.startswith("holds") or len(state.split()) > 3, line
