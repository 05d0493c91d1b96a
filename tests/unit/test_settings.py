"""Where settings come from, what goes before what, and how mistakes are told."""

from __future__ import annotations

import os
import re
import sys
import tomllib
from pathlib import Path

import pytest

from crawler import object_storage
from crawler import settings as module
from crawler.settings import Settings, default_data_dir, find_config_dir, load_settings, save_contact
from pipelines.errors import ConfigError

CHECKOUT = Path(__file__).resolve().parents[2]
SECRET = "hunter2"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper().startswith("AIWIRE_") or name in ("DATABASE_URL", "SENTRY_DSN"):
            monkeypatch.delenv(name)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    folder = tmp_path / "config"
    folder.mkdir()
    return folder


def write(config: Path, *lines: str) -> None:
    (config / "aiwire.toml").write_text("\n".join(lines), encoding="utf-8")


def mistakes(config: Path, **overrides: object) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_settings(config_dir=config, **overrides)
    assert caught.value.code == "settings"
    return str(caught.value).splitlines()


# -- what goes before what ---------------------------------------------------------------------------------------------


def test_defaults_hold_where_nothing_is_said(config: Path) -> None:
    settings = load_settings(config_dir=config)

    assert settings.config_dir == config
    assert (settings.concurrency, settings.gap, settings.max_body_mb) == (8, 5.0, 15)
    assert (settings.request_timeout, settings.visit_deadline, settings.drain_deadline) == (20.0, 120.0, 20.0)
    assert settings.second_looks == (3_600.0, 86_400.0, 604_800.0)
    assert 1 <= settings.sandbox_processes <= 4
    assert settings.database_url is None


