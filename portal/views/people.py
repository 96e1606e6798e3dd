"""People: found, looked at, invited, closed, moved and given rights, by a manager."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, g, request, url_for

from portal.forms import Form
from portal.forms.people import (
    ROLES,
    STATES,
    FactorResetForm,
    InvitationForm,
    MoveForm,
    SearchForm,
    wanted,
)
from portal.ime import directory, organisations, people
from portal.ime.calendar_feed import feeds_of
from portal.ime.directory import Wanted
from portal.ime.sessions import sessions_of
from portal.models import User
from portal.views.desk import in_words
from portal.web import trail
from portal.web.formats import count
from portal.web.page import done, page, take
from portal.web.routing import freshly, manages, number_of

bp = Blueprint("people", __name__)


# --- finding somebody -------------------------------------------------------------------------------------------


@bp.route("/people")
@manages
def find() -> Any:
    choices = organisation_choices()
    wish, chosen = wanted(request.args, choices)
    after = number_of(request.args.get("after")) if "after" in request.args else 0
    return listed(SearchForm(formdata=None), wish, choices, chosen, after)


@bp.route("/people/search", methods=["POST"])
@manages
def search() -> Any:
    """Posted, so that whom somebody looked for stands in no address and no log."""
    form = SearchForm()
    wish = Wanted(typed=form.typed.data) if form.validate_on_submit() else Wanted()
    return listed(form, wish, organisation_choices(), {})


def listed(
    form: SearchForm, wish: Wanted, choices: dict[str, str], chosen: dict[str, str], after: int = 0
) -> Any:
    rows, following = directory.people(wish, after)
    return page(
        "people/people.html",
        form=form,
        rows=rows,
        seen=directory.last_sign_ins([user.id for user in rows]),
        state_of=directory.state_of,
        states=STATES,
        chosen=chosen,
        filters=filters(choices),
        typed=wish.typed,
        more_href=url_for(".find", **chosen, after=following) if following and not wish.typed else None,
        is_cut=bool(following and wish.typed),
    )


def filters(organisations: dict[str, str]) -> list[tuple[str, str, dict[str, str]]]:
    """What the list is narrowed by: name, label, choices."""
    return [
        ("organisation", "Organization", {"": "All", **organisations}),
        ("role", "Role", {"": "All", **ROLES}),
        ("state", "State", {"": "All", **STATES}),
    ]


def organisation_choices() -> dict[str, str]:
    return {str(each.id): each.name for each in organisations.every()}


# --- one person -------------------------------------------------------------------------------------------------


def person(number: int) -> User:
    """The person of this number; 404 where there is none."""
    return directory.find(number) or abort(404)


@bp.route("/people/<number:user_id>")
@manages
def show(user_id: int) -> Any:
    return shown(person(user_id), Form(formdata=None))


def shown(user: User, form: Form) -> Any:
    cases, are_more = directory.open_cases(user, g.person)
    trail.lists(case.id for case in cases)
    return page(
        "people/person.html",
        form=form,
        user=user,
        state=directory.state_of(user),
        state_words=STATES,
        is_self=user.id == g.person.id,
        ways=directory.ways([user.id])[user.id],
        seen=directory.last_sign_ins([user.id]).get(user.id),
        sessions=list(sessions_of(user)),
        feeds=list(feeds_of(user)),
        cases=[(case.reference, in_words(case), case.due_on) for case in cases],
        are_more=are_more,
    )


def press(user: User, verb: Callable[[], Any], said: str) -> Any:
    """One press on the person's page: done and said, or their page again with why not."""
    form = Form()
    if form.validate_on_submit() and take(form, verb):
        return done(said, url_for(".show", user_id=user.id))
    return shown(person(user.id), form)


@bp.route("/people/invitation", methods=["GET", "POST"])
@manages
@freshly
def invite() -> Any:
    form, invited = InvitationForm(), []
    form.organisation.choices = {each.id: each.name for each in organisations.every()}
    if not form.is_submitted():
        form.organisation.process_data(number_of(request.args.get("organisation")))
    if form.validate_on_submit() and take(form, lambda: invited.append(invitation(form))):
        [user] = invited
        return done(
            f"{user.name} is invited. The way in is on its way by mail.", url_for(".show", user_id=user.id)
        )
    return page("people/invite.html", "people/_invite_form.html", form=form)


def invitation(form: InvitationForm) -> User:
    organisation = organisations.find(form.organisation.data)
    if organisation is None:
        abort(404)
    return people.invite_person(
        by=g.person,
        organisation=organisation,
        role=form.role.data,
        name=form.name.data,
        email=form.email.data,
        is_manager=form.is_manager.data,
    )


