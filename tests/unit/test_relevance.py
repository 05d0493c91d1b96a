"""Which articles are AI-industry news, and how another topic's file is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.errors import ConfigError
from pipelines.relevance import Topic, judge, load_topic

AI = Path(__file__).resolve().parents[2] / "config" / "topics" / "ai.toml"


@pytest.fixture(scope="module")
def ai() -> Topic:
    return load_topic(AI)


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("it", "Intelligenza artificiale: La Cina ammette le difficoltà e punta sulla collaborazione"),
        ("it", "L’IA divora le memorie: listini in salita"),
        ("it", "La corsa all'AI dei comuni italiani"),
        ("en", "OpenAI names a new chief scientist"),
        ("en", "Tencent-backed startup trains A.I. on the cheap"),
        ("en", "LLMs are worse than babies, says a pioneer"),
        ("de", "KI-Chips: Dresden bekommt ein Werk"),
        ("fr", "Le pari de l’IA souveraine"),
        ("es", "La fiebre de la IA dispara la factura de la luz"),
        ("zh", "国产AI芯片扎堆上市"),
        ("ja", "生成AIの規制案を閣議決定"),
        ("en", "Microsoft says 20M people pay for Copilot"),
        ("en", "Gemini replaces the old voice assistant in Google Home"),
        ("en", "Nvidia seeks licences for H20 sales"),
        ("it", "Meta investe 40 miliardi nel campus da 5GW"),
        ("en", "Review: Claude Code after six months"),
    ],
)
def test_headlines_of_the_field_are_relevant(language, title, ai):
    judged = judge(title=title, lead=None, language=language, topic=ai)
    assert judged.relevant
    assert judged.why


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("it", "Torino, dieci sale per Ai Weiwei"),
        ("it", "AI DOMICILIARI IL BOSS DELLE SLOT"),
        ("it", "CONDANNATI AI SERVIZI SOCIALI"),
        ("it", "Un weekend ai laghi sulle tracce di Claude Monet"),
        ("fr", "J'ai vu le concert d'ia Records"),
        ("en", "Air India flight AI173 returns to Delhi"),
        ("en", "Iowa (IA) passes a budget"),
        ("en", "Mistral: Provence's coldest breath"),
        ("en", "Kimi Antonelli wins in Suzuka"),
        ("en", "Apple, Google add support for Thread 1.4"),
        ("en", "Pixel Watch 5 review: more health, more AI"),
        ("en", "Musk in Rome, two hours of queues"),
        ("de", "Ki Sung-yueng wechselt nach Köln"),
        ("en", None),
    ],
)
def test_what_only_looks_like_the_field_is_not(language, title, ai):
    assert not judge(title=title, lead="", language=language, topic=ai).relevant


def test_a_contextual_name_needs_a_strong_word_in_the_lead(ai):
    title = "Alibaba raises its forecast"
    assert not judge(title=title, lead="Online shopping grew.", language="en", topic=ai).relevant
    judged = judge(title=title, lead="Its language models sell well.", language="en", topic=ai)
    assert judged.relevant
    assert judged.why == ("Alibaba", "language models")


def test_two_strong_words_in_the_lead_are_enough_and_the_subjects_names_are_one(ai):
    title = "Why rents rise in Dublin"
    both = "Artificial intelligence (AI) was named in one of forty answers."
    assert not judge(title=title, lead=both, language="en", topic=ai).relevant
    assert judge(title=title, lead="Chatbots sort the flats, says Anthropic.", language="en", topic=ai).relevant


def test_only_the_beginning_of_the_text_is_the_lead(ai):
    text = "x" * 600 + " OpenAI and Anthropic"
    assert not judge(title="Rents", lead=text, language="en", topic=ai).relevant


def test_a_veto_takes_out_the_words_and_not_the_article(ai):
    title = "Air India (AI) signs with OpenAI for its chatbot"
    judged = judge(title=title, lead=None, language="en", topic=ai)
    assert judged.relevant
    assert "AI" not in judged.why


def test_surer_rules_score_higher(ai):
    strong = judge(title="Anthropic raises $10 billion", lead=None, language="en", topic=ai)
    lead = judge(title="Rents", lead="Chatbots by Anthropic.", language="en", topic=ai)
    nothing = judge(title="Rents", lead="Flats.", language="en", topic=ai)
    assert 1 >= strong.score > lead.score > nothing.score == 0


def test_another_file_makes_another_newswire(tmp_path):
    path = tmp_path / "chips.toml"
    path.write_text(
        "name = 'Chips'\nsubject = ['semiconductor']\nstrong_names = ['ASML']\n"
        "[abbreviations]\nde = ['HL']\n[[together]]\nnames = ['Intel']\nterms = ['fab']",
        encoding="utf-8",
    )
    chips = load_topic(path)
    assert chips.name == "Chips"
    assert judge(title="ASML ships", lead=None, language="en", topic=chips).relevant
    assert judge(title="Intel opens a fab", lead=None, language=None, topic=chips).relevant
    assert judge(title="Die HL-Krise", lead=None, language="de-AT", topic=chips).relevant
    assert not judge(title="Die HL-Krise", lead=None, language="en", topic=chips).relevant
    assert not judge(title="Anthropic raises money", lead=None, language="en", topic=chips).relevant


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("subject = [", "chips.toml"),
        ("subject = 'semiconductor'", "subject: a list of words"),
        ("strong_term = ['x']", "strong_term: unknown key"),
        ("name = 'Chips'", "nothing could ever be relevant"),
        ("subject = ['x']\nlead = 'long'", "lead, name"),
        ("subject = ['x']\nabbreviations = ['x']", "abbreviations: a table"),
        ("subject = ['x']\n[abbreviations]\nde = 'HL'", "abbreviations.de: a list of words"),
        ("subject = ['x']\n[[together]]\nnames = ['Intel']", "together: tables with names and terms"),
        ("subject = ['x']\n[[together]]\nnames = ['Intel']\nterms = [1]", "together[0].terms: a list of words"),
    ],
)
def test_a_mistake_in_a_topic_names_file_and_key(text, said, tmp_path):
    path = tmp_path / "chips.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_topic(path)
    assert said in str(caught.value)
    assert caught.value.code == "topics"
