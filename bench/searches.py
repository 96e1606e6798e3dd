"""The two searches over a whole panel: ranking the experts for a case, and finding their free times. Pure: the facts are
made here, so that what is measured is the search and not the reading."""

import random
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from statistics import median

from portal import clock
from portal.ime.candidacy import CaseFacts, CredentialFacts, ExpertFacts
from portal.ime.ranking import rank
from portal.ime.specialties import specialties
from portal.ime.timetable import Horizon, Stretch, openings, quarter_of
from portal.words import ArrangementKind

EXPERTS_TO_RANK = 5_000
EXPERTS_TO_SEARCH = 1_000
DAYS = 90
RANKING_LIMIT = 0.150  # seconds
SEARCH_LIMIT = 0.300
TURNS = 9
STATES = ("CA", "NY", "TX", "WA", "OR", "IL")
ZONES = ("America/Los_Angeles", "America/New_York", "America/Chicago", "America/Denver")


def panel(rng: random.Random, today: date) -> list[ExpertFacts]:
    """Experts of every kind, nearly all of whom can be offered the case: scoring is what takes time."""
    codes = list(specialties())
    return [
        ExpertFacts(
            expert_id=number,
            name=f"Expert {number}, MD",
            practice=f"Practice {number % 700}",
            specialties=tuple(rng.sample(codes, 2)),
            credentials=(
                CredentialFacts("licence", "CA", today + timedelta(days=rng.randint(-5, 900))),
                CredentialFacts("licence", rng.choice(STATES), today + timedelta(days=900)),
                CredentialFacts("board", "", today + timedelta(days=rng.randint(-5, 900))),
            ),
            years=rng.randint(0, 40),
            examinations=rng.randint(0, 900),
            is_in_practice=rng.random() < 0.8,
            languages=("english", "spanish")[: rng.randint(1, 2)],
            fee_cents=rng.randint(80_000, 400_000),
            places=((rng.uniform(33, 42), rng.uniform(-124, -74)),),
            capacity=5,
            this_week=rng.randint(0, 4),
            accepted=rng.randint(0, 30),
            asked_back=rng.randint(0, 9),
            on_time=rng.randint(0, 30),
            late=rng.randint(0, 9),
            next_free=today + timedelta(days=rng.randint(1, 60)),
            accepts=frozenset({ArrangementKind.COMPANION}),
        )
        for number in range(1, EXPERTS_TO_RANK + 1)
    ]


def a_case(today: date) -> CaseFacts:
    return CaseFacts(
        today=today,
        state="CA",
        body_parts=("shoulder", "neck"),
        issues=("causation", "treatment"),
        place=(37.8, -122.3),
        wishes=frozenset({ArrangementKind.COMPANION}),
        treating_practice="Practice 12",
        treating_doctors=frozenset({"dana brooks"}),
    )


def diaries(rng: random.Random, first: date) -> tuple[Horizon, list[tuple[list[Stretch], int]]]:
    """The weekly hours of many experts and what is taken of them, a third of it."""
    horizon = Horizon(first, first + timedelta(days=DAYS - 1))
    found = []
    for number in range(EXPERTS_TO_SEARCH):
        zone, state = rng.choice(ZONES), rng.choice(STATES)
        stretches = [
            Stretch(number, weekday, opens * 60, closes * 60, zone, state)
            for weekday in rng.sample(range(5), 3)
            for opens, closes in ((rng.choice((8, 9)), 12), (13, rng.choice((16, 17, 18))))
        ]
        taken = 0
        for _ in range(60):
            taken |= 0b1111 << rng.randrange(DAYS * 96)
        found.append((stretches, taken))
    return horizon, found


def timed(work: Callable[[], object]) -> float:
    """The median of several turns in seconds of CPU, the collector of garbage running as it does."""
    spent = []
    for _ in range(TURNS):
        begins = time.process_time()
        work()
        spent.append(time.process_time() - begins)
    return median(spent)


def measure() -> dict[str, float]:
    """Seconds of CPU for ranking and for the search of free times, over the whole panel each."""
    rng, today = random.Random(4), clock.today()
    case, experts = a_case(today), panel(rng, today)
    horizon, diary = diaries(rng, today)
    after = quarter_of(datetime.now().astimezone())

    def search() -> int:
        fresh = Horizon(horizon.first, horizon.last)
        return sum(
            len(openings(fresh, stretches, (), taken, 4, 1, after=after)) for stretches, taken in diary
        )

    return {"ranking": timed(lambda: rank(case, experts)), "slots": timed(search), "found": search()}


def sentences(found: dict[str, float]) -> list[str]:
    return [
        f"Ranking {EXPERTS_TO_RANK:,} experts for a case: {found['ranking'] * 1000:.0f} ms "
        f"(limit {RANKING_LIMIT * 1000:.0f} ms).",
        f"Finding every free hour of {EXPERTS_TO_SEARCH:,} experts in {DAYS} days ({found['found']:,.0f} of them): "
        f"{found['slots'] * 1000:.0f} ms (limit {SEARCH_LIMIT * 1000:.0f} ms).",
    ]


if __name__ == "__main__":
    print("\n".join(sentences(measure())))
