"""The command line: flask --app wsgi migrate, process, routes, demo, serve, work, backup, restore, verify."""

import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from threading import Event
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from portal import ROOT, backup, create_app, jobs, outside, restore, rotation
from portal.audit import anchor, seals
from portal.audit.verify import verify
from portal.config import Config, Unsafe
from portal.db import database
from portal.ime import account, files, places
from portal.ime.process import FOR_MANAGERS, PROCESS, Refusal
from portal.models import Case
from portal.outside import vault
from portal.schema import migrate_database
from portal.web.routing import Access
from portal.words import OrganisationKind, Role, Stage

NOTHING_YET = (
    "There is no database here yet. Run `migrate` first, or name the folder of another portal in "
    "IMPARTIAL_INSTANCE; that of the demo is instance/demo/8000, where the number is its port."
)


def on_database(command: Callable[..., Any]) -> Callable[..., Any]:
    """The command within the application. Raises ClickException where nothing was ever migrated."""

    @with_appcontext
    @wraps(command)
    def runs(*words: Any, **options: Any) -> Any:
        if not Case.table_exists():
            raise click.ClickException(NOTHING_YET)
        return command(*words, **options)

    return runs


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
        methods = ", ".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))
        lines.append(f"{methods} {rule.rule} -> {rule.endpoint}: {asked(access)}")
    return lines


def asked(access: Access) -> str:
    """All that is asked of whoever opens a route, in the order in which it is: who, of which case, when, and what they
    show of themselves beside."""
    who = ", ".join([*access.roles, *access.parties])
    is_own = access.roles == (Role.CLAIMANT,)
    told = [
        " ".join(filter(None, (access.kind, access.step, who and f"by {who}"))),
        "who manages the portal" if access.step in FOR_MANAGERS else "",
        "of a case they see" if access.parties else "of their own case" if is_own else "",
        stages_of(access.step) if access.step else "",
        "second factor shown just now" if access.is_fresh else "",
        "date of birth said" if access.is_proved else "",
    ]
    return "; ".join(filter(None, told))


def stages_of(step: str) -> str:
    """The stages at which a step may be taken, in the order of a case's life."""
    at = [each for each in Stage if each in PROCESS[step].at]
    others = [each for each in Stage if each not in at]
    if len(at) <= len(others):
        return f"at {', '.join(at)}"
    return " but ".join(filter(None, ("at any stage", ", ".join(others))))


@click.command("routes")
@click.option("--matrix", "as_matrix", is_flag=True, help="With what each route asks of whoever opens it.")
@with_appcontext
def routes_command(as_matrix: bool) -> None:
    """Print the routes."""
    for line in matrix(current_app):
        click.echo(line if as_matrix else line.partition(": ")[0])


def demo_config() -> Config:
    """The demo's own settings: a folder of its own for each port, and nothing of the operator's is touched."""
    kept = {
        name: os.environ[name] for name in ("PORT", "IMPARTIAL_HOST", "IMPARTIAL_URL") if name in os.environ
    }
    place = Path(os.environ.get("IMPARTIAL_INSTANCE", ROOT / "instance")) / "demo" / kept.get("PORT", "8000")
    return Config.from_environment({**kept, "IMPARTIAL_MODE": "demo", "IMPARTIAL_INSTANCE": str(place)})


@click.command("demo")
def demo_command() -> None:
    """Build the small world anew, serve it, and print one sign-in link for each role."""
    from portal import demo

    stop_when_told()
    config = demo_config()
    shutil.rmtree(config.instance, ignore_errors=True)
    app = create_app(config)
    server = listen(app, config)
    with app.app_context():
        migrate_database()
        demo.build()
        places.load(places.every_zip())
        for role in ("referrer", "coordinator", "expert", "claimant"):
            click.echo(f"{role}: {config.public_url}/demo/{role}")
        sys.stdout.flush()
        run(server)


