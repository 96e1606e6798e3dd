"""What a referral asks about the injury: the parts of the body, one a row."""

import re

from portal.forms.drafts import NeededToSend
from portal.forms.fields import Choice, Day, Line, MustBeGiven, MustBeInThePast
from portal.forms.rows import Row, RowsForm
from portal.ime.referral import MOST_ROWS
from portal.ime.specialties import body_parts
from portal.words import InjuryStatus, Side

ICD10 = re.compile(r"[A-Z][0-9][0-9A-Z](?:\.?[0-9A-Z]{1,4})?", re.ASCII)


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
