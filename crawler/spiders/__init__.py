"""Scrapy spiders: what is particular to an outlet, under the daemon and under `scrapy crawl` alike."""
