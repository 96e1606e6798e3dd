"""Specialties and body parts: sound data, weights that make sense, and words found in a text."""

import json
import re

import pytest

from portal.ime.specialties import DATA, body_parts, mentions, specialties, specialties_for
from portal.words import Issue, Reason


def test_there_are_about_35_specialties_each_with_a_nucc_key_of_its_own():
    found = specialties().values()
    assert 30 <= len(found) <= 40
    assert len({each.nucc for each in found}) == len(found)
    assert all(re.fullmatch(r"[0-9]{3}[0-9A-Z]{6}X", each.nucc) for each in found)


def test_a_broader_specialty_is_on_the_list_and_has_none_above_it():
    for each in specialties().values():
        if each.broader:
            assert specialties()[each.broader].broader is None


@pytest.mark.parametrize("code", body_parts())
def test_every_body_part_has_a_first_choice_and_knows_its_own_name(code):
    weights = specialties_for([code])
    assert set(weights) <= set(specialties())
    assert max(weights.values()) >= 2
    part = body_parts()[code]
    assert all(words == words.lower() for words in part.synonyms)
    assert any(code in mention.parts for mention in mentions(part.label))


def test_every_issue_is_known_to_the_map():
    for issue in Issue:
        assert set(specialties_for([], [issue])) <= set(specialties())


def test_every_reason_is_known_to_the_map_and_does_not_outweigh_the_injury():
    for reason in Reason:
        assert set(specialties_for([], [], reason)) <= set(specialties())
        knee = specialties_for(["knee"], ["treatment"], reason)
        assert next(iter(knee)) in specialties_for(["knee"]) and max(knee.values()) <= 5
    facts = json.loads((DATA / "specialties.json").read_text())
    assert set(facts["by_reason"]) == set(Reason) and set(facts["by_issue"]) == set(Issue)
    assert set(facts["by_body_part"]) == set(body_parts())


def test_the_heaviest_specialty_comes_first():
    weights = specialties_for(["shoulder"], ["diagnosis", "causation"])
    assert next(iter(weights)) == "orthopedic_surgery"
    assert list(weights.values()) == sorted(weights.values(), reverse=True)


def test_a_specialty_that_suits_two_body_parts_outweighs_one_that_suits_one():
    weights = specialties_for(["shoulder", "knee"])
    assert weights["orthopedic_surgery"] == 6 > weights["joint_replacement"]


def test_many_issues_do_not_outweigh_the_injury():
    assert next(iter(specialties_for(["eye"], list(Issue)))) == "ophthalmology"


def test_the_same_body_part_on_both_sides_counts_once():
    assert specialties_for(["knee", "knee"]) == specialties_for(["knee"])


def test_what_is_not_on_file_adds_nothing():
    assert specialties_for(["gills"], ["astrology"]) == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("the rotator cuff and the neck", ["rotator cuff", "neck"]),
        ("both Shoulders", ["Shoulders"]),
        ("lower back pain at L4-L5", ["lower back", "L4", "L5"]),
        ("a left-hand dominant worker handed over the heading", []),
        ("first-hand knowledge, on the other hand", []),
        ("back to work since", []),
    ],
)
def test_body_parts_are_found_in_a_text_and_figures_of_speech_are_not(text, words):
    assert [mention.words for mention in mentions(text)] == words


def test_a_word_that_may_mean_several_parts_says_so():
    [mention] = mentions("the spine")
    assert mention.parts == {"neck", "upper_back", "lower_back"}
