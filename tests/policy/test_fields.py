"""Who reads which field: the columns of the schema against the pages as they are, by canaries."""

import os

import pytest

from tests.policy.fields import read_everything, read_fields, write_fields
from tests.policy.mirror import UNFILLED, name_of, texts


@pytest.fixture
def found(app, twice, ours, look):
    return read_everything(app, ours, twice.canaries, look)


def test_each_party_reads_the_fields_that_the_table_says_and_no_other(found):
    """`WRITE_ACCESS_TABLE=1` writes the table anew; read the difference: it is what people learn of each other."""
    if os.environ.get("WRITE_ACCESS_TABLE"):
        write_fields(found)
    told = read_fields()
    assert set(found) == set(told)
    for place, readers in found.items():
        assert readers == told[place], place


def test_every_column_that_holds_text_is_decided_on():
    """A new column is filled with canaries, or it is said why there is nothing of a person in it."""
    columns = {name_of(column) for column in texts()}
    decided = {place.partition(" (")[0] for place in read_fields()}
    assert columns == decided | set(UNFILLED)
    assert not decided & set(UNFILLED)