def test_override_goes_before_environment_before_file(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(config, 'gap = "1s"', "concurrency = 2", "capture_days = 3", 'database_url = "postgresql://file/x"')
    monkeypatch.setenv("AIWIRE_GAP", "10s")
    monkeypatch.setenv("AIWIRE_CONCURRENCY", "20")
    monkeypatch.setenv("DATABASE_URL", "postgresql://environment/x")

    settings = load_settings(config_dir=config, concurrency=200)

    assert (settings.concurrency, settings.gap, settings.capture_days) == (200, 10.0, 3)
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == "postgresql://environment/x"


def test_override_of_none_hides_the_database_of_the_environment(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://environment/x")

    assert load_settings(config_dir=config, database_url=None).database_url is None


def test_empty_variable_counts_as_not_set(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(config, 'contact = "ops@example.org"')
    monkeypatch.setenv("AIWIRE_CONTACT", "")
    monkeypatch.setenv("DATABASE_URL", "")

    settings = load_settings(config_dir=config)

    assert (settings.contact, settings.database_url) == ("ops@example.org", None)


def test_variable_lists_second_looks_with_commas(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIWIRE_SECOND_LOOKS", "2s, 5s")

    assert load_settings(config_dir=config).second_looks == (2.0, 5.0)


def test_dotenv_file_is_not_read(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("AIWIRE_CONCURRENCY=3\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    assert load_settings(config_dir=config).concurrency == 8


def test_settings_are_frozen(config: Path) -> None:
    settings = load_settings(config_dir=config)

    with pytest.raises(ValueError, match="frozen"):
        settings.gap = 0.0  # type: ignore[misc]


# -- mistakes ----------------------------------------------------------------------------------------------------------


def test_every_mistake_is_told_with_its_place(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(
        config,
        "gap = 5",
        "request_timeout = 2.5",
        "concurency = 4",
        "sandbox_cpu_seconds = inf",
        'data_dir = "here"',
        'second_looks = ["1h", "later"]',
    )
    monkeypatch.setenv("AIWIRE_LOG_LEVEL", "loud")
    monkeypatch.setenv("AIWIRE_CONTATC", "ops@example.org")
    monkeypatch.setenv("AIWIRE_DATABASE_URL", "postgresql://a/b")

    told = mistakes(config, drain_deadline="20")

    assert sorted(line.partition(": a duration")[0] for line in told) == [
        "aiwire.toml: concurency: unknown key; did you mean concurrency?",
        "aiwire.toml: data_dir: it must begin with / or ~, or it would depend on where aiwire is started",
        "aiwire.toml: gap",
        "aiwire.toml: request_timeout",
        "aiwire.toml: sandbox_cpu_seconds: Input should be a finite number",
        "aiwire.toml: second_looks[1]",
        "environment: AIWIRE_CONTATC: unknown setting; did you mean AIWIRE_CONTACT?",
        "environment: AIWIRE_DATABASE_URL: unknown setting; did you mean DATABASE_URL?",
        "environment: AIWIRE_LOG_LEVEL: Input should be 'debug', 'info', 'warning' or 'error'",
        "override: drain_deadline",
    ]


def test_broken_file_is_told_with_its_line_beside_other_mistakes(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(config, "concurrency = 2", "gap = five", "")
    monkeypatch.setenv("AIWIRE_CONCURRENCY", "many")

    file, environment = mistakes(config)

    assert file == "aiwire.toml: Invalid value (at line 2, column 7)"
    assert environment.startswith("environment: AIWIRE_CONCURRENCY: Input should be a valid integer")


def test_file_that_is_no_text_is_told(config: Path) -> None:
    (config / "aiwire.toml").write_bytes(b"contact = '\xff'")

    assert mistakes(config)[0].startswith("aiwire.toml: 'utf-8' codec can't decode")


def test_limits_are_kept(config: Path) -> None:
    write(config, "concurrency = 0", "max_body_mb = 100000", 'request_timeout = "0s"', "sandbox_memory_mb = 1")

    assert [line.split(":")[1].strip() for line in mistakes(config)] == [
        "concurrency",
        "request_timeout",
        "max_body_mb",
        "sandbox_memory_mb",
    ]


# -- secrets -----------------------------------------------------------------------------------------------------------


def test_no_secret_shows_in_repr_or_dump(config: Path) -> None:
    settings = load_settings(
        config_dir=config,
        database_url=f"postgresql://aiwire:{SECRET}@localhost/aiwire",
        sentry_dsn=f"https://{SECRET}@sentry.example.org/1",
    )

    assert SECRET not in f"{settings!r}{settings}{settings.model_dump()}{settings.model_dump_json()}"


def test_bad_database_url_is_told_without_its_password(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"mysql://aiwire:{SECRET}@localhost/aiwire")

    with pytest.raises(ConfigError) as caught:
        load_settings(config_dir=config)

    assert str(caught.value).startswith("environment: DATABASE_URL: it is not a URL of the form postgresql://")
    chain = [caught.value, caught.value.__cause__, caught.value.__context__]
    assert SECRET not in "".join(f"{error!r}{error}" for error in chain)


@pytest.mark.parametrize(
    "url", ["postgresql://u:p@h:5432/d", "postgres://h/d", "postgresql://u@/d?host=%2Frun", "host=/run dbname=d"]
)
def test_forms_of_database_url_that_libpq_knows_pass(config: Path, url: str) -> None:
    found = load_settings(config_dir=config, database_url=url).database_url

    assert found is not None
    assert found.get_secret_value() == url


# -- contact -----------------------------------------------------------------------------------------------------------


def test_user_agent_names_version_and_contact(config: Path) -> None:
    settings = load_settings(config_dir=config, contact="https://example.org/bot")

    assert re.fullmatch(r"aiwire/\d+\.\d+\.\d+ \(\+https://example\.org/bot\)", settings.user_agent)


def test_missing_contact_is_told_with_the_one_line_to_set(config: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"export AIWIRE_CONTACT=https://") as caught:
        _ = load_settings(config_dir=config, data_dir=tmp_path).user_agent

    assert caught.value.code == "no_contact"


@pytest.mark.parametrize(
    "contact",
    [
        "me",
        "https://localhost",
        "a@b",
        "a b@example.org",
        "x@example.org\r\nHost: y",
        "https://é.example/",
        "https://a.example/)",
    ],
)
def test_contact_that_nobody_could_use_is_refused(config: Path, contact: str) -> None:
    assert "override: contact: the contact is the address of a page" in mistakes(config, contact=contact)[0]


def test_saved_contact_counts_where_no_other_is_named(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data_dir = tmp_path / "data"
    saved = save_contact(load_settings(config_dir=config, data_dir=data_dir), " ops@example.org\n")

    assert saved.contact == "ops@example.org"
    assert load_settings(config_dir=config, data_dir=data_dir).contact == "ops@example.org"
    monkeypatch.setenv("AIWIRE_CONTACT", "other@example.org")
    assert load_settings(config_dir=config, data_dir=data_dir).contact == "other@example.org"


def test_contact_that_is_no_address_is_not_saved(config: Path, tmp_path: Path) -> None:
    settings = load_settings(config_dir=config, data_dir=tmp_path / "data")

    with pytest.raises(ConfigError) as caught:
        save_contact(settings, "nobody")

    assert caught.value.code == "bad_contact"
    assert not (tmp_path / "data").exists()


def test_contact_that_cannot_be_kept_says_where(config: Path, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file in the way", encoding="utf-8")
    settings = load_settings(config_dir=config, data_dir=tmp_path / "data")

    with pytest.raises(ConfigError, match=r"data/contact: can't be written: .*; set AIWIRE_CONTACT"):
        save_contact(settings, "ops@example.org")


def test_saved_contact_that_was_spoilt_is_ignored(config: Path, tmp_path: Path) -> None:
    (tmp_path / "contact").write_bytes(b"\xff\xfe")

    assert load_settings(config_dir=config, data_dir=tmp_path).contact is None


# -- places ------------------------------------------------------------------------------------------------------------


def test_checkout_finds_its_own_configuration() -> None:
    assert find_config_dir() == CHECKOUT / "config"


def test_told_folder_goes_before_the_variable_before_the_checkout(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    monkeypatch.setenv("AIWIRE_CONFIG", str(other))

    assert find_config_dir(config) == config
    assert find_config_dir() == other


def test_folder_that_is_not_there_is_told_with_who_named_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"--config"):
        find_config_dir(tmp_path / "none")
    monkeypatch.setenv("AIWIRE_CONFIG", str(tmp_path / "none"))
    with pytest.raises(ConfigError, match=r"AIWIRE_CONFIG"):
        find_config_dir()


def test_installed_wheel_finds_its_shared_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHECKOUT", tmp_path / "site-packages")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(module.site, "getuserbase", lambda: str(tmp_path / "user"))
    with pytest.raises(ConfigError, match="no configuration found"):
        find_config_dir()
    for base in ("user", "."):
        shared = tmp_path / base / "share" / "aiwire" / "config"
        shared.mkdir(parents=True)
        assert find_config_dir() == shared.resolve()


def test_two_checkouts_share_no_data_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = set()
    for name in ("one", "two"):
        (tmp_path / name / "config").mkdir(parents=True)
        (tmp_path / name / "pyproject.toml").touch()
        monkeypatch.setattr(module, "CHECKOUT", tmp_path / name)
        found.add(default_data_dir())

    assert len(found) == 2
    assert all(re.fullmatch("checkout-[0-9a-f]{8}", path.name) for path in found)


@pytest.mark.parametrize(
    ("platform", "xdg", "expected"),
    [
        ("linux", None, ".local/share/aiwire"),
        ("linux", "/srv/state", "/srv/state/aiwire"),
        ("linux", "relative", ".local/share/aiwire"),  # the XDG specification: relative paths are to be ignored
        ("darwin", None, "Library/Application Support/aiwire"),
    ],
)
def test_ordinary_user_has_data_where_the_platform_keeps_it(
    platform: str, xdg: str | None, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHECKOUT", tmp_path / "site-packages")
    monkeypatch.setattr(os, "geteuid", lambda: 1_000)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv("HOME", str(tmp_path))
    if xdg is None:
        monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    else:
        monkeypatch.setenv("XDG_DATA_HOME", xdg)

    assert default_data_dir() == tmp_path / expected


def test_root_keeps_data_out_of_its_closed_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHECKOUT", tmp_path / "site-packages")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("HOME", "/root")

    assert default_data_dir() == Path("/var/lib/aiwire")


def test_told_data_directory_is_made_absolute(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/somebody")

    monkeypatch.setenv("AIWIRE_DATA_DIR", "state")
    assert load_settings(config_dir=config).data_dir == tmp_path / "state"
    monkeypatch.setenv("AIWIRE_DATA_DIR", "~/state")
    assert load_settings(config_dir=config).data_dir == Path("/home/somebody/state")


# -- where raw pages go --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("postgres", "postgres"),
        ("s3://pages/raw/", "s3://pages/raw"),
        ("file:///srv/captures", "file:///srv/captures"),
    ],
)
def test_address_for_raw_pages_is_taken(config: Path, monkeypatch: pytest.MonkeyPatch, told: str, kept: str) -> None:
    monkeypatch.setenv("AIWIRE_CAPTURES", told)
    assert load_settings(config_dir=config).captures == kept


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ("s3", 'it is "postgres", or an address'),
        ("bucket/prefix", 'it is "postgres", or an address'),
        ("nosuch://bucket", 'it is "postgres", or an address'),
        ("s3://", "it names no bucket"),
        ("s3://key:hunter2@bucket/prefix", "an address carries no credentials"),
        ("file://srv/captures", "a folder is written with three slashes"),
        ("file:///", "a folder is written with three slashes"),
        ("memory://captures", "is lost with its process"),
    ],
)
def test_address_for_raw_pages_that_cannot_be_is_told(
    config: Path, monkeypatch: pytest.MonkeyPatch, told: str, why: str
) -> None:
    monkeypatch.setenv("AIWIRE_CAPTURES", told)
    (line,) = mistakes(config)
    assert line.startswith("environment: AIWIRE_CAPTURES: ")
    assert why in line
    assert "hunter2" not in line


def test_missing_library_is_told_with_what_to_install(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_storage, "find_spec", lambda _: None)
    monkeypatch.setenv("AIWIRE_CAPTURES", "s3://pages/raw")
    assert mistakes(config) == [
        "environment: AIWIRE_CAPTURES: s3:// needs s3fs, which is not installed: pip install 'aiwire[s3]'"
    ]


# -- the shipped file --------------------------------------------------------------------------------------------------


def test_shipped_file_shows_every_setting_with_its_default() -> None:
    text = (CHECKOUT / "config" / "aiwire.toml").read_text(encoding="utf-8")
    shown = tomllib.loads(
        "\n".join(line.removeprefix("# ") for line in text.splitlines() if re.match(r"# [a-z_]+ = ", line))
    )
    own = {"contact", "data_dir", "database_url", "sentry_dsn", "sandbox_processes"}  # theirs depend on the machine

    assert set(shown) == set(Settings.model_fields) - {"config_dir"}
    assert tomllib.loads(text) == {}
    told = Settings(config_dir=CHECKOUT, **{key: value for key, value in shown.items() if key not in own})
    assert told.model_dump(exclude=own) == Settings(config_dir=CHECKOUT).model_dump(exclude=own)
