"""Ways in and out."""

import logging
import re
import threading
import time
from datetime import timedelta
from statistics import median

import pytest

from portal import clock
from portal.demo import PASSWORD
from portal.ime import account, tries
from portal.ime.appointment import cancel_appointment
from portal.ime.instructions import make_link, revoke_links
from portal.models import Event, Notice, SecureLink, Session, SignInFailure, User
from portal.web.logs import without_tokens
from portal.web.target import own_page
from portal.words import Stage
from tests.second_factor import App

FOREIGN = [
    "//evil.example",
    "///evil.example",
    "https:evil.example",
    "https://evil.example/cases",
    "/\\evil.example",
    "\\\\evil.example",
    "%2f%2fevil.example",
    "/%2f/evil.example",
    "/%5cevil.example",
    "/\t/evil.example",
    "/%09/evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example",
    " //evil.example",
    "",
]


def signs_in(person, email, password=PASSWORD, at="/sign-in"):
    return person.opens(at).presses("Sign in", email=email, password=password)


def comparable(person):
    """The page without what differs from one request to the next."""
    return re.sub(r'name="csrf_token" value="[^"]*"|value="[^"]*@[^"]*"', "", person.response.text)


# --- e-mail and password


def test_a_coordinator_signs_in_and_is_at_the_desk(visitor, world):
    app = App(world.coordinator)
    coordinator = signs_in(visitor(), world.coordinator.email.upper())
    assert coordinator.heading == "One more step to sign in"
    coordinator.presses("Continue with the code", code=app.code())
    assert coordinator.response.request.path == "/"
    assert coordinator.sees(world.coordinator.name)
    assert not SignInFailure.select().exists()


def test_wrong_unknown_and_disabled_get_the_same_answer(visitor, world):
    User.update(disabled_at=clock.now()).where(User.id == world.second_coordinator.id).execute()
    tries = [
        (world.coordinator.email, "not the password"),
        ("nobody@nowhere.example", PASSWORD),
        (world.second_coordinator.email, PASSWORD),
    ]
    answers = [signs_in(visitor(), *each) for each in tries]
    assert {each.status for each in answers} == {422}
    assert len({comparable(each) for each in answers}) == 1
    assert answers[0].sees("This e-mail address and password do not go together.")
    assert not Session.select().exists()


def test_known_and_unknown_addresses_take_a_similar_time(world):
    def taken(email):
        began = time.perf_counter()
        account.find_user(email, "not the password")
        return time.perf_counter() - began

    taken("nobody@nowhere.example")
    pairs = [(taken(world.coordinator.email), taken("nobody@nowhere.example")) for _ in range(9)]
    known, unknown = (median(times) for times in zip(*pairs, strict=True))
    assert 1 / 2 < known / unknown < 2


def test_the_password_is_hidden_as_it_is_typed_known_to_password_managers_and_never_shown_again(
    visitor, world
):
    person = signs_in(visitor(), world.coordinator.email, "hunter2 is not it")
    field = person.tree.xpath("//input[@name='password']")[0]
    assert field.get("type") == "password"
    assert field.get("autocomplete") == "current-password"
    assert "hunter2" not in person.response.text
    assert person.typed("email") == world.coordinator.email


@pytest.mark.parametrize("target", FOREIGN)
def test_signing_in_never_leads_to_another_site(visitor, world, target):
    assert own_page(target) == ""
    person = visitor().opens("/sign-in")
    data = {"csrf_token": person.typed("csrf_token"), "email": world.coordinator.email, "password": PASSWORD}
    answer = person.client.post("/sign-in", data={**data, "next": target})
    assert answer.status_code == 303
    # A tab in a field becomes a space, which makes a path of ours that does not exist.
    assert answer.headers["Location"] in (
        "/sign-in/second-factor",
        "/sign-in/second-factor?next=/+/evil.example",
    )


def test_signing_in_leads_to_the_page_that_was_asked_for(visitor, world, case_at):
    path = f"/cases/{case_at(Stage.MATCHING).reference}/calls"
    app, coordinator = App(world.coordinator), visitor().opens(path)
    assert coordinator.heading == "Sign in"
    coordinator.presses("Sign in", email=world.coordinator.email, password="wrong at first")
    coordinator.presses("Sign in", password=PASSWORD)
    coordinator.presses("Continue with the code", code="000000")
    coordinator.presses("Continue with the code", code=app.code())
    assert coordinator.response.request.path == path


def test_signing_in_makes_a_new_session_and_ends_the_one_before(visitor, world):
    person = visitor(world.coordinator).opens("/account/sessions")
    with person.client.session_transaction() as cookie:
        before = cookie["_user_id"]
    data = {"csrf_token": person.typed("csrf_token"), "email": world.expert.email, "password": PASSWORD}
    person.client.post("/sign-in", data=data)
    with person.client.session_transaction() as cookie:
        assert cookie["_user_id"] != before
    assert Session.get(Session.user == world.coordinator).ended_at is not None
    assert Session.get(Session.user == world.expert).ended_at is None


