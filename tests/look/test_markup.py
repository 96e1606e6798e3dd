"""Our lean macros write what GOV.UK Frontend's own macros write, but for the differences named here."""

from html.parser import HTMLParser

import pytest
from jinja2 import Environment, PackageLoader, PrefixLoader
from werkzeug.datastructures import MultiDict

from portal.forms import Form
from portal.forms.fields import Choice, Choices, Day, Line, MustBeGiven, Paragraphs, Tick, Upload, Uploads

ERROR = {"text": "Enter it"}
HINT = {"text": "A hint"}
TWO = [{"value": "a", "text": "First"}, {"value": "b", "text": "Second", "checked": True, "selected": True}]
VOID = {"input", "br", "hr", "img"}
# No script of GOV.UK runs here: these attributes only start one.
WITHOUT = {"data-module", "data-disable-auto-focus", "role:button", "draggable"}


class Tree(HTMLParser):
    """A page as nested lists [element, attributes, children], with spaces evened out."""

    def __init__(self, html):
        super().__init__()
        self.root = ["", {}, []]
        self.open = [self.root]
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        kept = {
            name: set(value.split()) if name in ("class", "aria-describedby") else value
            for name, value in attrs
            if name not in WITHOUT and f"{name}:{value}" not in WITHOUT
        }
        node = [tag, kept, []]
        self.open[-1][2].append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop()[0] == tag

    def handle_data(self, data):
        if words := " ".join(data.split()):
            self.open[-1][2].append(words)


def tree(html):
    return Tree(html).root[2]


@pytest.fixture(scope="module")
def golden():
    package = "govuk_frontend_jinja"
    env = Environment(loader=PrefixLoader({package: PackageLoader(package)}), autoescape=True)

    def render(component, macro, **params):
        source = f"{{% from '{package}/components/{component}/macro.html' import {macro} %}}{{{{ {macro}(params) }}}}"
        return tree(env.from_string(source).render(params=params))

    return render


def ours(app, source, **context):
    with app.test_request_context("/"):
        head = "{% from 'components/form.html' import field, button, link_button, error_summary %}"
        return tree(app.jinja_env.from_string(head + source).render(**context))


def filled(app, field, **typed):
    """The only field of a form, filled in and with an error on it."""

    class OneField(Form):
        name = field

    with app.test_request_context("/", method="POST", data=MultiDict(typed)):
        form = OneField()
        form.validate()
        form.name.errors = ["Enter it"]
        return form.name


def given():
    return [MustBeGiven("Enter it")]


def test_a_line_has_the_markup_of_an_input(app, golden):
    field = filled(
        app,
        Line("Name", given(), hint="A hint", width=10, autocomplete="name", inputmode="numeric"),
        name="x",
    )
    assert ours(app, "{{ field(f, label_size='m') }}", f=field) == golden(
        "input", "govukInput", id="name", name="name", label={"text": "Name", "classes": "govuk-label--m"},
        hint=HINT, errorMessage=ERROR, classes="govuk-input--width-10", autocomplete="name", inputmode="numeric",
        type="text", value="x",
    )  # fmt: skip


def test_a_line_without_hint_or_error_is_described_by_nothing(app, golden):
    field = filled(app, Line("Name", given()), name="x")
    field.errors = []
    assert ours(app, "{{ field(f) }}", f=field) == golden(
        "input", "govukInput", id="name", name="name", label={"text": "Name"}, value="x"
    )


def test_paragraphs_have_the_markup_of_a_textarea(app, golden):
    field = filled(app, Paragraphs("Name", given(), hint="A hint"), name="one\ntwo")
    assert ours(app, "{{ field(f) }}", f=field) == golden(
        "textarea", "govukTextarea", id="name", name="name", label={"text": "Name"}, hint=HINT,
        errorMessage=ERROR, value="one\ntwo",
    )  # fmt: skip


def test_a_select_differs_only_by_its_empty_first_option(app, golden):
    field = filled(
        app,
        Choice("Name", given(), choices={"a": "First", "b": "Second"}, select=True, hint="A hint"),
        name="b",
    )
    first = {"value": "", "text": "Choose one"}
    assert ours(app, "{{ field(f) }}", f=field) == golden(
        "select", "govukSelect", id="name", name="name", label={"text": "Name"}, hint=HINT, errorMessage=ERROR,
        items=[first, *TWO],
    )  # fmt: skip


def test_a_choice_has_the_markup_of_radios(app, golden):
    field = filled(
        app, Choice("Name", given(), choices={"a": "First", "b": "Second"}, hint="A hint"), name="b"
    )
    assert ours(app, "{{ field(f, label_size='m') }}", f=field) == golden(
        "radios", "govukRadios", idPrefix="name", name="name", hint=HINT, errorMessage=ERROR, items=TWO,
        fieldset={"legend": {"text": "Name", "classes": "govuk-fieldset__legend--m"}},
    )  # fmt: skip


