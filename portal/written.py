"""How days, times and telephone numbers are written, alike on screens and in letters: US order, US spelling; and what of a
text can be read at all."""

import unicodedata
from datetime import date, datetime, time

from portal.clock import OFFICE_ZONE, day_of

UNSEEN = frozenset(("Cf", "Zs", "Zl", "Zp"))  # zero-width signs, soft hyphens, marks of direction, spaces
# Fillers, joiners and variation selectors, which Unicode counts as letters, marks and symbols.
FILLERS = (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0)
BLANK = frozenset(
    map(chr, (*FILLERS, *range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
)


def readable(text: str) -> str:
    """The text without the spaces around it; "" where nobody could see anything of it."""
    return "" if all(map(is_unseen, text)) else text.strip()


def is_unseen(sign: str) -> bool:
    return sign.isspace() or sign in BLANK or unicodedata.category(sign) in UNSEEN


def day(value: date | datetime | None, time_zone: str = OFFICE_ZONE) -> str:
    """March 4, 2026; a moment is read in the time zone; empty for none."""
    if value is None:
        return ""
    on = day_of(value, time_zone) if isinstance(value, datetime) else value
    return f"{on:%B} {on.day}, {on.year}"


def clock_face(at: time | datetime) -> str:
    """9:30 am"""
    return f"{at.hour % 12 or 12}:{at:%M} {'am' if at.hour < 12 else 'pm'}"


def phone(number: str) -> str:
    """(800) 555-0142 for a US number in E.164, any other as it is."""
    is_us = len(number) == 12 and number.startswith("+1")
    return f"({number[2:5]}) {number[5:8]}-{number[8:]}" if is_us else number


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th, 22nd"""
    is_teen = number % 100 in (11, 12, 13)
    return f"{number}{'th' if is_teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def span(seconds: int) -> str:
    """How long somebody has to wait, rounded up: 20 seconds, a minute, 3 minutes"""
    if seconds <= 50:
        return f"{seconds} seconds" if seconds > 1 else "a second"
    minutes = -(-seconds // 60)
    return "a minute" if minutes == 1 else f"{minutes} minutes"
