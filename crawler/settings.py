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
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PostgresDsn, SecretStr, TypeAdapter, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from crawler.durations import PositiveSeconds, Seconds
from pipelines.errors import ConfigError
from pipelines.records import Withdrawal

CHECKOUT = Path(__file__).resolve().parent.parent
_PREFIX = "AIWIRE_"
_NOT_SETTINGS = frozenset({"AIWIRE_CONFIG", "AIWIRE_HEARTBEAT_FD", "AIWIRE_MOVE_TO", "AIWIRE_OLD_POSTGRES"})
_CONTACT = re.compile(r"https?://[!-'*-~]+\.[!-'*-~]+|[!-'*-;=?A-~]+@[!-'*-;=?A-~]+\.[!-'*-;=?A-~]+")
"""A URL or a mailbox, without what would break the User-Agent's comment (RFC 9110 section 5.6.5)."""


def default_data_dir() -> Path:
    """Where aiwire keeps its state; each checkout its own, so that two clones share no database.

    As root never under /root: Postgres runs as another user, and that folder is closed to it.
    """
    try:
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            base = Path("/var/lib/aiwire")
        elif sys.platform == "darwin":
            base = Path.home() / "Library" / "Application Support" / "aiwire"
        else:
            told = Path(os.environ.get("XDG_DATA_HOME", ""))
            base = (told if told.is_absolute() else Path.home() / ".local" / "share") / "aiwire"
    except RuntimeError as error:
        raise ConfigError("this user has no home: set AIWIRE_DATA_DIR", code="no_home") from error
    if is_checkout():
        return base / f"checkout-{hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:8]}"
    return base


def is_checkout() -> bool:
    """Whether this program runs from its own repository, not from an installed wheel."""
    return (CHECKOUT / "pyproject.toml").is_file() and (CHECKOUT / "config").is_dir()


def version() -> str:
    return metadata.version("aiwire")


