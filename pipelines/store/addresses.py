"""Where a database is, as it may be shown: without its password."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from psycopg.conninfo import conninfo_to_dict, make_conninfo


def place_of(url: str) -> str:
    """Host, port and database of a URL, without login and password: what may be shown."""
    parts = conninfo_to_dict(url)
    host = parts.get("host") or parts.get("hostaddr") or "localhost"
    return f"{host}:{parts.get('port') or 5432}/{parts.get('dbname') or parts.get('user') or ''}"


def without_password(url: str) -> str:
    """A URL as it may be shown."""
    parts = conninfo_to_dict(url)
    for secret in ("password", "sslpassword"):
        parts.pop(secret, None)
    if "://" not in url:
        return make_conninfo("", **parts)
    user, name = (quote(str(parts.pop(key, "") or ""), safe="") for key in ("user", "dbname"))
    host, port = parts.pop("host", None), parts.pop("port", None)
    if host and ("/" in str(host) or "," in str(host)):  # a socket's folder, or several hosts
        parts["host"], host = host, None
        if port:
            parts["port"], port = port, None
    rest = urlencode({key: str(value) for key, value in parts.items() if value is not None})
    where = f"{user}@" * bool(user) + (f"[{host}]" if host and ":" in str(host) else str(host or ""))
    return f"postgresql://{where}{f':{port}' if port else ''}/{name}{f'?{rest}' if rest else ''}"
