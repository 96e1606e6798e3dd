"""Access is declared on the view function and read from it: a route that says nothing is closed."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from flask import Flask, abort, current_app, g, request
from peewee import JOIN
from werkzeug.routing import BaseConverter

from portal.ime.process import PROCESS, MovedOn, NotAllowed, Step, is_part_of
from portal.kept import Kept, bind
from portal.models import Case, Claimant, Expert, Organisation, User
from portal.policy import PLACES, Person, had_offer, is_manager, may_see, party_to, seeing, sight
from portal.search import FURTHEST
from portal.web.session import is_fresh, is_proved, may_enroll
from portal.web.signed_out import ask_for_birthday, ask_for_factor, ask_to_sign_in
from portal.words import Party, Role

STAFF = (Role.REFERRER, Role.COORDINATOR, Role.EXPERT)


@dataclass(frozen=True)
class Access:
    """What a view asks of whoever opens it: nothing, a role, a party to the case, or the right to take a step; and
    whether, beside that, a second factor shown just now (`is_fresh`), or at all by a claimant (`is_proved`)."""

    kind: str
    roles: tuple[Role, ...] = ()
    parties: tuple[Party, ...] = ()
    step: str = ""
    is_fresh: bool = False
    is_proved: bool = False


class Reference(BaseConverter):
    """A case's human reference, like IME-1042."""

    regex = r"IME-[1-9][0-9]{0,14}"


class Number(BaseConverter):
    """A row's number, small enough for either database."""

    regex = r"[1-9][0-9]{0,14}"

    def to_python(self, value: str) -> int:
        return int(value)


class Code(BaseConverter):
    """What a jurisdiction or a rule is called by: CA, CA-QME-23."""

    regex = r"[A-Z][A-Z0-9]{1,20}(?:-[A-Z0-9]{1,20}){0,4}"


class Token(BaseConverter):
    """Whatever stands where a secret token belongs: right and wrong ones get the same answer from the view."""

    regex = r"[^/]{1,200}"


def number_of(typed: str | None) -> int:
    """A row's number from an address; one beyond every row where there is none or it makes no sense."""
    return int(typed) if typed and typed.isascii() and typed.isdigit() and len(typed) < 16 else FURTHEST


def public(view: Callable[..., Any]) -> Callable[..., Any]:
    """Anybody may open it."""
    view.access = Access("public")  # type: ignore[attr-defined]
    return view


