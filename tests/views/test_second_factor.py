"""Nobody comes in by a password alone; each factor is shown once, to this portal, and guesses are few."""

from datetime import timedelta

import pytest
from argon2 import PasswordHasher

from portal import audit, clock
from portal.audit import Actor
from portal.demo import PASSWORD
from portal.ime import account
from portal.ime.alerts import MOST_REFUSALS
from portal.ime.authenticator import USED_CODE, WRONG_CODE, use_code
from portal.ime.factors import FEW_GUESSES, remove_factors, show_code
from portal.ime.process import Refusal
from portal.ime.recovery import make_recovery_codes, use_recovery_code
from portal.ime.tries import FACTOR_STOPPED, TOO_OFTEN, TRIES_AT_ACCOUNT, TRIES_IN_A_ROW, of_factor
from portal.models import (
    AccountNotice,
    Alert,
    AuditRecord,
    Authenticator,
    Organisation,
    Passkey,
    RecoveryCode,
    Session,
    SignInFailure,
    User,
)
from portal.web import session
from portal.words import AccountMail, Act, AlertKind, Ending, FactorPolicy, Stage
from tests.databases import ON_BOTH, at_once
from tests.passkey_device import PRESENT, Device
from tests.policy.matrix import address, routes, stage_for
from tests.second_factor import App

ONE_MORE = "One more step to sign in"


def shows_password(person, user, at="/sign-in"):
    return person.opens(at).presses("Sign in", email=user.email, password=PASSWORD)


def shows_code(person, code):
    return person.presses("Continue with the code", code=code)


def is_in(person):
    return person.opens("/account").heading == "Your account"


def answers_passkey(person, device, path, make):
    """What the script does: the browser's answer goes with the form."""
    form = person.tree.xpath("//form[@data-passkey]")[0]
    answer = (device.makes if make else device.shows)(form.get("data-options"))
    data = {"csrf_token": form.xpath(".//input[@name='csrf_token']")[0].get("value"), "answer": answer}
    return person.reads(person.client.post(path, data=data, follow_redirects=True))


def has_passkey(app_visitor, user):
    """A device whose passkey is the person's, added through the pages."""
    device = Device()
    person = app_visitor(user).opens("/account/second-factor")
    answers_passkey(person, device, "/account/passkeys", make=True)
    assert Passkey.select().where(Passkey.user == user).exists(), person.text
    return device


def shows_passkey(person, device):
    return answers_passkey(person, device, "/sign-in/second-factor/passkey", make=False)


# --- half signed in


def test_with_a_password_alone_every_route_answers_as_to_a_stranger(app, visitor, world, case_at):
    App(world.coordinator)
    half, stranger = shows_password(visitor(), world.coordinator), visitor()
    own = ("second_factor.", "factors.", "account.sign_in", "account.sign_out")
    asked = 0
    for rule, method in routes(app):
        if method != "GET" or rule.endpoint.startswith(own):
            continue
        path = address(app, rule, case_at(stage_for(app.view_functions[rule.endpoint].access)))
        answers = [person.client.get(path) for person in (half, stranger)]
        assert len({each.status_code for each in answers}) == 1, path
        if answers[1].headers.get("Location", "").startswith("/sign-in?"):
            assert answers[0].headers["Location"].startswith("/sign-in/second-factor?next="), path
            asked += 1
        assert "Delgado" not in answers[0].text, path
    assert asked > 40


def test_what_is_sent_by_somebody_half_signed_in_writes_nothing(app, visitor, world, case_at):
    App(world.coordinator)
    half = shows_password(visitor(), world.coordinator)
    case = case_at(Stage.MATCHING)
    answer = half.client.post(
        f"/cases/{case.reference}/messages/new",
        data={"csrf_token": half.typed("csrf_token"), "text": "From nobody"},
    )
    assert answer.status_code in (401, 404)
    assert "From nobody" not in {message.text for message in case.messages}


