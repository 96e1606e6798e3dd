"""The results as a table in Markdown."""

from typing import Any

COLUMNS = (
    "page",
    "cases",
    "page ms",
    "bare",
    "SQL",
    "template",
    "ratio",
    "growth",
    "statements",
    "rows",
    "holds",
)


def table(results: dict[str, Any]) -> str:
    """One row a page and size; times in CPU milliseconds, the least and in brackets the median."""
    on, most = results["machine"], results["most"]
    lines = [
        "# How fast the pages are",
        "",
        f"{on['processor']}, {on['cores']} cores, {on['system']}, Python {on['python']}, SQLite {on['sqlite']}. "
        "CPU milliseconds a request: the least, and in brackets the median. Ratio: the page to its limit (bare + SQL "
        f"+ template), at most {most['ratio']}; growth: most to fewest cases, at most {most['growth']}.",
        "",
        "| " + " | ".join(COLUMNS) + " |",
        "| --- |" + " ---: |" * (len(COLUMNS) - 2) + " --- |",
    ]
    for page in results["pages"]:
        lines += rows(page)
    return "\n".join(lines) + "\n"


def rows(page: dict[str, Any]) -> list[str]:
    last = list(page["sizes"])[-1]
    return [
        row(
            page["page"],
            size,
            figures,
            str(page["growth"]["best"]) if size == last else "",
            verdict(page, figures, size == last),
        )
        for size, figures in page["sizes"].items()
    ]


def row(name: str, size: str, figures: dict[str, Any], growth: str, holds: str) -> str:
    times = [
        f"{figures[part]['best']:.2f} ({figures[part]['median']:.2f})"
        for part in ("page", "bare", "sql", "template")
    ]
    counted = [str(figures["statements"]), str(figures["rows"])]
    return (
        "| "
        + " | ".join([name, f"{int(size):,}", *times, str(figures["ratio"]["best"]), growth, *counted, holds])
        + " |"
    )


def verdict(page: dict[str, Any], figures: dict[str, Any], is_last: bool) -> str:
    """Whether the ratio holds at this size and, with the most cases, whether the growth does."""
    said = ["ratio" if figures["ratio"]["best"] <= 3 else "**ratio does not**"]
    if is_last:
        said.append("growth" if page["growth_holds"] else "**growth does not**")
    return ", ".join(said)
