"""The ranking: what excludes, what counts and how much, and what must hold of every order."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.ime.candidacy import (
    CaseFacts,
    CredentialFacts,
    ExpertFacts,
    doctor,
    is_same_doctor,
    plain_name,
    plain_practice,
)
from portal.ime.exclusion import exclusions
from portal.ime.ranking import WEIGHTS, miles_between, rank
from portal.words import ArrangementKind, OfferState

TODAY = date(2026, 3, 2)
OAKLAND, SAN_JOSE, NEW_YORK = (37.8044, -122.2712), (37.3382, -121.8863), (40.7128, -74.0060)
LICENCE = CredentialFacts("licence", "CA", TODAY + timedelta(days=300))
BOARD = CredentialFacts("board", "", TODAY + timedelta(days=300))

CASE = CaseFacts(
    today=TODAY,
    state="CA",
    body_parts=("shoulder",),
    issues=("diagnosis", "causation"),
    place=OAKLAND,
    treating_practice="Valley Family Medicine",
    treating_doctors=frozenset({"Linda Marsh, MD"}),
)
EXPERT = ExpertFacts(
    expert_id=1,
    name="Adaeze Okafor, MD",
    practice="Bayview Orthopaedics",
    specialties=("orthopedic_surgery",),
    credentials=(LICENCE, BOARD),
    years=10,
    examinations=150,
    is_in_practice=True,
    languages=("english",),
    fee_cents=200_000,
    places=(OAKLAND,),
    capacity=5,
    next_free=TODAY + timedelta(days=7),
)


def ranks(*experts, case=CASE):
    return rank(case, experts)


def reason(name, case=CASE, **facts):
    """The row of this name in the score of the expert so changed."""
    (candidate,) = ranks(replace(EXPERT, **facts), case=case)
    return next(each for each in candidate.reasons if each.name == name)


def test_the_weights_are_a_hundred_points_together():
    assert sum(weight.of for weight in WEIGHTS.values()) == 100


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"has_treated": True}, "Declared on an earlier offer: has treated the claimant."),
        ({"name": "Dr. Linda  A. Marsh"}, "Is named as the claimant's treating doctor: Linda Marsh, MD."),
        (
            {"practice": "Valley family medicine"},
            "Works in the treating doctor's practice, Valley Family Medicine.",
        ),
        (
            {"practice": "The Valley Family-Medicine, P.C."},
            "Works in the treating doctor's practice, Valley Family Medicine"
            " (on file as The Valley Family-Medicine, P.C.).",
        ),
        (
            {"shares_practice": True},
            "Declared on an earlier offer: shares a practice with the treating doctor.",
        ),
        (
            {"has_financial_link": True},
            "Declared on an earlier offer: has a financial link with a party.",
        ),
        ({"credentials": (BOARD,)}, "Has no license in CA on file."),
        ({"credentials": (replace(LICENCE, state="NV"), BOARD)}, "Has no license in CA on file."),
        (
            {"credentials": (replace(LICENCE, expires_on=TODAY), BOARD)},
            "The license in CA ran out on March 2, 2026.",
        ),
        (
            {"credentials": (replace(LICENCE, expires_on=TODAY + timedelta(days=7)), BOARD)},
            "The license in CA runs out on March 9, 2026, and the first free day is March 9, 2026.",
        ),
        (
            {"credentials": (LICENCE, replace(BOARD, expires_on=date(2026, 1, 9)))},
            "The board certification ran out on January 9, 2026.",
        ),
        ({"this_week": 5}, "At capacity this week: 5 of 5."),
        ({"capacity": 0}, "At capacity this week: 0 of 0."),
        ({"answered": OfferState.PASSED}, "Passed on this case before."),
        ({"answered": OfferState.EXPIRED}, "Let the offer of this case run out before."),
    ],
)
def test_what_excludes_is_said_in_a_sentence(facts, sentence):
    (candidate,) = ranks(replace(EXPERT, **facts))
    assert candidate.exclusions == (sentence,)
    assert (candidate.rank, candidate.score, candidate.reasons) == (0, 0, ())


def test_every_reason_against_an_expert_is_named_not_only_the_first():
    (candidate,) = ranks(replace(EXPERT, has_treated=True, this_week=7))
    assert len(candidate.exclusions) == 2


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"credentials": (LICENCE,)},
        {"credentials": (LICENCE, replace(LICENCE, expires_on=TODAY), BOARD)},
        {"credentials": (LICENCE, BOARD, replace(BOARD, expires_on=TODAY))},
        {"credentials": (replace(LICENCE, expires_on=TODAY + timedelta(days=8)), BOARD)},
        {"credentials": (replace(LICENCE, expires_on=TODAY + timedelta(days=1)), BOARD), "next_free": None},
        {"this_week": 4},
        {"answered": OfferState.RECALLED},
        {"practice": ""},
    ],
)
def test_what_does_not_exclude(facts):
    (candidate,) = ranks(replace(EXPERT, **facts))
    assert candidate.rank == 1


def test_a_practice_that_nobody_named_is_shared_by_nobody():
    (candidate,) = ranks(replace(EXPERT, practice=""), case=replace(CASE, treating_practice=""))
    assert candidate.rank == 1


def test_where_no_state_is_known_any_licence_will_do():
    (candidate,) = ranks(
        replace(EXPERT, credentials=(replace(LICENCE, state="NV"),)), case=replace(CASE, state="")
    )
    assert candidate.rank == 1


@pytest.mark.parametrize(
    ("name", "facts", "points", "said"),
    [
        ("specialty", {}, 35, "Orthopedic surgery, the closest match"),
        ("specialty", {"specialties": ("physical_medicine",)}, 23, "Physical medicine and rehabilitation, a partial match"),
        ("specialty", {"specialties": ("hand_surgery",)}, 23, "Orthopedic hand surgery, a partial match"),
        ("specialty", {"specialties": ("psychiatry", "orthopedic_surgery")}, 35, "Orthopedic surgery, the closest match"),
        ("specialty", {"specialties": ("psychiatry",)}, 0, "No specialty that matches"),
        ("specialty", {"specialties": ()}, 0, "No specialty that matches"),
        ("years", {"years": 1}, 0, "1 year"),
        ("years", {"years": 40}, 5, "40 years"),
        ("examinations", {"examinations": 1200}, 5, "1,200 examinations"),
        ("in_practice", {"is_in_practice": False}, 0, "No"),
        ("accepted", {}, 5, "No report reviewed yet"),
        ("accepted", {"accepted": 9, "asked_back": 1}, 8, "9 of 10 reports"),
        ("accepted", {"accepted": 0, "asked_back": 1}, 3, "0 of 1 report"),
        ("on_time", {"on_time": 98}, 8, "98 of 98 reports"),
        ("on_time", {"late": 98}, 0, "0 of 98 reports"),
        ("distance", {}, 12, "0 miles away"),
        ("distance", {"places": (NEW_YORK, SAN_JOSE)}, 8, "38 miles away"),
        ("distance", {"places": (NEW_YORK,)}, 0, "2,557 miles away"),
        ("distance", {"places": ()}, 0, "Distance not known"),
        ("language", {"languages": ("french",)}, 0, "Does not speak English"),
        ("next_free", {"next_free": None}, 0, "No free time soon"),
        ("next_free", {"next_free": TODAY + timedelta(days=30)}, 3, "Free from April 1, 2026"),
        ("next_free", {"is_free_by_video": True}, 6, "Free by video from March 9, 2026"),
        ("fee", {"fee_cents": 90_000}, 4, "$900"),
        ("fee", {"fee_cents": 450_000}, 0, "$4,500"),
        ("fee", {"fee_cents": 0}, 0, "No fee on file"),
    ],
)  # fmt: skip
def test_what_counts_and_how_much(name, facts, points, said):
    row = reason(name, **facts)
    assert (row.points, row.of, row.said) == (points, WEIGHTS[name].of, said)


def test_a_companion_and_a_recording_count_only_where_they_are_wished_for():
    both = frozenset({ArrangementKind.COMPANION, ArrangementKind.RECORDING})
    (plain,) = ranks(EXPERT)
    assert "wishes" not in {each.name for each in plain.reasons}
    row = reason("wishes", case=replace(CASE, wishes=both), accepts=frozenset({ArrangementKind.COMPANION}))
    assert (row.points, row.said) == (2, "Accepts a companion, does not accept a recording")


def test_a_case_that_names_no_body_part_gives_nobody_points_for_a_specialty():
    bare = replace(CASE, body_parts=(), issues=())
    assert reason("specialty", case=bare).points == 0


def test_a_claimant_whose_place_is_unknown_is_near_nobody():
    assert reason("distance", case=replace(CASE, place=None)).said == "Distance not known"


def test_equal_scores_go_to_whoever_has_fewer_cases_this_week_then_to_the_one_longer_on_the_panel():
    busy, newer, older = (
        replace(EXPERT, expert_id=number, this_week=week) for number, week in ((1, 2), (3, 1), (2, 1))
    )
    assert [each.expert_id for each in ranks(busy, newer, older)] == [2, 3, 1]


def test_the_excluded_stand_last_in_the_order_of_their_names():
    names = ("Zoe", "Adam", "Mia")
    experts = [
        replace(EXPERT, expert_id=i, name=name, has_financial_link=name != "Mia")
        for i, name in enumerate(names)
    ]
    assert [each.name for each in ranks(*experts)] == ["Mia", "Adam", "Zoe"]


def test_what_is_kept_with_an_offer_can_be_read_without_todays_tables():
    (candidate,) = ranks(EXPERT)
    kept = candidate.kept()
    assert kept["reasons"][0] == ["Specialty", "Orthopedic surgery, the closest match", 35, 35]
    assert kept["score"] == sum(points for _, _, points, _ in kept["reasons"])
    assert (kept["rank"], kept["expert_id"], kept["exclusions"]) == (1, 1, [])


def test_claimants_are_compared_without_title_and_case_alone():
    assert plain_name("Dr. Linda  MARSH, MD, PhD") == plain_name("linda marsh") == "linda marsh"
    assert plain_name("Linda A. Marsh") != plain_name("Linda Marsh")


@pytest.mark.parametrize(
    "written",
    [
        "Jane Smith MD", "Jane A. Smith, MD", "JANE ANN SMITH, M.D., Ph.D.", "Dr.Jane Smith", "Prof. Dr. Jane  Smith",
        "Smith, Jane, MD", "Smith, Jane A. MD", "Jane Smith DO", "Jane Smith, Jr., MD/PhD", "Jane Smith M. D.",
        "Dr. Jane Smith (orthopedics)", "Jané Smith PA-C",
    ],
)  # fmt: skip
def test_a_doctor_is_known_however_the_name_is_written(written):
    assert is_same_doctor(written, "Dr. Jane Smith") and is_same_doctor("Dr. Jane Smith", written)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Jane Smith, MD", "Janet Smith, MD"),
        ("Jane Smith, MD", "J. Smith, MD"),
        ("Jane Smith, MD", "Dr. Smith"),
        ("Jane Smith, MD", "Jane Smithson, MD"),
        ("John Smith, Jr., MD", "John Smith, Sr., MD"),
        ("Anh Do, MD", "Anh Ma, MD"),
        ("Anh V. Do, MD", "Anh Vo, MD"),
        ("", "Dr."),
    ],
)
def test_two_doctors_are_not_one(one, other):
    assert not is_same_doctor(one, other) and not is_same_doctor(other, one)


def test_a_surname_that_is_a_degree_too_and_one_of_two_words_are_read_as_names():
    assert is_same_doctor("Anh V. Do, MD", "Dr. Anh Do") and is_same_doctor("Anh Do", "Anh Do DO")
    assert is_same_doctor("Conor O'Brien, MD", "Conor OBrien") and is_same_doctor(
        "Ana Ruiz-Soto", "Ana Ruiz Soto"
    )


@settings(max_examples=100)
@given(st.text(max_size=40), st.text(max_size=40))
def test_any_name_can_be_compared_and_whoever_has_one_is_themselves(one, other):
    assert is_same_doctor(one, other) == is_same_doctor(other, one)
    assert plain_practice(one) == plain_practice(one.upper().lower()) or not one.isascii()
    assert is_same_doctor(one, one) == bool(doctor(one).whole)


@pytest.mark.parametrize(
    "written",
    [
        "Bayside Ortho, Inc.",
        "The Bayside Ortho",
        "bayside-ortho P. C.",
        "Bayside Ortho PLLC",
        "Bayside Ortho, P.A.",
    ],
)
def test_a_practice_is_known_without_its_legal_form(written):
    assert plain_practice(written) == plain_practice("Bayside Ortho")
    assert plain_practice(written) != plain_practice("Bayside Orthopedics")


def test_what_is_nothing_but_a_legal_form_is_still_a_name():
    assert plain_practice("Inc.") and not plain_practice("The")
    assert plain_practice("Smith & Jones, LLC") == plain_practice("Smith and Jones")


def test_miles_are_those_of_the_great_circle():
    assert miles_between(OAKLAND, OAKLAND) == 0
    assert miles_between(OAKLAND, NEW_YORK) == pytest.approx(2_557, abs=5)
    assert miles_between((0, 0), (0, 180)) == pytest.approx(12_437, abs=10)


# --- what must hold of every order --------------------------------------------------------------------------------

DAYS = st.integers(-100, 400).map(lambda number: TODAY + timedelta(days=number))
CREDENTIALS = st.builds(
    CredentialFacts,
    kind=st.sampled_from(["licence", "board"]),
    state=st.sampled_from(["", "CA", "NV"]),
    expires_on=DAYS,
)
EXPERTS = st.builds(
    ExpertFacts,
    expert_id=st.integers(1, 10_000),
    name=st.sampled_from(["Ada", "Ben", "Linda Marsh, MD"]),
    practice=st.sampled_from(["", "Bayview", "Valley Family Medicine"]),
    specialties=st.lists(
        st.sampled_from(["orthopedic_surgery", "neurology", "hand_surgery", "pain_medicine", "no such code"]),
        max_size=3,
    ).map(tuple),
    credentials=st.lists(CREDENTIALS, max_size=3).map(lambda more: (LICENCE, *more)),
    years=st.integers(0, 60),
    examinations=st.integers(0, 5_000),
    is_in_practice=st.booleans(),
    languages=st.sampled_from([("english",), ("spanish",), ()]),
    fee_cents=st.integers(0, 900_000),
    places=st.lists(st.tuples(st.floats(-90, 90), st.floats(-180, 180)), max_size=2).map(tuple),
    capacity=st.integers(0, 5),
    this_week=st.integers(0, 5),
    accepted=st.integers(0, 50),
    asked_back=st.integers(0, 50),
    on_time=st.integers(0, 50),
    late=st.integers(0, 50),
    next_free=st.none() | DAYS,
    accepts=st.frozensets(st.sampled_from([ArrangementKind.COMPANION, ArrangementKind.RECORDING])),
    has_treated=st.booleans(),
    shares_practice=st.booleans(),
    has_financial_link=st.booleans(),
    answered=st.none() | st.sampled_from(list(OfferState)),
)
PANELS = st.lists(EXPERTS, max_size=8, unique_by=lambda each: each.expert_id)
CASES = st.builds(
    lambda wishes, language: replace(CASE, wishes=wishes, language=language),
    st.frozensets(st.sampled_from([ArrangementKind.COMPANION, ArrangementKind.RECORDING])),
    st.sampled_from(["English", "Spanish"]),
)
# Facts that speak for an expert, each made better.
BETTER = {
    "years": lambda each: {"years": each.years + 7},
    "examinations": lambda each: {"examinations": each.examinations + 90},
    "in practice": lambda each: {"is_in_practice": True},
    "accepted": lambda each: {"accepted": each.accepted + 3},
    "on time": lambda each: {"on_time": each.on_time + 3},
    "asked back": lambda each: {"asked_back": max(0, each.asked_back - 2)},
    "near": lambda each: {"places": (*each.places, OAKLAND)},
    "languages": lambda each: {"languages": (*each.languages, "english", "spanish")},
    "free": lambda each: {"next_free": TODAY},
    "accepts": lambda each: {"accepts": frozenset(ArrangementKind)},
    "fee": lambda each: {"fee_cents": 100_000},
    "specialty": lambda each: {"specialties": (*each.specialties, "orthopedic_surgery")},
}


@settings(max_examples=60, deadline=None)
@given(CASES, PANELS)
def test_an_excluded_expert_is_never_ranked_and_a_ranked_one_never_excluded(case, panel):
    found = rank(case, panel)
    assert sorted(each.expert_id for each in found) == sorted(each.expert_id for each in panel)
    eligible = [each for each in found if each.rank]
    assert [each.rank for each in eligible] == list(range(1, len(eligible) + 1))
    assert all(bool(each.exclusions) == (each.rank == 0) for each in found)
    assert [each.score for each in eligible] == sorted((each.score for each in eligible), reverse=True)


@settings(max_examples=60, deadline=None)
@given(CASES, PANELS)
def test_a_score_is_the_sum_of_its_rows_and_no_row_leaves_its_bounds(case, panel):
    for each in rank(case, panel):
        assert each.score == sum(row.points for row in each.reasons)
        assert all(0 <= row.points <= row.of for row in each.reasons)


@settings(max_examples=60, deadline=None)
@given(CASES, PANELS, st.randoms(use_true_random=False))
def test_the_order_does_not_depend_on_the_order_given(case, panel, chance):
    shuffled = list(panel)
    chance.shuffle(shuffled)
    assert rank(case, shuffled) == rank(case, panel)


@settings(max_examples=120, deadline=None)
@given(CASES, PANELS.filter(bool), st.sampled_from(sorted(BETTER)), st.data())
def test_what_speaks_for_an_expert_never_lowers_their_rank(case, panel, what, data):
    one = data.draw(st.sampled_from(panel))
    better = replace(one, **BETTER[what](one))
    before = {each.expert_id: each.rank for each in rank(case, panel)}[one.expert_id]
    after = {
        each.expert_id: each.rank for each in rank(case, [better if each is one else each for each in panel])
    }[one.expert_id]
    assert after <= before


def test_a_rule_that_asks_for_a_listing_a_certification_or_practice_excludes_whoever_lacks_it():
    case = CaseFacts(
        TODAY, state="CA", requires=frozenset({"listing", "board", "practice"}), required_by="OR-WC-03"
    )
    bare = ExpertFacts(1, "A", credentials=(LICENCE,), capacity=9)
    assert exclusions(case, bare) == (
        "Has no board certification on file; OR-WC-03 asks for one.",
        "Is not listed with the authority in CA; OR-WC-03 asks for it.",
        "Is no longer in clinical practice; OR-WC-03 asks for it.",
    )
    listing = CredentialFacts("listing", "CA", TODAY + timedelta(days=9))
    whole = ExpertFacts(1, "A", credentials=(LICENCE, BOARD, listing), capacity=9, is_in_practice=True)
    assert exclusions(case, whole) == ()
    assert exclusions(CaseFacts(TODAY, state="CA"), bare) == ()
    either = CaseFacts(TODAY, state="CA", requires=frozenset({"board_or_listing"}), required_by="NY-WC-12")
    assert exclusions(either, bare) == (
        "Has neither a board certification nor a listing on file; NY-WC-12 asks for one.",
    )
    listed = ExpertFacts(1, "A", credentials=(LICENCE, listing), capacity=9)
    assert exclusions(either, listed) == () == exclusions(either, whole)


def test_a_license_that_nobody_verified_does_not_count_yet():
    case = CaseFacts(TODAY, state="CA")
    new = CredentialFacts("licence", "CA", TODAY + timedelta(days=900), is_verified=False)
    assert exclusions(case, ExpertFacts(1, "A", credentials=(new,), capacity=9)) == (
        "The license in CA is not verified yet.",
    )
    assert exclusions(case, ExpertFacts(1, "A", credentials=(new, LICENCE), capacity=9)) == ()
