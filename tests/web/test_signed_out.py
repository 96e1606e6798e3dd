"""Who is signed out meanwhile loses no typing, and a claimant is never shown the way in of others."""

import pytest

from portal import clock
from portal.models import SecureLink, Session
from portal.words import Stage

TYPED = "I cannot come because my knee is being operated on."


@pytest.fixture
def claimant(visitor, case_at):
    link = SecureLink.create(
        case=case_at(Stage.BOOKED), token_hash="x" * 64, expires_at=clock.now().replace(year=2099)
    )
    return visitor(link)


def ends_every_session():
    Session.update(ended_at=clock.now()).execute()


@pytest.mark.parametrize("path", ["/appointment", "/appointment/change", "/appointment.ics"])
def test_a_claimant_whose_link_is_revoked_reads_whom_to_call(claimant, path):
    SecureLink.update(revoked_at=clock.now()).execute()
    page = claimant.opens(path)
    assert (page.status, page.response.request.path) == (401, path)
    assert page.tree.xpath("//main//a[starts-with(@href, 'tel:')]")
    assert "Sign in" not in page.text


def test_what_a_claimant_typed_is_there_to_be_copied(claimant):
    claimant.opens("/appointment/change")
    ends_every_session()
    page = claimant.presses("Ask for another time", why=TYPED)
    assert page.status == 401 and page.sees(TYPED)


def test_a_list_ticked_after_the_end_leads_to_the_whole_page(claimant):
    page = claimant.opens("/appointment")
    token = page.typed("csrf_token")
    ends_every_session()
    answer = claimant.client.post(
        "/appointment/list", data={"csrf_token": token}, headers={"HX-Request": "true"}
    )
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/appointment")


def test_what_an_expert_typed_is_there_to_be_copied(visitor, world, case_at):
    case = case_at(Stage.REPORTING)
    expert = visitor(world.expert).opens(f"/cases/{case.reference}/report")
    ends_every_session()
    page = expert.presses("Save the report", section_history=TYPED)
    assert page.status == 401 and page.sees(TYPED)
    assert expert.follows("Sign in").heading == "Sign in"


def test_what_was_typed_before_another_sign_in_is_there_to_be_copied(visitor, world, case_at):
    case = case_at(Stage.REPORTING)
    expert = visitor(world.expert).opens(f"/cases/{case.reference}/report")
    expert.arrives_as(world.expert)  # in another window, so that this page's token is of the past
    page = expert.presses("Save the report", section_history=TYPED)
    assert page.status == 400 and page.sees(TYPED)


def test_nothing_that_another_site_sends_is_shown(visitor):
    answer = visitor().client.post(
        "/cases/IME-1001/report", data={"section_history": TYPED}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 400 and TYPED not in answer.get_data(as_text=True)


def test_a_password_is_never_shown_again(visitor):
    answer = visitor().client.post(
        "/sign-in", data={"email": "a@b.example", "password": "four words of mine"}
    )
    assert answer.status_code == 400 and "four words" not in answer.get_data(as_text=True)


def test_a_page_that_is_asked_for_is_where_the_way_leads_after_signing_in(visitor):
    answer = visitor().client.get("/cases?show=mine")
    assert answer.status_code == 303 and answer.headers["Location"].startswith("/sign-in?next=/cases")
