"""The addendum: the expert's numbered, signed answer to clarifications, chained to the paper before it."""

from collections.abc import Collection, Mapping
from typing import Any

from peewee import fn

from portal import written
from portal.ime import booking, letters
from portal.ime.clarification import SENT, in_state
from portal.ime.disclosure import note_copies, note_release
from portal.ime.files import is_intact
from portal.ime.process import Refusal, remember, step
from portal.ime.records import file_away
from portal.ime.report import refuse_unread, release
from portal.ime.sealing import Sealed, fingerprint, kept_only_if_filed, seal
from portal.models import Addendum, Case, Clarification, Event, Question, User
from portal.policy import Person
from portal.words import Audience, Certainty, ClarificationState, DocumentKind, Party

CERTIFICATE = (
    "I answered the clarifications listed here without regard to who asked for them. "
    "The opinions are my own. No doctor-patient relationship was formed."
)
ANSWER_FIELDS = frozenset({"opinion", "reasons", "certainty"})
NOT_AS_READ = "The addendum changed since you read it here. Read it once more, then sign."


@step
def write_addendum(case: Case, *, by: Person, answers: Mapping[int, Mapping[str, Any]]) -> None:
    """Save what the expert typed: clarification id -> opinion, reasons, certainty."""
    own = {clarification.id for clarification in in_state(case, SENT)}
    for clarification_id, fields in answers.items():
        if clarification_id not in own or not ANSWER_FIELDS.issuperset(fields):
            raise Refusal("This clarification does not wait for an answer.")
        Clarification.update(**fields).where(Clarification.id == clarification_id).execute()


def unanswered(case: Case) -> list[str]:
    """What keeps the addendum from being signed, each as a sentence."""
    waiting = in_state(case, SENT)
    if not waiting:
        return ["No clarification waits for an answer."]
    return [
        f"Answer the clarification on question {each.question.number}: an answer, the reasons and how certain it is."
        for each in waiting
        if not (each.opinion.strip() and each.reasons.strip() and each.certainty)
    ]


def addendum_words(case: Case) -> dict[str, Any]:
    """What the addendum says, in the shape that `outside.pdf` renders as `addendum`; the signing date comes later."""
    report = case.reports.get()
    return {
        **letters.head(case),
        "number": next_number(case),
        "subject": letters.subject(case),
        "report_signed": written.day(report.signed_at, letters.zone(case)),
        "report_sha256": report.sha256,
        "previous_sha256": previous_sha256(case),
        "clarifications": [clarified(each) for each in in_state(case, SENT)],
        "certificate": CERTIFICATE,
        "signature": letters.signature(case),
    }


def clarified(each: Clarification) -> dict[str, Any]:
    return {
        "number": each.question.number,
        "question": each.question.text,
        "reason": each.reason.title,
        "asked": each.text,
        "answer": each.opinion,
        "reasons": each.reasons,
        "certainty": Certainty(each.certainty).title if each.certainty else "",
    }


def previous_sha256(case: Case) -> str:
    """The hash of the last signed paper of the case: the report's, or the latest addendum's."""
    latest = latest_addendum(case)
    return str(latest.sha256 if latest else case.reports.get().sha256)


def latest_addendum(case: Case) -> Any:
    """The addendum signed last, or None."""
    return case.addenda.order_by(Addendum.number.desc()).first()


def next_number(case: Case) -> int:
    highest = Addendum.select(fn.MAX(Addendum.number)).where(Addendum.case == case).scalar()
    return int(highest or 0) + 1


def prepare_addendum(case: Case, *, read: str | None = None) -> Sealed:
    """Render and store the addendum as it stands, to be signed next; `read` is the fingerprint of what was read.

    Refuses while something is unanswered, and when the addendum no longer says what was read."""
    if lacking := unanswered(case):
        raise Refusal(lacking[0])
    words = addendum_words(case)
    if read is not None and fingerprint(words) != read:
        raise Refusal(NOT_AS_READ)
    return seal(case, "addendum", f"{case.reference} addendum {words['number']}.pdf", words)


def seal_and_sign(case: Case, *, by: User, read: str) -> Addendum:
    """Seal the addendum that was read, and sign it; bytes that were not signed do not stay in the store."""
    sealed = prepare_addendum(case, read=read)
    with kept_only_if_filed(sealed):
        signed: Addendum = sign_addendum(case, by=by, sealed=sealed)
        return signed


@step
def sign_addendum(case: Case, *, by: User, sealed: Sealed) -> Addendum:
    """The expert signs a numbered addendum, chained to the paper before it; that paper never changes."""
    if lacking := unanswered(case):
        raise Refusal(lacking[0])
    if fingerprint(addendum_words(case)) != sealed.fingerprint:
        raise Refusal(NOT_AS_READ)
    number = next_number(case)
    document = file_away(
        case, sealed.file, kind=DocumentKind.ADDENDUM, audience=Audience.EXPERT_AND_OFFICE, by=by
    )
    addendum: Addendum = Addendum.create(
        case=case,
        number=number,
        document=document,
        sha256=sealed.file.sha256,
        previous_sha256=previous_sha256(case),
        signed_by=by,
        signed_at=sealed.signed_at,
    )
    Clarification.update(state=ClarificationState.ANSWERED, addendum=addendum).where(
        (Clarification.case == case) & (Clarification.state == SENT)
    ).execute()
    remember(number=number, sha256=sealed.file.sha256)
    return addendum


@step
def release_addendum(
    case: Case,
    *,
    by: Person,
    read: str | None = None,
    copies: Collection[Party] = (),
    override: str = "",
) -> None:
    """The addendum goes to the referrer and to whoever receives the report; `read` is the SHA-256 that was checked,
    `copies` are the parties who get a copy the same day, as of the report itself."""
    addendum = latest_addendum(case)
    refuse_unread(addendum, read)
    if not is_intact(addendum.document):
        raise Refusal("The stored file is no longer the one that was signed. Do not release it.")
    booking.insist(case, "release_addendum", booking.release_findings(case, copies), override, by)
    release(addendum)
    what = f"{DocumentKind.ADDENDUM.title} {addendum.number}"
    note_release(case, by, what)
    note_copies(case, by, what, copies)
    remember(number=addendum.number, copies=sorted(copies))


@step
def return_addendum(case: Case, *, by: Person, why: str) -> None:
    """The coordinator sends it back: the signed one stays on file, the clarifications wait for a new one."""
    if not why.strip():
        raise Refusal("Say what the expert should look at again.", field="why")
    addendum = latest_addendum(case)
    Clarification.update(state=SENT, addendum=None).where(Clarification.addendum == addendum).execute()
    remember(number=addendum.number, why=why.strip())


def answered_in(addendum: Addendum) -> list[Clarification]:
    """The clarifications that an addendum answers, each with its question, in the order of the questions."""
    return list(
        Clarification.select(Clarification, Question)
        .join(Question)
        .where(Clarification.addendum == addendum)
        .order_by(Question.number, Clarification.id)
    )


def why_returned(case: Case) -> str:
    """What the coordinator asked the expert to look at again; empty unless an addendum was just returned."""
    last = (
        case.events.where(Event.step.in_(["send_clarification", "return_addendum"]))
        .order_by(Event.id.desc())
        .first()
    )
    return str(last.facts["why"]) if last and last.step == "return_addendum" else ""
