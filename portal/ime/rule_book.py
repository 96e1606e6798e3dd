"""The rule book: the rules of the file with what managers changed since, each change kept for good with its reason."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from peewee import SQL, IntegrityError, fn

from portal import audit, clock
from portal.db import database
from portal.ime import rules
from portal.ime.process import Refusal, remember, step
from portal.ime.rule_fitness import refuse_unfit
from portal.ime.rule_pack import (
    EVERY_KIND,
    ID,
    SCHEMA,
    Rule,
    RuleFileError,
    RulePack,
    overlaid,
    read_brought,
    read_rule,
)
from portal.ime.rules import on_file, plain, read_kept
from portal.kept import Kept, bind
from portal.models import Case, Claimant, RuleChange, RuleOverride, RuleSnapshot, User
from portal.policy import Person, seeing, sight
from portal.words import Act, Role
from portal.written import readable

MOST_CONCERNED = 100
HISTORY = 50  # changes on a page
STALE = "Somebody else changed this rule meanwhile. Look at it as it is now, then change it again."


# --- what is in force -------------------------------------------------------------------------------------------


def in_force() -> RulePack:
    """The rules that hold now, in one short read."""
    newest: Any = RuleChange.select(fn.MAX(RuleChange.id)).group_by(RuleChange.rule)
    rows = list(RuleChange.select().where(RuleChange.id.in_(newest)).order_by(RuleChange.id))
    return overlaid(on_file(), {row.rule: row.facts for row in rows}) if rows else on_file()


NEWEST = Kept(lambda: RuleChange.select(fn.MAX(RuleChange.id)))
LAST = Kept(
    lambda: RuleChange.select(fn.MAX(RuleChange.id)).where(
        RuleChange.exam_kind.in_([bind("code"), EVERY_KIND])
    )
)


def last_change(code: str) -> int:
    """The number of the last change that concerns a kind; 0 before the first."""
    return LAST.rows(code=code)[0][0] or 0


def newest_change() -> int:
    """The number of the last change of all; 0 before the first."""
    return NEWEST.rows()[0][0] or 0


def changed_here() -> set[str]:
    """The ids of the rules that are not, or were not always, as in the file."""
    return {row.rule for row in RuleChange.select(RuleChange.rule).distinct()}


def take_snapshot(case: Case) -> None:
    """Keep the rules of now on a case that is referred."""
    kept = rules.snapshot(case.exam_kind, in_force())
    newest = last_change(case.exam_kind)
    RuleSnapshot.create(case=case, rules=kept, knows=newest, considered=newest)


ON_CASE = Kept(
    lambda: RuleSnapshot.select(RuleSnapshot.rules.cast("text"), RuleSnapshot.considered).where(
        RuleSnapshot.case == bind("case")
    )
)


def kept_on(case: Case) -> tuple[RulePack, int] | None:
    """The rules that a case keeps, and the number of the last change of which somebody decided for it; None where it
    keeps none."""
    found = ON_CASE.rows(case=case.id)
    return (read_kept(found[0][0]), found[0][1]) if found else None


OVERRIDES = Kept(
    lambda: (
        RuleOverride.select(RuleOverride, User)
        .join(User)
        .where(RuleOverride.case == bind("case"))
        .order_by(RuleOverride.id)
    )
)


def overrides(case: Case) -> list[RuleOverride]:
    """The rules of a case that were overridden, in their order, each with who did it."""
    return OVERRIDES.models(case=case.id)


# --- changing them ----------------------------------------------------------------------------------------------


def change_rule(*, facts: dict[str, Any], why: str, by: User, seen: int) -> RuleChange:
    """Change or add a rule; `facts` is the whole rule as plain JSON, `seen` the number of its last change that the
    manager had before them (0: none). Refuses a faulty rule, a reason that is missing, and a change in between."""
    pack = in_force()
    try:
        rule = read_rule(pack, facts)
        refuse_elsewhere([rule])
        refuse_unfit(rule, clock.today(), as_it_stood(rule.id))
    except RuleFileError as fault:
        raise Refusal(str(fault), field=fault.field) from fault
    current = pack.named(rule.id)
    if current is not None and plain(current) == plain(rule):
        raise Refusal("Nothing is different from the rule as it stands.")
    return keep(rule.id, rule.exam, plain(rule), why, by, seen)


def add_rule(*, facts: dict[str, Any], why: str, by: User) -> RuleChange:
    """A rule that no file has, under an id of its own."""
    name = str(facts["id"])
    if not ID.fullmatch(name):
        raise Refusal("Use capital letters, figures and hyphens, like CA-QME-90.", field="id")
    if last_facts(name) is not None:
        raise Refusal("A rule of this number is there already.", field="id")
    return change_rule(facts=facts, why=why, by=by, seen=0)


def switch_off(rule_id: str, *, why: str, by: User, seen: int) -> RuleChange:
    """The rule gives no date and stops nothing any more. A house default stays, or dates would have no reason."""
    rule = in_force().named(rule_id)
    if rule is None:
        raise Refusal("This rule is switched off already.")
    if rule.exam == EVERY_KIND:
        raise Refusal("A house default can be changed, but not switched off.")
    return keep(rule.id, rule.exam, None, why, by, seen)


def switch_on(rule_id: str, *, why: str, by: User, seen: int) -> RuleChange:
    """The rule holds again as it stood before it was switched off."""
    before = last_facts(rule_id)
    if before is None or in_force().named(rule_id):
        raise Refusal("This rule is not switched off.")
    return change_rule(facts=before, why=why, by=by, seen=seen)


def refuse_elsewhere(read: Iterable[Rule]) -> None:
    """A rule stays with its kind of examination, also while it is switched off, and no house default joins those that
    the portal asks for. Raises `RuleFileError`."""
    known = kinds_known()
    for rule in read:
        if rule.exam == EVERY_KIND and rule.id not in known:
            raise RuleFileError(f"Rule {rule.id} is a house default that the portal does not ask for.", "id")
        if known.get(rule.id, rule.exam) != rule.exam:
            raise RuleFileError(
                f"Rule {rule.id} is one of {known[rule.id]} and cannot become one of {rule.exam}.", "exam"
            )


def kinds_known() -> dict[str, str]:
    """The examination kind of every rule there is or was, by the rule's id."""
    filed = {each.id: each.exam for each in (*on_file().rules, *on_file().house_defaults)}
    return {
        row.rule: row.exam_kind for row in RuleChange.select(RuleChange.rule, RuleChange.exam_kind)
    } | filed


