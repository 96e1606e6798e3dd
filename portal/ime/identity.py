"""A claimant's second check: a link may be in other hands, so whoever wants more than when and where says when they
were born (NIST SP 800-63B-4: e-mail alone is no proof of who somebody is)."""

from datetime import date

from portal import audit
from portal.ime.process import Refusal
from portal.ime.tries import forgive, note_try, of_link
from portal.models import SecureLink
from portal.words import Act, Ending

MOST_IN_A_ROW = 15

NOT_THAT_DAY = "We cannot show you this with the date you entered. Check it, or call us."
CALL = "We cannot show you this here. Please call us."


def check_birthday(link: SecureLink, born_on: date) -> None:
    """Raises Refusal where the claimant was born on another day, in the same words where we do not know it, and for
    whoever tries too often."""
    try:
        note_try(of_link(link), most=MOST_IN_A_ROW, stopped=CALL)
        if link.case.claimant.born_on != born_on:
            raise Refusal(NOT_THAT_DAY, field="born_on")
    except Refusal:
        audit.record(Act.SIGNED_IN, link, case=link.case_id, ending=Ending.FAILED, way="birthday")
        raise
    forgive(of_link(link))
