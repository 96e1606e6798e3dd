"""The small world: synthetic people, and cases told to any stage by taking the real steps."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any

from portal import clock, outside
from portal.ime import (
    addendum,
    appointment,
    clarification,
    closure,
    examination,
    instructions,
    matching,
    records,
    referral,
    report,
    review,
)
from portal.ime.account import hash_password
from portal.models import (
    Case,
    Clinic,
    Credential,
    Expert,
    ExpertSpecialty,
    Organisation,
    User,
    WeeklyHours,
)
from portal.words import (
    ArrangementKind,
    Certainty,
    ClarificationReason,
    DeadlineKind,
    DocumentKind,
    InjuryStatus,
    Issue,
    OrganisationKind,
    Party,
    Reason,
    RecordSource,
    Role,
    Side,
    Stage,
)

PASSWORD = "a quiet harbor at dawn"


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


def expert(
    organisation: Organisation,
    name: str,
    credentials: str,
    specialties: list[str],
    town: Town = SAN_FRANCISCO,
    licence_days: int = 500,
    **profile: Any,
) -> User:
    """An expert with a profile, a licence, a certification, one clinic and hours from Monday to Thursday."""
    user = person(organisation, Role.EXPERT, name)
    row = Expert.create(user=user, credentials=credentials, practice=organisation.name, **profile)
    ExpertSpecialty.insert_many([{"expert": row, "code": code} for code in specialties]).execute()
    add_credentials(row, licence_days)
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


def add_credentials(expert: Expert, licence_days: int) -> None:
    """A California licence that runs out in so many days, and a board certification that lasts."""
    today = clock.today()
    licence = {"expert": expert, "kind": "licence", "state": "CA", "number": f"A{10_000 + expert.id}"}
    board = {"expert": expert, "kind": "board", "number": f"B{20_000 + expert.id}"}
    Credential.create(**licence, expires_on=today + timedelta(days=licence_days))
    Credential.create(**board, expires_on=today + timedelta(days=500))


def people() -> World:
    """Organisations and people: the only thing the small world makes without a step."""
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


@dataclass(frozen=True)
class Claim:
    """One injured person's story, wholly invented."""

    name: str
    born_on: date
    number: str
    body_part: str = "shoulder"
    side: Side = Side.LEFT
    email: str = "claimant@mail.example"
    phone: str = "+14155550177"
    exam_kind: str = "CA-QME"
    hearing_in_days: int = 90


CLAIM = Claim("Rosa Delgado", date(1979, 5, 14), "LM-2026-004417")


