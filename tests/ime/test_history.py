"""The timeline: every event a sentence for the reader who looks, and nothing for whom it is not."""

import re
from dataclasses import fields

import pytest
from peewee import JOIN

from portal.ime.history import QUIET, SENTENCES, tell, timeline
from portal.ime.process import PROCESS
from portal.models import Event, User
from portal.policy import party_to
from portal.words import Party, Stage

DOUBLED = re.compile(r"\b(\w+) \1\b")


def events(case):
    return Event.select(Event, User).join(User, JOIN.LEFT_OUTER).where(Event.case == case).order_by(Event.id)


def test_every_step_has_a_sentence_or_is_quiet_on_purpose():
    assert set(SENTENCES) | QUIET == set(PROCESS) | {"start_referral"}
    assert not set(SENTENCES) & QUIET


@pytest.mark.parametrize("stage", Stage)
def test_every_event_reads_as_a_whole_sentence_for_each_reader(world, case_at, stage):
    case = case_at(stage)
    for person in (getattr(world, field.name) for field in fields(world)):
        party = party_to(person, case)
        for entry in timeline(events(case), person, party) if party else []:
            assert entry.sentence[0].isupper() and entry.sentence.endswith((".", "?", "!")), entry
            assert "{" not in entry.sentence and "None" not in entry.sentence
            assert not DOUBLED.search(entry.sentence), entry


def test_who_acts_reads_you_and_others_read_the_name(world, case_at):
    case = case_at(Stage.MATCHING)
    accepted = events(case).where(Event.step == "accept_referral").get()
    assert tell(accepted, world.coordinator, Party.COORDINATOR) == "You accepted the referral."
    assert tell(accepted, world.referrer, Party.REFERRER) == "Priya Nair accepted the referral."


def test_a_claimant_reads_of_the_appointment_and_of_nothing_else(world, case_at):
    case = case_at(Stage.IN_REVIEW)
    told = [entry.sentence for entry in timeline(events(case), world.second_expert, Party.CLAIMANT)]
    assert told and all("examination" in sentence or "appointment" in sentence for sentence in told)
    assert not any(name in " ".join(told) for name in ("Priya", "Morgan", "report"))


def test_an_expert_does_not_read_who_else_was_offered_the_case(world, case_at):
    told = timeline(events(case_at(Stage.IN_REVIEW)), world.expert, Party.EXPERT)
    assert not any("offered" in entry.sentence for entry in told)


def test_a_candidate_reads_no_history(world, case_at):
    assert timeline(events(case_at(Stage.OFFERED)), world.expert, Party.CANDIDATE) == []
