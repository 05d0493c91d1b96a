"""Titles as words, and what a site calls itself in them: "Headline | Site", "Site - Headline", "Headline - Section - Site".

Which of a page's titles is the article's is decided in `pipelines.page_titles`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import accumulate, islice
from urllib.parse import unquote, urlsplit

# A separator between a title and the site's name. A colon or a hyphen counts only with space around it: "AI: a primer"
# and "state-of-the-art" are headlines. ㅣ (U+3163) stands for the bar on Korean sites.
_SEPARATOR = re.compile(r"\s+(?:[|–—·•»›←→~/:]|-{1,2}|::|\|\|)\s+|\s*[|ㅣ]\s*|--+")
_BAR = re.compile(r"\s+\|{1,2}\s+|\s*ㅣ\s*")
_WORD = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|\w+")
_NEITHER = re.compile(r"[\W_]+")
_HEAD_LEAST = 15
"""Characters that are left of a title when what follows a bar is taken off, though no name of the site is known for it."""
_CUTS_MOST = 12  # separators that are tried
_NAME_LEAST = 3  # letters: shorter abbreviations stand for anything
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u2060\ufeff\u200e\u200f"))


class SiteNames:
    """What a page's site is called, to be told from the titles of its articles."""

    def __init__(self, names: Iterable[str | None], url: str) -> None:
        labels = _host(url).split(".")
        self._names = {
            bare(value) for value in (*names, *labels[:-1], *accumulate(reversed(labels), _before)) if value
        } - {""}

    def is_name(self, text: str) -> bool:
        """It is the site's name, written in whatever way."""
        squeezed = bare(text)
        return not squeezed or squeezed in self._names

    def strip(self, title: str) -> str:
        """The title without the site's names and sections at its ends."""
        cuts = list(islice(_SEPARATOR.finditer(title), _CUTS_MOST))
        for cut in cuts:
            head, tail = title[: cut.start()].strip(), title[cut.end() :].strip()
            if self._names_only(tail) and head and not self.is_name(head):
                return self.strip(head)
        if cuts:
            head, tail = title[: cuts[0].start()].strip(), title[cuts[0].end() :].strip()
            if tail and self.is_name(head) and len(tail) >= 8:
                return self.strip(tail)
        bars = list(_BAR.finditer(title))
        if bars:
            head, tail = title[: bars[0].start()].strip(), title[bars[0].end() :]
            if len(head) >= _HEAD_LEAST and len(head) > len(tail) / 2:
                return head
        return title

    def _names_only(self, tail: str) -> bool:
        """A name of the site, its beginning ("The Guardian" of "The Guardian - Back to home"), or what begins with one."""
        squeezed = bare(tail)
        if not squeezed or squeezed in self._names:
            return True
        if len(squeezed) <= _NAME_LEAST:
            return False
        whole = accumulate(map(bare, tail.split()))
        return any(len(said) > _NAME_LEAST and said in self._names for said in whole) or any(
            name.startswith(squeezed) for name in self._names
        )


def slug_words(url: str) -> frozenset[str]:
    """The words of the address's last part."""
    try:
        path = unquote(urlsplit(url).path).rstrip("/")
    except ValueError:
        return frozenset()
    return words_of(re.sub(r"[-_+]", " ", path.rpartition("/")[2]))


def _before(domain: str, label: str) -> str:
    return label + domain


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:  # http://[
        return ""


def folded(text: str) -> str:
    """Whitespace folded, invisible characters dropped."""
    return " ".join(text.translate(_INVISIBLE).split())


def bare(text: str) -> str:
    """Letters and digits alone, in small letters: what makes two titles the same."""
    return _NEITHER.sub("", text.casefold())


def words_of(text: str) -> frozenset[str]:
    """The words that tell titles apart: short ones only where there are no others."""
    words = _WORD.findall(text.casefold())
    return frozenset(word for word in words if len(word) > 3 or not word.isascii() or word[0].isdigit()) or frozenset(
        words
    )
