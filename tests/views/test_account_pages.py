"""What people change about their own account: only after a factor shown just now, and never without being told."""

import threading
from datetime import timedelta

import pytest

from portal import clock, db
from portal.demo import PASSWORD
from portal.ime.account import find_user
from portal.ime.authenticator import being_set_up
from portal.ime.factors import LAST, remove_passkey
from portal.ime.process import Refusal
from portal.ime.recovery import make_recovery_codes
from portal.models import AccountNotice, AuditRecord, Authenticator, Passkey, Session, User
from portal.web.routing import Access
from portal.words import AccountMail, Act, Role
from tests.databases import ON_BOTH
from tests.second_factor import App

NEW = "lamp quarry violin moss"
DANGEROUS = [
    "/account/password",
    "/account/email",
    "/account/recovery-codes",
    "/account/second-factor",
    "/account/authenticator",
]
ASKS = "Show that it is you"


def passkey(user, number=1):
    return Passkey.create(user=user, name="Key", credential_id=bytes([number]), public_key=b"x")


def later(minutes=11):
    return clock.set_to(clock.now() + timedelta(minutes=minutes))


def told(user):
    rows = AccountNotice.select().where(AccountNotice.user == user).order_by(AccountNotice.id)
    return [(row.kind, row.email, row.facts.get("what")) for row in rows]


# --- fresh proof


@pytest.mark.parametrize("path", DANGEROUS)
def test_ten_minutes_after_the_factor_it_is_asked_for_once_more_and_the_person_comes_back(
    visitor, world, path
):
    app, person = App(world.expert), visitor(world.expert)
    person.opens(path)
    assert person.heading != ASKS
    with later():
        assert person.opens(path).heading == ASKS
        person.presses("Continue with the code", code=app.code())
        came_to = "/account/second-factor" if path == "/account/authenticator" else path
        assert person.response.request.path == came_to


@pytest.mark.parametrize(
    "path",
    [
        "/account/password",
        "/account/email",
        "/account/recovery-codes",
        "/account/passkeys",
        "/account/authenticator",
        "/account/authenticator/beginning",
        "/account/authenticator/removal",
        "/account/passkeys/1/removal",
    ],
)
def test_nothing_is_changed_by_a_session_whose_factor_was_shown_long_ago(visitor, world, path):
    App(world.expert)
    passkey(world.expert)
    before = (User.get_by_id(world.expert.id).password_hash, Authenticator.get().id, Passkey.select().count())
    person = visitor(world.expert).opens("/account")
    data = {
        "csrf_token": person.typed("csrf_token"),
        "present": PASSWORD,
        "password": NEW,
        "email": "a@b.example",
    }
    with later():
        answer = person.client.post(path, data=data)
        assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (
            303,
            "/sign-in/second-factor",
        )
    after = (User.get_by_id(world.expert.id).password_hash, Authenticator.get().id, Passkey.select().count())
    assert before == after
    assert told(world.expert) == [] and being_set_up(world.expert) is None


def test_a_wrong_code_does_not_count_as_shown(visitor, world):
    App(world.expert)
    person = visitor(world.expert)
    with later():
        person.opens("/account/password").presses("Continue with the code", code="000000")
        assert person.status == 422
        assert person.opens("/account/password").heading == ASKS


def test_who_has_no_factor_here_signs_in_again(visitor, world):
    person = visitor(world.expert)
    with later():
        assert person.opens("/account/password").heading == "Sign in again for this"
        assert person.presses("Sign out and sign in again").heading == "Sign in"


def test_what_asks_for_a_fresh_factor_says_so_as_data(app):
    asking = {
        name
        for name, view in app.view_functions.items()
        if isinstance(getattr(view, "access", None), Access) and view.access.is_fresh
    }
    assert {
        "password.change",
        "email_change.ask",
        "factors.add",
        "factors.remove",
        "factors.remove_app",
        "factors.make_codes",
        "factors.begin_app",
        "factors.confirm_app",
    } <= asking
    assert app.view_functions["instructions.letter"].access == Access(
        "signed_in", roles=(Role.CLAIMANT,), is_proved=True
    )


# --- the password


def test_a_changed_password_counts_at_once_and_ends_every_other_session(visitor, world):
    elsewhere, here = visitor(world.expert), visitor(world.expert)
    kept = here.client.get_cookie("impartial").value
    here.opens("/account").follows("Change Password")
    here.presses("Change the password", present=PASSWORD, password=NEW)
    assert here.sees("Your password is changed, and you are signed out everywhere else.")
    assert find_user(world.expert.email, NEW) and not find_user(world.expert.email, PASSWORD)
    assert elsewhere.opens("/account").heading == "Sign in"
    assert here.opens("/account").heading == "Your account"
    copied = visitor()
    copied.client.set_cookie("impartial", kept)
    assert copied.opens("/account").heading == "Sign in"
    assert told(world.expert) == [(AccountMail.PASSWORD_CHANGED, world.expert.email, "password_changed")]


