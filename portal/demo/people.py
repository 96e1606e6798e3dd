"""Synthetic people: organisations, referrers, coordinators and a panel of experts."""

from dataclasses import dataclass
from datetime import time, timedelta
from functools import cache
from typing import Any

from portal import clock
from portal.ime.passwords import hash_password
from portal.models import (
    Clinic,
    Credential,
    Expert,
    ExpertSpecialty,
    Organisation,
    User,
    WeeklyHours,
    ZipPlace,
)
from portal.words import OrganisationKind, Role

PASSWORD = "a quiet harbor at dawn"  # noqa: S105 – everybody in the small world signs in with it


@dataclass
class World:
    """The people of the small world; `stranger_…` belong to somebody else's cases."""

    referrer: User
    colleague: User
    coordinator: User
    second_coordinator: User
    expert: User
    second_expert: User
    stranger_referrer: User


@cache
def password_hash() -> str:
    return hash_password(PASSWORD)


def person(organisation: Organisation, role: Role, name: str, **more: Any) -> User:
    """A user with an address of the reserved example domain."""
    email = name.lower().replace(" ", ".") + "@" + organisation.name.lower().split()[0] + ".example"
    return User.create(
        organisation=organisation, role=role, name=name, email=email, password_hash=password_hash(), **more
    )


@dataclass(frozen=True)
class Town:
    """Where a clinic stands."""

    city: str
    zip: str
    street: str
    latitude: float
    longitude: float
    directions: str


SAN_FRANCISCO = Town(
    "San Francisco",
    "94103",
    "Market Street",
    37.7725,
    -122.4147,
    "From Powell station walk two blocks south on Market Street.",
)
OAKLAND = Town(
    "Oakland", "94612", "Harrison Street", 37.8107, -122.2636, "19th Street station is three blocks west."
)
SAN_JOSE = Town(
    "San Jose", "95112", "Julian Street", 37.3479, -121.8874, "Bus 22 stops in front of the entrance."
)
SACRAMENTO = Town(
    "Sacramento", "95814", "Capitol Avenue", 38.5804, -121.4922, "Light rail stops at 13th Street, one block."
)
LOS_ANGELES = Town(
    "Los Angeles", "90017", "Figueroa Street", 34.0530, -118.2642, "The 7th Street station is one block east."
)


PACIFIC, EASTERN = "America/Los_Angeles", "America/New_York"
# The ZIP codes that the small world needs; the command `places load` brings all of them.
PLACES = [
    ("94103", "San Francisco", "CA", 37.7725, -122.4147, PACIFIC),
    ("94110", "San Francisco", "CA", 37.7486, -122.4158, PACIFIC),
    ("94607", "Oakland", "CA", 37.8071, -122.2851, PACIFIC),
    ("94612", "Oakland", "CA", 37.8085, -122.2668, PACIFIC),
    ("95112", "San Jose", "CA", 37.3476, -121.8870, PACIFIC),
    ("95814", "Sacramento", "CA", 38.5804, -121.4922, PACIFIC),
    ("90012", "Los Angeles", "CA", 34.0614, -118.2385, PACIFIC),
    ("90017", "Los Angeles", "CA", 34.0559, -118.2666, PACIFIC),
    ("98101", "Seattle", "WA", 47.6101, -122.3344, PACIFIC),
    ("85004", "Phoenix", "AZ", 33.4512, -112.0686, "America/Phoenix"),
    ("10001", "New York", "NY", 40.7506, -73.9972, EASTERN),
    ("03301", "Concord", "NH", 43.2185, -71.5277, EASTERN),
    ("03801", "Portsmouth", "NH", 43.0729, -70.8052, EASTERN),
]


def expert(
    organisation: Organisation,
    name: str,
    credentials: str,
    specialties: list[str],
    town: Town = SAN_FRANCISCO,
    licence_days: int = 500,
    states: tuple[str, ...] = ("CA",),
    **profile: Any,
) -> User:
    """An expert with a profile, a licence, a certification, one clinic and hours from Monday to Thursday."""
    user = person(organisation, Role.EXPERT, name)
    row = Expert.create(user=user, credentials=credentials, practice=organisation.name, **profile)
    ExpertSpecialty.insert_many([{"expert": row, "code": code} for code in specialties]).execute()
    add_credentials(row, licence_days, states)
    clinic = Clinic.create(
        expert=row,
        name=f"{organisation.name} – Downtown",
        street=f"{100 + row.id} {town.street}",
        city=town.city,
        state="CA",
        zip=town.zip,
        latitude=town.latitude,
        longitude=town.longitude,
        time_zone="America/Los_Angeles",
        phone="+14155550100",
        access="Ground floor, step-free. An accessible restroom is next to the waiting room.",
        parking="Garage across the street, two minutes on foot.",
        directions=town.directions,
    )
    WeeklyHours.insert_many(
        [
            {"clinic": clinic, "weekday": weekday, "opens": opens, "closes": closes}
            for weekday in range(4)
            for opens, closes in ((time(9), time(12)), (time(13), time(16)))
        ]
    ).execute()
    return user


