"""The official taxonomy file of the NUCC, which whoever has a right to it brings along: our list is compared with it, and
more specialties are taken from it. None of its texts is part of the portal."""

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path

from portal.ime.rule_pack import fit_to_show
from portal.ime.specialties import Specialty, specialties

CODE = re.compile(r"[0-9]{3}[0-9A-Z]{6}X")
LONGEST_SHOWN, LONGEST_NAME = 40, 200
COLUMNS = ("Code", "Classification", "Specialization")


class TaxonomyError(Exception):
    """The file is not the taxonomy, or lacks what is wanted of it; the message says what."""


def read_taxonomy(text: str) -> dict[str, str]:
    """The codes of a taxonomy file in CSV with their names: specialization, or classification where there is none."""
    rows = csv.DictReader(io.StringIO(text.lstrip("\ufeff"), newline=""))
    try:
        lacking = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
        if lacking:
            raise TaxonomyError(f"The file has no column {lacking[0]}: it is not the NUCC taxonomy in CSV.")
        found = dict(named(row, rows.line_num) for row in rows)
    except csv.Error as fault:
        raise TaxonomyError(f"Line {rows.line_num + 1} is not CSV ({fault}).") from None
    if not found:
        raise TaxonomyError("The file holds no code.")
    return found


def named(row: Mapping[str, str | None], line: int) -> tuple[str, str]:
    """The code of a row and its name, on one line."""
    code = (row["Code"] or "").strip()
    if not CODE.fullmatch(code):
        shown = fit_to_show(code[:LONGEST_SHOWN]) or "An empty cell"
        raise TaxonomyError(f"{shown} on line {line} is not a taxonomy code.")
    name = " ".join((row["Specialization"] or row["Classification"] or "").split())
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise TaxonomyError(f"{code} on line {line} has no name that can be shown.")
    return code, name


def retired(taxonomy: Mapping[str, str]) -> list[Specialty]:
    """Our specialties whose code the file does not hold any more."""
    return [each for each in specialties().values() if each.nucc not in taxonomy]


def taken(taxonomy: Mapping[str, str], wanted: Iterable[str]) -> list[Specialty]:
    """More specialties by their taxonomy codes, named as in the file, each under our broader one of the same first four
    signs where there is one. Raises TaxonomyError for a code that the file does not hold."""
    ours = {each.nucc for each in specialties().values()}
    found = []
    for code in dict.fromkeys(wanted):
        if code not in taxonomy:
            raise TaxonomyError(f"The file holds no code {code}.")
        if code not in ours:
            found.append(Specialty(f"nucc_{code.lower()}", taxonomy[code], code, broader_of(code)))
    return found


def broader_of(code: str) -> str | None:
    same = (each for each in specialties().values() if not each.broader and each.nucc[:4] == code[:4])
    return next((each.code for each in same), None)


def write_more(path: Path, more: Iterable[Specialty]) -> int:
    """Keep further specialties in a file beside the data of the portal; returns how many it holds now."""
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    rows = {row["code"]: row for row in [*before, *map(asdict, more)]}
    whole = path.with_suffix(".new")  # half a file would stop every process that reads it
    whole.write_text(json.dumps(list(rows.values()), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    whole.replace(path)
    return len(rows)
