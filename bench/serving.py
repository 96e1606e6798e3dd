"""How many pages the real server gives away on loopback: one figure for orientation, in wall time."""

import subprocess
import sys
from threading import Thread
from typing import Any

from flask import Flask
from waitress.server import create_server

from bench.pages import Page
from bench.site import Site, signed_in
from bench.visitors import VISITORS

THREADS = 4


def throughput(app: Flask, site: Site, page: Page, seconds: float) -> dict[str, Any]:
    """Pages a second that waitress serves in one process to a few visitors who do not pause."""
    site.enter()
    environ = signed_in(app, page.viewer(site.world), page.path(site.world))
    server = create_server(app, host="127.0.0.1", port=0, threads=THREADS)
    Thread(target=server.run, daemon=True).start()
    try:
        pages = visited(server.effective_port, page.path(site.world), environ["HTTP_COOKIE"], seconds)
    finally:
        server.close()
    told = {"page": page.name, "cases": site.cases, "visitors": VISITORS, "threads": THREADS}
    return told | {"pages_a_second": round(pages / seconds)}


def visited(port: int, path: str, cookie: str, seconds: float) -> int:
    """How many pages the visitors read in the seconds."""
    command = [sys.executable, "-m", "bench.visitors", str(port), path, cookie, str(seconds)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
