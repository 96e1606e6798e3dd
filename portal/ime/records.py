"""The records: files of the case, what is asked of whom, and who looked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from peewee import IntegrityError

from portal import clock
from portal.db import database
from portal.ime.process import Refusal, remember, step
from portal.models import Case, Document, RecordRequest, Sighting, User
from portal.policy import Person
from portal.words import Audience, DocumentKind, Party, RecordSource, RecordState


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
    documents = [
        file_away(case, file, kind=kind, audience=audience, by=by, provider=provider, dated_on=dated_on)
        for file in files
    ]
    filed = [document for document in documents if document]
    if not filed:
        raise Refusal("The case already holds these files.", field="files")
    remember(count=len(filed), kind=kind)
    return filed


@step
def remove_document(case: Case, *, by: Person, document: Document) -> None:
    """Take a document back out of a draft; its bytes are swept later."""
    document.delete_instance()


@step
def request_record(
    case: Case, *, by: Person, kind: DocumentKind, what: str, asked_of: RecordSource, due_on: date
) -> RecordRequest:
    """Put one item on the checklist: what is asked of whom, by when."""
    if due_on < clock.today():
        raise Refusal("Choose a day that is still to come.", field="due_on")
    remember(asked_of=asked_of, due_on=due_on)
    return RecordRequest.create(case=case, kind=kind, what=what, asked_of=asked_of, due_on=due_on)


@step
def settle_record(
    case: Case, *, by: Person, request: RecordRequest, state: RecordState, document: Document | None = None
) -> None:
    """Note that a requested record came, or that it is not to be had."""
    request.state, request.document, request.settled_at = state, document, clock.now()
    request.save()
    remember(state=state, asked_of=request.asked_of)


def note_sighting(case: Case, *, by: Person, party: Party, document: Document | None = None) -> None:
    """Record who looked, before they see it: if this cannot be written, nothing is shown."""
    Sighting.create(case=case, document=document, by=by if isinstance(by, User) else None, party=party)


def pages_of(case: Case) -> int:
    """How many pages the expert is given to read."""
    return sum(document.pages or 0 for document in case.documents)