class Teller:
    """Takes one case through its real steps, the clock moving on between them."""

    def __init__(
        self, world: World, claim: Claim = CLAIM, began: datetime | None = None, by: User | None = None
    ):
        self.world, self.claim = world, claim
        self.referrer = by or world.referrer
        self.now = began or clock.now() - timedelta(days=4)
        with clock.set_to(self.now):
            self.case = referral.start_referral(by=self.referrer)

    def take(
        self, verb: Callable[..., Any], *, by: Any, later: timedelta = timedelta(hours=2), **given: Any
    ) -> Any:
        """Take a step some time after the one before."""
        self.now += later
        with clock.set_to(self.now):
            return verb(self.case, by=by, **given)

    def to(self, stage: Stage) -> Case:
        """Go on until the case stands at this stage."""
        for step_stage, tell in PATHS[stage]:
            tell(self)
            assert self.case.stage == step_stage, (self.case.stage, step_stage)
        return self.case

    # --- the steps, in the order of the journey

    def draft(self) -> None:
        claim, today = self.claim, self.now.date()
        self.take(
            referral.edit_referral,
            by=self.referrer,
            case_fields={
                "reason": Reason.CAUSATION_DISPUTED,
                "need": "The treating doctor relates the whole condition to one incident; earlier records suggest otherwise.",
                "exam_kind": claim.exam_kind,
                "treating_doctor": "Linda Marsh, MD",
                "treating_practice": "Valley Family Medicine",
                "treating_phone": "+14155550133",
            },
            claimant_fields={
                "name": claim.name,
                "born_on": claim.born_on,
                "email": claim.email,
                "phone": claim.phone,
                "street": "48 Alder Court",
                "city": "Oakland",
                "state": "CA",
                "zip": "94607",
            },
            lists={
                "claim_numbers": [{"number": claim.number}],
                "injuries": [
                    {
                        "body_part": claim.body_part,
                        "side": claim.side,
                        "status": InjuryStatus.ACCEPTED,
                        "injured_on": today - timedelta(days=200),
                    }
                ],
                "treating_opinions": [
                    {
                        "issue": Issue.DIAGNOSIS,
                        "opinion": "Full-thickness rotator cuff tear.",
                        "source": "Note, page 3",
                    },
                    {
                        "issue": Issue.CAUSATION,
                        "opinion": "Caused wholly by the fall at work.",
                        "source": "Note, page 4",
                    },
                    {"issue": Issue.WORK_RESTRICTIONS, "opinion": "No overhead work for six months."},
                ],
                "parties": [
                    {
                        "party": Party.REPRESENTATIVE,
                        "name": "Dana Brooks",
                        "email": "dana.brooks@counsel.example",
                        "gets_report": True,
                    }
                ],
                "deadlines": [
                    {"kind": DeadlineKind.HEARING, "falls_on": today + timedelta(days=claim.hearing_in_days)}
                ],
                "arrangements": [
                    {"kind": ArrangementKind.COMPANION, "detail": "Her daughter would like to come along."}
                ],
            },
            questions=[
                {"text": "What is the diagnosis of the left shoulder?", "issue": Issue.DIAGNOSIS},
                {"text": "What caused the condition of the left shoulder?", "issue": Issue.CAUSATION},
                {
                    "text": "Which work restrictions, if any, are needed, and for how long?",
                    "issue": Issue.WORK_RESTRICTIONS,
                },
            ],
        )
        # No step gives a claimant coordinates until the portal knows where ZIP codes lie.
        home = self.case.claimant
        home.latitude, home.longitude = 37.807, -122.297
        home.save()
        self.file_records(
            self.referrer, "Valley Family Medicine", "Progress notes", DocumentKind.TREATMENT_NOTES, 8
        )

    def file_records(self, by: User, provider: str, kind: str, filed_as: DocumentKind, entries: int) -> None:
        self.now += timedelta(hours=1)
        with clock.set_to(self.now):
            rendered = record_pdf(provider, kind, self.claim.name, self.claim.born_on, entries)
            stored = outside.store().put(io.BytesIO(rendered), limit=len(rendered))
            from portal.ime.sealing import page_count

            file = records.StoredFile(
                f"{kind}.pdf", "application/pdf", stored.size, stored.sha256, stored.key, page_count(rendered)
            )
            records.file_document(
                self.case, by=by, files=[file], kind=filed_as, provider=provider, dated_on=self.now.date()
            )

    def submit(self) -> None:
        self.take(referral.submit_referral, by=self.referrer)

    def send_back(self) -> None:
        self.take(
            referral.return_referral, by=self.world.coordinator, why="Which shoulder imaging exists so far?"
        )

    def decline(self) -> None:
        self.take(
            referral.decline_referral, by=self.world.coordinator, why="We have no examiner within reach."
        )

    def accept(self) -> None:
        self.take(referral.accept_referral, by=self.world.coordinator)
        self.take(
            records.request_record,
            by=self.world.coordinator,
            kind=DocumentKind.IMAGING,
            what="MRI of the left shoulder with report",
            asked_of=RecordSource.PROVIDER,
            due_on=self.now.date() + timedelta(days=10),
        )

    def offer(self) -> None:
        self.take(
            matching.offer_case,
            by=self.world.coordinator,
            expert=self.world.expert.expert,
            until=self.now + timedelta(days=5),
            why_not_first="Sees shoulders every day.",
        )

    def accept_offer(self) -> None:
        self.take(
            matching.take_offer,
            by=self.world.expert,
            has_treated=False,
            shares_practice=False,
            has_financial_link=False,
        )

    def book(self, days_ahead: int = 14) -> None:
        self.now += timedelta(hours=2)
        with clock.set_to(self.now):
            first = self.now.date() + timedelta(days=days_ahead)
            slot = appointment.free_slots(self.case, first, first + timedelta(days=14))[0]
            appointment.book_appointment(
                self.case,
                by=self.world.coordinator,
                clinic=Clinic.get_by_id(slot.clinic_id),
                starts_at=slot.starts_at,
                ends_at=slot.ends_at,
            )

    def brief(self) -> None:
        self.take(instructions.send_brief, by=self.world.coordinator)

    def examine(self) -> None:
        booked = self.case.appointments.get()
        self.now = booked.ends_at
        self.take(
            examination.record_examination,
            by=self.world.expert,
            identity_checked=True,
            consent_given=True,
            present="The claimant and her daughter",
            began_at=time(9, 5),
            finished_at=time(9, 55),
        )

    def write(self) -> None:
        answers = {
            question.id: {
                "opinion": OPINIONS[question.issue],
                "reasons": "The history, the examination and the imaging agree on this point.",
                "certainty": Certainty.PROBABLE,
                "pages": "3, 7",
            }
            for question in self.case.questions
        }
        self.take(report.write_report, by=self.world.expert, sections=SECTION_TEXTS, answers=answers)

    def sign(self) -> None:
        self.write()
        self.now += timedelta(days=1)
        with clock.set_to(self.now):
            report.sign_report(self.case, by=self.world.expert, sealed=report.prepare_report(self.case))

    def release(self) -> None:
        self.take(report.release_report, by=self.world.coordinator)

    def judge(self) -> None:
        verdicts = {question.id: (True, "") for question in self.case.questions}
        self.take(review.give_verdict, by=self.referrer, verdicts=verdicts)

    def close(self) -> None:
        self.judge()
        self.take(review.accept_report, by=self.referrer)

    def ask_back(self) -> None:
        item = {
            "question_id": self.case.questions.where(issue_is(Issue.CAUSATION)).get().id,
            "reason": ClarificationReason.TREATING_DOCTOR_DIFFERS,
            "text": "Dr. Marsh relates the tear wholly to the fall. Please explain where your opinion differs.",
        }
        self.take(clarification.request_clarification, by=self.referrer, items=[item])

    def send_on(self) -> None:
        due_on = self.now.date() + timedelta(days=10)
        self.take(clarification.send_clarification, by=self.world.coordinator, due_on=due_on)

    def add(self) -> None:
        self.send_on()
        answers = {
            each.id: {
                "opinion": "The fall made an earlier wear of the tendon worse.",
                "reasons": "The first imaging already shows retraction, which takes months to form.",
                "certainty": Certainty.PROBABLE,
            }
            for each in self.case.clarifications
        }
        self.take(addendum.write_addendum, by=self.world.expert, answers=answers)
        self.now += timedelta(hours=3)
        with clock.set_to(self.now):
            addendum.sign_addendum(
                self.case, by=self.world.expert, sealed=addendum.prepare_addendum(self.case)
            )

    def withdraw(self) -> None:
        self.take(closure.withdraw_referral, by=self.referrer, why="The claim has settled.")


