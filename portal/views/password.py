"""A new password: forgotten and reset by a link, or changed by whoever is signed in."""

from typing import Any

from flask import Blueprint, g, redirect, url_for
from flask_login import current_user

from portal.forms.account import ChangePasswordForm, ForgottenForm, NewPasswordForm
from portal.ime.account_links import find_account_link
from portal.ime.password_reset import ask_for_reset, change_password, reset_password
from portal.web import session
from portal.web.limits import FORGOTTEN, LINK, limited
from portal.web.page import done, page, take
from portal.web.routing import STAFF, freshly, public, signed_in
from portal.words import AccountPurpose

bp = Blueprint("password", __name__)


@bp.route("/sign-in/forgotten", methods=["GET", "POST"])
@public
@limited(FORGOTTEN)
def forget() -> Any:
    form = ForgottenForm()
    if form.validate_on_submit():
        ask_for_reset(form.email.data)
        return redirect(url_for("password.link_sent"), 303)
    return page("password/forget.html", "password/_forgotten_form.html", form=form)


@bp.route("/sign-in/forgotten/sent")
@public
def link_sent() -> Any:
    return page("password/link_sent.html")


@bp.route("/password/link/<token:token>", methods=["GET", "POST"])
@public
@limited(LINK)
def reset(token: str) -> Any:
    link, form = find_account_link(token, AccountPurpose.RESET), NewPasswordForm()
    if link is None:
        return page("account/dead_account_link.html"), 404
    if form.validate_on_submit() and take(form, lambda: reset_password(link, form.password.data)):
        return done("Your new password is set. Sign in with it now.", url_for("account.sign_in"))
    return page("password/reset.html", "password/_new_form.html", form=form, button="Set the new password")


@bp.route("/account/password", methods=["GET", "POST"])
@signed_in(*STAFF)
@freshly
def change() -> Any:
    form = ChangePasswordForm()
    if form.validate_on_submit() and take(form, lambda: changed(form)):
        session.renew()
        return done(
            "Your password is changed, and you are signed out everywhere else.", url_for("account.overview")
        )
    return page("password/change.html", "password/_change_form.html", form=form)


def changed(form: ChangePasswordForm) -> None:
    change_password(
        g.person, present=form.present.data, password=form.password.data, session=current_user.row.id
    )
