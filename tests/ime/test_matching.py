"""Matching: who is offered a case, how it is answered, and what an answer keeps for the next time."""

import threading
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from portal import clock
from portal.db import database
from portal.demo.people import expert as add_expert
from portal.ime import experts, matching, panel
from portal.ime.matching import (
    end_of,
    expire_offer,
    expire_offers,
    offer_case,
    pass_offer,
    ranked,
    recall_offer,
    release_expert,
    take_offer,
)
from portal.ime.process import MovedOn, NotAllowed, Refusal
from portal.models import (
    Appointment,
    Case,
    ConflictDeclaration,
    Credential,
    Event,
    Expert,
    Notice,
    Offer,
    Organisation,
    Report,
    TakenQuarter,
    TimeOff,
    User,
)
from portal.words import AppointmentState, OfferState, OrganisationKind, Party, Role, Stage
from tests.databases import ON_BOTH
from tests.paper import statements_of

NO_CONFLICT = dict.fromkeys(("has_treated", "shares_practice", "has_financial_link"), False)


def tomorrow():
    return clock.now() + timedelta(days=1)


def place_of(case, user):
    """Where the user's profile stands in the ranking of the case."""
    return next(each for each in ranked(case) if each.expert_id == user.expert.id)


def offered(case, world, user=None):
    """The case, offered by the coordinator."""
    expert = (user or world.expert).expert
    offer_case(case, by=world.coordinator, expert=expert, until=tomorrow(), why_not_first="Sees such cases.")
    return case


def told_of(case, step):
    event = case.events.where(Event.step == step).order_by(Event.id.desc()).get()
    return {notice.party for notice in Notice.select().where(Notice.event == event)}


def run_out(case):
    Offer.update(until=clock.now() - timedelta(minutes=1)).where(Offer.case == case).execute()


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


# --- the offer ----------------------------------------------------------------------------------------------------


@ON_BOTH
def test_an_offer_keeps_the_whole_ranking_it_came_from(world, case_at, backend):
    case = case_at(Stage.MATCHING)
    ranking = ranked(case)
    offer = offer_case(case, by=world.coordinator, expert=world.expert.expert, until=tomorrow())
    kept = Offer.get_by_id(offer.id)
    assert kept.ranking == [each.kept() for each in ranking]
    assert (kept.rank, kept.why_not_first, kept.state) == (1, "", OfferState.OPEN)
    assert told_of(case, "offer_case") == {"candidate"}


def test_whoever_is_not_first_is_offered_the_case_only_with_a_reason(world, case_at):
    case = case_at(Stage.MATCHING)
    with pytest.raises(Refusal) as refused:
        offer_case(case, by=world.coordinator, expert=world.second_expert.expert, until=tomorrow())
    assert refused.value.field == "why_not_first"
    offer = offer_case(
        case,
        by=world.coordinator,
        expert=world.second_expert.expert,
        until=tomorrow(),
        why_not_first=" A nerve. ",
    )
    assert (offer.rank, offer.why_not_first) == (5, "A nerve.")


@pytest.mark.parametrize("name", ["Peter Novak", "Carla Benedetti"])
def test_an_excluded_expert_cannot_be_offered_the_case_with_any_reason(world, case_at, name):
    excluded = Expert.select().join(User).where(User.name == name).get()
    with pytest.raises(Refusal) as refused:
        offer_case(
            case_at(Stage.MATCHING),
            by=world.coordinator,
            expert=excluded,
            until=tomorrow(),
            why_not_first="Please.",
        )
    assert refused.value.sentence.startswith("This expert cannot be offered the case. ")
    assert case_at(Stage.MATCHING).stage == Stage.MATCHING


@pytest.mark.parametrize(
    ("days", "sentence"), [(-1, "still to come"), (0, "still to come"), (32, "within 30 days")]
)
def test_a_deadline_lies_ahead_but_not_far(world, case_at, days, sentence):
    until = clock.now() + timedelta(days=days)
    with pytest.raises(Refusal, match=sentence) as refused:
        offer_case(case_at(Stage.MATCHING), by=world.coordinator, expert=world.expert.expert, until=until)
    assert refused.value.field == "until"


def test_the_last_minute_of_a_day_is_the_offices():
    assert end_of(date(2026, 3, 8)).isoformat() == "2026-03-08T23:59:00-04:00"
    assert end_of(date(2026, 3, 7)).isoformat() == "2026-03-07T23:59:00-05:00"


# --- the answer ---------------------------------------------------------------------------------------------------


