"""A link alone shows when and where; what is more of a claimant's own is behind their date of birth."""

import logging
import threading
from datetime import timedelta

import pytest

from portal import clock, db
from portal.ime.appointment import book_appointment, free_slots
from portal.ime.guidance import prepare_notice
from portal.ime.identity import CALL, MOST_IN_A_ROW, NOT_THAT_DAY, check_birthday
from portal.ime.instructions import find_link, make_link, spend_link
from portal.ime.matching import release_expert
from portal.ime.process import Refusal
from portal.ime.referral import change_claimant, edit_referral
from portal.ime.review import accept_report, give_verdict
from portal.ime.tries import TOO_OFTEN, TRIES_AT_ACCOUNT
from portal.models import Arrangement, AuditRecord, Claimant, Clinic, SecureLink, Session
from portal.words import Act, ArrangementKind, Ending, Stage

BEHIND = ["/appointment/letter"]


@pytest.fixture
def booked(world, case_at):
    """A case that was booked as the page does it: with its letter, and something to be arranged."""
    case = case_at(Stage.SCHEDULING)
    slot = free_slots(case, clock.today() + timedelta(days=15), clock.today() + timedelta(days=40))[0]
    when = {
        "clinic": Clinic.get_by_id(slot.clinic_id),
        "starts_at": slot.starts_at,
        "ends_at": slot.ends_at,
    }
    book_appointment(case, by=world.coordinator, letter=prepare_notice(case, **when), **when)
    Arrangement.create(case=case, kind=ArrangementKind.TRANSPORT)
    return case


@pytest.fixture
def claimant(visitor, booked):
    """Somebody who has pressed the link of the case and nothing more."""
    return visitor().opens(f"/appointment/link/{make_link(booked)}").presses("Open my appointment")


def says(person, day, wrong_year=0):
    parts = {"born_on-month": day.month, "born_on-day": day.day, "born_on-year": day.year + wrong_year}
    return person.presses("Continue", **{name: str(part) for name, part in parts.items()})


def test_the_link_alone_shows_when_where_and_the_rights_and_no_more(claimant, booked):
    assert Session.get().proved_at is None
    assert claimant.sees("Your rights") and claimant.sees("How to prepare")
    assert booked.claimant.name not in claimant.text and not claimant.sees("Transport")
    for path in BEHIND:
        answer = claimant.client.get(path)
        assert answer.status_code == 303
        assert answer.headers["Location"] == f"/appointment/identity?next={path}"
    read = AuditRecord.select().where(AuditRecord.act == Act.READ, AuditRecord.thing == "document")
    assert not read.exists()


def test_after_the_date_of_birth_the_letter_opens_and_what_is_arranged_is_said(claimant, booked):
    kept = claimant.client.get_cookie("impartial").value
    claimant.follows("Download your letter")
    assert claimant.heading == "Is it you?"
    says(claimant, booked.claimant.born_on)
    assert claimant.response.mimetype == "application/pdf"
    assert Session.get().proved_at
    assert claimant.opens("/appointment").sees("Transport")
    assert claimant.client.get_cookie("impartial").value != kept


def test_on_a_telephone_that_was_lent_the_date_of_birth_counts_for_an_hour(claimant, booked):
    claimant.opens("/appointment/identity")
    says(claimant, booked.claimant.born_on)
    for later, status in ((timedelta(minutes=59), 200), (timedelta(hours=1, seconds=1), 303)):
        with clock.set_to(clock.now() + later):
            assert claimant.client.get("/appointment/letter").status_code == status
            assert claimant.opens("/appointment").sees("Transport") == (status == 200)
    assert claimant.heading != "Is it you?", "when and where stay in sight"


def test_a_wrong_and_an_unknown_date_get_the_same_answer(claimant, booked):
    claimant.opens("/appointment/identity")
    day = booked.claimant.born_on
    wrong = says(claimant, day, wrong_year=1)
    assert (wrong.status, wrong.sees(NOT_THAT_DAY)) == (422, True)
    Claimant.update(born_on=None).where(Claimant.id == booked.claimant_id).execute()
    unknown = says(claimant, day)
    assert (unknown.status, unknown.sees(NOT_THAT_DAY)) == (422, True)
    assert claimant.client.get("/appointment/letter").status_code == 303
    assert [row.ending for row in AuditRecord.select().where(AuditRecord.case == booked.id)].count(
        Ending.FAILED
    ) >= 2


