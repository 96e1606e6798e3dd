"""Files to hand in: small real PDFs, and what only pretends to be one."""

import io

import pikepdf

from portal.db import database

PAGE = b"<!DOCTYPE html><html><body><script>alert(1)</script></body></html>"


def a_pdf(mark: str, pages: int = 1) -> bytes:
    """A PDF of blank pages; another mark makes other bytes."""
    made = io.BytesIO()
    with pikepdf.new() as document:
        for _ in range(pages):
            document.add_blank_page(page_size=(612, 792))
        document.docinfo["/Title"] = mark
        document.save(made, deterministic_id=True)
    return made.getvalue()


def handed(*files: tuple[str, bytes]) -> list[tuple[io.BytesIO, str]]:
    """The files `(name, bytes)` as a browser's form sends them."""
    return [(io.BytesIO(content), name) for name, content in files]


def statements_of(act) -> int:
    """How many statements the database is asked while `act` runs."""
    asked: list[object] = []
    database.obj.query_hooks.append(lambda *told: asked.append(told))
    try:
        act()
    finally:
        database.obj.query_hooks.pop()
    return len(asked)
