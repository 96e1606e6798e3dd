"""Drawing and striking names, on screen."""

import pytest

from portal.ime.draw import last_draw, names_left
from portal.models import Case, Draw
from portal.words import Stage


@pytest.fixture
def case(case_at):
    return case_at(Stage.MATCHING)


def test_a_coordinator_draws_a_panel_and_offers_it_to_the_first(visitor, world, case):
    page = visitor(world.coordinator).opens(f"/cases/{case.reference}/offer").follows("Draw the names")
    page.presses("Draw the names")
    assert page.sees("The names are drawn.") and page.sees("The panel")
    assert page.sees("3 names of the draw can be offered this case, in the order in which they were drawn.")
    listed = page.tree.xpath("//div[@class='candidate']//label/text()")
    assert [text.partition(".")[0] for text in listed] == ["1", "2", "3"]
    page.presses("Offer the case")
    assert page.sees("is offered to")
    panel = last_draw(case)
    assert case.offers.get().expert_id == panel.names[0]


def test_both_sides_strike_a_name(visitor, world, case):
    office = visitor(world.coordinator).opens(f"/cases/{case.reference}/draw")
    office.presses("Draw the names")
    first, second, third = last_draw(case).names
    page = visitor(world.referrer).opens(f"/cases/{case.reference}").follows("Strike a name")
    assert page.presses("Strike the name").status == 422
    page.presses("Strike the name", expert=str(second))
    assert page.sees("The name is struck.")
    office.opens(f"/cases/{case.reference}/panel").presses("Strike the name", expert=str(first))
    assert office.status == 422 and office.sees("Say who strikes the name")
    office.presses("Strike the name", party="claimant")
    assert office.sees("Struck by the claimant") and office.sees("Struck by the referrer")
    assert names_left(last_draw(case)) == [third]
    assert office.opens(f"/cases/{case.reference}/panel").sees("No name can be struck now")


def test_a_second_draw_asks_why(visitor, world, case):
    page = visitor(world.coordinator).opens(f"/cases/{case.reference}/draw")
    page.presses("Draw the names").follows("Draw names anew").presses("Draw the names", why="")
    assert page.status == 422 and page.sees("Say why names are drawn anew")
    page.presses("Draw the names", why="Two moved away.")
    assert Draw.select().count() == 2


def test_a_kind_that_must_draw_shows_nothing_to_choose_before(visitor, world, case):
    Case.update(exam_kind="CO-DIME").where(Case.id == case.id).execute()
    page = visitor(world.coordinator).opens(f"/cases/{case.reference}/offer")
    assert page.sees("names are drawn first") and "Offer the case" not in page.buttons


def test_where_the_kind_of_examination_was_changed_the_page_knows_of_no_panel(visitor, world, case):
    page = visitor(world.coordinator).opens(f"/cases/{case.reference}/draw").presses("Draw the names")
    assert page.sees("The panel")
    Case.update(exam_kind="CA-CIV").where(Case.id == case.id).execute()
    page.opens(f"/cases/{case.reference}/offer")
    assert page.sees("experts can be offered this case, best match first.") and not page.sees("The panel")
    assert "Strike a name" not in page.opens(f"/cases/{case.reference}").main