def test_taking_a_case_keeps_the_declaration_and_makes_the_candidate_its_expert(world, case_at):
    case = case_at(Stage.OFFERED)
    take_offer(case, by=world.expert, **NO_CONFLICT, note="I once met the referrer at a conference.")
    stands = Case.get_by_id(case.id)
    assert (stands.stage, stands.expert_id) == (Stage.SCHEDULING, world.expert.expert.id)
    declaration = ConflictDeclaration.select().join(Offer).where(Offer.case == case).get()
    assert not (declaration.has_treated or declaration.shares_practice or declaration.has_financial_link)
    assert declaration.note == "I once met the referrer at a conference."
    assert declaration.offer.state == OfferState.TAKEN


@pytest.mark.parametrize("conflict", NO_CONFLICT)
def test_whoever_declares_a_conflict_cannot_take_the_case(world, case_at, conflict):
    case = case_at(Stage.OFFERED)
    with pytest.raises(Refusal, match="conflict of interest"):
        take_offer(case, by=world.expert, **{**NO_CONFLICT, conflict: True})
    assert Case.get_by_id(case.id).expert_id is None
    assert matching.open_offer(case).state == OfferState.OPEN


def test_a_candidate_of_one_case_cannot_answer_for_another(world, case_at):
    with pytest.raises(NotAllowed):
        take_offer(case_at(Stage.OFFERED), by=world.second_expert, **NO_CONFLICT)


def test_an_offer_cannot_be_taken_once_its_deadline_has_passed(world, case_at):
    case = case_at(Stage.OFFERED)
    run_out(case)
    with pytest.raises(Refusal, match="deadline"):
        take_offer(case, by=world.expert, **NO_CONFLICT)


def test_a_passed_offer_can_be_made_to_another_expert_and_not_again_to_the_same(world, case_at):
    case = offered(case_at(Stage.MATCHING), world)
    pass_offer(case, by=world.expert, why="", because="no_time")
    ranking = ranked(case)
    assert (ranking[0].rank, ranking[0].name) == (1, "Mateo Villanueva, MD")
    assert place_of(case, world.expert).exclusions == ("Passed on this case before.",)
    with pytest.raises(Refusal):
        offered(case, world)
    first = experts.find(ranking[0].expert_id)
    assert offer_case(case, by=world.coordinator, expert=first, until=tomorrow()).rank == 1
    assert told_of(case, "pass_offer") == {"coordinator"}


def test_an_expert_passes_with_a_reason_on_the_list_or_words_of_their_own(world, case_at):
    case = case_at(Stage.OFFERED)
    with pytest.raises(Refusal) as wordless:
        pass_offer(case, by=world.expert, why="  ", because="other")
    assert wordless.value.field == "why"
    with pytest.raises(Refusal) as unknown:
        pass_offer(case, by=world.expert, why="So be it.", because="a whim")
    assert unknown.value.field == "because"
    pass_offer(case, by=world.expert, why="I am moving to another state.")
    assert case.offers.get().why_passed == "I am moving to another state."


def test_what_an_expert_writes_when_passing_does_not_reach_the_timeline(world, case_at):
    case = case_at(Stage.OFFERED)
    pass_offer(case, by=world.expert, why="I treated her shoulder in 2019.", because="treated")
    facts = case.events.where(Event.step == "pass_offer").get().facts
    assert facts == {"expert": "Adaeze Okafor, MD", "why": "a conflict of interest"}


@pytest.mark.parametrize(
    ("because", "sentence"),
    [
        ("treated", "Declared on an earlier offer: has treated the claimant."),
        ("practice", "Declared a conflict of interest with this claimant or case before."),
        ("financial_link", "Declared a conflict of interest with this claimant or case before."),
    ],
)
@ON_BOTH
def test_a_conflict_declared_once_counts_in_every_case_of_the_same_claimant(
    world, case_at, because, sentence, backend
):
    pass_offer(case_at(Stage.OFFERED), by=world.expert, why="", because=because)
    assert place_of(case_at(Stage.MATCHING), world.expert).exclusions == (sentence,)
    other = case_at(Stage.MATCHING)
    other.claimant.born_on = date(1980, 1, 1)
    other.claimant.save()
    assert place_of(other, world.expert).rank == 1


def test_a_treating_doctor_of_another_case_of_the_claimant_is_excluded(world, case_at):
    closed = case_at(Stage.CLOSED)
    closed.treating_doctor = "Dr. Adaeze Okafor"
    closed.save()
    assert place_of(case_at(Stage.MATCHING), world.expert).exclusions == (
        "Is named as the claimant's treating doctor.",
    )


def test_a_recalled_offer_frees_the_case_and_may_be_made_again(world, case_at):
    case = case_at(Stage.OFFERED)
    recall_offer(case, by=world.coordinator, why="The hearing was moved.")
    assert told_of(case, "recall_offer") == {"candidate"}
    assert case.offers.get().why_passed == "The hearing was moved."
    assert place_of(case, world.expert).rank == 1