@bp.route("/people/<number:user_id>/invitation", methods=["POST"])
@manages
@freshly
def invite_again(user_id: int) -> Any:
    user = person(user_id)
    return press(
        user, lambda: people.invite_again(user, by=g.person), f"{user.name} is sent a new invitation."
    )


@bp.route("/people/<number:user_id>/disabling", methods=["GET", "POST"])
@manages
@freshly
def disable(user_id: int) -> Any:
    user, left = person(user_id), []
    form = Form()
    if form.validate_on_submit() and take(
        form, lambda: left.append(people.disable_person(user, by=g.person))
    ):
        return done(disabled(user, left[0]), url_for(".show", user_id=user.id))
    return page("people/disable.html", "people/_disable_form.html", form=form, user=user)


def disabled(user: User, left: int) -> str:
    cases = f" {count(left, 'open case waits', 'open cases wait')} for another coordinator." if left else ""
    return f"The account of {user.name} is disabled, and they are signed out.{cases}"


@bp.route("/people/<number:user_id>/enabling", methods=["POST"])
@manages
@freshly
def enable(user_id: int) -> Any:
    user = person(user_id)
    said = f"The account of {user.name} is open again."
    return press(user, lambda: people.enable_person(user, by=g.person), said)


@bp.route("/people/<number:user_id>/move", methods=["GET", "POST"])
@manages
@freshly
def move(user_id: int) -> Any:
    user, form = person(user_id), MoveForm()
    to = {each.id: each for each in organisations.every() if people.has_place(user.role, each)}
    form.organisation.choices = {number: each.name for number, each in to.items()}
    if form.validate_on_submit() and take(
        form, lambda: people.move_person(user, by=g.person, organisation=to[form.organisation.data])
    ):
        said = f"{user.name} works for {to[form.organisation.data].name} now."
        return done(said, url_for(".show", user_id=user.id))
    return page("people/move.html", "people/_move_form.html", form=form, user=user)


# --- who manages ------------------------------------------------------------------------------------------------


@bp.route("/people/<number:user_id>/management", methods=["GET", "POST"])
@manages
@freshly
def make_manager(user_id: int) -> Any:
    user, form = person(user_id), Form()
    if form.validate_on_submit() and take(form, lambda: people.make_manager(user, by=g.person)):
        said = f"{user.name} is a manager now. The other managers have been told."
        return done(said, url_for(".show", user_id=user.id))
    return page("people/make_manager.html", "people/_make_manager_form.html", form=form, user=user)


@bp.route("/people/<number:user_id>/management/ending", methods=["GET", "POST"])
@manages
@freshly
def end_management(user_id: int) -> Any:
    user, form = person(user_id), Form()
    if form.validate_on_submit() and take(form, lambda: people.end_management(user, by=g.person)):
        said = f"{user.name} is no manager any more. The other managers have been told."
        return done(said, url_for(".show", user_id=user.id))
    return page("people/end_management.html", "people/_end_management_form.html", form=form, user=user)


# --- what is lost -----------------------------------------------------------------------------------------------


@bp.route("/people/<number:user_id>/password-reset", methods=["GET", "POST"])
@manages
@freshly
def reset_password(user_id: int) -> Any:
    user, form = person(user_id), Form()
    if form.validate_on_submit() and take(form, lambda: people.reset_password(user, by=g.person)):
        said = f"{user.name} is signed out and gets the way to a new password by mail."
        return done(said, url_for(".show", user_id=user.id))
    return page("people/reset_password.html", "people/_reset_password_form.html", form=form, user=user)


@bp.route("/people/<number:user_id>/factor-reset", methods=["GET", "POST"])
@manages
@freshly
def reset_factors(user_id: int) -> Any:
    user, form = person(user_id), FactorResetForm()
    if form.validate_on_submit() and take(
        form, lambda: people.reset_factors(user, by=g.person, proof=form.proof.data)
    ):
        said = f"{user.name} sets up a new second factor when they next sign in. The other managers have been told."
        return done(said, url_for(".show", user_id=user.id))
    return page("people/reset_factors.html", "people/_reset_factors_form.html", form=form, user=user)


@bp.route("/people/<number:user_id>/sessions/<number:session_id>/ending", methods=["POST"])
@manages
def end_session(user_id: int, session_id: int) -> Any:
    user = person(user_id)
    if not people.end_session(user, session_id, by=g.person):
        abort(404)
    return done(f"{user.name} is signed out there.", url_for(".show", user_id=user.id))


@bp.route("/people/<number:user_id>/calendar-addresses/ending", methods=["POST"])
@manages
def end_addresses(user_id: int) -> Any:
    user = person(user_id)
    said = f"Nobody reads the calendar of {user.name} at an address any more."
    return press(user, lambda: people.end_addresses(user, by=g.person), said)
