"""The rule book: managers change rules for good, and each open case is asked about it."""

import json
from datetime import date

import pytest

from portal.ime import deadlines, rule_book, rule_pages, rules
from portal.ime.process import NotAllowed, Refusal
from portal.ime.rule_pack import RuleFileError
from portal.models import AuditRecord, RuleChange, RuleSnapshot
from portal.words import Stage
from tests.databases import ON_BOTH

REPORT = "CA-QME-23"


def change(world, rule_id=REPORT, why="The text was amended.", seen=None, **facts):
    before = rules.plain(rule_book.in_force().named(rule_id))
    seen = rule_book.changed_last(rule_id) if seen is None else seen
    return rule_book.change_rule(facts=before | facts, why=why, by=world.coordinator, seen=seen)


@ON_BOTH
def test_a_changed_rule_is_in_force_at_once_and_its_history_is_kept(world, backend):
    change(world, n=28)
    change(world, n=27, why="Amended once more.")
    due = rules.report_due("CA-QME", date(2026, 3, 2), rule_book.in_force())
    assert due.date == date(2026, 3, 30), "27 days lead to a Sunday"
    assert [row.why for row in rule_book.history(REPORT)] == ["Amended once more.", "The text was amended."]
    assert rules.report_due("CA-QME", date(2026, 3, 2)).date == date(2026, 4, 1), "the file is as it was"
    assert AuditRecord.select().where(AuditRecord.thing == "rule_change").count() == 2


@ON_BOTH
def test_of_two_managers_at_one_rule_the_second_is_told(world, backend):
    change(world, n=28)
    with pytest.raises(Refusal, match="Somebody else changed this rule"):
        change(world, n=29, seen=0)
    assert RuleChange.select().count() == 1


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"n": -1}, "whole number"),
        ({"n": 4000}, "beyond 400"),
        ({"unit": "fortnights"}, "unknown unit"),
        ({"anchor": None}, "together"),
        ({"gate": "moon"}, "unknown gate"),
        ({"recipients": ["neighbour"]}, "unknown recipient"),
        ({"url": "javascript:alert(1)"}, "web address"),
        ({"checked_on": "soon"}, "date"),
        ({"rule": "  "}, "text for rule"),
        ({"rule": "\u200b\u2060"}, "text for rule"),
        ({"exam": "ZZ"}, "unknown examination kind"),
        ({"gate": "notice"}, 'cannot be "at the latest so long after" at "Notice'),
        ({"gate": "distance"}, "cannot be"),
        ({"n": 0}, "above zero"),
        ({"checked_on": "2999-01-01"}, "still to come"),
    ],
)
def test_a_faulty_rule_is_refused_in_a_sentence_and_nothing_is_kept(world, facts, said):
    with pytest.raises(Refusal, match=said):
        change(world, **facts)
    assert not RuleChange.select().exists()


UNFIT = {"gate": "distance", "n": 0, "checked_on": "2999-01-01"}


def test_what_is_kept_or_in_force_already_is_read_though_it_would_not_be_taken_today(world, case_at):
    case = case_at(Stage.REPORTING)
    facts = rules.plain(rules.rule(REPORT)) | UNFIT
    kept = RuleSnapshot.get(RuleSnapshot.case == case)
    stood = [facts if each["id"] == REPORT else each for each in kept.rules["rules"]]
    kept.rules = kept.rules | {"rules": stood}
    kept.save()
    RuleChange.create(
        rule=REPORT, exam_kind="CA-QME", facts=facts, after=0, why="Before.", by=world.coordinator
    )
    for pack in (rule_book.kept_on(case)[0], rules.pack_of(kept.rules), rule_book.in_force()):
        assert (pack.named(REPORT).gate, pack.named(REPORT).n) == ("distance", 0)
    other = json.loads(rule_book.as_text())
    assert not rule_book.difference(json.dumps(other)), "what stays as it is is not judged anew"
    next(each for each in other["rules"] if each["id"] == REPORT)["name"] = "Another name"
    with pytest.raises(RuleFileError, match=REPORT):
        rule_book.difference(json.dumps(other))


def test_a_file_with_a_rule_that_would_never_be_heard_is_not_loaded(world):
    for facts in ({"gate": "notice"}, {"n": 0}, {"checked_on": "2999-01-01"}):
        other = json.loads(rule_book.as_text())
        next(each for each in other["rules"] if each["id"] == REPORT).update(facts)
        with pytest.raises(RuleFileError, match=REPORT):
            rule_book.load(json.dumps(other), why="A try.", by=world.coordinator)
    assert not RuleChange.select().exists()


def test_a_change_needs_a_reason_and_a_difference(world):
    with pytest.raises(Refusal) as refused:
        change(world, n=28, why=" \u200b")
    assert refused.value.field == "why"
    with pytest.raises(Refusal, match="Nothing is different"):
        change(world)


