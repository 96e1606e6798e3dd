"""Gates: what a rule stops, what it warns of, and what is only good to know."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from portal.ime.frequency import Exam
from portal.ime.gates import (
    BookingFacts,
    Weight,
    before_accepting,
    before_booking,
    before_brief,
    before_cancelling,
    before_release,
)
from portal.ime.rule_pack import read_facts
from portal.ime.rules import exam_kinds, on_file, snapshot
from portal.words import ArrangementKind, Party

OAKLAND, SAN_FRANCISCO, LOS_ANGELES = (37.8071, -122.2851), (37.7725, -122.4147), (34.0559, -118.2666)
TODAY = date(2026, 3, 2)
MORNING = datetime(2026, 3, 2, 9, 0, tzinfo=ZoneInfo("America/Chicago"))
FINE = BookingFacts(
    exam_on=TODAY + timedelta(days=50), notice_on=TODAY, asked_on=TODAY, home=OAKLAND, clinic=SAN_FRANCISCO
)


def held(*days):
    return tuple(map(Exam, days))


def found(code, **facts):
    return {each.rule.id: each for each in before_booking(on_file(), code, replace(FINE, **facts))}


def test_short_notice_blocks_where_the_rule_was_read():
    short = found("WA-LI", exam_on=TODAY + timedelta(days=20))["WA-LI-03"]
    assert short.weight == Weight.BLOCKS
    assert short.explained.sentence.startswith(
        "The notice had to be given by February 20, 2026: 28 calendar days"
    )
    assert "WA-LI-03" not in found("WA-LI", exam_on=TODAY + timedelta(days=30))


def test_short_notice_warns_where_the_rule_is_known_second_hand_or_is_the_house_s_own():
    assert found("NY-WC", exam_on=TODAY + timedelta(days=5))["NY-WC-01"].weight == Weight.WARNS
    assert found("OH-WC", exam_on=TODAY + timedelta(days=5))["HOUSE-NOTICE"].weight == Weight.WARNS


def test_too_far_blocks_and_an_unknown_place_is_a_note():
    far = found("CA-CIV", clinic=LOS_ANGELES)["CA-CIV-05"]
    assert (far.weight, "limit is 75 miles" in far.sentence) == (Weight.BLOCKS, True)
    assert "CA-CIV-05" not in found("CA-CIV")
    assert found("CA-CIV", home=None)["CA-CIV-05"].weight == Weight.NOTE
    assert "CA-CIV-05" not in found("CA-CIV", clinic=LOS_ANGELES, is_telehealth=True)


def test_a_distance_in_words_alone_is_for_a_person_to_read():
    pack = on_file()
    words = replace(pack.named("CA-CIV-05"), anchor=None, direction=None, n=None, unit=None)
    changed = replace(pack, rules=tuple(words if each.id == words.id else each for each in pack.rules))
    [finding] = [
        each
        for each in before_booking(changed, "CA-CIV", replace(FINE, clinic=LOS_ANGELES))
        if each.rule.id == "CA-CIV-05"
    ]
    assert (finding.weight, finding.sentence) == (Weight.NOTE, words.rule)


def test_a_drive_is_estimated_and_said_to_be():
    far = found("VT-WC", home=(44.48, -73.21), clinic=(42.85, -72.56))["VT-WC-01"]
    assert far.weight == Weight.BLOCKS
    assert "by estimate" in far.sentence


@pytest.mark.parametrize(
    ("earlier", "blocks"),
    [
        ((), False),
        ((1, 2, 60), False),
        ((1, 30, 60), True),
        ((1, 2, 3, 30, 60), True),
        ((1, 2, 3, 30), False),
    ],
)
def test_oregon_counts_a_panel_within_72_hours_once(earlier, blocks):
    exams = held(*(TODAY - timedelta(days=200 - each) for each in earlier))
    assert ("OR-WC-01" in found("OR-WC", earlier=exams)) == blocks


def test_a_claim_that_is_opened_anew_has_its_own_examinations():
    days = [TODAY - timedelta(days=each) for each in (150, 100, 50)]
    of_another = tuple(Exam(day, is_of_claim=False) for day in days)
    assert found("OR-WC", earlier=held(*days))["OR-WC-01"].blocks
    assert "OR-WC-01" not in found("OR-WC", earlier=of_another)
    assert "NH-WC-02" in found("NH-WC", earlier=of_another), "what counts by the year counts every claim"


def test_the_next_examination_waits_for_its_time_after_the_last():
    early = found("TX-RME", earlier=held(TODAY - timedelta(days=60)))["TX-RME-01"]
    assert (early.weight, "not before" in early.sentence) == (Weight.BLOCKS, True)


def test_two_a_year_frees_itself_with_the_year():
    close = held(TODAY - timedelta(days=100), TODAY - timedelta(days=10))
    assert found("NH-WC", earlier=close)["NH-WC-02"].weight == Weight.BLOCKS
    assert "NH-WC-02" not in found("NH-WC", earlier=held(TODAY - timedelta(days=400), TODAY))


def test_travel_money_comes_before_the_notice():
    assert found("GA-WC")["GA-WC-02"].weight == Weight.BLOCKS
    assert found("IL-WC")["IL-WC-01"].weight == Weight.WARNS
    assert "GA-WC-02" not in found("GA-WC", is_travel_settled=True)
    for code, rule_id in (("KS-WC", "KS-WC-02"), ("AZ-WC", "AZ-WC-02"), ("MI-WC", "MI-WC-03")):
        assert found(code)[rule_id].weight == Weight.WARNS, "whether its condition holds is for a person"


def test_travel_money_on_request_is_owed_by_its_day_and_only_where_it_was_asked_for():
    asked = frozenset({ArrangementKind.TRAVEL_MONEY})
    soon = TODAY + timedelta(days=2)
    assert (
        found("CO-IME")["CO-IME-01"].weight
        == found("CO-IME", exam_on=soon)["CO-IME-01"].weight
        == Weight.NOTE
    )
    assert found("CO-IME", wishes=asked)["CO-IME-01"].weight == Weight.WARNS
    late = found("CO-IME", wishes=asked, exam_on=soon)["CO-IME-01"]
    assert late.blocks and late.explained.date < TODAY
    assert "CO-IME-01" not in found("CO-IME", wishes=asked, exam_on=soon, is_travel_settled=True)


def test_the_longer_window_blocks_and_the_shorter_one_warns():
    late = found("CA-QME", exam_on=TODAY + timedelta(days=130))
    assert (late["CA-QME-06"].weight, late["CA-QME-07"].weight) == (Weight.WARNS, Weight.BLOCKS)
    later = found("CA-QME", exam_on=TODAY + timedelta(days=100))
    assert later["CA-QME-06"].weight == Weight.WARNS and "CA-QME-07" not in later


def test_a_window_after_the_notice_is_kept_at_both_its_ends():
    late = found("NY-CIV", exam_on=TODAY + timedelta(days=61))["NY-CIV-02"]
    assert (late.weight, late.sentence) == (
        Weight.BLOCKS,
        "With a notice of today it must be held by May 1, 2026.",
    )
    assert found("NY-CIV", exam_on=TODAY + timedelta(days=20))["NY-CIV-02"].blocks
    assert "NY-CIV-02" not in found("NY-CIV", exam_on=TODAY + timedelta(days=60))


def test_an_earliest_day_after_the_notice_is_kept_to_the_day_though_it_is_no_working_day():
    saturday = date(2026, 12, 5)
    fine = {"notice_on": saturday, "asked_on": saturday, "exam_on": date(2027, 1, 4)}
    assert "CA-CIV-02" not in found("CA-CIV", **fine)
    assert found("CA-CIV", **fine | {"exam_on": date(2027, 1, 3)})["CA-CIV-02"].blocks


def test_an_examination_set_anew_has_its_own_days_and_in_texas_no_ten_days_of_notice():
    soon = {"exam_on": TODAY + timedelta(days=5)}
    assert found("TX-RME", **soon)["TX-RME-03"].blocks
    again = found("TX-RME", **soon, first_set_on=TODAY)
    assert "TX-RME-03" not in again and "TX-RME-06" not in again
    assert found("TX-RME", first_set_on=TODAY)["TX-RME-06"].blocks, "50 days after the first day"
    assert "TX-RME-06" not in found("TX-RME"), "nothing was set before"
    late = found("CA-QME", exam_on=TODAY + timedelta(days=62), given_up_on=TODAY)["CA-QME-13"]
    assert (late.weight, late.sentence) == (
        Weight.WARNS,
        "The examination should be held by May 1, 2026.",
    )


def test_the_thirty_days_after_the_notice_warn_and_what_counts_from_the_unknown_says_its_figure():
    late = found("TX-RME", exam_on=TODAY + timedelta(days=90))["TX-RME-04"]
    assert (late.weight, late.sentence) == (
        Weight.WARNS,
        "The examination should be held by April 1, 2026.",
    )
    assert "TX-RME-04" not in found("TX-RME", exam_on=TODAY + timedelta(days=30))
    note = found("NY-NF")["NY-NF-02"]
    assert (note.weight, note.sentence[:31]) == (Weight.NOTE, "30 calendar days, counted from ")


def test_a_window_after_the_request_warns_before_and_after_it():
    facts = snapshot("CO-DIME")
    next(each for each in facts["rules"] if each["id"] == "CO-DIME-03")["anchor"] = "appointment_request"
    for days, said in ((44, "not be held before"), (76, "be held by")):
        late = replace(FINE, exam_on=TODAY + timedelta(days=days))
        [finding] = [
            each
            for each in before_booking(read_facts(facts), "CO-DIME", late)
            if each.rule.id == "CO-DIME-03"
        ]
        assert said in finding.sentence and finding.weight == Weight.WARNS


def test_a_rule_without_a_figure_is_for_a_person_where_there_were_examinations_before():
    again = found("CA-CIV", earlier=held(TODAY - timedelta(days=90)))["CA-CIV-01"]
    assert (again.weight, "a person must check" in again.sentence) == (Weight.NOTE, True)
    assert "CA-CIV-01" not in found("CA-CIV")


def test_what_must_be_there_is_told_though_nobody_asked_for_it():
    recorded = found("CO-IME", is_travel_settled=True)["CO-IME-03"]
    assert (
        recorded.weight == Weight.WARNS
        and " is required: Every respondent-requested IME" in recorded.sentence
    )
    wished = found("CO-IME", wishes=frozenset({ArrangementKind.RECORDING}))["CO-IME-03"]
    assert wished.weight == Weight.NOTE


def test_what_a_rule_forbids_stops_the_wish_for_it():
    facts = snapshot("GA-WC")
    next(each for each in facts["rules"] if each["id"] == "GA-WC-03")["effect"] = "forbids"
    wish = replace(FINE, wishes=frozenset({ArrangementKind.COMPANION}), is_travel_settled=True)
    [finding] = before_booking(read_facts(facts), "GA-WC", wish)
    assert finding.blocks and " is not allowed: " in finding.sentence


def test_video_that_a_rule_allows_is_only_noted():
    assert found("WA-LI", is_telehealth=True)["WA-LI-07"].weight == Weight.NOTE


def test_video_wishes_and_recordings_bring_their_rules():
    assert found("AZ-WC", is_telehealth=True, is_travel_settled=True)["AZ-WC-01"].weight == Weight.WARNS
    wishes = frozenset({ArrangementKind.RECORDING, ArrangementKind.COMPANION})
    asked = found("WA-LI", wishes=wishes)
    assert asked["WA-LI-12"].weight == asked["WA-LI-14"].weight == Weight.NOTE
    late = found("WA-LI", wishes=wishes, exam_on=TODAY + timedelta(days=5))
    assert late["WA-LI-14"].weight == Weight.WARNS


def in_business_days(n):
    facts = snapshot("CA-QME")
    next(each for each in facts["rules"] if each["id"] == "CA-QME-16").update(n=n, unit="business days")
    return read_facts(facts)


def test_records_are_served_before_they_go_to_the_expert():
    [served] = before_brief(on_file(), "CA-QME", date(2026, 4, 20), TODAY)
    assert (served.rule.id, served.blocks) == ("CA-QME-16", True)
    early, in_time = TODAY - timedelta(days=19), TODAY - timedelta(days=20)
    assert before_brief(on_file(), "CA-QME", date(2026, 4, 20), TODAY, early)[0].blocks
    assert before_brief(on_file(), "CA-QME", date(2026, 4, 20), TODAY, in_time) == []
    assert before_brief(in_business_days(20), "CA-QME", date(2026, 4, 20), TODAY, in_time)[0].blocks
    [late] = before_brief(on_file(), "TX-DD", TODAY + timedelta(days=1), TODAY)
    assert (late.rule.id, late.weight) == ("TX-DD-07", Weight.WARNS)


def test_a_report_goes_to_everybody_whom_the_rule_names():
    [copies] = before_release(on_file(), "NY-WC", frozenset({Party.REFERRER, Party.CLAIMANT}))
    assert copies.blocks
    assert copies.sentence.startswith(
        "It must also go the same day to: the board or agency that the rule names, treating doctor"
    )
    assert before_release(on_file(), "NY-WC", frozenset(Party)) == []


def test_cancelling_late_is_measured_for_whoever_wants_it():
    exam_at, now = MORNING.replace(day=12), MORNING.replace(day=6)
    [evaluator] = before_cancelling(on_file(), "CA-QME", exam_at, now, Party.EXPERT)
    assert (evaluator.rule.id, evaluator.blocks) == ("CA-QME-12", True)
    weights = {
        each.rule.id: each.weight
        for each in before_cancelling(on_file(), "CA-QME", exam_at, now, Party.CLAIMANT)
    }
    assert weights == {"CA-QME-15": Weight.WARNS, "CA-QME-14": Weight.NOTE}
    assert before_cancelling(on_file(), "CA-QME", exam_at, now, Party.REFERRER) == []
    last_day = MORNING.replace(day=4, hour=23)
    assert before_cancelling(on_file(), "CA-QME", exam_at, last_day, Party.EXPERT) == []


def test_hours_before_the_examination_are_hours_whatever_days_they_lie_on():
    monday = MORNING.replace(day=9, hour=14)  # the clocks went forward the day before
    in_time, late = MORNING.replace(day=8, hour=14), MORNING.replace(day=8, hour=14, minute=1)
    assert before_cancelling(on_file(), "TX-RME", monday, in_time, Party.CLAIMANT) == []
    [finding] = before_cancelling(on_file(), "TX-RME", monday, late, Party.CLAIMANT)
    assert (finding.rule.id, finding.blocks) == ("TX-RME-05", True)
    assert finding.sentence == "The last time for the claimant to do this was 2:00 pm on March 8, 2026."


@pytest.mark.parametrize("code", sorted(exam_kinds()))
def test_every_kind_can_be_asked_at_every_gate_and_what_is_uncertain_never_blocks(code):
    poor = replace(
        FINE,
        exam_on=TODAY + timedelta(days=1),
        clinic=LOS_ANGELES,
        earlier=held(*(TODAY - timedelta(days=each) for each in (1, 9, 20, 30))),
        first_set_on=TODAY - timedelta(days=90),
        given_up_on=TODAY - timedelta(days=90),
        wishes=frozenset(ArrangementKind),
    )
    every = [
        *before_booking(on_file(), code, poor),
        *before_brief(on_file(), code, TODAY, TODAY),
        *before_release(on_file(), code, frozenset()),
        *before_cancelling(on_file(), code, MORNING, MORNING, Party.CLAIMANT),
        *before_accepting(on_file(), code),
    ]
    assert all(each.rule.confidence == "V" for each in every if each.blocks)
    assert all(each.sentence for each in every)
