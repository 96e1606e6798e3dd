"""The rules of the jurisdictions for anyone signed in; changing one, for managers; and a change at an open case."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, abort, g, request, url_for

from portal import clock
from portal.forms.rules import (
    HOUSE_ONLY,
    LONGEST_FILE,
    DecisionForm,
    LoadForm,
    NewRuleForm,
    RuleFileForm,
    RuleForm,
    SwitchForm,
    packed,
    unpacked,
)
from portal.ime import deadlines, rule_book, rule_pages
from portal.ime.explanation import Explained
from portal.ime.particulars import Particulars
from portal.ime.process import Refusal
from portal.ime.rule_book import HISTORY, MOST_CONCERNED, adopt_rules, keep_rules
from portal.ime.rule_consequence import consequences
from portal.ime.rule_pack import EVERY_KIND, GATES, HOUSE, Rule, RuleFileError, RulePack
from portal.ime.rule_pages import MOST_FOUND
from portal.ime.rules import exam_kinds, on_file, pack_of, plain
from portal.models import Case, RuleChange
from portal.policy import ENGAGED, is_manager
from portal.web import trail
from portal.web.download import attachment
from portal.web.formats import count
from portal.web.limits import EXPORT, limited
from portal.web.page import done, page, take
from portal.web.routing import freshly, manages, number_of, performs, signed_in
from portal.web.security import takes_files
from portal.words import Party, Role, Stage

bp = Blueprint("rules", __name__)
STAFF = (Role.REFERRER, Role.COORDINATOR, Role.EXPERT)


@bp.route("/rules")
@signed_in(*STAFF)
def jurisdictions() -> Any:
    """Every jurisdiction, or the rules that hold what was searched for."""
    words, gate = request.args.get("q", "").strip()[:100], request.args.get("about", "")
    gate = gate if gate in GATES else ""
    pack = rule_book.in_force()
    found = rule_pages.matching(pack, words, gate) if words or gate else []
    return page(
        "rules/jurisdictions.html",
        jurisdictions=rule_pages.jurisdictions(),
        words=words,
        gate=gate,
        gates=GATES,
        found=found[:MOST_FOUND],
        are_more=len(found) > MOST_FOUND,
        names={code: f"{each.jurisdiction_name}: {each.name}" for code, each in pack.exam_kinds.items()},
        shown=describer(pack),
        is_managed=is_manager(g.person),
    )


@bp.route("/rules/<code:state>")
@signed_in(*STAFF)
def jurisdiction(state: str) -> Any:
    found = rule_pages.jurisdiction(state) or abort(404)
    pack, off = rule_book.in_force(), rule_book.switched_off()
    kinds = [
        (kind, rule_pages.by_topic(pack.of(kind.code)), [r for r in off if r.exam == kind.code])
        for kind in found.kinds
    ]
    return page(
        "rules/jurisdiction.html",
        jurisdiction=found,
        kinds=kinds,
        defaults=pack.house_defaults,
        shown=describer(pack),
    )


@bp.route("/rules/rule/<code:called>")
@signed_in(*STAFF)
def read(called: str) -> Any:
    pack = rule_book.in_force()
    rule, is_on = named(called), pack.named(called) is not None
    return page(
        "rules/read.html",
        rule=rule,
        about=describer(pack)(rule),
        is_on=is_on,
        sisters=rule_pages.sister_rules(pack, rule),
        changes=changes(called) if g.person.role == Role.COORDINATOR else [],
        may_change=is_manager(g.person),
        is_house=rule.exam == EVERY_KIND,
    )


def named(called: str) -> Rule:
    """The rule in force, or as it stood before it was switched off."""
    rule = rule_book.in_force().named(called)
    return rule or next((each for each in rule_book.switched_off() if each.id == called), None) or abort(404)


def describer(pack: RulePack) -> Callable[[Rule], dict[str, Any]]:
    """What a page says of any rule beside its words: the figure, how well it is known, what it does, if it was changed."""
    changed = rule_book.changed_here()

    def shown(rule: Rule) -> dict[str, Any]:
        sure, tone = rule_pages.SURE[rule.confidence]
        found = consequences(pack, rule)
        return {
            "figure": rule_pages.figure(rule),
            "sure": sure,
            "tone": tone,
            "effects": list(dict.fromkeys((each.word, each.tone) for each in found)),
            "enforced": " ".join(each.sentence for each in found),
            "is_changed": rule.id in changed,
        }

    return shown


def changes(called: str) -> list[dict[str, Any]]:
    """The history of a rule, the newest first, each change with the words before and after."""
    rows = rule_book.history(called)
    filed = on_file().named(called)
    before = [*rows[1:], None][: len(rows)]
    return [
        {
            "row": row,
            "said": said(row, earlier),
            "differences": rule_pages.differences(facts_before(earlier, filed), row.facts),
        }
        for row, earlier in zip(rows, before, strict=True)
    ]


def facts_before(earlier: RuleChange | None, filed: Rule | None) -> dict[str, Any] | None:
    return earlier.facts if earlier else plain(filed) if filed else None


def said(row: RuleChange, earlier: RuleChange | None) -> str:
    if row.facts is None:
        return "switched it off"
    return "switched it on again" if earlier is not None and earlier.facts is None else "changed it"


# --- for managers -----------------------------------------------------------------------------------------------


@bp.route("/rules/rule/<code:called>/change", methods=["GET", "POST"])
@manages
@freshly
def change(called: str) -> Any:
    rule = named(called)
    form = RuleForm.of(plain(rule), rule_book.changed_last(called))
    if rule.confidence == HOUSE:
        form.confidence.choices = HOUSE_ONLY
    if form.validate_on_submit() and take(form, lambda: rule_book.change_rule(**changed(form, plain(rule)))):
        return done(f"{called} is changed. {concerned(rule)}", url_for(".read", called=called))
    return page("rules/change.html", "rules/_change_form.html", form=form, rule=rule)


def changed(form: RuleForm, before: dict[str, Any]) -> dict[str, Any]:
    return {
        "facts": form.facts(before),
        "why": form.why.data,
        "by": g.person,
        "seen": number_of(form.seen.data),
    }


def concerned(rule: Rule) -> str:
    """What a change means for the cases that are under way."""
    number = len(rule_book.concerned(g.person, rule.exam))
    if not number:
        return "No open case is concerned."
    cases = (
        f"more than {MOST_CONCERNED} open cases" if number > MOST_CONCERNED else count(number, "open case")
    )
    return f"Dates stay as they are in {cases}, until somebody decides there."


@bp.route("/rules/new", methods=["GET", "POST"])
@manages
@freshly
def add() -> Any:
    form = NewRuleForm()
    if form.validate_on_submit() and take(form, lambda: rule_book.add_rule(**added(form))):
        return done(f"{form.id.data} is added.", url_for(".read", called=form.id.data))
    return page("rules/add.html", "rules/_change_form.html", form=form)


def added(form: NewRuleForm) -> dict[str, Any]:
    return {"facts": form.facts({}), "why": form.why.data, "by": g.person}


@bp.route("/rules/changes")
@manages
def changed_rules() -> Any:
    """Every change of every rule, the newest first."""
    rows = rule_book.recent(number_of(request.args.get("before")))
    filed = on_file()
    return page(
        "rules/changes.html",
        rows=rows[:HISTORY],
        names={each.rule: name_of(each, filed.named(each.rule)) for each in rows},
        more=url_for(".changed_rules", before=rows[HISTORY - 1].id) if len(rows) > HISTORY else None,
    )


def name_of(row: RuleChange, filed: Rule | None) -> str:
    return row.facts["name"] if row.facts else filed.name if filed else row.rule


# --- a whole file -----------------------------------------------------------------------------------------------


@bp.route("/rules/file", methods=["GET", "POST"])
@manages
@freshly
@takes_files
def load() -> Any:
    """A rule file: first what it would change, then the reason, then all of it or nothing."""
    if request.method == "POST" and "kept" in request.form:
        return loaded(LoadForm())
    form, read = RuleFileForm(), []
    if form.validate_on_submit() and take(form, lambda: read.append(looked_at(form.file.data))):
        [(text, difference)] = read
        return before_loading(filled(text), difference)
    return page("rules/load.html", form=form, difference=None)


@bp.route("/rules/file/current")
@manages
@limited(EXPORT)
def current_file() -> Response:
    """The rules in force as a file, to be changed and loaded again."""
    text = rule_book.as_text().encode()
    return attachment(iter((text,)), f"rules {clock.today()}.json", "application/json", len(text))


def looked_at(sent: Any) -> tuple[str, rule_book.Difference]:
    """The text of a file, and what it would change; refused where it is no rule file, or nothing is different."""
    try:
        text = sent.stream.read(LONGEST_FILE + 1).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refusal("The rule file is not text in UTF-8.", field="file") from None
    if len(text) > LONGEST_FILE:
        raise Refusal("The rule file is larger than 2 MB.", field="file")
    difference = compared(text, "file")
    if not difference:
        raise Refusal("Nothing is different from the rules in force.", field="file")
    return text, difference


def compared(text: str, field: str) -> rule_book.Difference:
    try:
        return rule_book.difference(text)
    except RuleFileError as fault:
        raise Refusal(str(fault), field=field) from fault


def filled(text: str) -> LoadForm:
    """The form of the second page, whatever came with the first."""
    return LoadForm(formdata=None, data={"kept": packed(text), "seen": rule_book.newest_change()})


def before_loading(form: LoadForm, difference: rule_book.Difference) -> Any:
    pairs = [(now, rule_pages.differences(plain(then), plain(now))) for then, now in difference.changed]
    return page("rules/load.html", form=form, difference=difference, pairs=pairs)


def loaded(form: LoadForm) -> Any:
    text = unpacked(form.kept.data)
    by, seen = g.person, number_of(form.seen.data)
    try:
        if form.validate_on_submit() and take(
            form, lambda: rule_book.load(text, why=form.why.data, by=by, seen=seen)
        ):
            return done("The rules of the file are in force.", url_for(".changed_rules"))
        return before_loading(form, rule_book.difference(text))
    except RuleFileError as fault:
        form = RuleFileForm(formdata=None)
        form.file.errors = [str(fault)]
        return page("rules/load.html", form=form, difference=None)


@bp.route("/rules/rule/<code:called>/switch", methods=["GET", "POST"])
@manages
@freshly
def switch(called: str) -> Any:
    rule, is_on = named(called), rule_book.in_force().named(called) is not None
    form, verb = (
        SwitchForm(seen=rule_book.changed_last(called)),
        rule_book.switch_off if is_on else rule_book.switch_on,
    )
    if form.validate_on_submit() and take(
        form,
        lambda: verb(called, why=form.why.data, by=g.person, seen=number_of(form.seen.data)),
    ):
        return done(f"{called} is switched {'off' if is_on else 'on'}.", url_for(".read", called=called))
    return page("rules/switch.html", "rules/_switch_form.html", form=form, rule=rule, is_on=is_on)


@bp.route("/rules/open-cases")
@manages
def open_cases() -> Any:
    """The open cases that a change concerns, as far as the manager may see them."""
    cases = rule_book.concerned(g.person)
    trail.lists(case.id for case in cases[:MOST_CONCERNED])
    return page(
        "rules/open_cases.html",
        cases=cases[:MOST_CONCERNED],
        are_more=len(cases) > MOST_CONCERNED,
        names={code: each.name for code, each in exam_kinds().items()},
    )


# --- at a case --------------------------------------------------------------------------------------------------


@bp.route("/cases/<ref:ref>/rules", methods=["GET", "POST"])
@performs(adopt_rules)
def decide(case: Case) -> Any:
    rows = rule_book.changes_since(case)
    form = DecisionForm(seen=rows[-1].id if rows else 0)
    if form.validate_on_submit() and take(form, lambda: settle(case, form)):
        return done("Noted. The case follows the rules that you chose.", case)
    return page(
        "rules/decide.html",
        "rules/_decide_form.html",
        form=form,
        case=case,
        rows=[{"row": row, "differences": differences_at(case, row)} for row in rows],
        dates=both(case),
    )


def settle(case: Case, form: DecisionForm) -> None:
    seen = number_of(form.seen.data)
    if form.decision.data == "adopt":
        adopt_rules(case, by=g.person, seen=seen)
    else:
        keep_rules(case, by=g.person, seen=seen, why=form.why.data)


def differences_at(case: Case, row: RuleChange) -> list[tuple[str, list[rule_pages.Part]]]:
    """What a change means against the rule that is kept on the case."""
    kept = pack_of(deadlines.kept_rules(case)).named(row.rule)
    return rule_pages.differences(plain(kept) if kept else None, row.facts)


def both(case: Case) -> list[tuple[str, Explained | None, Explained | None]]:
    """Each date of the case by the rules it keeps and by those of now."""
    then, now = (
        deadlines.by_rules(case, deadlines.kept_rules(case)),
        deadlines.by_rules(case, rule_book.in_force()),
    )
    return [(name, then[name], now.get(name)) for name in then]


# --- on the case page -------------------------------------------------------------------------------------------

NOT_YET = {Stage.DRAFT, Stage.RETURNED, Stage.DECLINED, Stage.WITHDRAWN}


def section(case: Case, party: Party, listed: Particulars) -> dict[str, Any] | None:
    """The dates that come from a rule, each with why; for the office also a change that waits, and what was overridden."""
    if party not in ENGAGED or case.stage in NOT_YET:
        return None
    found = rule_book.kept_on(case)
    if found is None:
        return None
    kept, considered = found
    is_office = party == Party.COORDINATOR
    return {
        "dates": [(name, each) for name, each in deadlines.by_rules(case, kept).items() if each],
        "changed_href": url_for("rules.decide", ref=case.reference)
        if is_office and case.is_open and rule_book.last_change(case.exam_kind) > considered
        else None,
        "overrides": rule_book.overrides(case) if is_office else [],
        "state": kept.exam_kinds[case.exam_kind].jurisdiction,
    }
