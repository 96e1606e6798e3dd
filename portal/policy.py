"""Who may see: which cases a person sees, what they are to each, and what of it they may read."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from peewee import SQL, fn

from portal import clock
from portal.kept import Kept, bind, literal
from portal.models import (
    Appointment,
    Bar,
    Case,
    CaseParty,
    Document,
    EmergencyAccess,
    Expert,
    Message,
    Offer,
    SecureLink,
    User,
)
from portal.words import AppointmentState, Audience, DocumentKind, OfferState, Party, Role, Stage

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

# What the portal itself files: no records of the claimant's treatment.
OWN_PAPERS = (DocumentKind.COVER_LETTER, DocumentKind.NOTICE, DocumentKind.REPORT, DocumentKind.ADDENDUM)

AFTER_EXAMINATION = (
    Stage.REPORTING,
    Stage.CHECKING,
    Stage.IN_REVIEW,
    Stage.CLARIFYING,
    Stage.CHECKING_ADDENDUM,
    Stage.CLOSED,
)

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
    return Case.select().where(sight(person.role, seeing(person)))


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


# The places of a sight in a kept query; `seeing` gives their values.
PLACES = {name: bind(name) for name in ("scope", "user", "manages", "now")}


def seeing(person: Person) -> dict[str, Any]:
    """The values a person's sight depends on; a claimant's link is no user, and nobody is barred as number 0."""
    user = person.id if isinstance(person, User) else 0
    return {"scope": scope_of(person), "user": user, "manages": is_manager(person), "now": clock.now()}


def sight(role: Role, of: dict[str, Any]) -> Any:
    """The condition on a case that a role's sight is, for the values of `seeing` or the places of them."""
    return reach(role, of) & Case.purged_at.is_null()


def reach(role: Role, of: dict[str, Any]) -> Any:
    """How far a role's sight reaches over the cases that were not purged."""
    if role == Role.CLAIMANT:
        return Case.id == of["scope"]
    if role == Role.REFERRER:
        return (Case.organisation == of["scope"]) & unbarred(of["user"])
    if role == Role.EXPERT:
        mine = (Case.expert == of["scope"]) | Case.id.in_(offered_to(of["scope"]))
        return mine & unbarred(of["user"])
    return (Case.stage != Stage.DRAFT) & office_sight(of)


def office_sight(of: dict[str, Any]) -> Any:
    """Of a restricted case the office's share is its coordinator, the managers, and who has emergency access to it."""
    entered = EmergencyAccess.select(EmergencyAccess.case).where(is_entered(of["user"], of["now"]))
    own = (Case.coordinator == of["user"]) | of["manages"] | Case.id.in_(entered)
    return (~Case.is_restricted | own) & unbarred(of["user"])


def unbarred(user: Any) -> Any:
    """The condition that nobody has barred this user from the case: it goes with every grant there is."""
    return Case.id.not_in(Bar.select(Bar.case).where(Bar.user == user))


def is_entered(user: Any, now: Any) -> Any:
    """The condition on an emergency access that it is this user's and still runs."""
    return (EmergencyAccess.user == user) & is_running(now)


def is_running(now: Any) -> Any:
    """The condition on an emergency access that it has not ended."""
    return EmergencyAccess.ended_at.is_null() & (EmergencyAccess.expires_at > now)


def had_offer(person: Person, ref: str) -> bool:
    """The person is an expert who was offered the case of this reference, whatever became of the offer."""
    if isinstance(person, SecureLink) or person.role != Role.EXPERT or not may_see(person):
        return False
    offers = Offer.select().join(Case).where((Case.reference == ref) & (Offer.expert == person.expert))
    return bool(offers.where(unbarred(person.id)).exists())


def offered_to(expert: Any) -> Any:
    """The cases with an offer that the expert has not answered yet."""
    return Offer.select(Offer.case).where(
        (Offer.expert == expert) & (Offer.state == literal(OfferState.OPEN))
    )


def party_to(person: Person, case: Case) -> Party | None:
    """What the person is to the case, None for a stranger, for whoever is barred from it, and for everybody once it
    is purged."""
    if case.purged_at is not None:
        return None
    if isinstance(person, SecureLink):
        return Party.CLAIMANT if person.case_id == case.id and person.is_usable else None
    if person.disabled_at is not None or is_barred(person, case):
        return None
    if person.role == Role.REFERRER:
        if case.organisation_id != person.organisation_id:
            return None
        return Party.REFERRER if case.referrer_id == person.id else Party.COLLEAGUE
    if person.role == Role.COORDINATOR:
        return Party.COORDINATOR if case.stage != Stage.DRAFT and is_let_in(person, case) else None
    return expert_party(person.expert, case)


