"""One case told as rows. What it holds follows from its number alone; its people, stage and days are given."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from bench import texts
from bench.people import Examiner, Staff, person_name
from bench.rows import Rows, stamp
from portal import clock
from portal import models as m
from portal.ime import deadlines, rules
from portal.ime.deadlines import Next
from portal.ime.process import ENDED
from portal.ime.referral import FIRST_REFERENCE
from portal.search import pieces, tokens_of
from portal.words import Party, Stage

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
BETWEEN_STEPS = timedelta(minutes=10)
STARTS = (9, 10, 11, 13, 14, 15)


@dataclass(frozen=True)
class Plan:
    """What is to become of a case: its people, its stage and how many days ago it got there; for a booked case in
    how many days the examination is, whether the brief was sent and whether the claimant asked to move."""

    number: int
    referrer: Staff
    coordinator: Staff
    expert: Examiner
    stage: Stage
    days_ago: int
    surname: str = ""
    exam_in_days: int = 20
    brief_sent: bool = False
    move_asked: bool = False
    clarification_sent: bool = False


class Diary:
    """The hours of the experts that are taken: every appointment ahead gets one of its own."""

    def __init__(self, now: datetime) -> None:
        self.today = now.date()
        self.taken: set[tuple[int, datetime]] = set()

    def slot(self, expert: Examiner, in_days: int) -> datetime:
        """The first free hour, in UTC, on a working day at least so many days ahead."""
        for day in range(in_days, in_days + 5_000):
            for start in hours_of(self.today + day * DAY, expert.zone):
                if (expert.id, start) not in self.taken:
                    self.taken.add((expert.id, start))
                    return start
        raise ValueError("The expert's diary is full.")


@cache
def hours_of(on: date, zone: str) -> list[datetime]:
    """The hours, in UTC, at which an examination can begin on a day."""
    if on.weekday() > 4:
        return []
    return [datetime.combine(on, time(hour), ZoneInfo(zone)).astimezone(UTC) for hour in STARTS]


class Story:
    """A case being told: milestone by milestone, the clock moving on between them."""

    def __init__(
        self, rows: Rows, diary: Diary, plan: Plan, now: datetime, path: Sequence["Milestone"]
    ) -> None:
        self.rows, self.diary, self.plan, self.path = rows, diary, plan, path
        self.chance = Random(plan.number)
        self.gaps = [self.chance.randint(1, 6) * DAY for _ in path]
        self.now = now - plan.days_ago * DAY - sum(self.gaps, self.chance.randint(0, 600) * DAY / 1440)
        self.stage, self.stage_since = Stage.DRAFT, self.now
        self.columns: dict[str, Any] = {}
        self.due_on, self.exam_on = m.FAR_FUTURE, m.FAR_FUTURE

    def tell(self) -> int:
        """Write the case and all that belongs to it; returns its id."""
        self.begin()
        for milestone, gap in zip(self.path, self.gaps, strict=True):
            self.now += gap
            milestone(self)
        self.settle()
        return self.case

    def begin(self) -> None:
        """The case, its claimant, and the words it is found by."""
        plan, chance = self.plan, self.chance
        first, last = person_name(chance.randrange(1_000)).split()
        self.name, self.kind = f"{first} {plan.surname or last}", chance.choice(texts.EXAM_KINDS)
        self.claim = f"LM-{chance.randint(2022, 2026)}-{plan.number:07d}"
        self.case, self.row = self.rows.add_row(
            m.Case,
            organisation_id=plan.referrer.organisation_id,
            referrer_id=plan.referrer.id,
            claimant_id=self.claimant(),
            created_at=stamp(self.now),
            exam_kind=self.kind,
            reason=chance.choice(texts.REASONS),
            need=texts.NEED,
            treating_doctor="Linda Marsh, MD",
            treating_practice="Valley Family Medicine",
            treating_phone="+14155550133",
        )
        self.row["reference"] = f"IME-{FIRST_REFERENCE + self.case}"
        self.event("start_referral", Party.REFERRER, plan.referrer.id)

    def claimant(self) -> int:
        chance = self.chance
        born_on = date(chance.randint(1950, 2003), chance.randint(1, 12), chance.randint(1, 28))
        return self.rows.add(
            m.Claimant,
            name=self.name,
            born_on=m.Claimant.born_on.db_value(born_on),
            born_trace=m.Claimant.born_on.trace(born_on),
            email="claimant@mail.example",
            phone=f"+1415555{chance.randint(0, 9999):04d}",
            street=f"{chance.randint(1, 900)} Alder Court",
            city="Oakland",
            state="CA",
            zip="94607",
        )

    def event(
        self, step: str, party: Party, by: int | None, became: Stage | None = None, **facts: Any
    ) -> None:
        """One step that was taken, some minutes after the one before."""
        self.now += BETWEEN_STEPS
        was = self.stage
        if became:
            self.stage, self.stage_since = became, self.now
        self.last_event = self.child(
            m.Event,
            step=step,
            party=party.value,
            by_id=by,
            was=was.value,
            became=self.stage.value,
            facts=json.dumps(facts) if facts else "{}",
            at=stamp(self.now),
        )
        self.rows.add(
            m.AuditRecord,
            at=stamp(self.now),
            act="changed",
            user_number=by,
            party=party.value,
            case_number=self.case,
            thing="event",
            number=self.last_event,
            facts=json.dumps({"step": step}),
        )

    def coordinated(self, step: str, became: Stage | None = None, **facts: Any) -> None:
        """A step of the coordinator, who has the case from then on."""
        self.columns["coordinator_id"] = self.plan.coordinator.id
        self.event(step, Party.COORDINATOR, self.plan.coordinator.id, became, **facts)

    def referred(self, step: str, became: Stage | None = None, **facts: Any) -> None:
        self.event(step, Party.REFERRER, self.plan.referrer.id, became, **facts)

    def examined(self, step: str, became: Stage | None = None, **facts: Any) -> None:
        self.event(step, Party.EXPERT, self.plan.expert.user_id, became, **facts)

    def child(self, model: Any, **values: Any) -> int:
        return self.rows.add(model, case_id=self.case, **values)

    def digest(self) -> str:
        return f"{self.chance.getrandbits(256):064x}"

    def document(self, kind: str, name: str, audience: str, by: int, pages: int) -> int:
        digest = self.digest()
        return self.child(
            m.Document,
            kind=kind,
            name=name,
            provider="Valley Family Medicine" if kind == "medical_records" else "",
            dated_on=str(self.now.date()),
            media_type="application/pdf",
            pages=pages,
            size=pages * 42_000,
            sha256=digest,
            key=digest,
            audience=audience,
            filed_by_id=by,
            filed_at=stamp(self.now),
        )

    def settle(self) -> None:
        """The columns by which the queues sort, the words of the search, and a notice of the last step."""
        following = whats_next(self)
        self.row |= self.columns | {
            "stage": self.stage.value,
            "stage_since": stamp(self.stage_since),
            "is_open": int(self.stage not in ENDED),
            "turn": following.turn.value,
            "next_step": following.step,
            "due_on": str(following.due_on),
            "last_event_at": stamp(self.now),
        }
        self.rows.words.append((self.case, *self.words()))
        self.rows.add(
            m.Notice,
            event_id=self.last_event,
            party=Party.REFERRER.value,
            recipient=self.plan.referrer.name,
            email=f"referrer{self.plan.referrer.id}@office.example",
            state="by_phone" if self.plan.number % 200 == 7 else "sent",
            settled_at=stamp(self.now),
        )

    def words(self) -> tuple[str, str]:
        """What the case is found by, as `portal.search.words_of` has it."""
        employer = self.plan.referrer
        numbers = [self.claim] if self.path else []
        words = " ".join([self.row["reference"], self.name, employer.organisation])
        return " ".join(pieces(words)), tokens_of(employer.organisation_id, self.row["expert_id"], numbers)


Milestone = Callable[[Story], None]


def whats_next(story: Story) -> Next:
    """As `portal.ime.deadlines` has it, from what was told instead of from the database."""
    own = OWN.get(story.stage)
    return own(story) if own else deadlines.NEXT[story.stage](story)


def booked(story: Story) -> Next:
    if story.plan.move_asked:
        return Next(
            Party.COORDINATOR, "move_appointment", deadlines.working_days_after(clock.day_of(story.now), 1)
        )
    if story.plan.brief_sent:
        return Next(Party.EXPERT, "record_examination", story.exam_on)
    ideal = story.exam_on - deadlines.DAYS_BEFORE_EXAM_FOR_BRIEF * DAY
    return Next(Party.COORDINATOR, "send_brief", max(ideal, deadlines.after(story, 0)))


def clarifying(story: Story) -> Next:
    if story.plan.clarification_sent:
        return Next(Party.EXPERT, "write_addendum", story.due_on)
    return Next(Party.COORDINATOR, "send_clarification", deadlines.after(story, deadlines.DAYS_TO_SCREEN))


OWN: dict[Stage, Callable[[Story], Next]] = {
    Stage.SCHEDULING: lambda story: Next(
        Party.COORDINATOR, "book_appointment", deadlines.after(story, deadlines.DAYS_TO_BOOK)
    ),
    Stage.OFFERED: lambda story: Next(Party.CANDIDATE, "take_offer", story.due_on),
    Stage.BOOKED: booked,
    Stage.REPORTING: lambda story: Next(Party.EXPERT, "write_report", report_due(story.kind, story.exam_on)),
    Stage.IN_REVIEW: lambda story: Next(
        Party.REFERRER, "give_verdict", deadlines.after(story, deadlines.DAYS_TO_REVIEW)
    ),
    Stage.CLARIFYING: clarifying,
}


@cache
def report_due(kind: str, exam_on: date) -> date:
    explained = rules.report_due(kind, exam_on)
    assert explained
    return explained.date


@cache
def snapshot(kind: str) -> str:
    """The rules of a kind of examination, as a case keeps them."""
    return json.dumps(rules.snapshot(kind), separators=(",", ":"))
