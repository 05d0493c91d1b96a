"""Whose reporting a text rests on: the sources it credits, and the names that are no credit."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipelines.attribution import Credits, attribute, load_credits
from pipelines.errors import ConfigError
from pipelines.sentences import sentences

CONFIG = Path(__file__).resolve().parents[2] / "config" / "credits"


@pytest.fixture(scope="module")
def gazetteer() -> Credits:
    return load_credits(CONFIG)


def credited(text: str, gazetteer: Credits, language: str | None, outlet: str | None = None) -> list[tuple[str, str]]:
    found = attribute(text, title=None, language=language, credits=gazetteer, outlet_name=outlet)
    return [(one.credited, one.form) for one in found]


CREDITS = [
    # Italian
    ("it", "Secondo Bloomberg, Justin Lin di Alibaba stima che le probabilità siano inferiori al 20%.", "Bloomberg", "according_to"),
    ("it", "Secondo quanto riportato da Reuters, la società ha ridotto le consegne.", "Reuters", "according_to"),
    ("it", "L'accordo, secondo un'inchiesta del Wall Street Journal, vale 2 miliardi.", "Wall Street Journal", "according_to"),
    ("it", "Stando alle indiscrezioni raccolte da Axios il testo è pronto.", "Axios", "according_to"),
    ("it", "Come riporta il Financial Times, il fondo ha chiuso.", "Financial Times", "reported_by"),
    ("it", "Lo scrive l’Economist in un lungo articolo.", "The Economist", "reported_by"),
    ("it", "Il modello, riferisce l'agenzia Bloomberg, uscirà a marzo.", "Bloomberg", "reported_by"),
    ("it", "La notizia è stata anticipata dall'agenzia Reuters.", "Reuters", "reported_by"),
    ("it", "Il gruppo ha confermato a The Verge di avere rinviato il lancio.", "The Verge", "told"),
    ("it", "In un'intervista al Ft la presidente ammette il ritardo.", "Financial Times", "told"),
    ("it", "Per il Wall Street Journal, l'accordo è vicino.", "Wall Street Journal", "according_to"),
    ("it", "Mark Gurman di Bloomberg sostiene che il visore arriverà nel 2028.", "Bloomberg", "reported_by"),
    ("it", "Lo sostiene Mark Gurman di Bloomberg nella sua newsletter.", "Bloomberg", "reported_by"),
    ("it", "A rivelarlo è stato il Wall Street Journal.", "Wall Street Journal", "reported_by"),
    ("it", "Fonte: Nikkei Asia", "Nikkei Asia", "source_line"),
    # English
    ("en", "The chip is late, according to two people who spoke to Bloomberg.", "Bloomberg", "according_to"),
    ("en", "Investors include Tencent, per a report in the Financial Times.", "Financial Times", "according_to"),
    ("en", "Anthropic is in talks to raise $10 billion, Reuters reported on Friday.", "Reuters", "reported_by"),
    ("en", "The Information has since learned that the talks ended.", "The Information", "reported_by"),
    ("en", "Bloomberg's Mark Gurman says the glasses will ship in 2027.", "Bloomberg", "reported_by"),
    ("en", "“We were surprised,” one executive told the Wall Street Journal.", "Wall Street Journal", "told"),
    ("en", "The memo, first reported by Semafor, names four teams.", "Semafor", "reported_by"),
    ("en", "A New York Times investigation found 200 such accounts.", "New York Times", "reported_by"),
    ("en", "Axios was the first to report the resignation.", "Axios", "reported_by"),
    ("en", "The startup is for sale, writes the South China Morning Post.", "South China Morning Post", "reported_by"),
    ("en", "LONDON, Jan 3 (Reuters) - The regulator opened an inquiry.", "Reuters", "dateline"),
    ("en", "Nvidia loses its head of networking to a rival (Jane Doe/The Information)", "The Information", "byline"),
    ("en", "CHIPMAKER TO CUT 2,000 JOBS - BLOOMBERG", "Bloomberg", "headline_prefix"),
    ("en", "The Financial Times, which broke the story, gave no date.", "Financial Times", "reported_by"),
    # German
    ("de", "Laut Bloomberg verhandelt der Konzern über einen Verkauf.", "Bloomberg", "according_to"),
    ("de", "Wie das Wall Street Journal unter Berufung auf Insider berichtet, steht der Vertrag.", "Wall Street Journal", "reported_by"),
    ("de", "Einem Bericht der „Financial Times“ zufolge fehlen acht Milliarden.", "Financial Times", "according_to"),
    ("de", "Das Werk schließe im Mai, schreibt das „Handelsblatt“.", "Handelsblatt", "reported_by"),
    ("de", "Die Nachrichtenagentur Reuters hatte zuvor gemeldet, dass der Chef geht.", "Reuters", "reported_by"),
    ("de", "„Wir prüfen das“, sagte die Sprecherin dem „Spiegel“.", "Der Spiegel", "told"),
    ("de", "Nach Informationen der FAZ ist der Preis vereinbart.", "Frankfurter Allgemeine Zeitung", "according_to"),
    ("de", "Bloomberg-Journalist Mark Gurman nennt den Herbst als Termin.", "Bloomberg", "reported_by"),
    ("de", "Quelle: Reuters, 12. Mai", "Reuters", "source_line"),
    # French
    ("fr", "Selon les informations de Bloomberg, le tour de table atteint 2 milliards.", "Bloomberg", "according_to"),
    ("fr", "D’après Les Echos, la vente est suspendue.", "Les Echos", "according_to"),
    ("fr", "Le régulateur hésite, rapporte le Financial Times.", "Financial Times", "reported_by"),
    ("fr", "La directrice a confié au Monde… puis à Reuters qu'elle partait.", "Reuters", "told"),
    ("fr", "Une note interne consultée par le Wall Street Journal évoque 300 départs.", "Wall Street Journal", "reported_by"),
    # Spanish and Portuguese
    ("es", "Según publica el Financial Times, la fusión se retrasa.", "Financial Times", "according_to"),
    ("es", "Así lo ha adelantado Bloomberg este lunes.", "Bloomberg", "reported_by"),
    ("es", "El ministro aseguró a Reuters que habrá ayudas.", "Reuters", "told"),
    ("es", "De acuerdo con un informe de The Information, el chip llega en 2027.", "The Information", "according_to"),
    ("pt", "Segundo a Reuters, a venda deve ser fechada em maio.", "Reuters", "according_to"),
    # Chinese, Japanese, Korean
    ("zh", "据彭博社报道，该公司正在洽谈新一轮融资。", "Bloomberg", "according_to"),
    ("zh", "《华尔街日报》周三披露，双方已签署协议。", "Wall Street Journal", "reported_by"),
    ("zh", "一位高管告诉路透社，工厂将于明年投产。", "Reuters", "told"),
    ("zh", "創辦人接受《金融時報》專訪時證實了這項計畫。", "Financial Times", "told"),
    ("ja", "ロイターによると、同社は工場の売却を検討している。", "Reuters", "reported_by"),
    ("ja", "米ブルームバーグ通信が6日に報じた。", "Bloomberg", "reported_by"),
    ("ko", "블룸버그에 따르면 회사는 상장을 준비하고 있다.", "Bloomberg", "according_to"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "sentence", "source", "form"), CREDITS)
def test_credit_is_found_with_its_form(language, sentence, source, form, gazetteer):
    assert credited(sentence, gazetteer, language) == [(source, form)]


NO_CREDITS = [
    ("en", "Michael Bloomberg said he would give the money away."),
    ("en", "He left Bloomberg LP, which sells the Bloomberg Terminal, in May."),
    ("en", "Bloomberg Intelligence reported slower growth, according to BloombergNEF."),
    ("en", "The Bloomberg Billionaires Index shows his fortune doubled, Bloomberg Philanthropies said."),
    ("en", "Photo: Christopher Pike/Reuters"),
    ("en", "A worker at the plant (Eric Lee/Bloomberg via Getty Images)"),
    ("en", "OpenAI did not immediately respond to a request for comment from Reuters."),
    ("en", "The company declined to comment to Bloomberg on its plans."),
    ("en", "Thomson Reuters told the court that Westlaw was copied."),
    ("en", "Publishers with deals include Axios, the Financial Times and Reuters."),
    ("en", "Hackers pushed malware through Axios, an open source package."),
    ("en", "Japan's Nikkei 225 fell 2 percent, according to preliminary figures."),
    ("en", "A spokesperson for Reuters said the company uses AI."),
    ("en", "The New York Times sued OpenAI, and Axios laid off a tenth of its staff."),
    ("en", "She wrote a Wall Street Journal op-ed on the subject."),
    ("en", "He spoke at the WSJ Future of Everything conference."),
    ("en", "The verge of the road was wired for light, and the information was lost."),
    ("en", "Focus: what the economist expects"),
    ("en", "Jane Doe, deputy editor of the Financial Times, has been named chairwoman."),
    ("it", "Il colosso non ha risposto alle richieste di Reuters."),
    ("it", "Il secondo produttore europeo lavora per Bloomberg a un terminale."),
    ("it", "È settimo nella classifica di Forbes."),
    ("it", "L'indice Nikkei ha perso il 2%, secondo gli operatori."),
    ("it", "La Repubblica Popolare Cinese limita le esportazioni."),
    ("de", "Von Reuters befragte Ökonomen hatten mehr erwartet."),
    ("de", "Es ist an der Zeit, dass die Welt ein Bild davon bekommt, berichtet er."),
    ("de", "Der Konzern ließ eine Anfrage der Financial Times unbeantwortet."),
    ("fr", "Le groupe n'a pas répondu aux questions de Reuters."),
    ("fr", "Il est premier au classement de Forbes."),
    ("es", "Lidera el índice de multimillonarios de Bloomberg."),
    ("zh", "彭博新能源财经预计，今年销量将下降。"),
    ("zh", "知情人士表示，计划尚未确定。"),
    ("ja", "日経平均は続落した、と市場関係者は伝えた。"),
]


@pytest.mark.parametrize(("language", "sentence"), NO_CREDITS)
def test_what_only_looks_like_a_credit_is_none(language, sentence, gazetteer):
    assert credited(sentence, gazetteer, language) == []


def test_names_in_a_row_are_all_credited(gazetteer):
    text = "TSMC is struggling, according to reports from Reuters, the Financial Times and Bloomberg."
    assert [source for source, _ in credited(text, gazetteer, "en")] == ["Reuters", "Financial Times", "Bloomberg"]


def test_a_cue_belongs_to_the_name_beside_it(gazetteer):
    text = "Die Sprecherin wies laut Bloomberg die Darstellung des Wall Street Journal zurück."
    assert credited(text, gazetteer, "de") == [("Bloomberg", "according_to")]


def test_each_source_is_credited_once_with_its_first_sentence(gazetteer):
    text = "La gara è chiusa.\nSecondo Reuters, vince Nordkern. Lo riporta anche Axios.\nReuters aggiunge il prezzo."
    found = attribute(text, title=None, language="it", credits=gazetteer, outlet_name=None)
    assert [(one.credited, one.evidence) for one in found] == [
        ("Reuters", "Secondo Reuters, vince Nordkern."),
        ("Axios", "Lo riporta anche Axios."),
    ]
    assert all(0.8 <= one.confidence <= 1 for one in found)


def test_a_headline_credits_too(gazetteer):
    found = attribute(
        "Il testo.", title="Bloomberg: Apple prepara un visore", language="it", credits=gazetteer, outlet_name=None
    )
    assert [(one.credited, one.form, one.evidence) for one in found] == [
        ("Bloomberg", "headline_prefix", "Bloomberg: Apple prepara un visore")
    ]


@pytest.mark.parametrize("outlet", ["The Verge", "The Verge (AI)", "the verge"])
def test_the_outlet_itself_is_never_credited(outlet, gazetteer):
    text = "“We are late,” the founder told The Verge. Reuters reported the delay first."
    assert credited(text, gazetteer, "en", outlet) == [("Reuters", "reported_by")]


def test_the_texts_own_language_counts_where_the_page_claims_another(gazetteer):
    """Content systems ship with `lang="en"`, and many an Italian outlet leaves it."""
    text = "La società che produce i chip non ha dato dettagli, ma lo riporta il Financial Times."
    assert credited(text, gazetteer, "en-US") == [("Financial Times", "reported_by")]
    assert credited(text, gazetteer, None) == [("Financial Times", "reported_by")]


def test_the_seed_article_rests_on_bloomberg(gazetteer):
    text = (
        "I principali ostacoli includono le restrizioni all'esportazione. Secondo Bloomberg, Justin Lin di Alibaba, "
        "figura chiave nella creazione delle grandi famiglie di modelli linguistici Qwen, stima che le probabilità di "
        "una svolta siano inferiori al 20%. Questa visione è condivisa da Tencent e Zhipu AI."
    )
    (found,) = attribute(text, title="La Cina ammette", language="it", credits=gazetteer, outlet_name="Infogioco.it")
    assert found.credited == "Bloomberg"
    assert found.evidence.startswith("Secondo Bloomberg, Justin Lin")
    assert found.evidence.endswith("inferiori al 20%.")


def test_a_text_without_full_stops_is_not_searched_from_end_to_end(gazetteer):
    text = "according to " + "x " * 5_000 + "Bloomberg " + "x " * 5_000
    assert credited(text, gazetteer, "en") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A cura di Anna S. per Infogioco. Fine.", ["A cura di Anna S. per Infogioco.", "Fine."]),
        ("The U.S. Senate met. It left.", ["The U.S. Senate met.", "It left."]),
        ("Acme Corp. Chief Jane Doe quit. Why?", ["Acme Corp. Chief Jane Doe quit.", "Why?"]),
        ("Am 12. Mai kam er. Er ging.", ["Am 12. Mai kam er.", "Er ging."]),
        ("Sono il 20. Altri no.", ["Sono il 20.", "Altri no."]),
        ("“Mai.” Lo disse. «Sì!» Poi tacque.", ["“Mai.”", "Lo disse.", "«Sì!»", "Poi tacque."]),
        ("据彭博社报道，公司将上市。分析人士称“可能推迟。”", ["据彭博社报道，公司将上市。", "分析人士称“可能推迟。”"]),
        ("Riga senza punto\nAltra riga", ["Riga senza punto", "Altra riga"]),
        ("It costs 3.5 million, e.g. in Rome.", ["It costs 3.5 million, e.g. in Rome."]),
        ("", []),
    ],
)
def test_sentences(text, expected):
    assert list(sentences(text)) == expected


def write(folder: Path, text: str, phrases: dict[str, str] | None = None) -> Path:
    (folder / "x.toml").write_text(text, encoding="utf-8")
    shutil.copytree(CONFIG / "phrases", folder / "phrases")
    for name, said in (phrases or {}).items():
        (folder / "phrases" / name).write_text(said, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[Reuters", "x.toml"),
        ("Reuters = 1", "Reuters"),
        ("[Reuters]\nalias = ['R']", "Reuters.alias"),
        ("[Reuters]\naliases = 'R'", "Reuters.aliases"),
        ("[Reuters]\naliases = ['']", "Reuters.aliases"),
        ("[Reuters]\naliases = ['R']\n[Ruptly]\naliases = ['R']", "Ruptly: 'R'"),
        ("", "no *.toml"),
    ],
)
def test_a_mistake_in_the_gazetteer_names_file_and_key(text, said, tmp_path):
    with pytest.raises(ConfigError) as caught:
        load_credits(write(tmp_path, text))
    assert said in str(caught.value)
    assert caught.value.code == "credits"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rules = 'according_to 0.9'", "phrases/sv.toml: 'according_to 0.9'"),
        ("rules = 'according_to 0.9 enligt'", "with <name> in it"),
        ("rules = 'accordin_to 0.9 enligt <name>'", "a rule is a form"),
        ("rules = 'according_to 9 enligt <name>'", "a rule is a form"),
        ("rules = 'according_to 0.9 (enligt <name>'", "phrases/sv.toml"),
        ("rules = 'reported_by 0.9 <name> <verb>'", "no words are given for <verb>"),
        ("rule = ''", "phrases/sv.toml: rule"),
        ("rules = 1", "rules: text is wanted"),
    ],
)
def test_a_mistake_in_the_phrases_names_file_and_rule(text, said, tmp_path):
    with pytest.raises(ConfigError) as caught:
        load_credits(write(tmp_path, "[Reuters]", {"sv.toml": text}))
    assert said in str(caught.value)


def test_a_users_own_language_is_another_file(tmp_path):
    swedish = "marks = 'och att det som'\nrules = 'told 0.9 sa (han|hon) till <name>'"
    mine = load_credits(write(tmp_path, "[Reuters]", {"sv.toml": swedish}))
    assert credited("Det är klart, sa hon till Reuters och log.", mine, None) == [("Reuters", "told")]


def test_a_users_own_source_is_credited(tmp_path):
    mine = load_credits(write(tmp_path, "['Il Gazzettino']\naliases = ['Gazzettino']\nquoted = ['Notte']"))
    assert credited("Lo scrive il Gazzettino.", mine, "it") == [("Il Gazzettino", "reported_by")]
    assert credited("Lo scrive “Notte”.", mine, "it") == [("Il Gazzettino", "reported_by")]
    assert credited("Lo scrive Notte.", mine, "it") == []


def test_the_gazetteer_knows_the_sources_that_ai_news_rests_on(gazetteer):
    names = set(gazetteer.owner.values())
    assert len(names) >= 300
    assert {"Bloomberg", "Reuters", "Financial Times", "Wall Street Journal", "The Information", "36Kr"} <= names
