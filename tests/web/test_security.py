"""What holds for every request: where it may come from, how much it may bring, what is left of it afterwards."""

import io
import logging
import re
from time import process_time

import pytest
from lxml import html
from werkzeug.formparser import FormDataParser

from portal import outside
from portal.ime import files
from portal.ime.instructions import make_link, spend_link
from portal.models import Appointment, AuditRecord, Case, Document, SignInFailure
from portal.words import Ending, Stage

OTHER_SITE = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example"},
)
OWN_SITE = (
    {},
    {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "null"},
    {"Origin": "https://localhost"},
)


@pytest.fixture
def secure(app, world):
    """A browser at the sign-in page over https, and the token of the form there."""
    client = app.test_client()
    page = client.get("/sign-in", base_url="https://localhost")
    token = html.fromstring(page.text).xpath("//form//input[@name='csrf_token']/@value")[0]
    return client, {"csrf_token": token, "email": "nobody@example.com", "password": "wrong"}


@pytest.mark.parametrize("headers", OWN_SITE)
def test_a_form_is_taken_over_https_though_our_pages_send_no_referrer(secure, headers):
    client, typed = secure
    answer = client.post("/sign-in", base_url="https://localhost", data=typed, headers=headers)
    assert (answer.status_code, "do not go together" in answer.text) == (422, True)


@pytest.mark.parametrize("headers", OTHER_SITE)
def test_a_form_on_another_site_writes_nothing_even_with_a_token(secure, headers):
    client, typed = secure
    assert (
        client.post("/sign-in", base_url="https://localhost", data=typed, headers=headers).status_code == 400
    )
    assert not SignInFailure.select().exists()  # as the same form writes from a page of ours


def test_a_link_on_another_site_still_opens_a_page(visitor):
    assert visitor().client.get("/sign-in", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


def test_a_line_of_endless_spaces_holds_up_nobody(secure):
    """It took time in the square of its length: 20 seconds for 80 KB, hours for what one form may hold."""
    client, typed = secure
    began = process_time()
    answer = client.post(
        "/sign-in", base_url="https://localhost", data=typed | {"email": "a" + " " * 200_000 + "b"}
    )
    assert answer.status_code == 422
    assert process_time() - began < 20


def test_who_may_file_nothing_can_send_nothing_large(app, visitor, world, case_at):
    large = {"data": b"x" * (1024**2 + 1), "content_type": "application/x-www-form-urlencoded"}
    assert visitor().client.post("/sign-in", **large).status_code == 413
    claimant = visitor()
    claimant.opens(f"/appointment/link/{make_link(case_at(Stage.BOOKED))}").presses("Open my appointment")
    assert claimant.client.post("/appointment/change", **large).status_code == 413


def token_of(page):
    return page.tree.xpath("//main//input[@name='csrf_token']/@value")[0]


def multipart(fields, size):
    """A form with these fields and a file of this size."""
    lines = [
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}' for name, text in fields.items()
    ]
    lines.append('--x\r\nContent-Disposition: form-data; name="files"; filename="a.pdf"\r\n\r\n' + "x" * size)
    return {"data": "\r\n".join([*lines, "--x--\r\n"]), "content_type": "multipart/form-data; boundary=x"}


def test_a_form_without_files_takes_little_from_anybody_and_few_fields(visitor, world, case_at, monkeypatch):
    """Thirty megabytes of `&a=1` took 1.8 GB of memory: the limits of a form's parts hold for forms with files alone."""
    expert, form = visitor(world.expert), "application/x-www-form-urlencoded"
    token = token_of(expert.opens("/calendar"))
    monkeypatch.setattr(FormDataParser, "parse", lambda *_: pytest.fail("It was taken apart."))
    for path in ("/calendar", f"/cases/{case_at(Stage.REPORTING).reference}/report", "/nowhere"):
        for body in (f"csrf_token={token}" + "&a=1" * 2_000, f"csrf_token={token}&a=" + "x" * 5_000_000):
            answer = expert.client.post(path, data=body, content_type=form)
            assert (answer.status_code, "shorten what you wrote" in answer.text) == (413, True)
    assert expert.client.post("/calendar", **multipart({"csrf_token": token}, 2 * 1024**2)).status_code == 413


