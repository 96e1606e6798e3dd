"""The world we call. Each file holds the real thing and its twin; `connect` chooses by configuration."""

from obstore.exceptions import BaseError

from portal.config import Config
from portal.outside.identity import Identities
from portal.outside.mail import Mailer, mailer_from
from portal.outside.store import Store

# What a store or a disk that does not answer raises.
GONE: tuple[type[Exception], ...] = (BaseError, OSError)

_connected: dict[str, Store | Mailer] = {}
_identities: dict[str, Identities] = {}


def connect(config: Config) -> None:
    """Choose the store of files and the way mail goes out."""
    _connected["store"] = Store(config.store_url)
    _connected["mailer"] = mailer_from(config.mail_url, sender=config.mail_from)
    _identities["client"] = Identities(is_strict=config.is_production)


def store() -> Store:
    """Where the bytes of documents are kept."""
    kept = _connected["store"]
    assert isinstance(kept, Store)
    return kept


def mailer() -> Mailer:
    """How mail goes out."""
    sender = _connected["mailer"]
    assert not isinstance(sender, Store)
    return sender


def identities() -> Identities:
    """How people sign in at a provider of their own."""
    return _identities["client"]
