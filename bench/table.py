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
TIMES = ("page", "bare", "sql", "template")


def table(results: dict[str, Any]) -> str:
    """One row a page and size; times in CPU milliseconds a request."""
    lines = [
        "# How fast the pages are",
        "",
        *head(results),
        "",
        "| " + " | ".join(COLUMNS) + " |",
        "| --- |" + " ---: |" * (len(COLUMNS) - 2) + " --- |",
    ]
    lines += [row(page, size, results["most"]) for page in results["pages"] for size in page["sizes"]]
    return "\n".join([*lines, "", foot(results["served"])]) + "\n"


def head(results: dict[str, Any]) -> list[str]:
    on, most = results["machine"], results["most"]
    return [
        f"{on['processor']}, {on['cores']} cores, {on['system']}, Python {on['python']}, SQLite {on['sqlite']}.",
        f"CPU milliseconds a request, the least of {results['rounds']} rounds and in brackets the median.",
        f"Ratio: the page to its limit, which is bare + SQL + template; at most {most['ratio']}.",
        f"Growth: the page with the most cases to the page with the fewest; at most {most['growth']}.",
    ]


def row(page: dict[str, Any], size: str, most: dict[str, float]) -> str:
    """A page at one size; its growth stands with the most cases."""
    figures, is_last = page["sizes"][size], size == list(page["sizes"])[-1]
    ratio, growth = figures["ratio"]["best"], page["growth"]["best"]
    holds = [verdict("ratio", ratio <= most["ratio"])]
    holds += [verdict("growth", growth <= most["growth"])] if is_last else []
    times = [f"{figures[part]['best']:.2f} ({figures[part]['median']:.2f})" for part in TIMES]
    counted = [str(figures["statements"]), str(figures["rows"])]
    cells = [
        page["page"],
        f"{int(size):,}",
        *times,
        f"{ratio:.2f}",
        f"{growth:.2f}" if is_last else "",
        *counted,
    ]
    return "| " + " | ".join([*cells, ", ".join(holds)]) + " |"


def verdict(what: str, holds: bool) -> str:
    return what if holds else f"**not {what}**"


def foot(served: dict[str, Any]) -> str:
    return (
        f"On loopback, in wall time: waitress with {served['threads']} threads in one process serves the "
        f"{served['page']} with {served['cases']:,} cases {served['pages_a_second']} times a second to "
        f"{served['visitors']} visitors who do not pause."
    )
