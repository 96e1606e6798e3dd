"""Setting up where an organisation's people sign in: tried before it is kept, and never a way into another's accounts."""

import pytest

from portal import outside
from portal.ime.process import NotAllowed, Refusal
from portal.ime.sign_on_settings import (
    domains_of,
    public_mail,
    remove_sign_on,
    set_sign_on,
    sign_on_of,
    unlink,
)
from portal.ime.single_sign_on import NoEntry, enter, provider_of
from portal.models import AccountNotice, AuditRecord, EmailDomain, Identity, IdentityProvider, User
from portal.outside.identity import Identities, Shown
from portal.words import AccountMail, Act
from tests.databases import ON_BOTH
from tests.hostile_provider import hostile_provider


@pytest.fixture(autouse=True)
def own_client(app, monkeypatch):
    monkeypatch.setitem(outside._identities, "client", Identities(is_strict=False))


@pytest.fixture
def hostile():
    with hostile_provider() as provider:
        yield provider


@pytest.fixture
def settle(world, hostile):
    """Set up the insurer's sign-on, with changes."""

    def settle(organisation=None, **changes):
        given = {
            "by": world.coordinator,
            "issuer": hostile.issuer,
            "client_id": "impartial",
            "client_secret": "first",
            "is_only_way": False,
            "domains": "lakeshore.example",
        }
        return set_sign_on(organisation or world.referrer.organisation, **(given | changes))

    return settle


def shown(hostile, world, **changes):
    """Whom the provider shows: the referrer, or somebody slightly different."""
    given = {
        "issuer": hostile.issuer,
        "subject": "morgan",
        "email": world.referrer.email,
        "is_email_verified": True,
    }
    return Shown(**(given | changes))


@ON_BOTH
def test_what_is_set_up_is_kept_recorded_and_can_be_changed_and_removed(world, settle, hostile, backend):
    provider = settle(domains="Lakeshore.example, claims.lakeshore.example\n@lakeshore.example")
    assert domains_of(world.referrer.organisation) == ["claims.lakeshore.example", "lakeshore.example"]
    assert provider_of("Anybody@LAKESHORE.example") == provider
    changed = settle(client_secret="", domains="lakeshore.example", is_only_way=True)
    assert (changed.id, changed.client_secret, changed.is_only_way) == (provider.id, "first", True)
    assert domains_of(world.referrer.organisation) == ["lakeshore.example"]
    enter(provider, shown(hostile, world))
    remove_sign_on(changed, by=world.coordinator)
    assert sign_on_of(world.referrer.organisation) is None
    assert not EmailDomain.select().exists() and not Identity.select().exists()
    acts = [row.act for row in AuditRecord.select().where(AuditRecord.thing == "identity_provider")]
    assert acts == [Act.RIGHTS_CHANGED, Act.RIGHTS_CHANGED, Act.REMOVED]


def test_what_is_recorded_names_no_secret_and_no_domain(settle):
    settle()
    kept = str(list(AuditRecord.select().dicts()))
    assert "first" not in kept and "lakeshore" not in kept


def test_another_issuer_never_receives_the_secret_of_the_one_before(world, settle, hostile):
    enter(settle(), shown(hostile, world))
    with hostile_provider() as other:
        provider = settle(issuer=other.issuer, client_secret="")
    assert provider.client_secret == ""
    assert not Identity.select().exists(), "who was linked to the old issuer is nobody to the new one"


def test_a_provider_that_does_not_answer_is_not_kept(world, settle, hostile):
    hostile.answers["/.well-known/openid-configuration"] = lambda request: request.send(500, b"")
    with pytest.raises(Refusal, match="does not answer") as refused:
        settle()
    assert refused.value.field == "issuer"
    assert not IdentityProvider.select().exists() and not EmailDomain.select().exists()


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("gmail.com", "Anybody can have an address at gmail.com"),
        ("GMAIL.com", "Anybody"),
        ("mail.yahoo.com", "Anybody"),
        ("lakeshore.example outlook.com", "Anybody can have an address at outlook.com"),
        ("com", "is not a domain"),
        ("no domain", "is not a domain"),
        ("*.lakeshore.example", "is not a domain"),
        ("a@lakeshore.example", "is not a domain"),
        ("lake\x00shore.example", "is not a domain"),
        ("localhost", "is not a domain"),
        ("10.0.0.1", "is not a domain"),
        ("  ,  ", "Enter at least one"),
        (" ".join(f"a{n}.lakeshore.example" for n in range(51)), "at most 50"),
    ],
)
def test_what_cannot_be_an_organisations_domain_is_refused(settle, typed, sentence):
    with pytest.raises(Refusal, match=sentence) as refused:
        settle(domains=typed)
    assert refused.value.field == "domains"
    assert not IdentityProvider.select().exists()


