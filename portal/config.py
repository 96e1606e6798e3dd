"""Settings from the environment, with embedded defaults; production refuses to start on an unsafe one."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from portal import production
from portal.production import Unsafe as Unsafe


@dataclass(frozen=True)
class Config:
    """Every setting, each with the default that serves one machine without preparation."""

    instance: Path
    mode: str = "development"
    secret: str = ""
    database_url: str = ""
    store_url: str = ""
    mail_url: str = ""
    mail_from: str = "Impartial <no-reply@impartial.example>"
    public_url: str = "http://localhost:8000"
    host: str = "127.0.0.1"
    port: int = 8000
    trusted_proxy: str = ""
    upload_limit: int = 256 * 1024 * 1024
    backup_folder: Path | None = None
    backup_key_file: Path | None = None
    key_file: Path | None = None
    anchor_file: Path | None = None

    @property
    def anchor(self) -> Path:
        """The file that proves that the audit trail was not cut off."""
        return self.anchor_file or self.instance / "audit.anchor"

    @property
    def is_production(self) -> bool:
        return self.mode == "production"

    @property
    def is_demo(self) -> bool:
        return self.mode == "demo"

    @property
    def public_host(self) -> str:
        """Host and port that people use, as a browser sends them."""
        return urlsplit(self.public_url).netloc

    @property
    def is_https(self) -> bool:
        return self.public_url.startswith("https://")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Config":
        """Read `IMPARTIAL_*`, `DATABASE_URL`, `STORE_URL`, `SMTP_URL` and `PORT`. Raises `Unsafe` in production.

        What holds a secret may be given as a file instead, under the same name with `_FILE`."""
        instance = Path(environment.get("IMPARTIAL_INSTANCE", "instance")).absolute()
        port = int(environment.get("PORT", "8000"))
        config = cls(
            instance=instance,
            mode=environment.get("IMPARTIAL_MODE", "development"),
            secret=secret_of("IMPARTIAL_SECRET", environment),
            database_url=secret_of("DATABASE_URL", environment) or f"sqlite:///{instance / 'portal.db'}",
            store_url=secret_of("STORE_URL", environment) or f"file://{instance / 'files'}",
            mail_url=secret_of("SMTP_URL", environment) or f"file://{instance / 'outbox'}",
            mail_from=environment.get("IMPARTIAL_MAIL_FROM", cls.mail_from),
            public_url=environment.get("IMPARTIAL_URL", f"http://localhost:{port}").rstrip("/"),
            host=environment.get("IMPARTIAL_HOST", cls.host),
            port=port,
            trusted_proxy=environment.get("IMPARTIAL_PROXY", ""),
            backup_folder=path_or_none(environment.get("IMPARTIAL_BACKUP_FOLDER", "")),
            backup_key_file=path_or_none(environment.get("IMPARTIAL_BACKUP_KEY_FILE", "")),
            key_file=path_or_none(environment.get("IMPARTIAL_KEY_FILE", "")),
            anchor_file=path_or_none(environment.get("IMPARTIAL_ANCHOR_FILE", "")),
        )
        config.refuse_unsafe()
        if config.is_production:
            production.refuse_environment(environment)
        return config

    def refuse_unsafe(self) -> None:
        if self.mode not in {"development", "demo", "production"}:
            raise Unsafe("IMPARTIAL_MODE must be development, demo or production.")
        if not self.is_production:
            return
        production.refuse_weak_secret("IMPARTIAL_SECRET", self.secret)
        production.refuse_unsafe_places(self.public_url, self.store_url, self.mail_url)
        production.refuse_forgetful_database(self.database_url)
        production.refuse_proxy(self.trusted_proxy)
        self.refuse_key_beside_what_it_locks()
        for place in filter(None, (self.instance, self.backup_folder)):
            if self.anchor.resolve().is_relative_to(place.resolve()):
                raise Unsafe(
                    "IMPARTIAL_ANCHOR_FILE must be given in production, and lie outside the instance folder and the"
                    " backups."
                )

    def refuse_key_beside_what_it_locks(self) -> None:
        if self.backup_folder and not self.backup_key_file:
            raise Unsafe(
                "IMPARTIAL_BACKUP_KEY_FILE must be given with IMPARTIAL_BACKUP_FOLDER in production."
            )
        if not self.key_file:
            raise Unsafe("IMPARTIAL_KEY_FILE must be given in production.")
        stored = urlsplit(self.store_url)
        store = Path(unquote(stored.path)) if stored.scheme == "file" else None
        for name in ("key_file", "backup_key_file"):
            for place in filter(None, (self.instance, self.backup_folder, store)):
                key = getattr(self, name)
                if key and key.resolve().is_relative_to(place.resolve()):
                    raise Unsafe(
                        f"IMPARTIAL_{name.upper()} must lie outside the instance folder, the files and the backups"
                        " in production."
                    )

    def make_instance(self) -> None:
        """The folder where data is kept, for its owner alone, whatever it was before. Raises Unsafe where it belongs to
        somebody else, who lets others in."""
        self.instance.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.instance.stat().st_mode & 0o077:
            try:
                self.instance.chmod(0o700)
            except PermissionError:
                raise Unsafe(
                    "IMPARTIAL_INSTANCE can be read by others and is not ours: chmod 700 it."
                ) from None

    def signing_secret(self) -> str:
        """The given secret, or one made once and kept in the instance folder outside production."""
        if self.secret:
            return self.secret
        kept = self.instance / "secret"
        if not kept.exists():
            self.make_instance()
            kept.touch(mode=0o600)
            kept.write_text(secrets.token_urlsafe(48))
        return kept.read_text()


def secret_of(name: str, environment: Mapping[str, str]) -> str:
    """What is given under the name, or what the file holds that is given under the name with `_FILE`."""
    if environment.get(name) or not environment.get(f"{name}_FILE"):
        return environment.get(name, "")
    try:
        return Path(environment[f"{name}_FILE"]).read_text().strip()
    except OSError as failure:
        raise Unsafe(f"The file that {name}_FILE names cannot be read: {failure.strerror}.") from None


def path_or_none(text: str) -> Path | None:
    return Path(text).absolute() if text else None


@dataclass(frozen=True)
class Office:
    """The IME company that runs the portal, as letters and pages name it; the phone in E.164."""

    name: str
    lines: tuple[str, ...]
    phone: str
    email: str
    hours: str


OFFICE = Office(
    name=os.environ.get("IMPARTIAL_OFFICE_NAME", "Impartial Examinations"),
    lines=tuple(
        os.environ.get("IMPARTIAL_OFFICE_ADDRESS", "200 Harbor Street, Suite 410|Portland, ME 04101").split(
            "|"
        )
    ),
    phone=os.environ.get("IMPARTIAL_OFFICE_PHONE", "+18005550142"),
    email=os.environ.get("IMPARTIAL_OFFICE_EMAIL", "office@impartial.example"),
    hours=os.environ.get("IMPARTIAL_OFFICE_HOURS", "Monday to Friday, 8 am to 6 pm Eastern time"),
)
