"""Signing in and out."""

from typing import Any

from flask import Blueprint, redirect, url_for

from portal.forms.account import SignInForm
from portal.ime.account import find_user
from portal.web import session
from portal.web.page import page
from portal.web.routing import public

bp = Blueprint("account", __name__)


@bp.route("/sign-in", methods=["GET", "POST"])
@public
def sign_in() -> Any:
    form = SignInForm()
    if form.validate_on_submit():
        user = find_user(form.email.data, form.password.data)
        if user:
            session.begin(user)
            return redirect(url_for("desk.home"), 303)
        form.form_errors.append("This e-mail address and password do not go together.")
    return page("account/sign_in.html", "account/_sign_in_form.html", form=form)


@bp.route("/sign-out", methods=["POST"])
@public
def sign_out() -> Any:
    session.end()
    return redirect(url_for("account.sign_in"), 303)
