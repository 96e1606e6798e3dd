"""What each milestone of a case leaves behind: the same rows as the portal's own steps, in the order of the journey."""

import json
from datetime import datetime
from zoneinfo import ZoneInfo

from bench import texts
from bench.rows import stamp
from bench.story import DAY, HOUR, Milestone, Story, snapshot
from portal import clock
from portal import models as m
from portal.ime import report
from portal.ime.process import ENDED
from portal.words import Party, Stage


def draft(story: Story) -> None:
    """What the referrer writes before sending."""
    chance, today = story.chance, str(story.now.date())
    story.child(m.ClaimNumber, number=m.ClaimNumber.number.db_value(story.claim))
    for part in chance.sample(texts.BODY_PARTS, chance.randint(1, 2)):
        status = chance.choice(("accepted", "disputed"))
        story.child(m.Injury, body_part=part, side="left", status=status, injured_on=today)
    for issue, opinion in texts.TREATING.items():
        story.child(m.TreatingOpinion, issue=issue, opinion=opinion, source="Note, page 3")
    story.child(m.CaseParty, party="representative", name="Dana Brooks", email="dana@counsel.example")
    story.child(m.CaseDeadline, kind="hearing", falls_on=str(story.now.date() + 90 * DAY))
    story.questions = [
        story.child(m.Question, number=number, issue=issue, text=text)
        for number, (issue, text) in enumerate(texts.QUESTIONS[: chance.randint(3, 6)], start=1)
    ]
    for kind in ("companion", "interpreter")[: chance.randint(0, 2)]:
        story.child(m.Arrangement, kind=kind, state=chance.choice(("needed", "booked", "confirmed")))
    for number in range(1, chance.randint(3, 5)):
        name = f"Records {number}.pdf"
        story.document("medical_records", name, "case", story.plan.referrer.id, 20 + number)
    story.referred("edit_referral")


def submit(story: Story) -> None:
    story.referred("submit_referral", Stage.REFERRED)
    story.columns["referred_at"] = stamp(story.now)
    if story.plan.stage not in ENDED:  # no page reads those of ended cases, which would be most of the file
        story.child(m.RuleSnapshot, rules=snapshot(story.kind), taken_at=stamp(story.now))


def send_back(story: Story) -> None:
    story.coordinated("return_referral", Stage.RETURNED, why="Which imaging exists so far?")


def decline(story: Story) -> None:
    by = story.plan.coordinator.id
    story.event("decline_referral", Party.COORDINATOR, by, Stage.DECLINED, why="Out of reach.")


def withdraw(story: Story) -> None:
    story.referred("withdraw_referral", Stage.WITHDRAWN, why="The claim has settled.")


def accept(story: Story) -> None:
    """The referral is taken on, and records are asked for."""
    story.coordinated("accept_referral", Stage.MATCHING)
    due_on = str(story.now.date() + 10 * DAY)
    for state in ("asked", "received", "unavailable")[: story.chance.randint(1, 3)]:
        story.child(
            m.RecordRequest,
            kind="imaging",
            what="MRI with report",
            asked_of="provider",
            due_on=due_on,
            state=state,
            asked_at=stamp(story.now),
        )
        story.coordinated("request_record", asked_of="provider", due_on=due_on)


def offer(story: Story) -> None:
    """The case is offered for four days."""
    expert, until = story.plan.expert, story.now + 4 * DAY
    is_open = story.plan.stage == Stage.OFFERED
    story.coordinated("offer_case", Stage.OFFERED, expert=expert.name, until=until.isoformat())
    story.due_on = clock.day_of(until)
    story.offer = story.child(
        m.Offer,
        expert_id=expert.id,
        state="open" if is_open else "taken",
        until=stamp(until),
        made_at=stamp(story.now),
        answered_at=None if is_open else stamp(story.now + DAY),
        rank=1,
        ranking=json.dumps([{"expert_id": expert.id, "name": expert.name, "rank": 1, "reasons": []}]),
    )


def take(story: Story) -> None:
    """The expert takes the case, and some have a question."""
    expert = story.plan.expert
    story.event("take_offer", Party.CANDIDATE, expert.user_id, Stage.SCHEDULING, expert=expert.name)
    nothing = {"has_treated": 0, "shares_practice": 0, "has_financial_link": 0}
    story.rows.add(m.ConflictDeclaration, offer_id=story.offer, **nothing)
    story.columns["expert_id"] = expert.id
    if story.chance.random() < 0.4:
        asked = {"party": "expert", "audience": "expert_and_office", "text": texts.MESSAGE}
        told = {"party": "coordinator", "audience": "case", "text": texts.ANSWER}
        story.child(m.Message, author_id=expert.user_id, **asked)
        story.child(m.Message, author_id=story.plan.coordinator.id, **told)


def book(story: Story) -> None:
    """An appointment: ahead for a booked case, held for one that went on."""
    is_ahead, expert = story.plan.stage == Stage.BOOKED, story.plan.expert
    starts = story.diary.slot(expert, story.plan.exam_in_days) if is_ahead else held_at(story)
    story.exam_on = starts.astimezone(ZoneInfo(expert.zone)).date()
    place = {"time_zone": expert.zone, "place": f"at {expert.clinic}"}
    story.coordinated("book_appointment", Stage.BOOKED, starts_at=starts.isoformat(), **place)
    story.appointment = story.child(
        m.Appointment,
        expert_id=expert.id,
        clinic_id=expert.clinic_id,
        starts_at=stamp(starts),
        ends_at=stamp(starts + HOUR),
        state="booked" if is_ahead else "held",
        booked_at=stamp(story.now),
    )
    if is_ahead:
        prepare(story, starts)
    else:
        brief(story)


