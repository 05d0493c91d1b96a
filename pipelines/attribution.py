"""Whose reporting an article rests on: the news sources it credits, each with the sentence that says so.

Rules on sentences with a gazetteer of names (config/credits/*.toml): a name counts where a cue of reporting stands
beside it. Which articles rest on one report is not told here.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.errors import ConfigError
from pipelines.records import Attribution

_KEYS = {"aliases", "ambiguous", "not"}
_MARK = "\ue000"  # stands for the name in a sentence; a private character, which no page means anything by


@dataclass(frozen=True, slots=True)
class Credits:
    """The gazetteer, compiled: `names` finds any name, `owner` gives its source, `vetoes` what only looks like one."""

    names: re.Pattern[str]
    owner: dict[str, str]
    vetoes: re.Pattern[str]
    ambiguous: frozenset[str]


def load_credits(folder: Path) -> Credits:
    """Read every TOML file of the folder; raises ConfigError with file and key."""
    owner: dict[str, str] = {}
    vetoes: set[str] = set()
    ambiguous: set[str] = set()
    for path in sorted(folder.glob("*.toml")):
        try:
            tables = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigError(str(error), subject=f"credits/{path.name}", code="credits") from error
        for name, table in tables.items():
            _check(path.name, name, table)
            for alias in (name, *table.get("aliases", ()), *table.get("ambiguous", ())):
                owner[alias] = name
            ambiguous.update(table.get("ambiguous", ()))
            vetoes.update(table.get("not", ()))
    if not owner:
        raise ConfigError("no credits/*.toml holds a news source", subject=str(folder), code="credits")
    return Credits(_any_of(owner), owner, _any_of(vetoes), frozenset(ambiguous))


def attribute(
    text: str, *, title: str | None, language: str | None, credits: Credits, outlet_name: str | None  # noqa: A002
) -> tuple[Attribution, ...]:
    """The news sources that a text credits, in order of appearance, each with its first sentence as evidence.

    `language` is a hint that is not needed: the cues of all languages are tried. The outlet itself is never credited.
    """
    _ = language
    own = _bare(outlet_name) if outlet_name else ""
    found: dict[str, Attribution] = {}
    for sentence in (*([title] if title else ()), *sentences(text)):
        for credited, form, confidence in _credits_in(sentence, credits):
            if own and (_bare(credited) == own or _bare(credited) in own.split()):
                continue
            if credited not in found:
                found[credited] = Attribution(credited=credited, form=form, evidence=sentence, confidence=confidence)
    return tuple(found.values())


_ABBREVIATIONS = re.compile(
    r"(?:\b(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|Sr|Jr|St|Inc|Corp|Ltd|Co|vs|No|Nr|Art|ca|ecc|cfr|sig|dott|ing|avv|bzw|z\. ?B|u\. ?a|d\. ?h|Mio|Mrd|"
    r"U\.S|U\.K|e\.g|i\.e|approx|Jan|Feb|Aug|Sept|Oct|Nov|Dec|pp?|M|Mme|Ud|EE|UU|n|S\.p\.A|S\.r\.l))\.$"
)
_END = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s+[\"'“‘«(\[]*[A-ZÀ-ÞÄÖÜ0-9])|[。！？]+[」』”]*|\n+")


def sentences(text: str) -> Iterator[str]:
    """The text's sentences; initials ("Anna S.") and abbreviations end none."""
    start = 0
    for match in _END.finditer(text):
        piece = text[start : match.end()]
        if match[0].startswith(".") and len(match[0]) == 1 and _ABBREVIATIONS.search(piece.rstrip()[-12:]):
            continue
        if stripped := piece.strip():
            yield stripped
        start = match.end()
    if rest := text[start:].strip():
        yield rest


