"""The panel: what is read of it for a ranking, when its experts are free, how their reports fared, and its list."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from portal import clock
from portal.demo.people import expert as add_expert
from portal.ime import experts, panel, rule_book, rules
from portal.ime.matching import ranked
from portal.models import (
    Appointment,
    Case,
    Credential,
    Expert,
    Offer,
    Organisation,
    Report,
    RuleSnapshot,
    TakenQuarter,
    TimeOff,
    WeeklyHours,
)
from portal.words import OrganisationKind, Role, Stage
from tests.databases import ON_BOTH
from tests.paper import statements_of


def tomorrow():
    return clock.now() + timedelta(days=1)


def place_of(case, user):
    """Where the user's profile stands in the ranking of the case."""
    return next(each for each in ranked(case) if each.expert_id == user.expert.id)


# --- the ranking --------------------------------------------------------------------------------------------------


@ON_BOTH
def test_the_panel_is_ranked_with_reasons_and_the_excluded_with_theirs(world, case_at, backend):
    ranking = ranked(case_at(Stage.MATCHING))
    assert [each.name for each in ranking][:3] == [
        "Adaeze Okafor, MD",
        "Mateo Villanueva, MD",
        "Grace Lindqvist, DO",
    ]
    assert {each.name: each.exclusions for each in ranking if not each.rank} == {
        "Carla Benedetti, MD": ("Works in the treating doctor's practice, Valley Family Medicine.",),
        "Peter Novak, MD": (f"The license in CA ran out on {novaks_last_day()}.",),
    }
    assert "7 miles away" in ranking[0].in_short


def novaks_last_day():
    last = (
        Credential.select()
        .where(Credential.kind == "licence")
        .order_by(Credential.expires_on)
        .get()
        .expires_on
    )
    return f"{last:%B} {last.day}, {last.year}"


@ON_BOTH
def test_a_ranking_asks_the_database_as_often_for_many_experts_as_for_few(world, case_at, backend):
    case = case_at(Stage.MATCHING)
    few = statements_of(lambda: ranked(case_at(Stage.MATCHING)))
    practice = Organisation.create(name="Larkspur Clinic", kind=OrganisationKind.PRACTICE)
    for number in range(12):
        add_expert(practice, f"New Expert{number}", "MD", ["orthopedic_surgery"])
    before = len(ranked(case))
    assert before == 20
    assert statements_of(lambda: ranked(case_at(Stage.MATCHING))) == few


def test_an_expert_who_was_disabled_is_not_on_the_panel(world, case_at):
    world.expert.disabled_at = clock.now()
    world.expert.save()
    assert world.expert.expert.id not in {each.expert_id for each in ranked(case_at(Stage.MATCHING))}
    assert experts.find(world.expert.expert.id) is None


def test_time_off_and_notice_move_the_next_free_day(world, case_at):
    profile = world.expert.expert
    first = panel.Diary().first_day(profile.id, 0)
    TimeOff.create(expert=profile, first_day=first, last_day=first + timedelta(days=9))
    assert panel.Diary().first_day(profile.id, 0) > first + timedelta(days=9)
    TimeOff.create(expert=profile, first_day=first, last_day=first + timedelta(days=99))
    assert panel.Diary().first_day(profile.id, 0) is None


def test_a_day_that_is_booked_out_is_not_free(world, case_at):
    diary = panel.Diary()
    first = diary.first_day(world.expert.expert.id, 0)
    opens = datetime.combine(first, time(9), ZoneInfo("America/Los_Angeles"))
    booked = case_at(Stage.BOOKED).appointments.get()
    quarters = [opens + timedelta(minutes=15 * number) for number in range(7 * 4)]
    TakenQuarter.insert_many(
        [{"expert": booked.expert_id, "starts_at": each, "appointment": booked} for each in quarters]
    ).on_conflict_ignore().execute()
    assert panel.Diary().first_day(world.expert.expert.id, 0) > first
    assert panel.Diary().first_day(world.second_expert.expert.id, 0) == first


@ON_BOTH
def test_an_expert_with_video_hours_alone_is_free_by_video(world, case_at, backend):
    profile = world.expert.expert
    first = panel.Diary().first_day(profile.id, 0)
    own = WeeklyHours.clinic.in_(profile.clinics)
    one = WeeklyHours.select().where(own).order_by(WeeklyHours.id).get()
    Expert.update(accepts_telehealth=True).where(Expert.id == profile.id).execute()
    WeeklyHours.update(is_telehealth=True).where(WeeklyHours.id == one.id).execute()
    assert not panel.Diary().is_by_video(profile.id), "hours in person come first"
    WeeklyHours.update(is_telehealth=True).where(own).execute()
    diary = panel.Diary()
    assert diary.is_by_video(profile.id) and diary.first_day(profile.id, 0) == first
    assert "Free by video from" in place_of(case_at(Stage.MATCHING), world.expert).in_short
    yesterday = clock.today() - timedelta(days=1)
    WeeklyHours.update(is_telehealth=False, last_day=yesterday).where(WeeklyHours.id == one.id).execute()
    assert panel.Diary().is_by_video(profile.id), "hours in person that are over are none"
    Expert.update(accepts_telehealth=False).where(Expert.id == profile.id).execute()
    assert panel.Diary().first_day(profile.id, 0) is None
    assert "No free time soon" in place_of(case_at(Stage.MATCHING), world.expert).in_short


