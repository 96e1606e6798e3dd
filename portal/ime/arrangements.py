"""Arrangements: what the claimant needs on the day, and whether it is settled."""

from portal.ime.process import remember, step
from portal.models import Arrangement, Case
from portal.policy import Person
from portal.words import ArrangementState


@step
def settle_arrangement(
    case: Case, *, by: Person, arrangement: Arrangement, state: ArrangementState, supplier: str = ""
) -> None:
    """Note how an arrangement stands and who supplies it."""
    arrangement.state, arrangement.supplier = state, supplier
    arrangement.save()
    remember(arrangement=arrangement.kind, state=state)


def unsettled(case: Case) -> list[Arrangement]:
    """The arrangements that are still only needed: a risk for a booked appointment."""
    return list(case.arrangements.where(Arrangement.state == ArrangementState.NEEDED))