@click.command()
def serve() -> None:
    """Bring the database up to date and serve the portal, with the jobs in the same process."""
    stop_when_told()
    config = current_app.config["IMPARTIAL"]
    migrate_database()
    refuse_other_keys()
    server = listen(current_app._get_current_object(), config)  # type: ignore[attr-defined]
    click.echo(f"Serving {config.public_url} on {config.host}, port {config.port}.")
    run(server)


@click.command()
@click.option("--workers", default=2, help="How many jobs are done at a time.")
@click.option("--periodic/--no-periodic", default=True, help="Of many workers only one may be periodic.")
def work(workers: int, periodic: bool) -> None:
    """Do the jobs, in a process of their own."""
    stop_when_told()
    refuse_other_keys()
    with jobs.working(workers, periodic):
        click.echo("Doing the jobs until a signal ends it.")
        sys.stdout.flush()
        Event().wait()


def refuse_other_keys() -> None:
    """Rather not start than fail at every page that holds something sealed."""
    try:
        rotation.refuse_other_keys(rotation.keys_in_use(database.obj))
    except (rotation.OtherKeys, Unsafe) as failure:
        raise click.ClickException(str(failure)) from failure


def stop_when_told() -> None:
    """Ctrl-C and a polite kill end the command as if it were done, so that what is under way is finished."""
    for told in (signal.SIGTERM, signal.SIGINT):
        signal.signal(told, lambda *_: sys.exit(0))