class Settings(BaseSettings):
    """What an installation may set; config/aiwire.toml explains each. Frozen, and free of secrets in its repr."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        env_ignore_empty=True,
        frozen=True,
        extra="forbid",
        validate_default=True,
        populate_by_name=True,
        hide_input_in_errors=True,
        allow_inf_nan=False,
    )

    config_dir: Path
    data_dir: Path = Field(default_factory=default_data_dir)
    # Two names without our prefix, because other programs agree on them.
    database_url: SecretStr | None = Field(default=None, validation_alias="DATABASE_URL")
    sentry_dsn: SecretStr | None = Field(default=None, validation_alias="SENTRY_DSN")
    contact: str | None = None
    concurrency: int = Field(default=8, ge=1, le=256)
    gap: Seconds = 5.0
    request_timeout: PositiveSeconds = 20.0
    max_body_mb: int = Field(default=15, ge=1, le=256)
    visit_deadline: PositiveSeconds = 120.0
    drain_deadline: PositiveSeconds = 20.0
    fire_every: PositiveSeconds = 1.0
    second_looks: Annotated[tuple[PositiveSeconds, ...], NoDecode] = (3_600.0, 86_400.0, 604_800.0)
    withhold: Annotated[tuple[Withdrawal, ...], NoDecode] = (Withdrawal.RIGHTS_RESERVED,)
    sandbox_processes: int = Field(default_factory=lambda: min(4, os.cpu_count() or 1), ge=1, le=64)
    sandbox_cpu_seconds: float = Field(default=10, gt=0, le=600)
    sandbox_memory_mb: int = Field(default=1024, ge=256, le=65_536)
    captures: str = "postgres"
    capture_days: int = Field(default=30, ge=1, le=36_500)
    repetition_articles: int = Field(default=3, ge=2, le=1_000)
    repetition_share: float = Field(default=0.05, ge=0, le=1)
    repetition_window: int = Field(default=300, ge=10, le=100_000)
    markdown: bool = False
    log_format: Literal["auto", "console", "json"] = "auto"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    environment: str = Field(default="production", min_length=1, max_length=64)

    @field_validator("data_dir")
    @classmethod
    def _data_dir(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("second_looks", "withhold", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return [part for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("captures")
    @classmethod
    def _captures(cls, value: str) -> str:
        if value == "postgres":
            return value
        from crawler.object_storage import checked_address  # noqa: PLC0415 -- fsspec only where it is asked for

        return checked_address(value)

    @field_validator("contact")
    @classmethod
    def _contact(cls, value: str | None) -> str | None:
        return None if value is None else _checked_contact(value)

    @field_validator("database_url")
    @classmethod
    def _database_url(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and "host=" not in value.get_secret_value():
            try:
                TypeAdapter(PostgresDsn).validate_python(value.get_secret_value())
            except ValidationError:  # its message would quote the password
                raise ValueError("it is not a URL of the form postgresql://user@host/database") from None
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
        """What the program was told, then the environment, then config/aiwire.toml; no .env file, no secrets folder."""
        _ = dotenv_settings, file_secret_settings
        return init_settings, env_settings, _File(settings_cls)

    @property
    def user_agent(self) -> str:
        """`aiwire/0.1.0 (+contact)`; raises ConfigError `no_contact` with the one line to set where none is known."""
        if self.contact is None:
            raise ConfigError(
                "outlets must be able to reach you: set a page or mailbox, for example\n"
                "    export AIWIRE_CONTACT=https://example.org/about-our-crawler",
                code="no_contact",
            )
        return f"aiwire/{version()} (+{self.contact})"


class _File(PydanticBaseSettingsSource):
    """config/aiwire.toml."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """One field is never asked for: the file is read as a whole."""
        _ = field
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        found, _ = _read(Path(self.current_state["config_dir"]))
        return {_written(key, alias=True): value for key, value in found.items()}


def load_settings(*, config_dir: Path | None = None, **overrides: Any) -> Settings:
    """Settings from, in this order: `overrides`, the environment, config/aiwire.toml, a saved contact, the defaults.

    Raises ConfigError `settings` that lists every mistake, each with the file or variable and its key.
    """
    folder = find_config_dir(config_dir)
    _, problems = _read(folder)
    problems += _unknown_variables()
    try:
        settings = Settings(config_dir=folder, **overrides)
    except ValidationError as error:
        told = {_written(key) for key in overrides}
        variables = {name.upper() for name, value in os.environ.items() if value}
        for problem in error.errors(include_input=False, include_context=False, include_url=False):
            key = _written(str(problem["loc"][0]))
            place = "".join(f"[{part}]" for part in problem["loc"][1:])
            message = problem["msg"].removeprefix("Value error, ")
            if problem["type"] == "extra_forbidden":
                message = f"unknown key{_suggestion(key, _keys())}"
            if key in told:
                where = f"override: {key}"
            elif key in Settings.model_fields and _variable(key) in variables:
                where = f"environment: {_variable(key)}"
            else:
                where = f"aiwire.toml: {key}"
            problems.append(f"{where}{place}: {message}")
    if problems:
        raise ConfigError("\n".join(problems), code="settings")
    if settings.contact is None and (saved := _saved_contact(settings.data_dir)):
        settings = settings.model_copy(update={"contact": saved})
    return settings


def find_config_dir(explicit: Path | None = None) -> Path:
    """The folder with aiwire.toml and outlets/: as told, AIWIRE_CONFIG, the checkout's, the installation's.

    A checkout's config/ wins over the copy that an editable install makes. Raises ConfigError `no_config`.
    """
    told = explicit or (Path(os.environ["AIWIRE_CONFIG"]) if os.environ.get("AIWIRE_CONFIG") else None)
    if told is not None:
        if not told.expanduser().is_dir():
            origin = "--config" if explicit else "AIWIRE_CONFIG"
            raise ConfigError(f"there is no such folder ({origin})", subject=str(told), code="no_config")
        return told.expanduser().resolve()
    places = [CHECKOUT / "config"] if is_checkout() else []
    places += [Path(base) / "share" / "aiwire" / "config" for base in (sys.prefix, site.getuserbase() or sys.prefix)]
    for place in places:
        if place.is_dir():
            return place
    raise ConfigError(f"no configuration found in {', '.join(map(str, places))}: use --config", code="no_config")


def save_contact(settings: Settings, contact: str) -> Settings:
    """Keep a contact that was asked on a terminal, and return settings that know it.

    It goes to the file `contact` in the data directory (the configuration may be read-only), and counts only where neither
    the environment nor aiwire.toml names one. Raises ConfigError where it is no address, or can't be written.
    """
    try:
        contact = _checked_contact(contact.strip())
    except ValueError as error:
        raise ConfigError(str(error), subject=contact, code="bad_contact") from error
    path = settings.data_dir / "contact"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(contact + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"can't be written: {error.strerror}; set AIWIRE_CONTACT", subject=str(path)) from error
    return settings.model_copy(update={"contact": contact})


def _saved_contact(data_dir: Path) -> str | None:
    try:
        saved = (data_dir / "contact").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return saved if _CONTACT.fullmatch(saved) else None


def _checked_contact(value: str) -> str:
    if not _CONTACT.fullmatch(value) or len(value) > 200:
        raise ValueError("the contact is the address of a page (https://…) or a mailbox that outlets can write to")
    return value


def _read(config_dir: Path) -> tuple[dict[str, Any], list[str]]:
    """What aiwire.toml holds, and why it can't be read. Its floats stay text: a duration needs a unit."""
    path = config_dir / "aiwire.toml"
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=str)
    except FileNotFoundError:
        return {}, []
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return {}, [f"aiwire.toml: {error}"]
    problems = []
    if "config_dir" in found:
        del found["config_dir"]
        problems.append("aiwire.toml: config_dir: unknown key; use --config or AIWIRE_CONFIG")
    directory = found.get("data_dir")
    if isinstance(directory, str) and not Path(directory).expanduser().is_absolute():
        problems.append(
            "aiwire.toml: data_dir: it must begin with / or ~, or it would depend on where aiwire is started"
        )
    return found, problems


def _unknown_variables() -> list[str]:
    known = {_variable(key) for key in _keys()} | _NOT_SETTINGS
    return [
        f"environment: {name}: unknown setting{_suggestion(name, known)}"
        for name in sorted(os.environ)
        if name.upper().startswith(_PREFIX) and name.upper() not in known
    ]


def _keys() -> set[str]:
    return set(Settings.model_fields) - {"config_dir"}


def _variable(key: str) -> str:
    field = Settings.model_fields.get(key)
    alias = field.validation_alias if field else None
    return alias if isinstance(alias, str) else f"{_PREFIX}{key.upper()}"


def _written(key: str, *, alias: bool = False) -> str:
    """The key of aiwire.toml for a field's name or alias; with `alias` the other way round."""
    for name, field in Settings.model_fields.items():
        if isinstance(field.validation_alias, str) and key in (name, field.validation_alias):
            return field.validation_alias if alias else name
    return key


def _suggestion(key: str, known: Iterable[str]) -> str:
    return f"; did you mean {close[0]}?" if (close := difflib.get_close_matches(key, known, n=1)) else ""
