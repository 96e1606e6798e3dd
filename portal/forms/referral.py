"""What a referral asks, a part a page: each form shows what is kept and says what a save changes."""

import re

from portal.forms import Form
from portal.forms.fields import (
    Choice,
    Day,
    Email,
    Line,
    MustBeGiven,
    MustBeInThePast,
    Paragraphs,
    Phone,
    State,
    Tick,
    Zip,
)
from portal.forms.rows import NeededToSend, Row, RowsForm
from portal.ime.referral import MOST_ROWS, OTHERS
from portal.ime.rules import exam_kinds
from portal.ime.specialties import body_parts
from portal.words import ArrangementKind, DeadlineKind, InjuryStatus, Issue, Reason, Side

ICD10 = re.compile(r"[A-Z][0-9][0-9A-Z](?:\.?[0-9A-Z]{1,4})?", re.ASCII)
LONGEST_NEED = 2_000
LONGEST_OPINION = 2_000


class Code(Line):
    """An ICD-10-CM code in capitals with its dot, as S46.011A; "" when left out. Only its form is checked."""

    limit = 20
    width = 10
    spellcheck = "false"

    def read(self, typed):
        code = typed.upper().replace(" ", "")
        if not code:
            return ""
        if not ICD10.fullmatch(code):
            raise ValueError("Enter an ICD-10-CM code, like S46.011A, or leave it out")
        return code if "." in code or len(code) == 3 else f"{code[:3]}.{code[3:]}"


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


class InjuryRow(Row):
    """One injured body part."""

    body_part = Choice(
        "Which part of the body?", [MustBeGiven("Choose the body part, or remove this row")], select=True,
        choices={part.code: part.label for part in body_parts().values()},
    )  # fmt: skip
    side = Choice(
        "Side",
        select=True,
        choices={side: side.title for side in (Side.LEFT, Side.RIGHT, Side.BOTH)},
    )
    status = Choice(
        "Does the payer accept it as part of the claim?",
        [NeededToSend()],
        inline=True,
        choices={each: each.title for each in InjuryStatus},
    )
    injured_on = Day("Date of injury", [MustBeInThePast("The date of injury must be today or earlier")])
    icd10 = Code("ICD-10-CM code", hint="Like S46.011A")


class InjuryForm(RowsForm):
    """The injured body parts."""

    row, noun, most = InjuryRow, "body part", MOST_ROWS

    @classmethod
    def of(cls, case, listed):
        return cls(kept=[injury_kept(injury) for injury in listed.injuries])

    def changes(self):
        return {
            "lists": {"injuries": [{**row.data, "side": row.side.data or Side.NONE} for row in self.given]}
        }


def injury_kept(injury):
    side = injury.side if injury.side != Side.NONE else None
    return {
        "body_part": injury.body_part,
        "side": side,
        "status": injury.status,
        "injured_on": injury.injured_on,
        "icd10": injury.icd10,
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

NEEDS = {
    ArrangementKind.INTERPRETER: ("An interpreter", "Language, if it is another than the one above"),
    ArrangementKind.TRANSPORT: ("Transport to the examination", "From where, and what kind"),
    ArrangementKind.COMPANION: ("To bring a companion", "Who comes along"),
    ArrangementKind.RECORDING: ("To record the examination", "Audio or video, and by whom"),
    ArrangementKind.ACCESS: ("Help with access to the building", "Wheelchair, stairs, sight, hearing"),
}


class ClaimantForm(Form):
    """The claimant, and for each of NEEDS a `need_…` with its `detail_…`."""

    name = Line("Full name", [NeededToSend()], autocomplete="off")
    born_on = Day("Date of birth", [NeededToSend(), MustBeInThePast("The date of birth must be in the past")])
    phone = Phone("Phone", hint="A mobile phone if there is one: reminders go there", autocomplete="off")
    email = Email("E-mail address", autocomplete="off")
    street = Line("Street and number", autocomplete="off")
    city = Line("City", autocomplete="off")
    state = State("State", autocomplete="off")
    zip = Zip("ZIP code", [NeededToSend()], hint="To find an expert nearby", autocomplete="off")
    language = Line(
        "Preferred language", hint="The notice of examination is written in English or Spanish", limit=60
    )

    @classmethod
    def of(cls, case, listed):
        kept = {f"need_{each.kind}": True for each in listed.arrangements}
        details = {f"detail_{each.kind}": each.detail for each in listed.arrangements}
        claimant = {**case.claimant.__data__, "state": case.claimant.state or None}
        return cls(data={**claimant, **kept, **details})

    def needs(self):
        """For the page: what can be needed, with what is to be said about it."""
        return [(self[f"need_{kind}"], self[f"detail_{kind}"]) for kind in NEEDS]

    def changes(self):
        about = ("name", "born_on", "phone", "email", "street", "city", "zip")
        claimant = {
            **only(self, about),
            "state": self.state.data or "",
            "language": self.language.data or "English",
        }
        needed = [
            {"kind": kind, "detail": self[f"detail_{kind}"].data}
            for kind in NEEDS
            if self[f"need_{kind}"].data or self[f"detail_{kind}"].data
        ]
        return {"claimant_fields": claimant, "lists": {"arrangements": needed}}


for kind, (title, detail) in NEEDS.items():
    setattr(ClaimantForm, f"need_{kind}", Tick(title))
    setattr(ClaimantForm, f"detail_{kind}", Line(detail))


class PartyRow(Row):
    """Somebody else who belongs to the case."""

    party = Choice(
        "What they are to the case",
        [MustBeGiven("Choose what this person is to the case, or remove this row")],
        select=True,
        choices={party: party.title for party in OTHERS},
    )
    name = Line("Name", [MustBeGiven("Enter the name, or remove this row")], autocomplete="off")
    email = Email("E-mail address", autocomplete="off")
    phone = Phone("Phone", autocomplete="off")
    gets_report = Tick("Gets the report when it is released")


class PartiesForm(RowsForm):
    """The claimant's representative and whoever else gets the report."""

    row, noun, most = PartyRow, "person", MOST_ROWS

    @classmethod
    def of(cls, case, listed):
        return cls(kept=[each.__data__ for each in listed.parties])

    def changes(self):
        return {"lists": {"parties": [row.data for row in self.given]}}


class DeadlineRow(Row):
    """A date that matters, and why."""

    kind = Choice(
        "What happens then",
        [MustBeGiven("Choose what happens on the date, or remove this row")],
        select=True,
        choices={each: each.title for each in DeadlineKind},
    )
    falls_on = Day("Date", [MustBeGiven("Enter the date, like 3 14 2027, or remove this row")])
    note = Line("Note")


class DeadlinesForm(RowsForm):
    """When the report is needed, and the hearing, decision or surgery behind it."""

    row, noun, most = DeadlineRow, "date", MOST_ROWS

    report_needed_by = Day("When do you need the report?")

    @classmethod
    def of(cls, case, listed):
        return cls(obj=case, kept=[each.__data__ for each in listed.deadlines])

    def changes(self):
        return {
            "case_fields": only(self, ("report_needed_by",)),
            "lists": {"deadlines": [row.data for row in self.given]},
        }


def only(form, names):
    """What the named fields hold, by name."""
    return {name: form[name].data for name in names}


FORMS = {
    "need": NeedForm,
    "claim": ClaimForm,
    "injury": InjuryForm,
    "treating-doctor": TreatingDoctorForm,
    "claimant": ClaimantForm,
    "parties": PartiesForm,
    "deadlines": DeadlinesForm,
}
