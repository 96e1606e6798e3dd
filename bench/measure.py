"""Measures every page beside its limit, at every size, in one run."""

import os
import platform
import re
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

from flask import Flask

from bench.limit import record, refuse_used_up, replay, templates, visiting
from bench.pages import COORDINATORS_DESK, PAGES, Page
from bench.serving import throughput
from bench.site import Site, ask, bare, open_site, signed_in

ROUNDS, TIMES, WARM_UP = 15, 8, 5
SECONDS = 5.0
MOST = {"ratio": 3.0, "growth": 1.3}
PARTS = ("page", "bare", "sql", "template")
CASE_LINK = re.compile(rb'href="/cases/IME-\d+"')

Say = Callable[[str], None]
Work = Callable[[], Any]


@dataclass
class Scene:
    """One page at one size, ready to be timed: the page and the parts of its limit, and what the page did."""

    site: Site
    parts: dict[str, Work]
    visiting: Callable[[], AbstractContextManager[None]]
    statements: int
    rows: int
    size: int
    times: dict[str, list[float]] = field(default_factory=lambda: {part: [] for part in PARTS})

    def time(self) -> None:
        """One round: each part some times over, in CPU milliseconds a call."""
        self.site.enter()
        for part in PARTS:
            with self.visiting() if part == "template" else nullcontext():
                self.parts[part]()
                self.times[part].append(timed(self.parts[part]))


def timed(work: Work) -> float:
    began = process_time()
    for _ in range(TIMES):
        work()
    return (process_time() - began) * 1000 / TIMES


def measure(
    app: Flask,
    folder: Path,
    sizes: list[int],
    *,
    rounds: int = ROUNDS,
    seconds: float = SECONDS,
    say: Say = lambda sentence: None,
) -> dict[str, Any]:
    """Fill a world of each size in the folder and measure every page in it; in the shape of `results.json`."""
    sites = []
    for size in sizes:
        sites.append(open_site(folder, size))
        say(f"{size:,} cases filled in {sites[-1].seconds:.0f} s of CPU time")
    pages = []
    for page in PAGES:
        say(f"measuring the {page.name}")
        pages.append(measure_page(app, sites, page, rounds))
    served = throughput(app, sites[-1], COORDINATORS_DESK, seconds)
    for site in sites:
        site.database.close()
    counted = {"cases": sizes, "rounds": rounds, "most": MOST}
    return {"machine": machine(), **counted, "pages": pages, "served": served}


def measure_page(app: Flask, sites: list[Site], page: Page, rounds: int) -> dict[str, Any]:
    scenes = [set_scene(app, site, page) for site in sites]
    for _ in range(rounds):
        for scene in scenes:
            scene.time()
    return figures(page, scenes)


def set_scene(app: Flask, site: Site, page: Page) -> Scene:
    """Sign in, warm up, record what the page does. Raises ValueError for a page that does not answer."""
    site.enter()
    environ = signed_in(app, page.viewer(site.world), page.path(site.world))
    for _ in range(WARM_UP):
        ask(app, environ)
    recording = record(app, site.database, environ)
    if recording.status != "200 OK":
        raise ValueError(f"The {page.name} answers {recording.status}.")
    refuse_used_up(app, environ, recording)
    simple = bare()
    return Scene(
        site,
        {
            "page": lambda: ask(app, environ),
            "bare": lambda: ask(simple, environ),
            "sql": replay(site.database, recording.statements),
            "template": templates(recording),
        },
        lambda: visiting(app, environ),
        statements=len(recording.statements),
        rows=len(CASE_LINK.findall(recording.body)),
        size=len(recording.body),
    )


def figures(page: Page, scenes: list[Scene]) -> dict[str, Any]:
    """A page's figures at each size, and what is said of it: the worst ratio, the growth, and whether they hold."""
    sizes = {str(scene.site.cases): figures_of(scene) for scene in scenes}
    first, last = sizes[str(scenes[0].site.cases)], sizes[str(scenes[-1].site.cases)]
    ratio = max(each["ratio"]["best"] for each in sizes.values())
    growth = {way: round(last["page"][way] / first["page"][way], 2) for way in ("best", "median")}
    return {
        "page": page.name,
        "ratio": ratio,
        "ratio_holds": ratio <= MOST["ratio"],
        "growth": growth,
        "growth_holds": growth["best"] <= MOST["growth"],
        "statements": max(scene.statements for scene in scenes),
        "sizes": sizes,
    }


def figures_of(scene: Scene) -> dict[str, Any]:
    """CPU milliseconds of a page and the parts of its limit at one size."""
    ways: dict[str, Callable[[list[float]], float]] = {"best": min, "median": median}
    told = {
        part: {way: round(of(times), 3) for way, of in ways.items()} for part, times in scene.times.items()
    }
    limit = {way: round(sum(told[part][way] for part in PARTS[1:]), 3) for way in ways}
    ratio = {way: round(told["page"][way] / limit[way], 2) for way in ways}
    counted = {"statements": scene.statements, "rows": scene.rows, "bytes": scene.size}
    return {**told, "limit": limit, "ratio": ratio, **counted}


def machine() -> dict[str, Any]:
    """What was measured on; nothing that names the machine or its folders."""
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }


def processor() -> str:
    """The processor's model as the system tells it."""
    told = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.+)", told.read_text()) if told.exists() else None
    return found[1] if found else platform.processor() or platform.machine()