def test_cases_of_this_week_count_until_the_week_is_over(world, case_at):
    Offer.delete().execute()
    Expert.update(capacity_a_week=1).where(Expert.id == world.expert.expert.id).execute()
    assert place_of(case_at(Stage.MATCHING), world.expert).rank == 1
    Offer.create(
        case=case_at(Stage.SCHEDULING), expert=world.expert.expert, until=tomorrow(), rank=1, ranking=[]
    )
    assert place_of(case_at(Stage.MATCHING), world.expert).exclusions == ("At capacity this week: 1 of 1.",)
    with clock.set_to(clock.now() + timedelta(days=7)):
        assert place_of(case_at(Stage.MATCHING), world.expert).rank == 1


def test_reports_count_as_accepted_or_asked_back_once_that_is_known(world, case_at):
    records = panel.report_records()[world.expert.expert.id]
    # Of the world's cases one closed; two were asked back; one is in review and says nothing yet.
    assert (records["accepted"], records["asked_back"]) == (1, 2)
    assert records["on_time"] + records["late"] == 4


def test_a_report_signed_after_its_rule_wanted_it_is_late(world, case_at):
    before = panel.report_records()[world.expert.expert.id]
    report = case_at(Stage.CLOSED).reports.get()
    Report.update(signed_at=report.signed_at + timedelta(days=60)).where(Report.id == report.id).execute()
    after = panel.report_records()[world.expert.expert.id]
    assert (after["late"], after["on_time"]) == (before["late"] + 1, before["on_time"] - 1)


def test_whether_a_report_was_on_time_is_judged_by_the_rules_in_force(world):
    for report in Report.select().where(Report.signed_at.is_null(False)):
        report.signed_at += timedelta(days=40)
        report.save()
    before = panel.report_records()[world.expert.expert.id]
    assert before["late"] and not before["on_time"]
    facts = rules.plain(rule_book.in_force().named("CA-QME-23"))
    rule_book.change_rule(facts=facts | {"n": 90}, why="Amended.", by=world.coordinator, seen=0)
    after = panel.report_records()[world.expert.expert.id]
    assert (after["on_time"], after["late"]) == (before["late"], 0)


@ON_BOTH
def test_what_a_rule_asks_of_experts_excludes_nobody_once_it_does_not_hold_for_the_case(
    world, case_at, backend
):
    Case.update(exam_kind="NH-WC").where(Case.id == case_at(Stage.MATCHING).id).execute()
    Expert.update(is_in_clinical_practice=False).execute()
    asked = "Is no longer in clinical practice; NH-WC-03 asks for it."

    def excluded():
        return asked in place_of(case_at(Stage.MATCHING), world.expert).exclusions

    RuleSnapshot.delete().execute()
    assert excluded()
    rule_book.take_snapshot(case_at(Stage.MATCHING))
    rule_book.switch_off("NH-WC-03", why="Repealed.", by=world.coordinator, seen=0)
    assert excluded(), "the case keeps the rules of its referral"
    RuleSnapshot.delete().execute()
    assert not excluded()
    rule_book.take_snapshot(case_at(Stage.MATCHING))
    assert not excluded()


def test_reports_of_more_than_a_year_ago_no_longer_count(world):
    Report.update(released_at=clock.now() - timedelta(days=366)).where(
        Report.released_at.is_null(False)
    ).execute()
    assert not panel.report_records()


def test_a_federal_examination_takes_a_licence_where_the_claimant_lives(world, case_at):
    case = case_at(Stage.MATCHING)
    case.exam_kind = "US-FECA"
    assert panel.state_of(case) == "CA"
    case.claimant.state = "NV"
    case.claimant.save()
    assert all(not each.rank for each in ranked(case))


# --- the list -----------------------------------------------------------------------------------------------------


@ON_BOTH
def test_the_panel_is_listed_by_name_in_pages(world, backend, monkeypatch):
    monkeypatch.setattr(experts, "PAGE", 3)
    pages, after = [], 0
    while after is not None:
        listed, after = experts.page(after)
        pages.append([each.name for each in listed])
    assert [len(each) for each in pages] == [3, 3, 2]
    assert sum(pages, []) == sorted(sum(pages, []))  # noqa: RUF017 - three short lists


def test_a_page_of_the_panel_asks_the_database_as_often_for_many_experts_as_for_few(world):
    few = statements_of(experts.page)
    practice = Organisation.create(name="Larkspur Clinic", kind=OrganisationKind.PRACTICE)
    for number in range(10):
        add_expert(practice, f"New Expert{number}", "MD", ["neurology"])
    assert statements_of(experts.page) == few
    assert len(experts.page()[0]) == 18


def test_a_line_of_the_panel_says_what_runs_out_what_is_open_and_when_they_are_away(world):
    TimeOff.create(expert=world.expert.expert, first_day=clock.today(), last_day=clock.today())
    lines = {each.name: each for each in experts.page()[0]}
    tones = {name: [held.tone for held in line.credentials] for name, line in lines.items()}
    assert tones["Peter Novak, MD"] == ["late", "plain"]
    assert tones["Grace Lindqvist, DO"] == ["soon", "plain"]
    okafor = lines["Adaeze Okafor, MD"]
    assert okafor.off == (clock.today(), clock.today())
    assert okafor.open_cases == Case.open().where(Case.expert == world.expert.expert).count() > 0
    assert lines["Samuel Osei, MD"].off is None


def test_nobody_but_an_expert_is_on_the_panel(world):
    assert Expert.select().count() == experts.active().count() == 8
    assert all(expert.user.role == Role.EXPERT for expert in experts.active())
    assert (
        Appointment.select().where(Appointment.expert.not_in([each.id for each in experts.active()])).count()
        == 0
    )
