"""The records: files of the case, and what is asked of whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from peewee import IntegrityError

from portal import clock
from portal.db import database
from portal.ime.process import Refusal, remember, spare, step
from portal.models import Case, Document, RecordRequest, User
from portal.policy import AFTER_EXAMINATION, READERS, Person, party_to
from portal.words import Audience, DocumentKind, Party, RecordSource, RecordState, Stage

# The portal makes these itself; nobody may file one by hand.
SEALED = frozenset({DocumentKind.REPORT, DocumentKind.ADDENDUM, DocumentKind.NOTICE})
FILED_BY_HAND = tuple(kind for kind in DocumentKind if kind not in SEALED)
ASKED_FOR = tuple(kind for kind in FILED_BY_HAND if kind != DocumentKind.COVER_LETTER)

# Among whom a party may choose who reads what it files; the first is what most want.
AUDIENCES: dict[Party, tuple[Audience, ...]] = {
    Party.REFERRER: (Audience.CASE, Audience.REFERRER_AND_OFFICE),
    Party.COORDINATOR: (
        Audience.CASE,
        Audience.REFERRER_AND_OFFICE,
        Audience.EXPERT_AND_OFFICE,
        Audience.OFFICE,
    ),
    Party.EXPERT: (Audience.EXPERT_AND_OFFICE, Audience.CASE),
}


@dataclass(frozen=True)
class StoredFile:
    """A file whose bytes are in the store and were inspected: what a document's row says of it."""

    name: str
    media_type: str
    size: int
    sha256: str
    key: str
    pages: int | None = None


def file_away(
    case: Case,
    file: StoredFile,
    *,
    kind: DocumentKind,
    audience: Audience,
    by: User | None,
    provider: str = "",
    dated_on: date | None = None,
) -> Document | None:
    """Write the document's row; None when the case already holds the very same bytes."""
    try:
        with database.atomic():
            return Document.create(
                case=case,
                kind=kind,
                audience=audience,
                provider=provider,
                dated_on=dated_on,
                filed_by=by,
                name=file.name,
                media_type=file.media_type,
                pages=file.pages,
                size=file.size,
                sha256=file.sha256,
                key=file.key,
            )
    except IntegrityError:
        return None


@step
def file_document(
    case: Case,
    *,
    by: User,
    files: Sequence[StoredFile],
    kind: DocumentKind,
    audience: Audience = Audience.CASE,
    provider: str = "",
    dated_on: date | None = None,
) -> list[Document]:
    """File one or many documents of one kind; a file that the case already holds is left out."""
    refuse_foreign_words(case, by, kind, audience)
    documents = [
        file_away(case, file, kind=kind, audience=audience, by=by, provider=provider, dated_on=dated_on)
        for file in files
    ]
    filed = [document for document in documents if document]
    if not filed:
        raise Refusal("The case already holds these files.", field="files")
    remember(count=len(filed), kind=kind, audience=audience)
    if not is_news_to_the_expert(case, audience):
        spare(Party.EXPERT)
    return filed


def is_news_to_the_expert(case: Case, audience: Audience) -> bool:
    """The expert may read it, was sent the brief without it, and still has an opinion to write."""
    is_at_work = case.stage in {Stage.BOOKED, Stage.REPORTING, Stage.CLARIFYING}
    return is_at_work and case.brief_sent_at is not None and Party.EXPERT in READERS[audience]


def refuse_foreign_words(case: Case, by: User, kind: DocumentKind, audience: Audience) -> None:
    """Refuse a kind that only the portal makes, and an audience that is not this party's to choose."""
    if kind in SEALED:
        raise Refusal("The portal makes this kind of document itself. Choose another kind.", field="kind")
    party = party_to(by, case)
    if party is None or audience not in AUDIENCES[party]:
        raise Refusal("Choose who may read this from the list.", field="audience")


@step
def remove_document(case: Case, *, by: Person, document: Document) -> None:
    """Take a document of the referrer's side back out of a draft; its bytes are swept later."""
    if not is_of_referrers_side(case, document):
        raise Refusal("Only documents that your side filed can be removed.")
    removed = Document.delete().where((Document.id == document.id) & (Document.case == case)).execute()
    if not removed:
        raise Refusal("This document has been removed already.")
    remember(document=document.id)


def is_of_referrers_side(case: Case, document: Document) -> bool:
    """Whether somebody of the organisation that refers the case filed it."""
    return document.filed_by is not None and document.filed_by.organisation_id == case.organisation_id


@step
def request_record(
    case: Case, *, by: Person, kind: DocumentKind, what: str, asked_of: RecordSource, due_on: date
) -> RecordRequest:
    """Put one item on the checklist: what is asked of whom, by when."""
    if not what.strip():
        raise Refusal("Say which record you ask for.", field="what")
    if due_on < clock.today():
        raise Refusal("Choose a day that is still to come.", field="due_on")
    asked = (RecordRequest.what == what.strip()) & (RecordRequest.asked_of == asked_of)
    if case.record_requests.where(asked & (RecordRequest.state == RecordState.ASKED)).exists():
        raise Refusal("This is on the checklist already.", field="what")
    remember(asked_of=asked_of, due_on=due_on)
    return RecordRequest.create(case=case, kind=kind, what=what.strip(), asked_of=asked_of, due_on=due_on)


@step
def settle_record(
    case: Case, *, by: Person, request: RecordRequest, state: RecordState, document: Document | None = None
) -> None:
    """Note that a requested record came, with the document it came as, or that it is not to be had."""
    if state == RecordState.ASKED:
        raise Refusal("Choose whether the record came.", field="state")
    if document and (state != RecordState.RECEIVED or document.case_id != case.id):
        raise Refusal("Choose a document of this case only if the record came.", field="document")
    settled = (
        RecordRequest.update(state=state, document=document, settled_at=clock.now())
        .where(
            (RecordRequest.id == request.id)
            & (RecordRequest.case == case)
            & (RecordRequest.state == RecordState.ASKED)
        )
        .execute()
    )
    if not settled:
        raise Refusal("Somebody settled this request already.")
    remember(state=state, asked_of=request.asked_of)


def were_records_given(case: Case) -> bool:
    """Whether the expert has the records: what `portal.policy.readable_documents` asks of the database, of a case at
    hand, to say why there are none."""
    has_examined = case.stage in AFTER_EXAMINATION and not case.is_file_review
    return case.records_given_at is not None or has_examined
