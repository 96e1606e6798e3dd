"""Encrypts what must not be read off a stolen disk: columns and the files of cases, with keys that lie elsewhere.

AES-256-GCM by Tink. The key file holds two keysets: one seals, and is replaced by rotation; the other only makes the
keyed hashes by which a sealed value is found again, and stays. `about` binds a text to its place: what was sealed for
one column does not open in another."""

import fcntl
import json
import os
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from portal.config import Config, Unsafe

VERSION = "1"
MARK = b"\x01"  # what Tink writes before a ciphertext, and then the four bytes of the key's id
PREFIX = 5
LETTERS = str.maketrans("0123456789", "ghijklmnop")
HOW = "Without this setting, `flask --app wsgi key <path>` makes one."


class Altered(Exception):
    """A sealed text that does not open: altered, moved from another place, or sealed with a key that is not at hand."""

    def __init__(self, about: str) -> None:
        super().__init__(f"What is kept sealed as {about} does not open: it was altered, or its key is gone.")


class Vault:
    """Seals and opens with the keys in one file; notices when another process has put new keys there."""

    def __init__(self, path: Path, makes: bool = False) -> None:
        """`makes`: the file is made when first needed. Raises Unsafe where it must be there and is not as it must be."""
        self.path, self.makes, self.read_at = path, makes, (0, 0)
        if not makes:
            self.read()

    def seal(self, plain: bytes, about: str) -> str:
        """The text to be kept: version, id of the key, ciphertext."""
        self.read_if_changed()
        return written(self.sealing.encrypt(plain, about.encode()))

    def open(self, sealed: str, about: str) -> bytes:
        """What was sealed for this place. Raises Altered."""
        import tink

        version, key, rest = (*sealed.split(":"), "", "")[:3]
        if version != VERSION:
            raise Altered(about)
        if not self.read_at[0] or key not in self.keys:
            self.read_if_changed()
        try:
            kept = MARK + bytes.fromhex(key) + urlsafe_b64decode(rest)
            opened: bytes = self.sealing.decrypt(kept, about.encode())
        except (tink.TinkError, ValueError):
            raise Altered(about) from None
        if written(kept) != sealed:  # the same bytes can be spelled in more than one way
            raise Altered(about)
        return opened

    def trace(self, plain: str, about: str) -> str:
        """A keyed hash, 32 letters: equal for equal text of the same place, and it survives every rotation."""
        self.read_if_changed()
        made: bytes = self.finding.primary().compute(f"{about}\0{plain}".encode(), 16)
        return made.hex().translate(LETTERS)

    def read_if_changed(self) -> None:
        """Read the file when it is not the one read before; a rotation reaches every process this way."""
        try:
            found = os.stat(self.path)
        except FileNotFoundError:
            if not self.makes or self.read_at[0]:
                raise Unsafe(f"The key file {self.path.name} is gone. Put it back.") from None
            self.path.parent.mkdir(parents=True, exist_ok=True)
            make_keys(self.path)
            found = os.stat(self.path)
        if (found.st_mtime_ns, found.st_ino) != self.read_at:
            self.read()

    def read(self) -> None:
        """Take the keys from the file. Raises Unsafe."""
        from tink import aead, prf

        read = keysets(self.path)
        found = os.stat(self.path)
        self.sealing = parsed(read["sealing"]).primitive(aead.Aead)
        self.finding = parsed(read["finding"]).primitive(prf.PrfSet)
        self.primary = key_id(read["sealing"]["primaryKeyId"])
        self.keys = frozenset(key_id(each["keyId"]) for each in read["sealing"]["key"])
        self.read_at = found.st_mtime_ns, found.st_ino


def written(sealed: bytes) -> str:
    """A ciphertext as text, its key's id in sight."""
    return f"{VERSION}:{sealed[1:PREFIX].hex()}:{urlsafe_b64encode(sealed[PREFIX:]).decode()}"


def key_id(number: int) -> str:
    """The id of a key as it stands in a sealed text: eight hexadecimal digits."""
    return f"{number:08x}"


# --- the file of keys -------------------------------------------------------------------------------------------


