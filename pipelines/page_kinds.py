"""What a page is that holds no article: a wall, a teaser, an error page, a stub, an index, a live blog; with the evidence.

Precision goes first: words alone decide nothing, only together with markup and with how little other text there is. What
the text is, `pipelines.extract` says before; what becomes of such a page, `crawler.fetching`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pipelines import kind_wording as wording
from pipelines.blocks import INSIDE, Block
from pipelines.length import LEAST, weight
from pipelines.page_view import STUB, Found, Kind, SeenPage
from pipelines.records import Metadata
from pipelines.walls import consent_wall, paywall_teaser

_SHORT = 1_200
"""Characters of prose, at most, below the headline of an error page."""
_ERROR_REST = 250  # where only one sentence tells
_CAPTIONS_MOST = 4_000  # characters of a gallery's captions
_POSTS_LEAST = 5
_HEADLINES_LEAST = 8
_PICTURES_LEAST = 4
_ASIDE = INSIDE["nav"] | INSIDE["footer"] | INSIDE["hidden"]
_CAPTION = INSIDE["figure"] | INSIDE["figcaption"]
_LISTS = INSIDE["ul"] | INSIDE["ol"] | INSIDE["table"] | INSIDE["dl"]
_HEADINGS = frozenset({"h2", "h3", "h4", "h5", "h6"})
_WORD = re.compile(r"\w+")
_PLAYER = re.compile(r"youtube|vimeo|dailymotion|jwplayer|jwplatform|brightcove|kaltura|player|video", re.IGNORECASE)


def kind_of(
    tree: Any, *, url: str, article: dict[str, Any], fields: Metadata, blocks: Sequence[Block], text: str
) -> Found | None:
    """What the page is, None for an article. `article` is its JSON-LD object, `text` what was extracted of it."""
    page = SeenPage(tree, url=url, article=article, fields=fields, blocks=blocks, text=text)
    for look in (_live_blog, _error_or_challenge, consent_wall, paywall_teaser, _stub, _index_page):
        if found := look(page):
            return found
    return None


# -- live blogs --------------------------------------------------------------------------------------------------------


def _live_blog(page: SeenPage) -> Found | None:
    if page.own and "LiveBlogPosting" in _types_of(page.article):
        return Found(kind=Kind.LIVE_BLOG, evidence="its JSON-LD calls it a LiveBlogPosting")
    title = page.fields.title.value if page.fields.title else ""
    said = f"{page.path} {title[:200]}".casefold()
    if not any(stem in said for stem in wording.LIVE_STEMS):
        return None
    named = wording.LIVE_PATH.search(page.path) or wording.LIVE.search(title[:200])
    if not named or (posts := _timed_posts(page)) < _POSTS_LEAST:
        return None
    return Found(
        kind=Kind.LIVE_BLOG, evidence=f"{named.group().strip('/ ')!r} names it, and {posts} posts begin with their time"
    )


def _timed_posts(page: SeenPage) -> int:
    """Times of day that stand alone and are followed by prose before the next one."""
    posts, waiting = 0, False
    for block in page.blocks:
        if block.inside & _ASIDE:
            continue
        if len(block.text) <= 30 and wording.CLOCK.fullmatch(block.text):
            waiting = True
        elif waiting and len(block.text) >= 60 and block.linked * 2 < len(block.text):
            posts, waiting = posts + 1, False
    return posts


# -- errors and challenges ---------------------------------------------------------------------------------------------


def _error_or_challenge(page: SeenPage) -> Found | None:
    if page.prose > _SHORT:
        return None
    error = next((head for head in page.heads if _is_error_head(head)), None)
    challenge = next((head for head in page.heads if wording.CHALLENGE_HEADS.fullmatch(head)), None)
    if page.own and page.article.get("datePublished") and page.weight >= STUB:
        return None  # an article with such a headline
    if page.prose <= STUB:
        said = [phrase for _, phrase in page.spoken.find(wording.CHALLENGE)]
        # A form for comments asks for the same proof.
        if said and (challenge or page.weight < LEAST or (len(said) > 1 and not page.article)):
            return Found(kind=Kind.CHALLENGE_PAGE, evidence=f"it asks for proof, or refuses: {challenge or said[0]!r}")
    if error:
        return Found(kind=Kind.ERROR_PAGE, evidence=f"its title or headline is {error.strip()!r}")
    if page.prose <= STUB and not page.own:
        said = [phrase for _, phrase in page.spoken.find(wording.ERROR_SENTENCES)]
        if len(said) > 1 or (said and page.prose < _ERROR_REST and page.og_type != "article"):
            return Found(kind=Kind.ERROR_PAGE, evidence=f"it says {said[0]!r} and little else")
    return None


def _is_error_head(head: str) -> bool:
    low = head.casefold()
    words = _WORD.findall(low)
    if not words or len(words) > 14 or any(word not in wording.ERROR_WORDS for word in words):
        return False
    plain = " ".join(words)
    return any(word in wording.ERROR_NUMBERS for word in words) or any(
        phrase in plain for phrase in wording.ERROR_PHRASES
    )


# -- stubs and indexes -------------------------------------------------------------------------------------------------


def _stub(page: SeenPage) -> Found | None:
    """A page that is there for its video or its pictures."""
    if page.weight > _CAPTIONS_MOST:  # long captions of many pictures at most
        return None
    text = "\n".join(page.lines)
    captions = {block.text for block in page.blocks if block.inside & _CAPTION}
    left = page.weight - sum(weight(caption) for caption in captions if caption in text)
    if left > STUB:
        return None
    of_video = page.og_type.startswith("video") or (
        page.og_type != "article" and not page.own and "VideoObject" in page.types
    )
    if (of_video or wording.VIDEO_PATH.search(page.path)) and _has_player(page):
        return Found(kind=Kind.VIDEO_STUB, evidence=f"a video with {left} characters of text")
    title = page.fields.title.value if page.fields.title else ""
    of_pictures = (
        (not page.own and page.types & {"ImageGallery", "MediaGallery"})
        or wording.GALLERY_PATH.search(page.path)
        or wording.GALLERY_HEAD.search(title[:200])
    )
    if of_pictures and (pictures := _pictures(page)) >= _PICTURES_LEAST:
        return Found(kind=Kind.GALLERY_STUB, evidence=f"{pictures} pictures with {left} characters of text")
    return None


def _has_player(page: SeenPage) -> bool:
    if "VideoObject" in page.types or page.og_type.startswith("video"):
        return True
    return any(
        element.tag == "video" or _PLAYER.search(element.get("src") or element.get("data-src") or "")
        for element in page.tree.iter("video", "iframe")
    )


def _pictures(page: SeenPage) -> int:
    return sum(
        1
        for image in page.tree.iter("img")
        if next(image.iterancestors("nav", "header", "footer", "aside"), None) is None
    )


def _index_page(page: SeenPage) -> Found | None:
    """Headlines that each lead elsewhere, with a line or two below.

    Where there is prose enough for an article, its lists and paragraphs count for nothing: an article links, too.
    """
    if LEAST <= page.prose < STUB or (page.own and page.article.get("datePublished")):
        return None
    positions = [block.position for block in page.kept]
    bare = page.prose < LEAST or not positions
    links: set[str] = set()
    for block in page.blocks:
        if (
            not (bare or positions[0] <= block.position <= positions[-1])
            or block.linked < 0.75 * len(block.text)
            or len(block.text) < 25
            or block.inside & (_ASIDE | INSIDE["aside"])
            or not (bare or block.tag in _HEADINGS or not (block.tag == "p" or block.inside & _LISTS))
        ):
            continue
        link = next(block.element.iter("a"), None)
        link = next(block.element.iterancestors("a"), None) if link is None else link
        if link is not None and (target := (link.get("href") or "").partition("#")[0]):
            links.add(target)
    if len(links) >= _HEADLINES_LEAST and page.prose < 200 * len(links) and page.og_type != "article":
        return Found(
            kind=Kind.INDEX_PAGE, evidence=f"{len(links)} linked headlines, {page.prose} characters of other text"
        )
    return None


def _types_of(article: dict[str, Any]) -> list[str]:
    types = article.get("@type")
    names = types if isinstance(types, list) else [types]
    return [name.rpartition("/")[2] for name in names if isinstance(name, str)]
