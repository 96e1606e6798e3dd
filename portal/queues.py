"""The desk and the queues: kept queries, answered as tuples."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce
from operator import and_
from typing import Any, NamedTuple

from peewee import SQL, Select, Tuple, Value, fn

from portal import clock
from portal.kept import Kept, bind
from portal.models import Case, Claimant, Offer, User
from portal.policy import PLACES, office_sight, seeing, sight, unbarred
from portal.words import Party, Role, Stage

PAGE = 25
GROUP = 12
CAPPED = 100
COMING_UP = timedelta(days=14)


class Row(NamedTuple):
    """One case in a queue."""

    group: str
    id: int
    reference: str
    name: str
    exam_kind: str
    stage: str
    turn: str
    next_step: str
    due_on: date


# --- the desk ---------------------------------------------------------------------------------------------------

COLUMNS = (
    Case.id,
    Case.reference,
    Claimant.name,
    Case.exam_kind,
    Case.stage,
    Case.turn,
    Case.next_step,
    Case.due_on,
)
IS_OPEN = SQL("is_open")
ENDED = (SQL("NOT is_open"), SQL("purged_at IS NULL"))  # a purged case is ended for good

# A desk's own cases are the viewer's by right, a referrer's where they still work; what is nobody's yet is what the
# office may see.
IS_UNBARRED = unbarred(PLACES["user"])
IS_STILL_THEIRS = {
    Party.REFERRER: IS_UNBARRED & (Case.organisation == PLACES["scope"]),
    Party.COORDINATOR: IS_UNBARRED,
    Party.EXPERT: IS_UNBARRED,
}
IS_THE_OFFICES = office_sight(PLACES)


def cases(group: str, *conditions: Any, limit: int = GROUP) -> Any:
    """Open cases in the order they are due, each marked with its group."""
    return (
        Case.select(Value(group).alias("grouped"), *COLUMNS)
        .join(Claimant)
        .where(reduce(and_, conditions, IS_OPEN))
        .order_by(Case.due_on, Case.id)
        .limit(limit + 1)
    )


def together(queries: Iterable[Any]) -> Any:
    """Several ordered, limited queries as one statement."""
    wrapped = [query.alias(f"part{number}") for number, query in enumerate(queries)]
    selects = [Select([query], [SQL("*")]) for query in wrapped]
    return reduce(lambda left, right: left.union_all(right), selects)


OTHERS = {
    Party.REFERRER: (Party.COORDINATOR, Party.CANDIDATE, Party.EXPERT, Party.CLAIMANT),
    Party.COORDINATOR: (Party.REFERRER, Party.CANDIDATE, Party.EXPERT, Party.CLAIMANT),
    Party.EXPERT: (Party.COORDINATOR, Party.REFERRER, Party.CLAIMANT),
}


def desk_of(party: Party, owner: Any, soon: Any = None) -> Any:
    """Your turn, coming up, and waiting for others: one branch a turn, so that each follows an index."""
    own = and_(owner == bind("viewer"), IS_STILL_THEIRS[party])
    mine = and_(own, Case.turn == party)
    groups = [cases("turn", mine, *([Case.due_on <= bind("soon")] if soon else []))]
    if soon:
        groups.append(cases("coming", mine, Case.due_on > bind("soon")))
    groups += [cases("waiting", own, Case.turn == other) for other in OTHERS[party]]
    return groups


def new_referrals() -> Any:
    return cases("new", Case.coordinator.is_null(), Case.turn == Party.COORDINATOR, IS_THE_OFFICES)


def open_offers() -> Any:
    """The offers that wait for the expert; the claimant is not named to a candidate."""
    return (
        Case.select(
            Value("offers").alias("grouped"),
            Case.id,
            Case.reference,
            Value("").alias("name"),
            *COLUMNS[3:],
        )
        .join(Offer)
        .where((Offer.expert == bind("viewer")) & (SQL("state = 'open'")) & IS_UNBARRED)
        .order_by(Offer.until, Case.id)
        .limit(GROUP + 1)
    )


DESKS = {
    Role.REFERRER: Kept(lambda: together(desk_of(Party.REFERRER, Case.referrer))),
    Role.COORDINATOR: Kept(
        lambda: together([new_referrals(), *desk_of(Party.COORDINATOR, Case.coordinator, soon=True)])
    ),
    Role.EXPERT: Kept(lambda: together([open_offers(), *desk_of(Party.EXPERT, Case.expert, soon=True)])),
}


def desk(person: User) -> dict[str, list[Row]]:
    """The groups of a person's home, each in the order due, each at most one row longer than GROUP."""
    soon = clock.today() + COMING_UP
    rows = DESKS[person.role].rows(viewer=viewer_id(person), soon=soon, **seeing(person))
    groups: dict[str, list[Row]] = {}
    for row in map(as_row, rows):
        groups.setdefault(row.group, []).append(row)
    return {name: sorted(found, key=lambda row: (row.due_on, row.id)) for name, found in groups.items()}


