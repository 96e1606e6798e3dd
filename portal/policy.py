"""Who may see: which cases a person sees, what they are to each, and what of it they may read."""

from dataclasses import dataclass
from typing import Any

from portal.models import Case, CaseParty, Document, Message, Offer, SecureLink, User
from portal.words import Audience, OfferState, Party, Role, Stage

Person = User | SecureLink

READERS: dict[Audience, frozenset[Party]] = {
    Audience.OFFICE: frozenset({Party.COORDINATOR}),
    Audience.REFERRER_AND_OFFICE: frozenset({Party.COORDINATOR, Party.REFERRER, Party.COLLEAGUE}),
    Audience.EXPERT_AND_OFFICE: frozenset({Party.COORDINATOR, Party.EXPERT}),
    Audience.CASE: frozenset({Party.COORDINATOR, Party.REFERRER, Party.COLLEAGUE, Party.EXPERT}),
    Audience.EVERYONE: frozenset(
        {Party.COORDINATOR, Party.REFERRER, Party.COLLEAGUE, Party.EXPERT, Party.CLAIMANT}
    ),
}

LEFT_AS = {
    Party.CANDIDATE: (OfferState.OPEN, OfferState.EXPIRED, OfferState.RECALLED),
    Party.EXPERT: (OfferState.RELEASED,),
}

REFERRER_SIDE = frozenset({Party.REFERRER, Party.COLLEAGUE})
ENGAGED = frozenset({Party.COORDINATOR, Party.REFERRER, Party.COLLEAGUE, Party.EXPERT})


def visible_cases(person: Person) -> Any:
    """The query of the cases this person may see; everything else does not exist for them."""
    cases = Case.select()
    if isinstance(person, SecureLink):
        return cases.where(Case.id == person.case_id)
    if person.disabled_at is not None:
        return cases.where(False)
    if person.role == Role.REFERRER:
        return cases.where(Case.organisation == person.organisation_id)
    if person.role == Role.COORDINATOR:
        return cases.where(Case.stage != Stage.DRAFT)
    expert = person.expert
    return (
        cases.where((Case.expert == expert) | Case.id.in_(offered_to(expert)))
        if expert
        else cases.where(False)
    )


def offered_to(expert: Any) -> Any:
    """The cases with an offer that the expert has not answered yet."""
    return Offer.select(Offer.case).where((Offer.expert == expert) & (Offer.state == OfferState.OPEN))


def party_to(person: Person, case: Case) -> Party | None:
    """What the person is to the case, None for a stranger."""
    if isinstance(person, SecureLink):
        return Party.CLAIMANT if person.case_id == case.id and person.is_usable else None
    if person.disabled_at is not None:
        return None
    if person.role == Role.REFERRER:
        if case.referrer_id == person.id:
            return Party.REFERRER
        return Party.COLLEAGUE if case.organisation_id == person.organisation_id else None
    if person.role == Role.COORDINATOR:
        return Party.COORDINATOR if case.stage != Stage.DRAFT else None
    return expert_party(person.expert, case)


def expert_party(expert: Any, case: Case) -> Party | None:
    """Expert of the case, or a candidate with an open offer."""
    if expert is None:
        return None
    if case.expert_id == expert.id:
        return Party.EXPERT
    is_candidate = offered_to(expert).where(Offer.case == case).exists()
    return Party.CANDIDATE if is_candidate else None


def audiences_of(party: Party) -> list[Audience]:
    """The audiences this party belongs to."""
    return [audience for audience, readers in READERS.items() if party in readers]


def readable_documents(party: Party, case: Case) -> Any:
    """The query of the documents this party may read, oldest first."""
    return (
        Document.select()
        .where((Document.case == case) & Document.audience.in_(audiences_of(party)))
        .order_by(Document.id)
    )


def readable_messages(party: Party, case: Case) -> Any:
    """The query of the messages this party may read, oldest first."""
    return (
        Message.select()
        .where((Message.case == case) & Message.audience.in_(audiences_of(party)))
        .order_by(Message.id)
    )


@dataclass(frozen=True)
class Recipient:
    """Somebody to be told: the name that addresses them and an e-mail address, empty where there is none."""

    name: str
    email: str


def recipients(case: Case, party: Party) -> list[Recipient]:
    """The people who are this party to the case now; a candidate or expert who just left is still told."""
    if party == Party.REFERRER:
        return [recipient(case.referrer)]
    if party == Party.COORDINATOR:
        return [recipient(user) for user in ([case.coordinator] if case.coordinator else User.coordinators())]
    if party in {Party.CANDIDATE, Party.EXPERT}:
        return experts_told(case, party)
    if party == Party.CLAIMANT:
        return [Recipient(case.claimant.name, case.claimant.email)]
    return [Recipient(row.name, row.email) for row in others_told(case, party)]


def recipient(user: User) -> Recipient:
    return Recipient(user.name, user.email)


def experts_told(case: Case, party: Party) -> list[Recipient]:
    """The expert or candidate of the case now, or the one whom the present step has just let go."""
    if case.expert_id:
        return [recipient(case.expert.user)] if party == Party.EXPERT else []
    states = LEFT_AS[party]
    offers = Offer.select().where(
        (Offer.case == case)
        & Offer.state.in_(states)
        & (Offer.answered_at.is_null() | (Offer.answered_at >= case.last_event_at))
    )
    return [recipient(offer.expert.user) for offer in offers]


def others_told(case: Case, party: Party) -> Any:
    rows = CaseParty.select().where(CaseParty.case == case)
    if party == Party.RECIPIENT:
        return rows.where(CaseParty.gets_report)
    return rows.where(CaseParty.party == party)
