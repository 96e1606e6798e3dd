"""Drawing names for a case: a random panel with strikes, or the next in rotation, so that anybody can draw it again.

Each eligible expert gets the SHA-256 of `seed:number`. A random panel is the first so many in the order of these digests,
each compared as text. A rotation is the order of when each was last offered such a case (never comes first), and among
equals the order of the digests. Seed, eligible experts and what came out are kept; `flask draw` repeats it."""

import hashlib
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from peewee import IntegrityError, fn

from portal.db import database
from portal.ime.modes import Mode, mode_of
from portal.ime.process import Refusal, remember, step
from portal.models import Case, CaseParty, Draw, Expert, Offer, Strike, User
from portal.policy import Person, party_to
from portal.words import MatchingMode, OfferState, Party

Pool = Sequence[Sequence[Any]]  # of an expert: number, and when they last had a turn ("" for never)
NEVER = ""


def digest(seed: str, number: int) -> str:
    return hashlib.sha256(f"{seed}:{number}".encode()).hexdigest()


def drawn(mode: MatchingMode, seed: str, pool: Pool, names: int) -> list[int]:
    """The numbers that a draw gives, in their order; the same on every machine."""
    if mode == MatchingMode.ROTATION:
        return [number for number, _ in sorted(pool, key=lambda row: (row[1], digest(seed, row[0])))]
    return [number for number, _ in sorted(pool, key=lambda row: digest(seed, row[0]))][:names]


@step
def draw_panel(case: Case, *, by: User, eligible: Iterable[int], why: str = "") -> Draw:
    """Draw names among the eligible. A second draw takes the place of the first and needs a reason; both are kept, and
    whom a party has struck is not drawn again."""
    mode = mode_of(case.exam_kind)
    if mode.drawn is None:
        raise Refusal("The expert for this kind of examination is chosen freely.")
    before = last_draw(case)
    if before and not why.strip():
        raise Refusal("Say why names are drawn anew.", field="why")
    pool = sorted(set(eligible) - struck_of(case))
    if len(pool) < max(mode.names, 1):
        raise Refusal(
            f"A panel needs {mode.names} names, and {len(pool)} can be offered the case."
            if mode.names
            else "Nobody on the panel can be offered the case."
        )
    turns = last_turns(case.exam_kind) if mode.drawn == MatchingMode.ROTATION else {}
    rows = [[number, turns.get(number, NEVER)] for number in pool]
    seed = secrets.token_hex(16)
    names = drawn(mode.drawn, seed, rows, mode.names)
    remember(count=len(names), **({"why": why.strip()} if before else {}))
    return Draw.create(
        case=case,
        exam_kind=case.exam_kind,
        mode=mode.drawn,
        seed=seed,
        pool=rows,
        size=mode.names,
        names=names,
        made_by=by,
    )


def last_turns(exam_kind: str) -> dict[int, str]:
    """When each expert was last offered a case of this kind in rotation, as text that sorts; what the office took back
    was no turn."""
    rows: Any = (
        Offer.select(Offer.expert, fn.MAX(Offer.made_at))
        .join(Draw)
        .where(
            (Draw.mode == MatchingMode.ROTATION)
            & (Draw.exam_kind == exam_kind)
            & (Offer.state != OfferState.RECALLED)
        )
        .group_by(Offer.expert)
    )
    return {expert: str(moment)[:19] for expert, moment in rows.tuples()}


@step
def strike_name(case: Case, *, by: Person, expert: Expert, party: Party | None = None) -> Strike:
    """A party takes one name off the panel; the coordinator notes it for the claimant's side, and the referrer strikes
    their own. One stays in any case."""
    mode, panel = mode_of(case.exam_kind), last_draw(case)
    if panel is None or panel.mode != MatchingMode.RANDOM_PANEL:
        raise Refusal("There is no panel to strike a name from.")
    striking = Party.REFERRER if party_to(by, case) == Party.REFERRER else party
    if striking not in mode.strikes:
        raise Refusal("Choose who strikes the name.", field="party")
    if striking == Party.REFERRER and party_to(by, case) != Party.REFERRER:
        raise Refusal("The referrer strikes a name themselves.", field="party")
    if mode.strikes_if_represented and not is_represented(case):
        raise Refusal("The claimant is not represented, so nobody strikes a name: the claimant chooses one.")
    if expert.id not in (left := names_left(panel)):
        raise Refusal("This name is not on the panel.", field="expert")
    if len(left) == 1:
        raise Refusal("This is the last name on the panel. It stays.", field="expert")
    remember(expert=expert.name, party=striking)
    try:
        with database.atomic():
            return Strike.create(draw=panel, expert=expert, party=striking, by=by)
    except IntegrityError:
        raise Refusal(f"The {striking.label} has struck a name already.", field="party") from None


