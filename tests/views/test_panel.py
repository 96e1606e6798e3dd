"""The panel as a coordinator reads it, the notices of matching, and how often its pages ask the database."""

from datetime import timedelta

import pytest

from portal import clock
from portal.demo.people import expert as add_expert
from portal.ime import experts
from portal.models import Organisation, User
from portal.notices import render
from portal.words import OrganisationKind, Stage
from tests.paper import statements_of

CLAIMANT = "Rosa Delgado"


def offer_page(case):
    return f"/cases/{case.reference}/offer"


def test_the_panel_is_for_coordinators_and_shows_what_runs_out(visitor, world):
    coordinator = visitor(world.coordinator).opens("/").follows("Experts")
    assert coordinator.heading == "Experts"
    assert coordinator.sees("Ran out") and coordinator.sees("Soon")
    assert "Show more experts" not in coordinator.links
    assert visitor(world.referrer).opens("/experts").status == 403
    assert visitor(world.expert).opens("/experts").status == 403


def test_a_long_panel_goes_on_after_the_last_name(visitor, world, monkeypatch):
    monkeypatch.setattr(experts, "PAGE", 5)
    coordinator = visitor(world.coordinator).opens("/experts")
    first = coordinator.main
    coordinator.follows("Show more experts")
    assert coordinator.sees("Ruth Abrams") and "Ruth Abrams" not in first
    assert coordinator.follows("Back to the first page").sees("Adaeze Okafor")


def names_on(page):
    return page.tree.xpath("//main//table//a/text()")


def test_an_expert_is_found_by_name_and_no_name_stands_in_an_address(visitor, world):
    page = visitor(world.coordinator).opens("/experts").presses("Show", q=" okafor  ADAEZE ")
    assert names_on(page) == [world.expert.expert.name] and page.typed("q") == "okafor  ADAEZE"
    address = page.response.request.full_path
    assert "okafor" not in address.lower() and "search=" in address
    assert not [link for link in page.tree.xpath("//@href|//@action") if "okafor" in link.lower()]
    assert names_on(visitor(world.second_coordinator).opens(address)) != names_on(page)
    assert page.presses("Show", q="").typed("q") == "" and len(names_on(page)) > 5


def test_a_name_and_a_choice_are_sought_together_and_who_is_not_there_is_said(visitor, world):
    page = visitor(world.coordinator).opens("/experts").presses("Show", q="a", specialty="neurology")
    assert world.second_expert.expert.name in names_on(page)
    assert world.expert.expert.name not in names_on(page)
    for typed in ("Nobody Here", "%", "_", "' OR 1=1 --", "\u200b", "a" * 500):
        page.presses("Show", q=typed)
        assert page.sees("Nobody matches this choice") and page.status == 200, typed
    assert len(names_on(page.follows("Show everybody"))) > 5
    assert names_on(page.presses("Show", q="\x00Okafor")) == [world.expert.expert.name]


def test_what_was_found_goes_on_page_by_page_without_losing_or_repeating_a_name(visitor, world, monkeypatch):
    practice = Organisation.create(name="Larkspur Clinic", kind=OrganisationKind.PRACTICE)
    for number in range(7):
        add_expert(practice, f"Zora Twin{number}", "MD", ["neurology"])
    User.update(name="Zora Twin").where(User.name.startswith("Zora Twin")).execute()
    monkeypatch.setattr(experts, "PAGE", 3)
    page, found = visitor(world.coordinator).opens("/experts").presses("Show", q="twin zora"), []
    found += page.tree.xpath("//main//table//a/@href")
    for _ in range(2):
        assert page.typed("q") == "twin zora"
        found += page.follows("Show more experts").tree.xpath("//main//table//a/@href")
    assert len(found) == len(set(found)) == 7 and "Show more experts" not in page.links
    assert len(names_on(page.follows("Back to the first page"))) == 3 and page.typed("q") == "twin zora"


@pytest.mark.parametrize("after", ["nobody", "-1", "99999999999999999999", "1.5"])
def test_an_address_of_the_panel_that_was_tampered_with_does_no_harm(visitor, world, after):
    assert visitor(world.coordinator).opens(f"/experts?after={after}").status == 200


def test_the_pages_ask_the_database_as_often_for_many_experts_as_for_few(visitor, world, case_at):
    coordinator = visitor(world.coordinator)
    paths = (offer_page(case_at(Stage.MATCHING)), "/experts")
    few = [statements_of(lambda path=path: coordinator.opens(path)) for path in paths]
    practice = Organisation.create(name="Larkspur Clinic", kind=OrganisationKind.PRACTICE)
    for number in range(12):
        add_expert(practice, f"New Expert{number}", "MD", ["orthopedic_surgery"])
    assert [statements_of(lambda path=path: coordinator.opens(path)) for path in paths] == few


def test_every_notice_of_matching_has_words_and_none_of_them_is_medical(app, world, case_at):
    from portal.ime.matching import expire_offers, offer_case, pass_offer, recall_offer, release_expert
    from portal.models import Event, Notice

    def offer(case):
        until = clock.now() + timedelta(days=1)
        expert = world.second_expert.expert
        offer_case(case, by=world.coordinator, expert=expert, until=until, why_not_first="Sees such cases.")
        return case

    pass_offer(case_at(Stage.OFFERED), by=world.expert, why="Her shoulder.", because="other")
    recall_offer(offer(case_at(Stage.MATCHING)), by=world.coordinator)
    offer(case_at(Stage.OFFERED))
    with clock.set_to(clock.now() + timedelta(days=2)):
        expire_offers()
    release_expert(case_at(Stage.BOOKED), by=world.coordinator, why="The clinic closes.")
    steps = ("offer_case", "take_offer", "pass_offer", "expire_offer", "recall_offer", "release_expert")
    told = set()
    for notice in Notice.select().join(Event).where(Event.step.in_(steps)):
        text = render(notice, "http://localhost/somewhere")
        told.add((notice.event.step, notice.party.value))
        assert notice.event.case.reference in text.subject
        for canary in (CLAIMANT, "shoulder", "LM-2026", "Her "):
            assert canary not in (text.subject + text.body).replace(f"Hello {CLAIMANT},", "")
    assert told == {
        ("offer_case", "candidate"),
        ("take_offer", "coordinator"),
        ("pass_offer", "coordinator"),
        ("expire_offer", "coordinator"),
        ("expire_offer", "candidate"),
        ("recall_offer", "candidate"),
        ("release_expert", "expert"),
        ("release_expert", "referrer"),
        ("release_expert", "claimant"),
        ("release_expert", "representative"),
    }
