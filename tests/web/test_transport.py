"""What crosses the wire: only over TLS, only under the portal's own name, and only the one proxy is believed."""

import socket
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPResponse
from threading import Thread

import pytest
from flask import request
from waitress import wasyncore

from portal import create_app
from portal.commands import listen
from tests.conftest import connect_again

PROXY, STRANGER = "127.0.0.1", "127.0.0.2"
SECRET = "k7Qz-tests-alone-know-this-9WmXv2LbT"
FORGED = {
    "X-Forwarded-Proto": "https",
    "X-Forwarded-For": "198.51.100.7",
    "X-Forwarded-Host": "evil.test",
    "X-Forwarded-Port": "443",
    "X-Forwarded-By": "evil.test",
    "Forwarded": "for=198.51.100.7;host=evil.test;proto=https",
    "X-Real-IP": "198.51.100.7",
    "X-Original-URL": "/cases",
    "X-Rewrite-URL": "/cases",
    "X-HTTP-Method-Override": "DELETE",
}


def ask(port, method, path, headers, source=PROXY):
    """One request by hand from an address of this machine: the status, the headers, the body."""
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    with socket.create_connection(("127.0.0.1", port), timeout=20, source_address=(source, 0)) as wire:
        wire.sendall(("\r\n".join([*lines, "Connection: close"]) + "\r\n\r\n").encode("latin-1"))
        answer = HTTPResponse(wire, method=method)
        answer.begin()
        return answer.status, answer.headers, answer.read().decode(errors="replace")


@pytest.fixture(scope="module")
def secure_app(app):
    """The portal as production runs it; `/told` says what it believes of a request."""
    made = create_app(
        replace(
            app.config["IMPARTIAL"],
            mode="production",
            secret=SECRET,
            public_url="https://ime.example",
            trusted_proxy=PROXY,
            port=0,
        )
    )

    def told():
        return {"scheme": request.scheme, "host": request.host, "from": request.remote_addr}

    told.access = made.view_functions["account.sign_in"].access
    made.add_url_rule("/told", view_func=told, methods=["GET", "POST"])
    yield made
    connect_again(app)


@pytest.fixture
def client(secure_app, world):
    return secure_app.test_client()


@contextmanager
def served(app):
    """The port on which waitress serves the application, as the command `serve` has it listen."""
    server = listen(app, app.config["IMPARTIAL"])
    stopped = []

    def run():
        while not stopped:
            wasyncore.loop(timeout=0.2, map=server._map, count=1)

    thread = Thread(target=run)
    thread.start()
    try:
        yield server.effective_port
    finally:
        stopped.append(True)
        thread.join()
        server.task_dispatcher.shutdown()
        wasyncore.close_all(server._map, ignore_all=True)


@pytest.mark.parametrize(
    "path", ["/", "/sign-in", "/cases/IME-1001", "/nowhere", "/static/portal.css", "/appointment"]
)
def test_a_page_asked_for_in_the_clear_is_asked_for_anew_over_tls(client, path):
    for method in ("GET", "HEAD"):
        answer = client.open(path, method=method, base_url="http://ime.example")
        assert (answer.status_code, answer.headers["Location"]) == (301, f"https://ime.example{path}")
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_a_form_sent_in_the_clear_is_not_taken(client, method):
    answer = client.open(
        "/sign-in", method=method, base_url="http://ime.example", data={"email": "a@b.example"}
    )
    assert answer.status_code == 400 and "a@b.example" not in answer.text


@pytest.mark.parametrize(
    "host",
    [
        "evil.test",
        "ime.example.evil.test",
        "ime.example:8443",
        "IME.example@evil.test",
        "127.0.0.1",
        "é",
        "",
        "a b",
    ],
)
def test_another_name_than_its_own_is_refused(client, host):
    answer = client.get("/sign-in", base_url="https://ime.example", headers={"Host": host})
    assert answer.status_code == 400 and "evil" not in answer.text + str(answer.headers)


def test_no_link_is_made_of_the_host_that_was_asked_for(app, world):
    """Outside production any name is answered, and none is repeated."""
    for path in ("/", "/sign-in", "/nowhere", "/appointment"):
        answer = app.test_client().get(path, headers={"Host": "evil.test"})
        assert "evil.test" not in answer.text + str(answer.headers), path


def test_only_the_proxy_is_believed(secure_app, world):
    with served(secure_app) as port:
        own = {"Host": "ime.example", "X-Forwarded-Proto": "https", "X-Forwarded-For": "198.51.100.7"}
        status, _, body = ask(port, "GET", "/told", own)
        assert status == 200 and '"from":"198.51.100.7"' in body.replace(" ", "")
        status, headers, body = ask(port, "GET", "/told", FORGED | {"Host": "ime.example"}, source=STRANGER)
        assert (status, headers["Location"]) == (301, "https://ime.example/told")
        assert ask(port, "POST", "/told", FORGED | {"Host": "ime.example"}, source=STRANGER)[0] == 400
        assert ask(port, "GET", "/told", own | {"X-Forwarded-Host": "evil.test"})[0] == 400


def test_a_proxy_says_one_address_and_what_the_visitor_made_up_is_not_it(secure_app, world):
    with served(secure_app) as port:
        chain = {"X-Forwarded-For": "203.0.113.1, 10.0.0.1, 198.51.100.7", "X-Forwarded-Proto": "https"}
        _, _, body = ask(port, "GET", "/told", chain | {"Host": "ime.example"})
        assert '"from":"198.51.100.7"' in body.replace(" ", "")


def test_without_a_proxy_nobody_is_believed(app, world):
    kept = app.config["IMPARTIAL"]
    app.config["IMPARTIAL"] = replace(kept, port=0)
    try:
        with served(app) as port:
            status, headers, _ = ask(port, "GET", "/sign-in", FORGED | {"Host": "localhost"})
    finally:
        app.config["IMPARTIAL"] = kept
    assert status == 200 and "Strict-Transport-Security" not in headers
    assert "Secure" not in headers["Set-Cookie"]
