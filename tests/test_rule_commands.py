"""The command line of the rules, asked in the application's own process."""

import json
from dataclasses import replace

import pytest

from portal import rule_commands
from portal.ime import places
from portal.ime.rule_answer import answer
from portal.ime.rules import on_file
from portal.models import Clinic, RuleChange, ZipPlace


@pytest.fixture
def ask(app, world):
    """A command as typed; gives its exit code, what it said, and what it said on the side of errors."""

    def asked(*words):
        result = app.test_cli_runner().invoke(args=list(words))
        return result.exit_code, result.stdout, result.stderr

    return asked


@pytest.mark.parametrize(
    ("words", "date"),
    [
        ("CA-QME-23 exam=2026-03-02", "2026-04-01"),
        ("WA-LI-03 exam=2026-06-01", "2026-05-04"),
        ("TX-RME-03 exam=2026-05-15", "2026-05-05"),
        ("TX-DD-10 exam=2026-11-20", "2026-12-03"),
        ("CA-QME-27 supplemental_request=2026-03-02", "2026-05-01"),
        ("CA-QME-29 report_received=2026-03-02 served=mail", "2026-04-06"),
        ("CA-QME-29 report_received=2026-03-02 served=out-of-state", "2026-04-13"),
        ("CA-QME-29 report_received=2026-03-02 served=abroad", "2026-04-21"),
        ("CA-QME-29 report_received=2026-03-02 served=other", "2026-04-01"),
        ("CA-QME-34 service_not_personal=2026-03-02 served=abroad", "2026-03-23"),
        ("TX-RME-02 received=2026-05-15T17:30", "2026-05-26"),
        ("CA-CIV-02 demand_served=2026-12-05", "2027-01-04"),
        ("CA-CIV-02 exam=2027-01-04", "2026-12-05"),
        ("NY-CIV-02 exam=2026-07-20", "2026-06-20"),
        ("TX-RME-05 exam=2026-03-02", "2026-03-01"),
        ("wa-li-03 exam=2026-06-01", "2026-05-04"),
        ("CA-QME-23 exam=2026-03-02 served=other", "2026-04-01"),
        ("TX-RME-05 exam=2026-05-15T09:00", "2026-05-14"),
    ],
)
def test_a_rule_gives_its_date_as_json_with_the_reasons(ask, words, date):
    code, out, _ = ask("rule", *words.split(), "--json")
    found = json.loads(out)
    assert (code, found["date"]) == (0, date)
    assert len(found["reasons"]) >= 3


def test_a_rule_gives_its_date_in_a_sentence(ask):
    code, out, _ = ask("rule", "CA-QME-23", "exam=2026-03-02")
    assert code == 0
    assert out.startswith(
        "By April 1, 2026: 30 calendar days after the examination on March 2, 2026. Rule CA-QME-23"
    )


@pytest.mark.parametrize(
    ("words", "moment"),
    [
        ("TX-RME-05 exam=2026-05-15T09:00", "2026-05-14T09:00:00-05:00"),
        ("TX-RME-05 exam=2026-05-15T14:00:00+00:00", "2026-05-14T09:00:00-05:00"),
        ("TX-RME-05 exam=2026-03-08T14:00", "2026-03-07T13:00:00-06:00"),  # the clocks went forward at 2 am
        ("TX-RME-05 exam=2026-11-01T14:00", "2026-10-31T15:00:00-05:00"),  # and back again
        ("TX-RME-05 exam=2026-11-01T01:30-06:00", "2026-10-31T02:30:00-05:00"),
        ("OR-WC-02 first_panel_exam=2026-05-15T09:00", "2026-05-18T09:00:00-07:00"),
        ("OR-WC-02 first_panel_exam=2026-03-06T09:00", "2026-03-09T10:00:00-07:00"),
        ("IL-WC-03 hearing=2026-05-15T09:00", "2026-05-13T09:00:00-05:00"),
    ],
)
def test_hours_are_counted_as_they_pass_from_a_moment_to_a_moment(ask, words, moment):
    found = json.loads(ask("rule", *words.split(), "--json")[1])
    assert (found["date"], found["moment"]) == (moment[:10], moment)
    assert len(found["reasons"]) == 3


def test_a_moment_is_told_with_its_time_of_day_and_its_clock(ask):
    out = ask("rule", "TX-RME-05", "exam=2026-05-15T09:00")[1]
    said = (
        "By 9:00 am Central time on May 14, 2026: 24 hours before the examination on May 15, 2026 at 9:00 am."
    )
    assert out.startswith(f"{said} Rule TX-RME-05")
    assert "moment" not in json.loads(ask("rule", "TX-RME-05", "exam=2026-05-15", "--json")[1])


