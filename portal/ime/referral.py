"""The referral: a draft saved part by part, and what the coordinator does with it once it is sent."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

from peewee import JOIN, SQL, fn

from portal import audit, clock
from portal.db import Remembered, database, one_at_a_time
from portal.ime import rules
from portal.ime.deadlines import whats_next
from portal.ime.instructions import revoke_all_links
from portal.ime.messages import write
from portal.ime.particulars import LISTS
from portal.ime.places import locate, refuse_unknown_zip
from portal.ime.process import NotAllowed, Refusal, actor_of, remember, step
from portal.ime.readiness import missing
from portal.ime.rule_book import take_snapshot
from portal.ime.specialties import body_parts
from portal.models import Arrangement, Case, Claimant, Event, Question, RuleSnapshot, User
from portal.policy import Person, answers_for, is_barred
from portal.words import Act, Audience, Party, Role, Stage

FIRST_REFERENCE = 1000
PRESSED_TWICE = timedelta(minutes=1)
MOST_ROWS = 30
OTHERS = (Party.REPRESENTATIVE, Party.TREATING_DOCTOR, Party.RECIPIENT)
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


def start_referral(*, by: User) -> Case:
    """A new draft of the referrer's own, or the one they began a moment ago. Raises NotAllowed for anybody else."""
    if by.role != Role.REFERRER:
        raise NotAllowed("start_referral")
    with database.atomic():
        one_at_a_time(User.select(User.id).where(User.id == by.id))  # the button was pressed twice
        return begun_just_now(by) or new_draft(by)


def begun_just_now(by: User) -> Case | None:
    """The person's draft of the last minute in which nothing was done yet: the button was pressed twice."""
    touched = Event.select(Event.case).where((Event.case == Case.id) & (Event.step != "start_referral"))
    own = SQL("is_open") & (Case.referrer == by) & (Case.turn == Party.REFERRER)
    is_fresh = (Case.stage == Stage.DRAFT) & (Case.created_at > clock.now() - PRESSED_TWICE)
    begun: Case | None = (
        Case.select().where(own & is_fresh & ~fn.EXISTS(touched)).order_by(Case.id.desc()).first()
    )
    return begun


def new_draft(by: User) -> Case:
    """A draft without a word, its reference made from its number."""
    case = Case.create(
        reference=f"new-{uuid4()}",
        organisation=by.organisation_id,
        referrer=by,
        claimant=Claimant.create(),
    )
    case.reference = f"IME-{FIRST_REFERENCE + case.id}"
    case.next_step = whats_next(case).step
    case.save()
    event = Event.create(
        case=case, step="start_referral", party=Party.REFERRER, by=by, was=Stage.DRAFT, became=Stage.DRAFT
    )
    with audit.acting(actor_of(by, Party.REFERRER)):
        audit.record(Act.CREATED, event, case=case, step="start_referral")
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
    refuse_unknown(case_fields or {}, lists or {})
    change(case, CASE_FIELDS, case_fields or {})
    change_claimant(case, claimant_fields or {})
    for name, rows in (lists or {}).items():
        if LISTS[name] is Arrangement:
            replace_needs(case, rows)
        else:
            replace(case, LISTS[name], rows)
    if questions is not None:
        arrange_questions(case, questions)


