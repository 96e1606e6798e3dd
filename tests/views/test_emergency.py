"""Emergency access, restriction and bars in the browser: what each of the office sees and presses."""

from datetime import timedelta

import pytest

from portal import clock
from portal.ime.emergency import LASTS, NOT_OPENED, SEEN_ALREADY
from portal.models import Bar, Case, EmergencyAccess
from portal.words import Stage
from tests.policy.matrix import Knocker

REASON = "The clinic asks for the records of today's examination."


@pytest.fixture
def case(case_at):
    case = case_at(Stage.BOOKED)
    Case.update(coordinator=None, is_restricted=True).where(Case.id == case.id).execute()
    return Case.get_by_id(case.id)


def ask(visitor, person, reference, reason=REASON):
    page = visitor(person).opens("/emergency-access")
    return page.presses("Open the case", reference=reference, reason=reason)


def test_who_cannot_see_a_restricted_case_opens_it_and_is_told_until_when(visitor, world, case):
    guest = visitor(world.second_coordinator)
    assert guest.opens(f"/cases/{case.reference}").status == 404
    guest.opens("/emergency-access").presses("Open the case", reference=case.reference.lower(), reason=REASON)
    assert guest.heading == case.claimant.name
    assert guest.sees("You are here by emergency access until")
    manager = visitor(world.coordinator).opens(f"/cases/{case.reference}")
    assert manager.sees("Jonah Feld has emergency access until") and manager.sees(REASON)
    for outside in (world.referrer, world.expert):
        page = visitor(outside).opens(f"/cases/{case.reference}")
        assert page.status == 200
        assert not page.sees("emergency access") and not page.sees("Restricted")


def test_it_asks_for_a_factor_shown_just_now_and_begins_a_new_token(visitor, world, case):
    guest = visitor(world.second_coordinator).opens("/emergency-access")
    with clock.set_to(clock.now() + timedelta(minutes=11)):
        data = {"csrf_token": guest.typed("csrf_token"), "reference": case.reference, "reason": REASON}
        answer = guest.client.post("/emergency-access", data=data)
    assert answer.headers["Location"] == "/sign-in/second-factor?next=/emergency-access"
    assert not EmergencyAccess.select().exists()
    before = guest.client.get_cookie("impartial").value
    guest.presses("Open the case", reference=case.reference, reason=REASON)
    assert guest.heading == case.claimant.name
    copy = visitor()
    copy.client.set_cookie("impartial", before)
    assert copy.opens(f"/cases/{case.reference}").heading == "Sign in"


def test_after_four_hours_the_next_request_is_not_found(visitor, world, case):
    now = clock.now()
    with clock.set_to(now):
        guest = ask(visitor, world.second_coordinator, case.reference)
    access = EmergencyAccess.get()
    EmergencyAccess.update(expires_at=access.expires_at - LASTS).where(
        EmergencyAccess.id == access.id
    ).execute()
    assert guest.opens(f"/cases/{case.reference}").status == 404
    assert guest.opens("/").status == 200 and not guest.sees(case.reference)


def test_it_is_ended_by_hand(visitor, world, case):
    guest = ask(visitor, world.second_coordinator, case.reference)
    guest.presses("End the emergency access")
    assert guest.sees("Your emergency access has ended.")
    assert guest.opens(f"/cases/{case.reference}").status == 404
    ask(visitor, world.second_coordinator, case.reference)
    manager = visitor(world.coordinator).opens(f"/cases/{case.reference}").presses("End the emergency access")
    assert manager.sees("The emergency access of Jonah Feld has ended.")


def test_nobody_ends_it_for_another_but_a_manager(app, visitor, world, case):
    ask(visitor, world.second_coordinator, case.reference)
    access = EmergencyAccess.get()
    path = f"/cases/{case.reference}/emergency-access/{access.id}/ending"
    for who in (world.referrer, world.expert):
        assert Knocker(app, who).asks("POST", path).status_code == 403
    assert EmergencyAccess.get().ended_at is None


