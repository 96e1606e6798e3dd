"""Each role's home."""

from datetime import timedelta

import pytest

from portal import clock
from portal.ime.appointment import booked_appointment
from portal.models import AuditRecord, Bar, Case, Credential, User
from portal.words import Stage
from tests.databases import ON_BOTH


def test_a_referrer_sees_whose_turn_each_case_is(visitor, world):
    home = visitor(world.referrer).opens("/")
    assert home.sees("Your turn") and home.sees("Waiting for others")
    assert home.sees("Review the answers")


def test_a_coordinator_sees_referrals_that_nobody_has_taken(visitor, world, case_at):
    home = visitor(world.coordinator).opens("/")
    assert home.sees("New referrals, not assigned yet")
    assert home.sees(case_at(Stage.REFERRED).reference)


def test_a_candidate_sees_the_offer_but_not_the_claimant(visitor, world, case_at):
    home = visitor(world.expert).opens("/")
    offer = home.tree.xpath("//li[contains(., $ref)]", ref=case_at(Stage.OFFERED).reference)[0].text_content()
    assert "An offer to you" in offer and "Delgado" not in offer


def test_an_empty_desk_says_what_will_appear_and_what_to_do(visitor, world):
    home = visitor(world.stranger_referrer).opens("/")
    assert home.sees("Nothing waits for you")
    assert "Refer a case" in home.links


def test_a_draft_is_on_no_coordinators_desk(visitor, world, case_at):
    home = visitor(world.coordinator).opens("/")
    assert not home.sees(case_at(Stage.DRAFT).reference)


@pytest.mark.parametrize("who", ["referrer", "coordinator", "expert"])
def test_every_row_of_a_desk_opens_its_case(visitor, world, who):
    person = visitor(getattr(world, who)).opens("/")
    for href in person.tree.xpath("//a[contains(@class, 'row__link')]/@href"):
        if not href.endswith("/calls"):
            assert person.opens(href).status == 200, href


@pytest.mark.parametrize("reason", ["barred from the case.", "is disabled."])
@pytest.mark.parametrize("stage", [Stage.SCHEDULING, Stage.BOOKED, Stage.REPORTING])
def test_a_coordinator_sees_at_once_that_no_expert_can_act_and_where_to_go_on(
    visitor, world, case_at, reason, stage
):
    case = case_at(stage)
    office = visitor(world.second_coordinator).opens("/")
    assert not office.sees("No expert can act")
    if reason == "is disabled.":
        User.update(disabled_at=clock.now()).where(User.id == world.expert.id).execute()
    else:
        Bar.create(case=case, user=world.expert, why="A cousin.", placed_by=world.coordinator)
    assert office.opens("/").sees("No expert can act")
    assert case.id in AuditRecord.select().order_by(AuditRecord.id.desc()).get().facts["cases"]
    [row] = office.tree.xpath("//li[contains(., 'Decide now')][contains(., $ref)]", ref=case.reference)
    assert world.expert.name in row.text_content() and reason in row.text_content()
    assert office.opens(f"/cases/{case.reference}").sees("No expert can act:") and office.sees(reason)
    assert not visitor(world.referrer).opens(f"/cases/{case.reference}").sees("No expert can act")
    page = office.follows("Release the expert")
    wanted = {"wanted_by": "coordinator"} if stage == Stage.BOOKED else {}
    page.presses("Release the expert", why="They cannot act.", **wanted)
    assert not office.opens(f"/cases/{case.reference}").sees("No expert can act")


def test_an_expert_who_is_no_longer_needed_or_belongs_to_a_case_that_is_not_seen_is_on_no_list(
    visitor, world, case_at
):
    hidden = case_at(Stage.BOOKED)
    for case in (case_at(Stage.IN_REVIEW), case_at(Stage.CLOSED), hidden):
        Bar.create(case=case, user=world.expert, why="A cousin.", placed_by=world.coordinator)
    Bar.create(case=case_at(Stage.REPORTING), user=world.referrer, why="Kin.", placed_by=world.coordinator)
    Case.update(is_restricted=True, coordinator=world.coordinator).where(Case.id == hidden.id).execute()
    assert not visitor(world.second_coordinator).opens("/").sees("No expert can act")
    assert visitor(world.coordinator).opens("/").sees("No expert can act")


@ON_BOTH
def test_a_clarification_whose_expert_is_barred_says_that_no_addendum_can_come(
    visitor, world, case_at, backend
):
    case = case_at(Stage.CLARIFYING)
    Bar.create(case=case, user=world.expert, why="A cousin.", placed_by=world.coordinator)
    office = visitor(world.coordinator).opens("/")
    assert office.sees("No expert can act") and office.sees(case.reference)
    assert office.opens(f"/cases/{case.reference}").sees("No addendum can come from them.")


@pytest.fixture
def running_out(world, case_at):
    """A booked case whose expert's license ends the day before the examination."""
    case = case_at(Stage.BOOKED)
    row = booked_appointment(case)
    ends = clock.day_of(row.starts_at, row.clinic.time_zone) - timedelta(days=1)
    own = (Credential.expert == row.expert_id) & (Credential.kind == "licence")
    Credential.update(expires_on=ends).where(own).execute()
    return case


def test_an_examination_after_the_license_ends_is_a_risk_on_the_desk_and_at_the_case(
    visitor, world, running_out
):
    said, case = "The license in CA runs out on", running_out
    office = visitor(world.coordinator).opens("/")
    assert office.sees("Credentials that do not last until the day") and office.sees(said)
    assert case.id in AuditRecord.select().order_by(AuditRecord.id.desc()).get().facts["cases"]
    [row] = office.tree.xpath("//li[contains(., 'Risk for the day')][contains(., $ref)]", ref=case.reference)
    assert case.claimant.name in row.text_content() and world.expert.name in row.text_content()
    path = f"/cases/{case.reference}"
    assert office.opens(path).sees(f"Risk for the day: {said}")
    assert office.follows("See the credentials").sees(world.expert.name)
    for person in (world.referrer, world.expert):
        assert not visitor(person).opens(path).sees(said)
        assert not visitor(person).opens("/").sees(said)
    Credential.update(expires_on=clock.today() + timedelta(days=900)).execute()
    assert not office.opens("/").sees("Credentials that do not last") and not office.opens(path).sees(said)


def test_a_risk_at_a_case_from_which_somebody_is_barred_is_not_on_their_desk(visitor, world, running_out):
    barred = {"case": running_out, "user": world.coordinator, "placed_by": world.second_coordinator}
    Bar.create(**barred, why="A cousin.")
    assert running_out.reference not in visitor(world.coordinator).opens("/").text


def test_whoever_chooses_a_time_after_the_license_ends_is_warned(visitor, world, running_out):
    page = visitor(world.coordinator).opens(f"/cases/{running_out.reference}/appointment/move")
    slots = page.tree.xpath("//main//input[@name='slot']/@value")
    assert page.presses("Continue with this time", slot=slots[-1]).sees("Risk for the day: The license in CA")


def test_a_day_that_a_rule_gives_leads_to_its_explanation(visitor, world, case_at):
    case = case_at(Stage.REPORTING)
    for who in (world.expert, world.coordinator, world.referrer):
        page = visitor(who).opens("/cases")
        [href] = page.tree.xpath(f"//a[starts-with(@href, '/cases/{case.reference}#')]/@href")
        target = visitor(who).opens(f"/cases/{case.reference}").tree.get_element_by_id(href.partition("#")[2])
        assert "30 calendar days after the examination" in target.text_content()
        assert next(target.iterancestors("details"), None) is not None
