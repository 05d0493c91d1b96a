"""Hides secrets in whatever is about to be shown or sent: logs, events, messages on the terminal.

It knows secrets by the company they keep; where text comes from and where it goes is the callers' affair.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "[hidden]"
_KEYS = re.compile(r"(?:^|[_-])(?:authorization|cookie|passw(?:or)?d|secret|token|api[_-]?key|dsn)$", re.IGNORECASE)
_PATTERNS = (
    # https://KEY@sentry.example.org/1, https://user:password@proxy: nothing before the @ is anyone's business.
    re.compile(r"""(?P<kept>\bhttps?://)[^\s/?\#"'\\]+(?=@)""", re.IGNORECASE),
    # postgresql://user:password@host/database. The user stays; a password may hold an @ that nobody escaped.
    re.compile(r"""(?P<kept>\b[a-z][\w+.-]*://[^\s:/@"'\\]*:)[^\s/"'\\]+(?=@)""", re.IGNORECASE),
    # host=/run/postgresql password='pass word', and the same as a parameter of the URL.
    re.compile(r"""(?P<kept>\b(?:ssl)?password\s*=\s*)(?:'[^']*'|[^\s"'&\\]+)""", re.IGNORECASE),
    # ?token=…, &api_key=…, #access_token=…, &X-Amz-Signature=…
    re.compile(
        r"""(?P<kept>[?&;\#][\w-]*(?:token|key|secret|passw(?:or)?d|auth|sig|signature|credential|jwt)=)[^&\s"'\\]+""",
        re.IGNORECASE,
    ),
    # Authorization: Basic …, {'Proxy-Authorization': b'Bearer …'}
    re.compile(
        r"""(?P<kept>\b(?:proxy-)?authorization\\?['"]?\s*[:=]\s*\[?+(?:b?\\?['"])?+(?:(?:basic|bearer|digest|token)\s+)?+)"""
        r"""(?!\[hidden)[^\s"',\]\\]+""",
        re.IGNORECASE,
    ),
)


def scrub(value: Any) -> Any:
    """The value with passwords, keys and tokens hidden, however deep in mappings and lists they stand.

    A mapping's value is hidden whole where its key says that it is a secret.
    """
    if isinstance(value, str):
        for pattern in _PATTERNS:
            value = pattern.sub(rf"\g<kept>{HIDDEN}", value)
        return value
    if isinstance(value, Mapping):
        return {key: HIDDEN if part and _is_secret(key) else scrub(part) for key, part in value.items()}
    if isinstance(value, list):
        return [scrub(part) for part in value]
    if isinstance(value, tuple):
        return tuple(scrub(part) for part in value)
    return value


def _is_secret(key: object) -> bool:
    return isinstance(key, str) and _KEYS.search(key) is not None
