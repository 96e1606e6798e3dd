"""The command line of the rules, of the places that they measure, and of draws: flask --app wsgi rule, rules, places, draw."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from portal.commands import on_database
from portal.ime import draw, nucc, places, rule_book, specialties
from portal.ime.process import Refusal
from portal.ime.rule_answer import Unanswerable, answer
from portal.ime.rule_pack import Rule, RuleFileError
from portal.ime.rule_pages import TOLD, place_in_words
from portal.ime.rules import NotOnFile, on_file
from portal.ime.rules import rule as rule_named
from portal.models import Case, RuleChange, User, ZipPlace
from portal.words import Role

LARGEST_FILE = 20_000_000  # bytes


def refuse(sentence: str) -> NoReturn:
    """Say in a sentence why not, and end as a question wrongly put."""
    click.echo(sentence, err=True)
    sys.exit(2)


def text_in(file: Path) -> str:
    """What a file says; the command ends in a sentence where it cannot be read, or is no text."""
    try:
        with file.open("rb") as opened:
            held = opened.read(LARGEST_FILE + 1)
        text = held.decode("utf-8-sig")
    except OSError as fault:
        refuse(f"{file.name} cannot be read: {fault.strerror}.")
    except UnicodeDecodeError:
        refuse(f"{file.name} is not text in UTF-8. Nothing was changed.")
    if len(held) > LARGEST_FILE:
        refuse(f"{file.name} is larger than 20 MB. Nothing was changed.")
    return text


@click.command("rule")
@click.argument("rule_id")
@click.argument("facts", nargs=-1, metavar="NAME=VALUE…")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for another program.")
@with_appcontext
def rule_command(rule_id: str, facts: tuple[str, ...], as_json: bool) -> None:
    """What a rule gives: `rule CA-QME-23 exam=2026-03-02`, `rule NH-WC-01 from_zip=03301 to_zip=03801`."""
    pack = rule_book.in_force() if RuleChange.table_exists() else on_file()
    try:
        found = answer(pack, rule_named(rule_id.upper(), pack), told(facts), located)
    except (NotOnFile, Unanswerable) as fault:
        refuse(str(fault))
    click.echo(json.dumps(found.plain, ensure_ascii=False) if as_json else found.sentence)


def told(facts: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for fact in facts:
        name, is_given, value = fact.partition("=")
        if not is_given or not value:
            refuse(f"{fact!r} says nothing. Write it like exam=2026-03-02.")
        if name in found:
            refuse(f"{name} is told twice.")
        found[name] = value
    return found


def located(typed: str) -> places.Place | None:
    """Where a ZIP code lies; asked of the package itself where nothing was loaded yet."""
    if ZipPlace.table_exists() and ZipPlace.select().exists():
        found = places.place_of_zip(typed)
        return places.place(found.latitude, found.longitude) if found else None
    row = next((row for row in places.every_zip() if row["zip"] == typed.strip()[:5]), None)
    return (row["latitude"], row["longitude"]) if row else None


@click.group("rules")
def rules_group() -> None:
    """The rule file: check one, load one, print what is in force."""


@rules_group.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@on_database
def check(file: Path) -> None:
    """Say what loading the file would change, or what is wrong with it."""
    try:
        found = rule_book.difference(text_in(file))
    except RuleFileError as fault:
        refuse(str(fault))
    say(found)


@rules_group.command("load")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--why", required=True, help="The reason, kept with every change.")
@click.option("--by", "email", required=True, help="The e-mail address of the manager who answers for it.")
@on_database
def load(file: Path, why: str, email: str) -> None:
    """Make the rules in force those of the file, all or none."""
    by = (
        User.active()
        .where(User.email == email.lower(), User.role == Role.COORDINATOR, User.is_manager)
        .first()
    )
    if by is None:
        refuse("No manager has this e-mail address.")
    try:
        say(rule_book.load(text_in(file), why=why, by=by))
    except RuleFileError as fault:
        refuse(str(fault))
    except Refusal as refusal:
        refuse(refusal.sentence)


@rules_group.command("print")
@on_database
def print_rules() -> None:
    """Print the rules in force as a rule file."""
    click.echo(rule_book.as_text(), nl=False)


def say(found: rule_book.Difference) -> None:
    lines = [f"new: {each.id} {each.name}" for each in found.added]
    lines += [f"changed: {now.id} {now.name}{moved(then, now)}" for then, now in found.changed]
    lines += [f"switched off: {each.id} {each.name}" for each in found.missing]
    click.echo("\n".join(lines) if lines else "Nothing is different from the rules in force.")


def moved(then: Rule, now: Rule) -> str:
    """Of a rule that the portal asks for at another place: which it was, and which it is now."""
    if then.gate == now.gate:
        return ""
    was, is_now = map(place_in_words, (then.gate, now.gate))
    return f"\n  {TOLD['gate']} before: {was}\n  {TOLD['gate']} now: {is_now}"


@click.group("places")
def places_group() -> None:
    """Where ZIP codes lie."""


@places_group.command("load")
@click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=f"CSV: {', '.join(places.COLUMNS)}.",
)
@on_database
def load_places(file: Path | None) -> None:
    """Load every ZIP code once, from the package that knows them or from a CSV file."""
    try:
        count = places.load(list(places.read_places(text_in(file))) if file else places.every_zip())
    except places.PlacesError as fault:
        refuse(f"The list of places cannot be used: {fault} Nothing was changed.")
    click.echo(f"{count:,} ZIP codes are on file.")
    if located_now := places.locate_all():
        click.echo(f"{located_now:,} claimants and clinics have their place now.")


@click.command("draw")
@click.argument("reference")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for another program.")
@on_database
def draw_command(reference: str, as_json: bool) -> None:
    """Repeat the draws of a case, and look at the rankings kept with its offers: ends with 1 where one differs."""
    case = Case.get_or_none(Case.reference == reference.upper())
    if case is None:
        refuse(f"No case is called {reference}.")
    replays, wrong = [draw.replay(each) for each in draw.draws_of(case)], draw.replay_offers(case)
    if as_json:
        click.echo(
            json.dumps({"draws": [asdict(each) | {"same": each.is_same} for each in replays], "wrong": wrong})
        )
    else:
        say_draws(replays, wrong)
    sys.exit(0 if all(each.is_same for each in replays) and not wrong else 1)


def say_draws(replays: list[draw.Replay], wrong: list[str]) -> None:
    for each in replays:
        ending = "same result" if each.is_same else f"drawn again it gives {each.again}"
        what = f"Draw {each.number} for {each.exam_kind}, {each.mode}"
        click.echo(f"{what}, seed {each.seed}, among {each.pool}: {each.kept}, {ending}.")
    click.echo(
        "\n".join(wrong)
        if wrong
        else f"{len(replays)} draws and the rankings of the offers are as they were kept."
    )


@click.command("specialties")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--add", "codes", multiple=True, metavar="CODE", help="Take this code of the file into the list."
)
@with_appcontext
def specialties_command(file: Path, codes: tuple[str, ...]) -> None:
    """Compare our specialties with the NUCC taxonomy in CSV, and take more of them from it."""
    try:
        taxonomy = nucc.read_taxonomy(text_in(file))
        more = nucc.taken(taxonomy, codes)
    except nucc.TaxonomyError as fault:
        refuse(str(fault))
    for each in nucc.retired(taxonomy):
        click.echo(f"not in the file any more: {each.label}, {each.nucc}")
    if codes:
        held = taken(more)
        click.echo(
            "\n".join(f"taken: {each.label}, {each.nucc}" for each in more) or "All of them are on the list."
        )
        click.echo(f"{held} specialties beside our own. Restart the portal to see them.")


def taken(more: list[specialties.Specialty]) -> int:
    try:
        return nucc.write_more(specialties.connect(current_app.config["IMPARTIAL"].instance), more)
    except OSError as fault:
        refuse(f"The specialties cannot be kept: {fault.strerror}.")


def register(app: Flask) -> None:
    for command in (rule_command, rules_group, places_group, draw_command, specialties_command):
        app.cli.add_command(command)