_N = _MARK
_NEAR = r"[^.;:!?]{0,40}?"
_ART = r"(?:(?:il|la|lo|i|gli|le|l['’]|al|dal|del|della|dalla|dello|dell['’]|dall['’]|all['’]|alla|the|das|der|die|dem|den|des|le|les|la|du|de|el|il\s+quotidiano|quotidiano|agenzia|l['’]agenzia|agence|agencia|newspaper|Zeitung|Agentur|Nachrichtenagentur|Finanzdienst|Wirtschaftszeitung|diario|periódico|sito|magazine|journal|britischen?|US-|amerikanischen?|statunitense|britannico|economico|finanziario|new|latest|recent|fresh|jüngsten|nuov[oa]|ultim[eo]|dernières?|últimas?)\s*){0,5}[\"“”„«'‘’《]?"
_REPORT = r"(?:reports?|reported|reporting|writes|wrote|says|said|notes|noted|claims|claimed|adds|added|revealed|reveals|broke|learned|found|published|shared|cited|confirmed|states|stated|points?\s+out|details?|detailed|describes?|estimates?|suggests?|first\s+reported|has\s+(?:more\s+details|reported|learned|since\s+reported)|have\s+reported|shows?|obtained|reviewed|saw|viewed|quoted|spoke)"
_IT = r"(?:riporta|riferisce|scrive|rivela|racconta|spiega|osserva|sostiene|afferma|segnala|anticipa|nota|aggiunge|conferma|parla\s+di|ha\s+(?:riportato|scritto|rivelato|riferito|anticipato|raccontato|pubblicato|spiegato|confermato|parlato|svelato|appreso)|avrebbe\s+appreso|cita|aveva\s+(?:riportato|scritto|anticipato|rivelato))"
_DE = r"(?:berichtet(?:e|en)?|schreibt|schrieb|meldet(?:e|en)?|hat(?:te)?\b.{0,40}?\b(?:berichtet|gemeldet|geschrieben|erfahren)|zitiert|erfuhr|zufolge)"
_FR = r"(?:rapporte|écrit|révèle|affirme|indique|précise|assure|explique|annonce|croit\s+savoir|évoque|cite|avait\s+(?:évoqué|rapporté|révélé|annoncé)|a\s+(?:rapporté|révélé|appris|écrit|annoncé|indiqué|affirmé|publié))"
_ES = r"(?:informa|informó|publica|publicó|reporta|reportó|señala|señaló|asegura|aseguró|afirma|escribe|revela|reveló|adelanta|adelantó|explica|apunta|ha\s+(?:informado|publicado|revelado|adelantado)|relata|noticia|noticiou|informou)"
_ZH = r"(?:[》」”]?\s*(?:\d{1,2}\s*月\s*(?:\d{1,2}\s*日)?)?的?(?:日前|周[一二三四五六日]|近日|此前|最新|早前|今日|独家|獨家)?(?:报道|報導|報道|消息|指出|援引|引述|称|稱|披露|透露|撰文|表示|分析|獲悉|获悉))"

