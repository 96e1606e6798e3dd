"""The whole way to one's organisation and back in a browser, on a phone, with the policy that our pages carry."""

from dataclasses import replace

import pytest
from playwright.sync_api import expect

from portal import outside
from portal.ime.sign_on_settings import set_sign_on
from portal.models import Identity
from portal.outside.identity import Identities
from tests.browser.sight import Sight
from tests.machine.oidc_provider import CLIENT_ID, CLIENT_SECRET


@pytest.fixture
def provider(app, site, world, make_oidc_provider, monkeypatch):
    """The insurer's provider, which leads back to where the portal is served now."""
    monkeypatch.setitem(app.config, "IMPARTIAL", replace(app.config["IMPARTIAL"], public_url=site.url))
    monkeypatch.setitem(outside._identities, "client", Identities(is_strict=False))
    people = {"morgan": {"email": world.referrer.email, "email_verified": True}, "nobody": {}}
    made = make_oidc_provider(
        returns=[f"{site.url}/sign-in/organization/return"], leaves=[f"{site.url}/sign-in"], people=people
    )
    set_sign_on(
        world.referrer.organisation,
        by=world.coordinator,
        issuer=made.issuer,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        is_only_way=False,
        domains="lakeshore.example",
    )
    return made


def goes_to_the_provider(page):
    page.goto("/sign-in")
    page.get_by_role("link", name="Sign in with your organization").click()
    page.get_by_label("E-mail address").fill("morgan.reyes@lakeshore.example")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading")).to_have_text("Who are you?")


@pytest.mark.parametrize("javascript", [True, False])
def test_a_person_goes_to_their_organisation_and_comes_back_and_leaves_both(
    window, site, provider, javascript
):
    page = window(width=360, height=800, javascript=javascript)
    goes_to_the_provider(page)
    page.get_by_label("Name").fill("morgan")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading")).to_have_text("Let Impartial know your address?")
    page.get_by_role("button", name="Continue").click()
    expect(page).to_have_url(f"{site.url}/")
    expect(page.locator("header")).to_contain_text("Morgan Reyes")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading")).to_have_text("Sign out?")
    assert page.request.get("/account/sessions", max_redirects=0).status == 303, (
        "the session here is over already"
    )
    page.get_by_role("button", name="Sign me out").click()
    expect(page).to_have_url(f"{site.url}/sign-in")


def test_whoever_is_turned_away_can_read_why(window, provider):
    page = window(width=360, height=800)
    goes_to_the_provider(page)
    page.get_by_label("Name").fill("nobody")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading")).to_have_text("We could not sign you in")
    sight = Sight(page)
    sight.look_from_all_sides()
    assert sight.faults == []


def test_the_settings_of_an_organisation_can_be_read_with_somebody_linked(window, world, provider):
    Identity.create(user=world.referrer, issuer=provider.issuer, subject="morgan")
    page = window(world.coordinator)
    sight = Sight(page)
    page.goto(f"/organisations/{world.referrer.organisation_id}/sign-on")
    sight.look_from_all_sides()
    expect(page.locator("main")).to_contain_text("Morgan Reyes")
    assert sight.faults == []