def test_there_is_no_oracle(visitor, world, case, case_at):
    Bar.create(case=case, user=world.second_coordinator, why="A cousin.", placed_by=world.coordinator)
    answers = set()
    for reference in (case.reference, case_at(Stage.DRAFT).reference, "IME-999999", "IME-0"):
        page = ask(visitor, world.second_coordinator, reference)
        assert page.status == 422 and page.sees(NOT_OPENED)
        answers.add(page.main.replace(reference, ""))
    assert len(answers) == 1
    assert not EmergencyAccess.select().exists()


def test_a_case_that_is_seen_already_needs_no_emergency(visitor, world, case_at):
    page = ask(visitor, world.second_coordinator, case_at(Stage.CLOSED).reference)
    assert page.status == 422 and page.sees(SEEN_ALREADY)


def test_a_short_reason_is_no_reason(visitor, world, case):
    page = ask(visitor, world.second_coordinator, case.reference, "Because I say so.")
    assert page.status == 422 and not EmergencyAccess.select().exists()


def test_a_manager_restricts_a_case_and_lifts_it(visitor, world, case_at):
    case = case_at(Stage.CHECKING)
    manager = visitor(world.coordinator).opens(f"/cases/{case.reference}")
    assert "Lift the restriction" not in manager.links
    manager.follows("Restrict the case").presses("Restrict the case", why="The claimant works here.")
    assert manager.sees("Restricted") and manager.sees("You restricted the case: The claimant works here.")
    assert "Restrict the case" not in manager.links
    assert visitor(world.second_coordinator).opens(f"/cases/{case.reference}").status == 404
    manager.follows("Lift the restriction").presses("Lift the restriction", why="They left.")
    assert visitor(world.second_coordinator).opens(f"/cases/{case.reference}").status == 200


def test_the_cases_own_coordinator_sees_it_but_cannot_change_who_does(app, visitor, world, case):
    Case.update(coordinator=world.second_coordinator).where(Case.id == case.id).execute()
    own = visitor(world.second_coordinator).opens(f"/cases/{case.reference}")
    assert own.status == 200 and not {"Bar a person", "Lift the restriction"} & set(own.links)
    knocker = Knocker(app, world.second_coordinator)
    for method in ("GET", "POST"):
        for page in ("restriction", "restriction/lifting", "bars"):
            assert knocker.asks(method, f"/cases/{case.reference}/{page}").status_code == 403


def test_a_manager_bars_a_person_and_lets_them_in_again(visitor, world, case_at):
    case = case_at(Stage.REPORTING)
    manager = visitor(world.coordinator).opens(f"/cases/{case.reference}").follows("Bar a person")
    manager.presses("Bar this person", user=str(world.expert.id), why="A cousin of the claimant.")
    assert manager.sees("Release the expert next")
    assert visitor(world.expert).opens(f"/cases/{case.reference}").status == 404
    assert not visitor(world.expert).opens("/").sees(case.reference)
    manager.follows("Bar a person").presses("Lift the bar")
    assert visitor(world.expert).opens(f"/cases/{case.reference}").status == 200


def test_a_bar_of_another_case_is_not_lifted_through_this_one(app, world, case_at):
    case, other = case_at(Stage.BOOKED), case_at(Stage.CLOSED)
    bar = Bar.create(case=other, user=world.referrer, why="A cousin.", placed_by=world.coordinator)
    path = f"/cases/{case.reference}/bars/{bar.id}/lifting"
    assert Knocker(app, world.coordinator).asks("POST", path).status_code == 404
    assert Bar.select().count() == 1


def test_a_barred_candidate_gets_the_answer_of_a_stranger(app, visitor, world, case_at):
    case = case_at(Stage.OFFERED)
    Bar.create(case=case, user=world.expert, why="A cousin.", placed_by=world.coordinator)
    for page in ("", "/offer/acceptance", "/offer/passing"):
        assert Knocker(app, world.expert).asks("GET", f"/cases/{case.reference}{page}").status_code == 404
