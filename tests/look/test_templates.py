"""No template brings a script, a style or an event of its own: the content policy would refuse it."""

import re

import pytest

from tests.look import ROOT
from tests.look.gallery import create_gallery

TEMPLATES = ROOT / "portal/templates"
PAGES = sorted(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.html"))
INLINE = re.compile(
    r"<style|<script(?![^>]*\ssrc=)|\sstyle\s*=|\son[a-z]+\s*=|javascript:|hx-on|hx-vals=.js:", re.IGNORECASE
)
ERRORS = sorted(path.stem for path in (TEMPLATES / "errors").glob("*.html"))


@pytest.mark.parametrize("name", PAGES)
def test_a_template_has_nothing_inline(name):
    assert not INLINE.findall((TEMPLATES / name).read_text())


@pytest.mark.parametrize(
    "bad", ["<script>x", "<p style='a'>", '<a onclick="x">', "<style>", "<b data-hx-on:click=x>"]
)
def test_the_search_for_inline_code_finds_it(bad):
    assert INLINE.search(bad)


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_page_needs_to_be_told_nothing(name):
    app = create_gallery()
    with app.test_request_context("/"):
        html = app.jinja_env.get_template(f"errors/{name}.html").render()
    assert html.count("<h1") == 1
    assert "None" not in html


def test_the_page_of_a_step_that_came_too_late_says_where_the_case_is():
    html = create_gallery().test_client().get("/error").text
    assert "<title>This step does not fit now – IME-1042 – Impartial</title>" in html
    assert "Dr. Okafor took the case on November 18." in html


@pytest.mark.parametrize("page", ["desk", "case", "form", "table", "claimant", "error"])
def test_every_page_has_one_h1_one_main_and_a_way_past_the_menu(page):
    html = create_gallery().test_client().get(f"/{page}").text
    assert [html.count(part) for part in ("<h1", "<main ", 'id="main"', 'href="#main"')] == [1, 1, 1, 1]


def test_a_page_with_a_mistake_says_so_first():
    app = create_gallery()
    app.config["WTF_CSRF_ENABLED"] = False
    html = app.test_client().post("/form", data={"claim_number": ""}).text
    assert "<title>Error: The injury – Impartial</title>" in html
    assert '<a href="#claim_number">Enter the claim number</a>' in html
    assert '<a href="#injured_on-month">Enter the date of injury, like 3 14 2025</a>' in html


def test_what_was_done_is_said_once_and_announced():
    client = create_gallery().test_client()
    assert '<div class="notice notice--done said" role="status">' in client.get("/desk").text
    assert 'role="status"' not in client.get("/case").text
