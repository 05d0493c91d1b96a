"""From an outlet's configuration to its spider, for the daemon and for `scrapy list` and `scrapy crawl SLUG`.

What the spider does is its own affair (`crawler.spiders.base`, or the class that the outlet's TOML names).
"""

from __future__ import annotations

import importlib
from typing import Any

from scrapy import Request, Spider
from scrapy.settings import BaseSettings

from crawler.outlets import Outlet, load_outlets
from crawler.settings import find_config_dir
from crawler.spiders.base import OutletSpider
from pipelines.errors import ConfigError
from pipelines.identity import covers, host_of


def spider_class(outlet: Outlet) -> type[OutletSpider]:
    """The class that the outlet names as `spider = "module:Class"`, OutletSpider where it names none."""
    if outlet.spider is None:
        return OutletSpider
    module, _, name = outlet.spider.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"spider = {outlet.spider!r} can't be imported: {error}", subject=outlet.slug) from error
    if not (isinstance(found, type) and issubclass(found, OutletSpider)):
        raise ConfigError(f"spider = {outlet.spider!r} does not extend OutletSpider", subject=outlet.slug)
    return found


def spider_for(outlet: Outlet) -> OutletSpider:
    return spider_class(outlet)(outlet)


class OutletSpiderLoader:
    """Scrapy's SPIDER_LOADER_CLASS: one spider an outlet, named by its slug."""

    def __init__(self, outlets: tuple[Outlet, ...]) -> None:
        self._outlets = {outlet.slug: outlet for outlet in outlets}

    @classmethod
    def from_settings(cls, _settings: BaseSettings) -> OutletSpiderLoader:
        return cls(load_outlets(find_config_dir(None)))

    def load(self, spider_name: str) -> type[Spider]:
        outlet = self._outlets[spider_name]
        attributes: dict[str, Any] = {"outlet": outlet, "name": outlet.slug}
        return type(f"{spider_class(outlet).__name__}_{outlet.slug}", (spider_class(outlet),), attributes)

    def list(self) -> list[str]:
        return sorted(self._outlets)

    def find_by_request(self, request: Request) -> list[str]:  # type: ignore[valid-type]
        host = host_of(request.url)
        return [slug for slug, outlet in self._outlets.items() if covers(host, outlet.hosts)]
