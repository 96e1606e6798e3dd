"""The eight parts of the journey, and which of them each stage stands in."""

from portal.models import Case
from portal.words import Part, Stage

STANDS_IN = {
    Stage.DRAFT: Part.NEED,
    Stage.RETURNED: Part.NEED,
    Stage.REFERRED: Part.QUESTIONS,
    Stage.DECLINED: Part.QUESTIONS,
    Stage.MATCHING: Part.MATCHING,
    Stage.OFFERED: Part.MATCHING,
    Stage.SCHEDULING: Part.APPOINTMENT,
    Stage.BOOKED: Part.BRIEF,
    Stage.REPORTING: Part.REPORT,
    Stage.CHECKING: Part.REPORT,
    Stage.IN_REVIEW: Part.REVIEW,
    Stage.CLARIFYING: Part.REVIEW,
    Stage.CHECKING_ADDENDUM: Part.REVIEW,
    Stage.CLOSED: Part.REVIEW,
}


def parts(case: Case) -> list[tuple[str, str]]:
    """The stage line: each part with `done`, `now` or `to come`; a case that ended well has all done."""
    if case.stage == Stage.CLOSED:
        return [(part.title, "done") for part in Part]
    order = list(Part)
    now = order.index(standing(case))
    return [(part.title, state(order.index(part), now)) for part in order]


def standing(case: Case) -> Part:
    """The part that is under way; a booked case whose brief is sent waits for its examination and report."""
    if case.stage == Stage.BOOKED and case.brief_sent_at:
        return Part.REPORT
    return STANDS_IN.get(case.stage, Part.NEED)


def state(place: int, now: int) -> str:
    return "done" if place < now else "now" if place == now else "to come"
