"""What it costs when an examination does not take place: by the business days left before it, and the expert's tiers."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from portal import clock, written
from portal.ime.counting import is_working_day
from portal.models import Appointment, CancellationTier, Expert
from portal.words import Outcome, Party

# Whoever did not come or was not ready: the expert's time was kept. For the rest nobody pays the expert.
CHARGED = {
    Outcome.DID_NOT_ATTEND,
    Outcome.LATE,
    Outcome.INTERPRETER_ABSENT,
    Outcome.CONSENT_REFUSED,
    Outcome.RECORDS_WRONG,
}


@dataclass(frozen=True)
class Fee:
    """What the end of an appointment costs, in cents, and because of what."""

    cents: int
    because: str

    @property
    def in_words(self) -> str:
        return f"${self.cents / 100:,.2f}" if self.cents else "No fee"


def business_days_before(exam_on: date, today: date, state: str) -> int:
    """How many business days of the state are left from today, itself counted, to the day before the examination: the
    greatest n for which today is still n business days before it."""
    days = range((exam_on - today).days)
    return sum(is_working_day(today + timedelta(days=number), state) for number in days)


def fee_for_ending(appointment: Any, wanted_by: Party, today: date | None = None) -> Fee:
    """What moving or cancelling the appointment today costs; the expert's own wish costs nothing."""
    expert, clinic = appointment.expert, appointment.clinic
    if wanted_by == Party.EXPERT:
        return Fee(0, "The expert asked for it.")
    exam_on = clock.day_of(appointment.starts_at, clinic.time_zone)
    today = today or clock.today(clinic.time_zone)
    left = business_days_before(exam_on, today, clinic.state)
    before = f"{left} business {'day' if left == 1 else 'days'} before {written.day(exam_on)}"
    tier = tier_of(expert, left)
    if tier is None:
        return Fee(0, f"{before}: in time.")
    share = f"{expert.name} asks for {tier.percent} % when fewer than {tier.business_days} are left"
    return Fee(part_of(expert, tier.percent), f"{before}: {share}.")


def tier_of(expert: Expert, left: int) -> CancellationTier | None:
    """The strictest tier that so many business days fall into; None where it is in time."""
    within = CancellationTier.business_days > left
    found: CancellationTier | None = (
        expert.tiers.where(within).order_by(CancellationTier.business_days).first()
    )
    return found


def fee_for_missing(appointment: Any, outcome: Outcome) -> Fee:
    """What an examination that could not be held costs."""
    fee = missing(appointment, outcome)
    return Fee(fee.cents, f"{outcome.title}: {fee.because}")


def missing(appointment: Any, outcome: Outcome) -> Fee:
    """The fee by the outcome alone, which is what says when a cancellation came."""
    expert = appointment.expert
    percent = expert.missed_percent if outcome in CHARGED else 0
    if outcome == Outcome.CANCELLED_LATE and (strictest := tier_of(expert, 0)):
        percent = strictest.percent
    return Fee(
        part_of(expert, percent), f"{expert.name} asks for {f'{percent} %' if percent else 'nothing'}."
    )


def fees_for_missing(appointment: Any, outcomes: Iterable[Outcome]) -> list[tuple[str, Fee]]:
    """What each outcome costs, those with the same fee together: their words, and the fee."""
    alike: dict[Fee, list[Outcome]] = {}
    for outcome in outcomes:
        alike.setdefault(missing(appointment, outcome), []).append(outcome)
    return [("; ".join(outcome.title for outcome in same), fee) for fee, same in alike.items()]


def part_of(expert: Expert, percent: int) -> int:
    return expert.fee_cents * percent // 100


def keep_fee(appointment: Appointment, fee: Fee) -> None:
    """Keep with the appointment what its end costs."""
    appointment.fee_cents, appointment.fee_because = fee.cents, fee.because
    appointment.save()
