"""A file sent to be saved: never shown by the browser, never run, never kept."""

import unicodedata
from collections.abc import Iterator
from urllib.parse import quote

from flask import Response

from portal.outside.inspect import clean_name

CONTENT_POLICY = "default-src 'none'; sandbox"
UNQUOTED = "!#$&+-.^_`|~"  # what may stand in an extended value as it is (RFC 8187)


def attachment(chunks: Iterator[bytes], name: str, media_type: str, size: int) -> Response:
    """A streamed file under its own name; `size` in bytes."""
    response = Response(chunks, content_type=media_type, direct_passthrough=True)
    response.content_length = size
    response.headers["Content-Disposition"] = disposition(name)
    response.headers["Content-Security-Policy"] = CONTENT_POLICY
    response.headers["Cache-Control"] = "no-store"
    return response


def disposition(name: str) -> str:
    """`attachment` with the name twice (RFC 6266): in plain letters, and as it is."""
    name = clean_name(name)
    return f"attachment; filename=\"{plain(name)}\"; filename*=UTF-8''{quote(name, safe=UNQUOTED)}"


def plain(name: str) -> str:
    """The nearest name in ASCII; a quote or a stroke that only appears here goes as well."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return clean_name(f"file{letters}" if letters.startswith(".") else letters)
