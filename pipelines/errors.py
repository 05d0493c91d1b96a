"""What can go wrong, as one tree; stages raise these and nothing else on purpose.

What becomes of an error (a disposition, a retry, a line on the terminal) is decided by the
boundary that catches it: `crawler.visit` for the daemon, `crawler.cli` for commands.

    AiwireError
    ├── ConfigError            a setting or an outlet's TOML is wrong
    ├── FetchError             a URL did not give its bytes
    │   ├── Transient          may work later: time-out, reset, 5xx, 429
    │   └── Permanent          will not: 404, 410, refused by robots.txt or policy
    ├── ParseError             bytes of a feed, sitemap, listing or robots.txt make no sense
    ├── ExtractError           a page gave no article
    │   └── SandboxError       the process that worked on the page died or ran out of its limits
    ├── SandboxBroken          no process to work in: the installation's trouble, never a page's
    ├── StoreError             Postgres refused
    │   ├── Unavailable        it is away: try again
    │   ├── Conflict           it holds something that contradicts this write
    │   └── Damaged            bytes that it kept are lost, or are not those that were written
    └── PublishError           what consumers asked for cannot be given
"""

from __future__ import annotations


class AiwireError(Exception):
    """What failed, on what, and what to do.

    `subject` is what it failed on (a URL, a file, a slug), `code` a stable snake_case word that
    serves as log key, Sentry fingerprint and column value; it never holds a value of the input.
    """

    code = "error"

    def __init__(self, message: str, *, subject: str = "", code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.subject = subject
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        return f"{self.subject}: {self.message}" if self.subject else self.message

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions cross the sandbox's pipe: pickle must not call __init__ with positional args.
        return (_rebuild, (type(self), self.message, self.subject, self.code))


def _rebuild(kind: type[AiwireError], message: str, subject: str, code: str) -> AiwireError:
    return kind(message, subject=subject, code=code)


class ConfigError(AiwireError):
    """A setting or an outlet's TOML is wrong; the message names file and key."""

    code = "config"


class FetchError(AiwireError):
    """A URL did not give its bytes."""

    code = "fetch"


class Transient(FetchError):
    """It may work later: time-out, reset, DNS, 5xx, 429."""

    code = "fetch_transient"


class Permanent(FetchError):
    """It will not work by waiting: 404, 410, too large, refused by robots.txt or policy."""

    code = "fetch_permanent"


class ParseError(AiwireError):
    """The bytes of a feed, sitemap, listing or robots.txt make no sense."""

    code = "parse"


class ExtractError(AiwireError):
    """A page gave no article."""

    code = "extract"


class SandboxError(ExtractError):
    """The process that worked on the page was killed, crashed, or ran out of CPU, memory or time."""

    code = "sandbox"


class SandboxBroken(AiwireError):
    """The sandbox's processes do not come up, or it was closed: no page is to blame, and each may be tried again."""

    code = "sandbox_broken"


class StoreError(AiwireError):
    """Postgres refused."""

    code = "store"


class Unavailable(StoreError):
    """Postgres is away or restarting: the same call may work in a moment."""

    code = "store_unavailable"


class Conflict(StoreError):
    """Postgres holds something that contradicts this write."""

    code = "store_conflict"


class Damaged(StoreError):
    """Bytes that were kept are lost, or are not those that were written: on disk, or on object storage."""

    code = "capture_damaged"


class PublishError(AiwireError):
    """What a consumer asked for cannot be given."""

    code = "publish"
