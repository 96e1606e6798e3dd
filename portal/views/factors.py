"""A person's own second factors: adding one, giving one up, and making recovery codes."""

from typing import Any

import segno
from flask import Blueprint, abort, g, redirect, request, url_for

from portal.forms.account import CodeForm, ConfirmForm, PasskeyForm
from portal.ime.authenticator import (
    address_of,
    begin_authenticator,
    being_set_up,
    confirm_authenticator,
)
from portal.ime.factors import factors_of, remove_authenticator, remove_passkey
from portal.ime.passkeys import add_passkey, registration_options
from portal.ime.recovery import codes_left, make_recovery_codes
from portal.models import User
from portal.web import passkey, session
from portal.web.page import done, page, take
from portal.web.routing import STAFF, enrolls, freshly, signed_in
from portal.web.target import own_page

bp = Blueprint("factors", __name__)


# --- adding one


@bp.route("/account/second-factor")
@enrolls
def choose(user: User) -> Any:
    return choice(user, PasskeyForm(data={"next": wanted()}))


@bp.route("/account/passkeys", methods=["POST"])
@enrolls
def add(user: User) -> Any:
    form = PasskeyForm()
    if form.validate_on_submit() and take(form, lambda: added(user, form.answer.data)):
        return enrolled(user, "Your passkey is added.", form.next.data)
    return choice(user, form)


@bp.route("/account/authenticator/beginning", methods=["POST"])
@enrolls
def begin_app(user: User) -> Any:
    refuse_where_not_accepted(user)
    begin_authenticator(user)
    return redirect(url_for("factors.confirm_app", next=own_page(request.form.get("next", "")) or None), 303)


@bp.route("/account/authenticator", methods=["GET", "POST"])
@enrolls
def confirm_app(user: User) -> Any:
    refuse_where_not_accepted(user)
    form = CodeForm(data={"next": wanted()})
    if form.validate_on_submit() and take(form, lambda: confirm_authenticator(user, form.code.data)):
        return enrolled(user, "Your authenticator app is set up.", form.next.data)
    begun = being_set_up(user)
    if begun is None:
        return redirect(url_for("factors.choose", next=form.next.data or None), 303)
    return page(
        "factors/authenticator.html",
        "factors/_authenticator_form.html",
        form=form,
        picture=picture_of(address_of(begun)),
        secret=in_groups(begun.secret),
    )


def refuse_where_not_accepted(user: User) -> None:
    """Nobody comes in by an app where their organisation asks for a passkey."""
    if not factors_of(user).accepts_app:
        abort(404)


def choice(user: User, form: PasskeyForm) -> Any:
    """The ways there are to add a factor, as far as the person's organisation accepts them."""
    factors = factors_of(user)
    return page(
        "factors/choose.html",
        form=form,
        options=registration_options(user, passkey.site(), passkey.challenge()),
        accepts_app=factors.accepts_app,
        has_app=factors.app is not None,
        is_first=not factors.is_enough,
    )


def added(user: User, answer: str) -> None:
    name = session.device_of(request.user_agent.string) or "Passkey"
    add_passkey(user, answer, site=passkey.site(), challenge=passkey.spend_challenge(), name=name)


def enrolled(user: User, sentence: str, target: str | None) -> Any:
    """Signed in by what was just added; who has no recovery codes yet is shown some, this once."""
    session.complete()
    onward = own_page(target or "") or url_for("desk.home")
    return done(sentence, onward) if codes_left(user) else shown_once(user, onward)


def picture_of(address: str) -> str:
    """The address as a picture for the app's camera: dark on white in any light."""
    return segno.make(address, error="m").svg_data_uri(dark="#000", light="#fff", scale=5)


def in_groups(secret: str) -> str:
    """The secret as people can type it, four letters at a time."""
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))


def wanted() -> str:
    return own_page(request.args.get("next", ""))


# --- giving one up


@bp.route("/account/passkeys/<number:passkey_id>/removal", methods=["POST"])
@signed_in(*STAFF)
@freshly
def remove(passkey_id: int) -> Any:
    form = ConfirmForm()
    found: list[bool] = []
    if take(form, lambda: found.append(remove_passkey(g.person, passkey_id))):
        if not found[0]:
            abort(404)
        session.renew()
        return done("The passkey is removed.", url_for("account.overview"))
    return done(form.form_errors[0], url_for("account.overview"))


@bp.route("/account/authenticator/removal", methods=["POST"])
@signed_in(*STAFF)
@freshly
def remove_app() -> Any:
    form = ConfirmForm()
    if take(form, lambda: remove_authenticator(g.person)):
        session.renew()
        return done("The authenticator app is removed.", url_for("account.overview"))
    return done(form.form_errors[0], url_for("account.overview"))


# --- recovery codes


@bp.route("/account/recovery-codes", methods=["GET", "POST"])
@signed_in(*STAFF)
@freshly
def make_codes() -> Any:
    form = ConfirmForm()
    if form.validate_on_submit():
        return shown_once(g.person, url_for("account.overview"))
    return page("factors/make_codes.html", form=form, left=codes_left(g.person))


def shown_once(user: User, onward: str) -> Any:
    """New codes, in this answer and never again."""
    return page("factors/codes.html", codes=make_recovery_codes(user), onward=onward)
