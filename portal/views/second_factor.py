"""The second factor: shown after the password, and once more before something dangerous."""

from typing import Any

from flask import Blueprint, g, redirect, request, url_for

from portal.config import OFFICE
from portal.forms.account import CodeForm, PasskeyForm, RecoveryForm
from portal.ime.factors import Factors, factors_of, show_code, show_own_passkey, show_recovery_code
from portal.ime.passkeys import assertion_options
from portal.ime.process import Refusal
from portal.models import User
from portal.web import passkey, session
from portal.web.formats import phone
from portal.web.limits import SIGN_IN, limited
from portal.web.page import page, take
from portal.web.routing import knows_password
from portal.web.target import own_page

bp = Blueprint("second_factor", __name__)

NOT_OFFERED = "Your organization asks for a passkey."
SIGN_IN_WITH_IT = (
    "Your organization asks for a passkey. If you have lost yours, sign out and in again: there this code leads to"
    " adding a new one."
)


@bp.route("/sign-in/second-factor", methods=["GET", "POST"])
@knows_password
@limited(SIGN_IN)
def show(user: User) -> Any:
    factors, form = factors_of(user), CodeForm(data={"next": wanted()})
    if not factors.is_any:
        return nothing_to_show(form)
    if form.validate_on_submit() and take(form, lambda: offered(factors, user, form.code.data)):
        return go_on(form, enough=factors.accepts_app)
    return asked(user, factors, form)


@bp.route("/sign-in/second-factor/passkey", methods=["POST"])
@knows_password
@limited(SIGN_IN)
def show_passkey(user: User) -> Any:
    form = PasskeyForm()
    if form.validate_on_submit() and take(form, lambda: checked(user, form.answer.data)):
        return go_on(form)
    again = CodeForm(formdata=None, data={"next": own_page(form.next.data or "")})
    again.form_errors.extend(form.form_errors)
    return asked(user, factors_of(user), again)


@bp.route("/sign-in/second-factor/recovery-code", methods=["GET", "POST"])
@knows_password
@limited(SIGN_IN)
def recover(user: User) -> Any:
    factors, form = factors_of(user), RecoveryForm(data={"next": wanted()})
    if form.validate_on_submit() and take(form, lambda: recovered(factors, user, form.code.data)):
        return go_on(form, enough=factors.accepts_app)
    return page("second_factor/recover.html", "second_factor/_recovery_form.html", form=form)


def asked(user: User, factors: Factors, form: CodeForm) -> Any:
    """The page that asks for a factor: a passkey where there is one, a code of the app where it counts."""
    options = factors.passkeys and assertion_options(user, passkey.site(), passkey.challenge())
    return page(
        "second_factor/show.html",
        form=form,
        options=options,
        offers_app=offers_app(factors),
        codes=factors.codes,
        is_half=bool(g.half),
        office_phone=phone(OFFICE.phone),
    )


def nothing_to_show(form: CodeForm) -> Any:
    """Whoever has no factor yet adds one; whoever came by their organisation's sign-in does so again."""
    if g.half:
        return redirect(url_for("factors.choose", next=form.next.data or None), 303)
    return page("second_factor/sign_in_again.html")


def offers_app(factors: Factors) -> bool:
    """A code counts, or leads at least to the passkey that the organisation has begun to ask for."""
    return factors.app is not None and (factors.accepts_app or not factors.passkeys)


def offered(factors: Factors, user: User, code: str) -> None:
    if not offers_app(factors):
        raise Refusal(NOT_OFFERED)
    show_code(user, code)


def recovered(factors: Factors, user: User, code: str) -> None:
    """Where a passkey is asked for, a recovery code leads to adding one, and opens nothing else."""
    if g.half is None and not factors.accepts_app:
        raise Refusal(SIGN_IN_WITH_IT)
    show_recovery_code(user, code)


def checked(user: User, answer: str) -> None:
    show_own_passkey(user, answer, site=passkey.site(), challenge=passkey.spend_challenge())


def go_on(form: Any, *, enough: bool = True) -> Any:
    """Signed in, or proved once more, and on to the page that was wanted; where the organisation asks for more than was
    shown, on to adding that."""
    target = own_page(form.next.data or "")
    if g.half and not enough:
        session.allow_enrolling()
        return redirect(url_for("factors.choose", next=target or None), 303)
    session.complete()
    return redirect(target or url_for("desk.home"), 303)


def wanted() -> str:
    return own_page(request.args.get("next", ""))
