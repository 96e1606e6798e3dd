"""Where a ZIP code lies, and what is said of one that nobody knows."""

import pytest
from peewee import IntegrityError

from portal.ime import places
from portal.ime.places import PlacesError
from portal.ime.process import Refusal
from portal.models import Claimant, Clinic, ZipPlace

OAKLAND = {"zip": "94607", "city": "Oakland", "state": "CA", "latitude": 37.8074, "longitude": -122.3}
HONOLULU = {"zip": "96813", "city": "Honolulu", "state": "HI", "latitude": 21.3135, "longitude": -157.8475}
ZONE = {"time_zone": "America/Los_Angeles"}


@pytest.fixture(autouse=True)
def loaded(world):
    places.load([OAKLAND | ZONE, HONOLULU | ZONE])


@pytest.mark.parametrize("typed", ["94607", "94607-1234", " 94607 "])
def test_a_zip_code_is_found_by_its_five_digits(typed):
    assert places.place_of_zip(typed).city == "Oakland"


@pytest.mark.parametrize("typed", ["", "9460", "00000", "Oakland", "٩٤٦٠٧"])
def test_what_is_no_known_zip_code_is_nowhere(typed):
    assert places.place_of_zip(typed) is None


@pytest.mark.parametrize("noun", [Claimant, Clinic])
def test_a_new_zip_code_moves_the_place_and_an_unknown_one_leaves_none(noun):
    row = noun(zip="94607")
    assert places.locate(row)
    assert (row.latitude, row.longitude) == (37.8074, -122.3)
    row.zip = "00000"
    assert not places.locate(row)
    assert (row.latitude, row.longitude) == (None, None)


def test_an_unknown_zip_code_is_a_slip_only_where_a_list_is_loaded():
    places.refuse_unknown_zip("94607-1234")
    with pytest.raises(Refusal, match="is not known"):
        places.refuse_unknown_zip("00000")
    ZipPlace.delete().execute()
    places.refuse_unknown_zip("00000")


def test_loading_again_leaves_what_there_was_where_a_row_will_not_do():
    with pytest.raises(IntegrityError):
        places.load([OAKLAND | ZONE, OAKLAND | ZONE])
    with pytest.raises(PlacesError, match="no ZIP code"):
        places.load([])
    assert ZipPlace.select().count() == 2


def test_a_distance_is_that_of_the_great_circle():
    oakland, honolulu = (places.place(each["latitude"], each["longitude"]) for each in (OAKLAND, HONOLULU))
    assert places.miles_between(oakland, honolulu) == pytest.approx(2396, rel=0.01)
    assert places.miles_between(oakland, oakland) == 0
