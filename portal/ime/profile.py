"""What an expert's profile says beside credentials and clinics: who they are, how they work, what they ask."""

from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Any

from peewee import IntegrityError

from portal import audit
from portal.db import database
from portal.ime.process import Refusal
from portal.ime.specialties import specialties
from portal.models import CancellationTier, Expert, ExpertSpecialty
from portal.words import Act

NPI_PREFIX = "80840"  # the issuer that goes before an NPI for its check digit (45 CFR 162.406; ISO/IEC 7812)
MOST_TIERS = 4
ABOUT = (
    "credentials",
    "practice",
    "npi",
    "years_in_practice",
    "examinations_done",
    "is_in_clinical_practice",
    "languages",
)
WORK = (
    "capacity_a_week",
    "notice_days",
    "usual_minutes",
    "buffer_minutes",
    "accepts_recording",
    "accepts_companion",
    "accepts_telehealth",
)


def is_npi(typed: str) -> bool:
    """Whether ten digits are a National Provider Identifier: the Luhn sum over 80840 and the number ends in 0."""
    if len(typed) != 10 or not (typed.isascii() and typed.isdigit()):
        return False
    digits = [int(each) for each in reversed(NPI_PREFIX + typed)]
    doubled = [sum(divmod(2 * digit, 10)) if place % 2 else digit for place, digit in enumerate(digits)]
    return sum(doubled) % 10 == 0


def change_about(expert: Expert, *, codes: Collection[str], **fields: Any) -> None:
    """Who the expert is, with their specialties by code. Refuses an NPI whose check digit is wrong."""
    if fields.get("npi") and not is_npi(fields["npi"]):
        raise Refusal(
            "This is not an NPI: it has ten digits, and the last one checks the others.", field="npi"
        )
    if unknown := set(codes) - specialties().keys():
        raise Refusal(f"The list of specialties does not hold {min(unknown)}.", field="codes")
    if not codes:
        raise Refusal("Choose at least one specialty.", field="codes")
    try:
        with database.atomic():
            change(expert, ABOUT, fields)
            kept = [code for code in specialties() if code in set(codes)]
            ExpertSpecialty.delete().where(ExpertSpecialty.expert == expert).execute()
            ExpertSpecialty.insert_many([{"expert": expert, "code": code} for code in kept]).execute()
    except IntegrityError:
        raise Refusal("This NPI is another expert's.", field="npi") from None


def change_work(expert: Expert, **fields: Any) -> None:
    """How much, how long and with whom the expert examines; lengths in minutes, in quarters of an hour."""
    for name in ("usual_minutes", "buffer_minutes"):
        if fields[name] % 15:
            raise Refusal("Use full quarters of an hour, like 45 or 60 minutes.", field=name)
    with database.atomic():
        change(expert, WORK, fields)


def change_fees(
    expert: Expert, *, fee_cents: int, missed_percent: int, tiers: Sequence[tuple[int, int]]
) -> None:
    """The fee, what of it is asked when the claimant does not come, and the tiers of a cancellation: pairs of business
    days and percent. The nearer the day, the more of the fee."""
    ordered = sorted(tiers)
    if len({days for days, _ in ordered}) < len(ordered):
        raise Refusal("Give each number of business days once.", field="tiers")
    if any(later > earlier for (_, earlier), (_, later) in pairwise(ordered)):
        raise Refusal("The nearer the day, the more may be asked: check the percentages.", field="tiers")
    with database.atomic():
        change(
            expert,
            ("fee_cents", "missed_percent"),
            {"fee_cents": fee_cents, "missed_percent": missed_percent},
        )
        CancellationTier.delete().where(CancellationTier.expert == expert).execute()
        for days, percent in ordered:
            CancellationTier.create(expert=expert, business_days=days, percent=percent)


def change(expert: Expert, allowed: Collection[str], fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        if name not in allowed:
            raise KeyError(name)
        setattr(expert, name, value)
    expert.save()
    audit.record(Act.CHANGED, expert)


def tiers_of(expert: Expert) -> list[CancellationTier]:
    """The tiers of a cancellation, the nearest day first."""
    return list(expert.tiers.order_by(CancellationTier.business_days))
