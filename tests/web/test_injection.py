"""Junk in every query, every address and every name: the usual page or a refusal, never a fault and never another order."""

import ast
import re
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pypdfium2
import pytest
from lxml import html
from werkzeug.routing import BaseConverter, UnicodeConverter

from portal import models
from portal.ime.calendar import calendar_file
from portal.ime.rules import on_file
from portal.models import Allowance
from portal.outside.mail import Mail
from portal.outside.pdf import render
from portal.views.account import own_page
from portal.web.download import disposition
from portal.words import Stage
from tests.outside.letter_samples import REPORT
from tests.policy.matrix import PEOPLE, address, persons, read_table, routes, stage_for
from tests.views.test_case import references
from tests.web.test_fuzz import ASKED, FORM, Sender

ALL = ("coordinator", "referrer", "expert", "claimant", "anonymous")
VIEWS = Path(__file__).parents[2] / "portal"
SQL = (
    "'", '"', "';--", "1 OR 1=1", "due_on DESC", "(SELECT password_hash FROM user)", "user.password_hash",
    "owner__password", "claimant__born_on", "password_hash", "1;DROP TABLE event", "due_on,(select 1)", "CASE WHEN 1=1 THEN id END",
    "\\", "%27", "%2527", "0x31", "1e309", "NaN", "-1", "9223372036854775808", "340282366920938463463374607431768211456",
    "\ud800", "\x00", "\u202e", "٣", "²", "name[]=x", "${jndi:ldap://x}", "{{7*7}}", "../../etc/passwd", "a" * 5_000,
)  # fmt: skip


def asked_in_code():
    """Every name that the code reads from a query."""
    named = set()
    for path in VIEWS.rglob("*.py"):
        source = path.read_text()
        named |= set(re.findall(r'request\.(?:args|values)(?:\.get)?[\[(]\s*"(\w+)"', source))
        if "query.get(" in source:
            named |= set(re.findall(r'query\.get\("(\w+)"', source))
        for node in ast.walk(ast.parse(source)):
            if (
                isinstance(node, ast.Compare)
                and "request.args" in ast.unparse(node)
                and isinstance(node.left, ast.Constant)
            ):
                named.add(node.left.value)
    return named


@pytest.fixture
def crawled(app, world, case_at):
    """Every page that somebody can open, with the names in the queries of its links and forms."""
    found, senders = {}, {}
    told = {row["route"]: row for row in read_table() if row["method"] == "GET"}
    for rule, method in routes(app):
        case = case_at(stage_for(app.view_functions[rule.endpoint].access))
        who = next((name for name in ALL if method == "GET" and told[rule.rule][name] == "allow"), None)
        if who is None:
            continue
        if (case.stage, who) not in senders:
            people = persons_once(senders, world, case, case_at(Stage.DECLINED))
            senders[case.stage, who] = Sender(app, people[who])
        client, path = senders[case.stage, who].visitor.client, address(app, rule, case)
        answer = client.get(path)
        if answer.status_code == 200 and answer.mimetype == "text/html":
            found[rule.rule] = (path, client, asked_on(html.fromstring(answer.get_data())))
        answer.close()
    assert len(found) > 40
    return found


def persons_once(kept, world, case, other):
    """The people of this stage, made when they are first needed."""
    if case.stage not in kept:
        kept[case.stage] = persons(world, case, other)
    return kept[case.stage]


def asked_on(tree):
    own = [link for link in tree.xpath("//@href") if not urlsplit(link).netloc]
    names = {name for link in own for name in parse_qs(urlsplit(link).query)}
    return names | set(tree.xpath("//form[translate(@method,'GET','get')='get']//*/@name"))


def test_every_name_in_a_query_is_known_and_junk_in_it_is_no_fault(crawled):
    known = asked_in_code() | {"question", "reason"}  # what a form is begun with
    for names in [names for _, _, names in crawled.values()]:
        assert names <= known | {"q"}, names - known  # `q` is the map's
    assert known <= set(ASKED), f"the junk of test_fuzz.py does not reach {known - set(ASKED)}"
    for route, (path, client, _) in crawled.items():
        Allowance.delete().execute()  # a person who searches that much is told to wait
        for value in SQL:
            junk = quote(value, safe="", errors="surrogatepass")
            answer = client.get(f"{path}?{'&'.join(f'{name}={junk}' for name in sorted(known))}")
            assert answer.status_code in {200, 303, 400, 404, 409}, (route, value[:30], answer.status_code)


def test_no_query_sorts_by_what_is_not_on_the_list(visitor, world):
    person = visitor(world.coordinator)
    usual, newest = references(person.opens("/cases")), references(person.opens("/cases?order=newest"))
    assert usual and sorted(usual) == sorted(newest)
    for name in ("order", "sort", "order_by", "_sort", "sortby", "group", "fields", "limit", "filter"):
        for value in SQL:
            shown = references(person.opens(f"/cases?{name}={quote(value, errors='surrogatepass')}"))
            assert shown == usual, (name, value)