def add_credentials(expert: Expert, licence_days: int, states: tuple[str, ...]) -> None:
    """Licences that run out in so many days, and a board certification that lasts."""
    today = clock.today()
    verified = {"expert": expert, "verified_at": clock.now(), "was_verified": True}
    board = {**verified, "kind": "board", "number": f"B{20_000 + expert.id}"}
    for state in states:
        licence = {**verified, "kind": "licence", "state": state, "number": f"A{10_000 + expert.id}"}
        Credential.create(**licence, expires_on=today + timedelta(days=licence_days))
    Credential.create(**board, expires_on=today + timedelta(days=500))


def people() -> World:
    """Organisations and people: the only thing the small world makes without a step."""
    columns = ("zip", "city", "state", "latitude", "longitude", "time_zone")
    ZipPlace.insert_many([dict(zip(columns, row, strict=True)) for row in PLACES]).execute()
    insurer = Organisation.create(name="Lakeshore Mutual Insurance", kind=OrganisationKind.INSURER)
    firm = Organisation.create(name="Brightwater Law Group", kind=OrganisationKind.LAW_FIRM)
    office = Organisation.create(name="Impartial Examinations", kind=OrganisationKind.IME_COMPANY)
    bay = Organisation.create(name="Bayview Orthopaedics", kind=OrganisationKind.PRACTICE)
    hill = Organisation.create(name="Hilltop Neurology", kind=OrganisationKind.PRACTICE)
    world = World(
        referrer=person(insurer, Role.REFERRER, "Morgan Reyes"),
        colleague=person(insurer, Role.REFERRER, "Sam Whitfield"),
        coordinator=person(office, Role.COORDINATOR, "Priya Nair", is_manager=True),
        second_coordinator=person(office, Role.COORDINATOR, "Jonah Feld"),
        expert=expert(
            bay,
            "Adaeze Okafor",
            "MD",
            ["orthopedic_surgery", "sports_medicine"],
            states=("CA", "NY", "TX", "WA"),
            years_in_practice=22,
            examinations_done=640,
            languages="English, Spanish",
            fee_cents=185_000,
            capacity_a_week=40,
        ),
        second_expert=expert(
            hill,
            "Henrik Dahl",
            "MD, PhD",
            ["neurology"],
            years_in_practice=15,
            examinations_done=210,
            fee_cents=210_000,
            capacity_a_week=40,
        ),
        stranger_referrer=person(firm, Role.REFERRER, "Alex Tran"),
    )
    rest_of_the_panel()
    return world


def rest_of_the_panel() -> None:
    """Experts whom no case of the small world engages, so that there is something to choose from."""

    def practice(name: str) -> Organisation:
        return Organisation.create(name=name, kind=OrganisationKind.PRACTICE)

    expert(
        practice("Eastgate Orthopedics"),
        "Mateo Villanueva",
        "MD",
        ["orthopedic_surgery"],
        OAKLAND,
        years_in_practice=11,
        examinations_done=95,
        languages="English, Spanish",
        fee_cents=165_000,
        accepts_recording=True,
    )
    expert(
        practice("Guadalupe Rehabilitation"),
        "Grace Lindqvist",
        "DO",
        ["physical_medicine", "pain_medicine"],
        SAN_JOSE,
        licence_days=41,
        years_in_practice=18,
        examinations_done=320,
        fee_cents=140_000,
        capacity_a_week=8,
    )
    expert(
        practice("Capitol Hand and Wrist"),
        "Samuel Osei",
        "MD",
        ["hand_surgery"],
        SACRAMENTO,
        years_in_practice=26,
        examinations_done=510,
        languages="English, French",
        fee_cents=230_000,
        notice_days=21,
    )
    expert(
        practice("Figueroa Neuropsychology"),
        "Ruth Abrams",
        "PhD",
        ["neuropsychology", "psychology"],
        LOS_ANGELES,
        years_in_practice=31,
        examinations_done=780,
        is_in_clinical_practice=False,
        fee_cents=275_000,
        accepts_telehealth=True,
    )
    expert(
        practice("Pier Nine Orthopedics"),
        "Peter Novak",
        "MD",
        ["orthopedic_surgery"],
        licence_days=-20,
        years_in_practice=34,
        examinations_done=1_150,
        fee_cents=190_000,
    )
    expert(
        practice("Valley Family Medicine"),
        "Carla Benedetti",
        "MD",
        ["occupational_medicine"],
        OAKLAND,
        years_in_practice=14,
        examinations_done=130,
        languages="English, Italian",
        fee_cents=120_000,
    )
