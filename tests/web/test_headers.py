"""What every answer carries, whatever it answers: headers that close the page off, and a cookie that says nothing."""

import re
from base64 import urlsafe_b64decode

import pytest
from lxml import html

from portal.ime.account import hash_password
from portal.ime.instructions import make_link, spend_link
from portal.web.security import CONTENT_POLICY
from portal.words import Stage
from tests.client import Visitor
from tests.policy.matrix import PEOPLE, address, persons, routes, stage_for
from tests.web.test_fuzz import Sender
from tests.web.test_transport import client, secure_app  # noqa: F401 – fixtures

EXACTLY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "object-src": "'none'",
}
FILE = {"default-src": "'none'", "sandbox": ""}


def directives(policy):
    parts = [part.strip().partition(" ") for part in policy.split(";")]
    assert len({name for name, _, _ in parts}) == len(parts), "a directive stands twice"
    return {name: value for name, _, value in parts}


def is_closed_off(answer, what):
    """The full set of headers, on anything."""
    heads = answer.headers
    policy = directives(heads["Content-Security-Policy"])
    assert policy in (EXACTLY, EXACTLY | {"sandbox": ""}, FILE), (what, policy)
    assert "unsafe" not in heads["Content-Security-Policy"] and "*" not in heads["Content-Security-Policy"]
    assert heads["X-Content-Type-Options"] == "nosniff", what
    assert heads["Referrer-Policy"] == "no-referrer", what
    assert heads["X-Frame-Options"] == "DENY", what
    assert heads["Cross-Origin-Opener-Policy"] == heads["Cross-Origin-Resource-Policy"] == "same-origin", what
    assert "camera=()" in heads["Permissions-Policy"], what
    for name in ("Server", "X-Powered-By", "Access-Control-Allow-Origin"):
        assert name not in heads, what
    assert heads.get_all("Content-Security-Policy") == [heads["Content-Security-Policy"]], what


def is_kept_by_nobody(answer, what):
    assert answer.headers["Cache-Control"] == "no-store", what
    assert "Cookie" in answer.headers["Vary"], what


def test_the_policy_is_exactly_this():
    assert directives(CONTENT_POLICY) == EXACTLY


@pytest.mark.parametrize("name", ["anonymous", "stranger_referrer", "coordinator", "expert", "claimant"])
def test_every_answer_of_every_route_is_closed_off_and_kept_by_nobody(app, world, case_at, name):
    senders, answered = {}, set()
    for rule, _ in routes(app):
        stage = stage_for(app.view_functions[rule.endpoint].access)
        case = case_at(stage)
        if stage not in senders:
            senders[stage] = Sender(app, persons(world, case, case_at(Stage.DECLINED))[name])
        path = address(app, rule, case)
        for method, data in (
            ("GET", None),
            ("POST", {}),
            ("POST", {"csrf_token": senders[stage].token}),
            ("PUT", None),
            ("OPTIONS", None),
        ):
            answer, _ = senders[stage].sends(path, method=method, data=data)
            is_closed_off(answer, (method, rule.rule))
            is_kept_by_nobody(answer, (method, rule.rule))
            answered.add(answer.status_code)
    assert {200, 303, 400, 405} & answered >= {400, 405} and answered & {404, 401, 403, 303}


def failing(monkeypatch, app, fault):
    """The desk fails with this."""

    def fails():
        raise fault

    fails.access = app.view_functions["desk.home"].access
    monkeypatch.setitem(app.view_functions, "desk.home", fails)


def test_every_kind_of_refusal_is_closed_off(app, visitor, world, case_at, monkeypatch):
    referrer, large = visitor(world.referrer), {"data": b"x" * (1024**2 + 1)}
    case = case_at(Stage.CLOSED).reference
    form = referrer.opens(f"/cases/{case_at(Stage.MATCHING).reference}/messages/new")
    token = form.tree.xpath("//main//input[@name='csrf_token']/@value")[0]
    answers = {
        400: referrer.client.post("/cases"),
        403: referrer.client.get("/experts"),
        404: referrer.client.get("/nowhere"),
        405: referrer.client.put("/cases"),
        409: referrer.client.get(f"/cases/{case}/withdrawal"),
        413: visitor().client.post("/sign-in", content_type="application/x-www-form-urlencoded", **large),
        422: referrer.client.post(form.response.request.path, data={"csrf_token": token, "text": ""}),
        401: visitor().client.post(f"/cases/{case}/withdrawal", data={"csrf_token": token_of(visitor())}),
    }
    for fault, status in ((ValueError("a fault"), 500), (OSError(28, "No space left on device"), 503)):
        failing(monkeypatch, app, fault)
        answers[status] = referrer.client.get("/")
    monkeypatch.undo()
    claimant = visitor(spend_link(make_link(case_at(Stage.BOOKED))))
    for _ in range(31):
        answers[429] = claimant.client.get("/appointment.ics")
    assert {status: answer.status_code for status, answer in answers.items() if status != 401} == {
        status: status for status in answers if status != 401
    }
    for status, answer in answers.items():
        is_closed_off(answer, status)
        is_kept_by_nobody(answer, status)


def token_of(guest):
    return guest.opens("/sign-in").tree.xpath("//main//input[@name='csrf_token']/@value")[0]