def issue_is(issue: Issue) -> Any:
    from portal.models import Question

    return Question.issue == issue


MAIN = [
    (Stage.DRAFT, Teller.draft),
    (Stage.REFERRED, Teller.submit),
    (Stage.MATCHING, Teller.accept),
    (Stage.OFFERED, Teller.offer),
    (Stage.SCHEDULING, Teller.accept_offer),
    (Stage.BOOKED, Teller.book),
    (Stage.REPORTING, Teller.examine),
    (Stage.CHECKING, Teller.sign),
    (Stage.IN_REVIEW, Teller.release),
    (Stage.CLARIFYING, Teller.ask_back),
    (Stage.CHECKING_ADDENDUM, Teller.add),
]
PATHS: dict[Stage, list[tuple[Stage, Callable[[Teller], None]]]] = {
    stage: MAIN[: number + 1] for number, (stage, _) in enumerate(MAIN)
} | {
    Stage.RETURNED: [*MAIN[:2], (Stage.RETURNED, Teller.send_back)],
    Stage.DECLINED: [*MAIN[:2], (Stage.DECLINED, Teller.decline)],
    Stage.CLOSED: [*MAIN[:9], (Stage.CLOSED, Teller.close)],
    Stage.WITHDRAWN: [*MAIN[:2], (Stage.WITHDRAWN, Teller.withdraw)],
}
BEFORE_THE_EXAM = frozenset(
    stage for stage, path in PATHS.items() if (Stage.REPORTING, Teller.examine) not in path
)


