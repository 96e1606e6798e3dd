"""Several people at once, each in a thread of their own."""

import threading

from portal.db import database
from portal.ime.process import MovedOn, Refusal


def race(*tries):
    """Call each in a thread of its own, all let go at once; what each came to."""
    barrier, outcomes = threading.Barrier(len(tries)), []

    def run(attempt):
        barrier.wait()
        try:
            attempt()
            outcomes.append("booked")
        except (Refusal, MovedOn) as refusal:
            outcomes.append(str(refusal))
        finally:
            database.close()

    threads = [threading.Thread(target=run, args=(attempt,)) for attempt in tries]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes
