"""Where a ZIP code lies, and how far one place is from another."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from math import asin, cos, radians, sin, sqrt
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from portal.db import database
from portal.ime.process import Refusal
from portal.models import Claimant, Clinic, ZipPlace

Place = tuple[float, float]

COLUMNS = ("zip", "city", "state", "latitude", "longitude", "time_zone")
ZIP, STATE = re.compile(r"[0-9]{5}"), re.compile(r"[A-Z]{2}")
LONGEST_CITY = 80
EARTH_RADIUS_MILES = 3958.8
AT_ONCE = 500

# Of a drive nothing is known but its two ends: roads are longer than the great circle, and slower than a highway.
ROAD_FACTOR = 1.25
MILES_AN_HOUR = 45


def place_of_zip(typed: str) -> ZipPlace | None:
    """Where a ZIP code lies, by its first five digits; None where it is not known."""
    found: ZipPlace | None = ZipPlace.get_or_none(ZipPlace.zip == typed.strip()[:5])
    return found


def locate(row: Claimant | Clinic) -> bool:
    """Set the coordinates of a claimant or a clinic from the ZIP; False, and none, where that is not known."""
    found = place_of_zip(row.zip) if row.zip else None
    row.latitude, row.longitude = (found.latitude, found.longitude) if found else (None, None)
    return found is not None


def refuse_unknown_zip(typed: str) -> None:
    """A ZIP code that no list knows is a slip; where no list is loaded, nothing is said."""
    if typed and place_of_zip(typed) is None and ZipPlace.select().exists():
        raise Refusal("This ZIP code is not known. Please check its five digits.", field="zip")


def place(latitude: float | None, longitude: float | None) -> Place | None:
    return None if latitude is None or longitude is None else (latitude, longitude)


def miles_between(one: Place, other: Place) -> float:
    """Great-circle distance in miles between two places given as latitude and longitude in degrees."""
    (north, east), (north2, east2) = (tuple(map(radians, each)) for each in (one, other))
    half = sin((north2 - north) / 2) ** 2 + cos(north) * cos(north2) * sin((east2 - east) / 2) ** 2
    return 2 * EARTH_RADIUS_MILES * asin(min(1.0, sqrt(half)))


def hours_to_drive(miles: float) -> float:
    """An estimate of the drive in hours, from great-circle miles."""
    return miles * ROAD_FACTOR / MILES_AN_HOUR


class PlacesError(Exception):
    """The list of places cannot be used; the message says what is wrong with it, and where."""


def read_places(text: str) -> Iterator[dict[str, Any]]:
    """The rows of a list of places in CSV. Raises PlacesError for whatever is none."""
    rows = csv.DictReader(io.StringIO(text, newline=""))
    try:
        lacking = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
        if lacking:
            raise PlacesError(f"It has no column {lacking[0]}; it must be CSV with {', '.join(COLUMNS)}.")
        yield from without_doubles((rows.line_num, place_in(row, f"line {rows.line_num}")) for row in rows)
    except csv.Error as fault:
        raise PlacesError(f"Line {rows.line_num + 1} is not CSV ({fault}).") from None


def without_doubles(rows: Iterable[tuple[int, dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    seen = set()
    for line, row in rows:
        if row["zip"] in seen:
            raise PlacesError(f"The ZIP code {row['zip']} is there twice, the second time on line {line}.")
        seen.add(row["zip"])
        yield row


def place_in(row: dict[str, Any], where: str) -> dict[str, Any]:
    """What a row of the file says of one place."""
    if None in row or None in row.values():
        raise PlacesError(f"On {where} there are more or fewer cells than columns.")
    told = {name: row[name].strip() for name in COLUMNS}
    for holds, fault in (
        (ZIP.fullmatch(told["zip"]), "the ZIP code is not five digits"),
        (0 < len(told["city"]) <= LONGEST_CITY and told["city"].isprintable(), "there is no name of a city"),
        (STATE.fullmatch(told["state"]), "the state is not two capital letters"),
        (not told["time_zone"] or is_zone(told["time_zone"]), "the time zone is not known"),
    ):
        if not holds:
            raise PlacesError(f"On {where} {fault}.")
    return told | {
        "latitude": degrees(told["latitude"], 90, "latitude", where),
        "longitude": degrees(told["longitude"], 180, "longitude", where),
    }


def degrees(typed: str, most: int, name: str, where: str) -> float:
    try:
        number = float(typed)
    except ValueError:
        number = float("nan")
    if not -most <= number <= most:
        raise PlacesError(f"On {where} the {name} is not a number of degrees between -{most} and {most}.")
    return number


def is_zone(name: str) -> bool:
    try:
        return bool(ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False


def load(rows: Iterable[dict[str, Any]]) -> int:
    """Fill the table of ZIP codes anew, all or nothing; returns how many there are now. Raises PlacesError for none."""
    count = 0
    with database.atomic():
        ZipPlace.delete().execute()
        batch: list[dict[str, Any]] = []
        for row in rows:
            batch.append(row)
            if len(batch) == AT_ONCE:
                count += insert(batch)
                batch = []
        count += insert(batch) if batch else 0
        if not count:
            raise PlacesError("There is no ZIP code in it.")
        return count


def locate_all() -> int:
    """Give their places to the claimants and clinics that have a ZIP code and none yet; returns how many."""
    found = 0
    for table in (Claimant, Clinic):
        for row in table.select().where(table.latitude.is_null() & (table.zip != "")):
            if locate(row):
                row.save()
                found += 1
    return found


def insert(batch: list[dict[str, Any]]) -> int:
    ZipPlace.insert_many(batch).execute()
    return len(batch)


def every_zip() -> Iterable[dict[str, Any]]:
    """Every ZIP code of the `zipcodes` package that has a place; read once, by the loader alone."""
    import zipcodes  # 150 MB while it is read, so never in a web process

    seen = set()
    for row in zipcodes.list_all():
        if row["lat"] and row["long"] and row["zip_code"] not in seen:
            seen.add(row["zip_code"])
            yield {
                "zip": row["zip_code"],
                "city": row["city"],
                "state": row["state"],
                "latitude": float(row["lat"]),
                "longitude": float(row["long"]),
                "time_zone": row["timezone"] or "",
            }