def keep(
    rule_id: str, exam_kind: str, facts: dict[str, Any] | None, why: str, by: User, seen: int
) -> RuleChange:
    if not (why := readable(why)):
        raise Refusal("Say why the rule is changed.", field="why")
    try:
        with database.atomic():
            if changed_last(rule_id) != seen:
                raise Refusal(STALE)
            row = RuleChange.create(
                rule=rule_id, exam_kind=exam_kind, facts=facts, after=seen, why=why, by=by
            )
            audit.record(Act.CHANGED, row, rule=rule_id)
    except IntegrityError:
        raise Refusal(STALE) from None
    return row


def changed_last(rule_id: str) -> int:
    """The number of the last change of a rule, 0 where it stands as in the file."""
    found: Any = RuleChange.select(fn.MAX(RuleChange.id)).where(RuleChange.rule == rule_id)
    return found.scalar() or 0


def last_facts(rule_id: str) -> dict[str, Any] | None:
    """A rule as it stood last, whether it is in force or not."""
    rows = RuleChange.select().where((RuleChange.rule == rule_id) & RuleChange.facts.is_null(False))
    last = rows.order_by(RuleChange.id.desc()).first()
    if last:
        return dict(last.facts)
    filed = on_file().named(rule_id)
    return plain(filed) if filed else None


def history(rule_id: str) -> list[RuleChange]:
    """The changes of a rule, the newest first, each with who made it."""
    return list(
        RuleChange.select(RuleChange, User)
        .join(User)
        .where(RuleChange.rule == rule_id)
        .order_by(RuleChange.id.desc())
    )


def recent(before: int) -> list[RuleChange]:
    """The changes of all rules below a number, the newest first, each with who made it; one more than a page holds."""
    rows = RuleChange.select(RuleChange, User).join(User).where(RuleChange.id < before)
    return list(rows.order_by(RuleChange.id.desc()).limit(HISTORY + 1))


def switched_off() -> list[Rule]:
    """The rules that are switched off, as they stood before."""
    pack, off = in_force(), RuleChange.select(RuleChange.rule).where(RuleChange.facts.is_null()).distinct()
    gone = [row.rule for row in off if pack.named(row.rule) is None]
    return [rule for name in gone if (rule := as_it_stood(name))]


def as_it_stood(rule_id: str) -> Rule | None:
    """A rule as it stood last, whether it is in force or not."""
    facts = last_facts(rule_id)
    return read_rule(on_file(), facts) if facts else None


# --- a whole file -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Difference:
    """How a rule file differs from what is in force: rules that are new, other, or not in it."""

    added: list[Rule]
    changed: list[tuple[Rule, Rule]]
    missing: list[Rule]

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.missing)

    @property
    def brought(self) -> list[Rule]:
        """The rules that the file brings, new or other than they are."""
        return [*self.added, *(now for _, now in self.changed)]


