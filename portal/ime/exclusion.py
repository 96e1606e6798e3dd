"""What keeps a case from an expert, whatever their score: each test answers with a sentence, or with nothing."""

from collections.abc import Callable

from portal import written
from portal.ime.candidacy import CaseFacts, CredentialFacts, ExpertFacts, is_same_doctor, plain_practice
from portal.words import OfferState


def not_credentialed(case: CaseFacts, expert: ExpertFacts) -> str:
    """Why this expert may not take the case any more, empty where they may."""
    return " ".join(filter(None, (test(case, expert) for test in CREDENTIALED)))


def exclusions(case: CaseFacts, expert: ExpertFacts) -> tuple[str, ...]:
    """Everything that keeps the case from this expert, each as a sentence."""
    return tuple(sentence for test in EXCLUDING if (sentence := test(case, expert)))


def is_barred(case: CaseFacts, expert: ExpertFacts) -> str:
    return "A manager has barred this expert from the case." if expert.is_barred else ""


def has_treated(case: CaseFacts, expert: ExpertFacts) -> str:
    if expert.has_treated:
        return "Declared on an earlier offer: has treated the claimant."
    named = min((each for each in case.treating_doctors if is_same_doctor(each, expert.name)), default="")
    return f"Is named as the claimant's treating doctor: {named.rstrip('.')}." if named else ""


def shares_practice(case: CaseFacts, expert: ExpertFacts) -> str:
    """The practice that the referral names, and the expert's own as well where it is written differently."""
    if expert.shares_practice:
        return "Declared on an earlier offer: shares a practice with the treating doctor."
    named, own = case.treating_practice, expert.practice
    if not (treating := plain_practice(named)) or treating != plain_practice(own):
        return ""
    on_file = "" if named.casefold().split() == own.casefold().split() else f" (on file as {own})"
    return f"Works in the treating doctor's practice, {named if on_file else named.rstrip('.')}{on_file}."


def has_financial_link(case: CaseFacts, expert: ExpertFacts) -> str:
    link = "Declared on an earlier offer: has a financial link with a party."
    return link if expert.has_financial_link else ""


def lacks_licence(case: CaseFacts, expert: ExpertFacts) -> str:
    """A licence of the state where one is known, else any, verified by a coordinator; on the day it runs out it no
    longer counts."""
    held = [each for each in expert.credentials if each.kind == "licence" and case.state in ("", each.state)]
    where = f" in {case.state}" if case.state else ""
    return wanting(held, f"license{where}", case, expert) if held else f"Has no license{where} on file."


def lacks_certification(case: CaseFacts, expert: ExpertFacts) -> str:
    """A board certification that ran out excludes while no other holds; none at all where the rule asks for one, and
    takes no listing instead."""
    held = [each for each in expert.credentials if each.kind == "board" and each.state in ("", case.state)]
    if held:
        return wanting(held, "board certification", case, expert)
    if "board_or_listing" in case.requires and not listings(case, expert):
        return f"Has neither a board certification nor a listing on file; {case.required_by} asks for one."
    is_required = "board" in case.requires
    return f"Has no board certification on file; {case.required_by} asks for one." if is_required else ""


def lacks_listing(case: CaseFacts, expert: ExpertFacts) -> str:
    """Where the rule asks for it, a listing with the authority of the state."""
    if "listing" not in case.requires:
        return ""
    held = listings(case, expert)
    missing = f"Is not listed with the authority in {case.state}; {case.required_by} asks for it."
    return wanting(held, f"listing in {case.state}", case, expert) if held else missing


def listings(case: CaseFacts, expert: ExpertFacts) -> list[CredentialFacts]:
    return [each for each in expert.credentials if each.kind == "listing" and each.state in ("", case.state)]


def left_practice(case: CaseFacts, expert: ExpertFacts) -> str:
    if "practice" not in case.requires or expert.is_in_practice:
        return ""
    return f"Is no longer in clinical practice; {case.required_by} asks for it."


def wanting(held: list[CredentialFacts], what: str, case: CaseFacts, expert: ExpertFacts) -> str:
    """Why none of these credentials counts, empty where one does: it must hold today, and on the first day on which the
    expert could examine."""
    needed = max(case.today, expert.next_free or case.today)
    if any(each.is_verified and each.expires_on > needed for each in held):
        return ""
    last = max(held, key=lambda each: each.expires_on)
    ends = written.day(last.expires_on)
    if last.expires_on <= case.today:
        return f"The {what} ran out on {ends}."
    if last.expires_on <= needed:
        return f"The {what} runs out on {ends}, and the first free day is {written.day(needed)}."
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
# What is looked at again when an expert takes the case: it may have changed since it was offered.
CREDENTIALED: tuple[Test, ...] = (is_barred, lacks_licence, lacks_certification, lacks_listing)
EXCLUDING: tuple[Test, ...] = (
    is_barred,
    has_treated,
    shares_practice,
    has_financial_link,
    lacks_licence,
    lacks_certification,
    lacks_listing,
    left_practice,
    is_at_capacity,
    has_turned_down,
)
