"""The command line: flask --app wsgi migrate, process, routes, demo, work."""

import click
from flask import Flask, current_app
from playhouse.migrations import Runner

from portal import ROOT, db, search
from portal.ime.process import PROCESS
from portal.models import TABLES
from portal.web.routing import Access
from portal.words import Stage


def migrate_database() -> list[str]:
    """Bring the connected database up to date; returns the names of the migrations that ran."""
    db.database.create_tables(TABLES)
    search.create_table()
    return list(Runner(db.database.obj, directory=str(ROOT / "portal" / "migrations")).up())


@click.command()
def migrate() -> None:
    """Bring the database up to date."""
    names = migrate_database()
    click.echo("\n".join(names) if names else "The database is up to date.")


def diagram() -> str:
    """The process as a Mermaid state diagram, drawn from the table."""
    moves: dict[tuple[str, str], list[str]] = {}
    for row in PROCESS.values():
        for at in [stage for stage in Stage if stage in row.at and row.to]:
            moves.setdefault((at, str(row.to)), []).append(row.name)
    lines = ["stateDiagram-v2", "    [*] --> draft"]
    lines += [f"    {at} --> {to}: {', '.join(names)}" for (at, to), names in moves.items()]
    ends = [stage for stage in Stage if stage in {Stage.DECLINED, Stage.CLOSED, Stage.WITHDRAWN}]
    return "\n".join(lines + [f"    {stage} --> [*]" for stage in ends])


@click.command("process")
@click.option("--diagram", "as_diagram", is_flag=True, help="Draw it as a Mermaid state diagram.")
def process_command(as_diagram: bool) -> None:
    """Print the table of steps."""
    if as_diagram:
        click.echo(diagram())
        return
    for row in PROCESS.values():
        click.echo(
            f"{row.name}: {', '.join(sorted(row.who))} at {', '.join(sorted(row.at))}"
            f" -> {row.to or 'same'}; tells {', '.join(sorted(row.tells)) or 'nobody'}"
        )


def matrix(app: Flask) -> list[str]:
    """One line per route and method: what its view asks of whoever opens it."""
    lines = []
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint)):
        access = getattr(app.view_functions[rule.endpoint], "access", Access("static"))
        asked = ", ".join([*access.roles, *access.parties])
        methods = ", ".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))
        step = f" {access.step}" if access.step else ""
        lines.append(
            f"{methods} {rule.rule} -> {rule.endpoint}: {access.kind}{step}{' by ' + asked if asked else ''}"
        )
    return lines


@click.command("routes")
@click.option("--matrix", "as_matrix", is_flag=True, help="With what each route asks of whoever opens it.")
def routes_command(as_matrix: bool) -> None:
    """Print the routes."""
    for line in matrix(current_app):
        click.echo(line if as_matrix else line.partition(":")[0])


def register(app: Flask) -> None:
    for command in (migrate, process_command, routes_command):
        app.cli.add_command(command)
