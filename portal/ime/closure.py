"""The end of a case: withdrawn by the referrer, or reopened after it was closed."""

from portal.ime.appointment import end_for
from portal.ime.holds import let_go_all
from portal.ime.instructions import revoke_all_links
from portal.ime.matching import end_offer
from portal.ime.process import Refusal, remember, step
from portal.models import Case
from portal.policy import Person
from portal.words import AppointmentState, OfferState, Party


@step
def withdraw_referral(case: Case, *, by: Person, why: str) -> None:
    """The referrer no longer needs the examination: what is booked or offered is freed, whoever is engaged is told."""
    if not why.strip():
        raise Refusal("Say why you withdraw the referral.", field="why")
    end_offer(case, OfferState.RECALLED)
    ended = end_for(case, AppointmentState.CANCELLED, "The referral was withdrawn.", Party.REFERRER)
    remember(**({"appointment": ended.id} if ended else {}))
    let_go_all(case)
    revoke_all_links(case)
    remember(why=why)


@step
def reopen_case(case: Case, *, by: Person, why: str) -> None:
    """A closed case is taken up again, with its report back in review."""
    if not why.strip():
        raise Refusal("Say why you reopen the case.", field="why")
    remember(why=why)