@pytest.mark.parametrize(
    ("present", "password", "sentence"),
    [
        ("wrong", NEW, "This is not your present password."),
        (PASSWORD, "too short", "Choose a password of 15 characters or more."),
        (PASSWORD, "x" * 129, "Shorten this to 128 characters or fewer"),
        (PASSWORD, "passwordpassword", "among those that are tried first"),
        (PASSWORD, "Adaeze Okafor 2026", "made of your name"),
    ],
)
def test_a_password_that_will_not_do_is_refused_with_the_reason(visitor, world, present, password, sentence):
    here = visitor(world.expert).opens("/account/password")
    here.presses("Change the password", present=present, password=password)
    assert here.status == 422 and sentence.split(" characters")[0] in here.text, here.text
    assert password not in here.response.text
    assert find_user(world.expert.email, PASSWORD)


def test_a_password_is_pasted_and_kept_by_a_password_manager(visitor, world):
    here = visitor(world.expert).opens("/account/password")
    present, new = (here.tree.xpath(f"//input[@name='{name}']")[0].attrib for name in ("present", "password"))
    assert (present["autocomplete"], new["autocomplete"]) == ("current-password", "new-password")
    assert not {"onpaste", "maxlength", "pattern", "readonly"} & {*present, *new}


# --- factors


def test_a_second_passkey_or_an_app_is_added_and_given_up_and_each_time_the_person_is_told(visitor, world):
    passkey(world.expert)
    make_recovery_codes(world.expert)
    AccountNotice.delete().execute()
    here = visitor(world.expert).opens("/account").follows("Add another way to sign in")
    here.presses("Set up an app")
    secret = here.tree.xpath("//code")[0].text_content().replace(" ", "")
    app = App.__new__(App)
    app.secret = secret
    here.presses("Set up the app", code=app.code())
    assert here.sees("Your authenticator app is set up.")
    here.presses("Remove this passkey")
    assert here.sees("The passkey is removed.") and not Passkey.select().exists()
    assert "Remove the app" not in here.buttons
    assert [what for _, _, what in told(world.expert)] == ["authenticator_added", "passkey_removed"]
    kept = [row.facts["what"] for row in AuditRecord.select().where(AuditRecord.act == Act.RIGHTS_CHANGED)]
    assert kept[-2:] == ["authenticator_added", "passkey_removed"]


def test_the_last_factor_stays(visitor, world):
    row = passkey(world.expert)
    with pytest.raises(Refusal, match="only second factor"):
        remove_passkey(world.expert, row.id)
    here = visitor(world.expert).opens("/account")
    answer = here.client.post(
        f"/account/passkeys/{row.id}/removal", data={"csrf_token": here.typed("csrf_token")}
    )
    assert answer.status_code == 303 and here.opens("/account").sees(LAST)
    assert Passkey.select().count() == 1


def test_nobody_removes_the_passkey_of_another(visitor, world):
    theirs = passkey(world.coordinator, 1), passkey(world.coordinator, 2)
    here = visitor(world.expert).opens("/account")
    for row in theirs:
        answer = here.client.post(
            f"/account/passkeys/{row.id}/removal", data={"csrf_token": here.typed("csrf_token")}
        )
        assert answer.status_code == 404
    assert Passkey.select().count() == 2


def test_a_new_app_takes_the_place_of_the_one_before(visitor, world):
    old = App(world.expert)
    make_recovery_codes(world.expert)
    here = visitor(world.expert).opens("/account/second-factor").presses("Set up an app")
    assert Authenticator.select().count() == 2
    new = App.__new__(App)
    new.secret = here.tree.xpath("//code")[0].text_content().replace(" ", "")
    here.presses("Set up the app", code=new.code())
    assert [row.secret for row in Authenticator.select()] == [new.secret] != [old.secret]


def test_new_recovery_codes_are_shown_once_and_never_again(visitor, world):
    here = visitor(world.expert).opens("/account/recovery-codes").presses("Make new recovery codes")
    codes = [each.text_content() for each in here.tree.xpath("//ul[@class='codes']//code")]
    assert len(set(codes)) == 10
    assert "no-store" in here.response.headers["Cache-Control"]
    assert not any(code in here.opens("/account/recovery-codes").text for code in codes)


def test_every_page_of_an_account_leads_to_where_one_is_signed_in(visitor, world):
    here = visitor(world.expert).opens("/account")
    here.follows("Where you are signed in")
    assert here.response.request.path == "/account/sessions"
    assert Session.select().count() == 1


@ON_BOTH
def test_of_two_factors_given_up_at_once_one_stays(world, backend):
    rows = [passkey(world.expert, number) for number in (1, 2)]
    begin = threading.Barrier(2)

    def gives_up(row):
        begin.wait()
        try:
            remove_passkey(world.expert, row.id)
        except Refusal:
            pass
        finally:
            db.database.close()

    threads = [threading.Thread(target=gives_up, args=(row,)) for row in rows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Passkey.select().where(Passkey.user == world.expert).count() == 1
