"""What a referral still needs before it can be sent, part by part."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from portal.ime.particulars import Particulars, body_part_label, particulars
from portal.ime.specialties import body_parts
from portal.models import Case
from portal.words import ArrangementKind, Side

# The parts of the form, in their order: the word in the address, and what the part is about.
PARTS = {
    "need": "Why an examination is needed",
    "claim": "The claim and the kind of examination",
    "injury": "The injury",
    "treating-doctor": "The treating doctor",
    "claimant": "The claimant",
    "parties": "Who else belongs to the case",
    "deadlines": "Dates that matter",
    "questions": "Questions for the expert",
    "documents": "Documents",
}


@dataclass(frozen=True)
class Missing:
    """Something a referral still needs: the part of the form where it is given, and a sentence."""

    part: str
    sentence: str


Told = Callable[[Case, Particulars], Any]

NEEDED: tuple[tuple[str, str, Told], ...] = (
    ("need", "Choose the reason for the examination.", lambda case, listed: case.reason),
    ("need", "Say in a sentence why it is needed.", lambda case, listed: case.need.strip()),
    ("claim", "Choose the jurisdiction and kind of examination.", lambda case, listed: case.exam_kind),
    ("claim", "Give the claim number.", lambda case, listed: listed.claim_numbers),
    ("injury", "Name at least one body part.", lambda case, listed: listed.injuries),
    ("treating-doctor", "Name the treating doctor.", lambda case, listed: case.treating_doctor.strip()),
    ("claimant", "Give the claimant's name.", lambda case, listed: case.claimant.name.strip()),
    ("claimant", "Give the claimant's date of birth.", lambda case, listed: case.claimant.born_on),
    (
        "claimant",
        "Give a phone number or an e-mail address of the claimant.",
        lambda case, listed: case.claimant.phone or case.claimant.email,
    ),
    ("claimant", "Give the claimant's ZIP code.", lambda case, listed: case.claimant.zip),
    (
        "claimant",
        "Say which language the interpreter is needed for.",
        lambda case, listed: not is_interpreter_without_language(case, listed),
    ),
    ("questions", "Ask at least one question.", lambda case, listed: listed.questions),
)


def missing(case: Case, listed: Particulars | None = None) -> list[Missing]:
    """What the referral still needs before it can be sent, in the order of the form; empty when it is ready."""
    listed = listed or particulars(case)
    lacking = [Missing(part, sentence) for part, sentence, told in NEEDED if not told(case, listed)]
    order = list(PARTS)
    return sorted([*lacking, *unclear_injuries(listed)], key=lambda each: order.index(each.part))


def unclear_injuries(listed: Particulars) -> Iterator[Missing]:
    """Body parts without their side, or not said to be accepted or disputed."""
    for injury in listed.injuries:
        part, label = body_parts().get(injury.body_part), body_part_label(injury)
        if part and part.has_sides and injury.side == Side.NONE:
            yield Missing("injury", f"Say which side: {label}.")
        if injury.status is None:
            yield Missing("injury", f"Say whether the {label} is accepted or disputed.")


def is_interpreter_without_language(case: Case, listed: Particulars) -> bool:
    """An interpreter is asked for, yet the claimant's language is English and nothing more is said."""
    asked = [each for each in listed.arrangements if each.kind == ArrangementKind.INTERPRETER]
    speaks_english = case.claimant.language.strip().lower() in {"", "english"}
    return bool(asked) and speaks_english and not asked[0].detail


def by_part(lacking: Sequence[Missing]) -> dict[str, list[str]]:
    """The sentences of each part that still needs something."""
    return {part: [each.sentence for each in lacking if each.part == part] for part in PARTS}
