"""The managers' page of an organisation's single sign-on."""

import pytest

from portal import outside
from portal.models import EmailDomain, Identity, IdentityProvider
from portal.outside.identity import Identities
from tests.hostile_provider import hostile_provider

SECRET = "a secret never shown again"


@pytest.fixture(autouse=True)
def own_client(app, monkeypatch):
    monkeypatch.setitem(outside._identities, "client", Identities(is_strict=False))


@pytest.fixture
def hostile():
    with hostile_provider() as provider:
        yield provider


@pytest.fixture
def path(world):
    return f"/organisations/{world.referrer.organisation_id}/sign-on"


def saves(person, path, hostile, **changes):
    answers = {
        "issuer": hostile.issuer,
        "client_id": "impartial",
        "client_secret": SECRET,
        "domains": "lakeshore.example",
    }
    return person.opens(path).presses("Save single sign-on", **(answers | changes))


def test_a_manager_sets_the_sign_on_up_and_sees_the_secret_never_again(visitor, world, path, hostile):
    manager = visitor(world.coordinator).opens(path)
    assert manager.sees("http://localhost/sign-in/organization/return")
    saves(manager, path, hostile)
    assert manager.sees("Saved. The provider answered, so people of Lakeshore Mutual Insurance can sign in")
    assert SECRET not in manager.response.text
    assert manager.typed("client_secret") == "" and manager.typed("issuer") == hostile.issuer
    saves(manager, path, hostile, client_secret="")
    assert IdentityProvider.get().client_secret == SECRET


def test_a_secret_that_was_refused_is_not_shown_either(visitor, world, path, hostile):
    manager = saves(visitor(world.coordinator), path, hostile, domains="gmail.com")
    assert manager.status == 422
    assert SECRET not in manager.response.text


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"issuer": "https://other.example"}, "The provider names another issuer."),
        (
            {"jwks_uri": None},
            "What the provider names as jwks_uri must be an address that begins with https://.",
        ),
        ({"code_challenge_methods_supported": []}, "The provider does not support PKCE with S256."),
    ],
)
def test_what_is_wrong_with_a_provider_is_said_beside_its_field(
    visitor, world, path, hostile, changes, sentence
):
    hostile.discovery |= changes
    manager = saves(visitor(world.coordinator), path, hostile)
    assert manager.status == 422 and manager.sees(sentence)
    assert manager.typed("domains") == "lakeshore.example", "what was typed is still there"
    assert not IdentityProvider.select().exists()


def test_a_manager_unlinks_a_person_and_removes_the_sign_on(visitor, world, path, hostile):
    manager = saves(visitor(world.coordinator), path, hostile)
    Identity.create(user=world.referrer, issuer=hostile.issuer, subject="morgan")
    assert manager.opens(path).sees("Morgan Reyes")
    manager.presses("Unlink")
    assert manager.sees("Unlinked.") and not Identity.select().exists()
    manager.presses("Remove single sign-on")
    assert manager.sees("Removed.")
    assert not IdentityProvider.select().exists() and not EmailDomain.select().exists()


def test_a_link_is_removed_only_through_its_own_organisation(visitor, world, path, hostile):
    manager = saves(visitor(world.coordinator), path, hostile)
    foreign = Identity.create(user=world.stranger_referrer, issuer=hostile.issuer, subject="alex")
    token = manager.typed("csrf_token")
    for target in (f"{path}/people/{foreign.id}/removal", f"{path}/people/999999/removal"):
        assert manager.client.post(target, data={"csrf_token": token}).status_code == 404
    assert Identity.select().count() == 1


@pytest.mark.parametrize("name", ["second_coordinator", "referrer", "expert"])
def test_nobody_but_a_manager_reaches_it(visitor, world, path, name):
    person = visitor(getattr(world, name)).opens("/account/sessions")
    token = person.tree.xpath("//input[@name='csrf_token']/@value")[0]
    assert person.client.get(path).status_code == 403
    assert person.client.post(f"{path}/removal", data={"csrf_token": token}).status_code == 403


def test_an_organisation_that_is_not_there_has_no_page(visitor, world):
    assert visitor(world.coordinator).opens("/organisations/999999/sign-on").status == 404