_RULES: tuple[tuple[str, float, re.Pattern[str]], ...] = tuple(
    (form, confidence, re.compile(pattern, re.IGNORECASE))
    for form, confidence, pattern in (
        ("according_to", 0.98, rf"\b(?:secondo|stando\s+a|a\s+detta\s+di|come\s+da)\b(?:\s+(?:quanto|ciò\s+che|fonti|le\s+fonti|le\s+indiscrezioni|le\s+informazioni|un\s+(?:rapporto|report|articolo)|uno\s+scoop|un['’]inchiesta|quel\s+che|le|i|un|una)\b)?{_NEAR}{_ART}{_N}"),
        ("according_to", 0.98, rf"\b(?:according\s+to|per|via)\s+(?:\w+\s+){{0,6}}?{_ART}{_N}"),
        ("according_to", 0.98, rf"\b(?:according\s+to|based\s+on|citing|cites|cited)\b{_NEAR}{_N}"),
        ("according_to", 0.98, rf"\b(?:laut|gemäß|nach\s+(?:Angaben|Informationen|einem\s+Bericht|Berichten|Recherchen))\b{_NEAR}{_N}"),
        ("according_to", 0.97, rf"{_N}[\"“”»’']?\s+zufolge\b"),
        ("according_to", 0.98, rf"\b(?:selon|d['’]après|à\s+en\s+croire|si\s+l['’]on\s+en\s+croit|aux\s+dires\s+de)\b{_NEAR}{_N}"),
        ("according_to", 0.98, rf"\b(?:según|de\s+acuerdo\s+(?:con|a)|de\s+acordo\s+com|segundo|conforme)\b{_NEAR}{_N}"),
        ("according_to", 0.97, rf"(?:据|據|根据|根據|按|引述|援引)[^，,。]{{0,12}}?《?{_N}(?!.{{0,3}}(?:指数|指數|终端))"),
        ("reported_by", 0.97, rf"《?{_N}》?{_ZH}"),
        ("reported_by", 0.96, rf"{_N}(?:・ニュース)?(?:が|は|によると|によれば|の報道|が伝え|が報じ|通信が|の[^。]{0,24}によると)"),
        ("told", 0.96, rf"(?:向|对|對|告诉|告訴|接受)\s*《?{_N}"),
        ("told", 0.96, rf"\b(?:told|tells|telling|spoke\s+(?:to|with)|speaking\s+(?:to|with)|in\s+(?:an\s+|a\s+)?(?:interview|statement|e-?mail|comments?|conversation)\s+(?:with|to)|interviewed\s+by|interview\s+with)\s+{_ART}{_N}"),
        ("told", 0.96, rf"\b(?:(?:ha|hanno|avrebbe|aveva)\s+(?:detto|dichiarato|spiegato|raccontato|confermato|riferito)|dice|spiega|intervista(?:t[oa])?|parlando|dichiarazioni|colloquio)\b{_NEAR}\b(?:a|al|alla|all['’]|allo|con|dal|dalla|da|del|di)\s*{_ART}{_N}"),
        ("told", 0.95, rf"\b(?:gegenüber|im\s+(?:Gespräch|Interview)\s+mit|sagte|sagten|erklärte)\s+(?:\w+\s+){{0,3}}?{_ART}{_N}"),
        ("told", 0.95, rf"\b(?:a\s+(?:déclaré|confié|expliqué|indiqué|affirmé)|confie|explique|interrogé|entretien)\b{_NEAR}\b(?:à|au|par|avec)\s+{_ART}{_N}"),
        ("told", 0.95, rf"\b(?:dijo|declaró|explicó|manifestó|confirmó|aseguró|contó|entrevista|declaraciones)\b{_NEAR}\b(?:a|al|con)\s+{_ART}{_N}"),
        ("reported_by", 0.97, rf"\b(?:come|quanto|lo|così|ne)\s+(?:ha\s+|hanno\s+)?(?:riporta(?:to)?|riferi(?:sce|to)|scri(?:ve|tto)|rivela(?:to)?|anticipa(?:to)?|racconta(?:to)?|segnala(?:to)?|spiega(?:to)?|nota|sostiene){_NEAR}{_ART}{_N}"),
        ("reported_by", 0.96, rf"\b(?:riportat[oaie]|rivelat[oaie]|anticipat[oaie]|pubblicat[oaie]|citat[oaie]|diffus[oaie]|raccolt[oaie]|sentit[oaie]|consultat[oaie]|visionat[oaie]|ottenut[oaie]|lanciat[oaie]|svelat[oaie])\s+{_NEAR}(?:da|dal|dalla|dall['’]|dallo|su|sul|sulla)\s*{_ART}{_N}"),
        ("reported_by", 0.96, rf"\b(?:report(?:ed|s|ing)?|scoop|story|article|investigation|analysis|published|revealed|broken|seen|reviewed|obtained|viewed|shared|spotted|noted|surfaced|covered|quoted|cited|detailed|confirmed|uncovered|noticed|found|unearthed|compiled|first)\s+(?:\w+\s+){{0,3}}?(?:by|from|in|at|on|via)\s+{_ART}{_N}"),
        ("reported_by", 0.96, rf"\b(?:inchiesta|rapporto|report|articolo|indiscrezion[ei]|esclusiva|scoop|fonti|ricostruzione|notizia|fonte|analisi|retroscena|rivelazion[ei])\s+(?:\w+\s+){{0,2}}?(?:di|del|della|dell['’]|dello)\s*{_ART}{_N}"),
        ("reported_by", 0.96, rf"\b(?:Bericht(?:e[sn]?)?|Recherchen?|Meldung(?:en)?|Informationen|Artikel|Berufung)\s+(?:\w+\s+){{0,3}}?(?:des|der|von|vom|auf|in|im|bei)\s+(?:\w+\s+){{0,3}}?{_ART}{_N}"),
        ("reported_by", 0.95, rf"\b(?:wie|so|dies|das|darüber|zuerst|zuvor|hatte|hatten)\b[^.;]{{0,60}}?{_N}[^.;]{{0,120}}?\b(?:berichte(?:t|te|n|ten)|schreib(?:t|en)|schrieb(?:en)?|melde(?:t|te|n|ten)|gemeldet|erfahren|erfuhr|demonstriert|sagte)\b"),
        ("reported_by", 0.95, rf"\b(?:enquête|rapport|article|informations?|révélations?|sources?|exclusivité|scoop|documents?)\s+(?:\w+\s+){{0,3}}?(?:de|du|des|par|d['’]|dans)\s*{_ART}{_N}"),
        ("reported_by", 0.95, rf"\b(?:cité[es]*|révélé[es]*|rapporté[es]*|publié[es]*|consulté[es]*|examinés?|obtenu[es]*|interrogé[es]*|relayé[es]*)\s+(?:par|dans)\s+{_ART}{_N}"),
        ("reported_by", 0.95, rf"\b(?:informe|reporte|artículo|investigación|información|fuentes?|exclusiva|relatório|reportagem)\s+(?:\w+\s+){{0,3}}?(?:de|del|da|do|publicad[oa]\s+por|en)\s+{_ART}{_N}"),
        ("reported_by", 0.95, rf"\b(?:citad[oa]s?|publicad[oa]s?|revelad[oa]s?|adelantad[oa]s?|consultad[oa]s?|recogid[oa]s?)\s+(?:por|en)\s+{_ART}{_N}"),
        ("citing", 0.95, rf"\b(?:citando|riprendendo|rilanciando|unter\s+Berufung\s+auf|unter\s+Verweis\s+auf|citant|relayant|citando\s+a|con\s+informa(?:ción|ções)\s+d[ea]|quoting|citing)\s+(?:\w+\s+){{0,3}}?{_ART}{_N}"),
        ("reported_by", 0.96, rf"{_N}[\"“”»’']?(?:['’]s?\b)?(?:\s+(?:reporters?|journalists?|columnist|News|newspaper|correspondent|editor|sources?|also|now|has|have|previously|first|earlier|later|since|yesterday|today|on\s+\w+|\([A-Z]+\)|[A-Z][\w’'.-]+)){{0,5}}\s*,?\s+{_REPORT}\b(?!\s+(?:in\s+a\s+statement|it\s+(?:would|will|had|has|plans)))"),
        ("reported_by", 0.96, rf"{_N}[\"“”»’']?\s*(?:Businessweek)?,?\s*(?:\w+\s+){{0,3}}?{_IT}\b"),
        ("reported_by", 0.95, rf"\b{_IT}\s+(?:(?:anche|oggi|ieri|sempre|infatti|inoltre)\s+)?{_ART}{_N}"),
        ("reported_by", 0.95, rf"{_N}[\"“”»’']?\s*(?:\([A-Z]+\)\s*)?(?:\w+\s+){{0,5}}?{_DE}\b"),
        ("reported_by", 0.95, rf"\b(?:berichtet(?:e|en)?|schreibt|schrieb|meldet(?:e|en)?)\s+(?:\w+\s+){{0,3}}?{_ART}{_N}"),
        ("reported_by", 0.95, rf"{_N}[\"“”»’']?\)?\s*(?:\w+\s+){{0,2}}?{_FR}\b"),
        ("reported_by", 0.95, rf"\b(?:rapporte|indique|révèle|écrit|précise|affirme|explique|croit\s+savoir)\s+(?:\w+\s+){{0,2}}?{_ART}{_N}"),
        ("reported_by", 0.95, rf"{_N}[\"“”»’']?\s*(?:\w+\s+){{0,2}}?{_ES}\b"),
        ("reported_by", 0.95, rf"\b{_ES}\s+(?:\w+\s+){{0,2}}?{_ART}{_N}"),
        ("reported_by", 0.93, rf"{_N}['’]s\s+(?:[A-Z][\w.’'-]+\s+){{0,3}}(?:report(?:s|ed|ing)?|story|scoop|findings?|analysis|investigation|sources?|says|said|writes|wrote|[A-Z]\w+\s+(?:reported|says|writes|reports))\b"),
        ("reported_by", 0.93, rf"\b(?:a|an|the|this|that|new|recent|earlier|exclusive|latest|one|separate)\s+(?:\w+\s+){{0,2}}?{_N}[\"“”»’']?\s+(?:report|story|article|investigation|scoop|analysis|interview|exclusive|piece)\b(?!\s+card)"),
        ("reported_by", 0.93, rf"\b(?:Bloomberg-|Reuters-)?{_N}-(?:Bericht|Informationen|Recherche|Meldung|Angaben)"),
        ("reported_by", 0.92, rf"\b(?:reporter|journalist|giornalista|Journalist|Reporter|journaliste|insider|Gurman)\b[^.;]{{0,20}}\(?(?:of|from|at|di|del|von|de|du|für)?\s*\(?{_N}\)?\s*[^.;]{{0,20}}\b(?:{_REPORT}|{_IT}|{_FR}|{_DE})"),
        ("reported_by", 0.9, rf"{_N}\s*(?:记者|記者)"),
        ("dateline", 0.97, rf"^\W*\(?(?:[A-ZÀ-Þ .,]{{2,40}}\s*(?:\d{{1,2}}\s+\w+\s*)?)?\(?{_N}\)?\s*(?:--|–|—|-\s)"),
        ("source_line", 0.95, rf"^\W*(?:fonte|fonti|sources?|quellen?|fuentes?|via|来源|來源|消息来源)\s*[:：]\s*[^.]{{0,40}}?{_N}"),
        ("byline", 0.9, rf"\([A-ZÀ-Þ][\w.’' -]{{2,40}}\s*/\s*(?:the\s+)?{_N}\)\s*$"),
        ("headline_prefix", 0.93, rf"^{_N}\s*[:：]\s*\S"),
        ("headline_prefix", 0.85, rf"[-–—|(]\s*(?:report|reports|fonti|rumor)?\s*\(?{_N}\)?\s*$"),
    )
)
_NOT = re.compile(
    rf"(?:did\s+not|didn['’]t|declined\s+to|refused\s+to|not\s+immediately)\s+(?:\w+\s+){{0,4}}?(?:respond|reply|comment|answer)\w*[^.;]{{0,60}}{_N}"
    rf"|non\s+ha\s+(?:risposto|commentato)[^.;]{{0,60}}{_N}|(?:richiest[ae]|request|Anfrage|demande|solicitud)\w*\s+(?:\w+\s+){{0,4}}?(?:from|by|di|da|von|de|for\s+comment)[^.;]{{0,12}}{_N}"
    rf"|^(?:photo(?:graph)?|foto|image|bild|picture|illustration|credit|crédit)\w*\b[^.]{{0,60}}{_N}|[/／]\s*{_N}(?:\s+(?:via|/)\s+Getty)?[^\w)]{{0,3}}$|{_N}\s+via\s+Getty"
    rf"|{_N}[^.;]{{0,12}}\b(?:op-?ed|editorial board|event|conference|summit|forum|poll|survey)\b|^by\s+[A-Z][\w. ]+\s+{_N}$"
    rf"|\b(?:deputy|managing|executive|former|ex)\b[^.;]{{0,30}}\b(?:editor|reporter|journalist)\b[^.;]{{0,10}}{_N}|Gastredakteur[^.;]{{0,12}}{_N}",
    re.IGNORECASE,
)