@pytest.mark.parametrize(
    ("way", "n", "given"),
    [
        (
            "after",
            24,
            {"date": "2026-05-18", "moment": "2026-05-18T09:00:00-04:00", "anchor": "order_issued"},
        ),
        ("not_before", 24, {"date": "2026-05-16", "moment": "2026-05-16T09:00:00-04:00", "until": None}),
        ("window", (24, 48), {"from": "2026-05-16", "until": "2026-05-17"}),
    ],
)
def test_hours_that_end_on_a_closed_day_run_on_by_federal_law_alone_and_a_window_has_two_ends(way, n, given):
    rule = replace(
        on_file().named("US-FRCP35-09"), gate=None, direction=way, n=n, unit="hours", anchor="order_issued"
    )
    friday = {"order_issued": "2026-05-15T09:00"}
    found = answer(on_file(), rule, friday, lambda _: None).plain
    assert given.items() <= found.items()


def test_seventy_two_hours_are_asked_exactly(ask):
    held = "2026-01-05,2026-02-05,2026-03-02T10:00"
    for at, allowed in (("2026-03-05T10:00", True), ("2026-03-05T10:01", False), ("2026-03-05", True)):
        found = json.loads(ask("rule", "OR-WC-01", f"exam={at}", f"previous={held}", "--json")[1])
        assert found["allowed"] == allowed, at


def test_service_adds_days_only_to_a_time_for_acting_after_it(ask):
    words = "CA-QME-02 panel_form_furnished=2026-03-02 served=mail"
    found = json.loads(ask("rule", *words.split(), "--json")[1])
    assert found["date"] == "2026-03-12"
    assert (
        "The way of service adds no days here, only to a time in which to act after it." in found["reasons"]
    )


def test_a_window_gives_both_its_ends(ask):
    found = json.loads(ask("rule", "CO-DIME-03", "physician_confirmed=2026-03-02", "--json")[1])
    assert (found["from"], found["until"]) == ("2026-04-16", "2026-05-16")
    assert "date" not in found


def test_a_distance_is_allowed_or_not(ask):
    near = json.loads(ask("rule", "NH-WC-01", "from_zip=03301", "to_zip=03801", "--json")[1])
    far = json.loads(ask("rule", "CA-CIV-05", "from_zip=94607", "to_zip=90017", "--json")[1])
    assert (near["allowed"], near["miles"]) == (True, pytest.approx(37.8, abs=0.5))
    assert (far["allowed"], round(far["miles"])) == (False, pytest.approx(345, abs=5))


def test_examinations_are_counted(ask):
    words = "OR-WC-01 exam=2026-09-01 previous=2026-01-05,2026-01-07,2026-03-01 --json"
    found = json.loads(ask("rule", *words.split())[1])
    assert (found["allowed"], found["counted"]) == (True, 2)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("CA-QME-99 exam=2026-03-02", "No rule is called CA-QME-99."),
        ("CA-QME-23 exam=2026-13-02", "is not a date"),
        ("CA-QME-23", "Say from which day CA-QME-23 counts: exam=2026-03-02."),
        ("CA-QME-23 exam", "says nothing"),
        ("CA-QME-23 hearing=2026-03-02", "hearing means nothing to CA-QME-23. It counts from exam."),
        ("CA-QME-10 exam=2026-03-02", "no figure"),
        ("CA-QME-23 exam=2026-03-02 served=pigeon", "served is"),
        (
            "US-FRCP35-09 service_by_mail=2026-03-02 served=abroad",
            "US-FRCP35-09 says nothing of service by mail",
        ),
        ("OH-WC-03 lost_wage_proof=2026-03-02 served=mail", "No rule of OH-WC"),
        ("CA-QME-23 exam=9999-12-20", "gives no day"),
        ("NH-WC-01 from_zip=03301", "to_zip"),
        ("NH-WC-01 from_zip=03301 to_zip=99999", "The ZIP code 99999 is not known."),
        ("TX-RME-02 received=noon", "is not a moment"),
        ("TX-RME-02 received=0001-01-01T00:00+14:00", "is not a moment"),
        ("TX-RME-02 received=9999-12-31T23:30", "gives no day"),
        ("TX-RME-01 exam=9999-12-31 previous=9999-12-30", "gives no day"),
        ("TX-RME-03 exam=2026-05-15 received=2026-06-15T18:00", "from one beginning: say exam or received,"),
        ("CA-CIV-02 exam=2026-05-15 demand_served=2026-04-01", "say exam or demand_served,"),
        ("CA-QME-12 exam=2026-05-15 appointment=2026-05-16", "say exam or appointment,"),
        ("TX-RME-01 exam=2026-05-15 previous_rme=2026-01-01", "say exam or previous_rme,"),
        (
            "TX-RME-01 exam=2026-05-15 previous=2026-01-05 previous_rme=2026-01-01",
            "say previous or previous_rme,",
        ),
        ("CA-QME-23 exam=2026-03-02 exam=2026-03-03", "exam is told twice."),
        ("CA-QME-23 exam=2026-03-02 previous=2026-01-05", "previous means nothing to CA-QME-23."),
        ("CA-QME-23 exam=2026-03-02 from_zip=94607", "from_zip means nothing to CA-QME-23."),
        ("OR-WC-01 exam=2026-03-02 received=2026-03-01T09:00", "received means nothing to OR-WC-01."),
        ("NH-WC-01 from_zip=03301 to_zip=03801 exam=2026-03-02", "exam means nothing to NH-WC-01."),
        (
            "CA-QME-23 exam=2026-03-02 served=mail",
            "CA-QME-23 is counted from the examination, which nobody serves or receives: leave served out.",
        ),
        ("CA-QME-23 received=2026-03-02T09:00", "leave received out"),
        ("CA-CIV-02 exam=2027-01-04 served=mail", "leave served out"),
        (
            "CA-QME-23 exam=2026-03-02T09:00",
            "counts in calendar days: say a day alone, like exam=2026-03-02.",
        ),
        ("TX-RME-05 exam=2026-05-15T29:00", "is not a moment"),
        ("TX-RME-05 exam=2026-03-08T02:30", "The clocks change at '2026-03-08T02:30'"),
        ("TX-RME-05 exam=2026-11-01T01:30", "add the offset"),
        ("OR-WC-01 exam=2026-09-01Tnoon previous=2026-01-05", "is not a date"),
    ],
)
def test_what_cannot_be_answered_is_said_in_a_sentence(ask, words, said):
    code, out, err = ask("rule", *words.split())
    assert (code, out) == (2, "")
    assert said in err and err.count("\n") == 1


