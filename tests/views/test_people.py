"""Managers' pages for people: what they show and do, and what they refuse to everybody else."""

import pytest

from portal import clock
from portal.models import AccountNotice, AuditRecord, Case, Passkey, Session, User
from portal.words import AccountMail, Act, Role, Stage
from tests.policy.matrix import Knocker, address, routes


def joined(user):
    User.update(joined_at=clock.now()).where(User.id == user.id).execute()
    return User.get_by_id(user.id)


def page_of(visitor, world, user):
    return visitor(world.coordinator).opens(f"/people/{user.id}")


# --- who gets in


@pytest.mark.parametrize(
    "who", ["second_coordinator", "referrer", "colleague", "stranger_referrer", "expert"]
)
def test_no_managers_page_opens_to_anybody_else(app, world, case_at, who):
    knocker, case, asked = Knocker(app, getattr(world, who)), case_at(Stage.BOOKED), 0
    before = [user.__data__ for user in User.select()]
    for rule, method in routes(app):
        if app.view_functions[rule.endpoint].access.kind == "manages":
            answer = knocker.asks(method, address(app, rule, case))
            assert answer.status_code == 403, (method, rule.rule)
            assert world.colleague.email not in answer.get_data(as_text=True)
            asked += 1
    assert asked > 20
    assert [user.__data__ for user in User.select()] == before


def test_a_manager_who_is_one_no_more_is_out_at_the_next_request(visitor, world):
    manager = visitor(world.coordinator).opens("/people")
    User.update(is_manager=False).where(User.id == world.coordinator.id).execute()
    assert "/sign-in" in manager.opens("/people").response.request.path
    assert visitor(User.get_by_id(world.coordinator.id)).opens("/people").status == 403


def test_the_way_there_is_shown_to_managers_alone(visitor, world):
    assert "Manage" in visitor(world.coordinator).opens("/").links
    for who in (world.second_coordinator, world.referrer, world.expert):
        assert "Manage" not in visitor(who).opens("/").links
    overview = visitor(world.coordinator).opens("/").follows("Manage")
    assert {"People", "Organizations", "Access review", "Alerts", "Retention"} <= set(overview.links)


# --- finding


def test_whom_somebody_looked_for_stands_in_no_address(visitor, world):
    manager = visitor(world.coordinator).opens("/people").presses("Find people", typed="Whitfield")
    assert manager.sees(world.colleague.email) and not manager.sees(world.referrer.email)
    assert "whitfield" not in manager.response.request.full_path.lower()


def test_the_list_is_narrowed_and_goes_on(visitor, world, monkeypatch):
    monkeypatch.setattr("portal.ime.directory.PAGE", 3)
    manager = visitor(world.coordinator).opens("/people").presses("Show people", role="expert")
    first = manager.main
    manager.follows("Show more people")
    assert manager.status == 200 and manager.main != first
    assert world.referrer.email not in manager.main


@pytest.mark.parametrize(
    "query", ["organisation=x", "organisation=-1", "role=claimant", "state=%27", "after=x", "after=9"]
)
def test_junk_in_an_address_counts_as_not_chosen(visitor, world, query):
    assert visitor(world.coordinator).opens(f"/people?{query}").status == 200


def test_a_search_for_nothing_says_what_to_type(visitor, world):
    manager = visitor(world.coordinator).opens("/people").presses("Find people", typed="  ")
    assert manager.status == 422 and manager.sees("Type a part of the name or address")


# --- a person


def test_a_person_shows_how_they_sign_in_and_no_secret(visitor, world):
    Passkey.create(user=world.referrer, name="Phone", credential_id=b"one", public_key=b"two")
    manager = page_of(visitor, world, world.referrer)
    assert "Passkeys 1" in manager.main.replace("Passkeys1", "Passkeys 1")
    assert world.referrer.password_hash not in manager.response.get_data(as_text=True)
    assert "argon2" not in manager.response.get_data(as_text=True)