BARRED = Kept(lambda: Bar.select(Bar.id).where((Bar.user == bind("user")) & (Bar.case == bind("case"))))
ENTERED = Kept(
    lambda: EmergencyAccess.select(EmergencyAccess.id).where(
        is_entered(bind("user"), bind("now")) & (EmergencyAccess.case == bind("case"))
    )
)


def is_barred(user: User, case: Case) -> bool:
    """A manager has barred this person from the case: it beats whatever else would let them."""
    return bool(BARRED.rows(user=user.id, case=case.id))


def is_let_in(coordinator: User, case: Case) -> bool:
    """The office's restriction does not keep this coordinator out."""
    return answers_for(coordinator, case) or is_in_by_emergency(coordinator, case)


def answers_for(coordinator: User, case: Case) -> bool:
    """They see the case by right: it is not restricted, or theirs, or they manage the portal."""
    return not case.is_restricted or case.coordinator_id == coordinator.id or is_manager(coordinator)


def is_in_by_emergency(coordinator: User, case: Case) -> bool:
    return bool(ENTERED.rows(user=coordinator.id, case=case.id, now=clock.now()))


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
    """The query of the documents this party may read, oldest first. The records reach the expert with their brief, before
    which the other side may have to be served with them; once they have examined, nothing is kept from them."""
    found = documents_for(party, case)
    if party != Party.EXPERT:
        return found
    has_examined = Case.stage.in_(list(AFTER_EXAMINATION)) & ~Case.is_file_review
    were_given = fn.EXISTS(
        Case.select(SQL("1")).where(
            (Case.id == Document.case) & (Case.records_given_at.is_null(False) | has_examined)
        )
    )
    by_expert = fn.EXISTS(Expert.select(SQL("1")).where(Expert.user == Document.filed_by))
    is_theirs = Document.audience.in_([Audience.EXPERT_AND_OFFICE, Audience.EVERYONE])
    return found.where(Document.kind.in_(list(OWN_PAPERS)) | is_theirs | by_expert | were_given)


def documents_for(party: Party, case: Case) -> Any:
    """The query of the documents that are for this party, whether they have them yet or not, oldest first."""
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
    """The people who are this party to the case now. Nobody who is barred from it is told."""
    if party in ENGAGED | {Party.CANDIDATE}:
        barred = barred_from(case)
        users = [user for user in users_told(case, party, barred) if user.id not in barred]
        return [Recipient(user.name, user.email) for user in users]
    if party == Party.CLAIMANT:
        return [Recipient(case.claimant.name, case.claimant.email)] if is_expected(case) else []
    if party == Party.REPRESENTATIVE and not (case.is_file_review or case.appointments.exists()):
        return []  # nobody outside has heard of the case yet
    return [Recipient(row.name, row.email) for row in others_told(case, party)]


def users_told(case: Case, party: Party, barred: frozenset[int]) -> Iterable[User]:
    """Those with an account; a candidate or expert who just left is still told, and for a referrer or coordinator
    whose account is closed, who works elsewhere now, or who is barred, their active colleagues are."""
    if party == Party.REFERRER:
        still_there = case.referrer.organisation_id == case.organisation_id
        return active_or(case.referrer if still_there else None, colleagues(case), barred)
    if party == Party.COORDINATOR:
        # The office has never seen a case that was not sent to it.
        return active_or(case.coordinator, office(case), barred) if case.referred_at else []
    return experts_told(case, party) if party in LEFT_AS else []


WHO_IS_BARRED = Kept(lambda: Bar.select(Bar.user).where(Bar.case == bind("case")))


def barred_from(case: Case) -> frozenset[int]:
    """The users who are barred from the case, by their numbers."""
    return frozenset(user for (user,) in WHO_IS_BARRED.rows(case=case.id))


def active_or(user: User | None, others: Iterable[User], barred: frozenset[int]) -> Iterable[User]:
    """The one person in charge, or the others where there is none any more."""
    return [user] if user and user.disabled_at is None and user.id not in barred else others


def office(case: Case) -> Any:
    """The query of the coordinators who see the case by right."""
    return User.coordinators().where(User.is_manager) if case.is_restricted else User.coordinators()


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


def experts_told(case: Case, party: Party) -> list[User]:
    """The expert or candidate of the case now, or the one whom the present step has just let go."""
    if case.expert:
        return [case.expert.user] if party == Party.EXPERT else []
    states = LEFT_AS[party]
    offers = Offer.select().where(
        (Offer.case == case)
        & Offer.state.in_(states)
        & (Offer.answered_at.is_null() | (Offer.answered_at >= case.last_event_at))
    )
    return [offer.expert.user for offer in offers]


def others_told(case: Case, party: Party) -> Any:
    rows = CaseParty.select().where(CaseParty.case == case)
    if party == Party.RECIPIENT:
        return rows.where(CaseParty.gets_report)
    return rows.where(CaseParty.party == party)