def test_a_half_session_lasts_ten_minutes(visitor, world):
    App(world.coordinator)
    began = clock.now()
    with clock.set_to(began):
        person = shows_password(visitor(), world.coordinator)
    with clock.set_to(began + timedelta(minutes=9)):
        assert person.opens("/sign-in/second-factor").heading == ONE_MORE
    with clock.set_to(began + timedelta(minutes=10)):
        assert person.opens("/sign-in/second-factor").heading == "Sign in"


def test_each_step_has_a_token_of_its_own_and_the_earlier_ones_open_nothing(visitor, world):
    app, person = App(world.coordinator), visitor()
    cookies = []
    for step in (
        lambda: shows_password(person, world.coordinator),
        lambda: shows_code(person, app.code()),
        lambda: shows_code(person.opens("/sign-in/second-factor"), app.code(1)),
    ):
        step()
        cookies.append(person.client.get_cookie("impartial").value)
    assert is_in(person)
    for kept in cookies:
        other = visitor()
        other.client.set_cookie("impartial", kept)
        assert is_in(other) == (kept == cookies[-1])
    assert len(set(cookies)) == 3


def test_a_cookie_of_the_half_session_does_not_become_a_whole_one(visitor, world):
    app, person = App(world.coordinator), visitor()
    shows_password(person, world.coordinator)
    half = person.client.get_cookie("impartial").value
    shows_code(person, app.code())
    thief = visitor()
    thief.client.set_cookie("impartial", half)
    assert thief.opens("/account").heading == "Sign in"


def test_somebody_half_signed_in_can_turn_back(visitor, world):
    App(world.coordinator)
    person = shows_password(visitor(), world.coordinator).presses("Sign in as somebody else")
    assert person.heading == "Sign in"
    assert Session.select().where(Session.ended_at.is_null()).count() == 0


def test_the_sign_in_page_leads_somebody_half_signed_in_on(visitor, world):
    App(world.coordinator)
    person = shows_password(visitor(), world.coordinator)
    assert person.opens("/sign-in?next=/cases").heading == ONE_MORE
    assert person.typed("next") == "/cases"


# --- a code of the app


def test_a_code_opens_the_door_once(visitor, world):
    app = App(world.coordinator)
    code = app.code()
    assert is_in(shows_code(shows_password(visitor(), world.coordinator), code))
    second = shows_code(shows_password(visitor(), world.coordinator), code)
    assert (second.status, second.sees(USED_CODE)) == (422, True)
    assert not is_in(second)


@pytest.mark.parametrize("again", ["{} {}", " {}{} ", "{}\u00a0{}"])
def test_a_used_code_is_used_however_it_is_typed(world, again):
    app = App(world.coordinator)
    code = app.code()
    use_code(world.coordinator, again.format(code[:3], code[3:]))
    with pytest.raises(Refusal, match="used already"):
        use_code(world.coordinator, again.format(code[:3], code[3:]))


def test_a_used_code_stays_used_after_a_failure_in_between(world):
    app = App(world.coordinator)
    code = app.code()
    use_code(world.coordinator, code)
    with pytest.raises(Refusal, match="not right"):
        use_code(world.coordinator, "000000" if code != "000000" else "000001")
    with pytest.raises(Refusal, match="used already"):
        use_code(world.coordinator, code)


