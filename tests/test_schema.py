"""The migrations build what the models say, on each database."""

import pytest

from portal import db, schema
from portal.db import open_database


@pytest.fixture(params=["sqlite", "postgresql"])
def new_database(request, tmp_path, app):
    """Gives the address of an empty database, as often as it is called."""
    if request.param == "postgresql":
        return request.getfixturevalue("make_postgres")
    return lambda: f"sqlite:///{tmp_path / f'{len(list(tmp_path.iterdir()))}.db'}"


@pytest.fixture
def migrated(new_database):
    target = db.connect(new_database())
    schema.migrate_database()
    yield target
    target.close()


def test_the_migrations_build_what_the_models_say(new_database, migrated):
    built = open_database(new_database())
    for statement in schema.statements(built):
        built.execute_sql(statement)
    found, wanted = schema.structure(migrated), schema.structure(built)
    built.close()
    assert without_history(found) == without_history(wanted)
    assert len(wanted) >= 3


def without_history(structure):
    """The schema without the table in which the migrations are noted."""
    if "columns" in structure:
        return {
            what: [row for row in rows if row[0] != "schema_migration"] for what, rows in structure.items()
        }
    return {name: what for name, what in structure.items() if "schema_migration" not in name}


def test_a_second_migration_has_nothing_to_do(migrated):
    assert schema.migrate_database() == []


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_first_migration_is_what_the_command_prints(kind, capsys):
    """Until the first release the first migration is cut anew; then this test goes and a second one is written."""
    schema.main(kind)
    assert capsys.readouterr().out == (schema.MIGRATIONS / f"0001_initial.{kind}.sql").read_text()


@pytest.mark.parametrize("wrong", ["mysql://x/y", "sqlit:///x", ""])
def test_another_database_is_refused_by_name(wrong):
    with pytest.raises(ValueError, match="DATABASE_URL"):
        open_database(wrong)
