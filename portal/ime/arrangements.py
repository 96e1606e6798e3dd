"""Arrangements: what the claimant needs on the day, and whether it is settled."""

from portal.ime.process import Refusal, remember, step
from portal.models import Arrangement, Case
from portal.policy import Person
from portal.words import ArrangementKind, ArrangementState

SETTLED = frozenset({ArrangementState.BOOKED, ArrangementState.CONFIRMED})
SUPPLIED = frozenset({ArrangementKind.INTERPRETER, ArrangementKind.TRANSPORT})


@step
def settle_arrangement(
    case: Case, *, by: Person, arrangement: Arrangement, state: ArrangementState, supplier: str = ""
) -> None:
    """Note how an arrangement stands and who supplies it. Refuses a booking with nobody who comes."""
    if arrangement.case_id != case.id:
        raise Refusal("This arrangement belongs to another case.")
    if state in SETTLED and arrangement.kind in SUPPLIED and not supplier.strip():
        raise Refusal(f"Say who supplies the {arrangement.kind.label}.", field="supplier")
    arrangement.state, arrangement.supplier = state, supplier.strip()
    arrangement.save()
    remember(arrangement=arrangement.kind, state=state)


def unsettled(case: Case) -> list[Arrangement]:
    """The arrangements that are still only needed: a risk for a booked appointment."""
    return list(case.arrangements.where(Arrangement.state == ArrangementState.NEEDED))
