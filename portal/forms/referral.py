"""What a referral asks, a part a page: each form shows what is kept and says what a save changes."""

from portal.forms import Form
from portal.forms.claimant import ClaimantForm
from portal.forms.drafts import NeededToSend, only
from portal.forms.fields import Choice, Line, Paragraphs, Phone
from portal.forms.injury import InjuryForm
from portal.forms.parties import DeadlinesForm, PartiesForm
from portal.ime.referral import MOST_ROWS
from portal.ime.rules import exam_kinds
from portal.words import Issue, Reason

LONGEST_NEED = 2_000
LONGEST_OPINION = 2_000


class Several(Paragraphs):
    """One short text a line, as a list without repeats; [] when left out."""

    rows = 2
    limit = 1_000
    longest = 60

    def read(self, typed):
        lines = list(dict.fromkeys(line for each in typed.splitlines() if (line := each.strip())))
        if any(len(line) > self.longest for line in lines):
            raise ValueError(f"Keep each line to {self.longest} characters or fewer")
        if len(lines) > MOST_ROWS:
            raise ValueError(f"Keep to {MOST_ROWS} lines or fewer")
        return lines

    def shown(self, value):
        return "\n".join(value)


class ByState(Choice):
    """A select whose choices stand in groups: {group: {value: label}}."""

    def __init__(self, *args, groups, **rest):
        flat = {value: label for choices in groups.values() for value, label in choices.items()}
        super().__init__(*args, select=True, choices=flat, **rest)
        self.groups = groups


def kinds_by_state():
    """The kinds of examination by state, federal ones first."""
    groups = {}
    for kind in sorted(exam_kinds().values(), key=lambda kind: kind.jurisdiction_name):
        groups.setdefault(kind.jurisdiction_name, {})[kind.code] = kind.name
    return {"Federal": groups.pop("Federal"), **groups}


class NeedForm(Form):
    """The reason, and why in a sentence."""

    reason = Choice(
        "What is the main reason?", [NeededToSend()], choices={each: each.title for each in Reason}
    )
    need = Paragraphs(
        "Why is an examination needed?",
        [NeededToSend()],
        hint="One or two sentences in neutral words. The coordinator reads them.",
        limit=LONGEST_NEED,
        rows=4,
    )

    @classmethod
    def of(cls, case, listed):
        return cls(data={"reason": case.reason, "need": case.need})

    def changes(self):
        return {"case_fields": {"reason": self.reason.data, "need": self.need.data}}


class ClaimForm(Form):
    """The jurisdiction with its kind of examination, and the claim numbers."""

    exam_kind = ByState("Jurisdiction and kind of examination", [NeededToSend()], groups=kinds_by_state())
    claim_numbers = Several(
        "Claim number", [NeededToSend()], hint="If there are several, write each on a line of its own."
    )

    @classmethod
    def of(cls, case, listed):
        numbers = [each.number for each in listed.claim_numbers]
        return cls(data={"exam_kind": case.exam_kind or None, "claim_numbers": numbers})

    def changes(self):
        return {
            "case_fields": {"exam_kind": self.exam_kind.data or ""},
            "lists": {"claim_numbers": [{"number": number} for number in self.claim_numbers.data]},
        }


# The issues on which a treating doctor's opinion is laid beside the expert's.
OPINIONS = {
    Issue.DIAGNOSIS: "Diagnosis",
    Issue.CAUSATION: "Cause of the condition",
    Issue.TREATMENT: "Treatment",
    Issue.WORK_RESTRICTIONS: "Work restrictions",
    Issue.MAXIMUM_MEDICAL_IMPROVEMENT: "Maximum medical improvement (MMI)",
    Issue.IMPAIRMENT: "Impairment",
}


class TreatingDoctorForm(Form):
    """The treating doctor, and what they concluded: for each of OPINIONS an `opinion_…` and a `source_…`."""

    treating_doctor = Line("Name", [NeededToSend()], hint="With credentials, like Linda Marsh, MD")
    treating_practice = Line("Practice or hospital")
    treating_phone = Phone("Phone", autocomplete="off")

    @classmethod
    def of(cls, case, listed):
        kept = {f"opinion_{each.issue}": each.opinion for each in listed.treating_opinions}
        sources = {f"source_{each.issue}": each.source for each in listed.treating_opinions}
        return cls(obj=case, data={**kept, **sources})

    def by_issue(self):
        """For the page: each issue's title with its two fields."""
        return [
            (title, self[f"opinion_{issue}"], self[f"source_{issue}"]) for issue, title in OPINIONS.items()
        ]

    def changes(self):
        about = ("treating_doctor", "treating_practice", "treating_phone")
        opinions = [
            {"issue": issue, "opinion": self[f"opinion_{issue}"].data, "source": self[f"source_{issue}"].data}
            for issue in OPINIONS
            if self[f"opinion_{issue}"].data
        ]
        return {"case_fields": only(self, about), "lists": {"treating_opinions": opinions}}


for issue in OPINIONS:
    said = Paragraphs("What the doctor concluded", limit=LONGEST_OPINION, rows=2)
    setattr(TreatingDoctorForm, f"opinion_{issue}", said)
    setattr(
        TreatingDoctorForm,
        f"source_{issue}",
        Line("Where it is written", hint="Like note of March 4, page 3"),
    )

FORMS = {
    "need": NeedForm,
    "claim": ClaimForm,
    "injury": InjuryForm,
    "treating-doctor": TreatingDoctorForm,
    "claimant": ClaimantForm,
    "parties": PartiesForm,
    "deadlines": DeadlinesForm,
}
