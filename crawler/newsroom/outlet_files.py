"""Writes the newsroom's outlets as aiwire's configuration: one TOML an outlet, on loopback and quick.

What the keys mean stands in `crawler.outlets`; the addresses come from a running newsroom (`crawler.newsroom.client`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from crawler.newsroom.articles import SITES
from crawler.newsroom.foreign import FEED


def write_outlet_files(
    folder: Path,
    bases: Mapping[str, str],
    languages: Mapping[str, str],
    *,
    every: str,
    looks: tuple[str, ...],
    gap: str,
) -> None:
    """`bases` are addresses by slug; `languages` those of the added outlets."""
    folder.mkdir(parents=True, exist_ok=True)
    for slug, base in bases.items():
        site = SITES.get(slug)
        keys = {
            "name": site.name if site else slug,
            "homepage": base,
            "language": site.language if site else languages[slug],
            "timezone": site.timezone if site else "UTC",
            "policy": "scrape",
            "local": True,
            "gap": gap,
            "hosts": [base.removeprefix("http://")],
            "second_looks": list(looks),
        }
        if site:
            keys["country"] = site.country
        lines = [_toml(keys), "[poll]", _toml({"every": every, "min": "0s"})]
        for kind, path in site.sources if site else (("feed", FEED),):
            source = {"kind": kind, "url": f"{base}{path}"}
            if kind == "listing" and site and site.link_pattern:
                source["link_pattern"] = site.link_pattern
            lines += ["[[source]]", _toml(source)]
        (folder / f"{slug}.toml").write_text("\n".join(lines), encoding="utf-8")


def _toml(keys: Mapping[str, object]) -> str:
    # JSON's strings, booleans and lists are TOML's, too.
    return "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in keys.items())
