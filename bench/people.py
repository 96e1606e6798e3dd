"""The people of the measured world: 40 organisations that refer, 60 referrers, 12 coordinators, 80 experts."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bench.rows import Rows
from bench.texts import FIRST_NAMES, LAST_NAMES
from portal.models import Clinic, Credential, Expert, ExpertSpecialty, Organisation, User, WeeklyHours
from portal.words import OrganisationKind, Role

REFERRING, REFERRERS, COORDINATORS, EXPERTS = 40, 60, 12, 80
IN_THE_LARGE_ONE = 8

PLACES = (
    ("San Francisco", "CA", "94103", 37.7725, -122.4147, "America/Los_Angeles"),
    ("Denver", "CO", "80202", 39.7525, -104.9995, "America/Denver"),
    ("Chicago", "IL", "60602", 41.8832, -87.6290, "America/Chicago"),
    ("Portland", "ME", "04101", 43.6606, -70.2589, "America/New_York"),
)
SPECIALTIES = ("orthopedic_surgery", "neurology", "psychiatry", "physical_medicine", "occupational_medicine")
HOURS = (("09:00:00", "12:00:00"), ("13:00:00", "16:00:00"))


@dataclass(frozen=True)
class Staff:
    """A referrer or coordinator: the user's id and name, and the organisation's id and name."""

    id: int
    name: str
    organisation_id: int
    organisation: str


@dataclass(frozen=True)
class Examiner:
    """An expert: the profile's id, the user's id, the name as written, and the clinic."""

    id: int
    user_id: int
    name: str
    clinic_id: int
    clinic: str
    zone: str


@dataclass(frozen=True)
class People:
    """Everybody; the first of each kind is the one whose pages are measured."""

    referrers: list[Staff]
    coordinators: list[Staff]
    experts: list[Examiner]


def person_name(number: int) -> str:
    """A name of our own making, another one for each of the first thousand numbers."""
    return (
        f"{FIRST_NAMES[number % len(FIRST_NAMES)]} {LAST_NAMES[number // len(FIRST_NAMES) % len(LAST_NAMES)]}"
    )


def populate(rows: Rows, now: datetime) -> People:
    """Everybody with an account; nobody has a password."""
    referring = [
        organisation(rows, f"Insurer {number}", OrganisationKind.INSURER)
        for number in range(1, REFERRING + 1)
    ]
    office = organisation(rows, "Impartial Examinations", OrganisationKind.IME_COMPANY)
    return People(
        referrers=[
            staff(rows, referring[employer_of(number)], Role.REFERRER, number) for number in range(REFERRERS)
        ],
        coordinators=[staff(rows, office, Role.COORDINATOR, 100 + number) for number in range(COORDINATORS)],
        experts=[examiner(rows, number, now.date()) for number in range(EXPERTS)],
    )


def employer_of(number: int) -> int:
    """The place, among those that refer, of a referrer's employer: the first few work for the large one."""
    return 0 if number < IN_THE_LARGE_ONE else 1 + (number - IN_THE_LARGE_ONE) % (REFERRING - 1)


def organisation(rows: Rows, name: str, kind: OrganisationKind) -> tuple[int, str]:
    return rows.add(Organisation, name=name, kind=kind.value), name


def staff(rows: Rows, employer: tuple[int, str], role: Role, number: int) -> Staff:
    name = person_name(number)
    number = account(rows, employer[0], role, name, number)
    return Staff(number, name, *employer)


def account(rows: Rows, organisation_id: int, role: Role, name: str, number: int) -> int:
    email = f"{name.lower().replace(' ', '.')}.{number}@office.example"
    return rows.add(User, organisation_id=organisation_id, role=role.value, name=name, email=email)


def examiner(rows: Rows, number: int, today: date) -> Examiner:
    """An expert with a practice, two credentials, a specialty, a clinic and hours from Monday to Friday."""
    name, place = person_name(200 + number), PLACES[number % len(PLACES)]
    practice, practice_name = organisation(rows, f"Practice {number + 1}", OrganisationKind.PRACTICE)
    user_id = account(rows, practice, Role.EXPERT, name, 200 + number)
    expert_id = rows.add(
        Expert,
        user_id=user_id,
        practice=practice_name,
        years_in_practice=5 + number % 30,
        examinations_done=20 * number,
        capacity_a_week=40,
        fee_cents=150_000 + 1_000 * number,
    )
    rows.add(ExpertSpecialty, expert_id=expert_id, code=SPECIALTIES[number % len(SPECIALTIES)])
    for kind in ("licence", "board"):
        expires = today + timedelta(days=300 + number)
        rows.add(
            Credential,
            expert_id=expert_id,
            kind=kind,
            state=place[1],
            expires_on=str(expires),
            verified_at=f"{today} 12:00:00",
        )
    clinic = f"{practice_name} – Main Street"
    return Examiner(
        expert_id, user_id, f"{name}, MD", clinic_of(rows, expert_id, clinic, place), clinic, place[5]
    )


def clinic_of(rows: Rows, expert_id: int, name: str, place: tuple[str, str, str, float, float, str]) -> int:
    city, state, zip_, latitude, longitude, zone = place
    clinic_id = rows.add(
        Clinic,
        expert_id=expert_id,
        name=name,
        street=f"{100 + expert_id} Main Street",
        city=city,
        state=state,
        zip=zip_,
        latitude=latitude,
        longitude=longitude,
        time_zone=zone,
        phone="+14155550100",
        access="Ground floor, step-free.",
        parking="Garage across the street.",
        directions="Two blocks from the station.",
    )
    for weekday in range(5):
        for opens, closes in HOURS:
            rows.add(WeeklyHours, clinic_id=clinic_id, weekday=weekday, opens=opens, closes=closes)
    return clinic_id
