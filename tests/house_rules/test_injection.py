"""No text of a person becomes code: no SQL put together from pieces, no markup unescaped, no template made at run time."""

import ast
import re

from tests.house_rules.test_house import FILES, PORTAL, ROOT, TEMPLATES

# Where SQL is not one literal, and why no word of it comes from outside.
BUILT = {
    ("portal/search.py", "keep", "execute_sql"): "one of two constants, by database",
    ("portal/kept.py", "literal", "SQL"): "a word of our vocabulary, which holds letters and strokes alone",
    ("portal/kept.py", "run", "execute_sql"): "what Peewee built, with its values bound",
    ("portal/ime/particulars.py", "listed", "SQL"): "the name of one of our tables",
    ("portal/restore.py", "load", "execute_sql"): "names of tables that the database itself lists",
    ("portal/schema.py", "postgres_structure", "execute_sql"): "a table of constants above it",
    ("portal/audit/seals.py", "hold_alone", "execute_sql"): "a constant of the file",
    ("portal/audit/seals.py", "read_seal", "execute_sql"): "one of our own conditions; the values are bound",
    ("portal/audit/seals.py", "records", "execute_sql"): "the columns of our own table; the values are bound",
    ("portal/audit/verify.py", "count", "execute_sql"): "names of our own tables; the values are bound",
    ("portal/db.py", "patience", "execute"): "a number of milliseconds",
    ("portal/rotation.py", "keys_in_use", "execute"): "Peewee's own query, run on another database",
    ("portal/rotation.py", "reseal", "execute"): "Peewee's own query",
    ("portal/search.py", "forget", "execute_sql"): "one of two constants, by database",
    ("portal/backup.py", "documents", "execute"): "Peewee's own query, run on the copy",
}
SQL_CALLS = {"execute_sql", "execute", "executemany", "executescript", "SQL", "raw", "RawQuery"}
NEVER = {
    "eval",
    "exec",
    "compile",
    "from_string",
    "render_template_string",
    "Markup",
    "system",
    "popen",
    "loads_unsafe",
}


def is_literal(node):
    """One string as it stands, or a choice between such strings."""
    if isinstance(node, ast.IfExp):
        return is_literal(node.body) and is_literal(node.orelse)
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def calls(tree):
    """Every call with the name of the function it stands in."""

    def walk(node, place):
        for child in ast.iter_child_nodes(node):
            inside = child.name if isinstance(child, ast.FunctionDef) else place
            if isinstance(child, ast.Call):
                name = (
                    child.func.attr
                    if isinstance(child.func, ast.Attribute)
                    else getattr(child.func, "id", "")
                )
                yield inside, name, child
            yield from walk(child, inside)

    yield from walk(tree, "")


def built_sql(source, path):
    found = set()
    for place, name, call in calls(ast.parse(source)):
        if name in SQL_CALLS and call.args and not is_literal(call.args[0]):
            found.add((path, place, name))
    return found


def test_no_sql_is_put_together_but_at_places_that_say_why():
    found = set()
    for path in FILES:
        if "migrations" not in path.parts:
            found |= built_sql(path.read_text(), str(path.relative_to(ROOT)))
    assert found - set(BUILT) == set(), (
        "SQL that is not one literal: bind its values, or say here why it is safe"
    )
    assert set(BUILT) - found == set(), "this place is gone: take it from the list"


def test_the_ban_sees_every_way_to_put_sql_together():
    for bad in (
        'db.execute_sql(f"SELECT {x}")',
        'db.execute_sql("SELECT " + x)',
        'db.execute_sql("SELECT %s" % x)',
        'db.execute_sql("SELECT {}".format(x))',
        "SQL(x)",
        'Case.raw(f"{x}")',
        'at.execute(" ".join(x))',
    ):
        assert built_sql(f"def f():\n    {bad}", "a.py"), bad
    assert not built_sql('def f():\n    db.execute_sql("SELECT ?", (x,))\n    SQL("a" if b else "c")', "a.py")


def test_nothing_is_run_or_rendered_from_a_string():
    found = {
        (str(path.relative_to(ROOT)), name)
        for path in FILES
        for _, name, call in calls(ast.parse(path.read_text()))
        if name in NEVER and not (name == "compile" and isinstance(call.func, ast.Attribute))  # re.compile
    }
    assert found == set()


def test_a_program_is_never_started_through_a_shell():
    for path in FILES:
        for _, _, call in calls(ast.parse(path.read_text())):
            assert not [each for each in call.keywords if each.arg == "shell"], path


def test_no_template_takes_text_for_markup():
    marks = re.compile(r"\|\s*(safe|unescape)\b|autoescape|Markup\(")
    everything = [*TEMPLATES, *(PORTAL / "templates").rglob("*.txt")]
    assert [path.name for path in everything if marks.search(path.read_text())] == []


def test_letters_take_their_words_as_data_alone():
    """A letter's template reads JSON; none of them evaluates text."""
    wrong = re.compile(r"\beval\(|mode:\s*\"markup\"|\braw\(.*lang|\bplugin\(|\bread\(|sys\.inputs\.(?!data)")
    letters = sorted((PORTAL / "templates/letters").glob("*.typ"))
    assert len(letters) > 4
    assert [path.name for path in letters if wrong.search(path.read_text())] == []


def test_what_a_person_typed_is_never_a_format():
    """`.format` is called on our own sentences: a constant, a name in capitals, or the words of the forms."""
    for path in FILES:
        for _, name, call in calls(ast.parse(path.read_text())):
            if name == "format" and isinstance(call.func, ast.Attribute):
                of = call.func.value
                own = (
                    isinstance(of, ast.Constant) or getattr(of, "id", "").isupper() or "words" in ast.dump(of)
                )
                assert own or (path.name, ast.unparse(of)) == ("linter.py", "sentence"), (
                    path,
                    ast.unparse(call),
                )
