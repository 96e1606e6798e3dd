"""What is asked of an expert's profile: who they are, how they work, what they ask, their credentials and clinics."""

from portal.forms import Form
from portal.forms.fields import (
    Choice,
    Choices,
    Day,
    Hidden,
    Line,
    MayBeNeeded,
    Money,
    MustBeGiven,
    Number,
    Paragraphs,
    Phone,
    State,
    Upload,
    YesNo,
    Zip,
)
from portal.ime.clinics import ZONES
from portal.ime.profile import MOST_TIERS
from portal.ime.specialties import specialties
from portal.words import CredentialKind


def specialty_choices():
    """The specialties, each broader one followed by its own sub-specialties."""
    every = specialties().values()
    ordered = [each for each in every if not each.broader]
    choices = {}
    for broad in ordered:
        choices[broad.code] = broad.label
        choices |= {each.code: f"– {each.label}" for each in every if each.broader == broad.code}
    return choices


class AboutForm(Form):
    """Who the expert is."""

    credentials = Line(
        "Letters after the name", [MustBeGiven("Enter the letters after the name, like MD")], limit=40
    )
    practice = Line("Practice", limit=120)
    npi = Line("National Provider Identifier (NPI)", hint="Ten digits", limit=10, inputmode="numeric")
    codes = Choices("Specialties and sub-specialties", [MustBeGiven("Choose at least one specialty")])
    years_in_practice = Number("Years in practice", [MustBeGiven("Enter the years in practice")], at_most=70)
    examinations_done = Number(
        "Independent examinations done",
        [MustBeGiven("Enter how many examinations were done")],
        at_most=100_000,
    )
    is_in_clinical_practice = YesNo(
        "Still in clinical practice?", [MustBeGiven("Say whether you still treat patients")]
    )
    languages = Line(
        "Languages",
        [MustBeGiven("Enter at least one language")],
        hint="With commas, like English, Spanish",
        limit=200,
    )

    def __init__(self, *args, **rest):
        super().__init__(*args, **rest)
        self.codes.choices = specialty_choices()


class WorkForm(Form):
    """How much, how long and with whom the expert examines."""

    capacity_a_week = Number(
        "New cases a week, at most", [MustBeGiven("Enter how many cases a week")], at_most=200
    )
    notice_days = Number(
        "Notice before an examination, in days",
        [MustBeGiven("Enter how many days of notice you need")],
        at_most=120,
    )
    usual_minutes = Number(
        "Usual length in minutes",
        [MustBeGiven("Enter the usual length")],
        hint="A complex case is given twice as long.",
        at_least=15,
        at_most=240,
    )
    buffer_minutes = Number(
        "Kept free after each, in minutes",
        [MustBeGiven("Enter the time between two examinations, 0 for none")],
        at_most=120,
    )
    accepts_companion = YesNo(
        "May a companion be in the room?", [MustBeGiven("Say whether a companion may be there")]
    )
    accepts_recording = YesNo(
        "May the examination be recorded?", [MustBeGiven("Say whether it may be recorded")]
    )
    accepts_telehealth = YesNo("Do you examine by video?", [MustBeGiven("Say whether you examine by video")])


class FeesForm(Form):
    """The fee and what of it is asked when an examination does not take place."""

    fee_cents = Money(
        "Fee for an examination, in dollars",
        [MustBeGiven("Enter the fee")],
        hint="What you change here counts for examinations that are booked from now on",
        at_most=100_000,
    )
    missed_percent = Number(
        "When the claimant does not come, percent of the fee",
        [MustBeGiven("Enter the percentage, 0 for none")],
        at_most=100,
    )

    def tiers(self):
        """Pairs of business days and percent, as far as both are given."""
        rows = [
            (self[f"days_{each}"].data, self[f"percent_{each}"].data) for each in range(1, MOST_TIERS + 1)
        ]
        return [(days, percent) for days, percent in rows if days is not None and percent is not None]

    def pairs(self):
        """For the page: the fields of each tier."""
        return [(self[f"days_{each}"], self[f"percent_{each}"]) for each in range(1, MOST_TIERS + 1)]

    @classmethod
    def of(cls, expert, tiers):
        kept = {"fee_cents": expert.fee_cents, "missed_percent": expert.missed_percent}
        for number, tier in enumerate(tiers, 1):
            kept |= {f"days_{number}": tier.business_days, f"percent_{number}": tier.percent}
        return cls(data=kept)

    def validate(self, *args, **rest):
        is_whole = super().validate(*args, **rest)
        for days, percent in self.pairs():
            if (days.data is None) != (percent.data is None) and not days.errors and not percent.errors:
                missing = percent if percent.data is None else days
                missing.errors = [*missing.errors, "Give both the days and the percentage, or neither."]
                is_whole = False
        return is_whole


for number in range(1, MOST_TIERS + 1):
    setattr(
        FeesForm,
        f"days_{number}",
        Number(f"Tier {number}: fewer than so many business days before", at_least=1, at_most=60),
    )
    setattr(FeesForm, f"percent_{number}", Number(f"Tier {number}: percent of the fee", at_most=100))


class CredentialForm(Form):
    """One license, board certification or listing."""

    kind = Choice(
        "What is it?",
        [MustBeGiven("Choose what it is")],
        choices={each: each.title for each in CredentialKind},
    )
    state = State("State", [MayBeNeeded()], hint="Needed for a license or a listing")
    authority = Line("Given by", hint="For a board certification, the name of the board", limit=120)
    number = Line("Number", [MustBeGiven("Enter the number")], limit=60)
    expires_on = Day("Valid until", [MustBeGiven("Enter the day on which it runs out")])


class SeenForm(Form):
    """A press that holds only for what was on the page: `seen` is the mark of it."""

    seen = Hidden()


class ClosingForm(Form):
    """Close a clinic, or open it again: `wanted` says which, so that a second press changes nothing."""

    wanted = Hidden()


class FileForm(Form):
    """One file."""

    file = Upload(
        "Choose the file",
        [MustBeGiven("Choose the file")],
        hint="PDF or a picture, up to 20 MB.",
        accept=".pdf,.jpg,.jpeg,.png",
    )


class ClinicForm(Form):
    """Where the expert examines."""

    name = Line("Name of the place", [MustBeGiven("Enter the name of the place")], limit=120)
    street = Line("Street and number", [MustBeGiven("Enter the street and number")], limit=160)
    city = Line("City", [MustBeGiven("Enter the city")], limit=80)
    state = State("State", [MustBeGiven("Choose the state")])
    zip = Zip("ZIP code", [MustBeGiven("Enter the ZIP code")])
    time_zone = Choice(
        "Time zone", choices=ZONES, hint="Leave it out to take that of the ZIP code", select=True
    )
    phone = Phone("Phone", hint="Claimants call it when they are late")
    access = Paragraphs(
        "Getting in", hint="Steps, lift, restroom, for somebody who walks badly", rows=2, limit=1_000
    )
    parking = Paragraphs("Parking", rows=2, limit=1_000)
    directions = Paragraphs("The way", hint="From the nearest station or exit", rows=2, limit=1_000)
