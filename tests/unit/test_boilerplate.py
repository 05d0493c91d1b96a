"""Why a block is not the article: what repeats the fields, what the outlet repeats, what words and markup say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import lxml.html
import pytest

from pipelines import boilerplate
from pipelines.blocks import Block, layout_of
from pipelines.boilerplate import Cut, Judge, dateline, evidence_of, joined, repeated
from pipelines.evidence import squeeze
from pipelines.identity import block_fingerprint
from pipelines.records import Field, Metadata, Origin, Reason, RemovedBlock

PROSE = [
    f"Nella prova numero {n} il sistema ha risposto alle domande dei cittadini di {town} con un margine d’errore del {n + 2} per cento."
    for n, town in enumerate(("Lodi", "Cuneo", "Trieste", "Lecce", "Nuoro", "Aosta"))
]
PARAGRAPHS = "".join(f"<p>{line}</p>" for line in PROSE)
TITLE = "Un modello per gli sportelli dei comuni"
STANDFIRST = "Il consorzio promette tempi certi e risposte chiare."


def blocks_of(html: str) -> list[Block]:
    return layout_of(lxml.html.document_fromstring(f"<html><body>{html}</body></html>")).blocks


def fields(**told: Any) -> Metadata:
    return Metadata(**{name: told.get(name) for name in Metadata.__dataclass_fields__})


def said(value: Any, origin: Origin = Origin.HEADING) -> Field[Any]:
    return Field(value=value, origin=origin)


FIELDS = fields(
    title=said(TITLE),
    standfirst=said(STANDFIRST),
    byline=said("di Anna Serra, da Lodi"),
    authors=said(("Anna Serra",)),
    published=said(datetime(2026, 1, 12, tzinfo=UTC)),
)


def judged(html: str, told: Metadata = FIELDS) -> tuple[list[Block], Judge]:
    blocks = blocks_of(html)
    return blocks, Judge(blocks, [squeeze(block.text) for block in blocks], told)


def repeats(html: str, told: Metadata = FIELDS) -> dict[str, tuple[Reason, str]]:
    """What goes of a page that is kept whole."""
    blocks, judge = judged(html, told)
    cuts = judge.residue(range(len(blocks)), [0.9] * len(blocks))
    return {blocks[at].text: (cut.reason, cut.rule) for at, cut in cuts.items()}


def why(html: str, text: str, told: Metadata = FIELDS) -> Cut:
    blocks, judge = judged(html, told)
    return judge.why(next(block.position for block in blocks if block.text == text))


# -- what repeats the fields -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "reason", "rule"),
    [
        (TITLE, Reason.TITLE_REPEAT, "title_repeat"),
        (TITLE.upper(), Reason.TITLE_REPEAT, "title_repeat"),
        (STANDFIRST, Reason.TITLE_REPEAT, "standfirst_repeat"),
        ("Di Anna Serra – da Lodi", Reason.BYLINE_LINE, "byline_line"),
        ("Anna Serra", Reason.BYLINE_LINE, "author_name"),
        ("di Anna Serra", Reason.BYLINE_LINE, "byline_line"),
        ("12 gennaio 2026", Reason.DATE_LINE, "date_line"),
        ("Pubblicato lunedì 12 gennaio 2026, ore 14:05", Reason.DATE_LINE, "date_line"),
        ("Ultimo aggiornamento: 13/01/2026", Reason.DATE_LINE, "date_line"),
    ],
)
def test_line_at_the_head_that_repeats_a_field_goes(line: str, reason: Reason, rule: str) -> None:
    assert repeats(f"<p>{line}</p>{PARAGRAPHS}") == {line: (reason, rule)}


def test_title_far_down_the_text_stays() -> None:
    assert repeats(f"{PARAGRAPHS * 3}<h2>{TITLE}</h2>{PARAGRAPHS * 3}") == {}


def test_date_in_the_middle_of_a_long_text_stays() -> None:
    assert repeats(f"{PARAGRAPHS * 3}<h3>12 gennaio 2026</h3>{PARAGRAPHS * 3}") == {}


def test_date_line_and_biography_at_the_end_go() -> None:
    bio = "Anna Serra è una giornalista che scrive di comuni e di tecnologia."
    assert repeats(f"{PARAGRAPHS}<p>{bio}</p><p>Pubblicato il 12 gennaio 2026</p>") == {
        bio: (Reason.AUTHOR_BIO, "bio_paragraph"),
        "Pubblicato il 12 gennaio 2026": (Reason.DATE_LINE, "date_line"),
    }


def test_sentence_on_somebody_else_at_the_end_stays() -> None:
    assert repeats(f"{PARAGRAPHS}<p>Carla Rossi è la sindaca che ha voluto la prova.</p>") == {}


def test_standfirst_that_is_most_of_the_text_stays() -> None:
    assert repeats(f"<p>{STANDFIRST}</p><p>Una riga.</p>") == {}


def test_description_that_the_page_does_not_print_as_standfirst_removes_nothing() -> None:
    told = fields(title=said(TITLE), standfirst=said(STANDFIRST, Origin.META))
    assert repeats(f"<p>{STANDFIRST}</p>{PARAGRAPHS}", told) == {}


def test_word_of_the_standfirst_is_no_repeat_of_it() -> None:
    assert repeats(f"<p>Il consorzio</p>{PARAGRAPHS}") == {}


def test_nothing_repeats_fields_that_are_not_there() -> None:
    assert repeats(f"<p>{TITLE}</p><p>di Anna Serra</p>{PARAGRAPHS}", fields()) == {}


# -- lines of dates and bylines ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "Lunedì, 12 Gennaio 2026",
        "Published January 12, 2026",
        "Veröffentlicht am 12. Januar 2026, 14:05 Uhr",
        "Publié le 12 janvier 2026 à 14h05",
        "Publicado el 12 de enero de 2026",
        "Updated: Jan 12, 2026 | 5 min read",
        "2026-01-12",
    ],
)
def test_line_that_only_says_when_is_a_date_line(line: str) -> None:
    assert dateline(line) == Cut(Reason.DATE_LINE, "date_line")


@pytest.mark.parametrize(
    ("line", "people"),
    [
        ("Pubblicato lunedì 12 gennaio 2026 a cura di Anna S. per Sito", ("Anna S.",)),
        ("by Anna Serra", ("Anna Serra",)),
        ("Von Anna Serra und Karl Maier", ("Anna Serra", "Karl Maier")),
        ("Por: Anna Serra", ("Anna Serra",)),
    ],
)
def test_line_that_says_by_whom_is_a_byline(line: str, people: tuple[str, ...]) -> None:
    cut = dateline(line, people)
    assert cut is not None
    assert cut.reason is Reason.BYLINE_LINE


@pytest.mark.parametrize(
    "line",
    [
        "Il 12 gennaio 2026 il consiglio ha approvato il bilancio.",
        "Da Anna Serra abbiamo saputo che la seconda fase comincia in primavera, dopo il bando e le prime prove in aula.",
        "Di tutto un po’",
        "By the end of the year",
        "Tre domande a 12 sindaci",
        "",
    ],
)
def test_sentence_with_a_date_or_a_name_is_none(line: str) -> None:
    assert dateline(line, ("Anna Serra",)) is None


# -- why ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("Iscriviti alla newsletter", Reason.NEWSLETTER),
        ("Sign up for our newsletter", Reason.NEWSLETTER),
        ("Jetzt Newsletter abonnieren", Reason.NEWSLETTER),
        ("Inscrivez-vous à notre lettre", Reason.NEWSLETTER),
        ("Suscríbete al boletín", Reason.NEWSLETTER),
        ("Condividi su Facebook", Reason.SHARE),
        ("Share this article", Reason.SHARE),
        ("Artikel teilen", Reason.SHARE),
        ("Partager cet article", Reason.SHARE),
        ("Compartir en Twitter", Reason.SHARE),
        ("Articoli correlati", Reason.RELATED),
        ("Read more: a second story", Reason.RELATED),
        ("Lesen Sie auch: Noch eine Geschichte", Reason.RELATED),
        ("À lire aussi : une autre histoire", Reason.RELATED),
        ("Noticias relacionadas", Reason.RELATED),
        ("© 2026 Sito – Tutti i diritti riservati", Reason.COPYRIGHT),
        ("Riproduzione riservata", Reason.COPYRIGHT),
        ("All rights reserved", Reason.COPYRIGHT),
        ("Questo sito utilizza cookie per migliorare la navigazione", Reason.COOKIE),
        ("Wir verwenden Cookies, um die Seite zu verbessern", Reason.COOKIE),
        ("Nous utilisons des cookies", Reason.COOKIE),
        ("Utilizamos cookies propias y de terceros", Reason.COOKIE),
        ("Lascia un commento", Reason.COMMENTS_UI),
        ("12 Kommentare", Reason.COMMENTS_UI),
        ("Leave a reply", Reason.COMMENTS_UI),
        ("Foto: Carla Rossi", Reason.CREDIT),
        ("Bildquelle: Stadt Lodi", Reason.CREDIT),
        ("Contenuto sponsorizzato", Reason.PROMO),
        ("Anzeige", Reason.PROMO),
        ("About the author", Reason.AUTHOR_BIO),
        ("Tutti gli articoli di Anna Serra", Reason.AUTHOR_BIO),
    ],
)
def test_words_of_a_line_name_the_reason(line: str, reason: Reason) -> None:
    assert why(f"<p>{line}</p>{PARAGRAPHS}", line).reason is reason


@pytest.mark.parametrize(
    ("markup", "reason", "rule"),
    [
        ("<div class='author-box'><p>{}</p></div>", Reason.AUTHOR_BIO, "author_box"),
        ("<div class='newsletter-inline'><p>{}</p></div>", Reason.NEWSLETTER, "newsletter_box"),
        ("<section id='comments-area'><p>{}</p></section>", Reason.COMMENTS_UI, "comments_box"),
        ("<div class='suggestedReading'><p>{}</p></div>", Reason.RELATED, "marked_related"),
        ("<figure><figcaption>{}</figcaption></figure>", Reason.CAPTION, "figure"),
        ("<p class='wp-caption-text'>{}</p>", Reason.CAPTION, "marked_caption"),
        ("<nav><p>{}</p></nav>", Reason.NAVIGATION, "nav"),
        ("<p><a href='/x'>{}</a></p>", Reason.RELATED, "link_dense"),
        ("<p>{}</p>", Reason.OTHER, "weighed"),
    ],
)
def test_markup_names_the_reason_where_words_do_not(markup: str, reason: Reason, rule: str) -> None:
    line = "Una riga qualunque del sito"
    assert why(markup.format(line), line) == Cut(reason, rule)


def test_words_go_before_markup() -> None:
    assert why("<div class='newsletter-box'><p>Foto: Anna</p></div>", "Foto: Anna").reason is Reason.CREDIT


def test_title_that_was_left_out_is_a_repeat() -> None:
    assert why(f"<nav><p>{TITLE}</p></nav>", TITLE) == Cut(Reason.TITLE_REPEAT, "title_repeat")


# -- what the outlet repeats -------------------------------------------------------------------------------------------


def test_block_that_other_articles_have_goes() -> None:
    blocks = blocks_of(f"{PARAGRAPHS}<p>Segui anche il nostro canale, ogni giorno.</p>")
    known = frozenset({block_fingerprint("Segui anche il nostro canale ogni giorno")})
    assert repeated(blocks, range(len(blocks)), known, ()) == {6: Cut(Reason.REPEATED, "repeated")}


def test_repeated_block_that_was_not_kept_is_not_judged_again() -> None:
    blocks = blocks_of(f"{PARAGRAPHS}<p>Segui il canale.</p>")
    assert repeated(blocks, range(6), frozenset({block_fingerprint("Segui il canale.")}), ()) == {}


def test_shared_block_stays_though_it_is_repeated() -> None:
    blocks = blocks_of(f"<p>Appunti della settimana</p>{PARAGRAPHS}")
    known = frozenset({block_fingerprint("Appunti della settimana")})
    assert repeated(blocks, range(7), known, ("appunti della SETTIMANA.",)) == {}


# -- the evidence of what went -----------------------------------------------------------------------------------------


def told_of(html: str, chances: dict[str, float] | None = None) -> list[tuple[str, Reason]]:
    """The evidence where paragraphs of PROSE are kept, and others have a chance of .01 or the one given."""
    blocks, judge = judged(html)
    kept = [block.position for block in blocks if block.text in PROSE]
    odds = [0.9 if block.text in PROSE else (chances or {}).get(block.text, 0.01) for block in blocks]
    return [(block.text, cut.reason) for block, cut in evidence_of(blocks, {}, kept, odds, judge)]


def test_menu_and_footer_of_the_page_are_no_evidence() -> None:
    assert told_of(f"<nav><a href='/'>Politica</a></nav>{PARAGRAPHS}<footer><p>Chi siamo</p></footer>") == []


def test_what_stands_between_the_texts_parts_is_evidence() -> None:
    assert told_of(f"<p>{PROSE[0]}</p><p>Una riga del sito</p><p>{PROSE[1]}</p>") == [
        ("Una riga del sito", Reason.OTHER)
    ]


def test_what_was_nearly_kept_is_evidence() -> None:
    assert told_of(f"{PARAGRAPHS}<p>Una riga del sito</p>", {"Una riga del sito": 0.3}) == [
        ("Una riga del sito", Reason.OTHER)
    ]


def test_box_that_says_what_it_is_is_evidence_wherever_it_stands() -> None:
    assert told_of(f"{PARAGRAPHS}<div class='author-box'><p>Una riga</p></div>") == [("Una riga", Reason.AUTHOR_BIO)]


def test_links_below_their_announcement_go_with_it() -> None:
    links = "<p><a href='/1'>Un altro titolo</a></p><p><a href='/2'>Un terzo titolo</a></p>"
    assert told_of(f"{PARAGRAPHS}<h3>Articoli correlati</h3>{links}") == [
        ("Articoli correlati", Reason.RELATED),
        ("Un altro titolo", Reason.RELATED),
        ("Un terzo titolo", Reason.RELATED),
    ]


def test_neighbours_that_went_for_one_reason_are_joined() -> None:
    blocks = blocks_of("<p>uno</p><p>due</p><p>tre</p><p>quattro</p>")
    cut, other = Cut(Reason.RELATED, "related_box"), Cut(Reason.RELATED, "related_line")
    found = joined([(blocks[0], cut), (blocks[1], cut), (blocks[2], other), (blocks[3], other)])
    assert found == (
        RemovedBlock(text="uno\ndue", reason=Reason.RELATED, rule="related_box", position=0),
        RemovedBlock(text="tre\nquattro", reason=Reason.RELATED, rule="related_line", position=2),
    )


def test_blocks_with_text_between_them_are_not_joined() -> None:
    blocks = blocks_of("<p>uno</p><p>due</p><p>tre</p>")
    cut = Cut(Reason.RELATED, "related_box")
    assert [block.text for block in joined([(blocks[0], cut), (blocks[2], cut)])] == ["uno", "tre"]


def test_repeated_blocks_are_counted_one_by_one() -> None:
    blocks = blocks_of("<p>uno</p><p>due</p>")
    cut = Cut(Reason.REPEATED, "repeated")
    assert [block.text for block in joined([(block, cut) for block in blocks])] == ["uno", "due"]


def test_evidence_is_in_the_pages_order() -> None:
    blocks = blocks_of("<p>uno</p><p>due</p><p>tre</p>")
    cuts = [Cut(Reason.SHARE, "a"), Cut(Reason.PROMO, "b"), Cut(Reason.OTHER, "c")]
    found = boilerplate.joined(reversed(list(zip(blocks, cuts, strict=True))))
    assert [block.position for block in found] == [0, 1, 2]