@pytest.mark.parametrize(("steps", "opens"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_telephones_clock_may_be_half_a_minute_off(world, steps, opens):
    code = App(world.coordinator).code(steps)
    if opens:
        use_code(world.coordinator, code)
    else:
        with pytest.raises(Refusal):
            use_code(world.coordinator, code)


def test_after_a_later_code_no_earlier_one_opens(world):
    app = App(world.coordinator)
    use_code(world.coordinator, app.code(1))
    for steps in (-1, 0, 1):
        with pytest.raises(Refusal):
            use_code(world.coordinator, app.code(steps))


@pytest.mark.parametrize(
    "code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "１２３４５６", "\x00" * 6, "' OR 1=1"]
)
def test_what_is_no_code_is_refused(world, code):
    App(world.coordinator)
    with pytest.raises(Refusal):
        use_code(world.coordinator, code)


def test_a_code_of_somebody_elses_app_opens_nothing(world):
    App(world.coordinator)
    with pytest.raises(Refusal):
        use_code(world.coordinator, App(world.expert).code())


@ON_BOTH
def test_of_two_who_show_one_code_at_once_one_comes_in(world, backend):
    code = App(world.coordinator).code()
    assert at_once(lambda: use_code(world.coordinator, code), times=4) == 1


@ON_BOTH
def test_of_two_who_show_one_recovery_code_at_once_one_comes_in(world, backend):
    code = make_recovery_codes(world.coordinator)[0]
    assert at_once(lambda: use_recovery_code(world.coordinator, code), times=4) == 1


# --- guessing


def test_the_sixth_guess_within_a_minute_is_not_looked_at_even_if_it_is_right(visitor, world):
    app = App(world.coordinator)
    person = shows_password(visitor(), world.coordinator)
    for _ in range(TRIES_AT_ACCOUNT):
        assert shows_code(person, "000000").sees(WRONG_CODE)
    assert shows_code(person, app.code()).sees(TOO_OFTEN)
    with clock.set_to(clock.now() + timedelta(seconds=61)):
        assert is_in(shows_code(person, app.code()))


def test_guesses_at_one_persons_factor_keep_nobody_else_out(visitor, world):
    App(world.coordinator)
    other = App(world.expert)
    guesser = shows_password(visitor(), world.coordinator)
    for _ in range(TRIES_AT_ACCOUNT + 1):
        shows_code(guesser, "000000")
    assert guesser.sees(TOO_OFTEN)
    assert is_in(shows_code(shows_password(visitor(), world.expert), other.code()))


def test_codes_and_recovery_codes_are_counted_together(visitor, world):
    App(world.coordinator)
    make_recovery_codes(world.coordinator)
    person = shows_password(visitor(), world.coordinator)
    for _ in range(TRIES_AT_ACCOUNT):
        shows_code(person, "000000")
    person.follows("Use a recovery code").presses("Continue with this code", code="aaaa-aaaa-aaaa-aaaa")
    assert person.sees(TOO_OFTEN)


@ON_BOTH
def test_after_fifty_guesses_in_a_row_no_code_opens_until_a_reset_however_long_one_waits(world, backend):
    app = App(world.coordinator)
    for number in range(TRIES_IN_A_ROW):
        with clock.set_to(clock.now() + timedelta(minutes=number)), pytest.raises(Refusal):
            show_code(world.coordinator, "000000")
    later = clock.now() + timedelta(days=400)
    with clock.set_to(later), pytest.raises(Refusal) as refused:
        show_code(world.coordinator, app.code())
    assert refused.value.sentence == FACTOR_STOPPED
    remove_factors(world.coordinator)
    again = App(world.coordinator)
    show_code(world.coordinator, again.code())


def test_after_fifty_guesses_a_passkey_that_is_shown_lets_the_app_work_again(visitor, world):
    device, app = has_passkey(visitor, world.coordinator), App(world.coordinator)
    for number in range(TRIES_IN_A_ROW):
        with clock.set_to(clock.now() + timedelta(minutes=2 * number - 200)), pytest.raises(Refusal):
            show_code(world.coordinator, "000000")
    person = shows_code(shows_password(visitor(), world.coordinator), app.code())
    assert person.sees(FACTOR_STOPPED)
    assert is_in(shows_passkey(person, device))
    assert is_in(shows_code(shows_password(visitor(), world.coordinator), app.code()))


def guesses(user, times, apart):
    """So many wrong codes after the right password, so far apart."""
    began = clock.now()
    with audit.acting(Actor(user=user.id)):
        for number in range(times):
            with clock.set_to(began + number * apart), pytest.raises(Refusal):
                show_code(user, "000000")
    return began + times * apart


def told_of_guesses(user):
    kind = AccountMail.FACTOR_GUESSED
    return AccountNotice.select().where(AccountNotice.user == user, AccountNotice.kind == kind).count()


@ON_BOTH
@pytest.mark.parametrize("apart", [timedelta(0), timedelta(seconds=20), timedelta(minutes=9)])
def test_guesses_after_the_right_password_are_told_to_their_owner_and_the_managers(world, backend, apart):
    """Sixty wrong codes raised no alert and no mail: whoever guesses sees a page each time, and that is no refusal."""
    App(world.expert)
    later = guesses(world.expert, MOST_REFUSALS + 1, apart)
    assert told_of_guesses(world.expert) == 1
    alert = Alert.get()
    assert (alert.kind, alert.user) == (AlertKind.REPEATED_REFUSALS, world.expert)
    assert alert.facts["count"] == MOST_REFUSALS + 1
    with clock.set_to(later + timedelta(hours=5)):
        guesses(world.expert, 1, apart)
    assert told_of_guesses(world.expert) == 2


def test_a_few_slips_are_told_to_nobody(world):
    app = App(world.expert)
    for _ in range(5):
        guesses(world.expert, FEW_GUESSES - 1, timedelta(0))
        show_code(world.expert, app.code())
        Authenticator.update(last_step=0).execute()
    assert not told_of_guesses(world.expert) and not Alert.select().exists()


def test_a_success_starts_the_count_anew(world):
    app = App(world.coordinator)
    for _ in range(3):
        with pytest.raises(Refusal):
            show_code(world.coordinator, "000000")
    show_code(world.coordinator, app.code())
    assert not SignInFailure.select().where(SignInFailure.account == of_factor(world.coordinator)).exists()


def test_many_guesses_at_once_are_no_way_around_the_limit(world, monkeypatch):
    from portal.ime import factors

    App(world.coordinator)
    looked_at = []

    def looks(user, code):
        looked_at.append(code)
        raise Refusal(WRONG_CODE)

    monkeypatch.setattr(factors, "use_code", looks)
    assert at_once(lambda: show_code(world.coordinator, "000000"), times=12) == 0
    assert len(looked_at) <= TRIES_AT_ACCOUNT


def test_every_sign_in_and_every_failure_is_on_record(visitor, world):
    app = App(world.coordinator)
    person = visitor().opens("/sign-in").presses("Sign in", email=world.coordinator.email, password="wrong")
    person.presses("Sign in", password=PASSWORD)
    shows_code(person, "000000")
    shows_code(person, app.code())
    person.opens("/").presses("Sign out")
    kept = [
        (record.act, record.ending, record.facts.get("way"), record.facts.get("is_proved"))
        for record in AuditRecord.select().order_by(AuditRecord.id)
        if record.act in (Act.SIGNED_IN, Act.SIGNED_OUT) and record.thing in ("user", "session")
    ]
    assert kept == [
        (Act.SIGNED_IN, Ending.FAILED, "password", None),
        (Act.SIGNED_IN, Ending.DONE, None, False),
        (Act.SIGNED_IN, Ending.FAILED, "code", None),
        (Act.SIGNED_OUT, Ending.DONE, None, None),  # the half session, as the whole one begins
        (Act.SIGNED_IN, Ending.DONE, None, True),
        (Act.SIGNED_OUT, Ending.DONE, None, None),
    ]


# --- a stronger hash


def test_a_weaker_hash_is_made_stronger_only_once_the_second_factor_was_shown(visitor, world):
    weak = PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash(PASSWORD)
    User.update(password_hash=weak).where(User.id == world.coordinator.id).execute()
    app = App(world.coordinator)
    person = shows_password(visitor(), world.coordinator)
    assert User.get_by_id(world.coordinator.id).password_hash == weak
    shows_code(person, "000000")
    assert User.get_by_id(world.coordinator.id).password_hash == weak
    shows_code(person, app.code())
    kept = User.get_by_id(world.coordinator.id).password_hash
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert account.find_user(world.coordinator.email, PASSWORD)


# --- recovery codes


def test_a_recovery_code_opens_once_and_its_owner_is_told(visitor, world):
    App(world.coordinator)
    code = make_recovery_codes(world.coordinator)[3]
    AccountNotice.delete().execute()
    for typed, opens in ((code.upper().replace("-", " "), True), (code, False)):
        person = shows_password(visitor(), world.coordinator).follows("Use a recovery code")
        person.presses("Continue with this code", code=typed)
        assert is_in(person) == opens
    notice = AccountNotice.get()
    assert (notice.email, notice.facts) == (
        world.coordinator.email,
        {"what": "recovery_code_used", "left": 9},
    )


def test_recovery_codes_are_kept_as_hashes_and_new_ones_end_the_old(world):
    old = make_recovery_codes(world.coordinator)
    assert len(set(old)) == 10
    new = make_recovery_codes(world.coordinator)
    rows = [row.code_hash for row in RecoveryCode.select()]
    assert len(rows) == 10 and not any(code.replace("-", "") in "".join(rows) for code in old + new)
    with pytest.raises(Refusal, match="none of your recovery codes"):
        use_recovery_code(world.coordinator, old[0])
    use_recovery_code(world.coordinator, new[0])


def test_a_recovery_code_is_its_owners_alone(world):
    code = make_recovery_codes(world.expert)[0]
    with pytest.raises(Refusal):
        use_recovery_code(world.coordinator, code)


# --- passkeys


def test_a_passkey_signs_in(visitor, world):
    device = has_passkey(visitor, world.coordinator)
    person = shows_password(visitor(), world.coordinator, at="/sign-in?next=/cases")
    assert person.heading == ONE_MORE
    assert is_in(shows_passkey(person, device))
    assert Passkey.get().used_at and Passkey.get().sign_count == 1


@pytest.mark.parametrize(
    "cheat",
    [
        lambda device: setattr(device, "origin", "http://evil.example"),
        lambda device: setattr(device, "host", "evil.example"),
        lambda device: setattr(device, "flags", PRESENT),  # the person did not unlock it
        lambda device: setattr(device, "key", Device().key),
        lambda device: setattr(device, "id", Device().id),
        lambda device: setattr(device, "count", -1),
    ],
    ids=[
        "another origin",
        "another host",
        "not unlocked",
        "another key",
        "another passkey",
        "counts backward",
    ],
)
def test_a_passkey_that_proves_something_else_is_refused(visitor, world, cheat):
    device = has_passkey(visitor, world.coordinator)
    Passkey.update(sign_count=1).execute()
    device.count = 1
    person = shows_password(visitor(), world.coordinator)
    cheat(device)
    shows_passkey(person, device)
    assert (person.status, person.sees("That passkey could not be checked.")) == (422, True)
    kept = AuditRecord.get(AuditRecord.act == Act.SIGNED_IN, AuditRecord.ending == Ending.FAILED)
    assert (kept.number, kept.facts) == (world.coordinator.id, {"way": "passkey"})
    assert not is_in(person)


def test_an_answer_serves_once_and_only_the_page_it_was_made_for(visitor, world):
    device = has_passkey(visitor, world.coordinator)
    person = shows_password(visitor(), world.coordinator)
    old = person.tree.xpath("//form[@data-passkey]")[0].get("data-options")
    person.opens("/sign-in/second-factor")  # a new challenge
    token = person.typed("csrf_token")
    data = {"csrf_token": token, "answer": device.shows(old)}
    for _ in range(2):
        answer = person.client.post("/sign-in/second-factor/passkey", data=data)
        assert answer.status_code == 422
    assert not is_in(person)


def test_a_saved_answer_with_a_saved_cookie_opens_nothing_again(visitor, world):
    device = has_passkey(visitor, world.coordinator)
    person = shows_password(visitor(), world.coordinator)
    kept = person.client.get_cookie("impartial").value
    form = person.tree.xpath("//form[@data-passkey]")[0]
    data = {"csrf_token": person.typed("csrf_token"), "answer": device.shows(form.get("data-options"))}
    assert person.client.post("/sign-in/second-factor/passkey", data=data).status_code == 303
    thief = visitor()
    thief.client.set_cookie("impartial", kept)
    thief.client.post("/sign-in/second-factor/passkey", data=data)
    assert not is_in(thief)


def test_a_challenge_is_answered_within_five_minutes(visitor, world):
    device = has_passkey(visitor, world.coordinator)
    person = shows_password(visitor(), world.coordinator)
    with clock.set_to(clock.now() + timedelta(minutes=6)):
        shows_passkey(person, device)
        assert person.sees("That took too long")


@pytest.mark.parametrize(
    "answer",
    ["", "null", "[]", "{}", '{"id": 1}', '{"id":"a","rawId":"a","response":{},"type":"public-key"}', "x" * 19_000,
     '{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"AA","authenticatorData":"AA","signature":"AA"}}',
     '{"id":"ä","rawId":"\\ud800","type":"public-key","response":{"clientDataJSON":1,"authenticatorData":[],"signature":{}}}'],
)  # fmt: skip
def test_an_answer_that_is_none_is_refused_with_a_page(visitor, world, answer):
    has_passkey(visitor, world.coordinator)
    person = shows_password(visitor(), world.coordinator)
    for path in ("/sign-in/second-factor/passkey",):
        data = {"csrf_token": person.typed("csrf_token"), "answer": answer}
        assert person.client.post(path, data=data).status_code == 422
    signed_in = visitor(world.expert).opens("/account/second-factor")
    data = {"csrf_token": signed_in.typed("csrf_token"), "answer": answer}
    assert signed_in.client.post("/account/passkeys", data=data).status_code == 422
    assert Passkey.select().count() == 1


def test_a_passkey_belongs_to_one_person(visitor, world):
    device = has_passkey(visitor, world.coordinator)
    other = visitor(world.expert).opens("/account/second-factor")
    answers_passkey(other, device, "/account/passkeys", make=True)
    assert other.status == 422 and Passkey.select().count() == 1
    App(world.expert)
    Passkey.create(user=world.expert, name="x", credential_id=b"x", public_key=b"x")
    person = shows_password(visitor(), world.expert)
    shows_passkey(person, device)
    assert not is_in(person)


# --- what the organization asks


def asks_for_passkeys(user):
    Organisation.update(factors=FactorPolicy.PASSKEY).where(Organisation.id == user.organisation_id).execute()


def test_where_passkeys_are_asked_for_a_code_only_leads_to_adding_one(visitor, world):
    app = App(world.coordinator)
    asks_for_passkeys(world.coordinator)
    person = shows_code(shows_password(visitor(), world.coordinator), app.code())
    assert person.heading == "Add a second factor"
    assert "Set up an app" not in person.buttons
    assert not is_in(person)
    device = Device()
    person.opens("/account/second-factor")
    answers_passkey(person, device, "/account/passkeys", make=True)
    assert person.heading == "Keep your recovery codes"
    assert is_in(person)
    again = shows_password(visitor(), world.coordinator)
    assert "Continue with the code" not in again.buttons
    data = {"csrf_token": again.typed("csrf_token"), "code": app.code(1)}
    assert again.client.post("/sign-in/second-factor", data=data).status_code == 422


def test_where_passkeys_are_asked_for_nobody_adds_one_by_password_alone_past_an_app(visitor, world):
    App(world.coordinator)
    asks_for_passkeys(world.coordinator)
    thief = shows_password(visitor(), world.coordinator)
    assert thief.opens("/account/second-factor").heading == ONE_MORE
    assert thief.client.get("/account/authenticator").status_code == 303


def test_where_passkeys_are_asked_for_a_recovery_code_only_leads_to_adding_one(visitor, world):
    """It opened everything, ten times over, and new ones could be made each time."""
    has_passkey(visitor, world.coordinator)
    first, second, *_ = make_recovery_codes(world.coordinator)
    asks_for_passkeys(world.coordinator)
    person = shows_password(visitor(), world.coordinator).follows("Use a recovery code")
    person.presses("Continue with this code", code=first)
    assert (person.heading, is_in(person)) == ("Add another way to sign in", False)
    person.opens("/account/second-factor")
    answers_passkey(person, Device(), "/account/passkeys", make=True)
    assert is_in(person)
    with clock.set_to(clock.now() + timedelta(minutes=11)):
        person.opens("/sign-in/second-factor/recovery-code").presses("Continue with this code", code=second)
        assert (person.status, person.sees("sign out and in again")) == (422, True)
        assert not is_spent(world.coordinator, second)


def is_spent(user, code):
    try:
        use_recovery_code(user, code)
    except Refusal:
        return True
    return False


def test_where_passkeys_are_asked_for_nobody_adds_an_app_instead(visitor, world):
    app = App(world.coordinator)
    asks_for_passkeys(world.coordinator)
    person = shows_code(shows_password(visitor(), world.coordinator), app.code())
    data = {"csrf_token": person.typed("csrf_token"), "code": "000000"}
    for path in ("/account/authenticator/beginning", "/account/authenticator"):
        assert person.client.post(path, data=data).status_code == 404
    assert Authenticator.select().where(Authenticator.user == world.coordinator).count() == 1


# --- the first factor


def test_who_has_no_factor_adds_one_and_is_shown_recovery_codes_once(visitor, world):
    person = shows_password(visitor(), world.coordinator, at="/sign-in?next=/cases")
    assert person.heading == "Add a second factor"
    person.presses("Set up an app")
    assert person.tree.xpath("//img[starts-with(@src, 'data:image/svg+xml')]")
    secret = person.tree.xpath("//code")[0].text_content().replace(" ", "")
    assert not person.sees("Your account")
    assert person.presses("Set up the app", code="000000").sees(WRONG_CODE)
    person.presses("Set up the app", code=code_of(secret))
    assert person.heading == "Keep your recovery codes"
    codes = [each.text_content() for each in person.tree.xpath("//ul[@class='codes']//code")]
    assert len(codes) == 10
    assert person.follows("I have kept the codes").response.request.path == "/cases"
    assert not any(code in person.opens("/account").text for code in codes)
    assert person.sees("10 codes left")
    assert Authenticator.get().confirmed_at


def code_of(secret):
    import pyotp

    app = pyotp.TOTP(secret)
    return app.generate_otp(app.timecode(clock.now()))


def test_the_code_that_set_up_the_app_does_not_sign_in_as_well(visitor, world):
    person = shows_password(visitor(), world.coordinator).presses("Set up an app")
    code = code_of(person.tree.xpath("//code")[0].text_content().replace(" ", ""))
    person.presses("Set up the app", code=code)
    assert shows_code(shows_password(visitor(), world.coordinator), code).sees(USED_CODE)


def test_a_secret_that_was_begun_counts_for_nothing_until_it_is_confirmed_and_not_for_long(visitor, world):
    person = shows_password(visitor(), world.coordinator).presses("Set up an app")
    secret = person.tree.xpath("//code")[0].text_content().replace(" ", "")
    assert shows_password(visitor(), world.coordinator).heading == "Add a second factor"
    with clock.set_to(clock.now() + timedelta(minutes=31)):
        late = shows_password(visitor(), world.coordinator).opens("/account/authenticator")
        assert late.heading == "Add a second factor"
        assert secret not in late.text


def test_who_has_a_factor_cannot_add_another_by_password_alone(visitor, world):
    App(world.coordinator)
    thief = shows_password(visitor(), world.coordinator)
    token = thief.typed("csrf_token")
    for path in ("/account/second-factor", "/account/authenticator"):
        assert thief.opens(path).heading == ONE_MORE
    for path in ("/account/authenticator/beginning", "/account/authenticator", "/account/passkeys"):
        answer = thief.client.post(path, data={"csrf_token": token})
        assert answer.headers["Location"].startswith("/sign-in/second-factor"), path
    assert Authenticator.select().where(Authenticator.user == world.coordinator).count() == 1


def test_session_begin_keeps_its_default_for_doors_that_have_shown_enough(app, world):
    with app.test_request_context():
        app.preprocess_request()
        session.begin(world.coordinator)
        assert session.is_fresh() and session.is_proved()
