"""How a view comes by its row: through what the person may see, never by a number alone, and the row or nothing."""

import ast
import inspect
from pathlib import Path

import pytest

from portal import models
from portal.models import Case
from portal.web import routing

ROOT = Path(__file__).parents[2]
SPEAKING = sorted([*(ROOT / "portal/views").glob("*.py"), *(ROOT / "portal/web").glob("*.py")])
MODELS = {table.__name__ for table in models.TABLES}
BY_NUMBER = {"get_by_id", "get_or_none", "get"}
PUBLIC_GUARDS = {"ask_for_tls"}  # runs before any route and loads nothing
ANSWERS = {"page", "done", "redirect", "render_template", "make_response", "Response"}


def calls(tree, names):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names:
            yield node


def is_of_a_row_in_hand(call):
    """`Case.get_by_id(case.id)`: reading again what was loaded through the person's sight."""
    return len(call.args) == 1 and isinstance(call.args[0], ast.Attribute) and call.args[0].attr == "id"


def is_through_its_case(call):
    """`Bar.get_or_none((Bar.id == bar_id) & (Bar.case == case))`: a child through the case that was found."""
    return ".case == case)" in ast.unparse(call)


def of_managers(app):
    """The modules whose every view asks for a manager, who looks after people and cases as such."""
    kinds = {}
    for view in app.view_functions.values():
        kinds.setdefault(view.__module__, set()).add(getattr(view, "access", None) and view.access.kind)
    return {module.rpartition(".")[2] for module, found in kinds.items() if found == {"manages"}}


@pytest.mark.parametrize("path", SPEAKING, ids=lambda path: path.stem)
def test_no_view_loads_a_row_by_its_number_alone(app, path):
    loaded = [
        ast.unparse(call)
        for call in calls(ast.parse(path.read_text()), BY_NUMBER)
        if isinstance(call.func.value, ast.Name)
        and call.func.value.id in MODELS
        and not is_of_a_row_in_hand(call)
        and not is_through_its_case(call)
    ]
    assert loaded == [] or path.stem in of_managers(app)


def test_every_route_of_a_case_comes_by_it_through_the_one_loader(app):
    """A reference in the address: the guard finds the case, and the view receives the case and no reference."""
    cases = [rule for rule in app.url_map.iter_rules() if "ref" in rule.arguments]
    for rule in cases:
        view = app.view_functions[rule.endpoint]
        assert view.access.kind in {"sees_case", "performs", "manages"}, rule.rule
        if view.access.kind != "manages":
            assert "find_case" in view.__code__.co_names, rule.rule
            received = inspect.signature(inspect.unwrap(view)).parameters
            assert "ref" not in received, rule.rule
            assert next(iter(received.values())).annotation is Case, rule.rule
    assert len(cases) > 50


def test_every_number_in_an_address_is_typed(app):
    """A part of an address that is a row's number is a number; none is a free text."""
    for rule in app.url_map.iter_rules():
        for name, converter in rule._converters.items():
            kind = type(converter).__name__
            assert rule.endpoint == "static" or kind not in {"UnicodeConverter", "PathConverter"}, (
                rule,
                name,
            )
            assert not name.endswith("_id") or kind == "Number", (rule, name)


def functions(path):
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)]


def aborts(function):
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "abort"
        for node in ast.walk(function)
    )


def is_view(function):
    return any("route" in ast.unparse(each) for each in function.decorator_list)


LOADERS = [
    (path.stem, function)
    for path in SPEAKING
    for function in functions(path)
    if aborts(function) and not is_view(function) and function.name not in PUBLIC_GUARDS
]


def test_a_loader_returns_the_row_or_raises_and_never_an_answer():
    """A loader that could return a page would be taken for a row that was found."""
    for module, function in LOADERS:
        for node in ast.walk(function):
            if isinstance(node, ast.Return) and isinstance(node.value, ast.Call):
                name = node.value.func.id if isinstance(node.value.func, ast.Name) else ""
                assert name not in ANSWERS, (module, function.name)
    assert len(LOADERS) > 10


def test_the_loader_of_cases_promises_a_case():
    assert inspect.signature(routing.find_case).return_annotation is Case