def held_at(story: Story) -> datetime:
    """The hour before the examination is recorded, which is the next milestone."""
    recorded = story.now + story.gaps[story.path.index(book) + 1]
    return recorded.replace(minute=0, second=0) - HOUR


def prepare(story: Story, starts: datetime) -> None:
    """What precedes an examination that lies ahead."""
    for number in range(4):
        quarter = {"starts_at": stamp(starts + number * m.QUARTER), "appointment_id": story.appointment}
        story.rows.add(m.TakenQuarter, expert_id=story.plan.expert.id, **quarter)
    expires = {"made_at": stamp(story.now), "expires_at": stamp(story.now + 400 * DAY)}
    story.child(m.SecureLink, token_hash=story.digest(), **expires)
    story.child(m.TickedInstruction, item="photo_id")
    if story.plan.brief_sent:
        brief(story)
    if story.plan.move_asked:
        story.event("ask_to_move", Party.CLAIMANT, None, why="I have no car that day.")
        story.columns["move_asked_at"] = stamp(story.now)


def brief(story: Story) -> None:
    story.coordinated("send_brief", documents=3, questions=len(story.questions))
    story.columns["brief_sent_at"] = story.columns["records_given_at"] = stamp(story.now)


def examine(story: Story) -> None:
    """The examination is recorded, and the report written."""
    story.examined("record_examination", Stage.REPORTING, outcome="completed")
    story.rows.add(
        m.Attendance,
        appointment_id=story.appointment,
        outcome="completed",
        identity_checked=1,
        consent_given=1,
        present="The claimant",
        began_at="09:05:00",
        finished_at="09:55:00",
        recorded_by_id=story.plan.expert.user_id,
    )
    number, story.report = story.rows.add_row(m.Report, case_id=story.case)
    for key in report.SECTIONS:
        story.rows.add(m.Section, report_id=number, key=key, text=texts.SECTION)
    words = {"opinion": texts.OPINION, "reasons": texts.REASONING, "certainty": "probable", "pages": "3, 7"}
    for question in story.questions:
        story.rows.add(m.Answer, question_id=question, **words)


def sign(story: Story) -> None:
    """The report is sealed; only the office may read it so far, unless the case goes on."""
    expert = story.plan.expert
    story.examined("sign_report", Stage.CHECKING)
    audience = "case" if release in story.path else "expert_and_office"
    document = story.document("report", "Report.pdf", audience, expert.user_id, 9)
    story.report |= {"state": "signed", "document_id": document, "sha256": story.digest()}
    story.report |= {"signed_by_id": expert.user_id, "signed_at": stamp(story.now)}


def release(story: Story) -> None:
    story.coordinated("release_report", Stage.IN_REVIEW)
    story.report |= {"state": "released", "released_at": stamp(story.now)}


def close(story: Story) -> None:
    """Every answer is judged, and the report accepted."""
    given = {"is_answered": 1, "given_by_id": story.plan.referrer.id, "given_at": stamp(story.now)}
    for question in story.questions:
        story.rows.add(m.Verdict, question_id=question, **given)
    story.referred("accept_report", Stage.CLOSED, questions=len(story.questions))


def ask_back(story: Story) -> None:
    """One answer is asked about; screened and sent on where the plan says so."""
    story.referred("request_clarification", Stage.CLARIFYING, count=1)
    _, story.asked = story.rows.add_row(
        m.Clarification,
        case_id=story.case,
        question_id=story.questions[1],
        reason="treating_doctor_differs",
        text=texts.CLARIFICATION,
        requested_by_id=story.plan.referrer.id,
        requested_at=stamp(story.now),
    )
    if story.plan.clarification_sent or add in story.path:
        story.due_on = story.now.date() + 10 * DAY
        story.coordinated("send_clarification", due_on=str(story.due_on), count=1)
        story.asked |= {"state": "sent", "due_on": str(story.due_on)}


def add(story: Story) -> None:
    """The expert signs an addendum."""
    expert = story.plan.expert
    story.examined("sign_addendum", Stage.CHECKING_ADDENDUM, number=1)
    document = story.document("addendum", "Addendum 1.pdf", "expert_and_office", expert.user_id, 2)
    addendum = story.child(
        m.Addendum,
        number=1,
        document_id=document,
        sha256=story.digest(),
        previous_sha256=story.report["sha256"],
        signed_by_id=expert.user_id,
        signed_at=stamp(story.now),
    )
    story.asked |= {"state": "answered", "addendum_id": addendum, "opinion": texts.OPINION}
    story.asked |= {"reasons": texts.REASONING, "certainty": "probable"}


MAIN: tuple[tuple[Stage, Milestone], ...] = (
    (Stage.DRAFT, draft),
    (Stage.REFERRED, submit),
    (Stage.MATCHING, accept),
    (Stage.OFFERED, offer),
    (Stage.SCHEDULING, take),
    (Stage.BOOKED, book),
    (Stage.REPORTING, examine),
    (Stage.CHECKING, sign),
    (Stage.IN_REVIEW, release),
    (Stage.CLARIFYING, ask_back),
    (Stage.CHECKING_ADDENDUM, add),
)
TO = {stage: [milestone for _, milestone in MAIN[: number + 1]] for number, (stage, _) in enumerate(MAIN)}
PATHS: dict[Stage, list[Milestone]] = TO | {
    Stage.RETURNED: [*TO[Stage.REFERRED], send_back],
    Stage.DECLINED: [*TO[Stage.REFERRED], decline],
    Stage.WITHDRAWN: [*TO[Stage.REFERRED], withdraw],
    Stage.CLOSED: [*TO[Stage.IN_REVIEW], close],
}
