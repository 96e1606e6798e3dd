"""Seals: a batch of audit records is closed for good with the SHA-256 of each, chained to the batch before it.

A record counts with every column, as canonical JSON; so does a seal. What is read here is read as the database holds
it, past the models, so that a value nobody could have written is seen as well."""

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peewee import Database, OperationalError, PostgresqlDatabase

from portal import clock
from portal.audit import anchor
from portal.audit.guard import LOCK
from portal.db import database
from portal.models import BEYOND_RECORDS, AuditRecord, AuditSeal

log = logging.getLogger("portal")

BATCH = 500
PATIENCE = "1s"  # writers wait behind a sealer who waits: not longer than this
DIGITS = 64  # of a SHA-256 in hex
START, END = -BEYOND_RECORDS, BEYOND_RECORDS  # records have numbers in (START, END]
COLUMNS = [field.column_name for field in AuditRecord._meta.sorted_fields]
SEAL = ("first", "last", "count", "digests", "previous", "sealed_at", "sha256")
FACTS = COLUMNS.index("facts")
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Seal:
    """One seal as the database holds it."""

    first: int
    last: int
    count: int
    digests: str
    previous: str
    sealed_at: str
    sha256: str

    @property
    def each(self) -> list[str]:
        """The digests of its records, in their order."""
        return [self.digests[at : at + DIGITS] for at in range(0, len(self.digests), DIGITS)]

    @property
    def is_itself(self) -> bool:
        """It still has the fingerprint it was closed with."""
        return self.sha256 == fingerprint_of(
            [self.first, self.last, self.count, self.digests, self.previous, self.sealed_at]
        )


def fingerprint_of(values: Sequence[Any]) -> str:
    """SHA-256 in hex of values as canonical JSON."""
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def digest(row: Row) -> str:
    """The SHA-256 of a record: every column with its value; facts as what they mean, not as they are spaced."""
    values = list(row)
    values[FACTS] = meant(values[FACTS])
    return fingerprint_of(values)


def meant(facts: Any) -> Any:
    try:
        return json.loads(facts) if isinstance(facts, str) else facts
    except ValueError:
        return facts


# --- reading


def records(target: Database, after: int, upto: int, most: int) -> list[Row]:
    """At most so many records with numbers in (after, upto], in their order, as the database holds them."""
    sql = (
        f"SELECT {', '.join(COLUMNS)} FROM audit_record WHERE id > {target.param} AND id <= {target.param} "  # noqa: S608 - our own words
        f"ORDER BY id LIMIT {int(most)}"
    )
    return list(target.execute_sql(sql, (after, upto)).fetchall())


def ends(target: Database) -> tuple[int, int]:
    """The lowest and the highest number that a record has, wherever they lie; (0, 0) where there are no records."""
    first, last = target.execute_sql(
        "SELECT (SELECT MIN(id) FROM audit_record), (SELECT MAX(id) FROM audit_record)"
    ).fetchone()
    return int(first or 0), int(last or 0)


def seal_after(target: Database, last: int) -> Seal | None:
    """The first seal that ends behind this record."""
    return read_seal(target, f"WHERE last > {target.param} ORDER BY last LIMIT 1", (last,))


def last_seal(target: Database) -> Seal | None:
    return read_seal(target, "ORDER BY last DESC LIMIT 1")


def read_seal(target: Database, which: str, given: Row = ()) -> Seal | None:
    row = target.execute_sql(f"SELECT {', '.join(SEAL)} FROM audit_seal {which}", given).fetchone()  # noqa: S608 - our own words
    if row is None:
        return None
    first, last, count, digests, previous, at, sha256 = row
    return Seal(first, last, count, digests, previous, str(at), sha256)


# --- sealing


def seal(anchored: Path) -> int:
    """Close every record there is, in batches, and write each seal into the anchor file; how many records those were.

    Where the writers leave no gap to do it in, nothing is sealed, and the next round will."""
    made: list[Seal] = []
    try:
        while batch := seal_batch():
            made.append(batch)
            if batch.count < BATCH:
                break
        if not is_in_reach():
            log.error(
                "The audit trail has numbers that no seal reaches: run `flask --app wsgi verify audit`."
            )
    except OperationalError as busy:
        log.warning("The audit trail was not sealed this time: %s", type(busy.__cause__ or busy).__name__)
    anchor.append(anchored, unanchored(anchor.end_of(anchored), made))
    return sum(batch.count for batch in made)


def is_in_reach() -> bool:
    """Every record there is or will be can come under a seal: none has a number beyond all, no seal ends behind them."""
    (first, last), newest = ends(database.obj), last_seal(database.obj)
    return first > START and last <= END and (newest is None or newest.last <= last)


def seal_batch() -> Seal | None:
    """Close the next records, at most a batch; None where there are none."""
    with database.atomic():
        hold_alone(database.obj)
        before = last_seal(database.obj)
        rows = records(database.obj, before.last if before else START, END, BATCH)
        if not rows:
            return None
        row = AuditSeal(
            first=rows[0][0],
            last=rows[-1][0],
            count=len(rows),
            digests="".join(map(digest, rows)),
            previous=before.sha256 if before else "",
            sealed_at=clock.now().replace(microsecond=0),
        )
        at = str(row.sealed_at.replace(tzinfo=None))
        row.sha256 = fingerprint_of([row.first, row.last, row.count, row.digests, row.previous, at])
        row.save(force_insert=True)
        return last_seal(database.obj)


def hold_alone(target: Database) -> None:
    """Within a transaction: nobody has a record under way, so that no lower number can still appear.

    In SQLite a transaction that writes is alone anyway."""
    if isinstance(target, PostgresqlDatabase):
        target.execute_sql(f"SET LOCAL lock_timeout = '{PATIENCE}'")
        target.execute_sql("SELECT pg_advisory_xact_lock(%s)", (LOCK,))


def unanchored(end: int | None, made: list[Seal]) -> list[Seal]:
    """What the anchor file still lacks: the seals just made, and those before them that a crash kept out of it."""
    if end is None:
        return made  # a file that is not there is not made up from the database it is to prove
    known, lacking = {each.last for each in made}, []
    while (found := seal_after(database.obj, end)) and found.last not in known:
        lacking.append(found)
        end = found.last
    return lacking + made
