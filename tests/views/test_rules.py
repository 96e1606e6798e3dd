"""The rules on screen: everybody on the staff reads them, managers change them, an open case is asked."""

import io
import json
from datetime import timedelta

import pytest

from portal import clock
from portal.forms.rules import packed
from portal.ime import rule_book, rules
from portal.models import AuditRecord, Bar, Case, Claimant, RuleChange, RuleOverride, RuleSnapshot
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
    assert reader.sees("Gives the date by which it is due, and stops nothing that is late.")
    assert "Change this rule" not in reader.text or who == "coordinator"


def test_the_list_and_the_page_of_a_rule_say_what_the_portal_does_about_it(world, visitor, manager):
    reader = visitor(world.referrer).opens("/rules?q=MA-IME-04")
    assert reader.sees("Gives the date") and reader.sees("Blocks")
    reader.follows("Report")
    assert reader.sees("Stops a report from going out without a copy")
    assert visitor(world.referrer).opens("/rules/rule/CA-QME-07").sees("Stops the step")
    manager.opens("/rules/rule/CA-QME-07").follows("Switch it off").presses("Switch it off", why="Repealed.")
    assert manager.sees("Switched off: it gives no date and stops nothing.")


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
        ({"gate": "notice"}, "cannot be"),
        ({"gate": "telehealth", "effect": "notes"}, "leave the figure out"),
        ({"n": "0"}, "above zero"),
        ({"checked_on-month": "1", "checked_on-day": "2", "checked_on-year": "2099"}, "still to come"),
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


# --- finding, adding, and a whole file --------------------------------------------------------------------------


def a_file(**changes):
    facts = json.loads(rule_book.as_text())
    for each in facts["rules"]:
        if each["id"] == "CA-QME-23":
            each.update(changes)
    return json.dumps(facts)


def sent(text, name="rules.json"):
    return (io.BytesIO(text.encode() if isinstance(text, str) else text), name)


def test_a_rule_is_found_by_its_words_and_by_what_it_is_about(world, visitor):
    reader = visitor(world.referrer)
    assert reader.opens("/rules?q=oregon+72").sees("72")
    assert "CA-QME-23" not in reader.text
    assert reader.opens("/rules?about=report&q=california").sees("CA-QME-23")
    assert not reader.opens("/rules?about=notice&q=california").sees("CA-QME-23")
    assert reader.opens("/rules?q=zzz").sees("Nothing was found")
    assert reader.opens("/rules?about=moon").sees("Not legal advice")


def test_a_page_says_what_a_rule_does_and_whether_it_was_changed_here(world, visitor):
    reader = visitor(world.expert).opens("/rules/CA")
    assert reader.sees("Blocks") and reader.sees("Note") and not reader.sees("Changed here")
    change(world, n=28)
    assert reader.opens("/rules/CA").sees("Changed here")


def test_a_manager_adds_a_rule(world, manager):
    typed = {
        "exam": "OH-WC",
        "name": "Notice",
        "rule": "Ten days before.",
        "topic": "notice",
        "gate": "notice",
        "n": "10",
        "unit": "calendar days",
        "direction": "before_min",
        "anchor": "exam",
        "citation": "OAC 1",
        "url": "https://codes.ohio.gov/",
        "confidence": "S",
        "why": "Found.",
        "checked_on-year": "2026",
        "checked_on-month": "5",
        "checked_on-day": "4",
    }
    manager.opens("/rules").follows("Add a rule")
    assert {each.get("name") for each in manager.tree.xpath("//main//select")} == {
        *("exam", "gate", "unit", "direction", "anchor", "effect")
    }
    assert {each.get("name") for each in manager.tree.xpath("//main//input[@type='radio']")} == {"confidence"}
    manager.presses("Add the rule", **typed, id="a rule")
    assert manager.status == 422 and manager.sees("Use capital letters")
    manager.presses("Add the rule", **typed, id="CA-QME-23")
    assert manager.status == 422 and manager.sees("is there already")
    manager.presses("Add the rule", **typed, id="OH-WC-90")
    assert manager.sees("OH-WC-90 is added.") and rule_book.in_force().named("OH-WC-90").n == 10
    assert manager.opens("/rules/changes").sees("Found.")


def test_a_file_is_looked_at_before_it_is_loaded(world, manager):
    manager.opens("/rules").follows("Load a rule file")
    manager.presses("Show what would change", file=sent(a_file(n=27)))
    assert manager.sees("0 rules added, 1 changed, 0 switched off") and not RuleChange.select().exists()
    manager.presses("Load these rules")
    assert manager.status == 422 and manager.sees("Say why the rules are changed")
    manager.presses("Load these rules", why="The yearly review.")
    assert manager.sees("The rules of the file are in force.") and manager.sees("The yearly review.")
    assert rule_book.in_force().named("CA-QME-23").n == 27


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        (b"\xff\xfe\x00", "not text in UTF-8"),
        ("[]", "must be one JSON object"),
        (None, "Choose the rule file"),
        ("[" * 200_000, "nested too deep"),
        ({"rule": "x\ud800"}, "cannot be printed"),
        ({"id": "a/../b <x>\ud800"}, "cannot be printed"),
        ({"n": -4}, "Rule CA-QME-23 needs a whole number as its figure"),
        ({}, "Nothing is different"),
    ],
)
def test_a_file_that_will_not_do_is_told_in_a_sentence_and_nothing_is_saved(manager, text, said):
    text = a_file(**text) if isinstance(text, dict) else text
    manager.opens("/rules/file").presses("Show what would change", **({"file": sent(text)} if text else {}))
    assert manager.status == 422 and manager.sees(said)
    assert not RuleChange.select().exists()