def test_hints_of_radios_have_the_markup_of_item_hints(app, golden):
    choices = {"a": "First", "b": "Second"}
    field = filled(app, Choice("Name", given(), choices=choices, hints={"a": "Why"}), name="b")
    assert ours(app, "{{ field(f) }}", f=field) == golden(
        "radios", "govukRadios", idPrefix="name", name="name", errorMessage=ERROR,
        items=[TWO[0] | {"hint": {"text": "Why"}}, TWO[1]], fieldset={"legend": {"text": "Name"}},
    )  # fmt: skip


def test_choices_have_the_markup_of_checkboxes(app, golden):
    field = filled(
        app, Choices("Name", given(), choices={"a": "First", "b": "Second"}, hint="A hint"), name="b"
    )
    assert ours(app, "{{ field(f) }}", f=field) == golden(
        "checkboxes", "govukCheckboxes", idPrefix="name", name="name", hint=HINT, errorMessage=ERROR, items=TWO,
        fieldset={"legend": {"text": "Name"}},
    )  # fmt: skip


def test_a_tick_has_the_markup_of_one_checkbox(app, golden):
    field = filled(app, Tick("Name", given(), hint="A hint"), name="yes")
    assert ours(app, "{{ field(f) }}", f=field) == golden(
        "checkboxes", "govukCheckboxes", idPrefix="name", name="name", hint=HINT, errorMessage=ERROR,
        items=[{"value": "yes", "text": "Name", "checked": True}],
    )  # fmt: skip


def test_a_day_has_the_markup_of_a_date_input_in_us_order(app, golden):
    field = filled(app, Day("Name", given(), hint="A hint"), **{"name-day": "14", "name-year": "2025"})
    width = "govuk-input--width-"
    items = [
        {"name": "month", "classes": f"{width}3 govuk-input--error", "inputmode": "text"},
        {"name": "day", "classes": f"{width}2", "value": "14"},
        {"name": "year", "classes": f"{width}4", "value": "2025"},
    ]
    assert ours(app, "{{ field(f) }}", f=field) == golden(
        "date-input", "govukDateInput", id="name", namePrefix="name", hint=HINT, errorMessage=ERROR, items=items,
        fieldset={"legend": {"text": "Name"}},
    )  # fmt: skip


@pytest.mark.parametrize(("kind", "multiple"), [(Upload, False), (Uploads, True)])
def test_an_upload_has_the_markup_of_a_file_upload(app, golden, kind, multiple):
    field = filled(app, kind("Name", given(), hint="A hint"))
    assert ours(app, "{{ field(f) }}", f=field) == golden(
        "file-upload", "govukFileUpload", id="name", name="name", label={"text": "Name"}, hint=HINT,
        errorMessage=ERROR, multiple=multiple,
    )  # fmt: skip


def test_the_error_summary_differs_only_by_taking_focus_without_a_script(app, golden):
    class OneField(Form):
        name = Line("Name", given())

    with app.test_request_context("/", method="POST", data={"name": ""}):
        form = OneField()
        assert not form.validate()
    [summary] = ours(app, "{{ error_summary(form, ['The case is full']) }}", form=form)
    assert summary[1].pop("tabindex") == "-1"
    items = [{"text": "The case is full"}, {"text": "Enter it", "href": "#name"}]
    assert [summary] == golden(
        "error-summary", "govukErrorSummary", titleText="There is a problem", errorList=items
    )


@pytest.mark.parametrize("kind", ["primary", "secondary", "warning"])
def test_buttons_have_the_markup_of_buttons(app, golden, kind):
    classes = {} if kind == "primary" else {"classes": f"govuk-button--{kind}"}
    assert ours(app, "{{ button('Save', kind, 'later', 'yes') }}", kind=kind) == golden(
        "button", "govukButton", text="Save", name="later", value="yes", type="submit", **classes
    )
    assert ours(app, "{{ link_button('Go', '/x', kind) }}", kind=kind) == golden(
        "button", "govukButton", text="Go", href="/x", **classes
    )


def test_an_optional_field_says_so_in_its_label(app):
    field = filled(app, Line("Name"), name="x")
    [group] = ours(app, "{{ field(f) }}", f=field)
    assert group[2][0] == [
        "label",
        {"class": {"govuk-label"}, "for": "name"},
        ["Name", ["span", {"class": {"optional"}}, ["(optional)"]]],
    ]


def test_what_is_typed_never_becomes_markup(app):
    hostile = '"><script>alert(1)</script>'
    for field in (Line("Name"), Paragraphs("Name"), Day("Name")):
        bound = filled(app, field, **{"name": hostile, "name-day": hostile})
        assert "script" not in {node[0] for node in walk(ours(app, "{{ field(f) }}", f=bound))}


def walk(nodes):
    for node in nodes:
        if isinstance(node, list):
            yield node
            yield from walk(node[2])
