"""Somebody before a browser, who knows of a page only what can be seen there: words of links, buttons and fields."""

import json
import re
from datetime import date
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.browser.sight import Sight

PARTS = {"Month": "%m", "Day": "%d", "Year": "%Y"}


class Person:
    """Looks over every page that comes, at the width of a phone where the window has it."""

    def __init__(self, page: Page, has_scripts: bool = True) -> None:
        self.page, self.sight = page, Sight(page, has_scripts)

    # --- going places

    def opens(self, address: str) -> "Person":
        """Type an address, or press a link in a mail."""
        self.page.goto(address)
        self.sight.look()
        return self

    def signs_in(self, email: str, password: str) -> "Person":
        return self.types("E-mail address", email).types("Password", password).presses("Sign in")

    def follows(self, text: str) -> "Person":
        """Follow the first link that says this."""
        return self.goes_on(self.page.get_by_role("link", name=text).first)

    def picks(self, text: str) -> "Person":
        """Follow the link of the row in which this stands."""
        return self.goes_on(self.page.get_by_role("listitem").filter(has_text=text).get_by_role("link").first)

    def presses(self, button: str) -> "Person":
        return self.goes_on(self.page.get_by_role("button", name=button, exact=True).first)

    def goes_on(self, way: Locator) -> "Person":
        with self.page.expect_event("load"):  # a way to another place on the same page is no way
            way.click()
        self.sight.look()
        return self

    def takes_home(self, link: str) -> bytes:
        """Follow a link to a file: its bytes."""
        with self.page.expect_download() as kept:
            self.page.get_by_role("link", name=link).first.click()
        return Path(kept.value.path()).read_bytes()

    # --- filling in

    def part(self, title: str) -> Locator:
        """What stands under a legend, a heading or a fold."""
        kinds = (("fieldset", "legend"), ("details", "summary"), ("section", "h2"))
        said = json.dumps(title)
        return self.page.locator(
            ", ".join(f"{whole}:has(> {head}:has-text({said}))" for whole, head in kinds)
        ).first

    def field(self, label: str, under: str = "") -> Locator:
        """The first field whose label begins so, a number apart."""
        place = self.part(under) if under else self.page.locator("main")
        return place.get_by_label(re.compile(r"^(\d+\. )?" + re.escape(label))).first

    def types(self, label: str, text: str, under: str = "") -> "Person":
        self.field(label, under).fill(text)
        return self

    def selects(self, label: str, option: str, under: str = "") -> "Person":
        self.field(label, under).select_option(label=option)
        return self

    def ticks(self, label: str, under: str = "") -> "Person":
        """Tick a box, or choose an answer to the question that it stands under."""
        self.field(label, under).check()
        return self

    def ticks_all(self, under: str, kind: str = "checkbox") -> "Person":
        for box in self.part(under).get_by_role(kind).all():
            box.check()
        return self

    def dates(self, legend: str, day: date) -> "Person":
        for label, part in PARTS.items():
            self.types(label, day.strftime(part).lstrip("0"), under=legend)
        return self

    def unfolds(self, summary: str) -> "Person":
        """Open what is folded away, unless it stands open."""
        if self.part(summary).get_attribute("open") is None:
            self.part(summary).locator("summary").first.click()
        return self

    def hands_in(self, label: str, name: str, content: bytes) -> "Person":
        file = {"name": name, "mimeType": "application/pdf", "buffer": content}
        self.field(label).set_input_files([file])
        return self

    # --- reading

    def sees(self, text: str) -> "Person":
        expect(self.page.locator("main")).to_contain_text(text)
        return self

    def reaches(self, button: str) -> "Person":
        """Come to a button with the Tab key alone, and see that it is there."""
        wanted = self.page.get_by_role("button", name=button, exact=True).first
        self.page.locator("h1").click()
        for _ in range(60):
            self.page.keyboard.press("Tab")
            if wanted.evaluate("(it) => it === document.activeElement"):
                break
        expect(wanted).to_be_focused()
        assert wanted.evaluate(FOCUS_SHOWS), f"nothing shows that {button!r} has the focus"
        return self


FOCUS_SHOWS = """(it) => {
    const style = getComputedStyle(it), box = it.getBoundingClientRect();
    const seen = box.top >= 0 && box.bottom <= innerHeight;
    return seen && (style.boxShadow !== "none" || (style.outlineStyle !== "none" && style.outlineWidth !== "0px"));
}"""
