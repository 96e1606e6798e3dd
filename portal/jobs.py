"""What happens without a person: three-line shells, run by huey from a queue in a file of its own."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from huey import Huey, crontab
from huey.consumer import Consumer
from huey.signals import SIGNAL_ERROR
from huey.storage import BlackHoleStorage, SqliteStorage

from portal import account_mail, db, notices, restore, search
from portal.audit import seals
from portal.config import Config
from portal.ime import allowance, arrangements, credentials, holds, intake, matching, process, tries

log = logging.getLogger("portal")

# Until `connect` says where the queue is kept, what is put into it is gone; the sweep sends what is owed all the same.
queue = Huey("impartial", results=False, storage_class=BlackHoleStorage)
_connected: dict[str, Config] = {}


def connect(config: Config) -> None:
    """Keep the queue in a file beside the database, and wake the sender after every step that was committed."""
    _connected["config"] = config
    place = config.instance / "jobs.db"
    db.keep_to_ourselves(place)
    queue.storage = SqliteStorage("impartial", filename=str(place), fsync=False)
    if wake not in process.wakers:
        process.wakers.append(wake)


def wake() -> None:
    """Ask for what is owed to be sent soon; with the queue down the sweep of the next minute sends it."""
    try:
        send_owed()
    except (sqlite3.Error, OSError) as failure:
        log.warning("The queue of jobs took nothing: %s", failure)


@queue.task()
def send_owed() -> None:
    account_mail.send_owed()
    notices.send_owed()


@queue.periodic_task(crontab(minute="*"))
def sweep_owed() -> None:
    account_mail.send_owed()
    notices.send_owed()


@queue.periodic_task(crontab(minute="*"))
def expire_offers() -> None:
    matching.expire_offers()


@queue.periodic_task(crontab(minute="*"))
def sweep_holds() -> None:
    holds.sweep_holds()


@queue.periodic_task(crontab(minute="5"))
def look_ahead() -> None:
    arrangements.look_ahead()


@queue.periodic_task(crontab(minute="*"))
def seal_audit() -> None:
    if config := _connected.get("config"):
        seals.seal(config.anchor)


@queue.periodic_task(crontab(minute="45", hour="7"))
def tidy_search() -> None:
    search.tidy()


@queue.periodic_task(crontab(minute="30", hour="7"))
def sweep_orphans() -> None:
    intake.sweep_orphans()


@queue.periodic_task(crontab(minute="0", hour="7"))
def forget_failures() -> None:
    tries.forget_failures()


@queue.periodic_task(crontab(minute="15"))
def forget_allowances() -> None:
    allowance.forget_allowances()


@queue.periodic_task(crontab(minute="0", hour="12"))
def warn_of_credentials() -> None:
    credentials.warn()


@queue.periodic_task(crontab(minute="0", hour="5"))
def back_up() -> None:
    config = _connected.get("config")
    if config and config.backup_folder:
        log.info("The nightly backup %s was made and restored for a check.", restore.nightly(config).name)


@queue.signal(SIGNAL_ERROR)
def start_afresh(*_: object) -> None:
    """A job that failed may have failed over its connection; the next one opens its own."""
    db.let_go()


class InThread(Consumer):  # type: ignore[misc]
    """A consumer beside the web server, which keeps the signals for itself."""

    def _set_signal_handlers(self) -> None:
        pass


@contextmanager
def working(workers: int = 2, periodic: bool = True) -> Iterator[None]:
    """Within the block the jobs are done in threads of this process; at its end those under way are finished.

    Of many such processes only one may be periodic."""
    consumer = InThread(queue, workers=workers, periodic=periodic, max_delay=0.5, shutdown_timeout=10)
    consumer.start()
    try:
        yield
    finally:
        consumer.stop(graceful=True)
