"""What is a secret, and what only looks like one."""

from __future__ import annotations

import pytest

from crawler.scrubbing import scrub


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("postgresql://ann:hunter2@db.example.org/news", "postgresql://ann:[hidden]@db.example.org/news"),
        ("postgres://ann:p@ss@db:5432/news?sslmode=require", "postgres://ann:[hidden]@db:5432/news?sslmode=require"),
        (
            "connecting to host=db user=ann password=hunter2 dbname=news",
            "connecting to host=db user=ann password=[hidden] dbname=news",
        ),
        ("password = 'pass word' host=db", "password = [hidden] host=db"),
        ("postgresql:///news?user=ann&password=hunter2", "postgresql:///news?user=ann&password=[hidden]"),
        (
            "https://0123456789abcdef0123456789abcdef@o1.ingest.example.org/42",
            "https://[hidden]@o1.ingest.example.org/42",
        ),
        ("http://key@127.0.0.1:9000/1", "http://[hidden]@127.0.0.1:9000/1"),
        ("via http://ann:hunter2@proxy:3128", "via http://[hidden]@proxy:3128"),
        (
            "GET https://example.org/feed?page=2&token=abc123&x=1",
            "GET https://example.org/feed?page=2&token=[hidden]&x=1",
        ),
        (
            "https://cdn.example.org/a.xml?X-Amz-Signature=0f0f",
            "https://cdn.example.org/a.xml?X-Amz-Signature=[hidden]",
        ),
        ("https://example.org/cb#access_token=abc", "https://example.org/cb#access_token=[hidden]"),
        ("Authorization: Bearer eyJhbGciOi.J9", "Authorization: Bearer [hidden]"),
        ("{'Proxy-Authorization': b'Basic YW5uOmh1bnRlcjI='}", "{'Proxy-Authorization': b'Basic [hidden]'}"),
        ('{"authorization": "abc"}', '{"authorization": "[hidden]"}'),
    ],
)
def test_secret_is_hidden_and_its_surroundings_stay(text: str, scrubbed: str) -> None:
    assert scrub(text) == scrubbed
    assert scrub(scrubbed) == scrubbed


@pytest.mark.parametrize(
    "text",
    [
        "https://medium.example.org/@ann/a-story?ref=home",
        "https://example.org:8443/a, then mail ann@example.org",
        "mailto:ann@example.org",
        "http://[::1]:8000/feed.xml",
        "postgresql://aiwire@/aiwire?host=%2Frun",
        "Password managers, tokens and keys: what the courts say",
        '{"url": "http://127.0.0.1:8000", "by": "ann@example.org"}',
    ],
)
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    assert scrub(text) == text


def test_value_under_a_secret_name_is_hidden_whole() -> None:
    event = {
        "event": "asked",
        "headers": {"Set-Cookie": "sid=1", "ETag": "x"},
        "sentry_dsn": "anything",
        "api-key": ["a"],
    }

    assert scrub(event) == {
        "event": "asked",
        "headers": {"Set-Cookie": "[hidden]", "ETag": "x"},
        "sentry_dsn": "[hidden]",
        "api-key": "[hidden]",
    }


def test_names_that_only_resemble_secret_ones_stay() -> None:
    event = {"tokens": 12, "url_key": "abc", "password": None, "monkey": "see"}

    assert scrub(event) == event


def test_secrets_in_lists_and_tuples_are_hidden() -> None:
    assert scrub(["a", ("http://u:p@h", 1)]) == ["a", ("http://[hidden]@h", 1)]