def test_nobody_locks_the_managers_out(world, settle):
    with pytest.raises(Refusal, match="A manager works there"):
        settle(world.coordinator.organisation, is_only_way=True, domains="impartial.example")
    assert settle(world.coordinator.organisation, domains="impartial.example").is_only_way is False


@ON_BOTH
def test_a_domain_belongs_to_one_organisation(world, settle, backend):
    settle()
    with pytest.raises(Refusal, match="belongs to another organization already"):
        settle(world.stranger_referrer.organisation, domains="brightwater.example lakeshore.example")
    assert sign_on_of(world.stranger_referrer.organisation) is None
    assert domains_of(world.stranger_referrer.organisation) == []
    assert domains_of(world.referrer.organisation) == ["lakeshore.example"]


def test_the_list_of_public_domains_is_tidy():
    names = public_mail()
    assert len(names) > 50 and list(names) == sorted(set(names))
    assert all(name == name.lower() and "." in name for name in names)


@ON_BOTH
def test_the_same_subject_of_two_issuers_is_two_people(world, settle, hostile, backend):
    provider = settle()
    assert enter(provider, shown(hostile, world)) == world.referrer
    with pytest.raises(NoEntry, match="unknown"):
        enter(provider, shown(hostile, world, issuer="https://other.example", email="x@lakeshore.example"))


def test_a_link_is_not_shared_between_two_organisations_at_one_issuer(world, settle, hostile):
    """One issuer for many customers: the other organisation's provider shows a subject of ours."""
    enter(settle(), shown(hostile, world))
    other = settle(world.stranger_referrer.organisation, domains="brightwater.example")
    with pytest.raises(NoEntry, match="foreign"):
        enter(other, shown(hostile, world))


@pytest.mark.parametrize(
    "email", ["\u212aim@lakeshore.example", "morgan.reyes@lakeshore\uff0eexample", "", "@", "x"]
)
def test_an_address_that_only_looks_like_ours_links_nobody(world, settle, hostile, email):
    with pytest.raises(NoEntry):
        enter(settle(), shown(hostile, world, email=email))
    assert not Identity.select().exists()


def test_whoever_got_another_account_at_work_is_let_in_again_by_a_manager(world, settle, hostile):
    provider = settle()
    enter(provider, shown(hostile, world))
    with pytest.raises(NoEntry, match="linked"):
        enter(provider, shown(hostile, world, subject="morgan-2"))
    unlink(Identity.get())
    assert enter(provider, shown(hostile, world, subject="morgan-2")) == world.referrer


@ON_BOTH
def test_two_first_sign_ins_at_once_link_one_of_them(world, settle, hostile, backend):
    from concurrent.futures import ThreadPoolExecutor

    from portal.db import database

    provider = settle()
    people = [shown(hostile, world, subject=f"morgan-{number}") for number in range(6)]

    def come_in(who):
        try:
            return enter(provider, who)
        except NoEntry as refusal:
            return str(refusal)
        finally:
            database.close()

    with ThreadPoolExecutor(6) as pool:
        ends = list(pool.map(come_in, people))
    assert ends.count("linked") == 5
    assert Identity.select().count() == 1


@ON_BOTH
def test_a_manager_who_points_an_organisation_at_a_provider_is_seen_by_the_others(world, settle, backend):
    User.update(is_manager=True).where(User.id == world.second_coordinator.id).execute()
    provider = settle()
    remove_sign_on(provider, by=world.coordinator)
    told = [
        (notice.email, notice.facts["what"], notice.facts["organisation"])
        for notice in AccountNotice.select().where(AccountNotice.kind == AccountMail.RIGHTS_CHANGED)
    ]
    name = world.referrer.organisation.name
    assert told == [
        (world.second_coordinator.email, "sign_on_set", name),
        (world.second_coordinator.email, "sign_on_removed", name),
    ]


def test_nobody_but_a_manager_of_this_moment_sets_up_a_sign_on(world, settle):
    with pytest.raises(NotAllowed):
        settle(by=world.second_coordinator)
    assert not IdentityProvider.select().exists() and not AccountNotice.select().exists()
