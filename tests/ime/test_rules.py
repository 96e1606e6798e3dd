"""The rule file, the counting of days, and the explanation that comes with each date."""

import json
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.ime.rules import (
    NotOnFile,
    RuleFileError,
    addendum_due,
    count,
    exam_kinds,
    is_working_day,
    notice_before_exam,
    read_rules,
    report_due,
    rule,
    rules_of,
    snapshot,
)

STATES = sorted({kind.jurisdiction for kind in exam_kinds().values()})
days = st.dates(date(2020, 1, 1), date(2035, 12, 31))
figures = st.integers(0, 130)
states = st.sampled_from(STATES)
working_units = st.sampled_from(["business days", "working days"])


def test_the_file_holds_220_rules_for_38_kinds_of_examination():
    kinds = exam_kinds()
    assert len(kinds) == 38
    assert sum(len(rules_of(code)) for code in kinds) == 220
    assert {kind.line for kind in kinds.values()} == {
        "workers' compensation",
        "no-fault",
        "civil",
        "federal employees",
    }


def test_every_rule_has_a_short_name_of_its_own_within_its_kind():
    for code in exam_kinds():
        names = [each.name for each in rules_of(code)]
        assert len(set(names)) == len(names)
        assert max(map(len, names)) <= 60


def test_a_rule_is_found_by_its_id():
    found = rule("CA-QME-23")
    assert (found.n, found.unit, found.anchor, found.citation) == (30, "calendar days", "exam", "8 CCR 38(a)")


def test_a_rule_that_is_not_on_file_is_named():
    with pytest.raises(NotOnFile, match="CA-QME-99"):
        rule("CA-QME-99")
    with pytest.raises(NotOnFile, match="ZZ-WC"):
        snapshot("ZZ-WC")


# The dates that the field knows


def test_a_california_report_is_due_30_days_after_the_examination():
    due = report_due("CA-QME", date(2026, 3, 2))
    assert (due.date, due.rule_id, due.confidence) == (date(2026, 4, 1), "CA-QME-23", "V")


def test_a_washington_self_insurer_mails_the_notice_28_days_before():
    notice = notice_before_exam("WA-LI", date(2026, 6, 1))
    assert (notice.date, notice.rule_id) == (date(2026, 5, 4), "WA-LI-03")


def test_a_texas_worker_has_10_days_of_notice():
    notice = notice_before_exam("TX-RME", date(2026, 5, 15))
    assert (notice.date, notice.rule_id) == (date(2026, 5, 5), "TX-RME-03")


def test_a_texas_designated_doctor_reports_in_seven_texas_working_days():
    due = report_due("TX-DD", date(2026, 11, 20))
    assert due.date == date(2026, 12, 3), "Thanksgiving and the Friday after it are not counted"


def test_a_california_addendum_is_due_60_days_after_the_request():
    due = addendum_due("CA-QME", date(2026, 3, 2))
    assert (due.date, due.rule_id, due.confidence) == (date(2026, 5, 1), "CA-QME-27", "S")


def test_the_strictest_of_two_rules_is_taken_and_the_other_is_named():
    due = report_due("NY-WC", date(2026, 3, 2))
    assert (due.rule_id, due.date) == ("NY-WC-04", date(2026, 3, 16))
    assert "strictest of 2" in due.sentence and "NY-WC-05" in due.sentence


def test_a_limit_told_from_the_notice_is_read_back_from_the_examination():
    notice = notice_before_exam("NY-CIV", date(2026, 7, 20))
    assert (notice.rule_id, notice.figure, notice.date) == ("NY-CIV-02", 30, date(2026, 6, 20))


def test_without_a_rule_the_house_default_says_so():
    notice = notice_before_exam("OH-WC", date(2026, 7, 20))
    due = report_due("OH-WC", date(2026, 7, 20))
    assert (notice.date, notice.confidence) == (date(2026, 7, 6), "house")
    assert due.date == count(date(2026, 7, 20), 15, "business days", "after", "OH")
    assert "House default: no rule with a figure is on file for Ohio workers' comp" in due.sentence


def test_an_explanation_gives_figure_event_rule_citation_and_day_of_checking():
    sentence = report_due("CA-QME", date(2026, 3, 2)).sentence
    assert sentence.startswith(
        "The report is due April 1, 2026: 30 calendar days after the examination on March 2, 2026. "
        "Rule CA-QME-23, 8 CCR 38(a):"
    )
    assert "checked on November 23, 2026" in sentence