def test_whoever_is_signed_in_already_goes_on(visitor, world):
    assert visitor(world.coordinator).opens("/sign-in?next=/cases").response.request.path == "/cases"


# --- too many tries


def test_the_sixth_failure_within_a_minute_is_not_looked_at_and_says_so(visitor, world, monkeypatch):
    person = visitor()
    for _ in range(tries.TRIES_AT_ACCOUNT):
        assert signs_in(person, world.coordinator.email, "wrong").sees("do not go together")
    monkeypatch.setattr(account, "find_user", lambda *_: pytest.fail("the password was looked at"))
    assert signs_in(person, world.coordinator.email).status == 422
    assert person.sees("There were too many tries. Wait a minute, then try again.")
    assert not Session.select().exists()


def test_one_account_under_attack_keeps_nobody_else_out(visitor, world):
    fail_at(world.coordinator.email, times=tries.TRIES_AT_ACCOUNT)
    assert signs_in(visitor(), world.expert.email).heading == "Add a second factor"
    assert signs_in(visitor(), world.coordinator.email).sees("too many tries")


def test_after_a_minute_the_account_opens_again_although_tries_went_on(visitor, world):
    fail_at(world.coordinator.email, times=tries.TRIES_AT_ACCOUNT)
    assert signs_in(visitor(), world.coordinator.email).sees("too many tries")
    with clock.set_to(clock.now() + timedelta(seconds=61)):
        assert signs_in(visitor(), world.coordinator.email).heading == "Add a second factor"


def test_an_unknown_address_is_throttled_like_a_known_one(visitor, world):
    fail_at("nobody@nowhere.example", times=tries.TRIES_AT_ACCOUNT)
    assert signs_in(visitor(), "Nobody@Nowhere.example").sees("too many tries")


def test_one_network_address_cannot_try_every_account(visitor, world):
    for number in range(tries.TRIES_FROM_ADDRESS):
        fail_at(f"person{number}@nowhere.example", address="127.0.0.1")
    assert signs_in(visitor(), world.coordinator.email).sees("too many tries")


