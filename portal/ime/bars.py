"""Bars: a manager keeps one person from one case, whatever else would let them see it."""

from peewee import IntegrityError

from portal.db import database
from portal.ime import account_notices, emergency
from portal.ime.process import MovedOn, Refusal, remember, step
from portal.ime.restriction import given
from portal.models import Bar, Case, User
from portal.policy import barred_from, colleagues
from portal.words import Role


@step
def place_bar(case: Case, *, by: User, user: User, why: str) -> None:
    """The person no longer sees the case, is not told of it and gets no part in it; a coordinator loses it.

    An offer of it is to be recalled, an expert who has taken it to be released: that stays the coordinator's to decide.
    """
    reason = given(why)
    if user.id not in {each.id for each in may_be_barred(case)}:
        raise Refusal("Choose somebody who could see the case.", field="user")
    if not other_managers(case, user):
        raise Refusal("Nobody would be left who could lift this bar: no other manager sees the case.", "user")
    try:
        with database.atomic():
            Bar.create(case=case, user=user, why=reason, placed_by=by)
    except IntegrityError:
        raise Refusal("This person is barred from the case already.", field="user") from None
    for access in emergency.running(case):
        if access.user_id == user.id:
            emergency.end(access)
    if case.coordinator_id == user.id:
        case.coordinator = None
    remember(person=user.name, why=reason)


@step
def lift_bar(case: Case, *, by: User, bar: Bar) -> None:
    """The person sees the case again if something lets them. Raises MovedOn where it is lifted already."""
    name = bar.user.name
    if not Bar.delete().where((Bar.id == bar.id) & (Bar.case == case)).execute():
        raise MovedOn("lift_bar")
    remember(person=name)


def bars(case: Case) -> list[Bar]:
    """The bars of the case, each with its person and the manager who placed it, oldest first."""
    manager = User.alias()
    rows = (
        Bar.select(Bar, User, manager)
        .join(User, on=Bar.user)
        .switch(Bar)
        .join(manager, on=(Bar.placed_by == manager.id), attr="placed_by")
    )
    return list(rows.where(Bar.case == case).order_by(Bar.id))


def may_be_barred(case: Case) -> list[User]:
    """Who could see the case, now or once it is offered to them: the referrer's side, the office and the panel."""
    office = User.coordinators()
    panel = User.active().where(User.role == Role.EXPERT).order_by(User.name, User.id)
    barred = barred_from(case)
    return [user for users in (colleagues(case), office, panel) for user in users if user.id not in barred]


def other_managers(case: Case, user: User) -> list[User]:
    """The managers beside this person who still see the case."""
    gone = barred_from(case) | {user.id}
    return [each for each in account_notices.managers() if each.id not in gone]
