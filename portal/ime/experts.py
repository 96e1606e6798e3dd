"""The experts on the panel: who they are, what is on file of each, and how much they have to do."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from peewee import SQL, Tuple, fn

from portal import clock
from portal.clock import OFFICE_ZONE
from portal.ime.specialties import specialties
from portal.models import Case, Credential, Expert, ExpertSpecialty, Offer, TimeOff, User
from portal.words import CredentialKind, OfferState

ENGAGING = (OfferState.OPEN, OfferState.TAKEN)
PAGE = 50
WARN_DAYS = 60
MOST_WORDS = 8


@dataclass(frozen=True)
class Held:
    """A credential as the list shows it: its words, and how urgent its expiry is (late, soon or plain)."""

    words: str
    tone: str


@dataclass(frozen=True)
class Panelist:
    """One line of the panel."""

    expert_id: int
    name: str
    practice: str
    specialties: tuple[str, ...]
    credentials: tuple[Held, ...]
    unverified: int
    this_week: int
    capacity: int
    open_cases: int
    off: tuple[date, date] | None


def active() -> Any:
    """The experts who can sign in, each with their account."""
    return Expert.select(Expert, User).join(User).where(User.disabled_at.is_null())


def find(expert_id: int) -> Expert | None:
    """The expert on the panel with this number, None where there is none."""
    expert: Expert | None = active().where(Expert.id == expert_id).first()
    return expert


def named(numbers: Iterable[int]) -> list[Expert]:
    """The experts of these numbers, in this order."""
    wanted = list(numbers)
    found = Expert.select(Expert, User).join(User).where(Expert.id.in_(wanted or [0]))
    return sorted(found, key=lambda expert: wanted.index(expert.id))


def week_start() -> datetime:
    """The moment the present week began at the office."""
    today = clock.today()
    monday = today - timedelta(days=today.weekday())
    return datetime.combine(monday, time(), ZoneInfo(OFFICE_ZONE))


def cases_this_week(experts: Iterable[int] | None = None) -> dict[int, int]:
    """How many cases offered since Monday each expert has taken or may still take."""
    offers: Any = Offer.select(Offer.expert, fn.COUNT(Offer.id)).where(
        (Offer.made_at >= week_start()) & Offer.state.in_(list(ENGAGING))
    )
    if experts is not None:
        offers = offers.where(Offer.expert.in_(list(experts)))
    return dict(offers.group_by(Offer.expert).tuples())


def grouped(query: Any) -> defaultdict[int, list[tuple[Any, ...]]]:
    """The rows of a query by their first column, an expert's number, which they lose."""
    groups: defaultdict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for number, *rest in query.tuples():
        groups[number].append(tuple(rest))
    return groups


@dataclass(frozen=True)
class Sought:
    """Whom of the panel is looked for: with a specialty, a license in a state, something to verify or that runs out,
    and every word of `typed` in the name."""

    specialty: str = ""
    state: str = ""
    needs: str = ""  # "verification" or "renewal"
    typed: str = ""

    def conditions(self) -> list[Any]:
        chosen = [User.name.contains(word) for word in self.typed.split()[:MOST_WORDS]]
        if self.specialty:
            codes = [
                self.specialty,
                *(c for c, each in specialties().items() if each.broader == self.specialty),
            ]
            having = ExpertSpecialty.select(ExpertSpecialty.expert).where(ExpertSpecialty.code.in_(codes))
            chosen.append(Expert.id.in_(having))
        if self.state:
            licensed = Credential.select(Credential.expert).where(
                (Credential.kind == CredentialKind.LICENCE) & (Credential.state == self.state)
            )
            chosen.append(Expert.id.in_(licensed))
        if self.needs == "verification":
            waiting = Credential.select(Credential.expert).where(Credential.verified_at.is_null())
            chosen.append(Expert.id.in_(waiting))
        if self.needs == "renewal":
            soon = Credential.expires_on <= clock.today() + timedelta(days=WARN_DAYS)
            chosen.append(Expert.id.in_(Credential.select(Credential.expert).where(soon)))
        return chosen


def page(after: int = 0, sought: Sought | None = None) -> tuple[list[Panelist], int | None]:
    """One page of the panel by name, and the number of the expert after whom the next begins (None: the last)."""
    query = beyond(after).order_by(User.name, Expert.id).limit(PAGE + 1)
    conditions = (sought or Sought()).conditions()
    rows = list(query.where(*conditions) if conditions else query)
    shown = rows[:PAGE]
    return panelists(shown), shown[-1].id if len(rows) > PAGE else None


def beyond(after: int) -> Any:
    """The experts who come after this one by name; all of them after nobody."""
    if not after:
        return active()
    last = Expert.select(User.name, Expert.id).join(User).where(Expert.id == after)
    return active().where(Tuple(User.name, Expert.id) > last)


def panelists(experts: list[Expert]) -> list[Panelist]:
    """The experts as lines of the panel, each kind of fact read once for all of them."""
    numbers = [expert.id for expert in experts]
    codes = grouped(of(ExpertSpecialty, numbers, ExpertSpecialty.code))
    columns = (Credential.kind, Credential.state, Credential.expires_on, Credential.verified_at.is_null())
    held = grouped(of(Credential, numbers, *columns))
    off = grouped(time_off(numbers))
    this_week, open_cases = cases_this_week(numbers), cases_open(numbers)
    return [
        Panelist(
            expert_id=expert.id,
            name=expert.name,
            practice=expert.practice,
            specialties=tuple(
                specialties()[code].label for (code,) in codes[expert.id] if code in specialties()
            ),
            credentials=tuple(credential(*each[:3]) for each in held[expert.id]),
            unverified=sum(bool(each[3]) for each in held[expert.id]),
            this_week=this_week.get(expert.id, 0),
            capacity=expert.capacity_a_week,
            open_cases=open_cases.get(expert.id, 0),
            off=next(iter(off[expert.id]), None),
        )
        for expert in experts
    ]


def of(table: Any, numbers: list[int], *columns: Any) -> Any:
    """The rows of a table that belong to these experts, as number of expert and columns, oldest first."""
    return table.select(table.expert, *columns).where(table.expert.in_(numbers)).order_by(table.id)


def time_off(numbers: list[int]) -> Any:
    """The time off that is not over yet, soonest first."""
    rows = TimeOff.select(TimeOff.expert, TimeOff.first_day, TimeOff.last_day)
    is_ahead = TimeOff.last_day >= clock.today()
    return rows.where(TimeOff.expert.in_(numbers) & is_ahead).order_by(TimeOff.first_day)


def cases_open(numbers: list[int]) -> dict[int, int]:
    """How many open cases each of these experts has."""
    cases: Any = Case.select(Case.expert, fn.COUNT(Case.id)).where(SQL("is_open") & Case.expert.in_(numbers))
    return dict(cases.group_by(Case.expert).tuples())


def credential(kind: str, state: str, expires_on: date) -> Held:
    """The credential in words, with the tone of its expiry: it no longer counts on the day it runs out."""
    days = (expires_on - clock.today()).days
    what = f"{state} {CredentialKind(kind).label}".strip()
    tone = "late" if days <= 0 else "soon" if days <= WARN_DAYS else "plain"
    return Held(f"{what[:1].upper()}{what[1:]}: {expires_on:%b} {expires_on.day}, {expires_on.year}", tone)
