"""The taxonomy file: compared with our list, and more taken from it."""

import pytest

from portal.ime import nucc, specialties
from portal.ime.nucc import TaxonomyError, read_taxonomy, retired, taken, write_more

HEAD = "Code,Grouping,Classification,Specialization,Definition\n"


def ours(*more):
    rows = [f"{each.nucc},G,{each.label},," for each in specialties.specialties().values()]
    return HEAD + "\n".join([*rows, *more]) + "\n"


def test_our_list_is_found_in_the_file_and_what_is_gone_is_named():
    assert retired(read_taxonomy(ours())) == []
    shorter = "\n".join(line for line in ours().splitlines() if "207X00000X" not in line)
    assert [each.code for each in retired(read_taxonomy(shorter))] == ["orthopedic_surgery"]


def test_more_is_taken_under_the_broader_one_and_stays(tmp_path):
    file = read_taxonomy(
        "\ufeff" + ours("207XP3100X,G,Orthopaedic Surgery,Pediatric,", "111N00001X,G,Chiro,Other,")
    )
    [child] = taken(file, ["207XP3100X", "207X00000X"])
    assert (child.code, child.broader, child.label) == ("nucc_207xp3100x", "orthopedic_surgery", "Pediatric")
    path = tmp_path / "specialties.json"
    assert (write_more(path, [child]), write_more(path, [child])) == (1, 1)
    before = specialties._more.get("file")
    try:
        specialties.connect(tmp_path)
        assert specialties.specialties()["nucc_207xp3100x"] == child
    finally:
        specialties.connect(before.parent if before else tmp_path / "none")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", "no column Code"),
        (HEAD + "12,G,C,S,D\n", "12 on line 2 is not a taxonomy code"),
        (HEAD + ",G,C,S,D\n", "An empty cell"),
        ("", "no column Code"),
        (HEAD, "holds no code"),
        (HEAD + '"' + "x" * 140_000, "Line 2 is not CSV"),
        (HEAD + "207X00000X,G,,,\n", "207X00000X on line 2 has no name that can be shown"),
        (HEAD + "207X00000X\n", "has no name that can be shown"),
        (HEAD + f"207X00000X,G,{'x' * 201},,\n", "has no name that can be shown"),
        (HEAD + f"207X00000X{'y' * 500},G,C,S,D\n", "y on line 2 is not a taxonomy code"),
    ],
)
def test_what_is_not_the_taxonomy_is_said(text, said):
    with pytest.raises(TaxonomyError, match=said):
        read_taxonomy(text)


def test_a_code_that_the_file_lacks_is_said():
    with pytest.raises(TaxonomyError, match="no code 999X99999X"):
        nucc.taken(read_taxonomy(ours()), ["999X99999X"])
