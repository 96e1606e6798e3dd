"""The question linter: plain rules that warn, each with its reason, and never block."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from portal import written
from portal.ime import rules, specialties, wording
from portal.ime.rules import RulePack, Snapshot

FEWEST_WORDS = 4
DUPLICATE_SHARE = 0.6
STRAIGHT_QUOTES = str.maketrans("\u2018\u2019\u201c\u201d", "''\"\"")
LONGEST_WAIT = 120  # days to look ahead for the first lawful examination; the longest notice on file is 30


@dataclass(frozen=True)
class Concern:
    """What one rule noticed: `sentence` says what it is and how to mend it, `reason` why it matters."""

    rule: str
    sentence: str
    reason: str
    excerpt: str = ""
    explained: rules.Explained | None = None  # where a date of a rule stands behind it


@dataclass(frozen=True)
class _Draft:
    """A question under the linter, with straight quotes, and what surrounds it on the case."""

    text: str
    others: Sequence[str]
    body_parts: frozenset[str]


def lint(text: str, *, others: Iterable[str] = (), body_parts: Iterable[str] = ()) -> list[Concern]:
    """The concerns about one question, at most one a rule, in the order of `RULES`.

    `others` are the texts of the case's other questions; `body_parts` the codes on the case, of which
    none means that the body parts are not checked.
    """
    draft = _Draft(_straight(text), [_straight(each) for each in others], frozenset(body_parts))
    return [concern for found in RULES if (concern := found(draft))]


def lint_all(texts: Sequence[str], *, body_parts: Iterable[str] = ()) -> list[list[Concern]]:
    """The concerns about each question of a case; a duplicate is told at the later of the two."""
    parts = frozenset(body_parts)
    return [lint(text, others=texts[:place], body_parts=parts) for place, text in enumerate(texts)]


def too_vague(draft: _Draft) -> Concern | None:
    """Fewer than four words, or an invitation to say anything."""
    found = wording.VAGUE.search(draft.text)
    if not found and len(draft.text.split()) >= FEWEST_WORDS:
        return None
    return Concern(
        "too_vague",
        "This is very open: name the condition and the one thing you need to know.",
        "A precise question gets a precise answer and saves an addendum.",
        found[0] if found else draft.text.strip(),
    )


def not_a_question(draft: _Draft) -> Concern | None:
    """Neither a question mark nor a request such as "Describe"."""
    if "?" in draft.text or wording.REQUEST.search(draft.text) or too_vague(draft):
        return None
    return Concern(
        "not_a_question",
        "This reads as a statement: turn it into a question, or begin with a word such as Describe.",
        "The expert answers each item on its own and needs to see what is asked.",
        draft.text.strip()[:60],
    )


def two_questions(draft: _Draft) -> Concern | None:
    """Two question marks, or "and" before a second interrogative clause."""
    found = wording.SECOND_SENTENCE.search(draft.text) or _second_clause(draft.text)
    if not found:
        return None
    return Concern(
        "two_questions",
        "This seems to hold two questions: give each an item of its own.",
        "Separate items get separate answers, and none is overlooked.",
        found[0].strip(),
    )


def _second_clause(text: str) -> re.Match[str] | None:
    for found in wording.SECOND_CLAUSE.finditer(text):
        # "How often and for how long" is one question with two measures.
        if len(text[: found.start()].split()) >= FEWEST_WORDS:
            return found
    return None


def leading_wording(draft: _Draft) -> Concern | None:
    """Words that suggest the answer or judge the claimant."""
    return _wording(
        draft,
        wording.LEADING,
        "leading_wording",
        "“{}” suggests an answer: ask openly, for example with What, Which or To what extent.",
        "A neutral question protects the weight of the opinion if it is contested.",
    )


def legal_jargon(draft: _Draft) -> Concern | None:
    """Terms that ask for a legal conclusion; "reasonable medical probability" is not among them."""
    return _wording(
        draft,
        wording.JARGON,
        "legal_jargon",
        "“{}” is a legal term: ask for the medical facts behind it, such as cause, function or restrictions.",
        "The expert gives a medical opinion, and the legal conclusion is drawn by others.",
    )


def absolute_wording(draft: _Draft) -> Concern | None:
    """Words that leave only a trivial answer."""
    return _wording(
        draft,
        wording.ABSOLUTE,
        "absolute_wording",
        "“{}” leaves little room for a measured answer: ask what is medically probable.",
        "Almost anything is possible, so an absolute question seldom helps to decide.",
    )


def advice_to_claimant(draft: _Draft) -> Concern | None:
    """A request that would make the expert treat or advise the claimant."""
    return _wording(
        draft,
        wording.ADVICE,
        "advice_to_claimant",
        "“{}” asks the expert to advise or treat: ask for an opinion on treatment in the report instead.",
        "The examination is independent and makes no doctor-patient relationship.",
    )


def body_part_not_on_case(draft: _Draft) -> Concern | None:
    """A body part that the referral does not list."""
    if not draft.body_parts:
        return None
    for mention in specialties.mentions(draft.text):
        if draft.body_parts.isdisjoint(mention.parts):
            return Concern(
                "body_part_not_on_case",
                f"“{mention.words}” is not a body part of this case: add it there, or change the question.",
                "The expert is chosen, and the records gathered, for the body parts on the case.",
                mention.words,
            )
    return None


def duplicate(draft: _Draft) -> Concern | None:
    """Nearly the same words as another question of the case, about the same side and body part."""
    for other in draft.others:
        if _is_near(draft.text, other):
            return Concern(
                "duplicate",
                "This is very close to another question of the case: keep the clearer of the two.",
                "Two answers to one question can differ and lead to a clarification.",
                other.strip(),
            )
    return None


RULES: tuple[Callable[[_Draft], Concern | None], ...] = (
    too_vague,
    not_a_question,
    two_questions,
    leading_wording,
    legal_jargon,
    absolute_wording,
    advice_to_claimant,
    body_part_not_on_case,
    duplicate,
)


def lint_deadline(
    needed_by: date, notice_on: date, code: str, kept: Snapshot | RulePack | None = None
) -> list[Concern]:
    """Whether a report can be there by `needed_by` if notice is given on `notice_on`; at most one concern.

    `code` is the kind of examination, `kept` the case's snapshot of rules; an unknown kind gives no concern.
    """
    if needed_by <= notice_on:
        return [DEADLINE_PASSED]
    return list(_late_deadline(needed_by, notice_on, code, kept))[:1]


def _late_deadline(
    needed_by: date, notice_on: date, code: str, kept: Snapshot | RulePack | None
) -> Iterator[Concern]:
    earliest = earliest_exam(code, notice_on, kept)
    if earliest is None:
        return
    exam_on, notice = earliest
    due = rules.report_due(code, exam_on, kept)
    if exam_on > needed_by:
        yield Concern(
            "deadline_before_exam",
            f"With notice given on {written.day(notice_on)} the examination can be held from {written.day(exam_on)},"
            " after the date you need: choose a later date, or ask for a file review.",
            notice.sentence,
            written.day(needed_by),
            notice,
        )
    if due and due.date > needed_by:
        yield Concern(
            "deadline_before_report",
            f"An examination on {written.day(exam_on)} gives the expert until {written.day(due.date)}:"
            " choose a later date, or ask the coordinator for a faster report.",
            due.sentence,
            written.day(needed_by),
            due,
        )


def earliest_exam(
    code: str, notice_on: date, kept: Snapshot | RulePack | None = None
) -> tuple[date, rules.Explained] | None:
    """The first working day that notice on `notice_on` is in time for; None for an unknown kind."""
    kind = rules.exam_kinds().get(code)
    for ahead in range(1, LONGEST_WAIT if kind else 0):
        day = notice_on + timedelta(days=ahead)
        notice = rules.notice_before_exam(code, day, kept)
        if kind and notice and notice.date >= notice_on and rules.is_working_day(day, kind.jurisdiction):
            return day, notice
    return None


DEADLINE_PASSED = Concern(
    "deadline_passed",
    "The date you need the report by is today or has passed: enter a later date.",
    "An examination needs notice to the claimant and time for the report.",
)


def _wording(
    draft: _Draft, pattern: re.Pattern[str], rule: str, sentence: str, reason: str
) -> Concern | None:
    found = pattern.search(draft.text)
    return Concern(rule, sentence.format(found[0]), reason, found[0]) if found else None


def _is_near(one: str, other: str) -> bool:
    about, first = _compared(one)
    about_other, second = _compared(other)
    if about != about_other:
        return False
    if not first or not second:
        return one.strip().lower() == other.strip().lower()
    return len(first & second) / len(first | second) >= DUPLICATE_SHARE


@lru_cache(maxsize=128)
def _compared(text: str) -> tuple[tuple[set[str], frozenset[str]], set[str]]:
    """Sides with body parts, and the words: read once, since every question is compared with every other."""
    return (_sides(text), _parts(text)), _content(text)


def _sides(text: str) -> set[str]:
    return set(re.findall(r"\b(?:left|right|both)\b", text.lower()))


def _parts(text: str) -> frozenset[str]:
    return frozenset().union(*(mention.parts for mention in specialties.mentions(text)))


def _content(text: str) -> set[str]:
    words = re.findall(r"[a-z0-9]+", text.lower())
    return {word.rstrip("s") for word in words if word not in wording.EMPTY_WORDS}


def _straight(text: str) -> str:
    return text.translate(STRAIGHT_QUOTES)
