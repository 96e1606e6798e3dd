"""Bars: a manager keeps one person from one case, whatever else would let them see it; and the cases whose expert is kept
from them, by a bar or because their account is closed."""

from typing import Any

from peewee import SQL, IntegrityError

from portal.db import database
from portal.ime import account_notices, emergency
from portal.ime.process import PROCESS, MovedOn, Refusal, remember, step
from portal.ime.restriction import given
from portal.kept import literal
from portal.models import Bar, Case, Expert, User
from portal.policy import barred_from, colleagues, is_barred
from portal.words import Role, Stage

# While the case waits for the expert, or will: they are to be released, or the clarification refused.
EXPERT_IS_NEEDED = PROCESS["release_expert"].at | {Stage.CLARIFYING}


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


# --- experts who are kept out ------------------------------------------------------------------------------------


def without_expert() -> Any:
    """The condition on a case that its expert is needed and sees nothing of it any more. The few bars and closed accounts
    are read first, not the many cases."""
    closed = Expert.select(Expert.id).join(User).where(User.disabled_at.is_null(False))
    left, barred = Case.alias(), Case.alias()
    of_closed = left.select(left.id).where(SQL("is_open") & left.expert.in_(closed))
    of_barred = (
        Bar.select(barred.id)
        .join(barred, on=(Bar.case == barred.id))
        .join(Expert, on=(barred.expert == Expert.id))
        .where(Expert.user == Bar.user)
    )
    waiting = Case.stage.in_([literal(each) for each in sorted(EXPERT_IS_NEEDED)])
    return waiting & Case.id.in_(of_closed | of_barred)


def is_expert_out(case: Case) -> bool:
    """The case's expert is needed and sees nothing of it any more."""
    return case.stage in EXPERT_IS_NEEDED and bool(why_out(case))


def why_out(case: Case) -> str:
    """Why the expert of a case sees nothing of it any more, as a sentence; empty where they do, and without one."""
    expert: Any = case.expert
    if expert is None:
        return ""
    if expert.user.disabled_at is not None:
        return f"The account of {expert.name} is disabled."
    return f"{expert.name} is barred from the case." if is_barred(expert.user, case) else ""
