"""Organisations: a manager makes them, names them, and sets what they ask of their people and how long they keep."""

from typing import Any

from portal import audit
from portal.ime import process, sessions
from portal.ime.people import managing
from portal.ime.process import Refusal
from portal.models import SHORTEST_RETENTION, Case, Organisation, Session, User
from portal.words import Act, FactorPolicy, OrganisationKind

LONGEST_RETENTION = 50  # years
TAKEN = "There is an organization of this name already."


def make_organisation(*, by: User, name: str, kind: OrganisationKind, phone: str = "") -> Organisation:
    """A new organisation, without people yet. Raises Refusal for a name that is taken."""
    with managing(by):
        refuse_taken(name)
        made: Organisation = Organisation.create(name=name.strip(), kind=kind, phone=phone)
        audit.record(Act.CREATED, made, kind=kind)
    return made


def change_organisation(
    organisation: Organisation,
    *,
    by: User,
    name: str,
    phone: str,
    factors: FactorPolicy,
    retention_years: int,
) -> None:
    """Change what an organisation is called and asks; where the second factor changes, its people sign in anew.

    Its ended cases are found by the name they had. Raises Refusal for a name that is taken, or too short a time."""
    if not SHORTEST_RETENTION <= retention_years <= LONGEST_RETENTION:
        sentence = f"Keep files for {SHORTEST_RETENTION} to {LONGEST_RETENTION} years."
        raise Refusal(sentence, field="retention_years")
    with managing(by):
        refuse_taken(name, but=organisation)
        is_renamed, asks_anew = name.strip() != organisation.name, factors != organisation.factors
        organisation.name, organisation.phone = name.strip(), phone
        organisation.factors, organisation.retention_years = factors, retention_years
        organisation.save()
        audit.record(Act.CHANGED, organisation, factors=factors, retention_years=retention_years)
        if is_renamed:
            keep_words(organisation)
        if asks_anew:
            audit.record(Act.RIGHTS_CHANGED, organisation, factors=factors)
            people = User.select(User.id).where(User.organisation == organisation)
            sessions.end(Session.user.in_(people))


def refuse_taken(name: str, but: Organisation | None = None) -> None:
    same = Organisation.select().where(Organisation.name == name.strip())
    if but is not None:
        same = same.where(Organisation.id != but.id)
    if same.exists():
        raise Refusal(TAKEN, field="name")


def keep_words(organisation: Organisation) -> None:
    """Keep what is derived from the name for the open cases; there can be very many that ended."""
    for case in Case.open().where(Case.organisation == organisation):
        for keep in process.keepers:
            keep(case)


def find(number: int) -> Organisation | None:
    """The organisation of this number."""
    found: Organisation | None = Organisation.get_or_none(Organisation.id == number)
    return found


def every() -> Any:
    """The query of all organisations, by name."""
    return Organisation.select().order_by(Organisation.name, Organisation.id)
