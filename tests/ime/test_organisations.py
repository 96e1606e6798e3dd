"""Organisations: named once, and what they ask of their people counts from then on."""

import pytest

from portal import clock, search
from portal.ime.organisations import change_organisation, make_organisation
from portal.ime.process import NotAllowed, Refusal
from portal.models import AuditRecord, Organisation, Session, User
from portal.words import Act, FactorPolicy, OrganisationKind
from tests.databases import ON_BOTH


def change(organisation, by, **different):
    same = {
        "name": organisation.name,
        "phone": organisation.phone,
        "factors": organisation.factors,
        "retention_years": organisation.retention_years,
    }
    change_organisation(organisation, by=by, **same | different)


@pytest.fixture
def insurer(world):
    return Organisation.get_by_id(world.referrer.organisation_id)


@ON_BOTH
def test_an_organisation_is_made_once(world, backend):
    made = make_organisation(by=world.coordinator, name=" Harbor Re ", kind=OrganisationKind.INSURER)
    assert (made.name, made.factors, made.retention_years) == ("Harbor Re", FactorPolicy.ANY, 6)
    with pytest.raises(Refusal) as refused:
        make_organisation(by=world.coordinator, name="Harbor Re", kind=OrganisationKind.AGENCY)
    assert refused.value.field == "name"


@ON_BOTH
def test_another_second_factor_signs_its_people_out_and_nobody_else(world, insurer, backend):
    ends = clock.now().replace(year=clock.now().year + 1)
    for user in (world.referrer, world.colleague, world.stranger_referrer):
        Session.create(user=user, token_hash=str(user.id), ends_at=ends)
    change(insurer, world.coordinator, factors=FactorPolicy.PASSKEY)
    left = {session.user for session in Session.select().where(Session.ended_at.is_null())}
    assert left == {world.stranger_referrer}
    kept = AuditRecord.get(AuditRecord.act == Act.RIGHTS_CHANGED)
    assert (kept.thing, kept.number, kept.facts) == ("organisation", insurer.id, {"factors": "passkey"})


def test_another_phone_number_signs_nobody_out(world, insurer):
    Session.create(user=world.referrer, token_hash="x", ends_at=clock.now().replace(year=2099))
    change(insurer, world.coordinator, phone="+14155550100")
    assert Session.get().ended_at is None
    assert Organisation.get_by_id(insurer.id).phone == "+14155550100"


@ON_BOTH
def test_open_cases_are_found_by_the_new_name(world, insurer, backend):
    change(insurer, world.coordinator, name="Harborlight Mutual")
    assert search.find(world.coordinator, "harborlight")[0]


@pytest.mark.parametrize("years", [-1, 0, 5, 51, 10**9])
def test_files_are_kept_for_six_years_at_least(world, insurer, years):
    with pytest.raises(Refusal) as refused:
        change(insurer, world.coordinator, retention_years=years)
    assert refused.value.field == "retention_years"
    assert Organisation.get_by_id(insurer.id).retention_years == 6


@pytest.mark.parametrize("who", ["second_coordinator", "referrer", "expert"])
def test_nobody_but_a_manager_makes_or_changes_one(world, insurer, who):
    by = getattr(world, who)
    with pytest.raises(NotAllowed):
        make_organisation(by=by, name="Harbor Re", kind=OrganisationKind.INSURER)
    with pytest.raises(NotAllowed):
        change(insurer, by, factors=FactorPolicy.PASSKEY)
    assert Organisation.get_by_id(insurer.id).factors == FactorPolicy.ANY


def test_a_name_that_another_has_is_refused_and_its_own_is_not(world, insurer):
    change(insurer, world.coordinator)
    with pytest.raises(Refusal):
        change(insurer, world.coordinator, name=User.get_by_id(world.expert.id).organisation.name)
