"""A session lives in its row: it idles out, runs out, and ends for good."""

from datetime import timedelta

import pytest

from portal import clock
from portal.ime.instructions import make_link, revoke_links, spend_link
from portal.models import Session, User
from portal.web.session import device_of
from portal.words import Stage

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/141.0 Safari/537.36 Edg/141.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Mobile Safari/604.1"


def is_signed_in(person):
    return person.opens("/account/sessions").heading == "Where you are signed in"


def test_a_session_that_rests_half_an_hour_has_ended(visitor, world):
    began = clock.now()
    coordinator = visitor(world.coordinator)
    with clock.set_to(began + 29 * MINUTE):
        assert is_signed_in(coordinator)
    with clock.set_to(began + 58 * MINUTE):
        assert is_signed_in(coordinator)
    with clock.set_to(began + 58 * MINUTE + 31 * MINUTE):
        assert coordinator.opens("/account/sessions").heading == "Sign in"


def test_no_activity_makes_a_session_longer_than_eight_hours(visitor, world):
    began = clock.now()
    coordinator = visitor(world.coordinator)
    for minutes in range(20, 480, 20):
        with clock.set_to(began + minutes * MINUTE):
            assert is_signed_in(coordinator)
    with clock.set_to(began + 8 * HOUR):
        assert coordinator.opens("/account/sessions").heading == "Sign in"


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
