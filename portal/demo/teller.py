"""Tells one case through its real steps, to any stage."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from portal import clock
from portal.demo.papers import OPINIONS, SECTION_TEXTS, record_pdf
from portal.demo.people import World
from portal.ime import (
    addendum,
    appointment,
    clarification,
    closure,
    examination,
    files,
    finder,
    instructions,
    matching,
    records,
    referral,
    report,
    review,
)
from portal.ime.sealing import page_count
from portal.ime.slots import Slot
from portal.models import Case, Clinic, Question, User
from portal.words import (
    ArrangementKind,
    Certainty,
    ClarificationReason,
    DeadlineKind,
    DocumentKind,
    InjuryStatus,
    Issue,
    Party,
    Reason,
    RecordSource,
    Side,
    Stage,
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
        self.file_records(
            self.referrer, "Valley Family Medicine", "Progress notes", DocumentKind.TREATMENT_NOTES, 8
        )

    def file_records(self, by: User, provider: str, kind: str, filed_as: DocumentKind, entries: int) -> None:
        self.now += timedelta(hours=1)
        with clock.set_to(self.now):
            rendered = record_pdf(provider, kind, self.claim.name, self.claim.born_on, entries)
            stored = files.keep(self.case, io.BytesIO(rendered), limit=len(rendered))
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
            slot = self.first_legal(self.now.date() + timedelta(days=days_ahead))
            appointment.book_appointment(
                self.case,
                by=self.world.coordinator,
                clinic=Clinic.get_by_id(slot.clinic_id),
                starts_at=slot.starts_at,
                ends_at=slot.ends_at,
            )

    def first_legal(self, first: date) -> Slot:
        """The soonest free time from this day on that no rule stops."""
        slots = appointment.free_slots(self.case, first, first + timedelta(days=60))
        clinics = {clinic.id: clinic for clinic in self.case.expert.clinics}
        ranked = finder.ranked_slots(finder.wanted(self.case), slots, clinics)
        return min((each.slot for each in ranked if each.is_legal), key=lambda slot: slot.starts_at)

    def brief(self) -> None:
        self.take(
            instructions.send_brief,
            by=self.world.coordinator,
            served_on=self.now.date() - timedelta(days=21),
        )

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
        self.take(
            report.release_report,
            by=self.world.coordinator,
            copies=[Party.CLAIMANT, Party.REPRESENTATIVE],
        )

    def judge(self) -> None:
        verdicts = {question.id: (True, "") for question in self.case.questions}
        self.take(review.give_verdict, by=self.referrer, verdicts=verdicts)

    def close(self) -> None:
        self.judge()
        self.take(review.accept_report, by=self.referrer)

    def ask_back(self) -> None:
        item = {
            "question_id": self.case.questions.where(Question.issue == Issue.CAUSATION).get().id,
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
