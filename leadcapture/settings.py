"""The settings: one table, read once at start. A bad value stops the start with a sentence that says which and why.

Each setting comes from, in this order: the environment (LEADCAPTURE_NAME), a file named by LEADCAPTURE_NAME_FILE
(for secrets), `config.toml` in the instance folder (lower-case name without the prefix), its default.
"""

from __future__ import annotations

import os
import secrets
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from leadcapture.errors import BadSetting

PREFIX = "LEADCAPTURE_"


def _text(value: str) -> str:
    return value.strip()


def _whole_number(value: str) -> int:
    number = int(value)
    if number < 0:
        raise ValueError("must not be negative")
    return number


def _port(value: str) -> int:
    number = int(value)
    if not 1 <= number <= 65535:
        raise ValueError("must be a port from 1 to 65535")
    return number


def _at_least_one(value: str) -> int:
    number = int(value)
    if number < 1:
        raise ValueError("must be at least 1")
    return number


def _yes_or_no(value: str) -> bool:
    known = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if value.strip().lower() not in known:
        raise ValueError("must be yes or no")
    return known[value.strip().lower()]


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value.strip().lower() not in choices:
            raise ValueError(f"must be one of: {', '.join(choices)}")
        return value.strip().lower()

    return parse


def _http_url(value: str) -> str:
    parts = urlsplit(value.strip())
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise ValueError("must be a full http:// or https:// address")
    return value.strip().rstrip("/")


def _http_url_or_nothing(value: str) -> str:
    return _http_url(value) if value.strip() else ""


def _url_of(*schemes: str) -> Callable[[str], str | None]:
    def parse(value: str) -> str | None:
        value = value.strip()
        if value and urlsplit(value).scheme not in schemes:
            raise ValueError(f"must begin with one of: {', '.join(scheme + '://' for scheme in schemes)}")
        return value or None

    return parse


@dataclass(frozen=True)
class Setting:
    """One row of the table: its name, how its text is read, its default as text, and what it means."""

    name: str
    parse: Callable[[str], Any]
    default: str
    help: str
    secret: bool = False


TABLE: tuple[Setting, ...] = (
    Setting("INSTANCE", _text, "./instance", "Folder of the local data: database, secret key, uploads."),
    Setting(
        "DATABASE_URL",
        _url_of("sqlite", "postgresql", "postgresql+psycopg"),
        "",
        "postgresql+psycopg://…; nothing: SQLite in the instance folder.",
        secret=True,
    ),
    Setting("REDIS_URL", _url_of("redis", "rediss", "unix"), "", "Needed for more than one web process.", secret=True),
    Setting(
        "SMTP_URL",
        _url_of("smtp", "smtps"),
        "",
        "smtp://user:pass@host:587?tls=starttls or smtps://…; nothing: mails wait, readable in the console.",
        secret=True,
    ),
    Setting(
        "PUBLIC_URL",
        _http_url_or_nothing,
        "",
        "Base of all links in mails and of the snippet; nothing: http://127.0.0.1 and PORT, so http://127.0.0.1:8000.",
    ),
    Setting(
        "SECRET_KEY",
        _text,
        "",
        "Signs tokens; comma-separated, newest first; nothing: made at first start.",
        secret=True,
    ),
    Setting("HOST", _text, "127.0.0.1", "Address to listen on."),
    Setting("PORT", _port, "8000", "Port to listen on."),
    Setting("WORKERS", _at_least_one, "1", "Web processes on the one port; more than 1 needs REDIS_URL."),
    Setting("TRUSTED_PROXIES", _whole_number, "0", "How many proxies in front set X-Forwarded-For and -Proto."),
    Setting("STORE_IP", _yes_or_no, "yes", "Keep the IP address of a submission as part of the proof of consent."),
    Setting(
        "CONFIRMATION_DAYS", _at_least_one, "7", "Days a confirmation link works; then the pending data is purged."
    ),
    Setting("OPERATOR_GRACE", _whole_number, "30", "Seconds an operator whose connection broke still counts as there."),
    Setting(
        "UNANSWERED_AFTER", _at_least_one, "60", "Seconds after which a waiting visitor is offered the offline form."
    ),
    Setting("RATE_FORM", _text, "300/minute", "Submissions of one IP address that bring a proof of work."),
    Setting("RATE_FORM_PLAIN", _text, "30/minute", "Submissions of one IP address that bring none."),
    Setting("RATE_FORM_NETWORK", _text, "1500/minute", "Submissions of one network: a /24 of IPv4, a /48 of IPv6."),
    Setting("RATE_FORM_SITE", _text, "6000/minute", "Submissions to one site."),
    Setting("RATE_MESSAGE", _text, "1000/10 seconds", "Chat messages of one visitor."),
    Setting("RATE_UPLOAD", _text, "30/10 minutes", "Files of one visitor, and five times as many of one IP address."),
    Setting("RATE_CONNECT", _text, "600/minute", "New chat connections of one IP address."),
    Setting(
        "RATE_SIGN_IN",
        _text,
        "10/15 minutes",
        "Failed sign-ins for one account, and three times as many for one IP address.",
    ),
    Setting("RATE_API", _text, "1000/minute", "Calls of programs by one API token."),
    Setting("RATE_MAIL", _text, "5/hour", "Mails to one address that operators ask for: transcripts, verifications."),
    Setting(
        "MAIL_PER_ADDRESS",
        _text,
        "1/hour;3/day",
        "Confirmation mails to one mailbox, over all forms and all sites of one owner.",
    ),
    Setting("CHECK_MX", _yes_or_no, "yes", "Ask the DNS whether the domain of an address takes mail."),
    Setting(
        "NAMESERVERS", _text, "", "DNS servers for that, comma-separated, `127.0.0.1:5353`; nothing: the system's."
    ),
    Setting(
        "FORM_KINDS", _text, "", "Folder of form kinds of your own, a Python module each; nothing: only those we bring."
    ),
    Setting("UPLOAD_MB", _at_least_one, "20", "Largest file that anybody may upload, in megabytes."),
    Setting("IMPORT_MB", _at_least_one, "500", "Largest file of contacts to import, in megabytes."),
    Setting("LOG_LEVEL", _text, "INFO", "DEBUG, INFO, WARNING or ERROR."),
    Setting("LOG_FORMAT", _one_of("text", "json"), "text", "text for people, or json: one object a line."),
    Setting("METRICS_TOKEN", _text, "", "Who asks for /metrics says it as Bearer; nothing: no metrics.", secret=True),
)