def _credits_in(sentence: str, credits: Credits) -> Iterator[tuple[str, str, float]]:  # noqa: A002
    # What only contains a name is taken out first; a mark keeps the words around apart.
    bare = credits.vetoes.sub("¤", sentence) if credits.vetoes.pattern else sentence
    for match in credits.names.finditer(bare):
        name = match[0]
        marked = bare[: match.start()] + _MARK + bare[match.end() :]
        if _NOT.search(marked):
            continue
        for form, confidence, rule in _RULES:
            if rule.search(marked):
                yield credits.owner[name], form, confidence
                break


def _any_of(names: Any) -> re.Pattern[str]:
    # Longest first: "Wall Street Journal" before "Journal". Scripts without spaces have no word boundaries.
    parts = []
    for name in sorted(names, key=len, reverse=True):
        left = r"(?<![A-Za-z0-9À-ÿ_@/.])" if name[0].isascii() else ""
        right = r"(?![A-Za-z0-9À-ÿ_@]|\.(?:com|it|de|net))" if name[-1].isascii() else ""
        parts.append(left + re.escape(name) + right)
    return re.compile("|".join(parts))


def _check(file: str, name: str, table: object) -> None:
    where = f"credits/{file}"
    if not isinstance(table, dict):
        raise ConfigError(f"{name}: write a table, [{name}]", subject=where, code="credits")
    for key, value in table.items():
        if key not in _KEYS:
            raise ConfigError(f"{name}.{key}: unknown key; there are {', '.join(sorted(_KEYS))}", subject=where, code="credits")
        if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
            raise ConfigError(f"{name}.{key}: a list of names is wanted", subject=where, code="credits")


def _bare(name: str) -> str:
    return re.sub(r"^(?:the|il|la|le|der|die|das)\s+|\.(?:it|com|de)$", "", name.casefold()).strip()