def signed_in(*roles: Role) -> Callable[..., Any]:
    """Somebody of one of these roles, signed in."""

    def declare(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(**parts: Any) -> Any:
            return view(**parts) if allows_role(roles) else ask_to_sign_in()

        guarded.access = Access("signed_in", roles=roles, **beside(view))  # type: ignore[attr-defined]
        return guarded

    return declare


def knows_password(view: Callable[..., Any]) -> Callable[..., Any]:
    """Whoever has shown a password, whether or not the second factor after it; the view receives the user."""

    @wraps(view)
    def guarded(**parts: Any) -> Any:
        if g.half is not None:
            return view(g.half, **parts)
        return view(g.person, **parts) if allows_role(STAFF) else ask_to_sign_in()

    guarded.access = Access("knows_password", roles=STAFF)  # type: ignore[attr-defined]
    return guarded


def enrolls(view: Callable[..., Any]) -> Callable[..., Any]:
    """Whoever may add a second factor: signed in with one shown just now, or half signed in and without any. The view
    receives the user."""

    @wraps(view)
    def guarded(**parts: Any) -> Any:
        if g.half is not None:
            return view(g.half, **parts) if may_enroll() else ask_for_factor()
        if not allows_role(STAFF):
            return ask_to_sign_in()
        return view(g.person, **parts) if is_fresh() else ask_for_factor()

    guarded.access = Access("enrolls", roles=STAFF, is_fresh=True)  # type: ignore[attr-defined]
    return guarded


def freshly(view: Callable[..., Any]) -> Callable[..., Any]:
    """Written below the decorator that says who: and a second factor shown in the last ten minutes, else it is asked for
    and the person comes back."""

    @wraps(view)
    def guarded(*case: Case, **parts: Any) -> Any:
        return view(*case, **parts) if is_fresh() else ask_for_factor()

    guarded.beside = {"is_fresh": True}  # type: ignore[attr-defined]
    return guarded


def proved(view: Callable[..., Any]) -> Callable[..., Any]:
    """Written below `signed_in(Role.CLAIMANT)`: and their date of birth, since a link may be in other hands."""

    @wraps(view)
    def guarded(**parts: Any) -> Any:
        return view(**parts) if is_proved() else ask_for_birthday()

    guarded.beside = {"is_proved": True}  # type: ignore[attr-defined]
    return guarded


def beside(view: Callable[..., Any]) -> dict[str, bool]:
    """What the decorators below have asked for beside who somebody is."""
    return getattr(view, "beside", {})


def manages(view: Callable[..., Any]) -> Callable[..., Any]:
    """A coordinator who manages the portal."""

    @wraps(view)
    def guarded(**parts: Any) -> Any:
        if g.person is None:
            return ask_to_sign_in()
        if not is_manager(g.person):
            raise NotAllowed("manage")
        return view(**parts)

    guarded.access = Access("manages", roles=(Role.COORDINATOR,), **beside(view))  # type: ignore[attr-defined]
    return guarded


def sees_case(*parties: Party) -> Callable[..., Any]:
    """One of these parties to the case; the view receives the case, and the party as `g.party`."""

    def declare(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(ref: str, **parts: Any) -> Any:
            if g.person is None:
                return ask_to_sign_in()
            case = find_case(ref)
            if g.party not in parties:
                raise NotAllowed("see")
            return view(case, **parts)

        guarded.access = Access("sees_case", parties=parties, **beside(view))  # type: ignore[attr-defined]
        return guarded

    return declare


def performs(step: Callable[..., Any]) -> Callable[..., Any]:
    """Whoever may take the step now: 404 where the case is not theirs to see, 403 not their part, 409 too late."""
    row = PROCESS[step.__name__]

    def declare(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(ref: str, **parts: Any) -> Any:
            if g.person is None:
                return ask_to_sign_in()
            refuse_an_ended_offer(row, ref)
            case = find_case(ref)
            if not is_part_of(row, g.person, g.party):
                raise NotAllowed(row.name)
            if case.stage not in row.at:
                raise MovedOn(row.name)
            try:
                return view(case, **parts)
            except NotAllowed as lost:  # somebody was quicker: the person's part is over
                g.case = seen(g.person, ref)
                raise MovedOn(row.name) from lost

        guarded.access = Access(  # type: ignore[attr-defined]
            "performs", parties=tuple(sorted(row.who)), step=row.name, **beside(view)
        )
        return guarded

    return declare


def refuse_an_ended_offer(row: Step, ref: str) -> None:
    """A candidate who comes too late is told so, though the case is no longer theirs to see."""
    if Party.CANDIDATE in row.who and seen(g.person, ref) is None and had_offer(g.person, ref):
        raise MovedOn(row.name)


def allows_role(roles: tuple[Role, ...]) -> bool:
    if g.person is None:
        return False
    if g.person.role not in roles:
        raise NotAllowed("role")
    return True


def find_case(ref: str) -> Case:
    """The case by its reference through what this person may see, with its people, in one read; else 404."""
    case = seen(g.person, ref)
    if case is None:
        abort(404)
    g.case = case
    g.party = party_to(g.person, case)
    if g.party is None:
        abort(404)
    return case


def seen(person: Person, ref: str) -> Case | None:
    """The case of this reference if the person may see it."""
    return SEEN[person.role].model(ref=ref, **seeing(person)) if may_see(person) else None


Examiner = User.alias()


def with_people(cases: Any) -> Any:
    """The same cases, each with its claimant, referrer, organisation and expert already read."""
    return (
        cases.select(Case, Claimant, User, Organisation, Expert, Examiner)
        .join(Claimant, on=Case.claimant)
        .switch(Case)
        .join(User, on=Case.referrer)
        .switch(Case)
        .join(Organisation, JOIN.INNER, on=Case.organisation)
        .switch(Case)
        .join(Expert, JOIN.LEFT_OUTER, on=Case.expert)
        .join(Examiner, JOIN.LEFT_OUTER, on=(Expert.user == Examiner.id), attr="user")
    )


SEEN = {
    role: Kept(
        lambda role=role: with_people(  # type: ignore[misc]
            Case.select().where(sight(role, PLACES) & (Case.reference == bind("ref")))
        )
    )
    for role in Role
}


def access_of(endpoint: str) -> Access | None:
    """What the endpoint's view declared; None: nothing, so it is closed."""
    return getattr(current_app.view_functions[endpoint], "access", None)


def close_the_undeclared() -> None:
    if request.endpoint and request.endpoint != "static" and access_of(request.endpoint) is None:
        abort(404)


def register(app: Flask) -> None:
    app.url_map.converters.update(ref=Reference, number=Number, token=Token, code=Code)
    app.before_request(close_the_undeclared)
