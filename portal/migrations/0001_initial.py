"""The first schema, as SQL for each database; `python -m portal.schema` wrote it from the models of that day."""

from pathlib import Path

from peewee import SqliteDatabase

HERE = Path(__file__).parent


def up(migrator, db):
    kind = "sqlite" if isinstance(db, SqliteDatabase) else "postgresql"
    for statement in (HERE / f"0001_initial.{kind}.sql").read_text().split(";\n"):
        if statement.strip():
            db.execute_sql(statement)
