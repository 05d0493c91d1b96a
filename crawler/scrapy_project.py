"""The settings module of the checkout's Scrapy project, which scrapy.cfg names: `scrapy list`, `scrapy crawl SLUG -O FILE`.

The daemon does not pass through here; what the settings mean is `crawler.scrapy_settings`' affair.
"""

from __future__ import annotations

from crawler.scrapy_settings import scrapy_settings
from crawler.settings import load_settings

_settings = load_settings()
if _settings.contact is None:
    # Listing needs no contact; the first request that is made without one ends the crawl (`crawler.tools`).
    _settings = _settings.model_copy(update={"contact": "no contact"})

SPIDER_LOADER_CLASS = "crawler.spiders.loader.OutletSpiderLoader"
globals().update(scrapy_settings(_settings))
# The daemon's logs are structlog's; here they are Scrapy's own.
LOG_INSTALL_ROOT_HANDLER = True
LOG_LEVEL = "INFO"
