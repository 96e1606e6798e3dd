"""Withdrawing and reopening."""

import pytest

from portal.ime.closure import reopen_case, withdraw_referral
from portal.ime.process import MovedOn, NotAllowed, Refusal
from portal.models import Appointment, Case, Event, Notice, Offer, TakenQuarter
from portal.words import AppointmentState, OfferState, Stage


def last_event(case):
    return case.events.order_by(Event.id.desc()).get()


def test_withdrawing_frees_the_appointment_and_tells_everyone_engaged(world, case_at):
    case = case_at(Stage.BOOKED)
    withdraw_referral(case, by=world.referrer, why="The claim has settled.")
    assert Case.get_by_id(case.id).stage == Stage.WITHDRAWN
    assert not Case.get_by_id(case.id).is_open
    assert case.appointments.get().state == AppointmentState.CANCELLED
    assert not TakenQuarter.select().join(Appointment).where(Appointment.case == case).exists()
    told = {notice.party for notice in Notice.select().where(Notice.event == last_event(case))}
    assert told == {"coordinator", "expert", "claimant", "representative"}


def test_the_representative_hears_of_a_withdrawal_once_they_heard_of_the_case(world, case_at):
    for stage, hears in ((Stage.MATCHING, False), (Stage.BOOKED, True), (Stage.IN_REVIEW, True)):
        case = case_at(stage)
        withdraw_referral(case, by=world.referrer, why="The claim has settled.")
        told = {notice.party for notice in Notice.select().where(Notice.event == last_event(case))}
        assert ("representative" in told) is hears, stage


def test_a_claimant_who_was_examined_is_not_told_to_stay_at_home(world, case_at):
    case = case_at(Stage.IN_REVIEW)
    withdraw_referral(case, by=world.referrer, why="The claim has settled.")
    assert not Notice.select().where(Notice.event == last_event(case), Notice.party == "claimant").exists()


def test_withdrawing_recalls_an_open_offer(world, case_at):
    case = case_at(Stage.OFFERED)
    withdraw_referral(case, by=world.referrer, why="The claim has settled.")
    assert [offer.state for offer in Offer.select().where(Offer.case == case)] == [OfferState.RECALLED]


def test_a_withdrawal_without_a_reason_is_refused_and_changes_nothing(world, case_at):
    case = case_at(Stage.MATCHING)
    with pytest.raises(Refusal):
        withdraw_referral(case, by=world.referrer, why="  ")
    assert Case.get_by_id(case.id).stage == Stage.MATCHING
    assert case.stage == Stage.MATCHING


def test_a_closed_case_can_be_reopened_by_its_coordinator(world, case_at):
    case = case_at(Stage.CLOSED)
    reopen_case(case, by=world.coordinator, why="A party asked for a correction.")
    assert Case.get_by_id(case.id).stage == Stage.IN_REVIEW
    told = {notice.party for notice in Notice.select().where(Notice.event == last_event(case))}
    assert told == {"referrer", "expert"}, "it is the referrer's turn again"


def test_an_expert_cannot_reopen_a_case(world, case_at):
    with pytest.raises(NotAllowed):
        reopen_case(case_at(Stage.CLOSED), by=world.expert, why="I would like to.")


def test_an_open_case_cannot_be_reopened(world, case_at):
    with pytest.raises(MovedOn):
        reopen_case(case_at(Stage.MATCHING), by=world.coordinator, why="By mistake.")
