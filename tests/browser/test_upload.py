"""Adding documents in a real browser, with its script and without."""

import re
from collections.abc import Iterator
from threading import Thread

import pytest
from playwright.sync_api import expect
from werkzeug.serving import make_server

from portal import demo
from portal.words import Stage
from tests.paper import a_pdf
from tests.second_factor import App


@pytest.fixture
def address(app, world) -> Iterator[str]:
    """Where this test's world is served."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(params=[True, False], ids=["script", "no script"])
def page(request, context_factory, address, world, case_at):
    """A coordinator on the page that adds documents to a case."""
    opened = context_factory(javascript=request.param).new_page()
    place = f"{address}/cases/{case_at(Stage.MATCHING).reference}/records/new"
    opened.goto(place)
    opened.get_by_label("E-mail address").fill(world.coordinator.email)
    opened.get_by_label("Password").fill(demo.PASSWORD)
    code = App(world.coordinator).code()
    opened.get_by_role("button", name="Sign in").click()
    opened.get_by_label("Code").fill(code)
    opened.get_by_role("button", name="Continue with the code").click()
    opened.goto(place)
    return opened


def choose(page, *files):
    page.get_by_label("Choose the files").set_input_files(
        [{"name": name, "mimeType": "application/pdf", "buffer": content} for name, content in files]
    )


def test_documents_are_added_and_what_cannot_be_taken_is_named(page):
    choose(page, ("good.pdf", a_pdf("good")), ("scan.exe", b"MZ"))
    page.get_by_label("What are they?").select_option("Imaging")
    page.get_by_label("Who wrote them?").fill("Bay Imaging")
    page.get_by_role("button", name="Add the documents").click()
    expect(page.get_by_text("1 document is filed.")).to_be_visible()
    expect(page.get_by_text("scan.exe: EXE files cannot be taken.")).to_be_visible()
    expect(page.get_by_label("Who wrote them?")).to_have_value("Bay Imaging")
    choose(page, ("better.pdf", a_pdf("better")))
    page.get_by_role("button", name="Add the documents").click()
    expect(page).to_have_url(re.compile("/records$"))
    expect(page.get_by_text("1 document is filed.")).to_be_visible()
    expect(page.get_by_role("link", name="better.pdf")).to_be_visible()


def test_a_mistake_is_said_on_top_and_at_its_field(page):
    choose(page, ("good.pdf", a_pdf("good")))
    page.get_by_role("button", name="Add the documents").click()
    expect(page.get_by_role("alert")).to_contain_text("Choose what the files are")
    expect(page.get_by_label("What are they?")).to_have_accessible_description(
        re.compile("Choose what the files")
    )


def test_with_the_script_the_files_stay_chosen_when_something_else_is_missing(page, request):
    choose(page, ("good.pdf", a_pdf("good")))
    page.get_by_role("button", name="Add the documents").click()
    expect(page.get_by_role("alert")).to_contain_text("Choose what the files are")
    page.get_by_label("What are they?").select_option("Imaging")
    if request.node.callspec.params["page"]:
        expect(page.get_by_label("Choose the files")).to_have_value(re.compile("good.pdf"))
    else:
        choose(page, ("good.pdf", a_pdf("good")))
    page.get_by_role("button", name="Add the documents").click()
    expect(page.get_by_text("1 document is filed.")).to_be_visible()


def test_more_than_is_taken_in_one_go_ends_on_the_page_that_says_so(page, app, monkeypatch):
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", 100_000)
    choose(page, ("large.pdf", bytes(110_000)))
    page.get_by_role("button", name="Add the documents").click()
    expect(page.get_by_role("heading", name="This is too large to send")).to_be_visible()