def refuse_unknown(case_fields: Mapping[str, Any], lists: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Refuse what no page offers: an unknown examination or body part, a party of another kind, endless rows."""
    if case_fields.get("exam_kind") and case_fields["exam_kind"] not in rules.exam_kinds():
        raise Refusal("Choose a kind of examination from the list.", field="exam_kind")
    if any(row["body_part"] not in body_parts() for row in lists.get("injuries", ())):
        raise Refusal("Choose each body part from the list.")
    if any(row["party"] not in OTHERS for row in lists.get("parties", ())):
        raise Refusal("Choose what each person is to the case.")
    for rows in lists.values():
        refuse_too_many(rows)


def refuse_too_many(rows: Sequence[Any]) -> None:
    if len(rows) > MOST_ROWS:
        raise Refusal(f"Keep to {MOST_ROWS} entries or fewer.")


def change_claimant(case: Case, fields: Mapping[str, Any]) -> None:
    """The claimant as told now; a link that went to another address or number opens nothing any more."""
    claimant = case.claimant
    before = claimant.email, claimant.phone
    refuse_unknown_zip(fields.get("zip", ""))
    change(claimant, CLAIMANT_FIELDS, fields)
    if "zip" in fields:
        locate(claimant)
        claimant.save()
    if (claimant.email, claimant.phone) != before:
        revoke_all_links(case)


def change(row: Remembered, allowed: frozenset[str], fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        if name not in allowed:
            raise KeyError(name)
        setattr(row, name, value)
    row.save()


def replace(case: Case, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """The list now holds these rows and no others."""
    table.delete().where(table.case == case).execute()
    for row in rows:
        table.create(case=case, **row)


def replace_needs(case: Case, rows: Sequence[Mapping[str, Any]]) -> None:
    """The same of what is needed on the day; what the claimant or the office asked for since stays as it is."""
    asked = {row.kind for row in case.arrangements.where(Arrangement.asked_by != Party.REFERRER)}
    own = (Arrangement.case == case) & (Arrangement.asked_by == Party.REFERRER)
    Arrangement.delete().where(own).execute()
    for row in rows:
        if row["kind"] not in asked:
            Arrangement.create(case=case, **row)


def arrange_questions(case: Case, wanted: Sequence[Mapping[str, Any]]) -> None:
    """Keep, change, add and drop questions so that they stand as wanted, numbered from 1."""
    refuse_too_many(wanted)
    kept = {question.id: question for question in case.questions}
    chosen = [kept_or_new(case, kept, row.get("id")) for row in wanted]
    Question.delete().where(Question.id.in_(list(kept))).execute()
    # Out of each other's way first: no two questions of a case may share a number, not even for a moment.
    Question.update(number=Question.id * -1).where(Question.case == case).execute()
    for number, (question, row) in enumerate(zip(chosen, wanted, strict=True), start=1):
        question.number, question.text, question.issue = number, row["text"], row["issue"]
        question.library_key = row.get("library_key", "")
        question.save()


def kept_or_new(case: Case, kept: dict[int, Question], number: int | None) -> Question:
    """The question of that id, taken out of `kept`, or a new one. Refuses one that is not on the case, or twice."""
    if number is None:
        return Question(case=case)
    if number not in kept:
        raise Refusal(
            "A question shown here is no longer on the referral, perhaps removed in another window. Open the page again."
        )
    return kept.pop(number)


@step
def submit_referral(case: Case, *, by: User, answer: str = "") -> None:
    """The referral goes to the coordinators, with the jurisdiction's rules as they stand today; `answer` replies to
    the question with which it came back."""
    if lacking := missing(case):
        raise Refusal(lacking[0].sentence)
    if answer.strip():
        write(case, by, Party.REFERRER, Audience.REFERRER_AND_OFFICE, answer)
    remember(is_again=case.referred_at is not None)
    case.referred_at = clock.now()
    RuleSnapshot.delete().where(RuleSnapshot.case == case).execute()
    take_snapshot(case)


@step
def accept_referral(case: Case, *, by: User, note: str = "") -> None:
    """The coordinator takes the referral on, and the case with it unless a colleague has it; `note` is a message to
    the referrer."""
    take_charge(case, by)
    remember(has_note=bool(note.strip()))
    if note.strip():
        write(case, by, Party.COORDINATOR, Audience.REFERRER_AND_OFFICE, note)


@step
def return_referral(case: Case, *, by: User, why: str) -> None:
    """The coordinator needs to know something first; the referrer answers or changes the referral."""
    if not why.strip():
        raise Refusal("Write the question for the referrer.", field="why")
    take_charge(case, by)
    remember(why=why.strip())


def take_charge(case: Case, by: User) -> None:
    """Who acts first at a case that is nobody's has it from then on, unless they are there by emergency access alone."""
    if case.coordinator is None and answers_for(by, case):
        case.coordinator = by


@step
def decline_referral(case: Case, *, by: User, why: str) -> None:
    """The office does not take the case; the referrer is told why."""
    if not why.strip():
        raise Refusal("Say why the referral is declined.", field="why")
    remember(why=why.strip())


@step
def take_over_referral(case: Case, *, by: User) -> None:
    """A colleague of the same organisation becomes the referrer of the case. Of two at once, one does."""
    before = case.referrer
    won = Case.update(referrer=by).where((Case.id == case.id) & (Case.referrer == before)).execute()
    if not won:
        raise Refusal("A colleague took the referral over a moment ago.")
    case.referrer = by
    remember(referrer=by.name, before=before.name)


@step
def assign_coordinator(case: Case, *, by: User, coordinator: User) -> None:
    """The case is given to one coordinator."""
    if coordinator.role != Role.COORDINATOR or coordinator.disabled_at:
        raise Refusal("Choose an active coordinator.", field="coordinator")
    if is_barred(coordinator, case):
        raise Refusal("A manager has barred this coordinator from the case.", field="coordinator")
    if not answers_for(by, case):
        raise Refusal("You are here by emergency access. A manager assigns the coordinator.")
    case.coordinator = coordinator
    remember(coordinator=coordinator.name)


def question_back(case: Case) -> Event | None:
    """The event that returned the referral, with its author; None when the case is not with the referrer again."""
    if case.stage != Stage.RETURNED:
        return None
    returns = Event.select(Event, User).join(User, JOIN.LEFT_OUTER).where(Event.case == case)
    latest: Event | None = (
        returns.where(Event.step == return_referral.__name__).order_by(Event.id.desc()).first()
    )
    return latest
