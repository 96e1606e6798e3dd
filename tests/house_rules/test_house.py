"""What must always be true of the code, held over its syntax tree."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PORTAL = ROOT / "portal"
FILES = sorted(PORTAL.rglob("*.py"))
TEMPLATES = sorted((PORTAL / "templates").rglob("*.html"))

# Imports point inward: a layer may import itself and those before it.
LAYERS = (
    {"portal.words", "portal.clock", "portal.production", "portal.config", "portal.written"},
    {"portal.outside", "portal.db"},
    {"portal.kept"},
    {"portal.models"},
    {"portal.audit"},
    {"portal.policy"},
    {"portal.ime"},
    {"portal.queues", "portal.outbox"},
    {"portal.search", "portal.notices", "portal.account_mail", "portal.calls", "portal.demo"},
    {"portal.schema", "portal.rotation", "portal.backup", "portal.restore", "portal.jobs", "portal.forms"},
    {"portal.web"},
    {"portal.views"},
    {"portal.commands", "portal.rule_commands"},
    {"portal"},
)
# The schema and the vocabulary are one file each on purpose: all that is remembered, and every word for it.
LONGER = {"models.py": 1_250, "words.py": 600}
FLASK_IS_FOR = (
    "portal/web/",
    "portal/views/",
    "portal/forms/",
    "portal/commands.py",
    "portal/rule_commands.py",
    "portal/__init__.py",
    "portal/jobs.py",
)


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def layer_of(module: str) -> int:
    for number, layer in enumerate(LAYERS):
        if module in layer or any(name != "portal" and module.startswith(f"{name}.") for name in layer):
            return number
    raise AssertionError(f"{module} belongs to no layer")


def imports_of(path: Path) -> set[str]:
    """Every module a file imports, names of packages resolved to their modules."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found.add(whole if (ROOT / (whole.replace(".", "/") + ".py")).exists() else node.module)
    return found


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_imports_point_inward(path):
    if path.match("migrations/*"):
        return
    own = layer_of(module_of(path))
    outward = {name for name in imports_of(path) if name.startswith("portal.") and layer_of(name) > own}
    assert not outward


def test_the_outside_knows_nothing_of_the_business():
    known = {
        name
        for path in (PORTAL / "outside").rglob("*.py")
        for name in imports_of(path)
        if name.startswith("portal")
    }
    assert {name for name in known if not name.startswith("portal.outside")} <= {
        "portal.words",
        "portal.config",
    }


def test_flask_is_imported_only_where_http_is_spoken():
    speaking = {
        str(path.relative_to(ROOT))
        for path in FILES
        for name in imports_of(path)
        if name.split(".")[0] in {"flask", "flask_login", "flask_wtf", "werkzeug"}
    }
    assert {path for path in speaking if not path.startswith(FLASK_IS_FOR)} == set()


WRITES = {
    "save",
    "create",
    "insert",
    "insert_many",
    "delete_instance",
    "get_or_create",
    "bulk_create",
    "atomic",
}


@pytest.mark.parametrize("path", sorted((PORTAL / "views").glob("*.py")), ids=module_of)
def test_views_never_write(path):
    calls = {
        node.func.attr
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert not calls & WRITES


def test_templates_run_no_queries():
    asking = re.compile(r"\.(select|where|get_by_id|first|execute|order_by)\(")
    assert [path.name for path in TEMPLATES if asking.search(path.read_text())] == []


def test_templates_hold_no_inline_script_style_or_unescaped_text():
    wrong = re.compile(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=|javascript:|\|\s*safe\b")
    assert [path.name for path in TEMPLATES if wrong.search(path.read_text())] == []


def test_only_the_clock_asks_the_time():
    asking = re.compile(r"datetime\.(now|today|utcnow)\(|date\.today\(|time\.time\(")
    allowed = {"portal/clock.py"}
    found = {str(path.relative_to(ROOT)) for path in FILES if asking.search(path.read_text())}
    assert found <= allowed


def test_no_name_of_a_module_hides_what_it_is():
    vague = {"utils", "helpers", "common", "manager", "service", "handler", "misc", "tools"}
    assert {path.stem for path in FILES} & vague == set()


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_a_file_can_be_read_in_one_sitting(path):
    if path.match("migrations/*"):
        return
    assert len(path.read_text().splitlines()) <= LONGER.get(path.name, 400)


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_every_module_says_in_a_sentence_what_it_is(path):
    if path.match("migrations/*"):
        return
    assert ast.get_docstring(ast.parse(path.read_text()))


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.splitlines()]


def test_nothing_names_a_machine_or_a_registry():
    wrong = re.compile(r"(?<![\w:/.])/(?:root|tmp|home/\w+)/|registry\.npmjs|pypi\.org|files\.pythonhosted")
    texts = {".py", ".md", ".toml", ".html", ".js", ".scss", ".lock", ".json", ".txt", ""}
    found = [
        path.name
        for path in tracked()
        if path.is_file()
        and path.suffix in texts
        and path.name != Path(__file__).name
        and "vendor" not in path.parts
        if wrong.search(path.read_text(errors="ignore"))
    ]
    assert found == []


def test_a_test_that_may_not_run_says_so_in_one_place():
    """Skips live where the machine is looked at, and are told loudly at the end of the run."""
    skipping = re.compile(r"pytest\.(skip|mark\.skip|mark\.xfail|importorskip)")
    found = {
        path.relative_to(ROOT).parts[1]
        for path in (ROOT / "tests").rglob("*.py")
        if skipping.search(path.read_text())
    }
    assert found - {"machine", "house_rules"} == set()
