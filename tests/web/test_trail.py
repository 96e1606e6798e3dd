"""Whoever looks, is refused or breaks something leaves one record before the answer leaves, on whatever page it is."""

import io
import logging
import re
import threading

import pytest
from peewee import DatabaseError

from portal import audit, clock
from portal.audit import Actor
from portal.db import database, is_sqlite, patience
from portal.ime import files, matching
from portal.ime.messages import post_message
from portal.ime.process import ACTS, PROCESS, Refusal
from portal.models import AuditRecord, Document, Event, Message, Notice, Offer
from portal.web import trail
from portal.words import Act, Ending, Stage
from tests.databases import ON_BOTH
from tests.policy.matrix import PEOPLE, Knocker, address, outcome, persons, routes, stage_for
from tests.web.test_fuzz import Sender


class Watched(Knocker):
    """A person whose requests are looked up in the trail before they are undone."""

    def leaves(self, method, path, **headers):
        with database.atomic() as everything:
            last = last_number()
            data = {"csrf_token": self.token} if method != "GET" else None
            response = self.visitor.client.open(path, method=method, data=data, headers=headers)
            response.get_data()
            records = list(AuditRecord.select().where(AuditRecord.id > last).order_by(AuditRecord.id))
            everything.rollback()
        if "Set-Cookie" in response.headers:  # what began or ended a session is undone as well
            self.visitor.client.set_cookie(self.cookie.key, self.cookie.value)
        return response, records


def last_number():
    last = AuditRecord.select().order_by(AuditRecord.id.desc()).first()
    return last.id if last else 0


def asked(app, world, case_at):
    """Every route with every method by everybody: what they got, and the records that this left."""
    watched = {}
    for rule, method in routes(app):
        access = app.view_functions[rule.endpoint].access
        case = case_at(stage_for(access))
        if case.id not in watched:
            people = persons(world, case, case_at(Stage.DECLINED))
            watched[case.id] = {name: (people[name], Watched(app, people[name])) for name in PEOPLE}
        for name, (person, knocker) in watched[case.id].items():
            response, records = knocker.leaves(method, address(app, rule, case))
            yield rule, method, access, case, person, name, response, records


REFUSALS = {"sign in", "deny", "hide", "late"}


def test_every_look_and_every_refusal_leaves_exactly_one_record(app, world, case_at):
    seen = {"look": 0, "refusal": 0, "change": 0}
    ways_in = {ways_to(app, name) for name in ("account.sign_in", "second_factor.show", "identity.check")}
    for rule, method, access, case, person, name, response, records in asked_at_once(app, world, case_at):
        where, word = (method, rule.rule, name), outcome(response)
        goes_to = response.headers.get("Location", "").partition("?")[0]
        word = "sign in" if response.status_code == 303 and goes_to in ways_in else word
        records = [each for each in records if each.act not in KEPT_BY_THEIR_VERB]
        looks = [each for each in records if each.ending == Ending.DONE and each.act in LOOKS]
        refusals = [each for each in records if each.ending == Ending.REFUSED]
        if access.kind == "public" and (response.status_code < 400 or response.status_code == 422):
            assert looks == refusals == [], where
        elif word in REFUSALS:
            assert (len(refusals), len(records)) == (1, 1), where
            says_who(refusals[0], person, rule, where)
            seen["refusal"] += 1
        elif response.status_code == 303 and method == "GET":
            assert looks == refusals == [], where
        elif response.status_code == 422 or (response.status_code == 200 and method == "GET"):
            is_kept_by_its_verb_too = {each.act for each in looks} == {Act.EXPORTED} and len(looks) == 2
            assert (len(looks), len(records)) == (1, 1) or is_kept_by_its_verb_too, where
            says_who(looks[-1], person, rule, where)
            if "ref" in rule.arguments or access.roles == ("claimant",):
                own = case.id if name != "stranger_claimant" else person.case_id
                assert looks[0].case == own, where
            seen["look"] += 1
        elif "ref" in rule.arguments:
            assert [each for each in records if each.case == case.id and each.ending == Ending.DONE], where
            seen["change"] += 1
    assert seen["look"] > 100 and seen["refusal"] > 400 and seen["change"] > 3, seen


def asked_at_once(app, world, case_at):
    """The same, however long it takes: what is undone keeps no session awake."""
    with clock.set_to(clock.now()):
        yield from asked(app, world, case_at)


def ways_to(app, endpoint):
    return app.url_map.bind("localhost").build(endpoint)


