"""The words that stand around names in credit lines, in the outlets' languages: what leads to them, and what is no name.

How a line is taken apart with them is the affair of `pipelines.authors`.
"""

from __future__ import annotations

import re

LEAD_WORDS = (
    r"a\s+cura\s+di|by|di|da|de|von|vom|par|por|door|af|av|από|від|yazan|"
    r"(?:text|testo|texte|texto|words|author|authors|autore|autori|autor|autorin|autoren|auteur|auteurs|autora|autores|"
    r"writer|contributors?|redazione|redattore|verfasser|reporter|story|kolumne|责编|責編|作者|记者|記者|文|編集|글)\s*[:：]"
)
"""What a credit line begins with, "Text:" and its like only with their colon."""
CREDITED = (
    r"written|reported|posted|published|created|compiled|authored|contributed|story|words|text|article|post|review|"
    r"opinion|column|analysis|essay|interview|recipe|report|updated|modified|insights|scritto|scritta|pubblicato|pubblicata|"
    r"articolo|testo|inviato|postato|redatto|servizio|intervista|commento|editoriale|opinione|analisi|geschrieben|"
    r"veröffentlicht|verfasst|erstellt|kolumne|kommentar|bericht|analyse|gastbeitrag|essay|reportage|beitrag|artikel|"
    r"écrit|publié|rédigé|propos|article|tribune|chronique|enquête|recueillis|escrito|publicado|texto|redactado|crónica|"
    r"columna|análisis|reportagem|coluna|geschreven|gepubliceerd|skrevet|skriven|tekst"
)
"""Words before "by" that still credit the writing."""
OTHERS_WORK = re.compile(
    r"\b(?:photo\w*|foto\w*|image\w*|immagin\w+|picture\w*|bild\w*|illustr\w+|video\w*|edited|editing|review(?:ed)?|"
    r"fact|checked|medically|verified|approved|sponsored|presented|powered|supported|curated|translated|narrated|"
    r"produced|designed|design|hosted|funded|copyright|crédit\w*|credits?|traduzione|tradotto|übersetz\w+|traduction|"
    r"theme|developed|built|inspired|followed|used|made|website|comments?|reply|read|more|all|other|posts)\s*$",
    re.IGNORECASE,
)
"""Ends of what stands before "by" where another work than the writing is credited."""
_AGENCIES = (
    "afp agi aa ansa ap apa adnkronos askanews belga bloomberg dpa efe epd europapress kna ians interfax itar-tass "
    "jiji kyodo lusa mti ndr ntb pa pti reuters sda sid tass tt upi xinhua yonhap ats anp askanews lapresse "
    "italpress dire ritzau"
)
AGENCIES = frozenset(_AGENCIES.split())
ACCOUNTS = re.compile(
    r"^(?:admin|administrator|webmaster|wordpress|wp|root|user|default|guest|editor|author|name|superuser|site ?admin)\d{0,3}$",
    re.IGNORECASE,
)
"""Names of accounts that software writes where nobody gave one."""
_ROLES = (
    "writer writers reporter reporters editor editors correspondent correspondents journalist journalists columnist "
    "columnists contributor contributors author authors producer producers analyst photographer photographers "
    "specialist strategist expert director manager founder co-founder cofounder ceo cto cfo coo cmo president "
    "chairman head chief lead reviewer consultant engineer developer marketer designer researcher professor "
    "scientist advisor adviser attorney owner publisher blogger intern coordinator officer partner dietitian "
    "nutritionist physician astrologer gardener coach trainer associate assistant deputy giornalista giornalisti "
    "redattore redattrice inviato inviata direttore direttrice caporedattore collaboratore corrispondente autore "
    "autrice redakteur redakteurin korrespondent korrespondentin chefredakteur chefredakteurin autor autorin "
    "autoren journalistin reporterin volontär volontärin chefreporter gastautor mitarbeiter leiter leiterin "
    "ressortleiter journaliste rédacteur rédactrice correspondant correspondante chroniqueur auteur auteure envoyé "
    "periodista redactor redactora corresponsal colaborador colaboradora columnista autora jornalista repórter "
    "colunista verslaggever redacteur correspondente muhabir muhabiri editör 기자 记者 記者 编辑"
)
ROLES = frozenset(_ROLES.split())
"""Words for what somebody does; a name ends where they begin."""
_ROLE_ADJECTIVES = (
    "senior junior staff contributing managing executive associate assistant deputy chief guest special lead "
    "freelance former principal digital national political foreign sports sport business travel news technology "
    "tech science health lifestyle marketing content print features investigative multimedia community product "
    "sales vice in of the at and & for and/or de der freier freie"
)
ROLE_ADJECTIVES = frozenset(_ROLE_ADJECTIVES.split())
DESK = re.compile(
    r"\b(?:redazione|redaktion|redacción|redação|rédaction|redactie|redaksjon\w*|newsroom|news\s?desk|desk|staff|team|"
    r"editorial|agency|agenzia|agentur|agence|agencia|press|presse|associated|news|media|group|gmbh|inc|llc|ltd|"
    r"spa|srl|foundation|institute|center|centre|university|department|ministry|association|office|store|magazine|"
    r"online|studio|studios|company|blog|club|society|network)\b",
    re.IGNORECASE,
)
"""Words of newsrooms, agencies and bodies: nobody's first or last name."""
NEVER = re.compile(
    r"^(?:https?|www)\b|@|[<>{}=\\#]|\b(?:comments?|commenti|kommentare?|commentaires?|min|mins|minutes?|minuti|minuten|"
    r"read(?:ing)?|lettura|lesezeit|lecture|leggi|share|teilen|condividi|follow|folgen|view|views|posts?|bio|profile|profil|"
    r"subscribe|newsletter|published|updated|modified|pubblicat[oa]|aggiornat[oa]|veröffentlicht|aktualisiert|publié|publicado|"
    r"last|ago|fa|heures?|uhr|ore|[ap]\.?m|est|edt|pst|pdt|gmt|utc|cest?|today|yesterday|oggi|ieri|heute|gestern|cookies?|facebook|twitter|linkedin|instagram|youtube|pinterest|whatsapp|telegram|reddit|rss|medium|substack|github|tiktok|threads|bluesky|mastodon|xing|flipboard|telegram|e-?mail|print|login|log|sign|menu|search|link|copied|copy|home|video|"
    r"foto|photos?|image|images|getty|shutterstock|istock|unsplash|tags?|category|categories|categorie|uncategorized|"
    r"follows?|contact|copyright|unknown|null|none|undefined|untitled|default|see\s+all|more|learn|table\s+of\s+contents|"
    r"about|this|story|articles?|articol[oi]|artikel|written|advertisement|sponsored|disclosure|affiliate|"
    r"january|february|march|june|july|august|september|october|november|december|gennaio|febbraio|marzo|aprile|maggio|"
    r"giugno|luglio|agosto|settembre|ottobre|novembre|dicembre|januar|februar|märz|juni|juli|oktober|dezember|"
    r"monday|tuesday|wednesday|thursday|friday|saturday|sunday|lunedì|martedì|mercoledì|giovedì|venerdì|sabato|domenica|"
    r"montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag)\b",
    re.IGNORECASE,
)
"""What is in no name: addresses, dates, and the page's own controls."""
_PARTICLES = (
    "de del della dello dei degli di da do dos das du des la le les el al bin ibn ben van von vom zu zur der den "
    "het ter ten af av y e und og och san st"
)
PARTICLES = frozenset(_PARTICLES.split())
CREDENTIAL = re.compile(
    r"^(?:(?:[A-Z]{1,2}\.){1,4}|Ph\.?\s?D\.?|M\.?D\.?|Psy\.?D\.?|Ed\.?D\.?|Dr\.?PH|[JS]r\.?|I{2,3}|IV|Esq\.?|MSc|BSc|PharmD|"
    r"[A-Z]{2,6}(?:[-/][A-Z]{1,5})?)[®™]?(?:\s+(?:[A-Z]{2,6}|FACLM))?$"
)
"""Degrees and certificates behind a name, which belong to the name as printed."""