# --- addresses


def test_every_part_of_every_address_has_a_type(app):
    for rule in app.url_map.iter_rules():
        for name, converter in rule._converters.items():
            is_free = type(converter) in {UnicodeConverter, BaseConverter}
            assert rule.endpoint == "static" or not is_free, (rule.rule, name)


BEYOND = (
    "0",
    "-1",
    "1.5",
    "1e3",
    "9999999999999999",
    str(2**63),
    str(2**64),
    "x",
    "%00",
    "%F0%9F%92%80",
    "%ED%A0%80",
    "٣",
    "+1",
    "01",
    " 1",
    "1%20",
)


def test_junk_for_a_number_or_a_reference_is_not_found(app, world, case_at):
    case, client = case_at(Stage.IN_REVIEW), Sender(app, world.coordinator).visitor.client
    asked = 0
    for rule, method in routes(app):
        for part in rule.arguments - {"token", "part", "role"} if method == "GET" else ():
            usual = address(app, rule, case)
            value = usual.split("/")[
                next(
                    place
                    for place, each in enumerate(rule.rule.split("/"))
                    if each.startswith("<") and f":{part}>" in each
                )
            ]
            for junk in BEYOND:
                path = usual.replace(f"/{value}", f"/IME-{junk}" if part == "ref" else f"/{junk}", 1)
                assert client.get(path).status_code == 404, (rule.rule, junk)
                asked += 1
    assert asked > 500


@pytest.mark.parametrize("token", ["é", "\u0130.a.b", "%ED%A0%80", "a" * 10_000, "%00", "[]", "🤍"])
def test_a_token_that_is_no_token_is_400(app, world, token):
    sender = Sender(app, world.coordinator)
    data = f"csrf_token={token if '%' in token else quote(token)}&q=x"
    answer, _ = sender.sends("/cases", data=data, content_type=FORM)
    assert answer.status_code == 400
    header = {"X-CSRFToken": token.encode().decode("latin-1")}
    assert sender.sends("/cases", data={"q": "x"}, headers=header)[0].status_code == 400


def test_a_fault_in_any_part_is_the_same_page_and_tells_nothing(app, world, case_at, monkeypatch):
    secret = "SELECT password_hash FROM user /srv/portal/secret.py"
    case, faults = case_at(Stage.IN_REVIEW), 0
    person = Sender(app, world.coordinator)
    for blueprint in sorted({rule.endpoint.split(".")[0] for rule, _ in routes(app)}):
        rule = next(
            rule
            for rule, method in routes(app)
            if rule.endpoint.startswith(f"{blueprint}.") and method in {"GET", "POST"}
        )
        method = "GET" if "GET" in rule.methods else "POST"

        def fails(**parts):
            raise RuntimeError(secret)

        fails.access = app.view_functions[rule.endpoint].access
        monkeypatch.setitem(app.view_functions, rule.endpoint, fails)
        data = {"csrf_token": person.token} if method == "POST" else None
        answer, _ = person.sends(address(app, rule, case), method=method, data=data)
        assert answer.status_code == 500, rule.rule
        told = answer.text + str(answer.headers)
        for word in ("SELECT", "secret.py", "Traceback", "RuntimeError", "peewee", "werkzeug", person.token):
            assert word not in told, (rule.rule, word)
        faults += 1
    assert faults >= 15


# --- sinks


LINES = (
    "Ana\r\nBcc: all@evil.test",
    "Ana\nX: 1",
    "Ana\rX: 1",
    "Ana\x0bX",
    "Ana\u2028X: 1",
    "Ana\x00X",
    "Ana\x85X: 1",
)


@pytest.mark.parametrize("text", LINES)
def test_a_line_break_makes_no_header_of_a_mail(text):
    for fields in ({"to": f"{text}@here.example"}, {"subject": text}, {"message_id": f"{text}@here.example"}):
        usual = {
            "to": "ana@here.example",
            "subject": "Your turn",
            "text": "Words.",
            "message_id": "notice-1@here.example",
        }
        if "\x85" in text and "subject" in fields:
            continue  # of the C1 controls the mail library itself makes encoded words
        with pytest.raises(ValueError, match=r"mail|message"):
            Mail(**usual | fields)


@pytest.mark.parametrize(
    "name",
    [
        *LINES,
        'a";x="b.pdf',
        "../../etc/passwd",
        "a\\b.pdf",
        "\u202efdp.exe",
        "=cmd.pdf",
        "\ud800.pdf",
        "con.pdf",
        "a" * 400 + ".pdf",
    ],
)
def test_a_file_name_makes_no_header_and_no_path(name):
    line = disposition(name)
    assert re.fullmatch(
        r"attachment; filename=\"[^\"\r\n\\/]*\"; filename\*=UTF-8''[A-Za-z0-9!#$&+\-.^_`|~%]*", line
    ), line
    assert len(line) < 2_000 and line.isascii() and line.isprintable()


