"""A person with a browser and no JavaScript: follows links they see, submits forms they were given."""

import re
from typing import Any

from flask import Flask
from lxml import html

from portal.models import SecureLink, User
from portal.web import session


class NotThere(AssertionError):
    """The page does not hold what the person looked for; says what it holds."""


class Visitor:
    """Opens pages like a person: every page that answers is checked for what every page must have."""

    def __init__(self, app: Flask, person: User | SecureLink | None = None) -> None:
        self.app, self.client = app, app.test_client()
        self.tree: Any = None
        self.response: Any = None
        if person is not None:
            self.arrives_as(person)

    def arrives_as(self, person: User | SecureLink) -> None:
        """Has a session already, as after signing in."""
        with self.app.test_request_context():
            self.app.preprocess_request()
            session.begin(person)
            from flask import session as cookie

            kept = dict(cookie)
        with self.client.session_transaction() as cookie:
            cookie.clear()
            cookie.update(kept)

    # --- going places

    def opens(self, path: str) -> "Visitor":
        """Type an address; redirects are followed as a browser does."""
        return self.reads(self.client.get(path, follow_redirects=True))

    def follows(self, text: str) -> "Visitor":
        """Follow the first link that says this."""
        for link in self.tree.iter("a"):
            if said(link) == text or said(link).startswith(text):
                return self.opens(link.get("href"))
        raise NotThere(f"No link {text!r}; there are {[said(link) for link in self.tree.iter('a')]}")

    def presses(self, button: str, **answers: Any) -> "Visitor":
        """Fill in the form that has this button (answers by field name) and submit it with all it holds."""
        for form in self.tree.iter("form"):
            for found in form.xpath(".//button|.//input[@type='submit']"):
                if said(found) == button or found.get("value") == button:
                    return self.submits(form, found, answers)
        raise NotThere(f"No button {button!r}; there are {[said(each) for each in self.tree.iter('button')]}")

    def submits(self, form: Any, button: Any, answers: dict[str, Any]) -> "Visitor":
        data = held(form)
        unknown = set(answers) - {field.get("name") for field in form.xpath(".//*[@name]")}
        if unknown:
            raise NotThere(f"The form has no field {sorted(unknown)}; it has {sorted(data)}")
        data.update(answers)
        if button.get("name"):
            data[button.get("name")] = button.get("value")
        action = form.get("action") or self.response.request.path
        if (form.get("method") or "get").lower() == "get":
            return self.reads(self.client.get(action, query_string=data, follow_redirects=True))
        return self.reads(
            self.client.post(
                action, data=data, content_type=form.get("enctype") or None, follow_redirects=True
            )
        )

    # --- reading

    def reads(self, response: Any) -> "Visitor":
        self.response, self.tree = response, None
        if response.mimetype == "text/html":
            self.tree = html.fromstring(response.get_data())
            look_over(self.tree)
        return self

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def heading(self) -> str:
        return said(self.tree.find(".//h1"))

    @property
    def title(self) -> str:
        return said(self.tree.find(".//title"))

    @property
    def text(self) -> str:
        """All the page says, as one line."""
        return said(self.tree.find("body"))

    @property
    def main(self) -> str:
        """What the main part says, as one line."""
        return said(self.tree.find(".//main"))

    @property
    def links(self) -> list[str]:
        return [said(link) for link in self.tree.iter("a")]

    @property
    def buttons(self) -> list[str]:
        return [said(button) for button in self.tree.iter("button")]

    def sees(self, text: str) -> bool:
        return text in self.text

    def typed(self, name: str) -> str:
        """What a field holds."""
        field = self.tree.xpath(f"//*[@name='{name}']")[0]
        return (field.text or "").removeprefix("\n") if field.tag == "textarea" else field.get("value") or ""


def said(element: Any) -> str:
    """The words of an element, spaces folded."""
    return re.sub(r"\s+", " ", element.text_content()).strip()


def held(form: Any) -> dict[str, Any]:
    """What the browser would send of the form as it stands."""
    data: dict[str, Any] = {}
    for name, value in form.form_values():
        data.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in data.items()}


def look_over(tree: Any) -> None:
    """What must hold on every page of the portal."""
    assert len(tree.xpath("//h1")) == 1, "one h1 a page"
    assert tree.xpath("//main"), "a main part"
    assert said(tree.find(".//title")).endswith("Impartial"), "the title names the portal"
    ids = [element.get("id") for element in tree.xpath("//*[@id]")]
    assert len(ids) == len(set(ids)), (
        f"an id stands twice: {sorted({each for each in ids if ids.count(each) > 1})}"
    )
    assert not tree.xpath("//style|//script[not(@src)]|//*[@style]"), "no inline script or style"
    assert not [name for element in tree.iter() for name in element.attrib if name.startswith("on")], (
        "no handlers"
    )
    for form in tree.xpath("//form[translate(@method,'POST','post')='post']"):
        assert form.xpath(".//input[@name='csrf_token' and string-length(@value)>10]"), (
            "a form without CSRF token"
        )
    named = {label.get("for") for label in tree.xpath("//label[@for]")}
    for field in tree.xpath("//input[not(@type='hidden')]|//select|//textarea"):
        assert field.get("id") in named or field.get("aria-label") or field.get("aria-labelledby"), (
            f"a field without a label: {field.get('name')}"
        )
