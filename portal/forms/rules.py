"""What is asked of a manager to change a rule, and of a coordinator when the rules of an open case were changed."""

import base64
import zlib
from datetime import date

from portal.forms import Form
from portal.forms.fields import (
    Choice,
    Choices,
    Day,
    Hidden,
    Line,
    MayBeNeeded,
    MustBeGiven,
    Paragraphs,
    Upload,
)
from portal.ime.anchors import ANCHORS
from portal.ime.rule_fitness import WAYS, event_in_words
from portal.ime.rule_pack import CONFIDENCE, EFFECTS, GATES, HOUSE, LONGEST_TEXT, UNITS
from portal.ime.rule_pages import SURE
from portal.ime.rules import exam_kinds
from portal.words import Party

# By the alphabet of what is read.
COUNTED_FROM = {
    word: event_in_words(word)
    for word, _ in sorted(ANCHORS.items(), key=lambda pair: pair[1].removeprefix("the "))
}
COPIED = (Party.CLAIMANT, Party.REPRESENTATIVE, Party.TREATING_DOCTOR, Party.REFERRER, Party.RECIPIENT)


class RuleForm(Form):
    """One rule, whole, and why it is changed. `seen` is the number of its last change that the manager read."""

    seen = Hidden()
    name = Line("Short name", [MustBeGiven("Give the rule a short name")], limit=LONGEST_TEXT["name"])
    rule = Paragraphs(
        "What it says, in your own words",
        [MustBeGiven("Say what the rule says")],
        rows=4,
        limit=LONGEST_TEXT["rule"],
    )
    topic = Line("Topic", [MustBeGiven("Name the topic")], limit=LONGEST_TEXT["topic"])
    gate = Choice(
        "Where the portal asks for it",
        choices=GATES,
        hint="Leave it out for a rule to be read by people",
        select=True,
    )
    n = Line("Figure", hint="A whole number, or two for a window, like 45 to 75", limit=20)
    unit = Choice("Unit", choices={unit: unit for unit in sorted(UNITS)}, select=True)
    direction = Choice("Direction", choices=WAYS, select=True)
    anchor = Choice("Counted from", choices=COUNTED_FROM, select=True)
    effect = Choice(
        "What it does",
        choices=EFFECTS,
        hint="Needed of a rule about video, a companion, a recording or an interpreter",
        select=True,
    )
    actor = Line("Who must act", limit=LONGEST_TEXT["actor"])
    recipients = Choices(
        "Who must get a copy of the report", choices={each.value: each.title for each in COPIED}
    )
    citation = Line("Citation", [MustBeGiven("Give the citation")], limit=LONGEST_TEXT["citation"])
    url = Line("Web address of the text", limit=LONGEST_TEXT["url"])
    confidence = Choice(
        "How well is it known?",
        [MustBeGiven("Say how well the rule is known")],
        choices={each: SURE[each][0] for each in CONFIDENCE},
    )
    checked_on = Day("Checked on", [MustBeGiven("Enter the day on which somebody read the text")])
    why = Paragraphs("Why is it changed?", [MustBeGiven("Say why the rule is changed")], rows=2, limit=2_000)

    @classmethod
    def of(cls, facts, seen):
        n = facts["n"]
        return cls(
            data={
                **facts,
                "n": f"{n[0]} to {n[1]}" if isinstance(n, list) else n,
                "checked_on": date.fromisoformat(facts["checked_on"]),
                "seen": seen,
            }
        )

    def facts(self, before):
        """The whole rule as plain JSON, with what no form asks kept as it was."""
        typed = {name: self[name].data for name in ("name", "rule", "topic", "citation", "url", "confidence")}
        maybe = {
            name: self[name].data or None
            for name in ("gate", "unit", "direction", "anchor", "effect", "actor")
        }
        rest = {"n": figure(self.n.data), "recipients": list(self.recipients.data or [])}
        return before | typed | maybe | rest | {"checked_on": self.checked_on.data.isoformat()}


def figure(typed):
    """30, [45, 75] of "45 to 75", None of nothing; what is no figure as it is, for the rule book to refuse."""
    parts = [part.strip() for part in typed.replace("–", "to").split("to") if part.strip()]
    if not parts:
        return None
    numbers = [int(part) if part.isascii() and part.isdigit() and len(part) < 7 else part for part in parts]
    return numbers[0] if len(numbers) == 1 else numbers


class NewRuleForm(RuleForm):
    """A rule that the file does not have."""

    exam = Choice(
        "Kind of examination",
        [MustBeGiven("Choose the kind of examination")],
        choices={code: f"{kind.jurisdiction_name}: {kind.name}" for code, kind in exam_kinds().items()},
        select=True,
    )
    id = Line(
        "Number", [MustBeGiven("Give the rule a number")], hint="Like CA-QME-90", limit=LONGEST_TEXT["id"]
    )

    def facts(self, before):
        kind = exam_kinds()[self.exam.data]
        named = {"id": self.id.data, "exam": kind.code, "jurisdiction": kind.jurisdiction}
        return super().facts(before | named)


class RuleFileForm(Form):
    """A rule file, to be looked at before it is loaded."""

    file = Upload(
        "Choose the rule file",
        [MustBeGiven("Choose the rule file")],
        hint="JSON, up to 2 MB.",
        accept=".json",
    )


class LoadForm(Form):
    """A rule file that was looked at, and why it is loaded. `kept` is the file, `seen` the last change before it."""

    kept = Hidden(limit=3_000_000)
    seen = Hidden()
    why = Paragraphs(
        "Why are the rules changed?", [MustBeGiven("Say why the rules are changed")], rows=2, limit=2_000
    )


LONGEST_FILE = 2_000_000  # bytes


def packed(text):
    """A rule file as a form carries it from one page to the next."""
    return base64.b64encode(zlib.compress(text.encode())).decode()


def unpacked(kept):
    """The rule file that a form carried; empty where it is not one."""
    try:
        return zlib.decompressobj().decompress(base64.b64decode(kept or ""), LONGEST_FILE).decode()
    except (ValueError, zlib.error):
        return ""


class SwitchForm(Form):
    """Why a rule is switched off or on."""

    seen = Hidden()
    why = Paragraphs("Why?", [MustBeGiven("Say why the rule is switched")], rows=2, limit=2_000)


class DecisionForm(Form):
    """Whether an open case follows changed rules."""

    seen = Hidden()
    decision = Choice(
        "What holds for this case?",
        [MustBeGiven("Choose which rules hold for this case")],
        choices={
            "adopt": "The changed rules: its dates are worked out again",
            "keep": "The rules of its referral, as before",
        },
    )
    why = Paragraphs(
        "Why does it keep its rules?", [MayBeNeeded()], hint="Needed only then", rows=2, limit=2_000
    )


HOUSE_ONLY = {HOUSE: SURE[HOUSE][0]}
