"""A table as a file for a spreadsheet: text stays text, and no cell is taken for a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from flask import Response

from portal.web.download import attachment

# What a spreadsheet reads as the beginning of a formula, or skips on the way to one.
BEGIN_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def spreadsheet(name: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """The table as a CSV file of this name."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(head)
    writer.writerows([cell(value) for value in row] for row in rows)
    content = text.getvalue().encode("utf-8-sig")  # without its mark, spreadsheets guess another encoding
    return attachment(iter([content]), name, "text/csv; charset=utf-8", len(content))


def cell(value: Any) -> Any:
    """A value as it may stand in a cell; text that would begin a formula is marked as text."""
    if isinstance(value, str) and value.lstrip(" \N{NO-BREAK SPACE}").startswith(BEGIN_FORMULAS):
        return f"'{value}"
    return value
