"""Managers' pages for organisations."""

import pytest

from portal.models import Organisation
from portal.words import FactorPolicy


@pytest.fixture
def insurer(world):
    return Organisation.get_by_id(world.referrer.organisation_id)


def test_an_organisation_is_added_and_its_people_are_invited_next(visitor, world):
    manager = visitor(world.coordinator).opens("/organisations").follows("Add an organization")
    manager.presses("Add the organization", name="Harbor Re", kind="insurer", phone="415 555 0132")
    assert manager.heading == "Harbor Re"
    manager.follows("Invite somebody")
    made = Organisation.get(Organisation.name == "Harbor Re")
    chosen = manager.tree.xpath("//select[@name='organisation']/option[@selected]/@value")
    assert chosen == [str(made.id)]


def test_a_name_is_taken_once(visitor, world, insurer):
    manager = visitor(world.coordinator).opens("/organisations/new")
    manager.presses("Add the organization", name=insurer.name, kind="insurer")
    assert manager.status == 422 and manager.sees("There is an organization of this name already.")


def test_what_it_asks_is_changed(visitor, world, insurer):
    manager = (
        visitor(world.coordinator).opens(f"/organisations/{insurer.id}").follows("Change the organization")
    )
    manager.presses("Save the changes", factors="passkey", retention_years="10", phone="415 555 0132")
    changed = Organisation.get_by_id(insurer.id)
    assert (changed.factors, changed.retention_years) == (FactorPolicy.PASSKEY, 10)
    assert manager.sees("10 years") and manager.sees("(415) 555-0132")


@pytest.mark.parametrize("years", ["5", "0", "-6", "6.5", "six", "51", ""])
def test_six_years_are_the_least(visitor, world, insurer, years):
    manager = visitor(world.coordinator).opens(f"/organisations/{insurer.id}/change")
    manager.presses("Save the changes", retention_years=years)
    assert manager.status == 422
    assert Organisation.get_by_id(insurer.id).retention_years == 6


def test_what_it_is_does_not_change_whatever_is_sent(visitor, world, insurer):
    manager = visitor(world.coordinator).opens(f"/organisations/{insurer.id}/change")
    token = manager.tree.xpath("//form//input[@name='csrf_token']")[-1].get("value")
    sent = {"name": insurer.name, "factors": "any", "retention_years": "7"}
    extra = {"kind": "ime_company", "id": "3", "created_at": "2020-01-01", "users": "1"}
    manager.client.post(f"/organisations/{insurer.id}/change", data=sent | extra | {"csrf_token": token})
    changed = Organisation.get_by_id(insurer.id)
    assert (changed.kind, changed.created_at, changed.retention_years) == (
        insurer.kind,
        insurer.created_at,
        7,
    )


def test_the_way_to_single_sign_on_is_on_the_page(visitor, world, insurer):
    manager = visitor(world.coordinator).opens(f"/organisations/{insurer.id}")
    assert manager.follows("Set up single sign-on").heading == "Single sign-on"
    assert manager.sees(insurer.name)
