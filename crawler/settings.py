"""The installation's settings: environment and config/aiwire.toml become one frozen Settings, every mistake at once.

What an outlet is and how it is polled stands in its own TOML (`crawler.outlets`).
"""

from __future__ import annotations

import difflib
import hashlib
import os
import re
import site
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, PostgresDsn, SecretStr, TypeAdapter, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from crawler.durations import Seconds
from pipelines.errors import ConfigError

CHECKOUT = Path(__file__).resolve().parent.parent
_PLAIN_NAMES = {"DATABASE_URL": "database_url", "SENTRY_DSN": "sentry_dsn"}
"""Variables that carry no prefix, because other programs agree on their names."""
_NOT_SETTINGS = frozenset({"AIWIRE_CONFIG", "AIWIRE_HEARTBEAT_FD"})
_CONTACT = re.compile(r"https?://[^\s/]+\.[^\s]+|[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+")


class Settings(BaseSettings):
    """What an installation may set; each value's unit stands beside it. Frozen, and free of secrets in its repr."""

    model_config = SettingsConfigDict(
        env_prefix="AIWIRE_", frozen=True, extra="forbid", validate_default=True, hide_input_in_errors=True
    )

    config_dir: Path
    data_dir: Path = Field(default_factory=lambda: default_data_dir())
    database_url: SecretStr | None = Field(default=None, validation_alias="DATABASE_URL")
    contact: str | None = None
    concurrency: int = Field(default=8, ge=1, le=256)
    sandbox_processes: int = Field(default_factory=lambda: min(4, os.cpu_count() or 1), ge=1, le=64)
    sandbox_cpu_seconds: float = Field(default=10, gt=0)
    sandbox_memory_mb: int = Field(default=1024, ge=256)
    request_timeout: Seconds = 20.0
    visit_deadline: Seconds = 120.0
    drain_deadline: Seconds = 20.0
    gap: Seconds = 5.0
    max_body_mb: int = Field(default=15, ge=1, le=256)
    fire_every: Seconds = Field(default=1.0, gt=0)
    second_looks: tuple[Seconds, ...] = (3_600.0, 86_400.0, 604_800.0)
    capture_days: int = Field(default=30, ge=1)
    log_format: Literal["auto", "console", "json"] = "auto"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    sentry_dsn: SecretStr | None = Field(default=None, validation_alias="SENTRY_DSN")
    environment: str = "production"

    @field_validator("contact")
    @classmethod
    def _contact(cls, value: str | None) -> str | None:
        if value is not None and not _CONTACT.fullmatch(value):
            raise ValueError("the contact is the address of a page or a mailbox that outlets can write to")
        return value

    @field_validator("database_url")
    @classmethod
    def _database_url(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            text = value.get_secret_value()
            try:
                if "host=" not in text:
                    TypeAdapter(PostgresDsn).validate_python(text)
            except ValidationError:
                raise ValueError("it is not a URL of the form postgresql://user:password@host/database") from None
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `load_settings` hands over counts: it has read the environment and the file itself."""
        _ = settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)

    @property
    def user_agent(self) -> str:
        """`aiwire/0.1.0 (+contact)`; raises ConfigError with the one line to set where no contact is known."""
        if self.contact is None:
            raise ConfigError(
                "outlets must be able to reach you: set a page or mailbox, for example\n"
                "    export AIWIRE_CONTACT=https://example.org/about-our-crawler",
                code="no_contact",
            )
        return f"aiwire/{version()} (+{self.contact})"


def load_settings(*, config_dir: Path | None = None, **overrides: Any) -> Settings:
    """Settings from, in this order: `overrides`, the environment, config/aiwire.toml, a saved contact, the defaults.

    Raises ConfigError that lists every mistake, each with the file or variable and its key.
    """
    folder = find_config_dir(config_dir)
    problems: list[str] = []
    origins: dict[str, str] = {}
    values: dict[str, Any] = {}
    for origin, found in (
        ("aiwire.toml", _from_file(folder / "aiwire.toml", problems)),
        ("environment", _from_environment(problems)),
        ("override", overrides),
    ):
        for key, value in found.items():
            values[key], origins[key] = value, origin
    values["config_dir"] = folder
    try:
        settings = Settings(**{_alias(key): value for key, value in values.items()})
    except ValidationError as error:
        for problem in error.errors(include_input=False, include_context=False):
            key = str(problem["loc"][0])
            name = {v: k for k, v in _PLAIN_NAMES.items()}.get(_field(key), _field(key))
            origin = origins.get(_field(key), "default")
            where = f"AIWIRE_{name.upper()}" if origin == "environment" and name.islower() else name
            problems.append(f"{origin}: {where}: {problem['msg'].removeprefix('Value error, ')}")
    if problems:
        raise ConfigError("\n".join(problems), code="settings")
    if settings.contact is None and (saved := _saved_contact(settings.data_dir)):
        settings = settings.model_copy(update={"contact": saved})
    return settings


def find_config_dir(explicit: Path | None = None) -> Path:
    """The folder with aiwire.toml and outlets/: as told, AIWIRE_CONFIG, the checkout's, the installation's.

    Where there is a checkout its config/ wins over the copy that an editable install makes.
    """
    told = explicit or (Path(os.environ["AIWIRE_CONFIG"]) if os.environ.get("AIWIRE_CONFIG") else None)
    if told is not None:
        if not told.is_dir():
            raise ConfigError("there is no such folder", subject=str(told), code="no_config")
        return told.resolve()
    places = [CHECKOUT / "config"] if is_checkout() else []
    places += [Path(base) / "share" / "aiwire" / "config" for base in (sys.prefix, site.getuserbase() or sys.prefix)]
    for place in places:
        if place.is_dir():
            return place
    raise ConfigError(f"no configuration found in {', '.join(map(str, places))}: use --config", code="no_config")


def is_checkout() -> bool:
    return (CHECKOUT / "pyproject.toml").is_file() and (CHECKOUT / "config").is_dir()


def default_data_dir() -> Path:
    """Where aiwire keeps its state; each checkout its own, so that two clones share no database.

    As root never under /root: Postgres runs as another user, and that folder is closed to it.
    """
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        base = Path("/var/lib/aiwire")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support" / "aiwire"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "aiwire"
    if is_checkout():
        return base / f"checkout-{hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:8]}"
    return base


def save_contact(settings: Settings, contact: str) -> Settings:
    """Keep a contact that was asked on a terminal: in the data directory, since the configuration may be read-only.

    Raises ConfigError where it is no address.
    """
    contact = contact.strip()
    if not _CONTACT.fullmatch(contact):
        raise ConfigError("the contact is the address of a page or a mailbox", subject=contact, code="bad_contact")
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    (settings.data_dir / "contact").write_text(contact + "\n", encoding="utf-8")
    return settings.model_copy(update={"contact": contact})


def version() -> str:
    return metadata.version("aiwire")


def _saved_contact(data_dir: Path) -> str | None:
    try:
        saved = (data_dir / "contact").read_text(encoding="utf-8").strip()
    except OSError:
        return None
    return saved if _CONTACT.fullmatch(saved) else None


def _from_file(path: Path, problems: list[str]) -> dict[str, Any]:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        problems.append(f"aiwire.toml: {error}")
        return {}
    known = set(Settings.model_fields) - {"config_dir"}
    for key in set(found) - known:
        problems.append(f"aiwire.toml: {key}: unknown key{_suggestion(key, known)}")
        del found[key]
    return found


def _from_environment(problems: list[str]) -> dict[str, Any]:
    known = set(Settings.model_fields) - {"config_dir"} - set(_PLAIN_NAMES.values())
    found: dict[str, Any] = {field: os.environ[name] for name, field in _PLAIN_NAMES.items() if os.environ.get(name)}
    for name, value in os.environ.items():
        if not name.startswith("AIWIRE_") or name in _NOT_SETTINGS:
            continue
        key = name.removeprefix("AIWIRE_").lower()
        if key not in known:
            problems.append(f"environment: {name}: unknown setting{_suggestion(key, known, 'AIWIRE_')}")
        elif key == "second_looks":
            found[key] = [part.strip() for part in value.split(",") if part.strip()]
        else:
            found[key] = value
    return found


def _suggestion(key: str, known: set[str], prefix: str = "") -> str:
    close = difflib.get_close_matches(key, known, n=1)
    return f"; did you mean {prefix}{close[0].upper() if prefix else close[0]}?" if close else ""


def _alias(key: str) -> str:
    return {v: k for k, v in _PLAIN_NAMES.items()}.get(key, key)


def _field(alias: str) -> str:
    return _PLAIN_NAMES.get(alias, alias)