LOOKS = {Act.READ, Act.EXPORTED}
KEPT_BY_THEIR_VERB = {Act.SIGNED_IN, Act.SIGNED_OUT}  # beside the record of the request
NOBODY = {"disabled"}


def says_who(record, person, rule, where):
    """The record names the person, the route, the address, the session and the request."""
    person = None if where[-1] in NOBODY else getattr(person, "user", person)
    is_user = person is not None and person.role != "claimant"
    assert record.user == (person.id if is_user else None), where
    assert record.link == (person.id if person is not None and not is_user else None), where
    assert record.organisation == (person.organisation_id if is_user else None), where
    assert (record.session is None) == (person is None), where
    assert (record.route, record.source) == (rule.endpoint, "127.0.0.1"), where
    assert len(record.request) == 8, where
    for name in rule.arguments:
        if name.endswith("_id"):
            assert record.number and record.thing, where


def test_a_form_without_its_token_is_refused_on_record(app, world, case_at):
    case = case_at(Stage.MATCHING)
    knocker = Watched(app, world.coordinator)
    knocker.token = "wrong"
    response, [record] = knocker.leaves("POST", f"/cases/{case.reference}/decline")
    assert response.status_code == 400
    assert (record.ending, record.act, record.facts["status"]) == (Ending.REFUSED, Act.CHANGED, 400)
    assert (record.user, record.route) == (world.coordinator.id, "triage.decline")


def test_a_form_on_another_site_is_refused_on_record(app, world, case_at):
    case = case_at(Stage.MATCHING)
    response, [record] = Watched(app, world.coordinator).leaves(
        "POST", f"/cases/{case.reference}/decline", **{"Sec-Fetch-Site": "cross-site"}
    )
    assert (response.status_code, record.ending) == (400, Ending.REFUSED)


def test_what_fails_is_on_record_with_the_reference_the_person_is_told(visitor, world, case_at, monkeypatch):
    case = case_at(Stage.MATCHING)
    monkeypatch.setattr("portal.views.case.sections", lambda case: 1 / 0)
    page = visitor(world.referrer).opens(f"/cases/{case.reference}")
    record = AuditRecord.get_by_id(last_number())
    assert page.status == 500 and page.sees(record.request)
    assert (record.ending, record.case, record.user) == (Ending.FAILED, case.id, world.referrer.id)


def test_what_nobody_may_know_of_leaves_no_record(visitor, world):
    before = last_number()
    visitor().client.get("/static/portal.css").close()
    visitor().opens("/sign-in")
    visitor().opens("/no-such-page")
    assert last_number() == before


def test_of_a_foreign_case_the_reference_is_kept_that_was_asked_for(visitor, world, case_at):
    visitor(world.stranger_referrer).opens(f"/cases/{case_at(Stage.BOOKED).reference}")
    record = AuditRecord.get_by_id(last_number())
    assert (record.case, record.facts) == (None, {"status": 404, "asked": case_at(Stage.BOOKED).reference})


def test_the_cases_on_a_desk_and_in_a_queue_are_on_record(visitor, world, case_at):
    visitor(world.referrer).opens("/cases")
    record = AuditRecord.get_by_id(last_number())
    assert (record.act, record.route) == (Act.READ, "case.queue")
    assert case_at(Stage.BOOKED).id in record.facts["cases"]


