"""Tests that must hold on each database the portal runs on, and what many do at one moment."""

import threading

import pytest

from portal.db import database
from portal.ime.process import Refusal

ON_BOTH = pytest.mark.parametrize("backend", ["sqlite", "postgresql"], indirect=True)


def at_once(act, times=2):
    """Do it in many threads at the same moment; how many succeeded."""
    begin, done = threading.Barrier(times), []

    def one():
        begin.wait()
        try:
            act()
        except Refusal:
            pass
        else:
            done.append(1)
        finally:
            database.close()

    threads = [threading.Thread(target=one) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(done)