@pytest.mark.parametrize(
    "text", [*LINES[:3], "X\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nATTACH:http://evil.test", "a;b,c\\n"]
)
def test_a_clinics_name_makes_no_line_of_a_calendar(world, case_at, text):
    booked = case_at(Stage.BOOKED).appointments.get()
    plain = [line.partition(b":")[0] for line in calendar_file(booked, "IME-1").splitlines()]
    models.Clinic.update(name=text, street=text).where(models.Clinic.id == booked.clinic_id).execute()
    written = calendar_file(models.Appointment.get_by_id(booked.id), "IME-1")
    unfolded = written.replace(b"\r\n ", b"").splitlines()
    assert [line.partition(b":")[0] for line in unfolded if not line.startswith(b"LOCATION")] == [
        name for name in plain if not name.startswith(b"LOCATION") and not name.startswith(b" ")
    ]


HOSTILE = (
    "{{7*7}}", "{0.__class__}", "$(id)", "`id`", "#panic()", "#read(\"/etc/passwd\")", "#import \"/etc/passwd\"", "\\input{/etc/passwd}",
    "$x^2$", "= Heading", "*bold*", "<script>alert(1)</script>", "%s%n", "#sys.inputs", "@ref <label>", "//comment /* x */", "#eval(\"1\")",
    "http://127.0.0.1:9/x", "file:///etc/passwd", "\u202e\u0000\ufffe",
)  # fmt: skip


def test_a_letter_prints_every_hostile_text_as_it_stands(tmp_path):
    text = "\n\n".join(HOSTILE)
    poisoned = {**REPORT, "certificate": text, "title": "#panic() {{7*7}}"}
    pages = pypdfium2.PdfDocument(render("report", poisoned))
    said = "".join(page.get_textpage().get_text_range() for page in pages)
    folded = re.sub(r"\s+", "", said)
    for each in HOSTILE[:-1]:
        assert re.sub(r"\s+", "", each) in folded, each
    assert "root:x:0" not in said and "{{49}}" not in said and "uid=" not in said


SCHEMES = (
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "//evil.test",
    "/\\evil.test",
    "https:evil.test",
    "%2f%2fevil.test",
    "\tjavascript:x",
    "ftp://x",
    "https://evil.test/",
)


@pytest.mark.parametrize("target", SCHEMES)
def test_a_link_leads_nowhere_that_a_person_typed(target, visitor, world):
    assert own_page(target) == ""
    page = visitor().opens(f"/sign-in?next={quote(target)}")
    assert target not in list(page.tree.xpath("//@href|//@action"))
    assert page.typed("next") == ""


SOURCES = {rule.url for rule in on_file().rules}  # where the text of a rule is to be read


@pytest.mark.parametrize(
    ("address", "is_link"),
    [
        ("https://www.law.example/1", True),
        ("HTTP://www.law.example/1", True),
        ("", False),
        ("javascript:alert(1)", False),
        (" javascript:alert(1)//https://", False),
        ("java\tscript:alert(1)", False),
        ("data:text/html,x", False),
        ("//evil.test", False),
        ("ftp://evil.test", False),
    ],
)
def test_only_an_address_of_the_web_becomes_a_link_to_a_source(app, address, is_link):
    source = app.jinja_env.get_template("components/show.html").module.source
    written = str(source(address, "8 CCR 31.5"))
    assert ("href" in written) is is_link and "8 CCR 31.5" in written


def test_every_address_of_a_rule_is_written_by_the_one_that_looks_at_it():
    templates = (VIEWS / "templates").rglob("*.html")
    assert not [page for page in templates if re.search(r'href="\{\{ ?\w+\.url\b', page.read_text())]


def test_what_people_type_becomes_no_link(app, world, case_at):
    """Names, places and messages that look like addresses stay text, whoever reads them."""
    typed = "javascript:alert(1) https://evil.test/ <a href=https://evil.test>x</a>"
    case = case_at(Stage.BOOKED)
    for model, names in (
        (models.Claimant, ("name",)),
        (models.Clinic, ("name", "parking", "directions")),
        (models.Message, ("text",)),
        (models.Expert, ("practice",)),
    ):
        model.update({getattr(model, name): typed for name in names}).execute()
    people, shown = persons(world, case, case_at(Stage.DECLINED)), 0
    for name in PEOPLE:
        sender = Sender(app, people[name])
        for path in (
            "/",
            f"/cases/{case.reference}",
            f"/cases/{case.reference}/messages",
            "/appointment",
            "/experts",
        ):
            answer, _ = sender.sends(path, method="GET")
            if answer.mimetype == "text/html" and answer.get_data():
                for link in html.fromstring(answer.get_data()).xpath("//@href"):
                    ours = ("/", "#", "?", "tel:", "mailto:", "https://maps.google.com/?q=")
                    assert link.startswith(ours) or link in SOURCES, (name, path, link)
                shown += "javascript:alert(1)" in answer.text
    assert shown > 5
