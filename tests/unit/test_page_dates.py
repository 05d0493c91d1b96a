"""When a page's article was published and modified: which places are read, which are believed, what is kept of the rest."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipelines import jsonld, metadata
from pipelines.blocks import layout_of
from pipelines.decoding import parse
from pipelines.records import Context, Entry, Field, Hints, Origin, Page, Precision, When

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
TITLE = "Un modello linguistico per gli sportelli dei comuni"
TEXT = (
    "<p>Il consorzio ha addestrato il modello su delibere, moduli e regolamenti comunali raccolti in tutto il paese.</p>"
    * 3
)
ROME = Context(timezone="Europe/Rome")


def dates(
    body: str, head: str = "", *, lang: str = "it", url: str = "https://sito.example/a", context: Context = ROME
) -> tuple[Field[When] | None, Field[When] | None]:
    html = f'<!DOCTYPE html><html lang="{lang}"><head><meta charset="utf-8"><title>{TITLE}</title>{head}</head><body>{body}</body></html>'
    page = Page(url=url, body=html.encode(), fetched_at=NOW)
    tree = parse(page)
    article = jsonld.find_article(tree, url) or {}
    read = metadata.read(tree, page, context, article, layout_of(tree.find("body")).blocks)
    return read.published, read.modified


def told(field: Field[When] | None) -> str | None:
    return field.value.isoformat() if field else None


def both(body: str, head: str = "", **more: object) -> tuple[str | None, str | None]:
    published, modified = dates(body, head, **more)
    return told(published), told(modified)


def article(line: str = "", *, above: str = "", below: str = "") -> str:
    return f"<main>{above}<h1>{TITLE}</h1>{line}{TEXT}{below}</main>"


def json_ld(**fields: object) -> str:
    pairs = ", ".join(f'"{name}": {value}' for name, value in fields.items())
    return f'<script type="application/ld+json">{{"@type": "NewsArticle", "headline": "{TITLE}", {pairs}}}</script>'


class TestShownAtTheHeadline:
    @pytest.mark.parametrize(
        "line",
        [
            "<p>Lunedì, 12 Gennaio 2026</p>",
            "<div class='meta'><span>Anna Sarti</span> | <span>12 gennaio 2026</span> | <span>4 min di lettura</span></div>",
            "<p>Di Anna Sarti<br>12.01.2026</p>",
            "<ul><li>Tecnologia</li><li>12/01/2026</li></ul>",
            "<p>Un sommario che riassume la notizia in una riga, prima della firma e della data.</p><p>12 gen 2026</p>",
            "<div>Pubblicato il</div><div>12 gennaio 2026</div>",
            "<footer><time>12 gennaio 2026</time></footer>",
        ],
    )
    def test_date_line_needs_no_word_of_publishing(self, line: str) -> None:
        published, modified = dates(article(line))
        assert (told(published), told(modified)) == ("2026-01-12", None)
        assert published is not None
        assert published.value.precision is Precision.DAY
        assert published.value.zone_assumed

    def test_date_line_may_stand_above_the_headline(self) -> None:
        assert both(article(above="<p>Tecnologia</p><p>12 gennaio 2026</p>"))[0] == "2026-01-12"

    def test_span_that_touches_the_word_before_is_read(self) -> None:
        line = "<p><a>Politics</a><span>January 12, 2026</span><span>Updated: January 14, 2026</span></p>"
        assert both(article(line), lang="en") == ("2026-01-12", "2026-01-14")

    def test_sentence_that_mentions_a_day_is_no_date_line(self) -> None:
        line = "<p>La legge che regola gli sportelli dei comuni vale in tutto il paese dal 12 gennaio 2026 e non prevede deroghe.</p>"
        assert both(article(line)) == (None, None)

    @pytest.mark.parametrize(
        "elsewhere",
        [
            "<aside><h3>Articoli correlati</h3><ul><li>Altro articolo<time datetime='2026-02-02'>2 febbraio 2026</time></li></ul></aside>",
            "<div class='comments-area'><p>Mario</p><p>2 febbraio 2026</p></div>",
            "<div class='related-posts'><p>2 febbraio 2026</p><p>1 febbraio 2026</p></div>",
            "<footer><p>2 febbraio 2026</p></footer>",
            "<nav><p>2 febbraio 2026</p></nav>",
        ],
    )
    def test_dates_of_others_are_not_the_articles(self, elsewhere: str) -> None:
        assert both(article() + elsewhere) == (None, None)

    @pytest.mark.parametrize(
        "line",
        [
            "<p>Iscrizioni aperte fino al 12 gennaio 2026</p>",
            "<p>© 12 gennaio 2026</p>",
            "<p>12 gennaio 2026 – 15 gennaio 2026</p>",
        ],
    )
    def test_deadline_copyright_or_span_of_days_is_no_publication(self, line: str) -> None:
        assert both(article(line)) == (None, None)

    def test_shown_day_is_believed_before_the_day_of_a_rebuild(self) -> None:
        published, _ = dates(article("<p>12 gennaio 2026</p>"), json_ld(datePublished='"2026-02-20T04:00:00Z"'))
        assert published is not None
        assert (told(published), published.origin) == ("2026-01-12", Origin.BYLINE_LINE)
        assert published.disagreeing == ((Origin.JSON_LD, "2026-02-20T04:00:00+00:00"),)

    def test_stated_instant_on_the_shown_day_is_the_finer_word(self) -> None:
        published, _ = dates(article("<p>12 gennaio 2026</p>"), json_ld(datePublished='"2026-01-12T08:30:00+01:00"'))
        assert published is not None
        assert (told(published), published.origin) == ("2026-01-12T08:30:00+01:00", Origin.JSON_LD)
        assert published.disagreeing == ()

    def test_shown_day_yields_where_the_feed_agrees_with_markup(self) -> None:
        entry = Entry(
            url="https://sito.example/a",
            published=When(instant=datetime(2026, 1, 10, 8, tzinfo=UTC), precision=Precision.MINUTE),
        )
        context = Context(timezone="Europe/Rome", entry=entry)
        published, _ = dates(
            article("<p>12 gennaio 2026</p>"), json_ld(datePublished='"2026-01-10T09:00:00+01:00"'), context=context
        )
        assert told(published) == "2026-01-10T09:00:00+01:00"

    def test_instant_in_utc_is_put_on_the_outlets_clock_where_another_day_is_shown(self) -> None:
        head = '<meta property="article:published_time" content="2026-01-11T23:40:00+00:00">'
        published, _ = dates(article("<p>12 gennaio 2026</p>"), head)
        assert (told(published), published and published.origin) == ("2026-01-12T00:40:00+01:00", Origin.OPENGRAPH)
        assert both(article(), head, url="https://sito.example/2026/01/12/a")[0] == "2026-01-12T00:40:00+01:00"

    def test_headline_repeated_in_a_bar_does_not_hide_the_date(self) -> None:
        bar = f"<div class='sticky'><h1>{TITLE}</h1><button>Condividi</button></div>"
        assert both(bar + "<p>Menu</p>" * 40 + article("<p>12 gennaio 2026</p>"))[0] == "2026-01-12"


class TestPublishedAndModified:
    @pytest.mark.parametrize(
        ("line", "lang"),
        [
            ("<p>Pubblicato il 12 gennaio 2026, ultimo aggiornamento 14 gennaio 2026</p>", "it"),
            ("<p>Published January 12, 2026 | Updated January 14, 2026</p>", "en"),
            ("<p>Veröffentlicht am 12. Januar 2026</p><p>Zuletzt aktualisiert: 14. Januar 2026</p>", "de"),
            ("<p>Publié le 12 janvier 2026, mis à jour le 14 janvier 2026</p>", "fr"),
            ("<p>Publicado el 12 de enero de 2026</p><p>Actualizado el 14 de enero de 2026</p>", "es"),
            ("<p>Publicado em 12 de janeiro de 2026 | Atualizado em 14 de janeiro de 2026</p>", "pt"),
            ("<p>Gepubliceerd 12 januari 2026 - bijgewerkt 14 januari 2026</p>", "nl"),
            ("<p>12.01.2026 - Güncelleme: 14.01.2026</p>", "tr"),
            ("<p>公開 2026年1月12日 / 更新 2026年1月14日</p>", "ja"),
            ("<time class='published'>2026-01-12</time> <time class='updated'>2026-01-14</time>", "en"),
        ],
    )
    def test_one_line_or_two_name_both_days(self, line: str, lang: str) -> None:
        assert both(article(line), lang=lang) == ("2026-01-12", "2026-01-14")

    def test_day_of_a_change_is_no_day_of_publication(self) -> None:
        assert both(article("<p>Ultima revisione: 14 gennaio 2026</p>")) == (None, "2026-01-14")
        assert both(article(), '<meta property="article:modified_time" content="2026-01-14T10:00:00Z">') == (
            None,
            "2026-01-14T10:00:00+00:00",
        )

    def test_unlabelled_day_that_markup_calls_the_change_is_the_change(self) -> None:
        head = json_ld(datePublished='"2025-11-03T10:00:00+01:00"', dateModified='"2026-01-14T10:00:00+01:00"')
        assert both(article("<p>14 gennaio 2026</p>"), head) == (
            "2025-11-03T10:00:00+01:00",
            "2026-01-14T10:00:00+01:00",
        )

    def test_change_before_publication_is_not_believed(self) -> None:
        head = json_ld(datePublished='"2026-01-12T10:00:00+01:00"', dateModified='"2025-06-01T10:00:00+01:00"')
        assert both(article(), head) == ("2026-01-12T10:00:00+01:00", None)

    def test_note_at_the_end_of_the_article_names_the_change(self) -> None:
        note = "<p>Ultima revisione: Martedì, 13 Gennaio 2026</p>"
        assert both(article("<p>12 gennaio 2026</p>", below=note)) == ("2026-01-12", "2026-01-13")


class TestMarkup:
    @pytest.mark.parametrize(
        ("value", "wanted"),
        [
            ('"2024-05-03T10:00:00.000+0000"', "2024-05-03T10:00:00+00:00"),
            ('["2024-05-03T10:00:00+02:00"]', "2024-05-03T10:00:00+02:00"),
            ('{"@value": "2024-05-03"}', "2024-05-03"),
            ("1714730400", "2024-05-03T10:00:00+00:00"),
            ("1714730400000", "2024-05-03T10:00:00+00:00"),
            ('"May 3, 2024"', "2024-05-03"),
            ('"03/05/2024 10:00"', "2024-05-03T10:00+02:00"),
            ('"3 maggio 2024"', "2024-05-03"),
            ('"2024"', None),
            ('"2024-05"', None),
            ('"0000-00-00T00:00:00"', None),
            ('"1970-01-01T00:00:00Z"', None),
            ('"2031-05-03T10:00:00Z"', None),
            ("null", None),
            ('""', None),
        ],
    )
    def test_date_published_as_found_in_the_wild(self, value: str, wanted: str | None) -> None:
        assert both(article(), json_ld(datePublished=value))[0] == wanted

    def test_future_date_gives_way_to_the_next_place(self) -> None:
        head = json_ld(datePublished='"2027-01-12"') + '<meta property="article:published_time" content="2026-01-12">'
        assert both(article(), head)[0] == "2026-01-12"

    def test_first_of_january_is_a_day_where_it_is_stated(self) -> None:
        assert both(article("<p>1 gennaio 2026</p>"))[0] == "2026-01-01"
        assert both(article("<p>Rapporto 2026</p>")) == (None, None)

    def test_broken_json_of_one_day_is_read(self) -> None:
        head = f'<script type="application/ld+json">{{"@type": "NewsArticle", "headline": "{TITLE}" "datePublished": "2026-01-12T08:00:00+01:00",</script>'
        assert both(article(), head)[0] == "2026-01-12T08:00:00+01:00"

    def test_page_that_is_no_article_in_json_is_read_and_several_days_are_not(self) -> None:
        script = '<script type="application/ld+json">{{"@type": "WebPage", "datePublished": "{}", "other": [{{"datePublished": "{}"}}]}}</script>'
        assert both(article(), script.format("2026-01-12", "2026-01-12"))[0] == "2026-01-12"
        assert both(article(), script.format("2026-01-12", "2026-01-15"))[0] is None

    @pytest.mark.parametrize(
        "name",
        ["date", "pubdate", "publish-date", "DC.date.issued", "dcterms.created", "parsely-pub-date", "published"],
    )
    def test_meta_elements_that_name_publication(self, name: str) -> None:
        assert both(article(), f'<meta name="{name}" content="2026-01-12">') == ("2026-01-12", None)

    @pytest.mark.parametrize(
        "name", ["last-modified", "dcterms.modified", "article:modified", "updated", "date.updated"]
    )
    def test_meta_elements_that_name_the_change(self, name: str) -> None:
        assert both(article(), f'<meta name="{name}" content="2026-01-12">') == (None, "2026-01-12")

    @pytest.mark.parametrize("name", ["expires", "article:expiration_time", "publisher", "build-date", "event-date"])
    def test_meta_elements_of_something_else_are_left(self, name: str) -> None:
        assert both(article(), f'<meta name="{name}" content="2026-01-12">') == (None, None)

    def test_microdata_of_the_headlines_scope_is_the_articles(self) -> None:
        def scope(kind: str, inner: str, day: str) -> str:
            return f'<div itemscope itemtype="https://schema.org/{kind}">{inner}<meta itemprop="datePublished" content="{day}"></div>'

        teasers = scope("Article", "<p>Altro</p>", "2026-02-01") + scope("Comment", "<p>Bello</p>", "2026-02-02")
        assert both(teasers + scope("NewsArticle", article(), "2026-01-12T08:00+01:00"))[0] == "2026-01-12T08:00+01:00"

    def test_time_element_states_the_instant_of_the_day_shown(self) -> None:
        published, _ = dates(
            article("<p>di Anna Sarti, <time datetime='2026-01-12T08:30:00+01:00'>12 gennaio</time></p>")
        )
        assert (told(published), published and published.origin) == ("2026-01-12T08:30:00+01:00", Origin.TIME_ELEMENT)

    def test_time_element_that_was_never_closed_is_read_and_bounded(self) -> None:
        line = "<time datetime='2026-01-12'>" * 50 + "12 gennaio 2026</p>" + TEXT * 50
        assert both(article(line))[0] == "2026-01-12"


class TestZonesAndOrders:
    def test_date_without_a_zone_is_the_outlets_and_says_so(self) -> None:
        naive, _ = dates(article(), json_ld(datePublished='"2026-01-12T08:30:00"'))
        aware, _ = dates(article(), json_ld(datePublished='"2026-01-12T08:30:00-05:00"'))
        assert naive is not None
        assert aware is not None
        assert (told(naive), naive.value.zone_assumed) == ("2026-01-12T08:30:00+01:00", True)
        assert (told(aware), aware.value.zone_assumed) == ("2026-01-12T08:30:00-05:00", False)

    @pytest.mark.parametrize(
        ("lang", "zone", "wanted"),
        [
            ("en-US", None, "2026-01-12"),
            ("en", "America/New_York", "2026-01-12"),
            ("en-GB", None, "2025-12-01"),
            ("en", "Europe/London", "2025-12-01"),
            ("it", None, "2025-12-01"),
        ],
    )
    def test_order_of_day_and_month_is_the_lands(self, lang: str, zone: str | None, wanted: str) -> None:
        day = "01/12/2026" if wanted == "2026-01-12" else "01/12/2025"
        assert both(article(f"<p>{day}</p>"), lang=lang, context=Context(timezone=zone))[0] == wanted

    def test_order_that_would_be_the_future_gives_way(self) -> None:
        assert both(article("<p>01/12/2026</p>"))[0] == "2026-01-12"

    def test_order_that_agrees_with_the_url_is_taken(self) -> None:
        assert both(article("<p>02/01/2026</p>"), url="https://sito.example/2026/02/01/a")[0] == "2026-02-01"

    @pytest.mark.parametrize(
        ("line", "wanted"),
        [
            ("2 ore fa", "2026-03-01T08:00+01:00"),
            ("Vor 2 Stunden", "2026-03-01T08:00+01:00"),
            ("3 days ago", "2026-02-26"),
        ],
    )
    def test_span_is_counted_from_the_fetch(self, line: str, wanted: str) -> None:
        assert both(article(f"<p>{line}</p>"))[0] == wanted

    def test_span_does_not_outweigh_a_stated_instant(self) -> None:
        head = json_ld(datePublished='"2026-01-12T08:30:00+01:00"')
        assert both(article("<p>2 ore fa</p>"), head)[0] == "2026-01-12T08:30:00+01:00"


class TestLastPlaces:
    def test_outlets_rule_is_believed_first(self) -> None:
        context = Context(timezone="Europe/Rome", hints=Hints(date=(".quando",)))
        published, _ = dates(
            article("<p class='quando'>12 gennaio 2026</p>"), json_ld(datePublished='"2026-01-10"'), context=context
        )
        assert published is not None
        assert (told(published), published.origin) == ("2026-01-12", Origin.OUTLET_RULE)
        assert published.disagreeing == ((Origin.JSON_LD, "2026-01-10"),)

    def test_feed_speaks_where_the_page_is_silent_and_before_the_url(self) -> None:
        when = When(instant=datetime(2026, 1, 12, 8, tzinfo=UTC), precision=Precision.MINUTE)
        context = Context(timezone="Europe/Rome", entry=Entry(url="https://sito.example/a", published=when))
        published, _ = dates(article(), url="https://sito.example/2026/01/11/a", context=context)
        assert published is not None
        assert (published.value, published.origin) == (when, Origin.SOURCE)
        assert published.disagreeing == ((Origin.URL, "2026-01-11"),)

    def test_day_in_the_url_is_taken_and_a_month_is_not(self) -> None:
        assert both(article(), url="https://sito.example/2026/01/12/a")[0] == "2026-01-12"
        assert both(article(), url="https://sito.example/2026/01/a")[0] is None

    def test_dateline_of_the_text_comes_last(self) -> None:
        text = f"<p>ROMA, 12 gennaio 2026 – {'Il consorzio ha presentato il modello ai comuni. ' * 5}</p>"
        assert both(f"<main><h1>{TITLE}</h1>{text}</main>")[0] == "2026-01-12"
        assert both(f"<main><h1>{TITLE}</h1>{text}</main>", url="https://sito.example/2026/01/13/a")[0] == "2026-01-13"