def test_a_report_as_long_as_its_fields_is_taken(visitor, world, case_at):
    page = visitor(world.expert).opens(f"/cases/{case_at(Stage.REPORTING).reference}/report")
    names = [each for each in page.tree.xpath("//textarea/@name") if each.startswith("section_")]
    page.presses("Save the report", **dict.fromkeys(names, "word " * 39999))
    assert page.status == 200 and len(names) * 200_000 > 1024**2


def test_beside_files_there_is_little_text(visitor, world, case_at):
    path = f"/cases/{case_at(Stage.BOOKED).reference}/records/new"
    page = visitor(world.coordinator).opens(path)
    much = {f"f{number}": "x" for number in range(100)}
    for more in (much, {"provider": "x" * 500_001}):
        answer = page.client.post(path, **multipart(more | {"csrf_token": token_of(page)}, 10))
        assert (answer.status_code, "fewer files" in answer.text) == (413, True)


def test_a_fault_leaves_in_page_and_log_its_kind_and_place_and_no_word_of_the_case(
    app, visitor, world, monkeypatch, caplog
):
    def fails():
        try:
            raise KeyError("Delgado")
        except KeyError as why:
            raise ValueError("born on 1979-05-14") from why

    coordinator = visitor(world.coordinator)
    fails.access = app.view_functions["desk.home"].access
    monkeypatch.setitem(app.view_functions, "desk.home", fails)
    answer = coordinator.client.get("/")
    reference = re.search(r"[0-9a-f]{8}", html.fromstring(answer.text).find(".//main").text_content())
    assert answer.status_code == 500 and reference and reference[0] in caplog.text
    assert "ValueError" in caplog.text and "KeyError" in caplog.text and "test_security.py" in caplog.text
    for word in ("Delgado", "1979"):
        assert word not in caplog.text.replace('raise KeyError("Delgado")', "").replace(
            'raise ValueError("born on 1979-05-14")', ""
        )
        assert word not in answer.text


def test_a_job_that_fails_tells_the_log_its_kind_and_place_alone(caplog):
    with caplog.at_level(logging.ERROR, logger="huey"):
        try:
            int("Rosa " + "Delgado")
        except ValueError:
            logging.getLogger("huey").exception("Unhandled exception in task %s.", 7)
    assert "task 7" in caplog.text and "ValueError" in caplog.text
    assert "Rosa Delgado" not in caplog.text


def test_no_title_names_the_claimant(visitor, world):
    coordinator = visitor(world.coordinator)
    for case in Case.select().where(Case.stage != Stage.DRAFT):
        page = coordinator.opens(f"/cases/{case.reference}")
        assert case.claimant.name in page.heading
        assert page.title == f"Case – {case.reference} – Impartial"


def test_signing_out_empties_what_the_browser_kept(visitor, world):
    coordinator = visitor(world.coordinator).opens("/account/sessions")
    token = coordinator.tree.xpath("//form//input[@name='csrf_token']/@value")[0]
    answer = coordinator.client.post("/sign-out", data={"csrf_token": token})
    assert answer.headers["Clear-Site-Data"] == '"cache"'


@pytest.mark.parametrize("what", ["missing", "changed"])
def test_a_letter_whose_bytes_are_missing_or_changed_is_not_given_to_the_claimant(visitor, case_at, what):
    case = case_at(Stage.BOOKED)
    stored = files.keep(case, io.BytesIO(b"%PDF-1.7 letter"), limit=100)
    letter = Document.create(
        case=case, kind="notice", name="a.pdf", media_type="application/pdf", size=15, sha256=stored.sha256,
        key=stored.key, audience="everyone",
    )  # fmt: skip
    Appointment.update(letter=letter).where(Appointment.case == case).execute()
    claimant = visitor(spend_link(make_link(case)))
    assert claimant.opens("/appointment/letter").response.get_data() == b"%PDF-1.7 letter"
    path = outside.store().folder / stored.key
    path.unlink()
    if what == "changed":
        path.write_bytes(b"%PDF-1.7 l3tter")
    page = claimant.opens("/appointment/letter")
    assert (page.status, page.sees("Your letter cannot be opened at the moment.")) == (500, True)
    given = (AuditRecord.number == letter.id) & (AuditRecord.ending == Ending.DONE)
    assert AuditRecord.select().where(AuditRecord.thing == "document", given).count() == 1
