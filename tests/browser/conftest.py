"""What the tests in the browser ask for: the portal served with the small world, and windows into it."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, Page

from portal import demo
from portal.models import SecureLink, User
from tests.browser.serving import Site, serving
from tests.client import Visitor
from tests.policy.matrix import HalfSignedIn, take_proof_back


@pytest.fixture
def site(app: Flask, world: demo.World) -> Iterator[Site]:
    """The portal on a free port, with this test's own copy of the small world."""
    with serving(app) as served:
        yield served


@pytest.fixture
def window(app: Flask, site: Site, context_factory: Callable[..., BrowserContext]) -> Callable[..., Page]:
    """Call it for a window of a browser of its own, signed in as the person given, or nobody yet."""

    def open_window(person: User | SecureLink | HalfSignedIn | None = None, **options: object) -> Page:
        context = context_factory(base_url=site.url, reduced_motion="reduce", **options)
        if person is not None:
            is_half = isinstance(person, HalfSignedIn)
            cookie = Visitor(app, person.user if is_half else person).client.get_cookie("impartial")
            if is_half:
                take_proof_back()
            context.add_cookies([{"name": "impartial", "value": cookie.value, "url": site.url}])
        return context.new_page()

    return open_window
