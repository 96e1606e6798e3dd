"""Every route of a case at every stage: open where the process says so, and nowhere else."""

import os

import pytest

from portal.words import Stage
from tests.policy.stages import ask_at, is_of_a_case, read_stages, write_stages

CELLS = 1_500  # how many there are at least, of up to six persons each


@pytest.mark.parametrize("stage", Stage)
def test_every_route_of_a_case_answers_at_each_stage_as_the_table_says(app, ours, look, stage):
    """`WRITE_ACCESS_TABLE=1` (without `-n`) writes the table anew."""
    found = ask_at(app, ours.world, ours.case_at, stage, look)
    if os.environ.get("WRITE_ACCESS_TABLE"):
        write_stages(stage, found)
    told = {key: row[stage] for key, row in read_stages().items()}
    assert set(found) == set(told), "a route came or went: write the table anew and read the difference"
    for key, cell in found.items():
        assert cell == told[key], key


def test_no_cell_of_the_stages_is_lost(app):
    asked = {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.endpoint != "static" and is_of_a_case(rule, app.view_functions[rule.endpoint].access)
    }
    assert asked == set(read_stages())
    assert len(asked) * len(Stage) >= CELLS