def as_row(values: Sequence[Any]) -> Row:
    due_on = values[8] if isinstance(values[8], date) else date.fromisoformat(values[8])
    return Row(*values[:8], due_on)


def viewer_id(person: User) -> int:
    """What the viewer's queue is kept by: the expert's profile, else the user."""
    return person.expert.id if person.role == Role.EXPERT and person.expert else person.id


# --- how much ---------------------------------------------------------------------------------------------------


def counted(*conditions: Any) -> Any:
    """How many open cases, counted to CAPPED + 1 and no further."""
    found = Case.select(SQL("1")).where(reduce(and_, conditions, IS_OPEN)).limit(CAPPED + 1).alias("found")
    return Select([found], [fn.COUNT(SQL("*"))])


def tally_of(party: Party, owner: Any) -> Any:
    mine = reduce(and_, (owner == bind("viewer"), Case.turn == party, IS_STILL_THEIRS[party]))
    late = counted(mine, Case.due_on < bind("today"))
    now = counted(mine, Case.due_on == bind("today"))
    return Select(columns=[late, now])


TALLIES = {
    Role.REFERRER: Kept(lambda: tally_of(Party.REFERRER, Case.referrer)),
    Role.COORDINATOR: Kept(lambda: tally_of(Party.COORDINATOR, Case.coordinator)),
    Role.EXPERT: Kept(lambda: tally_of(Party.EXPERT, Case.expert)),
}


class Tally(NamedTuple):
    """How many cases of the viewer's turn are late, and due today; capped at CAPPED + 1."""

    late: int
    today: int


def tally(person: User) -> Tally:
    values = {"viewer": viewer_id(person), "today": clock.today(), **seeing(person)}
    return Tally(*TALLIES[person.role].rows(**values)[0])


# --- the queue --------------------------------------------------------------------------------------------------

SCOPES: dict[Role, Any] = {
    Role.REFERRER: sight(Role.REFERRER, PLACES),
    Role.COORDINATOR: sight(Role.COORDINATOR, PLACES),
    Role.EXPERT: (Case.expert == PLACES["scope"]) & IS_UNBARRED,  # what is offered stands on the desk
}


@dataclass(frozen=True)
class Wish:
    """What of a queue is wanted. `order` is `due` or `newest`; `after` the last row seen, (due day, id)."""

    stage: Stage | None = None
    turn: Party | None = None
    is_late: bool = False
    is_ended: bool = False
    order: str = "due"
    after: tuple[date, int] | None = None

    @property
    def shape(self) -> tuple[Any, ...]:
        """What makes the query of one wish differ from that of another; the rest are values."""
        return bool(self.stage), bool(self.turn), self.is_late, self.is_ended, self.order, bool(self.after)

    @property
    def values(self) -> dict[str, Any]:
        """The values its query is run with."""
        after_due, after_id = self.after or (None, None)
        known = {"stage": self.stage, "turn": self.turn, "today": clock.today()}
        return known | {"after_due": after_due, "after_id": after_id}


EVERYTHING = Wish()


def narrowed(wish: Wish) -> list[Any]:
    """The conditions of a wish on stage, turn and lateness."""
    wanted = {
        "stage": (wish.stage, Case.stage == bind("stage")),
        "turn": (wish.turn, Case.turn == bind("turn")),
        "late": (wish.is_late, Case.due_on < bind("today")),
    }
    return [condition for is_wanted, condition in wanted.values() if is_wanted]


def queue_query(role: Role, wish: Wish) -> Any:
    """The query of one shape of wish; its values are bound when it runs."""
    conditions = [SCOPES[role], *(ENDED if wish.is_ended else (IS_OPEN,)), *narrowed(wish)]
    by_due = wish.order == "due" and not wish.is_ended
    if wish.after:
        conditions.append(
            Tuple(Case.due_on, Case.id) > Tuple(bind("after_due"), bind("after_id"))
            if by_due
            else Case.id < bind("after_id")
        )
    order = (Case.due_on, Case.id) if by_due else (Case.id.desc(),)
    return (
        Case.select(Value("queue"), *COLUMNS)
        .join(Claimant)
        .where(reduce(and_, conditions))
        .order_by(*order)
        .limit(PAGE + 1)
    )


_queues: dict[tuple[Any, ...], Kept] = {}


def queue(person: User, wish: Wish) -> tuple[list[Row], bool]:
    """A page of the cases a person may see, in keyset order, and whether there are more."""
    kept = _queues.setdefault((person.role, wish.shape), Kept(lambda: queue_query(person.role, wish)))
    rows = kept.rows(**seeing(person), **wish.values)
    return [as_row(row) for row in rows[:PAGE]], len(rows) > PAGE