def is_represented(case: Case) -> bool:
    return bool(case.parties.where(CaseParty.party == Party.REPRESENTATIVE).exists())


def struck_of(case: Case) -> set[int]:
    """Whom the parties have struck off any panel of the case that was drawn for its kind of examination."""
    of_kind = (Draw.case == case) & (Draw.exam_kind == case.exam_kind)
    rows = Strike.select(Strike.expert).join(Draw).where(of_kind)
    return {row.expert_id for row in rows}


def last_draw(case: Case) -> Draw | None:
    """The draw that counts for the case: the last one for its kind of examination. None where there is none."""
    of_kind = case.draws.where(Draw.exam_kind == case.exam_kind)
    found: Draw | None = of_kind.order_by(Draw.id.desc()).first()
    return found


def draws_of(case: Case) -> list[Draw]:
    """Every draw of the case, the first first, those for another kind of examination among them."""
    return list(case.draws.order_by(Draw.id))


def names_left(panel: Draw) -> list[int]:
    """The numbers on a panel that nobody struck, in the order in which they were drawn."""
    struck = {row.expert_id for row in panel.strikes}
    return [number for number in panel.names if number not in struck]


def strikes_on(panel: Draw | None) -> list[Strike]:
    """The strikes on a panel, each with its expert's name, in one read."""
    if panel is None:
        return []
    rows = Strike.select(Strike, Expert, User).join(Expert).join(User)
    return list(rows.where(Strike.draw == panel).order_by(Strike.id))


def proposed(panel: Draw | None, mode: Mode, eligible: Sequence[int]) -> list[int] | None:
    """Whom a case may be offered, in order: the names left that nothing excludes now, None for everybody."""
    if panel is None:
        return [] if mode.must_draw else None
    allowed = set(eligible)
    return [number for number in names_left(panel) if number in allowed]


# --- doing it again ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Replay:
    """A draw done again: what was kept, and what comes out of seed and pool now."""

    number: int
    exam_kind: str
    mode: str
    seed: str
    pool: int
    kept: list[int]
    again: list[int]

    @property
    def is_same(self) -> bool:
        return self.kept == self.again


def replay(panel: Draw) -> Replay:
    """Repeat a draw from what is kept of it."""
    again = drawn(panel.mode, panel.seed, panel.pool, panel.size)
    return Replay(
        panel.id, panel.exam_kind, panel.mode, panel.seed, len(panel.pool), list(panel.names), again
    )


def replay_offers(case: Case) -> list[str]:
    """What is wrong with the rankings kept with the case's offers: each must be in the order of its own scores, the
    offer must have gone to whom it says, by that order or that of the draw, and whoever was not first needs a reason.
    Empty where all is as it should be."""
    return [sentence for offer in case.offers.order_by(Offer.id) for sentence in wrong_with(offer)]


def wrong_with(offer: Offer) -> Iterator[str]:
    ranked = [row for row in offer.ranking if row["rank"]]
    scores = [sum(points for _, _, points, _ in row["reasons"]) for row in ranked]
    if [row["score"] for row in ranked] != scores or scores != sorted(scores, reverse=True):
        yield f"The ranking of offer {offer.id} is not in the order of its points."
    order = order_then(offer, [row["expert_id"] for row in ranked])
    if not 1 <= offer.rank <= len(order) or order[offer.rank - 1] != offer.expert_id:
        yield f"Offer {offer.id} did not go to the name at its place in the order."
    if offer.rank > 1 and not offer.why_not_first:
        yield f"Offer {offer.id} does not say why it did not go to the first."


def order_then(offer: Offer, eligible: list[int]) -> list[int]:
    """Whom the case could be offered when the offer was made: by score, or as the names were drawn, without those that
    were struck by then."""
    if offer.draw is None:
        return eligible
    struck = {row.expert_id for row in offer.draw.strikes if row.made_at <= offer.made_at}
    return [number for number in offer.draw.names if number in set(eligible) - struck]
