"""Serves the portal on a free port of the loopback, at a moment that whoever started it may choose."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Event, Thread
from typing import Any

from flask import Flask
from waitress import create_server, wasyncore

from portal import clock


class Site:
    """A served portal: where it is, and which moment it is there (aware; it stands until it is moved)."""

    def __init__(self, app: Flask, moment: datetime) -> None:
        self.app, self.moment = app, moment
        self.server = create_server(self.answer, host="127.0.0.1", port=0, threads=6, ident=None)
        self.url = f"http://127.0.0.1:{self.server.effective_port}"
        self.stopped = Event()

    def answer(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer one request as of the site's moment: a pinned clock does not reach the server's threads by itself."""
        with clock.set_to(self.moment):
            return self.app(environ, start_response)

    def wait(self, **time: float) -> None:
        """Let time pass, like hours=2."""
        self.moment += timedelta(**time)

    def run(self) -> None:
        while not self.stopped.is_set():
            wasyncore.loop(timeout=1, map=self.server._map, count=1)
        self.server.task_dispatcher.shutdown()
        wasyncore.close_all(self.server._map, ignore_all=True)


@contextmanager
def serving(app: Flask, moment: datetime | None = None) -> Iterator[Site]:
    """Within the block the portal answers in a thread of this process; at its end nothing is left running."""
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    site = Site(app, moment or clock.now())
    thread = Thread(target=site.run, name="portal")
    thread.start()
    try:
        yield site
    finally:
        site.stopped.set()
        site.server.pull_trigger()
        thread.join()