def test_a_rule_is_switched_off_and_on_again(world):
    off = rule_book.switch_off(REPORT, why="Repealed.", by=world.coordinator, seen=0)
    due = rules.report_due("CA-QME", date(2026, 3, 2), rule_book.in_force())
    assert due.confidence == "house"
    assert [each.id for each in rule_book.switched_off()] == [REPORT]
    rule_book.switch_on(REPORT, why="A slip.", by=world.coordinator, seen=off.id)
    assert rule_book.in_force() == rules.on_file()
    assert rule_book.switched_off() == []


def test_a_house_default_stays_but_can_be_changed(world):
    with pytest.raises(Refusal, match="not switched off"):
        rule_book.switch_off("HOUSE-REPORT", why="No.", by=world.coordinator, seen=0)
    change(world, "HOUSE-REPORT", n=12)
    assert rule_book.in_force().named("HOUSE-REPORT").n == 12


def test_a_new_rule_joins_its_kind(world):
    facts = rules.plain(rules.rule("OR-WC-04")) | {"id": "OH-WC-90", "exam": "OH-WC", "jurisdiction": "OH"}
    rule_book.change_rule(facts=facts, why="Found.", by=world.coordinator, seen=0)
    notice = rules.notice_before_exam("OH-WC", date(2026, 7, 20), rule_book.in_force())
    assert notice.rule_id == "OH-WC-90"


# --- a whole file -----------------------------------------------------------------------------------------------


def test_what_is_printed_can_be_loaded_and_changes_nothing(world):
    assert not rule_book.difference(rule_book.as_text())


def test_a_file_is_loaded_whole_with_a_change_for_each_difference(world):
    facts = json.loads(rule_book.as_text())
    facts["rules"] = [each for each in facts["rules"] if each["id"] != "NH-WC-01"]
    facts["rules"][0]["rule"] += " Amended."
    facts["rules"].append({**facts["rules"][-1], "id": "UT-CIV-90"})
    found = rule_book.load(json.dumps(facts), why="The yearly review.", by=world.coordinator)
    assert (len(found.added), len(found.changed), len(found.missing)) == (1, 1, 1)
    assert not rule_book.difference(json.dumps(facts))
    assert {row.why for row in RuleChange.select()} == {"The yearly review."}


def test_a_malformed_file_is_refused_and_nothing_of_it_is_kept(world):
    facts = json.loads(rule_book.as_text())
    facts["rules"][0]["rule"] = "Other words."
    facts["rules"][-1]["n"] = "many"
    with pytest.raises(RuleFileError, match="UT-CIV"):
        rule_book.load(json.dumps(facts), why="A try.", by=world.coordinator)
    with pytest.raises(RuleFileError, match="not JSON"):
        rule_book.load("{", why="A try.", by=world.coordinator)
    assert not RuleChange.select().exists()


def an_extra_default(facts):
    facts["house_defaults"].append({**facts["house_defaults"][0], "id": "HOUSE-EXTRA"})


def a_default_among_the_rules(facts):
    house = facts["house_defaults"].pop(0)
    facts["rules"].append({**facts["rules"][0], "id": house["id"]})


def a_rule_among_the_defaults(facts):
    rule = facts["rules"].pop(0)
    facts["house_defaults"].append({**facts["house_defaults"][0], "id": rule["id"]})


def a_rule_of_another_kind(facts):
    moved = next(each for each in facts["rules"] if each["id"] == REPORT)
    moved["exam"] = "CA-CIV"


@pytest.mark.parametrize(
    "spoil",
    [an_extra_default, a_default_among_the_rules, a_rule_among_the_defaults, a_rule_of_another_kind],
)
def test_a_file_moves_no_rule_to_another_kind_and_brings_no_house_default_of_its_own(world, spoil):
    facts = json.loads(rule_book.as_text())
    spoil(facts)
    with pytest.raises(RuleFileError, match=r"house default|cannot become"):
        rule_book.difference(json.dumps(facts))
    with pytest.raises(RuleFileError):
        rule_book.load(json.dumps(facts), why="A try.", by=world.coordinator)
    assert rule_book.in_force() == rules.on_file() and not RuleChange.select().exists()


def test_a_rule_that_is_switched_off_does_not_come_back_as_one_of_another_kind(world):
    before = rules.plain(rules.rule(REPORT))
    rule_book.switch_off(REPORT, why="Repealed.", by=world.coordinator, seen=0)
    with pytest.raises(Refusal, match="cannot become one of CA-CIV"):
        rule_book.change_rule(facts=before | {"exam": "CA-CIV"}, why="So.", by=world.coordinator, seen=1)


def test_a_file_that_could_not_be_read_back_leaves_everything_as_it_was(world, monkeypatch):
    facts = json.loads(rule_book.as_text())
    facts["rules"][0]["rule"] += " Amended."
    real = rule_book.in_force

    def unreadable():
        if RuleChange.select().exists():
            raise RuleFileError("Rule US-FRCP35-01 is spoilt.")
        return real()

    monkeypatch.setattr(rule_book, "in_force", unreadable)
    with pytest.raises(RuleFileError, match="spoilt"):
        rule_book.load(json.dumps(facts), why="A try.", by=world.coordinator)
    assert not RuleChange.select().exists()