def test_before_anything_is_set_up_the_rules_of_the_file_answer(ask):
    RuleChange.drop_table()
    assert ask("rule", "CA-QME-23", "exam=2026-03-02")[0] == 0


def test_a_rule_file_is_checked_and_loaded_by_a_manager(ask, world, tmp_path):
    facts = json.loads(ask("rules", "print")[1])
    facts["rules"][0]["name"] = "Another name"
    file = tmp_path / "rules.json"
    file.write_text(json.dumps(facts))
    changed = "changed: US-FRCP35-01 Another name\n"
    assert ask("rules", "check", str(file))[1] == changed
    load = ("rules", "load", str(file), "--why", "Reviewed.", "--by")
    assert ask(*load, world.second_coordinator.email)[0] == 2
    assert not RuleChange.select().exists()
    assert ask(*load, world.coordinator.email)[1] == changed
    assert "Nothing is different" in ask("rules", "check", str(file))[1]


def test_a_rule_that_moved_is_told_with_the_place_before_and_now(ask, world, tmp_path):
    facts = json.loads(ask("rules", "print")[1])
    moved = next(each for each in facts["rules"] if each["id"] == "CA-QME-12")
    moved["gate"] = "cancel_by_claimant"
    file = tmp_path / "rules.json"
    file.write_text(json.dumps(facts))
    said = (
        f"changed: CA-QME-12 {moved['name']}\n"
        "  Where the portal asks for it before: How late the expert may cancel\n"
        "  Where the portal asks for it now: How late the claimant may cancel\n"
    )
    assert ask("rules", "check", str(file))[1] == said
    assert ask("rules", "load", str(file), "--why", "Amended.", "--by", world.coordinator.email)[1] == said


def test_a_file_that_says_something_twice_is_refused(ask, tmp_path):
    file = tmp_path / "rules.json"
    file.write_text(ask("rules", "print")[1].replace('"confidence"', '"n": 3, "confidence"', 1))
    assert ask("rules", "check", str(file)) == (2, "", "Rule US-FRCP35-01 says 'n' twice.\n")


def test_a_malformed_rule_file_is_refused_in_a_sentence(ask, tmp_path):
    file = tmp_path / "rules.json"
    file.write_text('{"schema": "other"}')
    code, _, err = ask("rules", "check", str(file))
    assert (code, err) == (2, "The rule file must say schema impartial-rules/2.\n")


@pytest.mark.parametrize("text", ["[" * 200_000, f'{{"schema": {"9" * 5000}}}'])
def test_a_hostile_rule_file_is_refused_in_a_sentence_too(ask, tmp_path, text):
    file = tmp_path / "rules.json"
    file.write_text(text)
    code, _, err = ask("rules", "check", str(file))
    assert (code, err.count("\n")) == (2, 1)


