"""Every page asks the database the same number of times, however much a case holds."""

from contextlib import contextmanager
from datetime import timedelta

from portal import clock
from portal.db import database
from portal.models import (
    Appointment,
    Arrangement,
    CaseParty,
    ClaimNumber,
    Clarification,
    Clinic,
    Document,
    Event,
    Injury,
    Message,
    Offer,
    Proposal,
    Question,
    RecordRequest,
    Report,
)
from portal.words import Stage
from tests.policy.matrix import PEOPLE, Knocker, address, persons, routes, stage_for

# The most statements a page may need: who is asking (1), the case and whether a manager barred them from it (3), what
# its sections show, and who looked (1).
MOST = 20


@contextmanager
def counted():
    """The statements that run meanwhile, without the savepoints of the test itself."""
    seen = []

    def note(event):
        if not event.sql.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT")):
            seen.append(event.sql)

    hooks = database.obj.query_hooks
    hooks.append(note)
    try:
        yield seen
    finally:
        hooks.remove(note)


def grow(case, world):
    """Put many more rows into a case than it holds."""
    user, now = world.coordinator, clock.now()
    for number in range(25):
        Document.create(
            case=case,
            kind="imaging",
            name=f"film {number}.pdf",
            media_type="application/pdf",
            size=9,
            pages=2,
            sha256=f"g{case.id}-{number}",
            key=f"g{case.id}-{number}",
            audience="everyone",
            filed_by=user,
        )
        RecordRequest.create(case=case, kind="imaging", what="Films", asked_of="provider", due_on=now.date())
        Event.create(
            case=case,
            step="assign_coordinator",
            party="coordinator",
            by=user,
            was=case.stage,
            became=case.stage,
            facts={"coordinator": "X"},
        )
        Message.create(case=case, author=user, party="coordinator", audience="case", text="Hello")
        ClaimNumber.create(case=case, number=f"N-{number}")
        Injury.create(case=case, body_part="knee", status="disputed")
        CaseParty.create(case=case, party="recipient", name=f"Recipient {number}", gets_report=True)
    for number in range(20):
        question = Question.create(
            case=case, number=100 + number, text="What is the diagnosis?", issue="diagnosis"
        )
        if Report.select().where(Report.case == case).exists():
            grow_report(case, question, user)
    for _ in range(4):
        Offer.create(
            case=case, expert=world.second_expert.expert, state="passed", until=now, rank=1, ranking=[]
        )
        Appointment.create(
            case=case,
            expert=world.expert.expert,
            clinic=Clinic.get(Clinic.expert == world.expert.expert),
            starts_at=now,
            ends_at=now + timedelta(hours=1),
            state="cancelled",
        )
    Arrangement.create(case=case, kind="transport")


def grow_report(case, question, user):
    from portal.models import Answer, Verdict

    Answer.create(question=question, opinion="Yes.", reasons="Shown.", certainty="probable")
    Proposal.create(report=case.reports.get(), question=question, text="Look again.", made_by=user)
    if case.stage in {Stage.CLARIFYING, Stage.CHECKING_ADDENDUM, Stage.CLOSED}:
        Verdict.create(question=question, is_answered=True, given_by=user)
        Clarification.create(
            case=case, question=question, reason="unclear", text="Which?", requested_by=user, state="sent"
        )


def opened(app, world, case_at, names):
    """Every page that each person may open, by route and person, with the statements it took."""
    found, knockers = {}, {}
    for rule, method in routes(app):
        if method != "GET":
            continue
        stage = stage_for(app.view_functions[rule.endpoint].access)
        case = case_at(stage)
        if stage not in knockers:
            people = persons(world, case, case_at(Stage.WITHDRAWN))
            knockers[stage] = {name: Knocker(app, people[name]) for name in names}
        for name in names:
            knockers[stage][name].asks("GET", "/sign-in")
            with counted() as seen:
                response = knockers[stage][name].asks("GET", address(app, rule, case))
            if response.status_code == 200:
                found[rule.rule, name] = seen
    return found


def test_every_page_is_constant_in_its_statements(app, world, case_at):
    names = [name for name in PEOPLE if "stranger" not in name]
    with database.atomic() as small:
        before = opened(app, world, case_at, names)
        small.rollback()
    for stage in Stage:
        grow(case_at(stage), world)
    after = opened(app, world, case_at, names)
    assert len(before) > 40
    assert set(before) == set(after)
    growing = {
        page: (len(before[page]), len(after[page])) for page in before if len(after[page]) > len(before[page])
    }
    assert growing == {}, "these pages ask more often when a case holds more"
    busy = {page: len(seen) for page, seen in after.items() if len(seen) > MOST}
    assert busy == {}, f"more than {MOST} statements"