def test_releasing_the_expert_cancels_what_is_booked_and_tells_them(world, case_at):
    case = case_at(Stage.BOOKED)
    release_expert(case, by=world.coordinator, why="The clinic closes.")
    stands = Case.get_by_id(case.id)
    assert (stands.stage, stands.expert_id) == (Stage.MATCHING, None)
    assert case.appointments.get().state == AppointmentState.CANCELLED
    assert case.offers.get().state == OfferState.RELEASED
    assert told_of(case, "release_expert") == {"expert", "referrer"}
    with pytest.raises(MovedOn):
        release_expert(case, by=world.coordinator, why="Again.")


# --- the deadline -------------------------------------------------------------------------------------------------


@ON_BOTH
def test_an_offer_that_ran_out_goes_back_to_matching_and_excludes_its_candidate(world, case_at, backend):
    case = case_at(Stage.OFFERED)
    run_out(case)
    assert expire_offers() == 1
    case = case_at(Stage.OFFERED)
    assert case.stage == Stage.MATCHING
    assert case.offers.get().state == OfferState.EXPIRED
    assert told_of(case, "expire_offer") == {"coordinator", "candidate"}
    assert place_of(case, world.expert).exclusions == ("Let the offer of this case run out before.",)
    assert expire_offers() == 0


def test_an_offer_that_still_runs_does_not_expire(world, case_at):
    assert expire_offers() == 0
    with pytest.raises(Refusal, match="still open"):
        expire_offer(case_at(Stage.OFFERED), by=Party.PORTAL)


def test_one_offer_that_cannot_expire_does_not_stop_the_others(world, case_at, monkeypatch):
    cases = [case_at(Stage.OFFERED), offered(case_at(Stage.MATCHING), world)]
    for number, case in enumerate(cases):
        past = clock.now() - timedelta(hours=2 - number)
        Offer.update(until=past).where((Offer.case == case) & (Offer.state == OfferState.OPEN)).execute()
    expire = matching.expire_offer

    def stumble(case, *, by):
        if case.id == cases[0].id:
            raise ZeroDivisionError
        expire(case, by=by)

    monkeypatch.setattr(matching, "expire_offer", stumble)
    with pytest.raises(ExceptionGroup) as raised:
        expire_offers()
    assert [type(each) for each in raised.value.exceptions] == [ZeroDivisionError]
    assert [Case.get_by_id(case.id).stage for case in cases] == [Stage.OFFERED, Stage.MATCHING]


def at_once(*acts):
    """Let everybody act at the same moment, each with a connection of their own; what each met, in no order."""
    barrier, met = threading.Barrier(len(acts)), []

    def run(act):
        try:
            barrier.wait()
            act()
            met.append("won")
        except (MovedOn, NotAllowed, Refusal) as late:
            met.append(type(late).__name__)
        finally:
            database.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return met


@ON_BOTH
def test_of_the_candidate_and_the_deadline_exactly_one_wins(world, case_at, backend):
    number = case_at(Stage.OFFERED).id
    until = matching.open_offer(case_at(Stage.OFFERED)).until

    def take():
        with clock.set_to(until - timedelta(seconds=1)):
            take_offer(Case.get_by_id(number), by=world.expert, **NO_CONFLICT)

    def expire():
        with clock.set_to(until):
            expire_offer(Case.get_by_id(number), by=Party.PORTAL)

    met = at_once(take, expire)
    case = Case.get_by_id(number)
    assert met.count("won") == 1, met
    assert (case.stage, case.offers.get().state) in {
        (Stage.SCHEDULING, OfferState.TAKEN),
        (Stage.MATCHING, OfferState.EXPIRED),
    }
    assert (case.expert_id is not None) == (case.stage == Stage.SCHEDULING)
    assert ConflictDeclaration.select().join(Offer).where(Offer.case == case).count() == (
        case.expert_id is not None
    )


@ON_BOTH
def test_of_two_coordinators_who_offer_one_case_exactly_one_wins(world, case_at, backend):
    number = case_at(Stage.MATCHING).id

    def offer(by, user):
        offer_case(
            Case.get_by_id(number),
            by=by,
            expert=user.expert,
            until=tomorrow(),
            why_not_first="Sees such cases.",
        )

    met = at_once(
        lambda: offer(world.coordinator, world.expert),
        lambda: offer(world.second_coordinator, world.second_expert),
    )
    assert sorted(met) == ["MovedOn", "won"]
    assert Offer.select().where(Offer.case == number).count() == 1


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