def test_a_search_that_answers_with_a_part_of_a_page_is_a_look_at_each_case_it_found(app, world, case_at):
    case = case_at(Stage.BOOKED)
    sought = {"q": case.reference}
    knocker = Knocker(app, world.referrer)
    answer = knocker.visitor.client.post(
        "/cases", data={"csrf_token": knocker.token, **sought}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 200 and case.claimant.name in answer.get_data(as_text=True)
    record = AuditRecord.get_by_id(last_number())
    assert (record.act, record.ending, record.route) == (Act.READ, Ending.DONE, "case.queue")
    assert record.facts == {"method": "POST", "cases": [case.id]}


def test_a_file_that_is_no_document_is_an_export(visitor, world, case_at):
    from portal.ime.instructions import make_link, spend_link

    visitor(spend_link(make_link(case_at(Stage.BOOKED)))).opens("/appointment.ics")
    assert AuditRecord.get_by_id(last_number()).act == Act.EXPORTED


# --- steps ---


@ON_BOTH
def test_every_step_of_the_world_is_on_record_with_who_took_it(world, backend):
    for event in Event.select():
        kept = (AuditRecord.thing == "event") & (AuditRecord.number == event.id)
        [record] = AuditRecord.select().where(kept)
        assert (record.user, record.case, record.party) == (event.by_id, event.case_id, event.party)
        assert record.facts["step"] == event.step
        assert record.act == ACTS.get(event.step, record.act)
    assert ACTS.keys() <= PROCESS.keys()


@ON_BOTH
def test_a_step_that_is_refused_or_rolled_back_leaves_no_record_of_it(world, case_at, backend):
    before = last_number()
    with pytest.raises(Refusal):
        post_message(case_at(Stage.MATCHING), by=world.referrer, text=" ")
    assert last_number() == before


def test_what_the_portal_does_by_itself_is_on_record(world, case_at):
    case = case_at(Stage.OFFERED)
    Offer.update(until=clock.now()).where(Offer.case == case).execute()
    assert matching.expire_offers() == 1
    record = AuditRecord.get_by_id(last_number())
    assert (record.party, record.user, record.route) == ("portal", None, "")
    assert record.facts["step"] == "expire_offer"


def test_a_request_forgets_who_acted_when_it_ends(visitor, world):
    visitor(world.referrer).opens("/")
    assert audit.actor() == audit.PORTAL


def test_within_a_block_somebody_else_acts():
    somebody = Actor(user=7, party="expert")
    with audit.acting(somebody):
        assert audit.actor() == somebody
    assert audit.actor() == audit.PORTAL


# --- if it cannot be written ---


def break_the_trail():
    """From here on the database takes no audit record."""
    if is_sqlite():
        database.execute_sql(
            "CREATE TRIGGER broken BEFORE INSERT ON audit_record BEGIN SELECT RAISE(ABORT, 'The disk is full.'); END"
        )
        return
    database.execute_sql(
        "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'The disk is full.'; END $$"
    )
    database.execute_sql(
        "CREATE TRIGGER broken BEFORE INSERT ON audit_record FOR EACH STATEMENT EXECUTE FUNCTION broken()"
    )


@ON_BOTH
def test_a_page_that_cannot_be_recorded_is_not_shown(visitor, world, case_at, backend):
    case = case_at(Stage.BOOKED)
    page = visitor(world.coordinator)
    break_the_trail()
    page.opens(f"/cases/{case.reference}")
    assert page.status == 500
    assert page.heading == "Something went wrong on our side"
    said = page.response.get_data(as_text=True) + str(page.response.headers)
    assert case.claimant.name not in said and case.reference not in said
    assert page.response.headers["Content-Security-Policy"]
    assert page.response.headers["Cache-Control"] == "no-store"


@ON_BOTH
def test_of_a_document_that_cannot_be_recorded_no_byte_is_sent(visitor, world, case_at, backend):
    content, case = b"%PDF-1.7 the records of somebody", case_at(Stage.BOOKED)
    stored = files.keep(case, io.BytesIO(content), limit=100)
    document = Document.create(
        case=case, kind="other", name="a.pdf", media_type="application/pdf", size=stored.size, sha256=stored.sha256,
        key=stored.key, audience="case",
    )  # fmt: skip
    reader = visitor(world.coordinator)
    assert reader.client.get(f"/cases/{case.reference}/records/{document.id}").get_data() == content
    break_the_trail()
    answer = reader.client.get(f"/cases/{case.reference}/records/{document.id}")
    assert answer.status_code == 500
    assert b"the records of somebody" not in answer.get_data()
    assert "a.pdf" not in str(answer.headers)


@ON_BOTH
def test_a_step_that_cannot_be_recorded_is_not_taken(visitor, world, case_at, backend):
    case = case_at(Stage.MATCHING)
    knocker = Knocker(visitor().app, world.coordinator)
    before = [model.select().count() for model in (Event, Message, Notice)]
    break_the_trail()
    with pytest.raises(DatabaseError, match="The disk is full"):
        post_message(case, by=world.referrer, text="Is there news?")
    answer = knocker.visitor.client.post(
        f"/cases/{case.reference}/decline",
        data={"csrf_token": knocker.token, "why": "We are not the right office."},
    )
    assert answer.status_code == 500
    assert [model.select().count() for model in (Event, Message, Notice)] == before
    assert type(case).get_by_id(case.id).stage == Stage.MATCHING


@ON_BOTH
def test_no_page_of_all_is_shown_without_its_record(app, world, case_at, backend):
    """Derived from the routes: where the trail is broken, only what is public still answers."""
    asked = [
        (rule, case, Knocker(app, person))
        for rule, method in routes(app)
        if method == "GET" and (access := app.view_functions[rule.endpoint].access).kind != "public"
        for case in [case_at(stage_for(access))]
        for person in persons_of(access, world, case)
    ]
    break_the_trail()
    codes = {(rule.rule, who.asks("GET", address(app, rule, case)).status_code) for rule, case, who in asked}
    assert {code for _, code in codes} <= {500, 303}, codes
    assert len(codes) > 60


def persons_of(access, world, case):
    from portal.ime.instructions import make_link, spend_link

    if access.roles == ("claimant",):
        return [spend_link(make_link(case))]
    return [world.referrer, world.coordinator, world.expert]


def test_a_page_does_not_wait_long_for_another_who_writes(visitor, world, case_at, monkeypatch, tmp_path):
    """In SQLite one writes at a time: whoever reads waits a little for their record, and then fails."""
    import sqlite3
    import time

    monkeypatch.setattr(trail, "LONGEST_WAIT", 0.3)
    reader = visitor(world.coordinator)
    assert reader.opens("/").status == 200
    other = sqlite3.connect(tmp_path / "portal.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    begun = time.monotonic()
    assert reader.opens("/").status == 503
    assert time.monotonic() - begun < 3
    other.execute("ROLLBACK")
    assert reader.opens("/").status == 200
    assert database.execute_sql("PRAGMA busy_timeout").fetchone() == (10_000,)


def test_many_who_read_at_once_queue_for_their_records_and_none_is_turned_away(world):
    """Eight threads, as the server has, each with a commit of its own for every page."""
    failed = []

    def read():
        try:
            for _ in range(20):
                with patience(5), database.atomic():
                    audit.record(Act.READ)
        except DatabaseError as failure:
            failed.append(failure)
        database.close()

    before, threads = AuditRecord.select().count(), [threading.Thread(target=read) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert failed == []
    assert AuditRecord.select().count() == before + 160


def test_the_log_and_the_record_of_a_fault_share_their_reference(visitor, world, monkeypatch, caplog):
    monkeypatch.setattr("portal.views.desk.summary", lambda *_: 1 / 0)
    with caplog.at_level(logging.ERROR, logger="portal"):
        visitor(world.referrer).opens("/")
    assert AuditRecord.get_by_id(last_number()).request in caplog.text


def test_a_search_that_htmx_sends_is_on_record_with_every_case_it_showed(app, world):
    knocker = Watched(app, world.coordinator)
    with database.atomic() as everything:
        last = last_number()
        response = knocker.visitor.client.post(
            "/cases", data={"csrf_token": knocker.token, "q": "Delgado"}, headers={"HX-Request": "true"}
        )
        records = list(AuditRecord.select().where(AuditRecord.id > last))
        everything.rollback()
    shown = {int(number) for number in re.findall(r"IME-(\d+)", response.text)}
    assert response.status_code == 200 and shown
    [record] = records
    assert (record.act, record.ending, record.facts["method"]) == (Act.READ, Ending.DONE, "POST")
    assert len(record.facts["cases"]) == len(shown)


def test_whoever_looks_for_people_is_on_record(app, world):
    knocker = Watched(app, world.coordinator)
    with database.atomic() as everything:
        last = last_number()
        data = {"csrf_token": knocker.token, "typed": "a"}
        response = knocker.visitor.client.post("/people/search", data=data)
        [record] = AuditRecord.select().where(AuditRecord.id > last)
        everything.rollback()
    assert response.status_code == 200
    assert (record.act, record.ending, record.route) == (Act.READ, Ending.DONE, "people.search")


PREVIEWS = [
    ("/cases/{ref}/clarification/new", Stage.IN_REVIEW, {}),
    ("/cases/{ref}/referral/questions", Stage.DRAFT, {"then": "add"}),
]


@pytest.mark.parametrize("header", ["true", "anything"])
@pytest.mark.parametrize(("path", "stage", "data"), PREVIEWS)
def test_a_page_that_is_shown_without_a_step_is_a_look_whatever_the_request_calls_itself(
    app, world, case_at, path, stage, data, header
):
    case = case_at(stage)
    sender, path = Sender(app, world.referrer), path.format(ref=case.reference)
    sent = (data or sender.form_at(path)) | {"csrf_token": sender.token}
    with database.atomic() as everything:
        last = last_number()
        response = sender.visitor.client.post(path, data=sent, headers={"HX-Request": header})
        assert response.status_code == 200
        [record] = AuditRecord.select().where(AuditRecord.id > last)
        everything.rollback()
    assert (record.act, record.ending, record.case) == (Act.READ, Ending.DONE, case.id)
