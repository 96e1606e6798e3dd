"""The rules on screen: everybody on the staff reads them, managers change them, an open case is asked."""

import pytest

from portal.ime import rule_book, rules
from portal.models import RuleChange, RuleOverride, RuleSnapshot
from portal.words import Stage

RULE = "/rules/rule/CA-QME-23"


def change(world, **facts):
    before = rules.plain(rule_book.in_force().named("CA-QME-23"))
    seen = rule_book.changed_last("CA-QME-23")
    return rule_book.change_rule(facts=before | facts, why="Amended.", by=world.coordinator, seen=seen)


@pytest.fixture
def manager(visitor, world):
    return visitor(world.coordinator)


@pytest.mark.parametrize("who", ["referrer", "coordinator", "expert"])
def test_everybody_on_the_staff_reads_the_rules_of_a_jurisdiction(world, visitor, who):
    reader = visitor(getattr(world, who)).opens("/rules").follows("California")
    assert reader.sees("At the latest 30 calendar days after the examination")
    assert reader.sees("8 CCR 38(a)")
    reader.follows("Report of the evaluation")
    assert (reader.sees("Stops the step") and "Change this rule" not in reader.text) or who == "coordinator"


def test_a_jurisdiction_or_a_rule_that_nobody_knows_is_not_there(world, visitor):
    reader = visitor(world.expert)
    assert reader.opens("/rules/ZZ").status == 404
    assert reader.opens("/rules/rule/CA-QME-99").status == 404
    assert reader.opens(f"{RULE}/change").status == 403


def test_every_jurisdiction_has_its_page(world, visitor):
    reader = visitor(world.referrer)
    for code in {kind.jurisdiction for kind in rules.exam_kinds().values()}:
        assert reader.opens(f"/rules/{code}").status == 200


def test_a_manager_changes_a_rule_and_the_history_says_so(world, manager):
    manager.opens(RULE).follows("Change this rule")
    manager.presses("Change the rule", n="28", why="The text was amended in October.")
    assert manager.sees("CA-QME-23 is changed.")
    assert manager.sees("At the latest 28 calendar days after the examination")
    assert manager.sees(f"{world.coordinator.name} changed it: The text was amended in October.")
    assert manager.sees("Figure") and rule_book.in_force().named("CA-QME-23").n == 28


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"n": "many"}, "whole number"),
        ({"n": "3 to 2", "direction": "window"}, "the smaller first"),
        ({"anchor": ""}, "together"),
        ({"url": "javascript:alert(1)"}, "web address"),
        ({"why": " "}, "Say why the rule is changed"),
        ({"name": ""}, "Give the rule a short name"),
        ({}, "Nothing is different"),
    ],
)
def test_a_faulty_change_is_told_in_a_sentence_and_keeps_what_was_typed(manager, typed, said):
    manager.opens(f"{RULE}/change").presses(
        "Change the rule", **{"why": "A try.", "actor": "QME/AME"} | typed
    )
    assert manager.status == 422 and manager.sees(said)
    assert all(manager.typed(name) == value.strip() for name, value in typed.items() if name in ("n", "url"))
    assert not RuleChange.select().exists()


def test_a_change_that_came_meanwhile_is_not_overwritten(world, manager):
    manager.opens(f"{RULE}/change")
    change(world, n=28)
    manager.presses("Change the rule", n="29", why="At the same time.")
    assert manager.status == 422 and manager.sees("Somebody else changed this rule meanwhile")
    assert rule_book.in_force().named("CA-QME-23").n == 28


def test_a_rule_is_switched_off_and_on_again(manager):
    manager.opens(RULE).follows("Switch it off").presses("Switch it off", why="Repealed.")
    assert manager.sees("Switched off")
    assert manager.opens("/rules/CA").sees("Switched off (1)")
    manager.opens(RULE).follows("Switch it on").presses("Switch it on", why="A slip.")
    assert not rule_book.switched_off()


def test_a_case_shows_its_dates_with_the_reason_of_each(world, visitor, case_at):
    case = case_at(Stage.REPORTING)
    for reader in (world.referrer, world.coordinator, world.expert):
        page = visitor(reader).opens(f"/cases/{case.reference}")
        assert page.sees("Dates under the rules") and page.sees("Why this date")
        assert page.sees("30 calendar days after the examination") and page.sees("Rule CA-QME-23")


def test_a_coordinator_decides_about_a_changed_rule_at_an_open_case(world, manager, visitor, case_at):
    case, before = case_at(Stage.REPORTING), case_at(Stage.REPORTING).due_on
    change(world, n=20)
    assert (
        not visitor(world.referrer).opens(f"/cases/{case.reference}").sees("Rules of this case were changed")
    )
    manager.opens(f"/cases/{case.reference}").follows("Decide which hold")
    assert manager.sees("Amended.") and manager.sees("By the changed rules")
    manager.presses("Save what holds")
    assert manager.status == 422 and manager.sees("Choose which rules hold for this case")
    manager.presses("Save what holds", decision="adopt")
    assert manager.sees("Noted.") and not manager.sees("Decide which hold")
    assert case_at(Stage.REPORTING).due_on < before


def test_a_case_that_keeps_its_rules_needs_a_reason(world, manager, case_at):
    case = case_at(Stage.REPORTING)
    change(world, n=20)
    assert manager.opens("/rules/open-cases").sees(case.reference)
    manager.opens(f"/cases/{case.reference}/rules")
    manager.presses("Save what holds", decision="keep")
    assert manager.status == 422 and manager.sees("Say why the case keeps its rules")
    manager.presses("Save what holds", decision="keep", why="Referred under the old text.")
    assert RuleSnapshot.get(RuleSnapshot.case == case).knows == 0
    assert not manager.opens("/rules/open-cases").sees(case.reference)


def test_what_was_overridden_is_shown_to_the_office_alone(world, visitor, case_at):
    case = case_at(Stage.REPORTING)
    RuleOverride.create(
        case=case,
        step="book_appointment",
        rule="CA-QME-07",
        sentence="Too late.",
        reason="Agreed.",
        by=world.coordinator,
    )
    assert visitor(world.coordinator).opens(f"/cases/{case.reference}").sees("Agreed.")
    assert not visitor(world.referrer).opens(f"/cases/{case.reference}").sees("Agreed.")
