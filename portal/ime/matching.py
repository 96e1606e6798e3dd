"""Matching: rank the experts with reasons, offer the case, and have it taken, passed, expired or recalled."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from peewee import IntegrityError

from portal import clock
from portal.clock import OFFICE_ZONE
from portal.db import database
from portal.ime import booking
from portal.ime.appointment import ask_suppliers_again, end_for, forget_appointment
from portal.ime.draw import last_draw, proposed
from portal.ime.exclusion import not_credentialed
from portal.ime.holds import let_go_all
from portal.ime.instructions import revoke_all_links
from portal.ime.modes import mode_of
from portal.ime.panel import case_facts, expert_facts, facts_for
from portal.ime.process import MovedOn, NotAllowed, Refusal, remember, step
from portal.ime.ranking import Candidate, rank
from portal.ime.report import discard_report
from portal.models import Appointment, Case, ConflictDeclaration, Draw, Expert, Offer, User
from portal.policy import Person
from portal.words import AppointmentState, OfferState, Party

USUAL_ANSWER = timedelta(days=3)
LONGEST_ANSWER = timedelta(days=30)
RELEASING = (
    Party.EXPERT,
    Party.COORDINATOR,
)  # who may want the expert released; the coordinator stands for the office

# Why an expert passes -> how the timeline tells it to the office; what they write themselves stays with the offer.
WHY_PASSED = {
    "treated": "a conflict of interest",
    "practice": "a conflict of interest",
    "financial_link": "a conflict of interest",
    "no_time": "no time for it",
    "field": "outside the expert's field",
    "other": "another reason",
}
CONFLICTS = {"treated": "has_treated", "practice": "shares_practice", "financial_link": "has_financial_link"}


def ranked(case: Case) -> list[Candidate]:
    """Every active expert for the case: the eligible by score from rank 1, then the excluded with their reasons."""
    return rank(*facts_for(case))


def end_of(day: date) -> datetime:
    """The last minute of a day at the office, by which an offer is to be answered."""
    return datetime.combine(day, time(23, 59), ZoneInfo(OFFICE_ZONE))


@step
def offer_case(case: Case, *, by: Person, expert: Expert, until: datetime, why_not_first: str = "") -> Offer:
    """The coordinator offers the case to one expert whom nothing excludes, of the names drawn where there was a draw;
    the whole ranking is kept with the offer."""
    refuse_deadline(until)
    ranking = ranked(case)
    chosen = next((each for each in ranking if each.expert_id == expert.id), None)
    order = order_for(case, ranking)
    refuse_choice(chosen, order, why_not_first)
    assert chosen is not None
    place = order.index(chosen.expert_id) + 1
    remember(expert=chosen.name, until=until)
    try:
        with database.atomic():
            return Offer.create(
                case=case,
                expert=expert,
                until=until,
                rank=place,
                ranking=[each.kept() for each in ranking],
                draw=last_draw(case),
                why_not_first=why_not_first.strip() if place > 1 else "",
            )
    except IntegrityError:
        raise Refusal("The case is offered to another expert already.") from None


def order_for(case: Case, ranking: list[Candidate]) -> list[int]:
    """Whom the case may be offered, in order, by the draw that counts for it."""
    return order_of(case, ranking, last_draw(case))


def order_of(case: Case, ranking: list[Candidate], panel: Draw | None) -> list[int]:
    """Whom the case may be offered, in order: by score, or as the names were drawn."""
    eligible = [each.expert_id for each in ranking if each.rank]
    order = proposed(panel, mode_of(case.exam_kind), eligible)
    return eligible if order is None else order


def eligible_for(case: Case) -> list[int]:
    """The numbers of the experts among whom names are drawn now: those who can be offered the case and have a specialty
    that matches, or all of them where these are too few."""
    return drawn_from(case, ranked(case))


def drawn_from(case: Case, ranking: list[Candidate]) -> list[int]:
    eligible = [each for each in ranking if each.rank]
    matching = [each for each in eligible if each.is_of_the_field]
    enough = len(matching) >= max(mode_of(case.exam_kind).names, 1)
    return [each.expert_id for each in (matching if enough else eligible)]


def refuse_deadline(until: datetime) -> None:
    if until <= clock.now():
        raise Refusal("Choose a deadline that is still to come.", field="until")
    if until > clock.now() + LONGEST_ANSWER + timedelta(days=1):
        raise Refusal(f"Choose a deadline within {LONGEST_ANSWER.days} days.", field="until")


def refuse_choice(chosen: Candidate | None, order: list[int], why_not_first: str) -> None:
    """Nobody who is off the panel, excluded or not drawn is offered the case, and nobody but the first without a reason."""
    if chosen is None:
        raise Refusal("This expert is not on the panel any more.", field="expert")
    if chosen.exclusions:
        raise Refusal(
            "This expert cannot be offered the case. " + " ".join(chosen.exclusions), field="expert"
        )
    if chosen.expert_id not in order:
        raise Refusal("Choose one of the names that were drawn.", field="expert")
    if chosen.expert_id != order[0] and not why_not_first.strip():
        raise Refusal("Say why you do not offer it to the first on the list.", field="why_not_first")


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
    if offer is not None:
        refuse_not_credentialed(case, offer)
    if offer is None or offer.until <= clock.now() or not end_offer(case, OfferState.TAKEN):
        raise Refusal("The deadline of this offer has passed.")
    ConflictDeclaration.create(
        offer=offer,
        has_treated=has_treated,
        shares_practice=shares_practice,
        has_financial_link=has_financial_link,
        note=note,
    )
    case.expert = offer.expert
    remember(expert=offer.expert.name)


def refuse_not_credentialed(case: Case, offer: Offer) -> None:
    """A license that ran out or was changed since the offer stands against taking the case."""
    facts = next((each for each in expert_facts(case) if each.expert_id == offer.expert_id), None)
    if facts and (why := not_credentialed(case_facts(case), facts)):
        raise Refusal(f"You cannot take this case now. {why} Please call us.")


@step
def pass_offer(case: Case, *, by: User, why: str, because: str = "other") -> None:
    """The expert does not take the case and says why; a conflict of interest is kept as a declaration.

    `because` is a name of WHY_PASSED; without another reason than "other" it takes words of their own."""
    if because not in WHY_PASSED:
        raise Refusal("Choose why you pass.", field="because")
    if because == "other" and not why.strip():
        raise Refusal("Say why you pass.", field="why")
    offer = open_offer(case)
    if offer is None or not end_offer(case, OfferState.PASSED, why.strip() or WHY_PASSED[because]):
        raise Refusal("This offer is no longer open.")
    if because in CONFLICTS:
        declared = {name: code == because for code, name in CONFLICTS.items()}
        ConflictDeclaration.create(offer=offer, note=why.strip(), **declared)
    remember(expert=offer.expert.name, why=WHY_PASSED[because])


@step
def expire_offer(case: Case, *, by: Party) -> None:
    """The deadline passed without an answer."""
    offer = open_offer(case)
    if offer is None or offer.until > clock.now():
        raise Refusal("This offer is still open.")
    remember(expert=offer.expert.name)
    end_offer(case, OfferState.EXPIRED)


def expire_offers() -> int:
    """Expire every offer whose deadline has passed, each by its own step; returns how many.

    An offer that somebody answers meanwhile is theirs. Any other failure leaves the rest untouched and is raised
    at the end, all of them together."""
    expired, failures = 0, []
    for offer in run_out():
        try:
            expire_offer(offer.case, by=Party.PORTAL)
            expired += 1
        except (MovedOn, NotAllowed, Refusal):
            continue
        except Exception as failure:  # noqa: BLE001 - raised below, with the others
            failures.append(failure)
    if failures:
        raise ExceptionGroup("Offers that could not be expired", failures)
    return expired


def run_out() -> list[Offer]:
    """The open offers past their deadline, the oldest first, each with its case."""
    is_past = (Offer.state == OfferState.OPEN) & (Offer.until <= clock.now())
    return list(Offer.select(Offer, Case).join(Case).where(is_past).order_by(Offer.until, Offer.id))


@step
def recall_offer(case: Case, *, by: Person, why: str = "") -> None:
    """The coordinator takes the offer back."""
    offer = open_offer(case)
    if offer is None:
        raise Refusal("There is no open offer.")
    remember(expert=offer.expert.name, why=why)
    end_offer(case, OfferState.RECALLED, why)


@step
def release_expert(
    case: Case, *, by: Person, why: str, wanted_by: Party = Party.COORDINATOR, override: str = ""
) -> None:
    """The expert leaves the case before they sign; what was booked is cancelled for whoever of RELEASING wants it, what
    they had begun to write is removed, and another expert is looked for. `override` says why it is done although a rule
    stands against the cancellation."""
    if not why.strip():
        raise Refusal("Say why the expert is released.", field="why")
    if wanted_by not in RELEASING:
        raise Refusal("Choose who wants it.", field="wanted_by")
    assert case.expert is not None
    remember(expert=case.expert.name, why=why, is_writing=discard_report(case))
    Offer.update(state=OfferState.RELEASED, answered_at=clock.now()).where(
        (Offer.case == case) & (Offer.state == OfferState.TAKEN)
    ).execute()
    ended = end_for_release(case, wanted_by, override, by)
    remember(**({"appointment": ended.id} if ended else {}))
    let_go_all(case)
    revoke_all_links(case)
    case.expert, case.is_file_review, case.records_given_at = None, False, None
    forget_appointment(case)
    if ended:
        ask_suppliers_again(case)


def end_for_release(case: Case, wanted_by: Party, override: str, by: Person) -> Appointment | None:
    """What was booked ends as by a cancellation: for whoever wants it, with its fee, and held to the same rules."""
    ended = end_for(case, AppointmentState.CANCELLED, "The expert was released.", wanted_by)
    if ended:
        found = booking.cancelling_findings(case, ended, wanted_by)
        booking.insist(case, "release_expert", found, override, by)
    return ended


def open_offer(case: Case) -> Any:
    """The offer that waits for an answer, or None."""
    return case.offers.where(Offer.state == OfferState.OPEN).first()


def offers_so_far(case: Case) -> list[Offer]:
    """Every offer of the case, the newest first, each with its expert's name."""
    offers = Offer.select(Offer, Expert, User).join(Expert).join(User)
    return list(offers.where(Offer.case == case).order_by(Offer.id.desc()))


def end_offer(case: Case, state: OfferState, why: str = "") -> bool:
    """End the open offer; False when there is none (somebody was faster)."""
    ended = (
        Offer.update(state=state, answered_at=clock.now(), why_passed=why)
        .where((Offer.case == case) & (Offer.state == OfferState.OPEN))
        .execute()
    )
    return bool(ended)
