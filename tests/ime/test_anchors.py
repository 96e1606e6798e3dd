"""What rules count from: every word of the file has its plain words, and none is left over."""

from portal.ime.anchors import ANCHORS
from portal.ime.rules import on_file


def test_every_anchor_of_the_file_is_in_the_vocabulary_and_none_is_there_for_nothing():
    pack = on_file()
    assert {each.anchor for each in (*pack.rules, *pack.house_defaults) if each.anchor} == ANCHORS.keys()


def test_an_anchor_in_plain_words_goes_on_a_sentence():
    assert all(said and "_" not in said and not said.endswith(".") for said in ANCHORS.values())
