"""What the README says is so."""

import re
from pathlib import Path

from portal import ROOT
from portal.commands import diagram
from portal.config import Config

README = (ROOT / "README.md").read_text()


def test_the_diagram_is_the_one_the_table_prints():
    [drawn] = re.findall(r"<!-- diagram -->\n```mermaid\n(.*?)\n```\n<!-- /diagram -->", README, re.DOTALL)
    assert drawn == diagram()


def test_every_path_it_names_is_there():
    linked = re.findall(r"\]\(((?!http)[^)]+)\)", README)
    assert len(linked) > 5
    assert [path for path in linked if not (ROOT / path).exists()] == []


def test_every_command_it_names_is_a_target_or_a_command():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {"demo", "test", "help", "check", "bench", "screens"} <= targets


def test_every_variable_it_names_is_read_and_every_one_that_is_read_is_named():
    named = set(re.findall(r"`((?:IMPARTIAL_[A-Z_]+|DATABASE_URL|STORE_URL|SMTP_URL))`", README))
    source = (
        Path(Config.from_environment.__func__.__code__.co_filename).read_text()
        + (ROOT / "portal/clock.py").read_text()
    )
    read = set(re.findall(r'[(,]\s*"((?:IMPARTIAL_[A-Z_]+|DATABASE_URL|STORE_URL|SMTP_URL))"', source))
    optional = {
        "IMPARTIAL_MAIL_FROM",
        "IMPARTIAL_OFFICE_ADDRESS",
        "IMPARTIAL_OFFICE_PHONE",
        "IMPARTIAL_OFFICE_EMAIL",
        "IMPARTIAL_OFFICE_HOURS",
    }
    assert named <= read
    assert read - named <= optional