@pytest.mark.parametrize("code", ["NY-WC", "IL-CIV"])
def test_a_rule_from_a_lesser_source_asks_to_be_confirmed(code):
    due = report_due(code, date(2026, 3, 2))
    assert due.confidence != "V"
    assert "confirm it against the official text" in due.sentence


@pytest.mark.parametrize("code", exam_kinds())
def test_every_kind_of_examination_has_all_three_dates_and_none_from_an_uncertain_rule(code):
    exam_on = date(2026, 7, 20)
    notice, due = notice_before_exam(code, exam_on), report_due(code, exam_on)
    later = addendum_due(code, exam_on)
    assert notice.date < exam_on < due.date
    assert exam_on < later.date
    assert "U" not in {notice.confidence, due.confidence, later.confidence}


def test_an_unknown_kind_has_no_dates_and_no_rules():
    assert notice_before_exam("", date(2026, 3, 2)) is None
    assert rules_of("ZZ-WC") == []


# Snapshots


@pytest.mark.parametrize("code", exam_kinds())
def test_a_snapshot_survives_json_and_gives_the_same_dates(code):
    kept = json.loads(json.dumps(snapshot(code)))
    assert report_due(code, date(2026, 3, 2), kept) == report_due(code, date(2026, 3, 2))
    assert len(kept["rules"]) == len(rules_of(code))


def test_a_case_keeps_to_its_snapshot_when_the_rule_has_changed_since():
    kept = snapshot("CA-QME")
    next(each for each in kept["rules"] if each["id"] == "CA-QME-23")["n"] = 20
    assert report_due("CA-QME", date(2026, 3, 2), kept).date == date(2026, 3, 23)


def test_an_uncertain_rule_is_never_used_for_a_date():
    kept = snapshot("CA-QME")
    next(each for each in kept["rules"] if each["id"] == "CA-QME-23")["confidence"] = "U"
    assert report_due("CA-QME", date(2026, 3, 2), kept).confidence == "house"


# Counting


@given(days, figures, states)
def test_within_ends_on_the_first_working_day_on_or_after_the_last_day(anchor, n, state):
    last = anchor + timedelta(days=n)
    end = count(anchor, n, "calendar days", "after", state)
    assert end >= last and is_working_day(end, state)
    assert not any(is_working_day(last + timedelta(days=k), state) for k in range((end - last).days))


@given(days, figures, states)
def test_before_ends_on_the_last_working_day_on_or_before_the_limit(anchor, n, state):
    limit = anchor - timedelta(days=n)
    end = count(anchor, n, "calendar days", "before_min", state)
    assert end <= limit and is_working_day(end, state)
    assert not any(is_working_day(limit - timedelta(days=k), state) for k in range((limit - end).days))


@given(days, st.integers(1, 40), working_units, states)
def test_working_days_count_exactly_that_many_after_the_anchor(anchor, n, unit, state):
    end = count(anchor, n, unit, "after", state)
    between = [anchor + timedelta(days=k) for k in range(1, (end - anchor).days + 1)]
    assert sum(is_working_day(day, state) for day in between) == n
    assert is_working_day(end, state)


@given(days, st.integers(1, 40), working_units, states)
def test_working_days_count_backward_as_they_count_forward(anchor, n, unit, state):
    end = count(anchor, n, unit, "before", state)
    between = [anchor - timedelta(days=k) for k in range(1, (anchor - end).days + 1)]
    assert sum(is_working_day(day, state) for day in between) == n


@given(days, days, figures, st.sampled_from(["after", "before", "after_min"]), working_units, states)
def test_a_later_anchor_never_gives_an_earlier_day(one, other, n, direction, unit, state):
    first, second = sorted((one, other))
    for each in (unit, "calendar days", "months"):
        assert count(first, n, each, direction, state) <= count(second, n, each, direction, state)


@given(days, figures, states)
def test_more_days_never_give_an_earlier_deadline(anchor, n, state):
    for unit in ("calendar days", "business days"):
        assert count(anchor, n, unit, "after", state) <= count(anchor, n + 1, unit, "after", state)


@given(days, figures, states)
def test_an_earliest_day_does_not_roll(anchor, n, state):
    assert count(anchor, n, "calendar days", "after_min", state) == anchor + timedelta(days=n)


def test_days_then_the_first_working_day_roll_forward():
    unit = "calendar days, then first working day"
    assert count(date(2026, 3, 4), 10, unit, "not_before", "CA") == date(2026, 3, 16)


def test_months_end_with_a_shorter_month():
    assert count(date(2025, 8, 31), 6, "months", "after_min", "PA") == date(2026, 2, 28)
    assert count(date(2026, 3, 31), 1, "months", "before", "PA") == date(2026, 2, 27)