def make_keys(path: Path) -> None:
    """Write new keys, readable by their owner alone; whoever comes second finds the first one's. Raises OSError."""
    from tink import aead, prf

    aead.register()
    prf.register()
    begun = write_beside(
        path,
        {
            "sealing": new_keyset(aead.aead_key_templates.AES256_GCM),
            "finding": new_keyset(prf.prf_key_templates.HMAC_SHA256),
        },
    )
    try:
        os.link(begun, path)
    except FileExistsError:
        pass
    finally:
        begun.unlink()


def new_keyset(template: Any) -> Any:
    import tink
    from tink import json_proto_keyset_format, secret_key_access

    made = tink.new_keyset_handle(template)
    return json.loads(json_proto_keyset_format.serialize(made, secret_key_access.TOKEN))


def parsed(keyset: Any) -> Any:
    from tink import json_proto_keyset_format, secret_key_access

    return json_proto_keyset_format.parse(json.dumps(keyset), secret_key_access.TOKEN)


def keysets(path: Path) -> dict[str, Any]:
    """Both keysets of a file, proved to be such. Raises Unsafe with a sentence for whoever runs the portal."""
    import tink
    from tink import aead, prf

    aead.register()
    prf.register()
    refuse_shared(path, "IMPARTIAL_KEY_FILE", HOW)
    try:
        read: dict[str, Any] = json.loads(path.read_text())
        parsed(read["sealing"]).primitive(aead.Aead)
        parsed(read["finding"]).primitive(prf.PrfSet)
    except (tink.TinkError, ValueError, KeyError, TypeError):
        raise Unsafe("The file that IMPARTIAL_KEY_FILE names holds no keys of this portal.") from None
    return read


def refuse_shared(path: Path, name: str, how: str) -> None:
    """Refuse a file of keys that is not there, or that others on this machine can read."""
    if not path.is_file():
        raise Unsafe(f"The file that {name} names is not there. {how}")
    if path.stat().st_mode & 0o077:
        raise Unsafe(f"The file that {name} names can be read by others: chmod 600 it.")


def write_beside(path: Path, keys: dict[str, Any]) -> Path:
    """A durable file of these keys next to the place where it belongs."""
    begun = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    with os.fdopen(os.open(begun, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(json.dumps(keys, indent=1))
        file.flush()
        os.fsync(file.fileno())
    return begun


# --- rotation ---------------------------------------------------------------------------------------------------


@contextmanager
def alone(path: Path) -> Iterator[dict[str, Any]]:
    """The keys of the file, to be changed by one process at a time: a key that was lost would take data with it."""
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield keysets(path)
    finally:
        os.close(handle)


def add_key(path: Path) -> str:
    """Seal with a new key from now on; the keys before it still open. Returns the id of the primary: that of a rotation
    under way if it has not ended."""
    from tink import aead

    with alone(path) as keys:
        kept = keys["sealing"]
        if len(kept["key"]) == 1:
            made = new_keyset(aead.aead_key_templates.AES256_GCM)
            kept["key"], kept["primaryKeyId"] = kept["key"] + made["key"], made["primaryKeyId"]
            write_beside(path, keys).replace(path)
        return key_id(kept["primaryKeyId"])


def drop_old_keys(path: Path, primary: str) -> None:
    """Leave only this primary among the keys that seal: what another one sealed is lost for good.

    Raises Unsafe where another key has become the primary meanwhile."""
    with alone(path) as keys:
        kept = keys["sealing"]
        if key_id(kept["primaryKeyId"]) != primary:
            raise Unsafe("Another rotation began meanwhile: no key was removed.")
        kept["key"] = [each for each in kept["key"] if each["keyId"] == kept["primaryKeyId"]]
        write_beside(path, keys).replace(path)


# --- the one of this portal -------------------------------------------------------------------------------------

_connected: dict[str, Vault] = {}


def connect(config: Config) -> None:
    """Take the keys from where the settings say. Raises Unsafe where they are missing."""
    made_here = config.key_file is None
    _connected["vault"] = Vault(config.key_file or config.instance / "key", makes=made_here)


def vault() -> Vault:
    """The vault of this portal."""
    return _connected["vault"]
