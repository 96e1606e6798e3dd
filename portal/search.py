"""Finds cases by reference, claimant, claim number or organisation, always inside what the person may see.

SQLite keeps the words in an FTS5 table whose rowid is the case's, PostgreSQL in a `tsvector` under a GIN index. Beside
its words each case has tokens that nobody can type: one for whoever may see it, so that the index narrows first (the
permission itself is the SQL condition on the joined case), and the keyed hash of each whole claim number, which is
nowhere in plain text."""

import re
from functools import reduce
from operator import and_
from typing import Any

from peewee import SQL, Table

from portal.db import database, is_sqlite
from portal.ime import process
from portal.kept import Bind, Kept
from portal.models import Case, Claimant, ClaimNumber, User
from portal.policy import seeing
from portal.queues import (
    COLUMNS,
    EVERYTHING,
    IS_OPEN,
    PAGE,
    SCOPES,
    Row,
    Wish,
    as_row,
    narrowed,
)
from portal.words import Role

MOST_WORDS = 8
FURTHEST = 2**62

SQLITE_TABLE = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS case_search USING fts5("
    "words, tokens, prefix='1 2 3', tokenize='unicode61 remove_diacritics 2')",
)
POSTGRES_TABLE = (
    "CREATE TABLE IF NOT EXISTS case_search (rowid INTEGER PRIMARY KEY, words TSVECTOR NOT NULL)",
    "CREATE INDEX IF NOT EXISTS case_search_words ON case_search USING GIN (words)",
)

# PostgreSQL keeps both in one vector: words with weight A, tokens with weight B.
SQLITE_WORDS = (
    "DELETE FROM case_search WHERE rowid = ?",
    "INSERT INTO case_search (rowid, words, tokens) VALUES (?, ?, ?)",
)
POSTGRES_WORDS = (
    "DELETE FROM case_search WHERE rowid = %s",
    "INSERT INTO case_search (rowid, words) VALUES (%s, setweight(to_tsvector('simple', %s), 'A')"
    " || setweight(to_tsvector('simple', %s), 'B'))",
)


def pieces(text: str) -> list[str]:
    """The letters and figures of a text, without anything that either engine could read as an operator."""
    return re.findall(r"[^\W_]+", text.lower())


def words_of(case: Case) -> tuple[str, str]:
    """What a case is found by, and its tokens."""
    numbers = [claim.number for claim in ClaimNumber.select().where(ClaimNumber.case == case)]
    words = " ".join([case.reference, case.claimant.name, case.organisation.name])
    return " ".join(pieces(words)), tokens_of(case.organisation_id, case.expert_id, numbers)


def tokens_of(organisation: int, expert: int | None, numbers: list[str]) -> str:
    """What a case is known by beside its words: who may see it, and its claim numbers."""
    return " ".join([f"organisation{organisation}", f"expert{expert}", *filter(None, map(claim, numbers))])


def claim(number: str) -> str:
    """The token of a whole claim number, whatever stands between its letters and figures; empty where there are none."""
    whole = "".join(pieces(number))
    return whole and "claim" + ClaimNumber.number.trace(whole)


def keep(case: Case) -> None:
    """Keep the words of a case; part of every step's transaction."""
    forget, write = SQLITE_WORDS if is_sqlite() else POSTGRES_WORDS
    database.execute_sql(forget, (case.id,))
    database.execute_sql(write, (case.id, *words_of(case)))


def forget(case: Case) -> None:
    """Keep no word of a case; part of its purge."""
    database.execute_sql((SQLITE_WORDS if is_sqlite() else POSTGRES_WORDS)[0], (case.id,))


def rebuild() -> int:
    """Write the words of every case anew; returns how many."""
    with database.atomic():
        database.execute_sql("DELETE FROM case_search")
        count = 0
        for case in Case.select(Case, Claimant).join(Claimant).where(Case.purged_at.is_null()).iterator():
            keep(case)
            count += 1
    return count


def tidy() -> None:
    """Merge the pieces in which SQLite keeps the index; each step adds one, and a search looks into all of them."""
    if is_sqlite():
        database.execute_sql("INSERT INTO case_search (case_search) VALUES ('optimize')")


def terms(typed: str) -> list[list[str]]:
    """What was typed, word by word; a word like LM-2026-004417 is a phrase of its pieces."""
    return [found for word in typed.split()[:MOST_WORDS] if (found := pieces(word)[:MOST_WORDS])]


def expression(typed: str, wanted: list[list[str]], viewer: str | None) -> str:
    """In the syntax of the engine: every word, its last piece as a prefix, or a claim number, as one word or as all that
    was typed; and the token of who asks."""
    either, every = (" OR ", " AND ") if is_sqlite() else (" | ", " & ")
    words = every.join(f"({either.join([phrase(word), token(claim(''.join(word)))])})" for word in wanted)
    found = f"({either.join([words, token(claim(typed))])})"
    return f"{found}{every}{token(viewer)}" if viewer else found


def phrase(word: list[str]) -> str:
    """The pieces of a word in their order, the last one as a prefix, among the words of a case."""
    if is_sqlite():
        return f'words : "{" ".join(word)}" *'
    return "(" + " <-> ".join([*(f"{piece}:A" for piece in word[:-1]), f"{word[-1]}:*A"]) + ")"


def token(name: str) -> str:
    """One token of a case."""
    return f'tokens : "{name}"' if is_sqlite() else f"{name}:B"


def query(role: Role, wish: Wish) -> Any:
    found = Table("case_search", ("rowid", "words")).alias("found")
    matches = SQL(
        '"case_search" MATCH ?' if is_sqlite() else "found.words @@ to_tsquery('simple', %s)",
        (Bind("words"),),
    )
    is_before = found.rowid < SQL("?" if is_sqlite() else "%s", (Bind("before"),))
    return (
        Case.select(SQL("'found'"), *COLUMNS)
        .join(Claimant)
        .join(found, on=(found.rowid == Case.id))
        .where(reduce(and_, [matches, SCOPES[role], is_before, *narrowed(wish), *still_open(wish)]))
        .order_by(found.rowid.desc())
        .limit(PAGE + 1)
    )


def still_open(wish: Wish) -> list[Any]:
    """A search looks at every case, unless something is wished for that only an open or an ended one can be."""
    if wish.is_ended:
        return [SQL("NOT is_open")]
    return [IS_OPEN] if narrowed(wish) else []


_finds: dict[tuple[Any, ...], Kept] = {}


def find(person: User, typed: str, before: int = FURTHEST, wish: Wish = EVERYTHING) -> tuple[list[Row], bool]:
    """The newest cases that hold all the words typed and are wished for, a page of them, and whether there are more."""
    wanted = terms(typed)
    if not wanted:
        return [], False
    viewer = seeing(person)
    words = expression(typed, wanted, token_of(person.role, viewer["scope"]))
    kept = _finds.setdefault((person.role, wish.shape), Kept(lambda: query(person.role, wish)))
    rows = kept.rows(words=words, before=before, **viewer, **wish.values)
    return [as_row(row) for row in rows[:PAGE]], len(rows) > PAGE


def token_of(role: Role, scope: int) -> str | None:
    """The token that the words of a person's cases hold; the office's cases hold none."""
    return {Role.REFERRER: f"organisation{scope}", Role.EXPERT: f"expert{scope}"}.get(role)


process.keepers.append(keep)
process.forgetters.append(forget)
