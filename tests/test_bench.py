"""The benchmark measures what it says: a true world, every page, the same work at any size. No time is asserted."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from bench.measure import PARTS, measure
from bench.pages import PAGES
from bench.table import table
from bench.world import CORE_SIZE, fill
from portal import db, search
from portal.ime.deadlines import whats_next
from portal.models import Case, TakenQuarter
from portal.web.limits import rooms
from portal.words import Stage

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def results(app: Flask, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Every page measured once at two sizes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rooms, "enabled", False)
        return measure(app, tmp_path_factory.mktemp("bench"), [200, 2_000], rounds=1, seconds=0.2)


@pytest.fixture
def filled(tmp_path: Path) -> Any:
    """A world of 200 cases, pinned to one day."""
    database = db.connect(f"sqlite:///{tmp_path / 'filled.db'}")
    fill(200, NOON)
    yield database
    database.close()


def test_every_page_answers_and_is_measured_with_all_parts_of_its_limit(results: dict[str, Any]) -> None:
    assert [page["page"] for page in results["pages"]] == [page.name for page in PAGES]
    for page in results["pages"]:
        assert list(page["sizes"]) == ["200", "2000"]
        for figures in page["sizes"].values():
            assert all(figures[part]["best"] <= figures[part]["median"] for part in (*PARTS, "limit"))
            assert figures["limit"]["best"] > 0
            assert figures["bytes"] > 1_000


@pytest.mark.parametrize("counted", ["statements", "rows"])
def test_a_page_does_and_shows_as_much_with_ten_times_the_cases(
    results: dict[str, Any], counted: str
) -> None:
    few, many = (
        {page["page"]: page["sizes"][size][counted] for page in results["pages"]} for size in ("200", "2000")
    )
    assert few == many
    assert max(few.values()) > 0


def test_the_table_has_a_row_for_every_page_and_size(results: dict[str, Any]) -> None:
    rows = [line for line in table(results).splitlines() if line.startswith("| ")]
    assert len(rows) == 2 + 2 * len(PAGES)


def test_the_server_served_its_visitors(results: dict[str, Any]) -> None:
    assert results["served"]["pages_a_second"] > 0


def test_results_do_not_say_where_they_were_measured(results: dict[str, Any]) -> None:
    assert set(results["machine"]) == {"processor", "cores", "system", "python", "sqlite"}


def test_a_filled_world_has_as_many_cases_as_asked_at_every_stage(filled: Any) -> None:
    assert Case.select().count() == 200
    assert {case.stage for case in Case.select(Case.stage).distinct()} >= set(Stage) - {
        Stage.DECLINED,
        Stage.WITHDRAWN,
    }
    assert TakenQuarter.select().count() == 4 * Case.select().where(Case.stage == Stage.BOOKED).count()


def test_a_filled_world_breaks_no_reference(filled: Any) -> None:
    assert filled.execute_sql("PRAGMA foreign_key_check").fetchall() == []


def test_whose_turn_each_case_is_agrees_with_the_portal(filled: Any) -> None:
    for case in Case.select():
        following = whats_next(case)
        assert (case.turn, case.next_step, case.due_on) == (following.turn, following.step, following.due_on)


def test_cases_are_found_by_the_words_the_portal_keeps(filled: Any) -> None:
    kept = filled.execute_sql("SELECT rowid, words, tokens FROM case_search").fetchall()
    assert sorted(kept) == [(case.id, *search.words_of(case)) for case in Case.select().order_by(Case.id)]


def test_the_same_number_and_day_make_the_same_world(filled: Any, tmp_path: Path) -> None:
    again = db.connect(f"sqlite:///{tmp_path / 'again.db'}")
    fill(200, NOON)
    assert dump(again) == dump(filled)
    again.close()


def dump(database: Any) -> list[str]:
    """The whole database as SQL, but for when it was migrated, and for what is sealed differently each time."""
    lines = database.connection().iterdump()
    return [re.sub(r"'1:[^']+'", "sealed", line) for line in lines if "schema_migration" not in line]


def test_a_world_is_not_smaller_than_its_core() -> None:
    with pytest.raises(ValueError, match=str(CORE_SIZE)):
        fill(CORE_SIZE - 1)
