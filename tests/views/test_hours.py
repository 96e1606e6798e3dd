"""An expert keeps their own hours and time off, and nobody else's."""

from datetime import timedelta

import pytest

from portal import clock
from portal.models import Clinic, TimeOff, WeeklyHours


@pytest.fixture
def clinic(world):
    return world.expert.expert.clinics.get()


def test_an_expert_adds_hours_on_friday(visitor, world, clinic):
    page = visitor(world.expert).opens("/hours").follows("Add hours")
    page.presses("Add the hours", weekdays="4", opens="8 am", closes="11:30 am")
    assert page.sees("Your hours at Bayview Orthopaedics – Downtown are saved.")
    assert page.sees("Friday 8:00 am to 11:30 am")
    assert clinic.hours.where(WeeklyHours.weekday == 4).count() == 1


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"weekdays": "0", "opens": "11 am", "closes": "1 pm"}, "This overlaps Monday, 9:00 am to 12:00 pm"),
        ({"weekdays": "4", "opens": "11 am", "closes": "9 am"}, "The end must come after the beginning"),
        ({"weekdays": "4", "opens": "9:05 am", "closes": "11 am"}, "Use full quarters of an hour"),
        ({"opens": "9 am", "closes": "11 am"}, "Choose one or more days"),
        ({"weekdays": "4", "opens": "soon", "closes": "11 am"}, "Enter a time, like 9:30 am"),
        ({"weekdays": "9", "opens": "9 am", "closes": "11 am"}, "Choose one of the answers shown here"),
    ],
)
def test_hours_that_cannot_be_are_said_at_the_field_and_kept(visitor, world, clinic, typed, sentence):
    before = clinic.hours.count()
    page = visitor(world.expert).opens(f"/hours/{clinic.id}").presses("Add the hours", **typed)
    assert page.status == 422 and page.sees(sentence)
    assert page.typed("opens") == typed["opens"]
    assert clinic.hours.count() == before


def test_hours_are_removed_with_one_press(visitor, world, clinic):
    before = clinic.hours.count()
    page = visitor(world.expert).opens("/hours").presses("Remove Monday 9:00 am to 12:00 pm")
    assert page.sees("The hours are removed.")
    assert clinic.hours.count() == before - 1


def test_time_off_is_added_and_removed(visitor, world):
    day = clock.today() + timedelta(days=100)
    typed = {
        f"{end}_day-{part}": str(getattr(day, part))
        for end in ("first", "last")
        for part in ("month", "day", "year")
    }
    page = visitor(world.expert).opens("/hours").follows("Add time off")
    page.presses("Add the time off", **typed)
    assert page.sees("Your time off is saved.")
    assert TimeOff.get().first_day == day
    page.presses(next(button for button in page.buttons if button.startswith("Remove " + f"{day:%B}")))
    assert not TimeOff.select().exists()


def test_time_off_over_booked_days_says_so(visitor, world):
    day = clock.today()
    typed = {"first_day-month": day.month, "first_day-day": day.day, "first_day-year": day.year}
    end = day + timedelta(days=60)
    typed |= {"last_day-month": end.month, "last_day-day": end.day, "last_day-year": end.year}
    page = visitor(world.expert).opens("/hours/time-off")
    page.presses("Add the time off", **{name: str(value) for name, value in typed.items()})
    assert page.sees("Booked or offered on these days: 1 examination. Please call us.")


def test_a_foreign_clinic_and_foreign_rows_do_not_exist(visitor, world, clinic):
    foreign = Clinic.get(Clinic.expert == world.second_expert.expert)
    row = foreign.hours.get()
    day = clock.today()
    off = TimeOff.create(expert=world.second_expert.expert, first_day=day, last_day=day)
    expert = visitor(world.expert).opens("/hours")
    token = expert.tree.xpath("//input[@name='csrf_token']/@value")[0]
    assert expert.opens(f"/hours/{foreign.id}").status == 404
    for path in (
        f"/hours/{foreign.id}/{row.id}/removal",
        f"/hours/{clinic.id}/{row.id}/removal",
        f"/hours/time-off/{off.id}/removal",
    ):
        assert expert.client.post(path, data={"csrf_token": token}).status_code == 404
    assert WeeklyHours.get_by_id(row.id) and TimeOff.get_by_id(off.id)


@pytest.mark.parametrize("who", ["coordinator", "referrer"])
def test_hours_are_the_experts_own_affair(visitor, world, who):
    assert visitor(getattr(world, who)).opens("/hours").status == 403
