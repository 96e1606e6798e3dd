"""People of an organisation sign in at its own provider: a certified one that others made, in a process of its own."""

import time
from urllib.parse import parse_qs, urlsplit

import pytest

from portal import clock, outside
from portal.demo import PASSWORD
from portal.ime.sign_on_settings import set_sign_on
from portal.models import (
    AccountNotice,
    AuditRecord,
    EmailDomain,
    Identity,
    IdentityProvider,
    Session,
    SignInFailure,
    User,
)
from portal.outside.identity import Identities
from portal.words import AccountMail, Act, Ending
from tests.at_provider import AtProvider, answer_of, path_of
from tests.databases import ON_BOTH
from tests.machine.oidc_provider import CLIENT_ID, CLIENT_SECRET, new_key

BACK = "http://localhost/sign-in/organization/return"
AFTER = "http://localhost/sign-in"


@pytest.fixture(autouse=True)
def own_client(monkeypatch):
    """A client that remembers no provider of another test."""
    monkeypatch.setitem(outside._identities, "client", Identities(is_strict=False))


def people_of(world):
    morgan, alex = world.referrer.email, world.stranger_referrer.email
    return {
        "morgan": {"email": morgan, "email_verified": True},
        "capital": {"email": morgan.upper(), "email_verified": True},
        "unverified": {"email": morgan, "email_verified": False},
        "claims-to-be-verified": {"email": morgan, "email_verified": "true"},
        "silent": {},
        "nobody": {"email": "nobody@lakeshore.example", "email_verified": True},
        "foreign": {"email": alex, "email_verified": True},
        "elsewhere": {"email": "morgan.reyes@lakeshore.example.evil.example", "email_verified": True},
        "office": {"email": world.coordinator.email, "email_verified": True},
    }


@pytest.fixture
def provider(make_oidc_provider, world):
    """The provider of the insurer, set up here as its only domain's."""
    made = make_oidc_provider(returns=[BACK], leaves=[AFTER], people=people_of(world))
    settle(world.referrer.organisation, made)
    return made


def settle(organisation, provider, **changes):
    given = {
        "by": User.get(User.is_manager),
        "issuer": provider.issuer,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "is_only_way": False,
        "domains": "lakeshore.example",
    }
    return set_sign_on(organisation, **(given | changes))


def sets_out(person, email="somebody@lakeshore.example", path="/sign-in/organization"):
    """Type an address here; the address at the provider that the page leads to."""
    person.opens(path).presses("Continue", email=email)
    assert person.heading == "Go on to your organization", person.main
    address = person.tree.xpath("//main//a[contains(@class, 'govuk-button')]/@href")[0]
    assert person.response.headers["Refresh"] == f"0; url={address}"
    return address


def comes_in(person, name, at=None):
    """The whole way in: here, there, and back."""
    back = (at or AtProvider(BACK)).signs_in(sets_out(person), name)
    return person.opens(path_of(back))


def last(act):
    """The last record of this kind that speaks of single sign-on."""
    rows = AuditRecord.select().where(AuditRecord.act == act).order_by(AuditRecord.id.desc())
    return next(row for row in rows if row.facts.get("way") == "organization" or "what" in row.facts)


# --- in


@ON_BOTH
def test_a_person_signs_in_at_their_organisation_and_is_at_their_desk(visitor, world, provider, backend):
    person = comes_in(visitor(), "morgan")
    assert person.response.request.path == "/"
    assert person.sees("Morgan Reyes")
    linked = Identity.get()
    assert (linked.user, linked.issuer, linked.subject) == (world.referrer, provider.issuer, "morgan")
    row = Session.get(Session.user == world.referrer)
    assert row.proved_at is not None


def test_what_came_of_it_is_recorded_and_the_person_is_told_of_the_link_once(visitor, world, provider):
    at = AtProvider(BACK)
    comes_in(visitor(), "morgan", at)
    came = last(Act.SIGNED_IN)
    assert (came.thing, came.number, came.ending) == ("user", world.referrer.id, Ending.DONE)
    assert (came.facts["way"], came.facts["methods"]) == ("organization", ["pwd", "otp"])
    assert AuditRecord.select().where(AuditRecord.act == Act.SIGNED_IN).count() == 1
    assert last(Act.RIGHTS_CHANGED).facts == {"what": "identity_linked"}
    again = visitor()
    again.opens(path_of(at.comes_again(sets_out(again))))
    assert again.sees("Morgan Reyes")
    told = AccountNotice.select().where(AccountNotice.kind == AccountMail.FACTOR_CHANGED)
    assert [notice.user for notice in told] == [world.referrer]
    assert world.referrer.email not in str(list(AuditRecord.select().dicts()))


