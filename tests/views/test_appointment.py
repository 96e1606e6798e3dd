"""Choosing, moving and cancelling a time, on screen."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from portal import clock, demo, outside
from portal.ime.appointment import book_appointment, booked_appointment, free_slots
from portal.ime.examination import FOLLOWS, record_missed
from portal.ime.guidance import prepare_notice
from portal.ime.slots import quarters
from portal.models import (
    Appointment,
    Arrangement,
    Attendance,
    Case,
    Clinic,
    Document,
    RuleOverride,
    SlotHold,
    TakenQuarter,
    TimeOff,
)
from portal.words import ArrangementState, DocumentKind, Outcome, Stage

PACIFIC = ZoneInfo("America/Los_Angeles")


def choosing(visitor, world, case, query=""):
    return visitor(world.coordinator).opens(f"/cases/{case.reference}/appointment/new{query}")


def slots_shown(page):
    return [field.get("value") for field in page.tree.xpath("//input[@name='slot']")]


def book_elsewhere(world, value):
    """Another case takes the time that this value of the form stands for."""
    other = demo.case_at(world, Stage.SCHEDULING)
    slot = next(
        slot
        for slot in free_slots(other, clock.today(), clock.today() + timedelta(days=90))
        if str(slot) == value
    )
    clinic = Clinic.get_by_id(slot.clinic_id)
    book_appointment(
        other, by=world.coordinator, clinic=clinic, starts_at=slot.starts_at, ends_at=slot.ends_at
    )


def test_a_coordinator_books_from_the_case_page(visitor, world, case_at):
    case = case_at(Stage.SCHEDULING)
    page = visitor(world.coordinator).opens(f"/cases/{case.reference}").follows("Book the appointment")
    assert page.heading == "Choose a time"
    page.presses("Continue with this time", slot=slots_shown(page)[0])
    assert page.heading == "Book this time?" and page.sees("Held for you until")
    page.presses("Book the appointment")
    assert page.sees("Booked for") and page.sees("have been told")
    assert Case.get_by_id(case.id).stage == Stage.BOOKED
    letter = case.documents.where(Document.kind == DocumentKind.NOTICE).get()
    assert letter.name.startswith(f"Notice of examination {case.reference} on ")
    assert letter.filed_by_id == world.coordinator.id


def test_a_coordinator_reads_whom_to_call_when_the_claimant_has_no_address(visitor, world, case_at):
    case = case_at(Stage.SCHEDULING)
    case.claimant.email = ""
    case.claimant.save()
    page = choosing(visitor, world, case)
    page.presses("Continue with this time", slot=slots_shown(page)[0]).presses("Book the appointment")
    assert page.sees("The claimant has no e-mail address: please call.")
    assert not page.sees("The claimant, the expert and the referrer have been told.")


def test_the_page_says_why_not_sooner_and_what_is_not_settled(visitor, world, case_at):
    page = choosing(visitor, world, case_at(Stage.SCHEDULING))
    assert page.sees("The first day that leaves everybody enough notice is")
    assert page.sees("Why this date") and page.sees("14 calendar days before the examination")
    assert page.sees("Not settled yet: companion.")
    assert not page.sees("Short notice")


def test_a_time_sooner_than_the_notice_allows_is_marked(visitor, world, case_at):
    page = choosing(visitor, world, case_at(Stage.SCHEDULING)).follows("Earlier")
    assert page.sees("Short notice")


def test_four_weeks_are_shown_at_a_time(visitor, world, case_at):
    case = case_at(Stage.SCHEDULING)
    first = clock.today() + timedelta(days=40)
    page = choosing(visitor, world, case, f"?from={first}")
    days = [
        datetime.strptime(value.partition("-")[2], "%Y%m%dT%H%M%S%z").astimezone(PACIFIC).date()
        for value in sorted(slots_shown(page), key=lambda value: value.partition("-")[2])
    ]
    assert first <= days[0] and days[-1] <= first + timedelta(days=27)
    later = slots_shown(page.follows("Later"))
    assert later and not set(later) & set(slots_shown(page.follows("Earlier")))


@pytest.mark.parametrize(
    "junk",
    [
        "?from=yesterday&length=7",
        "?from=2026-02-31",
        "?from=1900-01-01",
        "?from=9999-12-31&length=",
        "?from=%00",
    ],
)
def test_an_address_that_makes_no_sense_shows_the_first_legal_weeks(visitor, world, case_at, junk):
    case = case_at(Stage.SCHEDULING)
    assert slots_shown(choosing(visitor, world, case, junk)) == slots_shown(choosing(visitor, world, case))


def test_a_longer_examination_has_other_times(visitor, world, case_at):
    case = case_at(Stage.SCHEDULING)
    page = choosing(visitor, world, case).presses("Show these times", length="90")
    page.presses("Continue with this time", slot=slots_shown(page)[0]).presses("Book the appointment")
    booked = booked_appointment(case)
    assert booked.ends_at - booked.starts_at == timedelta(minutes=90)


def test_without_a_choice_the_page_asks_for_one(visitor, world, case_at):
    case = case_at(Stage.SCHEDULING)
    page = choosing(visitor, world, case).presses("Continue with this time")
    assert page.status == 422 and page.title.startswith("Error:")
    assert page.sees("Choose a time")
    assert Case.get_by_id(case.id).stage == Stage.SCHEDULING


def test_a_time_taken_meanwhile_is_said_kindly_with_those_still_free(visitor, world, case_at):
    case = case_at(Stage.SCHEDULING)
    page = choosing(visitor, world, case)
    wanted, *others = slots_shown(page)
    book_elsewhere(world, wanted)
    page.presses("Continue with this time", slot=wanted)
    assert page.status == 422
    assert page.sees("Someone booked this time a moment ago. Please choose another.")
    assert sorted(slots_shown(page)) == sorted(others)
    assert Case.get_by_id(case.id).stage == Stage.SCHEDULING


def test_a_time_taken_between_the_check_and_the_booking_is_said_the_same_way(
    visitor, world, case_at, monkeypatch
):
    case = case_at(Stage.SCHEDULING)
    page = choosing(visitor, world, case)
    wanted = slots_shown(page)[0]
    letters = []

    def take_it_first(case, **when):
        """Between the check of the form and the step somebody else books."""
        appointment = Appointment.select().get()
        for quarter in quarters(when["starts_at"], when["ends_at"]):
            TakenQuarter.create(expert=case.expert_id, starts_at=quarter, appointment=appointment)
        letters.append(prepare_notice(case, **when))
        return letters[0]

    monkeypatch.setattr("portal.views.booking.prepare_notice", take_it_first)
    page.presses("Continue with this time", slot=wanted)
    TakenQuarter.delete().where(TakenQuarter.hold.is_null(False)).execute()  # the hold has run out
    page.presses("Book the appointment")
    assert page.status == 422
    assert page.sees("Someone booked this time a moment ago.")
    page.follows("Choose another time")
    assert wanted not in slots_shown(page)
    assert not outside.store().exists(letters[0].key), "the letter of a refused booking is not kept"


@pytest.mark.parametrize(
    "value", ["1-20990101T100000Z", "999999-20261208T170000Z", "x", "1-", "1-20261208T170000Z; DROP", "\x00"]
)
def test_a_time_that_was_never_offered_is_refused(visitor, world, case_at, value):
    case = case_at(Stage.SCHEDULING)
    page = choosing(visitor, world, case).presses("Continue with this time", slot=value)
    assert page.status == 422
    assert Case.get_by_id(case.id).stage == Stage.SCHEDULING


def test_an_odd_minute_of_the_experts_hours_is_refused(visitor, world, case_at):
    case = case_at(Stage.SCHEDULING)
    page = choosing(visitor, world, case)
    page.presses("Continue with this time", slot=slots_shown(page)[0].replace("0000Z", "0700Z"))
    assert page.status == 422


def test_a_time_of_a_foreign_clinic_is_refused(visitor, world, case_at):
    case = case_at(Stage.SCHEDULING)
    foreign = Clinic.get(Clinic.expert == world.second_expert.expert)
    page = choosing(visitor, world, case)
    moment = slots_shown(page)[0].partition("-")[2]
    page.presses("Continue with this time", slot=f"{foreign.id}-{moment}")
    assert page.status == 422
    assert not Case.get_by_id(case.id).appointments.exists()


@pytest.mark.parametrize("hour", ["03", "1"])
def test_a_time_outside_the_experts_hours_that_an_address_names_is_not_booked(visitor, world, case_at, hour):
    case = case_at(Stage.SCHEDULING)
    clinic, day = case.expert.clinics.get(), clock.today() + timedelta(days=25)
    path = f"/cases/{case.reference}/appointment/confirmation?slot={clinic.id}-{day:%Y%m%d}T{hour}3000Z&length=60"
    page = visitor(world.coordinator).opens(path)
    if page.status == 200:
        page.presses("Book the appointment")
        assert page.status == 422 and page.sees("Someone booked this time")
    assert page.status in (404, 422) and not Case.get_by_id(case.id).appointments.exists()


def test_an_expert_who_is_away_leaves_a_page_that_says_what_to_do(visitor, world, case_at):
    today = clock.today()
    TimeOff.create(expert=world.expert.expert, first_day=today, last_day=today + timedelta(days=90))
    page = choosing(visitor, world, case_at(Stage.SCHEDULING))
    assert page.sees("No free times in these four weeks")
    assert "Continue with this time" not in page.buttons
    assert "Later" in page.links


def test_an_appointment_is_moved_with_a_reason(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    before = booked_appointment(case)
    page = visitor(world.coordinator).opens(f"/cases/{case.reference}").follows("Move the appointment")
    page.presses("Continue with this time", slot=slots_shown(page)[-1])
    page.presses("Move the appointment", wanted_by="claimant", why="The claimant works then.")
    assert page.sees("Moved to")
    after = booked_appointment(case)
    assert after.id != before.id and after.letter_id


def test_moving_without_a_reason_asks_for_it_and_the_time_stays_held(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    page = visitor(world.coordinator).opens(f"/cases/{case.reference}/appointment/move")
    page.presses("Continue with this time", slot=slots_shown(page)[3])
    page.presses("Move the appointment", why=" ")
    assert (
        page.status == 422 and page.sees("Say why the appointment is moved") and page.sees("Say who wants it")
    )
    assert SlotHold.select().count() == 1


def test_an_appointment_is_cancelled_with_a_reason(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    page = visitor(world.coordinator).opens(f"/cases/{case.reference}").follows("Cancel the appointment")
    assert page.presses("Cancel the appointment").status == 422
    page.presses("Cancel the appointment", wanted_by="referrer", why="It can wait.")
    assert page.sees("The appointment is cancelled.")
    assert Case.get_by_id(case.id).stage == Stage.SCHEDULING
    assert page.sees("No time is booked") and page.sees("Earlier appointments (1)")


def test_cancelling_too_late_for_the_expert_needs_a_reason_that_is_kept(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    page = visitor(world.coordinator)
    with clock.set_to(booked_appointment(case).starts_at - timedelta(days=2)):
        page = visitor(world.coordinator).opens(f"/cases/{case.reference}/appointment/cancel")
        page.presses("Cancel the appointment", wanted_by="expert", why="Ill.")
        assert page.status == 422 and page.sees("A rule stands against it")
        assert page.sees("Evaluator may not cancel later than 6 business days")
        page.presses("Cancel the appointment", override="Good cause: a certificate is on file.")
    assert Case.get_by_id(case.id).stage == Stage.SCHEDULING
    kept = RuleOverride.get()
    assert (kept.rule, kept.reason) == ("CA-QME-12", "Good cause: a certificate is on file.")
    assert visitor(world.coordinator).opens(f"/cases/{case.reference}").sees(kept.reason)


def test_a_late_move_says_what_it_costs_and_the_payer_and_the_expert_read_it(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    terms = booked_appointment(case).terms | {"tiers": [(5, 50)]}
    Appointment.update(terms=terms).where(Appointment.case == case).execute()
    with clock.set_to(booked_appointment(case).starts_at - timedelta(days=1)):
        page = visitor(world.coordinator).opens(f"/cases/{case.reference}/appointment/move")
        page.presses("Continue with this time", slot=slots_shown(page)[-1])
        assert page.sees("What moving it costs today") and page.sees("$925.00")
        page.presses("Move the appointment", wanted_by="referrer", why="The adjuster is away.")
        assert page.sees("Moved to")
        for who in (world.referrer, world.coordinator, world.expert):
            assert visitor(who).opens(f"/cases/{case.reference}").sees("$925.00")


@pytest.mark.parametrize("who", ["referrer", "expert"])
@pytest.mark.parametrize("noun", ["new", "move", "cancel"])
def test_only_coordinators_book_move_and_cancel(visitor, world, case_at, who, noun):
    case = case_at(Stage.SCHEDULING if noun == "new" else Stage.BOOKED)
    assert visitor(getattr(world, who)).opens(f"/cases/{case.reference}/appointment/{noun}").status == 403


@pytest.mark.parametrize("noun", ["new", "move", "cancel"])
def test_a_strangers_case_does_not_exist(visitor, world, case_at, noun):
    case = case_at(Stage.SCHEDULING if noun == "new" else Stage.BOOKED)
    page = visitor(world.stranger_referrer)
    assert page.opens(f"/cases/{case.reference}/appointment/{noun}").status == 404


def test_booking_twice_is_too_late_the_second_time(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    page = choosing(visitor, world, case)
    assert page.status == 409 and page.sees("Now: appointment booked.")


def test_the_case_page_says_when_where_and_how_sure(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    page = visitor(world.referrer).opens(f"/cases/{case.reference}")
    assert page.sees("Pacific time") and page.sees("Bayview Orthopaedics – Downtown")
    assert page.sees("Not confirmed yet")
    assert page.sees("Companion Needed Risk for the day")
    assert "Settle the arrangements" not in page.links
    Case.update(confirmed_at=clock.now()).where(Case.id == case.id).execute()
    assert page.opens(f"/cases/{case.reference}").sees("Confirmed by the claimant today")
    Case.update(move_asked_at=clock.now()).where(Case.id == case.id).execute()
    assert page.opens(f"/cases/{case.reference}").sees("The claimant asked for another time")


def test_the_note_on_a_missed_examination_is_read_by_the_office_and_its_expert_alone(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    with clock.set_to(booked_appointment(case).starts_at + timedelta(minutes=30)):
        record_missed(
            case, by=world.coordinator, outcome=Outcome.CANCELLED_LATE, note="Rang <b>twice</b>, nobody came."
        )
    path = f"/cases/{case.reference}"
    for who in (world.coordinator, world.expert):
        page = visitor(who).opens(path)
        assert page.sees("not held (cancelled late)") and page.sees("Rang <b>twice</b>, nobody came.")
    referrer = visitor(world.referrer).opens(path)
    assert referrer.sees("not held (cancelled late)") and not referrer.sees("nobody came")
    case = Case.get_by_id(case.id)
    case.expert = world.second_expert.expert
    case.save()
    next_expert = visitor(world.second_expert).opens(path)
    assert next_expert.status == 200 and not next_expert.sees("nobody came")


def test_the_note_on_a_held_examination_is_not_the_referrers(visitor, world, case_at):
    case = case_at(Stage.REPORTING)
    Attendance.update(note="Came with her sister.").execute()
    path = f"/cases/{case.reference}"
    assert visitor(world.expert).opens(path).sees("Note on the examination: Came with her sister.")
    assert not visitor(world.referrer).opens(path).sees("her sister")


def test_a_candidate_does_not_see_the_appointment(visitor, world, case_at):
    page = visitor(world.expert).opens(f"/cases/{case_at(Stage.OFFERED).reference}")
    assert page.status == 200
    assert not page.tree.xpath("//section[@id='appointment']")


def test_arrangements_are_settled_together(visitor, world, case_at):
    case = case_at(Stage.SCHEDULING)
    row = case.arrangements.get()
    Arrangement.create(case=case, kind="interpreter")
    page = visitor(world.coordinator).opens(f"/cases/{case.reference}").follows("Settle the arrangements")
    second = case.arrangements.order_by(Arrangement.id.desc()).get()
    page.presses("Save the arrangements", **{f"state_{second.id}": "booked"})
    assert page.status == 422 and page.sees("Say who supplies the interpreter.")
    answers = {f"state_{row.id}": "confirmed", f"supplier_{second.id}": "Lingua Desk"}
    page.presses("Save the arrangements", **answers)
    assert page.sees("The arrangements are saved.")
    assert {each.state for each in case.arrangements} == {ArrangementState.CONFIRMED, ArrangementState.BOOKED}


def test_a_case_without_needs_says_so(visitor, world, case_at):
    case = case_at(Stage.SCHEDULING)
    Arrangement.delete().where(Arrangement.case == case).execute()
    page = visitor(world.coordinator).opens(f"/cases/{case.reference}/arrangements")
    assert page.sees("Nothing was asked for")


def test_the_reason_of_a_move_is_for_the_referrer_and_the_office_alone(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    page = visitor(world.coordinator).opens(f"/cases/{case.reference}/appointment/move")
    page.presses("Continue with this time", slot=slots_shown(page)[-1])
    page.presses("Move the appointment", wanted_by="referrer", why="The adjuster asked for it.")
    path = f"/cases/{case.reference}"
    assert visitor(world.referrer).opens(path).sees("The adjuster asked for it.")
    assert not visitor(world.expert).opens(path).sees("The adjuster asked for it.")


def test_a_refusal_without_words_for_the_claimant_keeps_what_was_typed(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    row = case.arrangements.get()
    page = visitor(world.coordinator).opens(f"/cases/{case.reference}/arrangements")
    answers = {f"state_{row.id}": "refused", f"supplier_{row.id}": "Lingua Desk"}
    page.presses("Save the arrangements", **answers)
    assert page.status == 422 and page.sees("Say why, in words for the claimant")
    assert page.typed(f"supplier_{row.id}") == "Lingua Desk"
    page.presses("Save the arrangements", **{f"phone_{row.id}": "12"})
    assert page.status == 422 and case.arrangements.get().state == ArrangementState.NEEDED
    words = "The doctor sees everybody alone."
    page.presses("Save the arrangements", **{f"because_{row.id}": words, f"phone_{row.id}": "(415) 555-0199"})
    assert page.sees("The arrangements are saved.")
    row = case.arrangements.get()
    assert (row.state, row.refused_because, row.supplier_phone) == (
        ArrangementState.REFUSED,
        words,
        "+14155550199",
    )


def test_after_cancelling_the_coordinator_reads_who_has_to_be_asked_again(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    Arrangement.create(
        case=case, kind="interpreter", state=ArrangementState.CONFIRMED, supplier="Lingua Desk"
    )
    page = visitor(world.coordinator).opens(f"/cases/{case.reference}/appointment/cancel")
    page.presses("Cancel the appointment", why="It can wait.", wanted_by="claimant")
    assert page.sees("Ask again for the new time: Lingua Desk (interpreter).")
    assert page.sees("was settled with Lingua Desk")
    page.opens(f"/cases/{case.reference}/arrangements")
    assert page.sees("It was settled with Lingua Desk for an earlier time.")


def test_the_case_page_says_how_it_came_to_this_appointment(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    page = visitor(world.coordinator).opens(f"/cases/{case.reference}/appointment/move")
    page.presses("Continue with this time", slot=slots_shown(page)[-1])
    page.presses("Move the appointment", wanted_by="claimant", why="A wedding.")
    assert page.sees("This is the 2nd appointment: the 1st was moved for the claimant.")
    second = booked_appointment(case)
    with clock.set_to(second.starts_at + timedelta(hours=1)):
        record_missed(Case.get_by_id(case.id), by=world.coordinator, outcome=Outcome.DID_NOT_ATTEND)
        page = visitor(world.coordinator).opens(f"/cases/{case.reference}")
        told = "the 1st was moved for the claimant, the 2nd was not held (claimant did not attend)."
        assert page.sees(f"Next is the 3rd appointment: {told}")


@pytest.mark.parametrize(
    ("outcome", "way"),
    [
        (Outcome.LATE, "Add an arrangement"),
        (Outcome.INTERPRETER_ABSENT, "Settle the arrangements"),
        (Outcome.CONSENT_REFUSED, "Make it a file review"),
        (Outcome.RECORDS_WRONG, "Ask for a record"),
        (Outcome.EXPERT_ABSENT, "Release the expert"),
    ],
)
def test_a_missed_examination_leads_the_coordinator_on(visitor, world, case_at, outcome, way):
    case = case_at(Stage.BOOKED)
    with clock.set_to(booked_appointment(case).starts_at + timedelta(hours=1)):
        record_missed(case, by=world.coordinator, outcome=outcome)
        page = visitor(world.coordinator).opens(f"/cases/{case.reference}")
        assert page.sees(FOLLOWS[outcome])
        ways = page.tree.xpath("//section[@id='appointment']//div[contains(@class,'notice')]//a")
        assert way in [link.text for link in ways]
        assert all(page.opens(link.get("href")).status == 200 for link in ways)
        assert not visitor(world.referrer).opens(f"/cases/{case.reference}").sees("What follows")


def test_a_time_given_back_leads_to_the_cases_it_could_serve(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    page = visitor(world.coordinator).opens(f"/cases/{case.reference}/appointment/cancel")
    page.presses("Cancel the appointment", why="It can wait.", wanted_by="claimant")
    assert page.follows("See which cases its freed time could serve").heading == "Freed times"


def test_withdrawing_says_first_what_the_booked_appointment_costs(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    page = visitor(world.referrer).opens(f"/cases/{case.reference}/withdrawal")
    assert page.sees("What the booked appointment costs today")


@pytest.mark.parametrize(
    "asked",
    [
        "slot=1-00010101T000000Z&length=60",
        "slot=1-99991231T235900Z&length=60",
        "slot=1-90000101T170000Z&length=60",
        "slot=1-20270104T170000Z&length=1",
        "slot=1-20270104T170000Z&length=7",
        "slot=1-20270104T170000Z&length=480",
    ],
)
def test_no_address_books_an_odd_length_or_a_year_far_away(visitor, world, case_at, asked):
    case = case_at(Stage.SCHEDULING)
    page = visitor(world.coordinator)
    assert page.opens(f"/cases/{case.reference}/appointment/confirmation?{asked}").status == 404


def test_moving_late_for_the_expert_shows_the_rule_that_stands_against_it(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    with clock.set_to(booked_appointment(case).starts_at - timedelta(days=2)):
        page = visitor(world.coordinator).opens(f"/cases/{case.reference}/appointment/move")
        page.presses("Continue with this time", slot=page.tree.xpath("//input[@name='slot']/@value")[0])
        page.presses("Move the appointment", why="A surgery.", wanted_by="expert")
        assert page.status == 422 and page.sees("CA-QME-12")
