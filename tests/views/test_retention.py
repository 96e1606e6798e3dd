"""The manager's page of what is due, what is held and what was purged, and the steps from there."""

from datetime import timedelta

import pytest

from portal import clock, outside
from portal.models import Case, LegalHold
from portal.outside.store import Store
from portal.words import Stage


@pytest.fixture
def long_ago(case_at, tmp_path, monkeypatch):
    """The closed case, seven years after it was closed; the files it leaves are of this test's own."""
    monkeypatch.setitem(outside._connected, "store", Store(f"file://{tmp_path}/files"))
    case = case_at(Stage.CLOSED)
    Case.update(stage_since=clock.now() - timedelta(days=7 * 366)).where(Case.id == case.id).execute()
    return case_at(Stage.CLOSED)


@pytest.fixture
def manager(visitor, world):
    return visitor(world.coordinator)


def test_a_manager_finds_what_is_due_and_purges_it(manager, long_ago):
    reference, name = long_ago.reference, long_ago.claimant.name
    manager.opens("/manage").follows("Retention")
    assert (manager.heading, manager.sees("Nothing was purged yet")) == ("Retention", True)
    manager.follows(f"Purge {reference}")
    manager.presses("Purge the case", typed="IME-1")
    assert manager.status == 422 and manager.sees(f"Type {reference} to confirm")
    manager.presses("Purge the case", typed=f" {reference.lower()} ")
    assert manager.sees(f"{reference} is purged.") and manager.sees("Nothing is due")
    assert name not in manager.text
    assert manager.opens(f"/cases/{reference}").status == 404
    assert reference not in manager.opens("/cases?show=ended").text
    manager.opens("/retention").follows(f"Disclosures of {reference}")
    assert manager.sees(f"from {reference}, which was purged")
    assert manager.client.get(f"/retention/{reference}/disclosures.csv").status_code == 200


def test_before_its_time_a_case_is_not_purged(manager, case_at):
    case = case_at(Stage.CLOSED)
    assert case.reference not in manager.opens("/retention").main
    manager.opens(f"/cases/{case.reference}/purge").presses("Purge the case", typed=case.reference)
    assert manager.status == 422 and manager.sees("The case must be kept. It is due to be purged on")


def test_a_case_is_purged_only_with_a_factor_shown_just_now(manager, long_ago):
    manager.opens(f"/cases/{long_ago.reference}/purge")
    with clock.set_to(clock.now() + timedelta(minutes=11)):
        manager.presses("Purge the case", typed=long_ago.reference)
        assert "/sign-in/second-factor" in manager.response.request.path
        manager.opens(f"/cases/{long_ago.reference}/purge")
        assert "/sign-in/second-factor" in manager.response.request.path
    assert Case.get_by_id(long_ago.id).purged_at is None


def test_a_hold_is_placed_seen_with_its_reason_and_lifted(manager, long_ago):
    reference = long_ago.reference
    manager.opens(f"/cases/{reference}").follows("Place a legal hold")
    manager.presses("Place the hold", why="Delgado v. Lakeshore")
    assert "Place a legal hold" not in manager.opens(f"/cases/{reference}").links
    manager.opens("/retention")
    assert manager.sees("Delgado v. Lakeshore") and manager.sees("Nothing is due")
    manager.opens(f"/cases/{reference}/purge").presses("Purge the case", typed=reference)
    assert manager.status == 422 and manager.sees("on hold since")
    manager.opens("/retention").follows("Lift the hold")
    manager.presses("Lift the hold", why="Settled")
    assert manager.opens("/retention").sees("Nothing is on hold")
    assert LegalHold.get().lifted_at is not None


@pytest.mark.parametrize("page", ["", "/IME-1001/disclosures", "/IME-1001/disclosures.csv"])
@pytest.mark.parametrize("who", ["second_coordinator", "referrer", "expert"])
def test_only_managers_see_what_is_due(visitor, world, who, page):
    assert visitor(getattr(world, who)).client.get(f"/retention{page}").status_code == 403
    assert "Retention" not in visitor(getattr(world, who)).opens("/").links


@pytest.mark.parametrize("step", ["hold", "hold/end", "purge"])
def test_a_coordinator_who_manages_nothing_neither_holds_nor_purges(visitor, world, long_ago, step):
    page = visitor(world.second_coordinator).opens(f"/cases/{long_ago.reference}")
    assert not {"Place a legal hold", "Lift the legal hold", "Purge the case"} & set(page.links)
    assert page.client.get(f"/cases/{long_ago.reference}/{step}").status_code == 403


def test_what_was_not_purged_has_no_tombstone(manager, case_at):
    case = case_at(Stage.CLOSED)
    assert manager.opens(f"/retention/{case.reference}/disclosures").status == 404
