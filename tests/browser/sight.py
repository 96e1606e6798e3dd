"""What must hold of a page as the browser shows it: read by anybody, whole on a phone, and without complaint."""

import re
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import ConsoleMessage, Page

AXE = Path(__file__).parent / "vendor/axe.min.js"
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
PHONE, DESKTOP = (360, 800), (1280, 900)

RUN_AXE = """async (rules) => {
    const found = await axe.run(document, {runOnly: rules, resultTypes: ["violations"], elementRef: false});
    return found.violations.map(({id, help, nodes}) => [id, help, nodes.map((node) => node.html.slice(0, 160))]);
}"""
MEASURE = """() => ({
    over: document.documentElement.scrollWidth - innerWidth,
    wide: [...document.querySelectorAll("body *")]
        .filter(each => each.getBoundingClientRect().right > innerWidth + 1)
        .map(each => `${each.tagName}.${each.className}: ${each.textContent.trim().slice(0, 60)}`)
        .pop(),
    headings: document.querySelectorAll("h1").length,
    title: document.title,
})"""


@cache
def axe() -> str:
    return AXE.read_text()


class Sight:
    """Looks at the pages that one tab shows and keeps every fault it finds, with the page it is on."""

    def __init__(self, page: Page, has_scripts: bool = True) -> None:
        self.page, self.has_scripts, self.faults = page, has_scripts, []
        page.on("console", self.hear)
        page.on("pageerror", lambda error: self.note(f"the script failed: {error}"))

    def hear(self, message: ConsoleMessage) -> None:
        # The browser notes each answer of 4xx there too, and those are asked for on purpose.
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            self.note(f"the console says: {message.text}")

    def note(self, fault: str) -> None:
        path = re.sub(r"^https?://[^/]+", "", self.page.url)
        size = (self.page.viewport_size or {}).get("width")
        self.faults.append(f"{path} at {size} px: {fault}")

    def look(self) -> None:
        """Look at the page as it stands."""
        seen: dict[str, Any] = self.page.evaluate(MEASURE)
        if seen["over"] > 0:
            self.note(f"{seen['over']} px stand out to the right, as {seen['wide']!r}")
        if seen["headings"] != 1:
            self.note(f"{seen['headings']} main headings")
        if not seen["title"].endswith("Impartial"):
            self.note(f"the title is {seen['title']!r}")
        if self.has_scripts:  # axe-core waits for timers, which never ring where scripts are off
            self.judge()

    def judge(self, rules: tuple[str, ...] = RULES) -> None:
        """Ask axe-core; its source is evaluated, since the portal's own policy lets no foreign script in."""
        if self.page.evaluate("typeof axe") == "undefined":
            self.page.evaluate(axe())
        options = {"type": "rule" if rules[0] == "color-contrast" else "tag", "values": list(rules)}
        for rule, help_, elements in self.page.evaluate(RUN_AXE, options):
            for element in elements:
                self.note(f"{rule} ({help_}): {element}")

    def look_from_all_sides(self) -> None:
        """Look on a phone and on a desk, by day and by night."""
        for width, height in (PHONE, DESKTOP):
            self.page.set_viewport_size({"width": width, "height": height})
            self.page.emulate_media(color_scheme="light")
            self.look()
            self.page.emulate_media(color_scheme="dark")
            self.judge(("color-contrast",))
