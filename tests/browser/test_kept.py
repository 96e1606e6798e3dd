"""What a browser keeps and runs: nothing after the sign-out, no name that was searched for, no text that is code."""

import pytest

from portal import models
from portal.words import Stage
from tests.web.test_polyglots import POLYGLOT

NAME = "Delgado"
KEPT = "() => JSON.stringify([{...localStorage}, {...sessionStorage}, history.state, document.title, location.href])"


def test_after_signing_out_back_shows_nothing(window, world, case_at):
    page, case = window(world.coordinator), case_at(Stage.BOOKED)
    page.goto("/")
    page.goto(f"/cases/{case.reference}")
    assert NAME in page.inner_text("main")
    page.get_by_role("button", name="Sign out").first.click()
    page.wait_for_url("**/sign-in")
    for _ in range(2):
        page.go_back()
        assert NAME not in page.content() and case.reference not in page.inner_text("main")
        assert page.get_by_label("Password").count() == 1


@pytest.mark.parametrize("javascript", [True, False])
def test_a_search_leaves_no_name_in_the_browser(window, world, javascript):
    page, asked = window(world.coordinator, javascript=javascript), []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/cases")
    page.get_by_label("Search").fill(NAME)
    page.get_by_role("button", name="Show cases").click()
    page.wait_for_url("**search=**")
    assert page.get_by_role("link", name=NAME).count() > 0
    found = page.url
    if javascript:
        assert NAME.lower() not in page.evaluate(KEPT).lower()
    page.get_by_role("link", name=NAME).first.click()
    page.wait_for_url("**/cases/IME-*")
    page.go_back()
    page.wait_for_url(found)
    assert page.get_by_label("Search").input_value() == NAME
    page.reload()
    assert page.url == found and page.get_by_role("link", name=NAME).count() > 0
    assert not [url for url in asked if NAME.lower() in url.lower()]


def test_no_text_opens_a_dialog(window, world, case_at):
    for model in (models.Claimant, models.Message, models.Question, models.Clinic, models.Document):
        for name, field in model._meta.fields.items():
            if type(field).__name__ in {"CharField", "TextField"} and name in {
                "name",
                "text",
                "parking",
                "directions",
                "provider",
            }:
                model.update({name: POLYGLOT}).execute()
    case, opened = case_at(Stage.IN_REVIEW), []
    for person in (world.coordinator, world.referrer, world.expert):
        page = window(person)
        page.on("dialog", lambda dialog: (opened.append(dialog.message), dialog.dismiss()))
        for path in (
            "/",
            "/cases",
            f"/cases/{case.reference}",
            f"/cases/{case.reference}/records",
            f"/cases/{case.reference}/messages",
        ):
            page.goto(path)
            assert page.locator("svg[onload]").count() == 0
    assert opened == []
