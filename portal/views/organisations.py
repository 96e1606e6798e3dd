"""Organisations: listed, made, looked at and changed, by a manager."""

from typing import Any

from flask import Blueprint, abort, g, url_for

from portal.forms.organisations import ChangeForm, OrganisationForm
from portal.ime import directory, organisations
from portal.ime.directory import Wanted
from portal.models import Organisation
from portal.web.page import done, page, take
from portal.web.routing import freshly, manages

bp = Blueprint("organisations", __name__)


@bp.route("/organisations")
@manages
def every() -> Any:
    return page(
        "organisations/organisations.html",
        rows=list(organisations.every()),
        people=directory.people_by_organisation(),
    )


@bp.route("/organisations/new", methods=["GET", "POST"])
@manages
def make() -> Any:
    form, made = OrganisationForm(), []
    if form.validate_on_submit() and take(form, lambda: made.append(organisation_of(form))):
        said = f"{made[0].name} is there. Invite its people next."
        return done(said, url_for(".show", organisation_id=made[0].id))
    return page("organisations/make.html", "organisations/_make_form.html", form=form)


def organisation_of(form: OrganisationForm) -> Organisation:
    return organisations.make_organisation(
        by=g.person, name=form.name.data, kind=form.kind.data, phone=form.phone.data
    )


def organisation(number: int) -> Organisation:
    """The organisation of this number; 404 where there is none."""
    return organisations.find(number) or abort(404)


@bp.route("/organisations/<number:organisation_id>")
@manages
def show(organisation_id: int) -> Any:
    shown = organisation(organisation_id)
    rows, following = directory.people(Wanted(organisation=shown.id))
    return page(
        "organisations/organisation.html",
        organisation=shown,
        rows=rows,
        seen=directory.last_sign_ins([user.id for user in rows]),
        state_of=directory.state_of,
        more_href=url_for("people.find", organisation=shown.id, after=following) if following else None,
        single_sign_on_href=url_for("single_sign_on.settings", organisation_id=shown.id),
    )


@bp.route("/organisations/<number:organisation_id>/change", methods=["GET", "POST"])
@manages
@freshly
def change(organisation_id: int) -> Any:
    changed = organisation(organisation_id)
    form = ChangeForm(obj=changed)
    if form.validate_on_submit() and take(form, lambda: keep(changed, form)):
        return done(f"{changed.name} is changed.", url_for(".show", organisation_id=changed.id))
    return page(
        "organisations/change.html",
        "organisations/_change_form.html",
        form=form,
        organisation=organisation(organisation_id),
    )


def keep(changed: Organisation, form: ChangeForm) -> None:
    organisations.change_organisation(
        changed,
        by=g.person,
        name=form.name.data,
        phone=form.phone.data,
        factors=form.factors.data,
        retention_years=form.retention_years.data,
    )