def test_a_static_file_is_closed_off_too_and_may_be_kept(app):
    for name in ("portal.css", "portal.js", "htmx.min.js", "favicon.svg"):
        with app.test_client().get(f"/static/{name}") as answer:
            is_closed_off(answer, name)
            assert answer.status_code == 200 and "no-store" not in answer.headers.get("Cache-Control", "")
            assert "Set-Cookie" not in answer.headers


def test_over_tls_every_answer_asks_for_tls_for_a_year(client):  # noqa: F811
    for path, status in (("/sign-in", 200), ("/", 303), ("/nowhere", 404), ("/static/portal.css", 200)):
        with client.get(path, base_url="https://ime.example") as answer:
            assert answer.status_code == status
            assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains", path
    for answer in (
        client.post("/sign-in", base_url="https://ime.example"),
        client.get("/sign-in", base_url="https://evil.test"),
    ):
        assert answer.status_code == 400
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


# --- the cookie


def cookies(answer):
    for line in answer.headers.get_all("Set-Cookie"):
        head, *flags = line.split("; ")
        name, _, value = head.partition("=")
        yield name, value, set(flags)


def test_over_tls_every_cookie_is_bound_to_the_host_and_out_of_reach_of_scripts(
    secure_app,  # noqa: F811
    world,
    monkeypatch,
):
    person, seen = Visitor(secure_app), 0
    opened = person.client.open
    monkeypatch.setattr(
        person.client, "open", lambda *a, **more: watched(opened(*a, base_url="https://ime.example", **more))
    )

    def watched(answer):
        nonlocal seen
        for each in (*answer.history, answer):
            for name, _, flags in cookies(each):
                seen += 1
                assert name == "__Host-impartial"
                assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= flags
                assert not [flag for flag in flags if flag.startswith("Domain")]
        return answer

    password = "a lighthouse in thick fog"
    give_password(world.referrer, password)
    person.opens("/sign-in").presses("Sign in", email=world.referrer.email, password=password)
    person.opens("/").opens("/cases").opens("/nowhere").opens("/account/sessions")
    token = person.tree.xpath("//input[@name='csrf_token']/@value")[0]
    assert person.client.post("/sign-out", data={"csrf_token": token}).status_code == 303
    assert seen >= 3


def give_password(user, password):
    type(user).update(password_hash=hash_password(password)).where(type(user).id == user.id).execute()


def test_a_cookie_holds_nothing_that_can_be_read(app, visitor, world, case_at):
    coordinator = visitor(world.coordinator)
    coordinator.opens(f"/cases/{case_at(Stage.REFERRED).reference}/decline")
    form = coordinator.tree.xpath("//main//form")[0]
    sent = dict(form.form_values()) | {
        form.xpath(".//textarea")[0].get("name"): "Nobody of the panel is free."
    }
    answer = coordinator.client.post(coordinator.response.request.path, data=sent)
    assert answer.status_code == 303, html.fromstring(answer.text).text_content()
    [(_, value, _)] = cookies(answer)
    read = urlsafe_b64decode(value + "=" * (-len(value) % 4))
    for word in (world.referrer.name, "told why", "csrf", "_user_id", "flashes"):
        assert word.encode() not in read and word not in value
    assert coordinator.opens("/").sees("has been told why")


@pytest.mark.parametrize(
    "change",
    [lambda v: v[:-2] + "AA", lambda v: v[: len(v) // 2], lambda v: "", lambda v: "é", lambda v: "x" * 5_000],
)
def test_a_cookie_that_was_changed_is_none(app, visitor, world, change):
    coordinator = visitor(world.coordinator)
    value = coordinator.client.get_cookie("impartial").value
    answer = app.test_client().get(
        "/", headers={"Cookie": f"impartial={change(value)}".encode().decode("latin-1")}
    )
    assert answer.status_code == 303


def test_no_page_holds_anything_from_elsewhere(app, world, case_at):
    """Scripts, styles, pictures, fonts and forms are the portal's own; nothing on a page runs by itself."""
    looked, senders = 0, {}
    for rule, method in routes(app):
        stage = stage_for(app.view_functions[rule.endpoint].access)
        for name in ("anonymous", "referrer", "coordinator", "expert", "claimant") if method == "GET" else ():
            case = case_at(stage)
            if stage not in senders:
                people = persons(world, case, case_at(Stage.DECLINED))
                senders[stage] = {each: Sender(app, people[each]) for each in PEOPLE}
            answer, _ = senders[stage][name].sends(address(app, rule, case), method="GET")
            if answer.mimetype == "text/html" and answer.status_code != 303:
                looked += 1
                is_own(html.fromstring(answer.get_data()), rule.rule)
    assert looked > 150


def is_own(tree, route):
    loaded = tree.xpath(
        "//script/@src|//link/@href|//img/@src|//iframe/@src|//form/@action|//button/@formaction|//source/@src"
    )
    assert not [each for each in loaded if not re.match(r"/(?!/)|#|data:image|$", each)], route
    assert not tree.xpath(
        "//iframe|//object|//embed|//base|//script[not(@src)]|//style|//meta[@http-equiv]"
    ), route
    assert not tree.xpath("//@*[starts-with(name(), 'on')]|//@style|//*[starts-with(@href, 'javascript')]"), (
        route
    )
