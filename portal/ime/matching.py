"""Matching: rank the experts with reasons, offer the case, and have it taken, passed, expired or recalled."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from portal import clock
from portal.ime.appointment import end_booking
from portal.ime.instructions import revoke_all_links
from portal.ime.process import Refusal, remember, step
from portal.models import Case, ConflictDeclaration, Expert, Offer, User
from portal.policy import Person
from portal.words import AppointmentState, OfferState, Party


@dataclass(frozen=True)
class Candidate:
    """One expert's place for one case: the score, why, and what excludes them (then `rank` is 0)."""

    expert_id: int
    name: str
    score: int = 0
    rank: int = 0
    reasons: list[str] = field(default_factory=list)
    exclusions: list[str] = field(default_factory=list)


def ranked(case: Case) -> list[Candidate]:
    """Every active expert for the case: the eligible by score from rank 1, then the excluded with their reasons."""
    experts = Expert.select(Expert, User).join(User).where(User.disabled_at.is_null()).order_by(Expert.id)
    return [
        Candidate(expert.id, expert.name, 1, rank, ["Is on the panel."])
        for rank, expert in enumerate(experts, start=1)
    ]


@step
def offer_case(case: Case, *, by: Person, expert: Expert, until: datetime, why_not_first: str = "") -> Offer:
    """The coordinator offers the case to one expert whom nothing excludes; the whole ranking is kept with the offer."""
    if until <= clock.now():
        raise Refusal("Choose a deadline that is still to come.", field="until")
    ranking = ranked(case)
    chosen = next((each for each in ranking if each.expert_id == expert.id), None)
    if chosen is None or chosen.exclusions:
        raise Refusal(
            "This expert cannot be offered the case: " + " ".join(chosen.exclusions if chosen else [])
        )
    if chosen.rank > 1 and not why_not_first.strip():
        raise Refusal("Say why you do not offer it to the first on the list.", field="why_not_first")
    remember(expert=expert.name, until=until)
    return Offer.create(
        case=case,
        expert=expert,
        until=until,
        rank=chosen.rank,
        ranking=[asdict(each) for each in ranking],
        why_not_first=why_not_first,
    )


@step
def take_offer(
    case: Case,
    *,
    by: User,
    has_treated: bool,
    shares_practice: bool,
    has_financial_link: bool,
    note: str = "",
) -> None:
    """The expert declares that nothing stands against it, and takes the case."""
    if has_treated or shares_practice or has_financial_link:
        raise Refusal("With a conflict of interest you cannot take this case. Please pass on it.")
    offer = open_offer(case)
    if offer is None or offer.until <= clock.now():
        raise Refusal("The deadline of this offer has passed.")
    end_offer(case, OfferState.TAKEN)
    ConflictDeclaration.create(
        offer=offer,
        has_treated=has_treated,
        shares_practice=shares_practice,
        has_financial_link=has_financial_link,
        note=note,
    )
    case.expert = offer.expert
    remember(expert=offer.expert.name)


@step
def pass_offer(case: Case, *, by: User, why: str) -> None:
    """The expert does not take the case and says why."""
    if not why.strip():
        raise Refusal("Say why you pass.", field="why")
    assert by.expert is not None
    remember(expert=by.expert.name, why=why)
    end_offer(case, OfferState.PASSED, why)


@step
def expire_offer(case: Case, *, by: Party) -> None:
    """The deadline passed without an answer."""
    offer = open_offer(case)
    if offer is None or offer.until > clock.now():
        raise Refusal("This offer is still open.")
    remember(expert=offer.expert.name)
    end_offer(case, OfferState.EXPIRED)


@step
def recall_offer(case: Case, *, by: Person, why: str = "") -> None:
    """The coordinator takes the offer back."""
    offer = open_offer(case)
    if offer is None:
        raise Refusal("There is no open offer.")
    remember(expert=offer.expert.name, why=why)
    end_offer(case, OfferState.RECALLED, why)


@step
def release_expert(case: Case, *, by: Person, why: str) -> None:
    """The expert leaves the case; what was booked is cancelled and another expert is looked for."""
    if not why.strip():
        raise Refusal("Say why the expert is released.", field="why")
    remember(expert=case.expert.name, why=why)
    Offer.update(state=OfferState.RELEASED, answered_at=clock.now()).where(
        (Offer.case == case) & (Offer.state == OfferState.TAKEN)
    ).execute()
    end_booking(case, AppointmentState.CANCELLED, why="The expert was released.")
    revoke_all_links(case)
    case.expert = None
    forget_appointment(case)


def forget_appointment(case: Case) -> None:
    """What was said about an appointment that no longer stands."""
    case.brief_sent_at = case.move_asked_at = case.confirmed_at = None


def open_offer(case: Case) -> Any:
    """The offer that waits for an answer, or None."""
    return case.offers.where(Offer.state == OfferState.OPEN).first()


def end_offer(case: Case, state: OfferState, why: str = "") -> bool:
    """End the open offer; False when there is none (somebody was faster)."""
    ended = (
        Offer.update(state=state, answered_at=clock.now(), why_passed=why)
        .where((Offer.case == case) & (Offer.state == OfferState.OPEN))
        .execute()
    )
    return bool(ended)
