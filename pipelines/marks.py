"""What class, id, role and itemprop call an element, as bits: words of markup, in the languages that it is written in.

What the bits weigh is the affair of `pipelines.weighing`; a word here proves nothing alone.
"""

from __future__ import annotations

import re
from functools import lru_cache

from pipelines import wording

_WORDS: dict[str, str] = {
    "body": "article articolo artikel beitrag post entry story content contenuto inhalt contents body text testo texto texte prose copy main maintext "
    "richtext articlebody articlecontent postcontent entrycontent storybody bodytext paragraph paragraphs rte wysiwyg page single",
    "headline": "headline heading title titolo titel titulo titre h1 hed",
    "standfirst": "standfirst subtitle subheadline subhead subtitolo sottotitolo summary sommario occhiello dek deck lead lede teaser vorspann abstract excerpt chapo chapeau "
    "intro introduction bajada entradilla kicker description",
    "byline": "byline author autor autore auteur authors writer signature firma firme contributor credit-author redattore verfasser creator",
    "bio": "bio biography profile about aboutauthor authorbox authorbio",
    "date": "date datetime time timestamp dateline published pubdate updated datum data fecha meta metadata postmeta info byline-date",
    "caption": "caption figcaption didascalia legend bildunterschrift bildunterzeile legende credit credits photographer copyright source quelle",
    "related": "related correlati correlate recommend recommended recommendation recommendations similar suggested suggestions readmore morestories seealso more next prev "
    "previous yarpp outbrain taboola mehr verwandt zum leggi popular trending mostread latest recent upnext relacionados relacionadas associated teasers "
    "related-articles relatedposts relatedcontent further also carousel slider swiper",
    "newsletter": "newsletter newsletters subscribe subscription signup signin mailchimp abo optin mailing form inscription iscriviti register registration",
    "share": "share sharing shares social socials condividi partager teilen compartir addtoany sharedaddy facebook twitter whatsapp follow follows toolbar tools actions icons",
    "comments": "comment comments commenti kommentare comentarios commentaires disqus respond reply replies discussion reactions commentlist review reviews rating ratings vote",
    "promo": "promo promotion promobox sponsor sponsored sponsors ad ads adv advert advertisement advertising adslot adunit banner banners affiliate partner partners cta callout "
    "marketing offer donate donation support product products price shop commerce anzeige werbung publicidad pubblicita boxed dfp gpt",
    "navigation": "nav navbar navigation menu menus submenu breadcrumb breadcrumbs pagination pager skip skiplink sitemap topbar toc tableofcontents tabs tab links linklist anchor",
    "footer": "footer foot bottom colophon copyright legal impressum imprint disclaimer",
    "header": "header masthead logo branding brand hero top site-header",
    "side": "sidebar side aside widget widgets rail rightcol leftcol secondary complementary module column region",
    "tags": "tag tags taglist topic topics category categories cat cats keyword keywords schlagwort thema themen etiquetas section-label label labels badge eyebrow rubrik channel tagcloud",
    "consent": "cookie cookies consent gdpr privacy cmp modal popup overlay dialog lightbox notice alert message notification tooltip paywall premium piano login",
    "media": "gallery galleria slideshow video player audio podcast image images photo photos picture media figure foto immagine bild img embed iframe infographic",
    "quote": "quote pullquote blockquote zitat citazione cite citation",
    "box": "infobox factbox box panel card cards sidebar-box highlights keypoints takeaways facts toggle accordion expandable collapse faq note",
    "list": "list items item row grid feed stream loop listing archive",
    "hidden": "hidden hide visually screenreader sr-only offscreen visuallyhidden print noprint mobile desktop",
}  # fmt: skip
MARKS: dict[str, int] = {name: 1 << n for n, name in enumerate([*_WORDS, *(rule for _, rule, _ in wording.CONTAINERS)])}
"""A bit for each family of words, and for each kind of box (`wording.CONTAINERS`) that whole names tell."""
_BITS: dict[str, int] = {}
for _name, _words in _WORDS.items():
    for _word in _words.split():
        _BITS[_word] = _BITS.get(_word, 0) | MARKS[_name]
_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_LONGEST = 400  # characters of class and id that are read


_BOX = re.compile("|".join(pattern.pattern for _, _, pattern in wording.CONTAINERS), re.IGNORECASE)


def marks_of(words: str) -> int:
    """The families and boxes that a class, id, role or itemprop belongs to.

    Whole names count, else their parts: "relatedPosts" is related.
    """
    found = 0
    for name in words[:_LONGEST].split():
        found |= _marks_of_name(name)
    return found


@lru_cache(maxsize=32_768)
def _marks_of_name(name: str) -> int:
    found = _BITS.get(name.lower(), 0)
    if not found:
        for part in _PART.findall(name):
            found |= _BITS.get(part.lower(), 0)
    if _BOX.search(name):
        for _, rule, pattern in wording.CONTAINERS:
            if pattern.search(name):
                found |= MARKS[rule]
    return found
