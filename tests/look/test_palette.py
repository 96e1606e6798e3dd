"""Text can be read on its ground in both schemes: contrast as WCAG 2.2 computes it, from the compiled colors."""

import re

import pytest

from tests.look import ROOT

CSS = (ROOT / "static/portal.css").read_text(encoding="utf-8-sig")
TONES = ("late", "soon", "done", "info")
# (text, ground, least ratio): 4.5 for text; 3 for the edges of inputs and the shapes that carry a state.
PAIRS = [
    *[(text, ground, 4.5) for text in ("ink", "muted", "action") for ground in ("paper", "surface", "sunk")],
    *[(f"{tone}-ink", f"{tone}-tint", 4.5) for tone in TONES],
    *[("ink", f"{tone}-tint", 4.5) for tone in (*TONES, "action")],
    *[(tone, ground, 4.5) for tone in TONES for ground in ("paper", "surface")],
    ("muted", "action-tint", 4.5),
    ("action-ink", "action", 4.5),
    ("action-ink", "action-deep", 4.5),
    ("late-on", "late", 4.5),
    ("late-on", "late-deep", 4.5),
    ("brand-ink", "brand", 4.5),
    ("brand-soft", "brand", 4.5),
    ("focus-ink", "focus", 4.5),
    ("focus", "brand", 3),
    ("field", "surface", 3),
    ("field", "paper", 3),
]


def palette(scheme):
    """{name: (red, green, blue)} of one scheme."""
    dark = CSS.index("@media screen and (prefers-color-scheme: dark)")
    light = CSS.index(":root{color-scheme")
    rules = CSS[dark:] if scheme == "dark" else CSS[light:dark]
    found = re.findall(r"--([a-z-]+): ?#([0-9a-f]{3}|[0-9a-f]{6})\b", rules.split("}")[0])
    return {name: rgb(digits) for name, digits in found}


def rgb(digits):
    digits = "".join(each * 2 for each in digits) if len(digits) == 3 else digits
    return [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]


def luminance(color):
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_pair_of_text_and_ground_has_enough_contrast(scheme):
    colors = palette(scheme)
    ratios = {(text, ground): contrast(colors[text], colors[ground]) for text, ground, _ in PAIRS}
    assert {pair: round(ratios[pair[:2]], 2) for pair in PAIRS if ratios[pair[:2]] < pair[2]} == {}


def test_both_schemes_name_the_same_colors():
    assert palette("light").keys() == palette("dark").keys()


def test_black_on_white_has_the_known_contrast():
    assert contrast(rgb("000"), rgb("fff")) == pytest.approx(21)


def test_the_stylesheet_carries_nothing_that_belongs_to_another_house():
    assert "GDS Transport" not in CSS
    assert not re.search(r"url\(|@import|@font-face", CSS)


def test_every_variable_that_is_used_is_defined():
    used = set(re.findall(r"var\((--[a-z-]+)", CSS))
    assert used <= set(re.findall(r"(--[a-z-]+):", CSS))


def test_the_stylesheet_stays_small():
    import gzip

    assert len(gzip.compress(CSS.encode(), 9)) <= 16 * 1024