def test_the_rules_in_force_are_downloaded_and_change_nothing(manager):
    sent_back = manager.opens("/rules/file").client.get("/rules/file/current")
    assert sent_back.status_code == 200 and "attachment" in sent_back.headers["Content-Disposition"]
    manager.opens("/rules/file").presses("Show what would change", file=sent(sent_back.data))
    assert manager.status == 422 and manager.sees("Nothing is different")


def test_a_file_that_was_looked_at_before_another_change_is_not_loaded(world, manager):
    manager.opens("/rules/file").presses("Show what would change", file=sent(a_file(n=27)))
    change(world, n=28)
    manager.presses("Load these rules", why="The yearly review.")
    assert manager.status == 422 and manager.sees("Rules were changed meanwhile")
    assert rule_book.in_force().named("CA-QME-23").n == 28


@pytest.mark.parametrize("kept", ["garbage", "", "é", packed("[" * 200_000), packed("{}")])
@pytest.mark.parametrize("why", ["", "A try."])
def test_a_forged_file_on_the_second_page_is_told_in_a_sentence(manager, kept, why):
    manager.opens("/rules/file").presses("Show what would change", file=sent(a_file(n=27)))
    manager.presses("Load these rules", kept=kept, why=why)
    assert manager.status == 422 and manager.sees("The rule file")
    assert not RuleChange.select().exists()


def test_a_change_says_how_many_open_cases_it_concerns(manager, case_at):
    case_at(Stage.REPORTING)
    manager.opens(f"{RULE}/change").presses("Change the rule", n="28", why="Amended.")
    assert manager.sees("open case") and manager.sees("until somebody decides there")


def test_a_fault_stands_at_its_field(manager):
    manager.opens(f"{RULE}/change").presses("Change the rule", n="many", why="A try.")
    assert manager.tree.get_element_by_id("n-error") is not None


def test_a_changed_rule_is_a_task_on_the_desk_of_the_coordinator_until_they_decide(world, visitor, case_at):
    case = case_at(Stage.REPORTING)
    desk = visitor(world.coordinator)
    assert not desk.opens("/").sees("Rules changed: look")
    row = change(world, n=20)
    assert desk.opens("/").sees("Rules changed: look") and desk.sees("Decide which rules hold for this case")
    assert not visitor(world.referrer).opens("/").sees("Rules changed: look")
    rule_book.keep_rules(case, by=world.coordinator, seen=row.id, why="Referred before.")
    assert f"/cases/{case.reference}/rules" not in desk.opens("/").text


def row_of(page, case):
    [row] = page.tree.xpath(
        "//li[contains(@class, 'row')][contains(., $ref)][contains(., 'rules') or contains(., 'changed')]",
        ref=case.reference,
    )
    return " ".join(row.text_content().split())


def test_a_case_to_decide_names_its_claimant_and_the_kind_and_is_on_record(world, visitor, case_at):
    case, kind = case_at(Stage.REPORTING), rules.exam_kinds()["CA-QME"].name
    change(world, n=20)
    desk = visitor(world.coordinator)
    for page, said in (("/", "Decide which rules hold"), ("/rules/open-cases", "Look at what changed")):
        row = row_of(desk.opens(page), case)
        assert row.startswith(f"{case.claimant.name}{case.reference} · {kind}") and said in row
        assert case.id in AuditRecord.select().order_by(AuditRecord.id.desc()).get().facts["cases"]


def test_whom_a_manager_may_not_see_is_not_named_among_the_cases_to_decide(world, visitor, case_at):
    case, seen = case_at(Stage.REPORTING), case_at(Stage.CHECKING)
    Claimant.update(name="Ada Unseen").where(Claimant.id == case.claimant_id).execute()
    change(world, n=20)
    manager = visitor(world.coordinator)
    for page in ("/", "/rules/open-cases"):
        assert manager.opens(page).sees("Ada Unseen")
    Bar.create(case=case, user=world.coordinator, why="A cousin.", placed_by=world.second_coordinator)
    for page in ("/", "/rules/open-cases"):
        assert not manager.opens(page).sees("Ada Unseen") and not manager.sees(case.reference)
        assert manager.sees(seen.reference)


# --- why this date ----------------------------------------------------------------------------------------------


def test_the_writer_and_the_letter_open_why_the_report_is_due_then(world, visitor, case_at):
    case = case_at(Stage.REPORTING)
    writer = visitor(world.expert).opens(f"/cases/{case.reference}/report")
    assert writer.sees("Why this date") and writer.sees("30 calendar days after the examination")
    letter = visitor(world.coordinator).opens(f"/cases/{case_at(Stage.BOOKED).reference}/brief")
    assert letter.sees("Why this date") and letter.sees("Rule CA-QME-23")


def test_the_screening_opens_why_the_addendum_is_due_then(world, visitor, case_at):
    case = case_at(Stage.CLARIFYING)
    page = visitor(world.coordinator).opens(f"/cases/{case.reference}/clarification/screening")
    assert page.sees("60 calendar days after the request") and page.sees("Why ") and page.sees("8 CCR 38")


def test_a_date_that_the_rules_cannot_keep_opens_the_rule_behind_it(world, visitor, case_at):
    case = case_at(Stage.REFERRED)
    Case.update(report_needed_by=clock.today() + timedelta(days=20)).where(Case.id == case.id).execute()
    page = visitor(world.coordinator).opens(f"/cases/{case.reference}/acceptance")
    assert page.sees("By the rule that holds") and page.sees("Why this date")
