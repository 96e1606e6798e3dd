"""How much of a limit somebody has used up: one row a limit and person, counted in one statement for all workers."""

from peewee import EXCLUDED, Case, Expression

from portal import clock
from portal.db import database
from portal.models import Allowance


def use(key: str, amount: int, seconds: int) -> int:
    """Use up `amount` of the limit; how much of it is used in its window, which lasts `seconds` from its first use.

    One statement, so that of many processes asking at once none goes uncounted. Raises what the database raises."""
    now = clock.now().timestamp()
    is_over: Expression = Allowance.ends_at <= now
    asked = Allowance.insert(key=key, used=amount, ends_at=now + seconds).on_conflict(
        conflict_target=[Allowance.key],
        update={
            Allowance.used: Case(None, [(is_over, EXCLUDED.used)], Allowance.used + EXCLUDED.used),
            Allowance.ends_at: Case(None, [(is_over, EXCLUDED.ends_at)], Allowance.ends_at),
        },
    )
    return int(next(iter(asked.returning(Allowance.used).tuples().execute()))[0])


def used(key: str) -> int:
    """How much of the limit is used in the window that is open now."""
    row = running(key)
    return row.used if row else 0


def ends_at(key: str) -> float:
    """When the window ends, in seconds since 1970; now where none is open."""
    row = running(key)
    return row.ends_at if row else clock.now().timestamp()


def running(key: str) -> Allowance | None:
    row: Allowance | None = Allowance.get_or_none(
        (Allowance.key == key) & (Allowance.ends_at > clock.now().timestamp())
    )
    return row


def give_back(key: str) -> None:
    """The whole limit is there again."""
    Allowance.delete().where(Allowance.key == key).execute()


def forget_allowances() -> int:
    """Delete what counts no longer; how many."""
    return int(Allowance.delete().where(Allowance.ends_at <= clock.now().timestamp()).execute())


def is_kept() -> bool:
    """Whether the count can be kept at all."""
    return bool(database.table_exists(Allowance._meta.table_name))
