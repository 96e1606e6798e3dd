"""Takes the pictures of the README: one page of the small world for each role (`make screens`)."""

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask
from PIL import Image
from playwright.sync_api import Browser, Page

from portal import ROOT, clock, create_app, db, demo
from portal.config import Config
from portal.models import Case
from portal.schema import migrate_database
from portal.words import Stage
from tests.browser.serving import serving
from tests.machine.browser import find_browser, running_browser

FOLDER = ROOT / "docs/screens"
MOMENT = datetime(
    2026, 3, 4, 15, 20, tzinfo=UTC
)  # always the same, so that a picture changes only with its page
COLORS = 128


@dataclass(frozen=True)
class Picture:
    """Whose page it is, at which stage of a case its address is taken, and the window (width and height, CSS pixels)."""

    role: str
    path: str
    stage: Stage
    size: tuple[int, int] = (1280, 900)


PICTURES = (
    Picture("referrer", "/cases/{ref}", Stage.IN_REVIEW),
    Picture("coordinator", "/", Stage.REFERRED),
    Picture("expert", "/cases/{ref}/report", Stage.REPORTING),
    Picture("claimant", "/appointment", Stage.BOOKED, (390, 844)),
)


@contextmanager
def small_world() -> Iterator[Flask]:
    """The demo's world, in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder, clock.set_to(MOMENT):
        place = Path(folder)
        yield build(
            Config(
                instance=place,
                mode="demo",
                secret="only for pictures",
                database_url=f"sqlite:///{place / 'portal.db'}",
                store_url=f"file://{place / 'files'}",
                mail_url="memory:",
            )
        )
        db.database.close()


def build(config: Config) -> Flask:
    app = create_app(config)
    with app.app_context():
        migrate_database()
        demo.build()
    return app


def take(browser: Browser, url: str, picture: Picture) -> None:
    """Sign in as the role does in the demo, open the page, keep what the window shows."""
    width, height = picture.size
    context = browser.new_context(
        viewport={"width": width, "height": height}, locale="en-US", reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(f"{url}/demo/{picture.role}")
    page.locator("main button").click()
    reference = Case.get(Case.stage == picture.stage).reference
    answer = page.goto(url + picture.path.format(ref=reference))
    if answer is None or not answer.ok:
        raise RuntimeError(f"The page of the {picture.role} cannot be shown: {page.title()}")
    save(page, FOLDER / f"{picture.role}.png")
    context.close()


def save(page: Page, path: Path) -> None:
    """Keep it in few colors: the pages have few, and the repository stays small."""
    taken = Image.open(io.BytesIO(page.screenshot(animations="disabled")))
    taken.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} KB")


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with small_world() as app, serving(app, MOMENT) as site, running_browser(find_browser()) as browser:
        for picture in PICTURES:
            take(browser, site.url, picture)


if __name__ == "__main__":
    main()