def test_a_person_shows_the_cases_they_hold_but_no_draft_and_none_that_the_reader_may_not_see(
    visitor, world, case_at
):
    from portal.models import Bar

    barred, seen, draft = case_at(Stage.BOOKED), case_at(Stage.REPORTING), case_at(Stage.DRAFT)
    Bar.create(case=barred, user=world.coordinator, why="A cousin.", placed_by=world.coordinator)
    said = page_of(visitor, world, world.referrer).main
    assert seen.reference in said
    assert barred.reference not in said and draft.reference not in said


def test_a_managers_own_page_leads_nowhere(visitor, world):
    manager = page_of(visitor, world, world.coordinator)
    assert set(manager.buttons) <= {"Sign out", "Sign them out there"}
    assert manager.sees("another manager")


def test_nobody_of_that_number_is_not_found(visitor, world):
    assert visitor(world.coordinator).opens("/people/999999").status == 404


# --- doing


def test_somebody_is_invited_and_invited_again(visitor, world):
    manager = visitor(world.coordinator).opens("/people").follows("Invite somebody")
    manager.presses(
        "Send the invitation",
        name="Nia Brooks",
        email="nia.brooks@lakeshore.example",
        organisation=str(world.referrer.organisation_id),
        role="referrer",
    )
    user = User.get(User.email == "nia.brooks@lakeshore.example")
    assert (manager.heading, user.role, user.is_manager) == ("Nia Brooks", Role.REFERRER, False)
    manager.presses("Send the invitation again")
    assert manager.sees("is sent a new invitation")
    assert AccountNotice.select().where(AccountNotice.kind == AccountMail.INVITATION).count() == 2


def test_an_invitation_that_cannot_be_says_why_at_its_field(visitor, world):
    manager = visitor(world.coordinator).opens("/people/invitation")
    manager.presses(
        "Send the invitation",
        name="Nia Brooks",
        email=world.referrer.email.upper(),
        organisation=str(world.referrer.organisation_id),
        role="referrer",
    )
    assert manager.status == 422 and manager.sees("There is an account with this e-mail address already.")
    manager.presses("Send the invitation", email="nia@lakeshore.example", role="coordinator")
    assert manager.status == 422 and manager.sees("no coordinator works there")
    assert not User.select().where(User.name == "Nia Brooks").exists()


def test_a_referrer_is_never_made_a_manager_by_an_extra_tick(visitor, world):
    manager = visitor(world.coordinator).opens("/people/invitation")
    manager.presses(
        "Send the invitation",
        name="Nia Brooks",
        email="nia@lakeshore.example",
        organisation=str(world.referrer.organisation_id),
        role="referrer",
        is_manager="yes",
    )
    assert manager.status == 422
    assert not User.select().where(User.name == "Nia Brooks").exists()


EXTRA = {
    "role": "coordinator",
    "is_manager": "yes",
    "organisation": "3",
    "organisation_id": "3",
    "email": "evil@example.org",
    "password_hash": "x",
    "password": "a password of my choosing",
    "disabled_at": "",
    "joined_at": "2020-01-01",
    "name": "Evil",
    "id": "3",
    "user": "3",
}
PRESSES = {
    "disabling": {"disabled_at"},
    "invitation": set(),
    "password-reset": {"password_hash"},
    "management": set(),
}


@pytest.mark.parametrize("press", PRESSES)
def test_a_press_changes_what_it_says_whatever_is_sent_with_it(app, visitor, world, press):
    user = joined(world.referrer) if press != "invitation" else world.referrer
    before = User.get_by_id(user.id).__data__
    manager = visitor(world.coordinator).opens(f"/people/{user.id}/disabling")
    token = manager.tree.xpath("//form//input[@name='csrf_token']")[-1].get("value")
    answer = manager.client.post(f"/people/{user.id}/{press}", data=EXTRA | {"csrf_token": token})
    assert answer.status_code in {303, 422}
    after = User.get_by_id(user.id).__data__
    assert {name for name in after if after[name] != before[name]} <= PRESSES[press]


def test_the_last_ways_out_are_refused_to_oneself(app, world):
    knocker, own = Knocker(app, world.coordinator), f"/people/{world.coordinator.id}"
    for press in ("disabling", "management/ending", "password-reset", "management", "enabling"):
        joined(world.coordinator)
        assert knocker.asks("POST", f"{own}/{press}").status_code == 422, press
    still = User.get_by_id(world.coordinator.id)
    assert still.is_manager and still.disabled_at is None


