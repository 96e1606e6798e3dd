"""Who may see: which cases a person sees, what they are to each, and what of it they may read."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from portal.kept import Kept, bind, literal
from portal.models import Appointment, Case, CaseParty, Document, Message, Offer, SecureLink, User
from portal.words import AppointmentState, Audience, OfferState, Party, Role, Stage

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
    if not may_see(person):
        return Case.select().where(False)
    return Case.select().where(sight(person.role, scope_of(person)))


def may_see(person: Person) -> bool:
    """Whoever is disabled, or an expert without a profile, sees nothing at all."""
    if isinstance(person, SecureLink):
        return True
    return person.disabled_at is None and (person.role != Role.EXPERT or person.expert is not None)


def is_manager(person: Person) -> bool:
    """A coordinator who also looks after people, organisations and settings."""
    return isinstance(person, User) and person.role == Role.COORDINATOR and person.is_manager


def scope_of(person: Person) -> int:
    """What a person's sight is kept by: their case, organisation or profile; a coordinator's own id means nothing."""
    if isinstance(person, SecureLink):
        return int(person.case_id)
    if person.role == Role.EXPERT and person.expert:
        return int(person.expert.id)
    return int(person.organisation_id)


def sight(role: Role, scope: Any) -> Any:
    """The condition on a case that a role's sight is, for a scope (a number, or the place of one in a kept query)."""
    if role == Role.CLAIMANT:
        return Case.id == scope
    if role == Role.REFERRER:
        return Case.organisation == scope
    if role == Role.EXPERT:
        return (Case.expert == scope) | Case.id.in_(offered_to(scope))
    return Case.stage != Stage.DRAFT


def had_offer(person: Person, ref: str) -> bool:
    """The person is an expert who was offered the case of this reference, whatever became of the offer."""
    if isinstance(person, SecureLink) or person.role != Role.EXPERT or not may_see(person):
        return False
    offers = Offer.select().join(Case).where((Case.reference == ref) & (Offer.expert == person.expert))
    return bool(offers.exists())


def offered_to(expert: Any) -> Any:
    """The cases with an offer that the expert has not answered yet."""
    return Offer.select(Offer.case).where(
        (Offer.expert == expert) & (Offer.state == literal(OfferState.OPEN))
    )


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


OFFERED = Kept(lambda: offered_to(bind("expert")).where(Offer.case == bind("case")))


def expert_party(expert: Any, case: Case) -> Party | None:
    """Expert of the case, or a candidate with an open offer."""
    if expert is None:
        return None
    if case.expert_id == expert.id:
        return Party.EXPERT
    return Party.CANDIDATE if OFFERED.rows(expert=expert.id, case=case.id) else None


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
    """The people who are this party to the case now; a candidate or expert who just left is still told, and for a
    referrer or coordinator whose account is closed their active colleagues are."""
    if party == Party.REFERRER:
        return [recipient(user) for user in active_or(case.referrer, colleagues(case))]
    if party == Party.COORDINATOR and case.referred_at is None:
        return []  # the office has never seen this case
    if party == Party.COORDINATOR:
        return [recipient(user) for user in active_or(case.coordinator, User.coordinators())]
    if party in {Party.CANDIDATE, Party.EXPERT}:
        return experts_told(case, party)
    if party == Party.CLAIMANT:
        return [Recipient(case.claimant.name, case.claimant.email)] if is_expected(case) else []
    if party == Party.REPRESENTATIVE and not (case.is_file_review or case.appointments.exists()):
        return []  # nobody outside has heard of the case yet
    return [Recipient(row.name, row.email) for row in others_told(case, party)]


def active_or(user: User | None, others: Iterable[User]) -> Iterable[User]:
    """The one person in charge, or the others where there is none any more."""
    return [user] if user and user.disabled_at is None else others


def colleagues(case: Case) -> Any:
    """The query of the active referrers of the case's organisation."""
    return (
        User.active()
        .where((User.organisation == case.organisation_id) & (User.role == Role.REFERRER))
        .order_by(User.id)
    )


def is_expected(case: Case) -> bool:
    """The claimant was given a time to come, and has not been examined since."""
    latest = case.appointments.order_by(Appointment.id.desc()).first()
    return latest is not None and latest.state != AppointmentState.HELD


def recipient(user: User) -> Recipient:
    return Recipient(user.name, user.email)


def experts_told(case: Case, party: Party) -> list[Recipient]:
    """The expert or candidate of the case now, or the one whom the present step has just let go."""
    if case.expert:
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
