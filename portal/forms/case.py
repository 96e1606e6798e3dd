"""What the queue of cases is asked, every value from a list."""

from collections.abc import Mapping
from datetime import date

from portal.queues import Wish
from portal.words import Party, Stage

SHOW = {"open": "Open cases", "mine": "My turn", "late": "Late", "ended": "Ended cases"}
ORDERS = {"due": "Due first", "newest": "Newest first"}
STAGES = {
    stage.value: stage.title
    for stage in Stage
    if stage not in {Stage.DECLINED, Stage.CLOSED, Stage.WITHDRAWN}
}


def one_of(choices: Mapping[str, str], typed: str | None, otherwise: str) -> str:
    """What was chosen if it is a choice, else the usual."""
    return typed if typed in choices else otherwise


def wish(query: Mapping[str, str], party: Party) -> tuple[Wish, dict[str, str]]:
    """What the reader wants to see, and the choices as the page shows them again. Junk counts as not chosen."""
    show = one_of(SHOW, query.get("show"), "open")
    stage = one_of(STAGES, query.get("stage"), "")
    order = one_of(ORDERS, query.get("order"), "due")
    chosen = {"show": show, "stage": stage, "order": order}
    return Wish(
        stage=Stage(stage) if stage and show != "ended" else None,
        turn=party if show == "mine" else None,
        is_late=show == "late",
        is_ended=show == "ended",
        order=order,
        after=place(query.get("after", "")),
    ), chosen


def place(typed: str) -> tuple[date, int] | None:
    """The last row seen, as `2026-03-02.17`; None for anything else."""
    day, _, number = typed.partition(".")
    try:
        return (date.fromisoformat(day), int(number)) if number.isascii() and len(number) < 16 else None
    except ValueError:
        return None
