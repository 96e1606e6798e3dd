"""The pages of an offer: the ranked list, the redacted case, the declaration, and the panel."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from portal import clock
from portal.demo.people import expert as add_expert
from portal.ime import experts
from portal.ime.appointment import booked_appointment
from portal.models import AuditRecord, Case, ConflictDeclaration, Offer, Organisation, RuleOverride
from portal.words import Act, OfferState, OrganisationKind, Party, Stage

CLAIMANT = "Rosa Delgado"
IDENTIFIERS = (
    "LM-2026-004417",
    "May 14, 1979",
    "1979-05-14",
    "555-0177",
    "+14155550177",
    "claimant@mail.example",
)
HOME = ("48 Alder Court", "94607")


def offer_page(case):
    return f"/cases/{case.reference}/offer"


def picked(visitor):
    """Who is proposed: the radio that is checked when the page is opened."""
    (radio,) = visitor.tree.xpath("//input[@name='expert'][@checked]")
    return visitor.tree.xpath(f"//label[@for='{radio.get('id')}']")[0].text_content()


def number_of(visitor, name):
    """The value of the radio beside a name."""
    (label,) = [each for each in visitor.tree.iter("label") if name in each.text_content()]
    return visitor.tree.xpath(f"//input[@id='{label.get('for')}']")[0].get("value")


# --- offering -----------------------------------------------------------------------------------------------------


def test_a_coordinator_offers_the_case_to_the_first_on_the_list(visitor, world, case_at):
    case = case_at(Stage.MATCHING)
    coordinator = visitor(world.coordinator).opens(f"/cases/{case.reference}").follows("Offer the case")
    assert picked(coordinator) == "1. Adaeze Okafor, MD"
    coordinator.presses("Offer the case")
    assert coordinator.sees("The case is offered to Adaeze Okafor, MD, who may answer until")
    offer = Offer.get((Offer.case == case) & (Offer.state == OfferState.OPEN))
    local = offer.until.astimezone(ZoneInfo(clock.OFFICE_ZONE))
    assert (local.date(), local.hour, local.minute) == (clock.today() + timedelta(days=3), 23, 59)
    assert offer.rank == 1


def test_the_list_shows_where_the_points_come_from_and_who_is_excluded_why(visitor, world, case_at):
    coordinator = visitor(world.coordinator).opens(offer_page(case_at(Stage.MATCHING)))
    assert coordinator.sees("Orthopedic surgery, the closest match · 7 miles away")
    assert coordinator.sees("Reports accepted without clarification")
    assert coordinator.sees("35 of 35")
    assert coordinator.sees(
        "Carla Benedetti, MD: Works in the treating doctor's practice, Valley Family Medicine."
    )
    assert "Carla Benedetti" not in " ".join(each.text_content() for each in coordinator.tree.iter("label"))


def test_choosing_another_than_the_first_asks_why_and_keeps_what_was_chosen(visitor, world, case_at):
    case = case_at(Stage.MATCHING)
    coordinator = visitor(world.coordinator).opens(offer_page(case))
    second = number_of(coordinator, "Mateo Villanueva")
    coordinator.presses("Offer the case", expert=second)
    assert coordinator.status == 422
    assert coordinator.sees("Say why you do not offer it to the first on the list.")
    assert picked(coordinator) == "2. Mateo Villanueva, MD"
    coordinator.presses("Offer the case", why_not_first="The claimant lives near his clinic.")
    assert Offer.get(Offer.case == case).why_not_first == "The claimant lives near his clinic."


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ({"expert": "999999"}, "Choose one of the answers shown here"),
        ({"expert": "1; drop table"}, "Choose one of the answers shown here"),
        ({"until-day": "40"}, "day"),
        ({"until-year": "2020"}, "Choose a day that is still to come"),
        ({"until-year": "2099"}, "Choose a deadline within 30 days."),
        ({"until-month": "", "until-day": "", "until-year": ""}, "Enter the day by which they must answer"),
    ],
)
def test_an_offer_that_will_not_do_says_so_and_changes_nothing(visitor, world, case_at, answers, sentence):
    case = case_at(Stage.MATCHING)
    coordinator = visitor(world.coordinator).opens(offer_page(case)).presses("Offer the case", **answers)
    assert coordinator.status == 422
    assert coordinator.title.startswith("Error:")
    assert coordinator.sees(sentence)
    assert Case.get_by_id(case.id).stage == Stage.MATCHING


def test_an_excluded_expert_cannot_be_chosen_by_a_forged_form(visitor, world, case_at):
    case = case_at(Stage.MATCHING)
    excluded = next(each for each in experts.page()[0] if each.name.startswith("Peter Novak"))
    coordinator = visitor(world.coordinator).opens(offer_page(case))
    assert coordinator.presses("Offer the case", expert=str(excluded.expert_id)).status == 422
    assert not Offer.select().where(Offer.case == case).exists()


def test_a_long_list_is_shown_in_parts(visitor, world, case_at):
    practice = Organisation.create(name="Larkspur Clinic", kind=OrganisationKind.PRACTICE)
    for number in range(15):
        add_expert(practice, f"New Expert{number}", "MD", ["orthopedic_surgery"])
    coordinator = visitor(world.coordinator).opens(offer_page(case_at(Stage.MATCHING)))
    assert coordinator.sees("21 experts can be offered this case")
    assert len(coordinator.tree.xpath("//input[@name='expert']")) == 10
    coordinator.follows("Show more experts")
    assert len(coordinator.tree.xpath("//input[@name='expert']")) == 21
    coordinator.presses("Offer the case")
    assert coordinator.sees("The case is offered to")


def test_where_nobody_can_be_offered_the_case_the_page_says_so(visitor, world, case_at):
    case = case_at(Stage.MATCHING)
    case.claimant.state, case.exam_kind = "NV", "US-FECA"
    case.claimant.save()
    case.save()
    coordinator = visitor(world.coordinator).opens(offer_page(case))
    assert coordinator.sees("Nobody on the panel can be offered this case.")
    assert coordinator.sees("Adaeze Okafor, MD: Has no license in NV on file.")
    assert "Offer the case" not in coordinator.buttons


# --- what a candidate sees ----------------------------------------------------------------------------------------


def test_the_case_page_of_a_candidate_says_nothing_of_whose_case_it_is(visitor, world, case_at):
    case = case_at(Stage.OFFERED)
    candidate = visitor(world.expert).opens(f"/cases/{case.reference}")
    page = candidate.response.get_data(as_text=True)
    assert candidate.status == 200
    for canary in (CLAIMANT, "Delgado", *IDENTIFIERS, *HOME, "Dana Brooks", "Lakeshore"):
        assert canary not in page, canary
    assert "Take the case" in candidate.links


def test_the_declaration_shows_names_and_what_is_asked_but_no_identifiers(visitor, world, case_at):
    case = case_at(Stage.OFFERED)
    candidate = visitor(world.expert).opens(f"/cases/{case.reference}").follows("Take the case")
    for shown in (
        CLAIMANT,
        "Linda Marsh, MD, Valley Family Medicine",
        "Dana Brooks",
        "Lakeshore Mutual Insurance",
    ):
        assert candidate.sees(shown), shown
    for shown in (
        "California",
        "Shoulder, left (accepted)",
        "What is the diagnosis of the left shoulder?",
        "Companion",
    ):
        assert candidate.sees(shown), shown
    assert candidate.sees("in 1 document")
    for canary in (*IDENTIFIERS, *HOME):
        assert canary not in candidate.response.get_data(as_text=True), canary


def test_seeing_the_names_is_recorded_before_they_are_shown(visitor, world, case_at, monkeypatch):
    case = case_at(Stage.OFFERED)
    visitor(world.expert).opens(f"/cases/{case.reference}/offer/acceptance")
    seen = AuditRecord.get(AuditRecord.act == Act.READ, AuditRecord.case == case.id)
    assert (seen.user, seen.party, seen.thing) == (world.expert.id, Party.CANDIDATE, "")

    def break_down(**row):
        raise ZeroDivisionError

    blind = visitor(world.expert)
    monkeypatch.setattr(AuditRecord, "create", break_down)
    blind.opens(f"/cases/{case.reference}/offer/acceptance")
    assert blind.status == 500
    assert not blind.sees(CLAIMANT)


def test_a_candidate_takes_the_case(visitor, world, case_at):
    case = case_at(Stage.OFFERED)
    candidate = visitor(world.expert).opens(f"/cases/{case.reference}/offer/acceptance")
    candidate.presses("Take the case", has_treated="no", shares_practice="no", has_financial_link="no")
    assert candidate.sees("You took the case.")
    assert candidate.heading == CLAIMANT
    assert Case.get_by_id(case.id).expert_id == world.expert.expert.id
    assert ConflictDeclaration.select().join(Offer).where(Offer.case == case).exists()


def test_every_question_of_the_declaration_must_be_answered(visitor, world, case_at):
    case = case_at(Stage.OFFERED)
    candidate = visitor(world.expert).opens(f"/cases/{case.reference}/offer/acceptance")
    candidate.presses("Take the case", has_treated="no")
    assert candidate.status == 422
    assert candidate.sees("Say whether you work in the treating doctor's practice")
    assert candidate.tree.xpath("//input[@name='has_treated'][@value='no'][@checked]")
    assert Case.get_by_id(case.id).stage == Stage.OFFERED


def test_a_declared_conflict_is_refused_and_leads_on_to_passing(visitor, world, case_at):
    case = case_at(Stage.OFFERED)
    candidate = visitor(world.expert).opens(f"/cases/{case.reference}/offer/acceptance")
    candidate.presses("Take the case", has_treated="yes", shares_practice="no", has_financial_link="no")
    assert candidate.status == 422
    assert candidate.sees("With a conflict of interest you cannot take this case.")
    candidate.follows("Pass on the case").presses("Pass on the case", because="treated")
    assert candidate.sees(f"You passed on {case.reference}.")
    assert candidate.opens(f"/cases/{case.reference}").status == 404
    assert ConflictDeclaration.select().join(Offer).where(Offer.case == case).get().has_treated


def test_after_a_pass_the_next_is_proposed_and_the_one_who_passed_is_excluded(visitor, world, case_at):
    case = case_at(Stage.OFFERED)
    candidate = visitor(world.expert).opens(f"/cases/{case.reference}").follows("Pass on the case")
    candidate.presses("Pass on the case", because="other", why="I am moving to another state.")
    coordinator = visitor(world.coordinator).opens(offer_page(case))
    assert picked(coordinator) == "1. Mateo Villanueva, MD"
    assert coordinator.sees("Adaeze Okafor, MD: Passed on this case before.")
    assert coordinator.sees("I am moving to another state.")


def test_passing_for_another_reason_takes_words(visitor, world, case_at):
    case = case_at(Stage.OFFERED)
    candidate = visitor(world.expert).opens(f"/cases/{case.reference}/offer/pass")
    candidate.presses("Pass on the case", because="other")
    assert candidate.status == 422
    assert candidate.sees("Say why you pass.")
    assert candidate.presses("Pass on the case", because="no_time").sees("You passed on")


def test_an_expert_who_was_not_offered_the_case_finds_no_such_case(visitor, world, case_at):
    case = case_at(Stage.OFFERED)
    for part in ("acceptance", "pass"):
        assert visitor(world.second_expert).opens(f"/cases/{case.reference}/offer/{part}").status == 404


def test_a_candidate_whose_offer_was_recalled_is_told_so_and_sees_the_case_no_more(visitor, world, case_at):
    case = case_at(Stage.OFFERED)
    candidate = visitor(world.expert).opens(f"/cases/{case.reference}/offer/acceptance")
    coordinator = visitor(world.coordinator).opens(f"/cases/{case.reference}").follows("Recall the offer")
    assert coordinator.sees("Adaeze Okafor, MD may answer until")
    coordinator.presses("Recall the offer", why="The hearing was moved.")
    assert coordinator.sees("The offer is recalled.")
    candidate.presses("Take the case", has_treated="no", shares_practice="no", has_financial_link="no")
    assert candidate.status == 409 and candidate.sees("This offer is no longer open.")
    assert "Delgado" not in candidate.text
    assert candidate.opens(f"/cases/{case.reference}").status == 404
    assert Case.get_by_id(case.id).expert_id is None


def test_a_coordinator_releases_the_expert_with_a_reason(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    coordinator = visitor(world.coordinator).opens(f"/cases/{case.reference}").follows("Release the expert")
    assert coordinator.presses("Release the expert").sees("Say why you release the expert")
    assert coordinator.sees("Say who wants it") and "Times that are held" not in coordinator.main
    coordinator.presses("Release the expert", wanted_by="coordinator", why="The clinic closes.")
    assert coordinator.sees("The expert is released.")
    assert Case.get_by_id(case.id).stage == Stage.MATCHING
    assert visitor(world.expert).opens(f"/cases/{case.reference}").status == 404


def test_an_expert_who_gives_up_a_booked_time_too_late_is_released_only_with_a_reason(
    visitor, world, case_at
):
    case = case_at(Stage.BOOKED)
    with clock.set_to(booked_appointment(case).starts_at - timedelta(hours=20)):
        page = visitor(world.coordinator).opens(f"/cases/{case.reference}/expert/release")
        assert page.sees("A rule stands against it") and page.sees("Our office wants it")
        page.presses("Release the expert", wanted_by="expert", why="Ill.")
        assert page.status == 422 and page.sees("Say why it is done all the same")
        page.presses("Release the expert", override="Good cause: a certificate is on file.")
        assert page.sees("The expert is released.")
    assert RuleOverride.get().rule == "CA-QME-12"
    assert page.sees("The expert asked for it.") and page.sees("Good cause: a certificate is on file.")


@pytest.mark.parametrize("wanted_by", ["claimant", "anybody"])
def test_nobody_but_the_expert_or_the_office_wants_the_expert_released(visitor, world, case_at, wanted_by):
    page = visitor(world.coordinator).opens(f"/cases/{case_at(Stage.BOOKED).reference}/expert/release")
    assert page.presses("Release the expert", wanted_by=wanted_by, why="So be it.").status == 422
    assert page.sees("Choose one of the answers shown here")


def test_where_nothing_is_booked_nobody_is_asked_who_wants_the_expert_released(visitor, world, case_at):
    page = visitor(world.coordinator).opens(f"/cases/{case_at(Stage.SCHEDULING).reference}/expert/release")
    assert page.sees("Times that are held for the case are let go") and "Who wants it?" not in page.main
    assert page.presses("Release the expert", why="The clinic closes.").sees("The expert is released.")


def test_the_coordinator_reads_that_the_words_of_a_released_expert_are_removed(visitor, world, case_at):
    path = f"/cases/{case_at(Stage.REPORTING).reference}"
    page = visitor(world.coordinator).opens(path).follows("Release the expert")
    assert page.sees("What they have written of the report is removed")
    page.presses("Release the expert", why="Does not answer any more.")
    assert page.sees("The expert is released.") and page.sees("held")


@pytest.mark.parametrize(
    ("stage", "path"),
    [(Stage.MATCHING, "offer"), (Stage.OFFERED, "offer/recall"), (Stage.BOOKED, "expert/release")],
)
def test_matching_is_the_coordinators_part(visitor, world, case_at, stage, path):
    case = case_at(stage)
    assert visitor(world.referrer).opens(f"/cases/{case.reference}/{path}").status == 403
    assert visitor(world.stranger_referrer).opens(f"/cases/{case.reference}/{path}").status == 404


def test_an_offer_made_meanwhile_by_a_colleague_is_told(visitor, world, case_at):
    case = case_at(Stage.MATCHING)
    slow = visitor(world.coordinator).opens(offer_page(case))
    visitor(world.second_coordinator).opens(offer_page(case)).presses("Offer the case")
    slow.presses("Offer the case")
    assert slow.status == 409
    assert slow.sees("Now: offered to an expert.")
    assert Offer.select().where(Offer.case == case).count() == 1
