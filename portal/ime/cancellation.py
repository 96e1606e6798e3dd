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
    Outcome.LEFT_EARLY,
    Outcome.DECLINED_PART,
}


@dataclass(frozen=True)
class Terms:
    """What an expert asks for: the fee in cents, the percent of it for an examination that is missed, and the tiers, each
    as the business days below which it counts and its percent."""

    fee_cents: int
    missed_percent: int
    tiers: tuple[tuple[int, int], ...] = ()

    def share(self, percent: int) -> int:
        """So many percent of the fee, in cents."""
        return self.fee_cents * percent // 100

    def percent_for(self, left: int) -> tuple[int, int] | None:
        """The strictest tier that so many business days fall into; None where it is in time."""
        return min((tier for tier in self.tiers if tier[0] > left), default=None)


def terms_of(expert: Expert) -> Terms:
    """What the expert asks for now."""
    tiers = CancellationTier.select().where(CancellationTier.expert == expert)
    pairs = sorted((each.business_days, each.percent) for each in tiers)
    return Terms(expert.fee_cents, expert.missed_percent, tuple(pairs))


def agreed(appointment: Any) -> Terms:
    """What was asked for when the appointment was booked: what the expert changes later counts from the next booking."""
    kept = appointment.terms
    if not kept:
        return terms_of(appointment.expert)
    return Terms(**kept | {"tiers": tuple((days, percent) for days, percent in kept["tiers"])})


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
    terms = agreed(appointment)
    tier = terms.percent_for(left)
    if tier is None:
        return Fee(0, f"{before}: in time.")
    days, percent = tier
    share = f"{expert.name} asks for {percent} % when fewer than {days} are left"
    return Fee(terms.share(percent), f"{before}: {share}.")


def fee_for_missing(appointment: Any, outcome: Outcome) -> Fee:
    """What an examination that could not be held costs."""
    fee = missing(appointment, outcome)
    return Fee(fee.cents, f"{outcome.title}: {fee.because}")


def missing(appointment: Any, outcome: Outcome) -> Fee:
    """The fee by the outcome alone, which is what says when a cancellation came."""
    terms = agreed(appointment)
    percent = terms.missed_percent if outcome in CHARGED else 0
    if outcome == Outcome.CANCELLED_LATE and (strictest := terms.percent_for(0)):
        percent = strictest[1]
    asked = f"{percent} %" if percent else "nothing"
    return Fee(terms.share(percent), f"{appointment.expert.name} asks for {asked}.")


def fees_for_missing(appointment: Any, outcomes: Iterable[Outcome]) -> list[tuple[str, Fee]]:
    """What each outcome costs, those with the same fee together: their words, and the fee."""
    alike: dict[Fee, list[Outcome]] = {}
    for outcome in outcomes:
        alike.setdefault(missing(appointment, outcome), []).append(outcome)
    return [("; ".join(outcome.title for outcome in same), fee) for fee, same in alike.items()]


def keep_fee(appointment: Appointment, fee: Fee) -> None:
    """Keep with the appointment what its end costs."""
    appointment.fee_cents, appointment.fee_because = fee.cents, fee.because
    appointment.save()
