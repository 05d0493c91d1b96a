"""Scrapy's settings, for the daemon's one Crawler and for `scrapy crawl` in the checkout alike.

What differs between installations comes from `crawler.settings`; Scrapy's own defaults that would hurt are turned off here.
"""

from __future__ import annotations

from typing import Any

from crawler.settings import Settings

MIDDLEWARE = "crawler.politeness.middleware.CourtesyMiddleware"


def scrapy_settings(settings: Settings) -> dict[str, Any]:
    """The settings as Scrapy wants them; raises ConfigError when no contact for the User-Agent is set."""
    return {
        "BOT_NAME": "aiwire",
        "USER_AGENT": settings.user_agent,
        "TWISTED_REACTOR": "twisted.internet.asyncioreactor.AsyncioSelectorReactor",
        # Scrapy 2.19 listens for a telnet and a remote control client by default.
        "TELNETCONSOLE_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,
        # http and https only: files, FTP, S3 and data URIs would be doors into the machine.
        "DOWNLOAD_HANDLERS": {"data": None, "file": None, "ftp": None, "s3": None},
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "DOWNLOAD_TIMEOUT": settings.request_timeout,
        "DNS_TIMEOUT": settings.request_timeout,
        "DOWNLOAD_MAXSIZE": settings.max_body_mb << 20,
        "DOWNLOAD_WARNSIZE": 0,
        "URLLENGTH_LIMIT": 2083,
        # robots.txt, gap and holds are the courtesy middleware's, which fails closed where Scrapy's fails open.
        "ROBOTSTXT_OBEY": False,
        "DOWNLOAD_DELAY": 0,
        "DOWNLOADER_MIDDLEWARES": {MIDDLEWARE: 780},
        # What is tried again, and when, is a row in Postgres.
        "RETRY_ENABLED": False,
        "REDIRECT_MAX_TIMES": 5,
        "METAREFRESH_ENABLED": False,
        "COOKIES_ENABLED": False,
        # A proxy from the environment would carry requests past every rule about addresses.
        "HTTPPROXY_ENABLED": False,
        "REFERRER_POLICY": "no-referrer",
        "MEMUSAGE_ENABLED": False,
        "CONCURRENT_REQUESTS": max(16, settings.concurrency * 2),
        "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
        "LOGSTATS_INTERVAL": 0,
        "LOG_INSTALL_ROOT_HANDLER": False,
        "LOG_FORMATTER": "crawler.scrapy_settings.QuietFormatter",
        "DEFAULT_REQUEST_HEADERS": {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.5"},
    }


class QuietFormatter:
    """Scrapy logs a line a request; the visit already tells what matters."""

    @classmethod
    def from_crawler(cls, _crawler: object) -> QuietFormatter:
        return cls()

    def crawled(self, *_: object) -> None:
        return None

    def scraped(self, *_: object) -> None:
        return None

    def __getattr__(self, name: str) -> Any:
        from scrapy.logformatter import LogFormatter  # noqa: PLC0415 -- Scrapy is not needed to read the settings

        return getattr(LogFormatter(), name)
