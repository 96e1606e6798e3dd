"""What people are told of reviews, clarifications, addenda and the end of a case: never a medical fact."""

import pytest

from portal import notices
from portal.ime.addendum import return_addendum
from portal.ime.clarification import refuse_clarification
from portal.ime.closure import reopen_case, withdraw_referral
from portal.ime.process import PROCESS
from portal.ime.review import accept_report, give_verdict
from portal.models import Answer, Case, Claimant, Event, Injury, Notice, Question, TreatingOpinion
from portal.words import Stage
from tests.ime.rounds import ask, release, send, sign

CANARY = "Kienböck's lunatomalacia"
OURS = (
    "accept_report",
    "request_clarification",
    "send_clarification",
    "refuse_clarification",
    "sign_addendum",
    "return_addendum",
    "release_addendum",
    "reopen_case",
    "withdraw_referral",
)


@pytest.fixture
def told_of(app, world, case_at):
    """Poison everything medical or private in a case, take a step, and read every notice that came of it."""

    def read(stage, act):
        case = case_at(stage)
        poison(case)
        act(Case.get_by_id(case.id))
        event = Event.select().where(Event.case == case).order_by(Event.id.desc()).get()
        told = Notice.select().where(Notice.event == event)
        return event, [
            (each.party, notices.render(notices.find(each.id), "http://portal.example/x")) for each in told
        ]

    return read


def poison(case):
    Question.update(text=CANARY).where(Question.case == case).execute()
    Answer.update(opinion=CANARY, reasons=CANARY).where(Answer.question.in_(case.questions)).execute()
    TreatingOpinion.update(opinion=CANARY).where(TreatingOpinion.case == case).execute()
    Injury.update(body_part=CANARY).where(Injury.case == case).execute()
    Claimant.update(name=CANARY).where(Claimant.id == case.claimant_id).execute()


def judge(case, world):
    give_verdict(case, by=world.referrer, verdicts={each.id: (True, "") for each in case.questions})
    accept_report(case, by=world.referrer)


def sent_and_signed(case, world):
    send(case, world)
    sign(case, world, CANARY)


ACTS = [
    ("accept_report", Stage.IN_REVIEW, judge),
    ("request_clarification", Stage.IN_REVIEW, lambda case, world: ask(case, world, 1, 2, text=CANARY)),
    ("send_clarification", Stage.CLARIFYING, send),
    (
        "refuse_clarification",
        Stage.CLARIFYING,
        lambda case, world: refuse_clarification(case, by=world.coordinator, why=CANARY),
    ),
    ("sign_addendum", Stage.CLARIFYING, sent_and_signed),
    (
        "return_addendum",
        Stage.CHECKING_ADDENDUM,
        lambda case, world: return_addendum(case, by=world.coordinator, why=CANARY),
    ),
    ("release_addendum", Stage.CHECKING_ADDENDUM, release),
    ("reopen_case", Stage.CLOSED, lambda case, world: reopen_case(case, by=world.referrer, why=CANARY)),
    *[
        (
            "withdraw_referral",
            stage,
            lambda case, world: withdraw_referral(case, by=world.referrer, why=CANARY),
        )
        for stage in (Stage.OFFERED, Stage.BOOKED, Stage.IN_REVIEW)
    ],
]


@pytest.mark.parametrize(
    ("step", "stage", "act"), ACTS, ids=[f"{step} at {stage}" for step, stage, _ in ACTS]
)
def test_a_notice_names_the_case_and_nothing_medical_or_private(told_of, world, step, stage, act):
    event, told = told_of(stage, lambda case: act(case, world))
    assert event.step == step
    assert told
    for party, text in told:
        assert event.case.reference in text.subject, party
        said = (text.subject + text.body).replace(f"Hello {CANARY},", "")
        assert CANARY not in said, party
        assert "shoulder" not in said
        assert "{{" not in said


@pytest.mark.parametrize("step", OURS)
def test_everybody_the_step_tells_has_a_text(app, step):
    missing = {
        party
        for party in PROCESS[step].tells
        if f"notices/{step}/{party}.en.txt" not in app.jinja_env.list_templates()
    }
    assert missing == set()


def test_whoever_cannot_sign_in_is_given_no_address_of_the_portal(told_of, world):
    for stage, act in ((Stage.CLARIFYING, send), (Stage.CHECKING_ADDENDUM, release), (Stage.BOOKED, None)):
        act = act or ACTS[-1][2]
        _, told = told_of(stage, lambda case, act=act: act(case, world))
        outside = [text for party, text in told if party in {"representative", "recipient", "claimant"}]
        assert outside
        assert not [text for text in outside if "http" in text.body]