def test_an_account_is_disabled_and_its_browser_is_out_at_once(visitor, world):
    them = visitor(world.second_coordinator).opens("/")
    case = Case.select().where(Case.is_open & (Case.coordinator == world.coordinator)).first()
    Case.update(coordinator=world.second_coordinator).where(Case.id == case.id).execute()
    manager = page_of(visitor, world, world.second_coordinator)
    manager.follows("Disable the account").presses("Disable the account")
    assert manager.sees("1 open case waits for another coordinator")
    assert "/sign-in" in them.opens("/").response.request.path
    manager.presses("Enable the account")
    assert User.get_by_id(world.second_coordinator.id).disabled_at is None
    assert "/sign-in" in them.opens("/").response.request.path  # the old cookie stays dead


def test_who_becomes_a_manager_signs_in_anew(visitor, world):
    joined(world.second_coordinator)
    them = visitor(world.second_coordinator).opens("/")
    manager = page_of(visitor, world, world.second_coordinator)
    manager.follows("Make them a manager").presses("Make them a manager")
    assert manager.sees("is a manager now")
    assert "/sign-in" in them.opens("/").response.request.path
    manager.follows("End their management").presses("End their management")
    assert not User.get_by_id(world.second_coordinator.id).is_manager


def test_a_session_is_ended_from_the_page_and_no_foreign_one(visitor, world):
    them, other = visitor(world.expert).opens("/"), visitor(world.referrer).opens("/")
    foreign = Session.get(Session.user == world.referrer)
    manager = page_of(visitor, world, world.expert)
    token = manager.tree.xpath("//form//input[@name='csrf_token']")[-1].get("value")
    answer = manager.client.post(
        f"/people/{world.expert.id}/sessions/{foreign.id}/ending", data={"csrf_token": token}
    )
    assert answer.status_code == 404 and other.opens("/").heading != "Sign in"
    manager.opens(f"/people/{world.expert.id}").presses("Sign them out there")
    assert "/sign-in" in them.opens("/").response.request.path


def test_a_lost_factor_is_reset_once_it_is_said_how_the_person_was_made_sure_of(visitor, world):
    Passkey.create(user=world.expert, name="Phone", credential_id=b"one", public_key=b"two")
    joined(world.expert)
    manager = page_of(visitor, world, world.expert).follows("Reset the second factor")
    manager.presses("Reset the second factor")
    assert manager.status == 422 and Passkey.select().exists()
    manager.presses("Reset the second factor", proof="photo_id")
    assert not Passkey.select().exists()
    facts = [kept.facts for kept in AuditRecord.select().where(AuditRecord.act == Act.RIGHTS_CHANGED)]
    assert {"what": "identity_proved", "proof": "photo_id"} in facts


def test_no_form_of_a_manager_takes_a_password(app, visitor, world):
    joined(world.referrer)
    manager = visitor(world.coordinator)
    for path in ("", "/disabling", "/move", "/factor-reset", "/password-reset", "/management"):
        manager.opens(f"/people/{world.referrer.id}{path}")
        assert not manager.tree.xpath("//input[@type='password']")


def test_who_has_open_cases_is_not_moved_and_the_page_says_what_to_do(visitor, world):
    manager = page_of(visitor, world, world.referrer).follows("Move to another organization")
    firm = str(world.stranger_referrer.organisation_id)
    manager.presses("Move the person", organisation=firm)
    assert manager.status == 422 and manager.sees("Have a colleague take them over first")
    Case.update(referrer=world.colleague).where(Case.is_open).execute()
    manager.presses("Move the person", organisation=firm)
    assert manager.sees("works for Brightwater Law Group now")


def test_a_move_offers_only_where_the_role_has_a_place(visitor, world):
    manager = visitor(world.coordinator).opens(f"/people/{world.referrer.id}/move")
    office = str(world.coordinator.organisation_id)
    assert office not in [option.get("value") for option in manager.tree.iter("option")]
    manager.presses("Move the person", organisation=office)
    assert manager.status == 422
    assert User.get_by_id(world.referrer.id).organisation_id == world.referrer.organisation_id