def test_the_way_leads_back_to_the_page_that_was_wanted_and_to_no_other_site(visitor, world, provider):
    for wanted, reached in (("/cases", "/cases"), ("//evil.example/x", "/"), ("https://evil.example", "/")):
        person = visitor()
        back = AtProvider(BACK).signs_in(
            sets_out(person, path=f"/sign-in/organization?next={wanted}"), "morgan"
        )
        assert person.opens(path_of(back)).response.request.path == reached


def test_the_way_in_is_linked_from_the_sign_in_page_and_keeps_the_page_that_was_wanted(visitor, world):
    person = visitor().opens("/cases").follows("Sign in with your organization")
    assert person.heading == "Sign in with your organization"
    assert person.typed("next") == "/cases"


def test_what_is_asked_of_the_provider_holds_secrets_of_one_attempt_and_nobodys_address(visitor, provider):
    first, second = (parse_qs(urlsplit(sets_out(visitor())).query) for _ in range(2))
    assert first["response_type"] == ["code"] and first["code_challenge_method"] == ["S256"]
    assert first["redirect_uri"] == [BACK] and first["scope"] == ["openid email"]
    for secret in ("state", "nonce", "code_challenge"):
        assert len(first[secret][0]) >= 43 and first[secret] != second[secret]
    assert "lakeshore.example" not in str(first)


def test_the_address_to_come_back_to_is_the_configured_one_whatever_host_is_asked_for(visitor, provider):
    person = visitor().opens("/sign-in/organization")
    data = {"csrf_token": person.typed("csrf_token"), "email": "a@lakeshore.example"}
    answer = person.client.post("/sign-in/organization", data=data, headers={"Host": "evil.example"})
    assert "evil.example" not in answer.text + str(answer.headers)


def test_the_subject_counts_and_not_the_address_once_somebody_is_linked(visitor, world, provider):
    comes_in(visitor(), "morgan")
    changed = people_of(world) | {"morgan": {"email": "new@lakeshore.example", "email_verified": False}}
    provider.restart(people=changed)
    assert comes_in(visitor(), "morgan").sees("Morgan Reyes")


def test_an_address_given_to_somebody_new_does_not_open_the_account_of_whoever_had_it(
    visitor, world, provider
):
    comes_in(visitor(), "morgan")
    person = comes_in(visitor(), "capital")
    assert (person.status, person.heading) == (403, "We could not sign you in")
    assert last(Act.SIGNED_IN).facts["why"] == "linked"
    assert Identity.select().count() == 1


def test_whoever_was_invited_has_joined_once_they_came_in(visitor, world, provider):
    assert world.referrer.joined_at is None
    comes_in(visitor(), "morgan")
    assert User.get_by_id(world.referrer.id).joined_at is not None


def test_whoever_was_signed_in_here_before_is_not_any_more(visitor, world, provider):
    person = visitor(world.stranger_referrer)
    address = sets_out_by_post(person)
    person.opens(path_of(AtProvider(BACK).signs_in(address, "morgan")))
    assert person.sees("Morgan Reyes")
    assert Session.get(Session.user == world.stranger_referrer).ended_at is not None


def sets_out_by_post(person):
    """As `sets_out` for somebody who is signed in, whom the page itself would send on."""
    token = person.opens("/account/sessions").tree.xpath("//input[@name='csrf_token']/@value")[0]
    answer = person.client.post(
        "/sign-in/organization", data={"csrf_token": token, "email": "a@lakeshore.example"}
    )
    return answer.headers["Refresh"].partition("url=")[2]


# --- not in


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("unverified", "unverified"),
        ("claims-to-be-verified", "unverified"),
        ("silent", "unverified"),
        ("nobody", "unknown"),
        ("foreign", "domain"),
        ("elsewhere", "domain"),
        ("office", "domain"),
    ],
)
def test_nobody_else_comes_in_and_no_account_is_made(visitor, world, provider, name, why):
    before = User.select().count()
    person = comes_in(visitor(), name)
    assert (person.status, person.heading) == (403, "We could not sign you in")
    assert not any(each.email in person.response.text for each in User.select())
    refused = last(Act.SIGNED_IN)
    assert (refused.ending, refused.facts) == (Ending.REFUSED, {"way": "organization", "why": why})
    assert (User.select().count(), Identity.select().count(), Session.select().count()) == (before, 0, 0)
    assert person.opens("/cases").heading == "Sign in"


def test_an_organisation_that_claims_a_domain_gets_no_account_of_another_organisation(
    visitor, world, provider
):
    office = world.coordinator.email.partition("@")[2]
    EmailDomain.create(organisation=world.referrer.organisation, name=office)
    assert comes_in(visitor(), "office").status == 403
    assert last(Act.SIGNED_IN).facts["why"] == "foreign"
    assert not Identity.select().exists()