# --- the open cases ---------------------------------------------------------------------------------------------


@ON_BOTH
def test_a_change_moves_no_date_of_an_open_case_until_it_is_taken(world, case_at, backend):
    case = case_at(Stage.REPORTING)
    before = case.due_on
    row = change(world, n=20)
    assert case.id in {each.id for each in rule_book.behind()}
    assert deadlines.whats_next(case).due_on == before
    rule_book.adopt_rules(case, by=world.coordinator, seen=row.id)
    assert case.due_on < before
    assert case.id not in {each.id for each in rule_book.behind()}


def test_a_case_can_keep_the_rules_of_its_referral(world, case_at):
    case = case_at(Stage.REPORTING)
    before, row = case.due_on, change(world, n=20)
    with pytest.raises(Refusal) as refused:
        rule_book.keep_rules(case, by=world.coordinator, seen=row.id, why="")
    assert refused.value.field == "why"
    rule_book.keep_rules(case, by=world.coordinator, seen=row.id, why="Referred under the old text.")
    kept = RuleSnapshot.get(RuleSnapshot.case == case)
    assert (case.due_on, kept.knows, kept.considered) == (before, 0, row.id)


@ON_BOTH
def test_what_a_case_keeps_is_read_as_the_rules_it_was_referred_under(world, case_at, backend):
    case = case_at(Stage.REPORTING)
    row = change(world, n=20)
    snapshot = RuleSnapshot.get(RuleSnapshot.case == case)
    assert rule_book.kept_on(case) == (rules.pack_of(snapshot.rules), 0)
    assert rule_book.last_change(case.exam_kind) == rule_book.newest_change() == row.id
    snapshot.delete_instance()
    assert rule_book.kept_on(case) is None


def test_a_decision_about_a_change_that_is_outdated_is_refused(world, case_at):
    case, first = case_at(Stage.REPORTING), change(world, n=20)
    change(world, n=21)
    with pytest.raises(Refusal, match="once more"):
        rule_book.adopt_rules(case, by=world.coordinator, seen=first.id)
    with pytest.raises(NotAllowed):
        rule_book.adopt_rules(case, by=world.referrer, seen=first.id)


def test_a_change_of_another_kind_concerns_no_case(world, case_at):
    change(world, "NH-WC-01", n=60)
    assert list(rule_book.behind()) == []
    with pytest.raises(Refusal, match="no change"):
        rule_book.adopt_rules(case_at(Stage.REPORTING), by=world.coordinator, seen=1)


def test_a_change_of_a_text_is_shown_word_by_word():
    before = {"rule": "Within thirty days after the examination.", "n": 30}
    after = {"rule": "Within twenty days after the examination.", "n": 20}
    assert rule_pages.differences(before, after) == [
        (
            "What it says",
            [
                ("same", "Within"),
                ("gone", " thirty"),
                ("new", " twenty"),
                ("same", " days after the examination."),
            ],
        ),
        ("Figure", [("gone", "30"), ("new", "20")]),
    ]


def test_a_rule_that_moved_is_told_by_the_places_in_words():
    before, after = {"gate": "cancel_by_evaluator"}, {"gate": "cancel_by_claimant"}
    [(title, parts)] = rule_pages.differences(before, after)
    assert title == "Where the portal asks for it"
    assert [words.strip() for tag, words in parts if tag != "same"] == ["expert", "claimant"]
    [(_, parts)] = rule_pages.differences(before, {"gate": None})
    assert parts[-1] == ("new", "Nowhere: it is read by people alone")
    [(_, parts)] = rule_pages.differences({"effect": "notes"}, {"effect": "allows"})
    assert parts == [("gone", "Is good to know"), ("new", "Allows it")]


def test_long_texts_are_shown_whole_for_comparing_them_would_take_too_long():
    before, after = ("a b " * 100_000, "b a " * 100_000)
    assert rule_pages.word_by_word(before, after) == [("gone", before), ("new", after)]
    alike = "a b " * 250
    assert rule_pages.word_by_word(alike + "a", alike + "b")[0][0] == "same"


def test_a_whole_file_of_other_rules_is_loaded_in_a_moment_and_a_kind_is_not_changed_by_it(world):
    facts = json.loads(rule_book.as_text())
    for each in facts["rules"]:
        each["rule"] += " Amended."
    found = rule_book.load(json.dumps(facts), why="The yearly review.", by=world.coordinator, seen=0)
    assert len(found.changed) == len(facts["rules"])
    with pytest.raises(Refusal, match="changed meanwhile"):
        rule_book.load(json.dumps(facts), why="Again.", by=world.coordinator, seen=0)
    facts["exam_kinds"]["CA-QME"]["time_zones"] = ["America/New_York"]
    with pytest.raises(RuleFileError, match="Examination kind CA-QME"):
        rule_book.difference(json.dumps(facts))
