"""Finding a case, always inside what the person may see, on both databases."""

import pytest

from portal import db, search
from portal.words import Stage
from tests.databases import ON_BOTH


def found(person, typed):
    return [row.reference for row in search.find(person, typed)[0]]


@ON_BOTH
@pytest.mark.parametrize(
    "typed",
    [
        *("{reference}", "delgado rosa", "DELG", "lakeshore"),
        *("{number}", "{lower}", "{spaced}", "{joined}", "{number} delg", "DELGADO {joined}"),
    ],
)
def test_a_case_is_found_by_what_people_know_of_it(world, case_at, backend, typed):
    case = case_at(Stage.BOOKED)
    number = case.claim_numbers.get().number
    forms = {"lower": number.lower(), "spaced": number.replace("-", " "), "joined": number.replace("-", "")}
    words = typed.format(reference=case.reference, number=number, **forms)
    assert case.reference in found(world.coordinator, words)
    assert case.reference in found(world.referrer, words)


@ON_BOTH
def test_a_reference_finds_its_case_alone(world, case_at, backend):
    case = case_at(Stage.BOOKED)
    assert found(world.coordinator, case.reference) == [case.reference]


@ON_BOTH
@pytest.mark.parametrize("typed", ["delgado", "organisation1", "expert", "a", "e"])
def test_a_stranger_finds_nothing(world, backend, typed):
    assert found(world.stranger_referrer, typed) == []
    assert found(world.second_expert, typed) == []


@ON_BOTH
def test_the_tokens_of_who_may_see_are_not_words_to_be_found_by(world, backend):
    assert found(world.coordinator, f"organisation{world.referrer.organisation_id}") == []


@ON_BOTH
@pytest.mark.parametrize(
    "typed",
    [
        '"',
        "lumbar AND (",
        "x' OR 1=1",
        "c++",
        "*",
        "a:b",
        "words : x",
        "{a b}",
        "NEAR(a b)",
        "!&|<->",
        "\x00",
        "-",
        "é" * 99,
    ],
)
def test_what_looks_like_an_operator_is_only_letters(world, backend, typed):
    assert isinstance(found(world.coordinator, typed), list)


@ON_BOTH
def test_of_a_claim_number_only_the_whole_is_known(world, case_at, backend):
    number = case_at(Stage.BOOKED).claim_numbers.get().number
    assert found(world.coordinator, number[:-1]) == []
    assert found(world.coordinator, search.claim(number)) == []
    kept = str(db.database.execute_sql("SELECT * FROM case_search").fetchall()).lower()
    assert not any(piece in kept for piece in search.pieces(number) if len(piece) > 4)


@ON_BOTH
def test_an_index_that_is_built_anew_finds_the_same(world, backend):
    before = found(world.coordinator, "delgado")
    assert search.rebuild() == len(Stage)
    assert found(world.coordinator, "delgado") == before != []


@ON_BOTH
def test_a_draft_is_found_by_its_own_side_only(world, case_at, backend):
    draft = case_at(Stage.DRAFT).reference
    assert draft in found(world.colleague, draft) and draft not in found(world.coordinator, draft)