def test_the_sixth_date_within_a_minute_is_not_looked_at_and_after_fifteen_somebody_must_call(
    claimant, booked
):
    claimant.opens("/appointment/identity")
    day = booked.claimant.born_on
    for _ in range(TRIES_AT_ACCOUNT):
        says(claimant, day, wrong_year=1)
    assert says(claimant, day).sees(TOO_OFTEN)
    for minute in range(2, 4):
        with clock.set_to(clock.now() + timedelta(minutes=minute)):
            for _ in range(TRIES_AT_ACCOUNT):
                says(claimant, day, wrong_year=1)
    with clock.set_to(clock.now() + timedelta(hours=5)):
        assert says(claimant, day).sees(CALL)
    assert MOST_IN_A_ROW == 15


def test_a_new_link_is_no_new_set_of_guesses(visitor, booked):
    link = spend_link(make_link(booked))
    for number in range(MOST_IN_A_ROW):
        with clock.set_to(clock.now() + timedelta(minutes=number)), pytest.raises(Refusal):
            check_birthday(link, booked.claimant.born_on + timedelta(days=1))
    with pytest.raises(Refusal, match="call us"):
        check_birthday(spend_link(make_link(booked)), booked.claimant.born_on)


def test_many_dates_at_once_are_no_way_around_the_limit(booked):
    link, begin, refused = spend_link(make_link(booked)), threading.Barrier(12), []

    def guesses():
        begin.wait()
        try:
            check_birthday(link, booked.claimant.born_on + timedelta(days=1))
        except Refusal as refusal:
            refused.append(refusal.sentence)
        finally:
            db.database.close()

    threads = [threading.Thread(target=guesses) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused.count(NOT_THAT_DAY) <= TRIES_AT_ACCOUNT and len(refused) == 12


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil.example", "/cases", "/account", ""]
)
def test_after_the_date_a_claimant_is_led_to_a_page_of_theirs_alone(claimant, booked, target):
    claimant.opens("/appointment/identity")
    day = booked.claimant.born_on
    data = {
        "csrf_token": claimant.typed("csrf_token"),
        "born_on-month": day.month,
        "born_on-day": day.day,
        "born_on-year": day.year,
        "next": target,
    }
    answer = claimant.client.post("/appointment/identity", data=data)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/appointment")


def test_the_date_of_birth_stands_in_no_address_and_no_log(claimant, booked, caplog):
    with caplog.at_level(logging.DEBUG):
        claimant.opens("/appointment/identity")
        says(claimant, booked.claimant.born_on, wrong_year=1)
    assert str(booked.claimant.born_on.year + 1) not in caplog.text
    assert str(booked.claimant.born_on.year + 1) not in claimant.response.request.path
    facts = [str(row.facts) for row in AuditRecord.select().where(AuditRecord.case == booked.id)]
    assert not any(str(booked.claimant.born_on.year) in fact for fact in facts)


# --- links die


def test_a_link_dies_when_the_claimants_address_or_number_changes(world, case_at, booked):
    for fields in ({"email": "other@mail.example"}, {"phone": "+14155550199"}):
        token = make_link(booked)
        change_claimant(booked, fields)
        assert find_link(token) is None
    token = make_link(booked)
    change_claimant(booked, {"email": "other@mail.example", "city": "Reno"})
    assert find_link(token)


def test_saving_the_claimants_part_of_a_referral_ends_the_links_of_another_address(world, case_at):
    case = case_at(Stage.RETURNED)
    SecureLink.create(case=case, token_hash="x" * 64, expires_at=clock.now() + timedelta(days=3))
    edit_referral(case, by=world.referrer, claimant_fields={"email": "other@mail.example"})
    assert SecureLink.get(SecureLink.token_hash == "x" * 64).revoked_at


def test_a_link_dies_when_the_case_goes_to_another_expert(world, booked):
    token = make_link(booked)
    release_expert(booked, by=world.coordinator, why="The expert is ill.")
    assert find_link(token) is None


def test_an_open_visit_ends_with_its_link(claimant, world, booked):
    change_claimant(booked, {"phone": "+14155550199"})
    assert claimant.opens("/appointment").status == 401


def test_a_link_opens_nothing_that_is_for_people_with_accounts_and_theirs_opens_no_appointment(
    visitor, world, booked
):
    from portal.ime.account_links import make_account_link
    from portal.words import AccountPurpose

    token = make_link(booked)
    for place in ("password", "invitation", "email"):
        assert visitor().opens(f"/{place}/link/{token}").status == 404
    for purpose in AccountPurpose:
        own = make_account_link(world.expert, purpose, "x@y.example")
        assert visitor().opens(f"/appointment/link/{own}").status == 404


def test_a_link_dies_when_the_report_is_accepted_and_the_case_closed(world, case_at):
    case = case_at(Stage.IN_REVIEW)
    token = make_link(case)
    verdicts = {question.id: (True, "") for question in case.questions}
    give_verdict(case, by=world.referrer, verdicts=verdicts)
    accept_report(case, by=world.referrer)
    assert case.stage == Stage.CLOSED and find_link(token) is None
