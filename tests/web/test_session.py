"""A session lives in its row: it idles out, runs out, and ends for good."""

import re
from datetime import timedelta

import pytest

from portal import ROOT, clock
from portal.ime.instructions import make_link, revoke_links, spend_link
from portal.models import Session, User
from portal.web.session import BACKGROUND, device_of
from portal.words import Role, Stage
from tests.second_factor import App

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/141.0 Safari/537.36 Edg/141.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Mobile Safari/604.1"


def is_signed_in(person):
    return person.opens("/account/sessions").heading == "Where you are signed in"


@pytest.mark.parametrize(
    ("name", "minutes"), [("expert", 20), ("second_coordinator", 20), ("coordinator", 15)]
)
def test_a_session_that_rests_too_long_has_ended_a_managers_sooner(visitor, world, name, minutes):
    began = clock.now()
    person = visitor(getattr(world, name))
    with clock.set_to(began + (minutes - 1) * MINUTE):
        assert is_signed_in(person)
    with clock.set_to(began + (2 * minutes - 2) * MINUTE):
        assert is_signed_in(person)
    with clock.set_to(began + (3 * minutes - 1) * MINUTE):
        assert person.opens("/account/sessions").heading == "Sign in"


def test_no_activity_makes_a_session_longer_than_eight_hours(visitor, world):
    began = clock.now()
    expert = visitor(world.expert)
    for minutes in range(15, 480, 15):
        with clock.set_to(began + minutes * MINUTE):
            assert is_signed_in(expert)
    with clock.set_to(began + 8 * HOUR):
        assert expert.opens("/account/sessions").heading == "Sign in"


def test_showing_the_factor_once_more_makes_no_session_longer(visitor, world):
    began, app = clock.now(), App(world.expert)
    expert = visitor(world.expert)
    for minutes in range(15, 480, 15):
        with clock.set_to(began + minutes * MINUTE):
            expert.opens("/sign-in/second-factor").presses("Continue with the code", code=app.code())
            assert is_signed_in(expert)
    with clock.set_to(began + 8 * HOUR):
        assert expert.opens("/account/sessions").heading == "Sign in"


def test_what_a_page_asks_for_by_itself_keeps_no_session_open(visitor, world):
    began = clock.now()
    expert = visitor(world.expert)
    for minutes in range(2, 20, 2):
        with clock.set_to(began + minutes * MINUTE):
            answer = expert.client.get("/", headers={"HX-Request": "true", BACKGROUND: "true"})
            assert answer.status_code == 200
    with clock.set_to(began + 20 * MINUTE):
        assert expert.opens("/account/sessions").heading == "Sign in"


BY_ITSELF = re.compile(
    r"""hx-trigger["']?\s*[=:]\s*["'][^"']*\b(?:load|every|revealed|intersect)\b"""
    r"""|hx-preload|http-equiv=["']refresh|setInterval|requestIdleCallback|EventSource|WebSocket|sendBeacon"""
)


def test_no_page_asks_for_anything_by_itself_without_saying_so():
    """What begins to poll says so in its requests' header, or it keeps a session open that nobody uses."""
    pages = [*(ROOT / "portal" / "templates").rglob("*.html"), *(ROOT / "static").glob("*.js")]
    own = [page for page in pages if not page.name.endswith(".min.js")]
    asking = [page for page in own if BY_ITSELF.search(text := page.read_text()) and BACKGROUND not in text]
    assert len(own) > 100 and not asking, asking
    for told in ('data-hx-trigger="every 2s"', "'hx-trigger': 'load delay:1s'", "setInterval(ask, 9)"):
        assert BY_ITSELF.search(told), told


def test_typing_that_is_saved_keeps_a_session_open_and_never_beyond_its_end(visitor, world, case_at):
    began, case = clock.now(), case_at(Stage.REPORTING)
    expert = visitor(world.expert).opens(f"/cases/{case.reference}/report")
    data = {"csrf_token": expert.typed("csrf_token"), "section_history": "Fell from a ladder."}
    for minutes in range(15, 480, 15):
        with clock.set_to(began + minutes * MINUTE):
            headers = {"HX-Request": "true"}
            answer = expert.client.post(f"/cases/{case.reference}/report", data=data, headers=headers)
            assert answer.status_code in (200, 422), minutes
    with clock.set_to(began + 8 * HOUR):
        answer = expert.client.post(f"/cases/{case.reference}/report", data=data, headers=headers)
        assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/sign-in")


def test_a_second_page_within_a_minute_writes_nothing(visitor, world):
    coordinator = visitor(world.coordinator)
    before = Session.get(Session.user == world.coordinator).seen_at
    with clock.set_to(before + timedelta(seconds=59)):
        coordinator.opens("/account/sessions")
    assert Session.get(Session.user == world.coordinator).seen_at == before


def test_a_kept_cookie_opens_nothing_after_signing_out(visitor, world):
    coordinator = visitor(world.coordinator).opens("/account/sessions")
    kept = coordinator.client.get_cookie("impartial").value
    coordinator.presses("Sign out")
    coordinator.client.set_cookie("impartial", kept)
    assert coordinator.opens("/account/sessions").heading == "Sign in"


def test_a_disabled_user_is_out_at_the_next_request(visitor, world):
    coordinator = visitor(world.coordinator)
    assert is_signed_in(coordinator)
    User.update(disabled_at=clock.now()).where(User.id == world.coordinator.id).execute()
    assert coordinator.opens("/account/sessions").heading == "Sign in"


@pytest.mark.parametrize(
    "rights",
    [{"role": Role.REFERRER, "is_manager": False}, {"is_manager": False}, {"organisation": 1}],
    ids=["role", "manager", "organisation"],
)
def test_whoever_is_given_other_rights_is_out_at_the_next_request(visitor, world, rights):
    coordinator = visitor(world.coordinator)
    assert is_signed_in(coordinator)
    User.update(**rights).where(User.id == world.coordinator.id).execute()
    assert coordinator.opens("/account/sessions").heading == "Sign in"


def test_a_forged_cookie_is_nobody(visitor, world):
    stranger = visitor()
    stranger.client.set_cookie("impartial", "eyJfdXNlcl9pZCI6IjEifQ.aaaaaa.forged")
    assert stranger.opens("/account/sessions").heading == "Sign in"


def test_a_claimants_visit_outlives_a_pause_and_ends_when_the_link_is_revoked(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    claimant = visitor(spend_link(make_link(case)))
    with clock.set_to(clock.now() + 5 * HOUR):
        assert claimant.opens("/appointment").status == 200
    revoke_links(case, by=world.coordinator)
    assert claimant.opens("/appointment").status == 401


def test_a_claimants_visit_ends_after_seven_days(visitor, world, case_at):
    claimant = visitor(spend_link(make_link(case_at(Stage.BOOKED))))
    with clock.set_to(clock.now() + timedelta(days=7)):
        assert claimant.opens("/appointment").status == 401


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites_and_the_token_is_kept_nowhere(visitor, world):
    coordinator = visitor().opens("/sign-in")
    cookie = coordinator.response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie
    coordinator.arrives_as(world.coordinator)
    with coordinator.client.session_transaction() as held:
        token = held["_user_id"]
    row = Session.get(Session.user == world.coordinator)
    assert len(token) >= 43
    assert token not in (row.token_hash, str(row.id))


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (FIREFOX, "Firefox on Windows"),
        (EDGE, "Edge on Windows"),
        (PHONE, "Safari on iPhone"),
        ("curl/8.5", ""),
        ("", ""),
    ],
)
def test_a_session_says_on_which_device_it_is(user_agent, words):
    assert device_of(user_agent) == words
