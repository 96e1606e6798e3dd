"""Rounds of clarification, taken by real steps."""

from datetime import timedelta

from portal import clock
from portal.ime.addendum import prepare_addendum, release_addendum, sign_addendum, write_addendum
from portal.ime.clarification import SENT, in_state, request_clarification, send_clarification
from portal.models import Question
from portal.words import Certainty, ClarificationReason

UNCLEAR = ClarificationReason.UNCLEAR


def question(case, number):
    return case.questions.where(Question.number == number).get()


def item(case, number, text="Which side do you mean?", reason=UNCLEAR):
    return {"question_id": question(case, number).id, "reason": reason, "text": text}


def ask(case, world, *numbers, **more):
    """The referrer asks back about these questions."""
    request_clarification(case, by=world.referrer, items=[item(case, number, **more) for number in numbers])


def send(case, world, free=()):
    due_on = clock.today() + timedelta(days=10)
    send_clarification(case, by=world.coordinator, due_on=due_on, free=free)


def answer(case, world, opinion="The left side."):
    answers = {
        each.id: {"opinion": opinion, "reasons": "As examined.", "certainty": Certainty.PROBABLE}
        for each in in_state(case, SENT)
    }
    write_addendum(case, by=world.expert, answers=answers)


def sign(case, world, opinion="The left side."):
    """The expert answers all that was sent, and signs."""
    answer(case, world, opinion)
    return sign_addendum(case, by=world.expert, sealed=prepare_addendum(case))


def release(case, world):
    release_addendum(case, by=world.coordinator, override="By mail.")