@dataclass(frozen=True)
class Settings:
    """The parsed values. `values` holds every setting of the table; the properties name those that need working out."""

    values: Mapping[str, Any] = field(repr=False)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.values[name.upper()]
        except KeyError as error:
            raise AttributeError(name) from error

    @property
    def instance(self) -> Path:
        return Path(self.values["INSTANCE"]).resolve()

    @property
    def database_url(self) -> str:
        """SQLAlchemy's URL; SQLite in the instance folder unless another was set."""
        url: str | None = self.values["DATABASE_URL"]
        if not url:
            return f"sqlite:///{self.instance / 'leadcapture.db'}"
        return url.replace("postgresql://", "postgresql+psycopg://", 1)

    @property
    def secret_keys(self) -> list[str]:
        """The signing keys, newest first."""
        return [key.strip() for key in self.values["SECRET_KEY"].split(",") if key.strip()]

    @property
    def secure(self) -> bool:
        """Whether people reach us by https, so that cookies may be marked Secure."""
        return str(self.values["PUBLIC_URL"]).startswith("https://")


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read every setting, make the instance folder and, at the first start, the secret key (mode 0600).

    Raises BadSetting with a sentence that names the setting.
    """
    environ = os.environ if environ is None else environ
    instance = Path(environ.get(f"{PREFIX}INSTANCE", "./instance")).resolve()
    file = _config_file(instance)
    values = {setting.name: _read(setting, environ, file) for setting in TABLE}
    values["PUBLIC_URL"] = values["PUBLIC_URL"] or f"http://127.0.0.1:{values['PORT']}"
    if values["WORKERS"] > 1 and not values["REDIS_URL"]:
        raise BadSetting("LEADCAPTURE_WORKERS is more than 1: set LEADCAPTURE_REDIS_URL too, it joins the processes.")
    try:
        instance.mkdir(parents=True, exist_ok=True)
        values["SECRET_KEY"] = values["SECRET_KEY"] or _kept_secret_key(instance)
    except OSError as error:
        raise BadSetting(f"LEADCAPTURE_INSTANCE: cannot use {instance}: {error.strerror}.") from error
    return Settings(values)


def _config_file(instance: Path) -> Mapping[str, Any]:
    path = instance / "config.toml"
    if not path.exists():
        return {}
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSetting(f"{path} cannot be read: {error}.") from error
    unknown = set(content) - {setting.name.lower() for setting in TABLE}
    if unknown:
        raise BadSetting(f"{path} names settings that do not exist: {', '.join(sorted(unknown))}.")
    return content


def _read(setting: Setting, environ: Mapping[str, str], file: Mapping[str, Any]) -> Any:
    name = PREFIX + setting.name
    if name in environ:
        text = environ[name]
    elif f"{name}_FILE" in environ:
        try:
            text = Path(environ[f"{name}_FILE"]).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise BadSetting(f"{name}_FILE cannot be read: {error.strerror}.") from error
    elif setting.name.lower() in file:
        given = file[setting.name.lower()]
        text = ("yes" if given else "no") if isinstance(given, bool) else str(given)
    else:
        text = setting.default
    try:
        return setting.parse(text)
    except ValueError as error:
        shown = "what is set" if setting.secret else repr(text)
        raise BadSetting(f"{name}: {shown} cannot be used: {error}.") from error


def _kept_secret_key(instance: Path) -> str:
    path = instance / "secret_key"
    try:
        # Made with its mode in one step: never readable by others, and only by the first of two starts.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        key = secrets.token_urlsafe(48)
        file.write(key)
    return key