def test_the_same_day_is_the_same_day():
    assert count(date(2026, 7, 4), 0, "calendar days", "same_day", "NY") == date(2026, 7, 4)


def test_a_state_holiday_is_not_a_working_day_there_and_is_one_elsewhere():
    cesar_chavez_day = date(2026, 3, 31)
    assert not is_working_day(cesar_chavez_day, "CA")
    assert is_working_day(cesar_chavez_day, "WA")


@pytest.mark.parametrize("closed", ["2026-11-27", "2026-12-24", "2026-12-25", "2029-12-26", "2026-11-11"])
def test_texas_closes_on_national_holidays_and_three_days_of_its_own(closed):
    assert not is_working_day(date.fromisoformat(closed), "TX")


@pytest.mark.parametrize("open_day", ["2026-03-02", "2026-06-19", "2026-10-12", "2026-07-03"])
def test_texas_works_on_state_holidays_columbus_day_and_before_a_saturday_holiday(open_day):
    assert is_working_day(date.fromisoformat(open_day), "TX")


def test_the_eve_of_a_saturday_new_year_is_a_holiday_of_the_year_before():
    assert not is_working_day(date(2021, 12, 31), "US")


@pytest.mark.parametrize(
    ("n", "unit", "direction"),
    [
        (75, "miles", "max_distance"),
        (-1, "calendar days", "after"),
        (3, "calendar days", "max_count"),
        (3, "calendar days", "sideways"),
    ],
)
def test_what_gives_no_day_is_refused(n, unit, direction):
    with pytest.raises(ValueError, match="does not give a day"):
        count(date(2026, 3, 2), n, unit, direction, "CA")


# A malformed file


def broken(change):
    facts = snapshot("CA-QME")
    change(facts)
    return json.dumps(facts)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda f: f.update(schema="other/9"), "must say schema"),
        (lambda f: f.pop("rules"), "must have rules"),
        (lambda f: f["rules"].append("text"), r"Rule \? must be an object"),
        (lambda f: f["rules"][0].pop("url"), "Rule CA-QME-01 lacks url"),
        (lambda f: f["rules"][0].update(colour="red"), "Rule CA-QME-01 has an unknown colour"),
        (lambda f: f["rules"][0].update(confidence="X"), "unknown confidence 'X'"),
        (lambda f: f["rules"][0].update(confidence="house"), "unknown confidence 'house'"),
        (lambda f: f["rules"][0].update(unit="fortnights"), "unknown unit 'fortnights'"),
        (lambda f: f["rules"][0].update(direction="around"), "unknown direction 'around'"),
        (lambda f: f["rules"][0].update(n=None), "together, or none of them"),
        (lambda f: f["rules"][0].update(n="ten"), "whole number as its figure"),
        (lambda f: f["rules"][0].update(n=-3), "whole number as its figure"),
        (lambda f: f["rules"][0].update(n=[1, 2]), "whole number as its figure"),
        (lambda f: f["rules"][0].update(direction="window", n=[60, 30]), "the smaller first"),
        (lambda f: f["rules"][0].update(name=" "), "needs a text for name"),
        (lambda f: f["rules"][0].update(url="javascript:alert(1)"), "needs a web address"),
        (lambda f: f["rules"][0].update(checked_on="yesterday"), "checked_on as a date"),
        (lambda f: f["rules"][0].update(exam="ZZ"), "unknown examination kind 'ZZ'"),
        (lambda f: f["rules"][0].update(jurisdiction="NV"), "jurisdiction of its examination kind"),
        (lambda f: f["rules"].append(f["rules"][0]), "Rule CA-QME-01 is there twice"),
        (lambda f: f["house_defaults"][0].update(confidence="V"), "must say confidence house"),
        (lambda f: f["exam_kinds"]["CA-QME"].update(time_zones=["Mars/Olympus"]), "unknown time zone"),
        (lambda f: f["exam_kinds"]["CA-QME"].update(time_zones=[]), "needs a time zone"),
        (lambda f: f["exam_kinds"]["CA-QME"].update(time_zones="America/Denver"), "must be a list"),
    ],
)
def test_a_malformed_rule_file_is_refused_with_the_place_and_the_fault(change, sentence):
    with pytest.raises(RuleFileError, match=sentence):
        read_rules(broken(change))


def test_a_file_that_is_not_json_is_refused_with_its_line():
    with pytest.raises(RuleFileError, match=r"not JSON.*line 2"):
        read_rules('{"schema":\n oops}')


def test_a_list_is_not_a_rule_file():
    with pytest.raises(RuleFileError, match="must be one JSON object"):
        read_rules("[]")
