"""What is asked about the day of the examination."""

from portal.forms import Form
from portal.forms.fields import Choice, ClockTime, Line, MustBeGiven, Paragraphs, Tick
from portal.ime.examination import EXAMINED, FOLLOWS, NOT_EXAMINED
from portal.words import Outcome

EXAMINED_HINTS = {
    Outcome.LEFT_EARLY: "The report says how far the examination went.",
    Outcome.DECLINED_PART: "The report says which part, and what could not be judged without it.",
}


class ExaminationForm(Form):
    """The claimant was examined, wholly or in part."""

    outcome = Choice(
        "How did the examination go?",
        [MustBeGiven("Choose how the examination went")],
        choices={outcome: outcome.title for outcome in EXAMINED},
        hints=EXAMINED_HINTS,
    )
    identity_checked = Tick(
        "The claimant's identity was checked against a photo ID",
        [MustBeGiven("Tick this once the claimant's identity is checked")],
    )
    consent_given = Tick(
        "The claimant was told what the examination is for and agreed to it",
        [MustBeGiven("Tick this once the claimant has agreed. If not, record it as missed")],
    )
    present = Line(
        "Who was present?",
        [MustBeGiven("Enter who was present, like the claimant alone")],
        hint="Everybody in the room beside you, like the claimant and her daughter.",
    )
    began_at = ClockTime("Began at", [MustBeGiven("Enter when it began, like 9:05 am")], hint="Like 9:05 am.")
    finished_at = ClockTime(
        "Ended at", [MustBeGiven("Enter when it ended, like 9:55 am")], hint="Like 9:55 am."
    )
    note = Paragraphs(
        "Note", hint="For the expert and the coordinators. The referrer does not read it.", rows=3
    )


class MissedForm(Form):
    """The claimant could not be examined, or not enough; each choice says what follows from it."""

    outcome = Choice(
        "What happened?",
        [MustBeGiven("Choose what happened")],
        choices={outcome: outcome.title for outcome in NOT_EXAMINED},
        hints=FOLLOWS,
    )
    note = Paragraphs(
        "Note", hint="For the expert and the coordinators. The referrer does not read it.", rows=3
    )


class FileReviewForm(Form):
    """Why the records are enough."""

    why = Paragraphs(
        "Why is no examination needed?",
        [MustBeGiven("Say why no examination is needed")],
        hint="The expert and the referrer are told that it becomes a file review.",
    )
