"""The schema in the database: migrate it, print it as SQL (`python -m portal.schema sqlite`), read it back."""

import re
import sys
from collections.abc import Iterator
from typing import Any

from peewee import Database, PostgresqlDatabase, SqliteDatabase
from playhouse.migrations import Runner

from portal import ROOT, search
from portal.audit import guard
from portal.db import database
from portal.models import TABLES

MIGRATIONS = ROOT / "portal" / "migrations"
ONE_AT_A_TIME = 7_310_442  # any number that is ours: whoever holds this advisory lock migrates


def migrate_database(target: Database | None = None) -> list[str]:
    """Bring a database, or the connected one, up to date, all or nothing; returns the names of the migrations that ran."""
    target = target or database.obj
    with target.atomic():
        if isinstance(target, PostgresqlDatabase):
            target.execute_sql("SELECT pg_advisory_xact_lock(%s)", (ONE_AT_A_TIME,))
        return list(Runner(target, directory=str(MIGRATIONS)).up())


def statements(target: Database) -> Iterator[str]:
    """Every statement that builds the whole schema on this kind of database; nothing is run."""
    with target.bind_ctx(TABLES):
        for model in TABLES:
            yield sql_of(model._schema._create_table(safe=False))
            for index in model._schema._create_indexes(safe=False):
                yield sql_of(index)
    is_postgres = isinstance(target, PostgresqlDatabase)
    yield from search.POSTGRES_TABLE if is_postgres else search.SQLITE_TABLE
    yield from guard.POSTGRES if is_postgres else guard.SQLITE


def sql_of(written: Any) -> str:
    sql, params = written.query()
    if params:
        raise ValueError(f"DDL takes no parameters: {sql}")
    return str(sql)


def structure(target: Database) -> dict[str, Any]:
    """What a connected database really holds, in a shape in which a migrated and a new one can be compared."""
    return postgres_structure(target) if isinstance(target, PostgresqlDatabase) else sqlite_structure(target)


def sqlite_structure(target: Database) -> dict[str, Any]:
    """Columns, keys, checks, indexes and triggers of every table, by name."""
    made = target.execute_sql(
        "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' AND name NOT LIKE 'case_search_%'"
    ).fetchall()
    found: dict[str, Any] = {}
    for kind, name, table, sql in made:
        if kind == "table":
            found[name] = {
                "columns": target.execute_sql("SELECT * FROM pragma_table_xinfo(?)", (name,)).fetchall(),
                "keys": sorted(
                    target.execute_sql("SELECT * FROM pragma_foreign_key_list(?)", (name,)).fetchall(),
                    key=repr,
                ),
                "checks": sorted(re.findall(r"CHECK \([^)]*\)+", sql)),
            }
        else:
            found[f"{table}.{name}"] = re.sub(r"\s+", " ", sql)
    return found


def postgres_structure(target: Database) -> dict[str, Any]:
    """Columns, constraints, indexes, triggers and functions of the public schema."""
    asked = {
        "columns": "SELECT table_name, column_name, data_type, is_nullable, column_default, character_maximum_length "
        "FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2",
        "constraints": "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2",
        "indexes": "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2",
        "triggers": "SELECT tgrelid::regclass::text, tgname, tgenabled, pg_get_triggerdef(oid) FROM pg_trigger "
        "WHERE NOT tgisinternal ORDER BY 1, 2",
        "functions": "SELECT proname, pg_get_functiondef(oid) FROM pg_proc "
        "WHERE pronamespace = 'public'::regnamespace AND prokind = 'f' ORDER BY 1, 2",
    }
    return {what: target.execute_sql(sql).fetchall() for what, sql in asked.items()}


EITHER: dict[str, Database] = {"sqlite": SqliteDatabase(None), "postgresql": PostgresqlDatabase(None)}


def main(kind: str) -> None:
    """Print the schema of one kind of database as SQL."""
    sys.stdout.write("".join(f"{statement};\n" for statement in statements(EITHER[kind])))


if __name__ == "__main__":
    main(sys.argv[1])