def test_many_tries_at_once_are_no_way_around_the_limit(world, monkeypatch):
    looked_at = []
    monkeypatch.setattr(account, "find_user", lambda *_: looked_at.append(1))
    refused = []

    def guesses():
        try:
            account.admit(world.coordinator.email, "wrong", "192.0.2.9")
        except account.Refusal as refusal:
            refused.append(refusal.sentence)

    threads = [threading.Thread(target=guesses) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 12
    assert len(looked_at) <= tries.TRIES_AT_ACCOUNT


def test_the_list_of_failures_names_nobody_and_is_forgotten_after_a_week(visitor, world):
    signs_in(visitor(), world.coordinator.email, "wrong")
    row = SignInFailure.get()
    assert world.coordinator.email not in row.account and "127.0.0.1" not in row.address
    with clock.set_to(clock.now() + timedelta(days=7, seconds=2)):
        assert tries.forget_failures() == 1


def fail_at(email, times=1, address="192.0.2.7"):
    for _ in range(times):
        SignInFailure.create(account=tries.fingerprint(email), address=tries.fingerprint(address))


# --- where you are signed in


def test_a_person_sees_their_sessions_and_ends_the_one_elsewhere(visitor, world):
    elsewhere, here = visitor(world.coordinator), visitor(world.coordinator)
    here.opens("/").follows("Your account").follows("Where you are signed in").presses("Sign out there")
    assert here.sees("You are signed out there.")
    assert here.opens("/account/sessions").buttons.count("Sign out there") == 0
    assert elsewhere.opens("/account/sessions").heading == "Sign in"


def test_signing_out_everywhere_else_leaves_this_session(visitor, world):
    others = [visitor(world.coordinator) for _ in range(2)]
    here = visitor(world.coordinator).opens("/account/sessions").presses("Sign out everywhere else")
    assert here.sees("You are signed out everywhere else.")
    assert {other.opens("/account/sessions").heading for other in others} == {"Sign in"}


def test_nobody_ends_the_session_of_another(visitor, world):
    visitor(world.expert)
    theirs = Session.get(Session.user == world.expert)
    visitor(world.coordinator)
    here = visitor(world.coordinator).opens("/account/sessions")
    form = next(each for each in here.tree.iter("form") if "ending" in each.get("action", ""))
    form.set("action", f"/account/sessions/{theirs.id}/ending")
    assert here.submits(form, form.find(".//button"), {}).status == 404
    assert Session.get_by_id(theirs.id).ended_at is None


# --- the claimant's link


@pytest.fixture
def booked(world, case_at):
    return case_at(Stage.BOOKED)


def test_opening_the_link_changes_nothing_however_often_and_the_button_spends_it(visitor, booked):
    token = make_link(booked)
    claimant = visitor()
    for _ in range(3):
        assert claimant.opens(f"/appointment/link/{token}").status == 200
    assert SecureLink.get().spent_at is None
    assert not Session.select().exists()
    claimant.presses("Open my appointment")
    assert claimant.response.request.path == "/appointment"
    assert SecureLink.get().spent_at is not None


def test_a_spent_link_opens_for_nobody_else_but_leads_its_own_visitor_back(visitor, booked):
    path = f"/appointment/link/{make_link(booked)}"
    claimant, another = visitor().opens(path), visitor().opens(path)
    claimant.presses("Open my appointment")
    another.presses("Open my appointment")
    assert (another.status, another.heading) == (404, "This link does not open any more")
    assert visitor().opens(path).status == 404
    assert claimant.opens(path).response.request.path == "/appointment"


def test_a_claimant_ends_their_visit_and_is_not_shown_the_way_in_of_others(visitor, booked):
    claimant = visitor().opens(f"/appointment/link/{make_link(booked)}").presses("Open my appointment")
    kept = claimant.client.get_cookie("impartial").value
    claimant.presses("Sign out")
    assert (claimant.status, claimant.heading) == (200, "You are signed out")
    assert claimant.response.request.path == "/appointment/goodbye"
    assert "Sign in" not in claimant.text and "Sign out" not in claimant.buttons
    assert Session.get().ended_at
    claimant.client.set_cookie("impartial", kept)
    assert claimant.opens("/appointment").status == 401
    assert booked.appointments.get().state == "booked"


def test_every_link_that_does_not_open_gets_the_same_page(visitor, world, booked):
    expired, revoked, spent = make_link(booked), make_link(booked), make_link(booked)
    SecureLink.update(expires_at=clock.now()).where(SecureLink.id == 1).execute()
    revoke_links(booked, by=world.coordinator)
    SecureLink.update(spent_at=clock.now(), revoked_at=None).where(SecureLink.id == 3).execute()
    tokens = [expired, revoked, spent, "x" * 43, "short", "%00", "ä", "' OR 1=1", "..", "x" * 200]
    pages = [visitor().opens(f"/appointment/link/{token}") for token in tokens]
    assert {each.status for each in pages} == {404}
    bodies = {re.sub(r'action="[^"]*"', "", comparable(each)) for each in pages}
    assert len(bodies) == 1
    assert pages[0].sees("(800) 555-0142")


def test_a_new_link_goes_to_the_address_on_file_and_the_asker_learns_nothing(visitor, booked):
    token = make_link(booked)
    SecureLink.update(expires_at=clock.now()).execute()
    asked = visitor().opens(f"/appointment/link/{token}").presses("Send me a new link")
    unknown = visitor().opens("/appointment/link/unknown").presses("Send me a new link")
    assert comparable(asked) == comparable(unknown)
    assert asked.status == 200
    notice = Notice.select().join(Event).where(Event.step == "send_link").get()
    assert (notice.email, notice.event.case) == (booked.claimant.email, booked)
    assert Event.select().where(Event.step == "send_link").count() == 1


def test_asking_again_at_once_sends_no_second_link(visitor, booked):
    token = make_link(booked)
    for _ in range(3):
        account.ask_for_link(token)
    assert Event.select().where(Event.step == "send_link").count() == 1
    with clock.set_to(clock.now() + timedelta(minutes=11)):
        account.ask_for_link(token)
    assert Event.select().where(Event.step == "send_link").count() == 2


def test_no_link_is_sent_for_a_case_without_an_appointment(world, booked):
    token = make_link(booked)
    cancel_appointment(booked, by=world.coordinator, why="The expert is ill.")
    account.ask_for_link(token)
    assert not Event.select().where(Event.step == "send_link").exists()


def test_the_link_is_told_to_no_other_site_kept_by_no_browser_and_not_at_rest(visitor, booked):
    token = make_link(booked)
    answer = visitor().opens(f"/appointment/link/{token}").response
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer.headers["Cache-Control"]
    assert token not in answer.text.replace(f"/appointment/link/{token}/renewal", "")
    assert token != SecureLink.get().token_hash
    assert len(token) >= 43


@pytest.mark.parametrize(
    "place", ["appointment/link", "password/link", "invitation/link", "email/link", "calendars"]
)
@pytest.mark.parametrize("name", ["werkzeug", "waitress", "portal"])
def test_no_log_holds_a_token(name, place, booked, app, caplog):
    token = make_link(booked)
    logger = logging.getLogger(name)
    assert without_tokens in logger.filters
    with caplog.at_level(logging.INFO, logger=name):
        logger.info('%s - - [%s] "%s" %s', "127.0.0.1", "today", f"GET /{place}/{token} HTTP/1.1", 200)
    assert f"/{place}/" in caplog.text
    assert token not in caplog.text
