"""The second factor in a real browser: a passkey by the script, an authenticator app on a telephone without any."""

from dataclasses import replace
from urllib.parse import urlsplit

import pyotp
import pytest

from portal import demo
from portal.ime.account_links import make_account_link
from portal.models import Passkey
from portal.words import AccountPurpose
from tests.browser.person import Person
from tests.browser.sight import Sight

PASSWORD = demo.PASSWORD


@pytest.fixture
def address(app, site, monkeypatch):
    """The site at a host that passkeys can be bound to, which an address of numbers is not."""
    place = f"http://localhost:{urlsplit(site.url).port}"
    monkeypatch.setitem(app.config, "IMPARTIAL", replace(app.config["IMPARTIAL"], public_url=place))
    return place


def with_device(page, **options):
    """Plug a security key of software into the browser; returns what talks to it and its number."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    settings = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    added = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": {**settings, **options}})
    return devtools, added["authenticatorId"]


def begins(window, address, user, **options):
    """Somebody opens the portal and shows their password."""
    person = Person(window(**options), has_scripts=options.get("javascript", True))
    person.opens(address + "/cases").signs_in(user.email, PASSWORD)
    return person


def code_of(site, secret):
    app = pyotp.TOTP(secret.replace(" ", ""))
    return app.generate_otp(app.timecode(site.moment))


def test_a_passkey_is_added_and_signs_in(window, site, address, world):
    person = begins(window, address, world.expert)
    with_device(person.page)
    person.sees("Add a second factor").presses("Add a passkey").sees("Keep your recovery codes")
    person.follows("I have kept the codes")
    assert person.page.url == f"{address}/cases"
    person.opens(address + "/account").sees("Passkey: ").presses("Sign out")
    person.signs_in(world.expert.email, PASSWORD).sees("One more step to sign in")
    person.presses("Use your passkey")
    assert urlsplit(person.page.url).path == "/"
    row = Passkey.get()
    assert row.used_at and row.user == world.expert
    assert person.sight.faults == []


def test_a_passkey_opens_what_is_dangerous_once_more(window, site, address, world):
    person = begins(window, address, world.expert)
    with_device(person.page)
    person.presses("Add a passkey").follows("I have kept the codes")
    site.wait(minutes=11)
    person.opens(address + "/account/password").sees("Show that it is you").presses("Use your passkey")
    assert person.page.url == f"{address}/account/password"
    assert person.sight.faults == []


def test_a_device_that_does_not_know_its_owner_gets_nobody_in_and_the_page_says_so(
    window, site, address, world
):
    person = begins(window, address, world.expert)
    devtools, number = with_device(person.page)
    person.presses("Add a passkey").follows("I have kept the codes").presses("Sign out")
    devtools.send("WebAuthn.setUserVerified", {"authenticatorId": number, "isUserVerified": False})
    person.signs_in(world.expert.email, PASSWORD)
    person.page.get_by_role("button", name="Use your passkey").click()
    person.sees("That did not work.")
    assert person.page.goto(address + "/account").url.startswith(f"{address}/sign-in/second-factor")


@pytest.mark.parametrize("has_scripts", [True, False], ids=["script", "no script"])
def test_an_app_is_set_up_and_signs_in_on_a_telephone(window, site, address, world, has_scripts):
    person = begins(window, address, world.expert, width=360, height=780, javascript=has_scripts)
    person.sees("An authenticator app").presses("Set up an app")
    secret = person.page.locator("code.key").inner_text()
    picture = person.page.locator("img.scan")
    assert picture.evaluate("(it) => it.naturalWidth") > 100, "the picture is shown under the content policy"
    person.types("Code", code_of(site, secret)).presses("Set up the app")
    person.sees("Keep your recovery codes")
    recovery = person.page.locator(".codes code").first.inner_text()
    person.follows("I have kept the codes").presses("Sign out")
    site.wait(minutes=1)
    person.signs_in(world.expert.email, PASSWORD)
    person.types("Code", code_of(site, secret)).presses("Continue with the code").presses("Sign out")
    person.signs_in(world.expert.email, PASSWORD).follows("Use a recovery code")
    person.types("Recovery code", recovery).presses("Continue with this code")
    assert urlsplit(person.page.url).path == "/"
    assert person.sight.faults == []


def links_to(user):
    """What somebody is sent by mail: one page for each purpose, and one for a link that is over."""
    places = {
        "invitation": AccountPurpose.INVITATION,
        "password": AccountPurpose.RESET,
        "email": AccountPurpose.EMAIL_CHANGE,
    }
    for place, purpose in places.items():
        yield f"/{place}/link/{make_account_link(user, purpose, user.email)}"
    yield "/password/link/over"


def test_every_page_on_the_way_can_be_read_from_all_sides(window, site, address, world):
    page = window()
    sight = Sight(page)
    person = Person(page)
    person.opens(address + "/").signs_in(world.expert.email, PASSWORD)
    sight.look_from_all_sides()
    person.presses("Set up an app")
    sight.look_from_all_sides()
    secret = page.locator("code.key").inner_text()
    person.types("Code", code_of(site, secret)).presses("Set up the app")
    sight.look_from_all_sides()
    for path in (
        "/account/email",
        "/account/recovery-codes",
        "/sign-in/forgotten/sent",
        *links_to(world.referrer),
    ):
        person.opens(address + path)
        sight.look_from_all_sides()
    site.wait(minutes=11)
    for path in ("/account", "/account/password"):
        person.opens(address + path)
        sight.look_from_all_sides()
    person.follows("Use a recovery code")
    sight.look_from_all_sides()
    assert sight.faults == []
