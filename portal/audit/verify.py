"""Walks the whole audit trail and says in plain words what was altered, removed, inserted or put into another order.

Memory stays the same however long the trail is: one seal and its records at a time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path

from peewee import Database

from portal.audit import anchor
from portal.audit.seals import BATCH, END, START, Row, Seal, digest, records, seal_after

Told = Callable[[str], None]
MOST_MOVED = 60  # records of a seal among which an exchange of places is looked for


@dataclass
class Verified:
    """What a walk met: how many records, how many of them sealed, how many seals, how many findings."""

    tell: Told
    records: int = 0
    sealed: int = 0
    seals: int = 0
    findings: int = 0
    first: str = ""

    @property
    def is_whole(self) -> bool:
        return self.findings == 0

    def find(self, sentence: str) -> None:
        """One more finding."""
        self.findings += 1
        self.first = self.first or sentence
        self.tell(sentence)


def verify(target: Database, anchored: Path | None, tell: Told = lambda sentence: None) -> Verified:
    """Walk every seal, its records and the anchor file; each finding is told at once, in one sentence.

    Without an anchor (of a restored copy) a trail cut off at a seal cannot be told from a shorter one."""
    walk = Verified(tell)
    proof = Proof(walk, anchored) if anchored else None
    before: Seal | None = None
    try:
        while seal := seal_after(target, before.last if before else START):
            check_place(walk, target, before, seal)
            check_records(walk, target, seal)
            if proof:
                proof.meets(seal)
            walk.seals += 1
            before = seal
    except (TypeError, ValueError):
        walk.find("A seal holds what no seal can hold: the walk ended there.")
    if proof:
        proof.ends()
    walk.records = walk.sealed + count(target, before.last if before else START, END)
    if beyond := count_all(target) - count(target, START, END):
        walk.records += beyond
        walk.find(f"{several(beyond)} out of every seal's reach, under a number that no record can have.")
    return walk


def count(target: Database, after: int, upto: int) -> int:
    sql = f"SELECT COUNT(*) FROM audit_record WHERE id > {target.param} AND id <= {target.param}"  # noqa: S608 - our own words
    return int(target.execute_sql(sql, (after, upto)).fetchone()[0])


def count_all(target: Database) -> int:
    return int(target.execute_sql("SELECT COUNT(*) FROM audit_record").fetchone()[0])


# --- a seal


def check_place(walk: Verified, target: Database, before: Seal | None, seal: Seal) -> None:
    """A seal must be what it was closed as, follow the one before it, and leave no record between them."""
    if not seal.is_itself:
        walk.find(f"The seal of records {seal.first} to {seal.last} was altered.")
    if seal.previous != (before.sha256 if before else ""):
        where = f"the one that ends with record {before.last}" if before else "the beginning"
        walk.find(f"The seal of records {seal.first} to {seal.last} does not follow {where}.")
    last = before.last if before else START
    if seal.first > last + 1 and (loose := count(target, last, seal.first - 1)):
        walk.sealed += loose
        walk.find(f"{several(loose)} under no seal, before record {seal.first}.")


def several(number: int) -> str:
    return f"{number:,} record is" if number == 1 else f"{number:,} records are"


def check_records(walk: Verified, target: Database, seal: Seal) -> None:
    """Compare what stands between the first and the last record of a seal with what was sealed."""
    rows = records(target, seal.first - 1, seal.last, 2 * BATCH + 1)
    walk.sealed += len(rows)
    now, then = [digest(row) for row in rows], seal.each
    if now == then:
        return
    if len(rows) > 2 * BATCH:
        walk.find(f"Many records were inserted between {seal.first} and {seal.last}.")
        return
    for sentence in Difference(seal, rows, then, now).sentences():
        walk.find(sentence)


@dataclass
class Difference:
    """What was sealed against what is there, of one seal."""

    seal: Seal
    rows: list[Row]
    then: list[str]
    now: list[str]
    moved: dict[int, int] = field(default_factory=dict)

    def sentences(self) -> Iterator[str]:
        self.moved = self.exchanged()
        for kind, a, b, c, d in SequenceMatcher(None, self.then, self.now, autojunk=False).get_opcodes():
            if kind == "equal":
                continue
            both = min(b - a, d - c)
            for row in self.rows[c : c + both]:
                yield self.altered(row[0])
            for row in self.rows[c + both : d]:
                yield f"Record {row[0]} was inserted."
            if b - a > both:
                yield self.missing(b - a - both, c + both, d)

    def altered(self, number: int) -> str:
        if number in self.moved:
            return f"Record {number} was put into another order: it was record {self.moved[number]}."
        return f"Record {number} was altered."

    def missing(self, many: int, upper: int, lower: int) -> str:
        """The records that are gone, by their numbers where the numbers leave no doubt."""
        low = self.rows[upper - 1][0] if upper else self.seal.first - 1
        high = self.rows[lower][0] if lower < len(self.rows) else self.seal.last + 1
        if high - low - 1 != many:
            return f"{several(many)} missing between {low} and {high}."
        gone = [str(number) for number in range(low + 1, high)]
        if many == 1:
            return f"Record {gone[0]} is missing."
        return f"Records {gone[0]} to {gone[-1]} are missing."

    def exchanged(self) -> dict[int, int]:
        """Number now -> number then, of records that are as they were but for their number."""
        sealed = set(self.then)
        strange = [row for row, found in zip(self.rows, self.now, strict=True) if found not in sealed]
        if len(strange) > MOST_MOVED:
            return {}
        return {
            row[0]: other[0]
            for row in strange
            for other in strange
            if row is not other and digest((other[0], *row[1:])) in sealed
        }


# --- the anchor


@dataclass
class Some:
    """How many seals there are of a sort, and with which record the first of them ends."""

    many: int = 0
    first: int = 0

    def add(self, last: int) -> None:
        self.first = self.first if self.many else last
        self.many += 1

    def __str__(self) -> str:
        seals = "1 seal" if self.many == 1 else f"{self.many:,} seals, the first of them"
        return f"{seals} ending with record {self.first}"


class Proof:
    """The anchor file, read beside the seals: each must have its line, and each line its seal."""

    def __init__(self, walk: Verified, path: Path) -> None:
        self.walk, self.is_there = walk, path.exists()
        self.lines = anchor.lines(path) if self.is_there else iter(())
        self.line = next(self.lines, None)
        self.bare, self.lost = Some(), Some()

    def meets(self, seal: Seal) -> None:
        """Take the lines that belong before this seal or to it."""
        self.skip_to(seal.last)
        is_proved = False
        while self.line and self.line.last == seal.last:
            if self.line.sha256 != seal.sha256:
                self.walk.find(
                    f"The seal that ends with record {seal.last} is not the one that was anchored."
                )
            if self.line.is_restored:
                self.bare = Some()  # a backup was restored there: its end proves what is before it
            is_proved = True
            self.line = next(self.lines, None)
        if not is_proved:
            self.bare.add(seal.last)

    def skip_to(self, last: int) -> None:
        """The lines before this record have no seal."""
        while self.line and self.line.last < last:
            if self.line.sha256:
                self.lost.add(self.line.last)
            self.line = next(self.lines, None)

    def ends(self) -> None:
        """Say what is left over on either side when the seals are through."""
        self.skip_to(END)
        if self.lost.many:
            self.walk.find(f"The trail was cut: the anchor file knows {self.lost}, and they are not there.")
        if self.bare.many and not self.is_there:
            self.walk.find("There is no anchor file: nobody can tell whether the trail was cut off.")
        elif self.bare.many:
            self.walk.find(f"The anchor file does not know {self.bare}.")
