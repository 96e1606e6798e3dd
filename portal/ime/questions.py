"""The linter and the library, applied to one case."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from portal import clock
from portal.ime import library, linter, rule_book
from portal.ime.linter import Concern
from portal.ime.particulars import Particulars, body_part_label
from portal.ime.specialties import specialties_for
from portal.models import Case
from portal.words import Issue, Reason


@dataclass(frozen=True)
class Suggestion:
    """A question of the library, its blanks filled for the case."""

    key: str
    text: str
    issue: Issue


def suggestions(case: Case, listed: Particulars) -> list[Suggestion]:
    """The library's questions that suit the case, best first; without a reason those that suit any."""
    reason = case.reason or Reason.OTHER
    specialties = tuple(specialties_for(listed.body_parts))
    fitting = library.suggest(str(reason), case.exam_kind or None, specialties)
    labels, injured_on = [body_part_label(injury) for injury in listed.injuries], first_injury(listed)
    return [
        Suggestion(each.key, library.fill(each, list(dict.fromkeys(labels)), injured_on), Issue(each.issue))
        for each in fitting
    ]


def first_injury(listed: Particulars) -> date | None:
    """The earliest date of injury, None where none is known."""
    return min((injury.injured_on for injury in listed.injuries if injury.injured_on), default=None)


def concerns(texts: Sequence[str], listed: Particulars) -> list[list[Concern]]:
    """What the linter notices about each text, in the same order."""
    return linter.lint_all(texts, body_parts=listed.body_parts)


def needed_by(case: Case, listed: Particulars) -> date | None:
    """The earliest day that matters to the referrer: the report's own, or a hearing, decision or surgery."""
    days = [deadline.falls_on for deadline in listed.deadlines]
    return min([*days, *([case.report_needed_by] if case.report_needed_by else [])], default=None)


def deadline_concerns(case: Case, listed: Particulars) -> list[Concern]:
    """Whether a report can be there in time if notice of the examination were given today."""
    wanted, pack = needed_by(case, listed), rule_book.in_force()
    if wanted is None or not case.exam_kind:
        return []
    return linter.lint_deadline(wanted, clock.today(), case.exam_kind, pack)