def test_whoever_moved_to_another_organisation_does_not_come_in_through_the_old_one(visitor, world, provider):
    comes_in(visitor(), "morgan")
    User.update(organisation=world.stranger_referrer.organisation).where(
        User.id == world.referrer.id
    ).execute()
    assert comes_in(visitor(), "morgan").status == 403
    assert last(Act.SIGNED_IN).facts["why"] == "foreign"


@pytest.mark.parametrize("is_linked", [True, False])
def test_whoever_is_disabled_does_not_come_in(visitor, world, provider, is_linked):
    if is_linked:
        comes_in(visitor(), "morgan")
    User.update(disabled_at=clock.now()).where(User.id == world.referrer.id).execute()
    assert comes_in(visitor(), "morgan").status == 403
    assert last(Act.SIGNED_IN).facts["why"] == "disabled"


def test_an_unknown_domain_a_half_set_up_one_and_a_public_one_get_the_same_answer(visitor, world, provider):
    EmailDomain.create(organisation=world.stranger_referrer.organisation, name="brightwater.example")
    emails = ("a@unknown.example", world.stranger_referrer.email, "a@gmail.com", "a@sub.lakeshore.example")
    said = set()
    for email in emails:
        person = visitor().opens("/sign-in/organization").presses("Continue", email=email)
        assert person.status == 422
        said.add(person.main.replace(email, ""))
    assert len(said) == 1 and "There is no sign-in by an organization for this address." in said.pop()


def test_a_known_domain_leads_on_whether_or_not_there_is_such_a_person(visitor, world, provider):
    assert sets_out(visitor(), world.referrer.email) and sets_out(visitor(), "nobody@LAKESHORE.example")


# --- replays and mix-ups


def test_an_answer_is_good_for_once(visitor, world, provider):
    person = visitor()
    back = path_of(AtProvider(BACK).signs_in(sets_out(person), "morgan"))
    assert person.opens(back).sees("Morgan Reyes")
    again = person.opens(back)
    assert (again.status, again.heading) == (400, "This sign-in is over")
    assert Session.select().where(Session.user == world.referrer, Session.ended_at.is_null()).count() == 1


def test_an_answer_stolen_by_another_browser_opens_nothing(visitor, world, provider):
    victim, thief = visitor(), visitor()
    back = path_of(AtProvider(BACK).signs_in(sets_out(victim), "morgan"))
    assert thief.opens(back).status == 400
    sets_out(thief)
    assert thief.opens(back).status == 400
    assert not Session.select().exists()


def test_a_code_of_somebody_else_put_into_ones_own_answer_opens_nothing(visitor, world, provider):
    """The attacker sends the code of their own attempt with the state of the victim: PKCE is in the way."""
    attacker, victim = visitor(), visitor()
    stolen = answer_of(AtProvider(BACK).signs_in(sets_out(attacker), "morgan"))
    own = answer_of(AtProvider(BACK).signs_in(sets_out(victim), "capital"))
    answer = victim.client.get("/sign-in/organization/return", query_string=own | {"code": stolen["code"]})
    assert answer.status_code == 400
    assert last(Act.SIGNED_IN).facts["why"] == "code"
    assert not Session.select().exists()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"iss": "https://evil.example"}, "issuer"),
        ({"iss": ""}, "issuer"),
        ({"iss": None}, "issuer"),
        ({"state": "x" * 43}, "state"),
        ({"state": None}, "state"),
        ({"state": "ü"}, "state"),
        ({"code": "made-up"}, "code"),
        ({"code": None}, "code"),
        ({"code": ["one", "two"]}, "twice"),
        ({"error": "server_error"}, "declined"),
    ],
)
def test_an_answer_that_was_changed_on_its_way_opens_nothing(visitor, world, provider, change, why):
    person = visitor()
    answer = answer_of(AtProvider(BACK).signs_in(sets_out(person), "morgan")) | change
    given = {name: value for name, value in answer.items() if value is not None}
    response = person.client.get("/sign-in/organization/return", query_string=given)
    assert response.status_code == 400
    assert last(Act.SIGNED_IN).facts["why"] == why
    assert not Session.select().exists()


def test_whoever_cancels_at_the_provider_may_start_again(visitor, provider):
    person, at = visitor(), AtProvider(BACK)
    back = at.presses(at.goes(sets_out(person)), name="morgan", answer="no")
    person.opens(path_of(back))
    assert (person.status, person.heading) == (400, "This sign-in is over")
    assert person.follows("Start again").heading == "Sign in with your organization"


