"""Whatever is sent beside the fields of a form changes nothing: no role, no stage, no owner, no date of release."""

import io
import re
from itertools import islice

from lxml import html

from portal import clock
from portal.db import database
from portal.models import TABLES
from portal.web.security import PARTS_BESIDE_FILES
from portal.words import Stage
from tests.client import held
from tests.paper import a_pdf
from tests.policy.matrix import NOTED, Knocker, address, outcome, persons, routes, stage_for

# What is drawn anew each time.
DRAWN = {"token_hash", "key", "sha256", "sealed", "code_hash", "secret", "seed", "names"}
HOSTILE = {
    "role": "coordinator",
    "stage": "closed",
    "state": "released",
    "audience": "everyone",
    "is_manager": "1",
    "is_open": "0",
    "is_restricted": "0",
    "email": "thief@mail.example",
    "released_at": "2026-01-01 00:00:00",
    "signed_at": "2026-01-01 00:00:00",
    "disabled_at": "",
    "password_hash": "x",
    "fee_cents": "1",
}
SENDING = ("anonymous", "referrer", "colleague", "coordinator", "expert", "claimant")
TAKEN = 20  # so many forms at least must really be taken, or nothing is shown


def extras(declared):
    """Every column of every table as a field of its own, of a row, of a list and of an object, but for what is asked."""
    bases = {part for name in declared for part in (name, name.rpartition("-")[2], name.rpartition("_")[0])}
    sent = {}
    for table in TABLES:
        for column in table._meta.sorted_fields:
            if {column.name, column.column_name} & bases:
                continue
            value = HOSTILE.get(column.name, "2")
            for name in (column.name, column.column_name):
                shapes = (name, f"{table._meta.table_name}-0-{name}")
                sent |= dict.fromkeys((*shapes, f"row-0-{name}", f"0-{name}"), value)
    # No more parts than a form may have, or all of it is refused unread.
    assert len(sent) < 1_900
    return sent


def parts(more, data):
    """All at once; beside a file, where few fields are taken, some at a time."""
    if not any(isinstance(value, tuple) for value in data.values()):
        return [more]
    return [dict(some) for some in batched(more.items(), PARTS_BESIDE_FILES - len(data) - 10)]


def batched(items, size):
    items = iter(items)
    while some := list(islice(items, size)):
        yield some


def filled_in(form):
    """What a person in a hurry sends: what stands there, the first of every choice, a few words elsewhere."""
    data = {name: value for name, value in held(form).items() if value not in (None, "", [])}
    for field in form.xpath(".//input|.//select|.//textarea"):
        name, kind = field.get("name"), field.get("type") or field.tag
        if not name or name in data or kind in {"hidden", "submit", "button"}:
            continue
        if kind == "file":
            data[name] = (io.BytesIO(a_pdf("mass")), "paper.pdf")
        elif kind in {"radio", "checkbox"}:
            data[name] = field.get("value") or "y"
        elif kind == "select":
            data[name] = next((each.get("value") for each in field.iter("option") if each.get("value")), "")
        else:
            data[name] = "3" if kind == "number" else "It has to be so."
    return data


def sent(form):
    """What is sent of a form, and the names of all its fields."""
    return filled_in(form), set(form.xpath(".//@name"))


def forms_at(answer, path):
    """The forms of a page that are sent to this address."""
    if answer.mimetype != "text/html" or not answer.get_data():
        return []
    tree = html.fromstring(answer.get_data())
    return [
        form
        for form in tree.iter("form")
        if (form.get("method") or "").lower() == "post" and (form.get("action") or path) == path
    ]


def columns(table):
    return [column for column in table._meta.sorted_fields if column.name not in DRAWN]


STANDING = {
    table._meta.table_name: 'SELECT {} FROM "{}"'.format(
        ", ".join(f'"{column.column_name}"' for column in columns(table)), table._meta.table_name
    )
    for table in TABLES
    if table._meta.table_name not in NOTED - {"session"}
}


def kept():
    """Every row of every table as it stands, without what is drawn anew."""
    return {name: sorted(database.execute_sql(sql).fetchall(), key=repr) for name, sql in STANDING.items()}


def after(knocker, path, data, token):
    """The rows as the request leaves them, and its answer in a word and a place; then everything is undone."""
    with database.atomic() as everything:
        answer = knocker.visitor.client.post(path, data=data | {"csrf_token": token})
        rows = kept()
        everything.rollback()
    if "Set-Cookie" in answer.headers:
        knocker.visitor.client.set_cookie(knocker.cookie.key, knocker.cookie.value)
    # What was searched for is sealed anew each time.
    place = re.sub(r"search=[^&]+", "search=…", answer.headers.get("Location", ""))
    return rows, (answer.status_code, place)


def sent_with_more(knocker, path, data, declared):
    """The status of a form as it is; with whatever it does not ask for it answers the same and leaves the same rows."""
    plain, answer = after(knocker, path, again(data), knocker.token)
    for more in parts(extras(declared), data):
        hostile, same = after(knocker, path, more | again(data), knocker.token)
        assert same == answer, path
        differing = {key for key in plain | hostile if plain.get(key) != hostile.get(key)}
        assert not differing, (path, differing)
    return answer[0]


def again(data):
    """The same once more: a file is read up by being sent."""
    return {
        name: (io.BytesIO(a_pdf("mass")), "paper.pdf") if isinstance(value, tuple) else value
        for name, value in data.items()
    }


def test_what_a_form_does_not_ask_for_changes_nothing(app, world, case_at):
    taken, knockers = set(), {}
    with clock.set_to(clock.now()):
        for rule, method in routes(app):
            if method != "POST":
                continue
            stage = stage_for(app.view_functions[rule.endpoint].access)
            case = case_at(stage)
            if stage not in knockers:
                people = persons(world, case, case_at(Stage.DECLINED))
                knockers[stage] = {name: Knocker(app, people[name]) for name in SENDING}
            for knocker in knockers[stage].values():
                path = address(app, rule, case, who=knocker.person)
                if outcome(knocker.asks("POST", path)) != "allow":
                    continue
                page = knocker.asks("GET", path)
                for data, declared in [sent(form) for form in forms_at(page, path)] or [({}, set())]:
                    if sent_with_more(knocker, path, data, declared) == 303:
                        taken.add(rule.rule)
    assert len(taken) >= TAKEN
