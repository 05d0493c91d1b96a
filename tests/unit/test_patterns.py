"""Which link patterns are refused because matching them may take for ever."""

from __future__ import annotations

import re

import pytest

from crawler.patterns import repeats_within_repeat


@pytest.mark.parametrize(
    ("pattern", "part"),
    [
        ("^/(a+)+$", "(a+)+"),
        ("^/(?:[a-z]+)*$", "(?:[a-z]+)*"),
        ("^/((a+))+", "((a+))+"),
        ("(?P<slug>[a-z-]+){2,}", "(?P<slug>[a-z-]+){2,}"),
        ("([a-z]+-?)+$", "([a-z]+-?)+"),
        ("(-?[a-z]+)+", "(-?[a-z]+)+"),
        ("(a+|b-)+", "(a+|b-)+"),
        (r"(\w[a-z-]?){2,}", r"(\w[a-z-]?){2,}"),
        ("(.*/)+", "(.*/)+"),
        ("x(a*)*?y", "(a*)*?"),
    ],
)
def test_repeat_of_what_varies_inside_is_found(pattern: str, part: str) -> None:
    re.compile(pattern)

    assert repeats_within_repeat(pattern) == part


@pytest.mark.parametrize(
    "pattern",
    [
        "^/altro/(tecnologia|mondo)/[a-z0-9-]+$",
        r"^/(\d{4}/\d{2}/)?[\w-]+\.html?$",
        "^(/[a-z0-9-]+)+/?$",
        "^/([^/]+/)*[^/]+$",
        "^(?:/[a-z0-9]+(?:-[a-z0-9]+)*)+$",
        "([a+])+",  # a plus in a class is a plus
        r"(\+a)+",
        "[(]a+[)]+",
        "(ab)+",
        "([a-z]+){3}",
    ],
)
def test_pattern_that_matches_in_one_way_passes(pattern: str) -> None:
    re.compile(pattern)

    assert repeats_within_repeat(pattern) is None
