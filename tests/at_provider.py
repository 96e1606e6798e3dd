"""Somebody at the pages of the provider itself, with a plain HTTP client that stops where the provider sends them back."""

from urllib.parse import parse_qsl, urljoin, urlsplit

import requests
from lxml import html

from tests.client import said


class AtProvider:
    """A browser of theirs at the provider: it keeps the provider's cookies, and knows nothing of the portal's."""

    def __init__(self, back: str) -> None:
        self.session, self.back = requests.Session(), back
        self.session.trust_env = False

    def signs_in(self, address: str, name: str) -> str:
        """Open the address, say who they are, consent; the address in the portal that they are sent back to."""
        page = self.goes(address)
        assert self.heading(page) == "Who are you?"
        page = self.presses(page, name=name, answer="yes")
        if not isinstance(page, str):
            assert self.heading(page) == "Let Impartial know your address?"
            page = self.presses(page, answer="yes")
        return page

    def comes_again(self, address: str) -> str:
        """Open the address when the provider knows them already."""
        page = self.goes(address)
        return page if isinstance(page, str) else self.presses(page, answer="yes")

    def goes(self, address: str) -> requests.Response | str:
        """A page of the provider's, or the address in the portal that it leads to."""
        return self.ends(self.session.get(address, allow_redirects=False, timeout=10))

    def presses(self, page: requests.Response, **answers: str) -> requests.Response | str:
        """Submit the page's only form with these answers."""
        form = html.fromstring(page.text).forms[0]
        target = urljoin(page.url, form.action or page.url)
        data = dict(form.form_values()) | answers
        return self.ends(self.session.post(target, data=data, allow_redirects=False, timeout=10))

    def ends(self, response: requests.Response) -> requests.Response | str:
        while response.is_redirect:
            target = urljoin(response.url, response.headers["Location"])
            if target.startswith(self.back):
                return target
            response = self.session.get(target, allow_redirects=False, timeout=10)
        return response

    @staticmethod
    def heading(page: requests.Response) -> str:
        return said(html.fromstring(page.text).find(".//h1"))


def answer_of(address: str) -> dict[str, str]:
    """What an address carries."""
    return dict(parse_qsl(urlsplit(address).query))


def path_of(address: str) -> str:
    """The address as a browser asks our server for it."""
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"
