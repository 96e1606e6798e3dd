"""What keeps a case from an expert, whatever their score: each test answers with a sentence, or with nothing."""

from collections.abc import Callable
from datetime import date

from portal import written
from portal.ime.candidacy import CaseFacts, CredentialFacts, ExpertFacts, plain_name, plain_practice
from portal.words import OfferState


def exclusions(case: CaseFacts, expert: ExpertFacts) -> tuple[str, ...]:
    """Everything that keeps the case from this expert, each as a sentence."""
    return tuple(sentence for test in EXCLUDING if (sentence := test(case, expert)))


def is_barred(case: CaseFacts, expert: ExpertFacts) -> str:
    return "A manager has barred this expert from the case." if expert.is_barred else ""


def has_treated(case: CaseFacts, expert: ExpertFacts) -> str:
    if expert.has_treated:
        return "Declared on an earlier offer: has treated the claimant."
    if plain_name(expert.name) in case.treating_doctors:
        return "Is named as the claimant's treating doctor."
    return ""


def shares_practice(case: CaseFacts, expert: ExpertFacts) -> str:
    treating = plain_practice(case.treating_practice)
    if treating and treating == plain_practice(expert.practice):
        return f"Works in the treating doctor's practice, {case.treating_practice}."
    return ""


def has_conflict(case: CaseFacts, expert: ExpertFacts) -> str:
    return "Declared a conflict of interest with this claimant or case before." if expert.has_conflict else ""


def lacks_licence(case: CaseFacts, expert: ExpertFacts) -> str:
    """A licence of the state where one is known, else any, verified by a coordinator; on the day it runs out it no
    longer counts."""
    held = [each for each in expert.credentials if each.kind == "licence" and case.state in ("", each.state)]
    where = f" in {case.state}" if case.state else ""
    return wanting(held, f"license{where}", case.today) if held else f"Has no license{where} on file."


def lacks_certification(case: CaseFacts, expert: ExpertFacts) -> str:
    """A board certification that ran out excludes while no other holds; none at all where the rule asks for one."""
    held = [each for each in expert.credentials if each.kind == "board" and each.state in ("", case.state)]
    if held:
        return wanting(held, "board certification", case.today)
    is_required = "board" in case.requires
    return f"Has no board certification on file; {case.required_by} asks for one." if is_required else ""


def lacks_listing(case: CaseFacts, expert: ExpertFacts) -> str:
    """Where the rule asks for it, a listing with the authority of the state."""
    if "listing" not in case.requires:
        return ""
    held = [each for each in expert.credentials if each.kind == "listing" and each.state in ("", case.state)]
    missing = f"Is not listed with the authority in {case.state}; {case.required_by} asks for it."
    return wanting(held, f"listing in {case.state}", case.today) if held else missing


def left_practice(case: CaseFacts, expert: ExpertFacts) -> str:
    if "practice" not in case.requires or expert.is_in_practice:
        return ""
    return f"Is no longer in clinical practice; {case.required_by} asks for it."


def wanting(held: list[CredentialFacts], what: str, today: date) -> str:
    """Why none of these credentials counts today, empty where one does."""
    if any(each.is_verified and each.expires_on > today for each in held):
        return ""
    last = max(held, key=lambda each: each.expires_on)
    if last.expires_on <= today:
        return f"The {what} ran out on {written.day(last.expires_on)}."
    return f"The {what} is not verified yet."


def is_at_capacity(case: CaseFacts, expert: ExpertFacts) -> str:
    if expert.this_week < expert.capacity:
        return ""
    return f"At capacity this week: {expert.this_week} of {expert.capacity}."


def has_turned_down(case: CaseFacts, expert: ExpertFacts) -> str:
    return TURNED_DOWN.get(expert.answered, "") if expert.answered else ""


TURNED_DOWN = {
    OfferState.PASSED: "Passed on this case before.",
    OfferState.EXPIRED: "Let the offer of this case run out before.",
}
Test = Callable[[CaseFacts, ExpertFacts], str]
EXCLUDING: tuple[Test, ...] = (
    is_barred,
    has_treated,
    shares_practice,
    has_conflict,
    lacks_licence,
    lacks_certification,
    lacks_listing,
    left_practice,
    is_at_capacity,
    has_turned_down,
)
