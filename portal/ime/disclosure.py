"""What of a claimant went to whom, when, and on what ground: written with whatever lets it out, and accounted for to the
claimant on request (45 CFR 164.528)."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal import clock
from portal.ime import rules
from portal.ime.panel import cases_of_claimant
from portal.ime.process import Refusal, remember, step
from portal.models import Case, CaseParty, Disclosure, Document, User
from portal.policy import Person, visible_cases
from portal.words import Audience, DisclosureBasis, DocumentKind, Party

YEARS_BACK = 6  # 45 CFR 164.528(a)(1)


@dataclass(frozen=True)
class Ground:
    """The basis on which something of a claimant may go out, and the rule that says so."""

    basis: DisclosureBasis
    citation: str


# The ground of an examination of each kind, by the line of law its kind belongs to in `portal/data/rules.json`.
GROUNDS = {
    "workers' compensation": Ground(DisclosureBasis.WORKERS_COMPENSATION, "45 CFR 164.512(l)"),
    "federal employees": Ground(DisclosureBasis.WORKERS_COMPENSATION, "45 CFR 164.512(l); 20 CFR 10.320"),
    "civil": Ground(DisclosureBasis.COURT_ORDER, "45 CFR 164.512(e)(1)(i)"),
    "no-fault": Ground(DisclosureBasis.REQUIRED_BY_LAW, "45 CFR 164.512(a)"),
}
# Where no rule is known nothing but the claimant's own word lets it out.
WITHOUT_A_RULE = Ground(DisclosureBasis.AUTHORIZATION, "45 CFR 164.508")

# An accounting need not name these (45 CFR 164.528(a)(1)); they are marked in it, so that nothing looks left out.
NOT_COUNTED = frozenset(
    {DisclosureBasis.TO_THE_INDIVIDUAL, DisclosureBasis.AUTHORIZATION, DisclosureBasis.OPERATIONS}
)

SIGNED_PAPERS = frozenset({DocumentKind.REPORT, DocumentKind.ADDENDUM})
LET_OUT = frozenset({Audience.CASE, Audience.EVERYONE})
WITHIN = frozenset({Party.COORDINATOR, Party.CLAIMANT})  # what they look at goes to nobody else
EXAMINATION = "Independent medical examination"
COPY_BY_PHONE = "Notice that it is released; a copy is given by the office and noted then"


def ground_of(case: Case) -> Ground:
    """The ground by the kind of examination."""
    kind = rules.exam_kinds().get(case.exam_kind)
    return GROUNDS.get(kind.line, WITHOUT_A_RULE) if kind else WITHOUT_A_RULE


def basis_of(case: Case) -> DisclosureBasis:
    """What the coordinator chose for the case, else the ground by its kind; never empty."""
    return case.disclosed_under or ground_of(case).basis


# --- written with whatever lets it out --------------------------------------------------------------------------


def note(
    case: Case,
    *,
    to: str,
    address: str = "",
    what: str,
    purpose: str = EXAMINATION,
    basis: DisclosureBasis | None = None,
    by: Any = None,
) -> Disclosure:
    """Keep that this of the claimant was given to somebody, in the transaction of giving it."""
    return Disclosure.create(
        case=case.id,
        reference=case.reference,
        recipient=to,
        address=address,
        what=what,
        purpose=purpose,
        basis=basis or basis_of(case),
        by=by.id if isinstance(by, User) else None,
    )


def note_brief(case: Case, by: User, documents: int) -> None:
    """The expert was given the questions and the records."""
    expert: Any = case.expert
    what = f"Cover letter, questions and {documents} documents of the records"
    note(case, to=expert.name, address=place_of(expert.user), what=what, by=by)


def note_release(case: Case, by: Any, what: str) -> None:
    """The referrer may read a signed paper now, and whoever is named as a recipient was told so."""
    note(case, to=case.referrer.name, address=place_of(case.referrer), what=what, by=by)
    for row in case.parties.where(CaseParty.gets_report):
        note(case, to=row.name, address=row.email or row.phone, what=f"{what}: {COPY_BY_PHONE}", by=by)


def note_copies(case: Case, by: Any, what: str, parties: Collection[Party]) -> None:
    """The office sends copies of a released paper to these parties, the same day."""
    copy = f"{what}, copy"
    for party in sorted(parties):
        if party == Party.CLAIMANT:
            basis = DisclosureBasis.TO_THE_INDIVIDUAL
            note(case, to="The claimant", address="Their own address", what=copy, basis=basis, by=by)
        elif party == Party.TREATING_DOCTOR:
            note(case, to=case.treating_doctor, address=case.treating_practice, what=copy, by=by)
        else:
            for row in case.parties.where(CaseParty.party == party):
                note(case, to=row.name, address=row.email or row.phone, what=copy, by=by)


def note_letter(case: Case, by: Any) -> None:
    """The notice of examination went to the claimant, and a copy to who represents them."""
    what, to_them = DocumentKind.NOTICE.title, DisclosureBasis.TO_THE_INDIVIDUAL
    # The accounting outlives the case: who the claimant was is not in it.
    note(case, to="The claimant", address="Their own address", what=what, basis=to_them, by=by)
    for row in case.parties.where(CaseParty.party == Party.REPRESENTATIVE):
        note(case, to=row.name, address=row.email or row.phone, what=f"{what}, copy", by=by)


def note_download(case: Case, *, by: Person, party: Party, document: Document) -> None:
    """Somebody outside the office takes a document out: one line a person, document and day of the office.

    Written before the first byte leaves: if it cannot be, nothing does."""
    if party in WITHIN or not isinstance(by, User):
        return
    what = named(document)
    taken = (Disclosure.case == case.id) & (Disclosure.by == by.id) & (Disclosure.what == what)
    if not Disclosure.select().where(taken & (Disclosure.at >= clock.start_of(clock.today()))).exists():
        note(case, to=by.name, address=place_of(by), what=what, by=by)


def place_of(user: User) -> str:
    return f"{user.organisation.name}, {user.email}"


def named(document: Document) -> str:
    """What a document is, without its name, which may say something medical."""
    return f"{document.kind.title}, document {document.id}"


# --- given outside the portal -----------------------------------------------------------------------------------


def offered(case: Case) -> list[Document]:
    """What may be given to somebody outside: no paper that is not released, nothing kept among a few."""
    return list(case.documents.where(Document.audience.in_(list(LET_OUT))).order_by(Document.id))


def least(documents: Iterable[Document]) -> list[Document]:
    """The minimum that serves a recipient of the report: the signed papers alone (45 CFR 164.502(b))."""
    return [document for document in documents if document.kind in SIGNED_PAPERS]


def awaiting(case: Case) -> tuple[str, str]:
    """Name and address of the one recipient whom the case names; empty where there is none, or a choice to make."""
    named = list(case.parties.where(CaseParty.gets_report))
    return (named[0].name, named[0].email or named[0].phone) if len(named) == 1 else ("", "")


@step
def record_disclosure(
    case: Case,
    *,
    by: User,
    recipient: str,
    address: str,
    documents: Sequence[Document],
    basis: DisclosureBasis | None,
    purpose: str,
    why_more: str = "",
) -> Disclosure:
    """The office gave something out by other means than the portal, like a copy to a recipient who phoned for it."""
    refuse_unsaid(recipient=recipient, address=address, purpose=purpose)
    if basis is None:
        raise Refusal("Choose the ground on which it was given.", field="basis")
    allowed = {document.id for document in offered(case)}
    if not documents or any(document.id not in allowed for document in documents):
        raise Refusal("Choose what was given from the list.", field="documents")
    if len(least(documents)) < len(documents) and not why_more.strip():
        raise Refusal("Say why more than the report was needed.", field="why_more")
    remember(count=len(documents), basis=basis)
    return note(
        case,
        to=recipient.strip(),
        address=address.strip(),
        what="; ".join(named(document) for document in documents),
        purpose=" ".join(filter(None, (purpose.strip(), why_more.strip()))),
        basis=basis,
        by=by,
    )


NEEDED = {
    "recipient": "Enter who received it.",
    "address": "Enter the address it went to.",
    "purpose": "Say what it is for.",
}


def refuse_unsaid(**given: str) -> None:
    for name, text in given.items():
        if not text.strip():
            raise Refusal(NEEDED[name], field=name)


@step
def choose_ground(case: Case, *, by: User, basis: DisclosureBasis) -> None:
    """The coordinator knows better than the kind of examination on what ground its documents go out."""
    case.disclosed_under = basis
    remember(basis=basis)


# --- the accounting ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Accounting:
    """The disclosures of a claimant, and from how many of their cases some are left out for who asked."""

    rows: list[Disclosure]
    left_out: int


def accounting(case: Case, reader: Person) -> Accounting:
    """Every disclosure of the claimant in the last six years, the newest first, over all their cases that the reader
    may see; those with disclosures that they may not see are counted."""
    rows = of_cases(list(cases_of_claimant(case)))
    told = {row.case for row in rows}
    seen = {each.id for each in visible_cases(reader).where(Case.id.in_(list(told)))}
    return Accounting([row for row in rows if row.case in seen], len(told - seen))


def of_cases(numbers: Sequence[int]) -> list[Disclosure]:
    """The disclosures of these cases that an accounting of today reaches."""
    rows = Disclosure.select().where(Disclosure.case.in_(numbers) & (Disclosure.at >= reaches_back_to()))
    return list(rows.order_by(Disclosure.at.desc(), Disclosure.id.desc()))


def reaches_back_to() -> datetime:
    """The same day six years ago, with its first moment; of a leap day the day before."""
    today = clock.today()
    day = min(today.day, 28) if today.month == 2 else today.day
    return clock.start_of(today.replace(year=today.year - YEARS_BACK, day=day))


def is_counted(row: Disclosure) -> bool:
    """Whether the law asks for it in an accounting."""
    return row.basis not in NOT_COUNTED