def test_places_are_loaded_from_a_file_all_or_none(ask, tmp_path):
    file = tmp_path / "places.csv"
    head = "zip,city,state,latitude,longitude,time_zone\n"
    file.write_text(head + "03301,Concord,NH,43.2185,-71.5277,America/New_York\n")
    assert ask("places", "load", "--file", str(file))[1] == "1 ZIP codes are on file.\n"
    file.write_text(
        head + "03301,Concord,NH,43.2185,-71.5277,America/New_York\n10001,New York,NY,north,-74,\n"
    )
    code, _, err = ask("places", "load", "--file", str(file))
    assert (code, "Nothing was changed" in err) == (2, True)
    assert [row.zip for row in ZipPlace.select()] == ["03301"]


HEAD = b"zip,city,state,latitude,longitude,time_zone\n"
CONCORD = b"03301,Concord,NH,43.2185,-71.5277,America/New_York\n"


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (b"", "has no column zip"),
        (HEAD, "There is no ZIP code in it"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "is not text in UTF-8"),
        (b"caf\xe9", "is not text in UTF-8"),
        (HEAD.replace(b",", b";") + CONCORD.replace(b",", b";"), "has no column zip"),
        (b"zip,lat,lng\n03301,43.2,-71.5\n", "has no column city"),
        (HEAD + b'"' + b"x" * 140_000, "Line 2 is not CSV"),
        (HEAD + CONCORD + CONCORD, "The ZIP code 03301 is there twice, the second time on line 3"),
        (HEAD + b"03301,Concord,NH,43.2\n", "On line 2 there are more or fewer cells than columns"),
        (HEAD + CONCORD.strip() + b",more\n", "On line 2 there are more or fewer cells than columns"),
        *(
            (HEAD + CONCORD.replace(right, wrong), f"On line 2 the {name}")
            for right, wrong, name in (
                (b"03301", b"3301", "ZIP code is not five digits"),
                (b"NH", b"New Hampshire", "state is not two capital letters"),
                (b"43.2185", b"999", "latitude is not a number of degrees"),
                (b"43.2185", b"nan", "latitude is not a number of degrees"),
                (b"-71.5277", b"-1e3", "longitude is not a number of degrees"),
                (b"-71.5277", b"west", "longitude is not a number of degrees"),
                (b"America/New_York", b"../../New_York", "time zone is not known"),
                (b"America/New_York", b"Concord", "time zone is not known"),
            )
        ),
        (HEAD + CONCORD.replace(b"Concord", b"\x1b[31m"), "On line 2 there is no name of a city"),
    ],
)
def test_what_is_no_list_of_places_is_refused_in_a_sentence_and_changes_nothing(ask, tmp_path, held, said):
    places.load([{"zip": "94607", "city": "Oakland", "state": "CA", "latitude": 37.8, "longitude": -122.3}])
    file = tmp_path / "places.csv"
    file.write_bytes(held)
    code, out, err = ask("places", "load", "--file", str(file))
    assert (code, out) == (2, "")
    assert said in err and "Nothing was changed" in err and err.count("\n") == 1 and len(err) < 300
    assert [row.zip for row in ZipPlace.select()] == ["94607"]


@pytest.mark.parametrize("command", [("places", "load", "--file"), ("rules", "check"), ("specialties",)])
def test_a_file_that_is_not_there_or_a_folder_or_no_text_is_refused(ask, tmp_path, command):
    for file, said in ((tmp_path / "none", "does not exist"), (tmp_path, "is a directory")):
        code, _, err = ask(*command, str(file))
        assert code == 2 and said in err
    file = tmp_path / "latin.csv"
    file.write_bytes("Cañon City".encode("latin-1"))
    assert ask(*command, str(file)) == (2, "", "latin.csv is not text in UTF-8. Nothing was changed.\n")


def test_a_file_without_end_is_not_read_to_its_end(ask, monkeypatch, tmp_path):
    monkeypatch.setattr(rule_commands, "LARGEST_FILE", 10)
    file = tmp_path / "places.csv"
    file.write_bytes(HEAD + CONCORD)
    code, _, err = ask("places", "load", "--file", str(file))
    assert (code, "is larger than 20 MB" in err) == (2, True)


def test_whoever_had_no_place_yet_gets_one_with_the_list(ask, world, tmp_path):
    clinic = world.expert.expert.clinics.get()
    Clinic.update(latitude=None, longitude=None).where(Clinic.id == clinic.id).execute()
    file = tmp_path / "places.csv"
    file.write_text(
        f"zip,city,state,latitude,longitude,time_zone\n{clinic.zip},Here,CA,37.5,-122.5,America/Los_Angeles\n"
    )
    assert "have their place now" in ask("places", "load", "--file", str(file))[1]
    assert Clinic.get_by_id(clinic.id).latitude == 37.5


def test_the_package_knows_every_zip_code_with_its_place():
    rows = list(places.every_zip())
    assert len(rows) > 40_000
    oakland = next(row for row in rows if row["zip"] == "94607")
    assert (oakland["city"], oakland["state"], oakland["time_zone"]) == (
        "Oakland",
        "CA",
        "America/Los_Angeles",
    )