def test_an_attempt_that_takes_too_long_is_over(visitor, provider):
    person = visitor()
    back = path_of(AtProvider(BACK).signs_in(sets_out(person), "morgan"))
    with clock.set_to(clock.now().replace(year=clock.now().year + 1)):
        assert person.opens(back).heading == "This sign-in is over"


def test_an_answer_of_a_provider_that_was_replaced_meanwhile_opens_nothing(visitor, world, provider):
    person = visitor()
    back = path_of(AtProvider(BACK).signs_in(sets_out(person), "morgan"))
    IdentityProvider.update(issuer="https://other.example").execute()
    assert person.opens(back).status == 400


def test_an_answer_of_a_provider_that_was_removed_meanwhile_opens_nothing(visitor, world, provider):
    person = visitor()
    back = path_of(AtProvider(BACK).signs_in(sets_out(person), "morgan"))
    IdentityProvider.delete().execute()
    assert person.opens(back).status == 400


# --- keys, and providers that fail


def test_people_come_in_after_the_provider_changed_its_keys(visitor, world, provider):
    assert comes_in(visitor(), "morgan").sees("Morgan Reyes")
    provider.restart(keys=[new_key("second")])
    assert comes_in(visitor(), "morgan").sees("Morgan Reyes")
    provider.restart(keys=[new_key("third"), *provider.keys])
    turned_away = comes_in(visitor(), "morgan")
    assert turned_away.status == 400, "the keys were looked up once more a moment ago"
    assert last(Act.SIGNED_IN).facts["why"] == "key"
    outside.identities().keys.looked_again.clear()
    assert comes_in(visitor(), "morgan").sees("Morgan Reyes")


def test_while_the_provider_is_down_everybody_is_told_so_and_all_others_sign_in(visitor, world, provider):
    provider.stop()
    outside.identities().providers.clear()
    person = visitor().opens("/sign-in/organization").presses("Continue", email="a@lakeshore.example")
    assert person.status == 422
    assert person.sees("does not answer right now. Try again in a few minutes; nothing is lost.")
    assert last(Act.SIGNED_IN).ending == Ending.FAILED
    others = visitor().opens("/sign-in").presses("Sign in", email=world.expert.email, password=PASSWORD)
    assert others.response.request.path == "/account/second-factor"


def test_a_provider_that_fails_after_the_person_was_there_is_no_fault_of_theirs(visitor, world, provider):
    person = visitor()
    back = path_of(AtProvider(BACK).signs_in(sets_out(person), "morgan"))
    provider.stop()
    person.opens(back)
    assert (person.status, person.heading) == (503, "Your organization does not answer")
    assert person.sees("Nothing is lost")
    assert not SignInFailure.select().exists()


def test_a_wrong_client_secret_opens_nothing(visitor, world, provider):
    IdentityProvider.update(client_secret="not it").execute()
    assert comes_in(visitor(), "morgan").status == 400


# --- the only way


def test_where_it_is_the_only_way_the_password_does_not_open_the_portal(visitor, world, provider):
    IdentityProvider.update(is_only_way=True).execute()
    for password in (PASSWORD, "not the right one at all"):
        person = visitor().opens("/sign-in").presses("Sign in", email=world.referrer.email, password=password)
        assert person.status == 422 and "organization" in person.main
    assert not Session.select().exists()
    assert comes_in(visitor(), "morgan").sees("Morgan Reyes")


# --- out


def test_signing_out_ends_the_session_here_first_and_then_asks_the_provider(visitor, world, provider):
    at, person = AtProvider(BACK), visitor()
    comes_in(person, "morgan", at)
    person.opens("/").presses("Sign out")
    assert person.heading == "You are signed out here"
    assert Session.get(Session.user == world.referrer).ended_at is not None
    address = person.tree.xpath("//main//a[contains(@class, 'govuk-button')]/@href")[0]
    assert world.referrer.email not in address and "id_token_hint" not in address
    at.back = AFTER
    asked = at.goes(address)
    assert at.heading(asked) == "Sign out?"
    assert at.presses(asked, logout="yes") == AFTER
    assert at.heading(at.goes(sets_out(visitor()))) == "Who are you?", "the provider has forgotten them, too"
    assert person.opens("/sign-out/organization").heading == "Sign in"


def test_whoever_signed_in_with_a_password_is_not_sent_to_a_provider(visitor, world, provider):
    person = visitor(world.referrer).opens("/").presses("Sign out")
    assert person.heading == "Sign in"


def test_signing_out_works_while_the_provider_is_down(visitor, world, provider):
    person = comes_in(visitor(), "morgan")
    provider.stop()
    outside.identities().providers.clear()
    began = time.perf_counter()
    assert person.opens("/").presses("Sign out").heading == "Sign in"
    assert time.perf_counter() - began < 5
    assert Session.get(Session.user == world.referrer).ended_at is not None