def listen(app: Flask, config: Config) -> Any:
    """A server that holds its port but answers nobody yet; says in a sentence why it cannot."""
    from waitress import create_server

    if config.is_production and not config.trusted_proxy:
        raise click.ClickException(
            "IMPARTIAL_PROXY must be the address of the proxy that ends TLS before this server."
        )
    trusted = {"trusted_proxy": config.trusted_proxy} if config.trusted_proxy else {}
    if trusted:
        trusted["trusted_proxy_headers"] = {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"}
    try:
        return create_server(
            app,
            host=config.host,
            port=config.port,
            threads=8,
            max_request_body_size=config.upload_limit,
            ident=None,
            clear_untrusted_proxy_headers=True,
            **trusted,
        )
    except OSError as failure:
        raise click.ClickException(
            f"Port {config.port} of {config.host} cannot be used ({failure.strerror}). Choose another with PORT."
        ) from failure


def run(server: Any) -> None:
    """Answer requests and do the jobs until a signal ends both."""
    with jobs.working():
        server.run()


@click.command("add-user")
@click.option("--organisation", prompt=True, help="Whom the person works for; made if it is new.")
@click.option(
    "--kind",
    prompt=True,
    type=click.Choice([kind.value for kind in OrganisationKind]),
    help="What the organisation is.",
)
@click.option("--role", prompt=True, type=click.Choice(["referrer", "coordinator", "expert"]))
@click.option("--name", prompt=True)
@click.option("--email", prompt="E-mail address")
@click.option(
    "--manager", "is_manager", is_flag=True, help="A coordinator who looks after people and settings."
)
@click.password_option()
def add_user_command(kind: str, role: str, **given: Any) -> None:
    """Make an account: the first manager of a new portal comes in this way, and invites everybody else."""
    try:
        user = account.add_user(kind=OrganisationKind(kind), role=Role(role), **given)
    except Refusal as refusal:
        raise click.ClickException(refusal.sentence) from None
    click.echo(f"{user.name} can sign in with {user.email}.")


@click.command("key")
@click.argument("path", type=click.Path(path_type=Path))
def key_command(path: Path) -> None:
    """Make the keys that seal fields and files. Without them nothing opens: keep a copy away from this machine."""
    if path.exists():
        raise click.ClickException(f"No key was written to {path}: there is a file already.")
    try:
        vault.make_keys(path)
    except OSError as failure:
        raise click.ClickException(f"No key was written to {path}: {failure.strerror}.") from None
    click.echo(f"IMPARTIAL_KEY_FILE={path.absolute()}")


@click.command("rotate-key")
@click.option("--finish", is_flag=True, help="Let the old key go, once nothing needs it.")
def rotate_key_command(finish: bool) -> None:
    """Seal everything with a new key while the portal runs; cut off, it goes on where it was when run again."""
    try:
        if finish:
            gone = rotation.finish()
            click.echo(f"Old keys let go: {gone}. A backup made before needs them: keep a copy as long.")
        else:
            click.echo(
                f"{rotation.rotate()} texts are sealed with the new key. Now copy the key file, then --finish."
            )
    except (rotation.StillNeeded, vault.Altered, Unsafe) as failure:
        raise click.ClickException(str(failure)) from None


@click.command("backup-key")
@click.argument("path", type=click.Path(path_type=Path))
def backup_key_command(path: Path) -> None:
    """Make a key for backups. Without it no backup opens: keep a copy away from this machine."""
    try:
        backup.make_key(path)
    except OSError as failure:
        raise click.ClickException(f"No key was written to {path}: {failure.strerror}.") from None
    click.echo(f"IMPARTIAL_BACKUP_KEY_FILE={path.absolute()}")


@click.command("backup")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def backup_command(folder: Path) -> None:
    """Copy the running portal, files and all, into one encrypted file in the folder."""
    with told_in_a_sentence():
        file, manifest = backup.back_up(current_app.config["IMPARTIAL"], folder)
    click.echo(f"{file}: {counted(manifest)}")


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def restore_command(file: Path) -> None:
    """Fill an empty portal from a backup, and check all of it."""
    with told_in_a_sentence():
        manifest = restore.restore(config := current_app.config["IMPARTIAL"], file)
        anchor.note_restored(config.anchor, seals.last_seal(database.obj))
    click.echo(f"Restored as of {manifest['moment']}: {counted(manifest)}")


@click.group("verify")
def verify_group() -> None:
    """Prove that what is kept for good is as it was."""


@verify_group.command("audit")
@on_database
def verify_audit_command() -> None:
    """Walk the whole audit trail, its seals and the anchor file; ends with 1 where something was altered."""
    walk = verify(database.obj, current_app.config["IMPARTIAL"].anchor, click.echo)
    found = "1 finding" if walk.findings == 1 else f"{walk.findings:,} findings"
    click.echo(
        f"{walk.records:,} audit records, {walk.sealed:,} of them under {walk.seals:,} seals. "
        + ("The chain is whole." if walk.is_whole else f"The chain is not whole: {found}.")
    )
    sys.exit(0 if walk.is_whole else 1)


@verify_group.command("files")
@on_database
def verify_files_command() -> None:
    """Read every document again and compare it with the SHA-256 it was filed with; ends with 1 where one differs."""
    count = lost = 0
    for key, sha256, case_key in backup.documents(database.obj):
        count += 1
        if not case_key or not files.verify(outside.store(), key, sha256, case_key):
            lost += 1
            click.echo(f"The file {key} is missing or was changed.")
    click.echo(f"{count:,} documents, {lost:,} of them missing or changed.")
    sys.exit(1 if lost else 0)


def counted(manifest: dict[str, Any]) -> str:
    rows = manifest["rows"]
    return f"{rows['case']} cases, {rows['document']} documents with their files, {sum(rows.values())} rows in all."


@contextmanager
def told_in_a_sentence() -> Iterator[None]:
    """What went wrong with a backup, or with a disk, is said without a traceback."""
    try:
        yield
    except backup.BackupError as failure:
        raise click.ClickException(str(failure)) from failure
    except OSError as failure:
        raise click.ClickException(f"{failure.strerror}: {failure.filename or 'no file'}.") from failure


def register(app: Flask) -> None:
    kept = (
        key_command,
        rotate_key_command,
        backup_key_command,
        backup_command,
        restore_command,
        verify_group,
    )
    for command in (
        migrate,
        process_command,
        routes_command,
        add_user_command,
        demo_command,
        serve,
        work,
        *kept,
    ):
        app.cli.add_command(command)
