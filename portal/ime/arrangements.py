"""Arrangements: what the claimant needs on the day, and whether it is settled."""

from collections.abc import Iterable

from portal.db import database
from portal.ime.process import Refusal, remember, step
from portal.models import Arrangement, Case
from portal.policy import Person
from portal.words import ArrangementKind, ArrangementState, Party

SETTLED = frozenset({ArrangementState.BOOKED, ArrangementState.CONFIRMED})
SUPPLIED = frozenset({ArrangementKind.INTERPRETER, ArrangementKind.TRANSPORT})


# What a claimant may ask for themselves; travel money is for the office to see to.
ASKED_BY_CLAIMANT = tuple(kind for kind in ArrangementKind if kind != ArrangementKind.TRAVEL_MONEY)


@step
def add_arrangement(case: Case, *, by: Person, kind: ArrangementKind, detail: str = "") -> Arrangement:
    """The coordinator learned that the claimant needs something more."""
    return need(case, kind, detail, Party.COORDINATOR)


@step
def ask_arrangement(case: Case, *, by: Person, kind: ArrangementKind, detail: str = "") -> Arrangement:
    """The claimant asks for something on the day; the office settles it and tells them."""
    if kind not in ASKED_BY_CLAIMANT:
        raise Refusal("Please call us about this.", field="kind")
    return need(case, kind, detail, Party.CLAIMANT)


def need(case: Case, kind: ArrangementKind, detail: str, asked_by: Party) -> Arrangement:
    if case.arrangements.where(Arrangement.kind == kind).exists():
        raise Refusal("This is noted already.", field="kind")
    remember(arrangement=kind)
    return Arrangement.create(case=case, kind=kind, detail=detail.strip(), asked_by=asked_by)


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


def settle_arrangements(
    case: Case, *, by: Person, wanted: Iterable[tuple[Arrangement, ArrangementState, str]]
) -> None:
    """Settle those that stand otherwise than before, all or none; a refusal names its field, like `supplier_7`."""
    with database.atomic():
        for arrangement, state, supplier in wanted:
            if (arrangement.state, arrangement.supplier) != (state, supplier):
                try:
                    settle_arrangement(case, by=by, arrangement=arrangement, state=state, supplier=supplier)
                except Refusal as refusal:
                    raise Refusal(refusal.sentence, f"{refusal.field}_{arrangement.id}") from refusal


def unsettled(case: Case) -> list[Arrangement]:
    """The arrangements that are still only needed: a risk for a booked appointment."""
    return list(case.arrangements.where(Arrangement.state == ArrangementState.NEEDED))
