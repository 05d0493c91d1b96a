"""What Scrapy would do by default, and must not."""

from __future__ import annotations

from pathlib import Path

import pytest
from scrapy.crawler import Crawler
from scrapy.settings import Settings as ScrapySettings
from scrapy.spiders import Spider

from crawler.scrapy_settings import MIDDLEWARE, scrapy_settings
from crawler.settings import CHECKOUT, load_settings
from pipelines.errors import ConfigError


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ScrapySettings:
    monkeypatch.setenv("AIWIRE_DATA_DIR", str(tmp_path))
    made = load_settings(config_dir=CHECKOUT / "config", contact="https://example.org/tests")
    return Crawler(Spider, scrapy_settings(made)).settings


def test_nothing_listens(settings: ScrapySettings) -> None:
    assert not settings.getbool("TELNETCONSOLE_ENABLED")
    assert not settings.getbool("REMOTE_CONTROL_ENABLED")


def test_only_http_and_https_are_fetched(settings: ScrapySettings) -> None:
    handlers = {**settings.getdict("DOWNLOAD_HANDLERS_BASE"), **settings.getdict("DOWNLOAD_HANDLERS")}
    assert {scheme for scheme, handler in handlers.items() if handler} == {"http", "https"}


def test_certificates_are_verified_and_requests_bounded(settings: ScrapySettings) -> None:
    assert settings.getbool("DOWNLOAD_VERIFY_CERTIFICATES")
    assert settings.getfloat("DOWNLOAD_TIMEOUT") == 20
    assert settings.getint("DOWNLOAD_MAXSIZE") == 15 << 20
    assert settings.getint("REDIRECT_MAX_TIMES") == 5


def test_politeness_is_ours_on_every_hop(settings: ScrapySettings) -> None:
    assert not settings.getbool("RETRY_ENABLED"), "it asks again at once after a 429"
    assert not settings.getbool("ROBOTSTXT_OBEY"), "it lets everything through when robots.txt is unreachable"
    redirects = settings.getdict("DOWNLOADER_MIDDLEWARES_BASE")[
        "scrapy.downloadermiddlewares.redirect.RedirectMiddleware"
    ]
    assert settings.getdict("DOWNLOADER_MIDDLEWARES")[MIDDLEWARE] > redirects


def test_no_cookies_no_proxy_no_referrer(settings: ScrapySettings) -> None:
    assert not settings.getbool("COOKIES_ENABLED")
    assert not settings.getbool("HTTPPROXY_ENABLED")
    assert settings["REFERRER_POLICY"] == "no-referrer"


def test_without_a_contact_there_are_no_requests(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AIWIRE_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("AIWIRE_CONTACT", raising=False)
    with pytest.raises(ConfigError, match="AIWIRE_CONTACT"):
        scrapy_settings(load_settings(config_dir=CHECKOUT / "config"))