def difference(text: str) -> Difference:
    """What loading a rule file would change. Raises `RuleFileError` naming the first fault; what stays as it is in force
    is not judged anew."""
    new, now = read_brought(text), in_force()
    before = {each.id: each for each in (*now.rules, *now.house_defaults)}
    after = {each.id: each for each in (*new.rules, *new.house_defaults)}
    refuse_elsewhere(after.values())
    unknown = [each for each in new.exam_kinds if each not in now.exam_kinds]
    if unknown:
        raise RuleFileError(f"Examination kind {unknown[0]} is not one that the portal knows.")
    other = [name for name, each in new.exam_kinds.items() if now.exam_kinds[name] != each]
    if other:
        raise RuleFileError(
            f"Examination kind {other[0]} is not as the portal has it: a file changes rules alone."
        )
    found = Difference(
        added=[each for name, each in after.items() if name not in before],
        changed=[
            (before[name], each) for name, each in after.items() if name in before and before[name] != each
        ],
        missing=[each for name, each in before.items() if name not in after and each.exam != EVERY_KIND],
    )
    for each in found.brought:
        refuse_unfit(each, clock.today(), before.get(each.id))
    return found


def load(text: str, *, why: str, by: User, seen: int | None = None) -> Difference:
    """Make the rules in force those of a file: each difference is a change of its own, all or none. `seen` is the
    number of the last change when the manager looked at what would change; another since then is refused. Raises
    `RuleFileError` for a file that will not do."""
    with database.atomic():
        if seen is not None and newest_change() != seen:
            raise Refusal("Rules were changed meanwhile. Look at what the file would change once more.")
        found = difference(text)
        for rule in found.brought:
            keep(rule.id, rule.exam, plain(rule), why, by, changed_last(rule.id))
        for rule in found.missing:
            keep(rule.id, rule.exam, None, why, by, changed_last(rule.id))
        in_force()  # read back: what cannot be read is not kept
    return found


def as_text() -> str:
    """The rules in force as a rule file, which `load` takes back."""
    pack = in_force()
    kinds = {
        code: {k: v for k, v in plain(kind).items() if k != "code"} for code, kind in pack.exam_kinds.items()
    }
    facts = {
        "schema": SCHEMA,
        "exam_kinds": kinds,
        "rules": [plain(each) for each in pack.rules],
        "house_defaults": [plain(each) for each in pack.house_defaults],
    }
    return json.dumps(facts, indent=1, ensure_ascii=False) + "\n"


# --- a change and the open cases --------------------------------------------------------------------------------


def behind() -> Any:
    """The query of the open cases that a change concerns, for which nobody has decided yet; drafts have no rules."""
    newest = RuleChange.select(fn.MAX(RuleChange.id)).where(
        RuleChange.exam_kind.in_([Case.exam_kind, SQL("'*'")])
    )
    return (
        Case.select(Case)
        .join(RuleSnapshot, on=(RuleSnapshot.case == Case.id))
        .where(SQL("is_open") & (newest > RuleSnapshot.considered))
    )


def concerned(person: User, code: str = EVERY_KIND) -> list[Case]:
    """Those of them that a person may see, with their claimants, of one kind or of all, the one due first at the top; a
    hundred and one at most, so that there are more shows."""
    named = behind().select(Case, Claimant).switch(Case).join(Claimant)
    seen = named.where(sight(Role.COORDINATOR, seeing(person)))
    if code != EVERY_KIND:
        seen = seen.where(Case.exam_kind == code)
    return list(seen.order_by(Case.due_on, Case.id).limit(MOST_CONCERNED + 1))


def changes_since(case: Case) -> list[RuleChange]:
    """The changes of which nobody has decided for this case yet, the oldest first."""
    kept = RuleSnapshot.get(RuleSnapshot.case == case)
    concerning = RuleChange.exam_kind.in_([case.exam_kind, EVERY_KIND]) & (RuleChange.id > kept.considered)
    return list(RuleChange.select(RuleChange, User).join(User).where(concerning).order_by(RuleChange.id))


@step
def adopt_rules(case: Case, *, by: Person, seen: int) -> None:
    """The case follows the rules of now; `seen` is the number of the last change that the coordinator looked at."""
    kept = undecided(case, seen)
    kept.rules, kept.knows, kept.considered = rules.snapshot(case.exam_kind, in_force()), seen, seen
    kept.save()
    remember(count=len(kept.rules["rules"]))


@step
def keep_rules(case: Case, *, by: Person, seen: int, why: str) -> None:
    """The case stays with the rules that it was referred under."""
    if not why.strip():
        raise Refusal("Say why the case keeps its rules.", field="why")
    kept = undecided(case, seen)
    kept.considered = seen
    kept.save()
    remember(why=why)


def undecided(case: Case, seen: int) -> RuleSnapshot:
    """The case's rules, behind the change that was looked at; refused where another came, or all is decided."""
    kept: RuleSnapshot | None = RuleSnapshot.get_or_none(RuleSnapshot.case == case)
    if kept is None or last_change(case.exam_kind) <= kept.considered:
        raise Refusal("There is no change of rules to decide about.")
    if last_change(case.exam_kind) != seen:
        raise Refusal("The rules were changed once more meanwhile. Look again, then decide.")
    return kept
