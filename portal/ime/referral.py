"""The referral: a draft saved part by part, a readiness list, and what the coordinator does with it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import uuid4

from portal import clock
from portal.db import Remembered, database
from portal.ime import rules
from portal.ime.deadlines import whats_next
from portal.ime.process import NotAllowed, Refusal, remember, step
from portal.models import (
    Arrangement,
    Case,
    CaseDeadline,
    CaseParty,
    Claimant,
    ClaimNumber,
    Event,
    Injury,
    Question,
    RuleSnapshot,
    TreatingOpinion,
    User,
)
from portal.policy import Person
from portal.words import Party, Role, Stage

FIRST_REFERENCE = 1000
CASE_FIELDS = frozenset(
    (
        "exam_kind",
        "reason",
        "need",
        "treating_doctor",
        "treating_practice",
        "treating_phone",
        "report_needed_by",
    )
)
CLAIMANT_FIELDS = frozenset(
    ("name", "born_on", "email", "phone", "street", "city", "state", "zip", "language")
)
LISTS: dict[str, type[Remembered]] = {
    "claim_numbers": ClaimNumber,
    "injuries": Injury,
    "treating_opinions": TreatingOpinion,
    "parties": CaseParty,
    "deadlines": CaseDeadline,
    "arrangements": Arrangement,
}


def start_referral(*, by: User) -> Case:
    """A new draft of the referrer's own. Raises NotAllowed for anybody else."""
    if by.role != Role.REFERRER:
        raise NotAllowed("start_referral")
    with database.atomic():
        case = Case.create(
            reference=f"new-{uuid4()}",
            organisation=by.organisation_id,
            referrer=by,
            claimant=Claimant.create(),
        )
        case.reference = f"IME-{FIRST_REFERENCE + case.id}"
        case.next_step = whats_next(case).step
        case.save()
        Event.create(
            case=case, step="start_referral", party=Party.REFERRER, by=by, was=Stage.DRAFT, became=Stage.DRAFT
        )
    return case


@step
def edit_referral(
    case: Case,
    *,
    by: Person,
    case_fields: Mapping[str, Any] | None = None,
    claimant_fields: Mapping[str, Any] | None = None,
    lists: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    questions: Sequence[Mapping[str, Any]] | None = None,
) -> None:
    """Save a part of the draft. `lists` replaces whole lists (names of LISTS); `questions` are rows of id (None for
    a new one), text, issue and library_key in the wanted order, and each keeps its identity."""
    change(case, CASE_FIELDS, case_fields or {})
    change(case.claimant, CLAIMANT_FIELDS, claimant_fields or {})
    for name, rows in (lists or {}).items():
        LISTS[name].delete().where(LISTS[name].case == case).execute()
        for row in rows:
            LISTS[name].create(case=case, **row)
    if questions is not None:
        arrange_questions(case, questions)


def change(row: Remembered, allowed: frozenset[str], fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        if name not in allowed:
            raise KeyError(name)
        setattr(row, name, value)
    row.save()


def arrange_questions(case: Case, wanted: Sequence[Mapping[str, Any]]) -> None:
    """Keep, change, add and drop questions so that they stand as wanted, numbered from 1."""
    kept = {question.id: question for question in case.questions}
    chosen = [kept.pop(row.get("id"), None) or Question(case=case) for row in wanted]
    Question.delete().where(Question.id.in_(list(kept))).execute()
    Question.update(number=Question.id * -1).where(Question.case == case).execute()
    for number, (question, row) in enumerate(zip(chosen, wanted, strict=True), start=1):
        question.number, question.text, question.issue = number, row["text"], row["issue"]
        question.library_key = row.get("library_key", "")
        question.save()


@dataclass(frozen=True)
class Missing:
    """Something a referral still needs: the part of the form where it is given, and a sentence."""

    part: str
    sentence: str


NEEDED: tuple[tuple[str, str, Callable[[Case], Any]], ...] = (
    ("need", "Choose the reason for the examination.", lambda case: case.reason),
    ("need", "Say in a sentence why it is needed.", lambda case: case.need.strip()),
    ("examination", "Choose the jurisdiction and kind of examination.", lambda case: case.exam_kind),
    ("claim", "Give the claim number.", lambda case: case.claim_numbers.exists()),
    ("injury", "Name at least one body part.", lambda case: case.injuries.exists()),
    ("treating", "Name the treating doctor.", lambda case: case.treating_doctor.strip()),
    ("claimant", "Give the claimant's name.", lambda case: case.claimant.name.strip()),
    ("claimant", "Give the claimant's date of birth.", lambda case: case.claimant.born_on),
    (
        "claimant",
        "Give a phone number or an e-mail address.",
        lambda case: case.claimant.phone or case.claimant.email,
    ),
    ("claimant", "Give the claimant's ZIP code.", lambda case: case.claimant.zip),
    ("questions", "Ask at least one question.", lambda case: case.questions.exists()),
)


def missing(case: Case) -> list[Missing]:
    """What the referral still needs before it can be sent, in the order of the form; empty when it is ready."""
    return [Missing(part, sentence) for part, sentence, is_there in NEEDED if not is_there(case)]


@step
def submit_referral(case: Case, *, by: Person) -> None:
    """The referral goes to the coordinators, with the jurisdiction's rules as they stand today."""
    if lacking := missing(case):
        raise Refusal(lacking[0].sentence)
    case.referred_at = clock.now()
    if not RuleSnapshot.select().where(RuleSnapshot.case == case).exists():
        RuleSnapshot.create(case=case, rules=rules.snapshot(case.exam_kind))


@step
def accept_referral(case: Case, *, by: Person, note: str = "") -> None:
    """The coordinator takes the referral on, and the case with it unless a colleague has it."""
    case.coordinator = case.coordinator or by
    remember(note=note) if note else None


@step
def return_referral(case: Case, *, by: Person, why: str) -> None:
    """The coordinator needs to know something first; the referrer answers by changing the referral."""
    if not why.strip():
        raise Refusal("Write the question for the referrer.", field="why")
    case.coordinator = case.coordinator or by
    remember(why=why)


@step
def decline_referral(case: Case, *, by: Person, why: str) -> None:
    """The office does not take the case; the referrer is told why."""
    if not why.strip():
        raise Refusal("Say why the referral is declined.", field="why")
    remember(why=why)


@step
def take_over_referral(case: Case, *, by: User) -> None:
    """A colleague of the same organisation becomes the referrer of the case."""
    remember(referrer=by.name, before=case.referrer.name)
    case.referrer = by


@step
def assign_coordinator(case: Case, *, by: Person, coordinator: User) -> None:
    """The case is given to one coordinator."""
    if coordinator.role != Role.COORDINATOR or coordinator.disabled_at:
        raise Refusal("Choose an active coordinator.", field="coordinator")
    case.coordinator = coordinator
    remember(coordinator=coordinator.name)


def needed_by(case: Case) -> date | None:
    """The earliest day that matters to the referrer: the report's own, or a hearing, decision or surgery."""
    days = [deadline.falls_on for deadline in case.deadlines]
    return min([*days, *([case.report_needed_by] if case.report_needed_by else [])], default=None)