def case_at(world: World, stage: Stage, claim: Claim = CLAIM, by: User | None = None) -> Case:
    """A case at the stage, told by real steps that end about now; what is booked lies ahead."""
    days_ago = 4 if stage in BEFORE_THE_EXAM else 40
    return Teller(world, claim, clock.now() - timedelta(days=days_ago), by).to(stage)


@cache
def record_pdf(provider: str, kind: str, patient: str, born_on: date, entries: int) -> bytes:
    """A synthetic medical record of many dated entries, as a real PDF."""
    from portal.outside import pdf

    first = date(2026, 1, 12)
    return pdf.render(
        "record",
        {
            "dated": first.isoformat(),
            "reference": f"R-{abs(hash((provider, kind))) % 100_000:05d}",
            "sender": {
                "name": provider,
                "lines": ["12 Valley Road", "Oakland, CA 94607"],
                "phone": "",
                "email": "",
            },
            "kind": kind,
            "patient": patient,
            "date_of_birth": f"{born_on:%B} {born_on.day}, {born_on.year}",
            "entries": [
                {
                    "dated": f"{first + timedelta(days=9 * number):%B %-d, %Y}",
                    "heading": VISITS[number % len(VISITS)][0],
                    "author": "Linda Marsh, MD",
                    "text": VISITS[number % len(VISITS)][1],
                }
                for number in range(entries)
            ],
        },
    )


VISITS = (
    (
        "First visit after the fall",
        "Fell from the third step of a ladder at work and landed on the outstretched left arm. Pain over the outer "
        "shoulder, worse at night and on reaching up. No numbness.\n\nActive abduction to 80 degrees, passive to 150. "
        "Tender over the greater tuberosity. Strength of abduction reduced. Neck moves freely.",
    ),
    (
        "Follow-up",
        "Pain somewhat better with rest and ibuprofen. Still cannot lift a kettle. Sleeps on the right side.\n\n"
        "Abduction to 95 degrees. Drop-arm sign negative. Imaging ordered, light duty without overhead work.",
    ),
    (
        "Review of imaging",
        "MRI read as a full-thickness tear of the supraspinatus with 12 mm retraction and mild fatty change.\n\n"
        "Discussed surgery and exercise. The patient prefers exercise first.",
    ),
    (
        "Physical therapy progress",
        "Eight sessions done. Reaches shoulder height without pain. Night pain twice a week.\n\nPlan: six more "
        "sessions, then a decision on surgery.",
    ),
)

OPINIONS = {
    Issue.DIAGNOSIS: "Full-thickness tear of the left supraspinatus tendon with retraction.",
    Issue.CAUSATION: "The fall made an earlier, silent wear of the tendon painful and larger.",
    Issue.WORK_RESTRICTIONS: "No lifting above shoulder height with the left arm for four months.",
}

SECTION_TEXTS = {
    "history": "The claimant, a warehouse worker, fell from a ladder and landed on her outstretched left arm.",
    "records_reviewed": "The progress notes of Valley Family Medicine and the MRI report were read in full.",
    "complaints": "Pain over the outer left shoulder on reaching up, and at night.",
    "examination": "Abduction 110 degrees active, 150 passive. Strength of abduction 4 of 5. No swelling.",
    "diagnoses": "Full-thickness tear of the left supraspinatus tendon.",
    "discussion": "Imaging soon after the fall already shows retraction and fatty change.",
}


def build() -> World:
    """The world that `make demo` shows."""
    from portal.demo_cast import tell_all

    world = people()
    tell_all(world)
    return world
