"""The words by which residue of a page is known, in the outlets' languages: evidence to be weighed, never a verdict.

Where in the page such words count is decided in `pipelines.boilerplate`.
"""

from __future__ import annotations

import re

from pipelines.records import Reason


def _line(words: str) -> re.Pattern[str]:
    """A pattern that the whole line must match, punctuation at its ends aside."""
    return re.compile(rf"^[\s\W]*(?:{words})[\s\W]*$", re.IGNORECASE)


RELATED = _line(
    r"(?:articoli|contenuti|notizie|post|news)\s+correlat[ei]|(?:leggi|guarda|vedi|approfondisci)\s+anche\b.{0,120}|potrebbe(?:ro)?\s+"
    r"(?:anche\s+)?interessarti.{0,30}|da\s+non\s+perdere|ti\s+consigliamo(?:\s+anche)?|ultime\s+notizie|i\s+più\s+letti|"
    r"related(?:\s+(?:articles?|stor(?:y|ies)|posts?|content|news|topics|reading|coverage|links?))?|(?:read|see)\s+(?:also|more|next)\b.{0,120}|"
    r"more\s+(?:from|on|stories|news)\b.{0,60}|you\s+(?:may|might)\s+(?:also\s+)?(?:like|be interested in)|recommended(?:\s+(?:for you|stories|reading))?|"
    r"(?:most|top)\s+(?:read|popular|stories)|up\s+next|don'?t\s+miss|editor'?s\s+picks|"
    r"mehr\s+(?:zum\s+thema|dazu|aus|von|nachrichten)\b.{0,60}|lesen\s+sie\s+auch\b.{0,120}|(?:lesen\s+sie|lies)\s+(?:auch|mehr)\b.{0,120}|"
    r"auch\s+interessant|weitere\s+(?:artikel|themen|nachrichten|meldungen).{0,30}|verwandte\s+(?:artikel|themen)|das\s+könnte\s+(?:sie|dich).{0,40}|"
    r"(?:à\s+)?lire\s+aussi\b.{0,120}|sur\s+le\s+même\s+sujet|articles?\s+(?:liés|similaires|connexes)|voir\s+aussi\b.{0,120}|"
    r"(?:noticias|artículos|contenidos?)\s+relacionad[oa]s?|(?:lee|leer|ver)\s+(?:también|más)\b.{0,120}|te\s+puede\s+interesar.{0,40}|"
    r"関連記事|相关(?:阅读|文章|新闻)|延伸阅读"
)
PROMO = _line(
    r"contenut[oi]\s+(?:promozional[ei]|sponsorizzat[oi])|pubblicità|annuncio(?:\s+pubblicitario)?|sponsorizzato|messaggio\s+promozionale|"
    r"advertise?ment|ad|sponsored(?:\s+(?:content|post|by\b.{0,60}))?|promoted(?:\s+content)?|promotional\s+content|story\s+continues\s+below.{0,30}|"
    r"anzeige|werbung|gesponsert|promotion|publicité|contenu\s+sponsorisé|publicidad|contenido\s+patrocinado|広告|广告"
)
NEWSLETTER = _line(
    r"(?:iscriviti|abbonati|registrati)\b.{0,160}|(?:la\s+nostra\s+)?newsletter\b.{0,100}|ricevi\s+(?:ogni|la|le|via)\b.{0,160}|"
    r"(?:sign\s+up|subscribe|join)\b.{0,200}|get\s+(?:the|our|all)\b.{0,120}(?:newsletter|inbox|email|e-mail|updates).{0,80}|"
    r"(?:jetzt\s+)?(?:newsletter\s+(?:abonnieren|bestellen)|abonnieren\s+sie)\b.{0,140}|melden\s+sie\s+sich\b.{0,160}newsletter.{0,80}|"
    r"(?:inscrivez|abonnez)-vous\b.{0,160}|(?:suscríbete|suscribirse|apúntate)\b.{0,160}"
)
SHARE = _line(
    r"condividi(?:\s+(?:su|questo|l'articolo|via|con)\b.{0,60})?|seguici\s+(?:su|anche)\b.{0,100}|"
    r"share(?:\s+(?:this|on|via|article|story|the)\b.{0,60})?|follow\s+(?:us|me|him|her|them)\b.{0,100}|copy\s+link|print|tweet|"
    r"teilen(?:\s+(?:sie|auf|via)\b.{0,60})?|artikel\s+teilen|folgen\s+sie\s+uns\b.{0,100}|partager(?:\s+(?:sur|cet|l'article)\b.{0,60})?|suivez-nous\b.{0,100}|"
    r"compart(?:ir|e)(?:\s+(?:en|este)\b.{0,60})?|síguenos\b.{0,100}|(?:facebook|twitter|x|whatsapp|telegram|linkedin|e-?mail|reddit|pinterest)"
    r"(?:[\s|,·/]+(?:facebook|twitter|x|whatsapp|telegram|linkedin|e-?mail|reddit|pinterest|copy link))*"
)
COPYRIGHT = _line(
    r"(?:©|\(c\)|copyright\b).{0,200}|.{0,80}(?:tutti\s+i\s+diritti\s+riservati|all\s+rights\s+reserved|alle\s+rechte\s+vorbehalten|"
    r"tous\s+droits\s+réservés|todos\s+los\s+derechos\s+reservados|riproduzione\s+riservata).{0,120}"
)
COOKIE = _line(
    r"(?:utilizziamo|questo\s+sito\s+(?:utilizza|usa))\b.{0,60}\bcookie\b.{0,300}|(?:we|this\s+(?:site|website))\s+uses?\s+cookies\b.{0,300}|"
    r"(?:wir|diese\s+(?:seite|website))\s+(?:verwende[nt]|nutz(?:en|t))\b.{0,40}cookies\b.{0,300}|(?:nous\s+utilisons|ce\s+site\s+utilise)\b.{0,40}cookies\b.{0,300}|"
    r"(?:utilizamos|usamos)\s+(?:las\s+)?cookies\b.{0,300}|accetta(?:\s+(?:tutti|i\s+cookie))?|accept(?:\s+all)?(?:\s+cookies)?"
)
COMMENTS = _line(
    r"(?:lascia|scrivi|aggiungi)\s+un\s+commento.{0,60}|commenti(?:\s*\(?\d+\)?)?|\d+\s+commenti|leave\s+a\s+(?:comment|reply).{0,60}|(?:\d+\s+)?comments?(?:\s*\(?\d+\)?)?|"
    r"join\s+the\s+(?:conversation|discussion).{0,60}|(?:\d+\s+)?kommentare?|kommentar\s+(?:schreiben|verfassen)|(?:laisser\s+un\s+)?commentaires?|(?:deja\s+un\s+)?comentarios?"
)
ALL_BY_AUTHOR = _line(
    r"(?:consulta|vedi|leggi|scopri|tutti)\s+(?:tutti\s+)?(?:gli|altri)?\s*articoli\s+(?:di|scritti\s+da)\b.{2,60}|altri\s+articoli\s+di\b.{2,60}|"
    r"(?:view|see|read|browse)\s+(?:all\s+)?(?:posts|articles|stories|more)\s+(?:by|from)\b.{2,60}|(?:more|all)\s+(?:posts|articles|stories)\s+by\b.{2,60}|"
    r"alle\s+(?:artikel|beiträge)\s+von\b.{2,60}|mehr\s+(?:artikel\s+)?von\b.{2,60}|(?:voir\s+)?tous\s+(?:les|ses)\s+articles\s+de\b.{2,60}|ver\s+todos\s+los\s+artículos\s+de\b.{2,60}"
)
ABOUT_AUTHOR = _line(
    r"about\s+the\s+authors?|(?:l'|sull')?autore|informazioni\s+sull'autore|(?:über\s+)?(?:den|die|der)\s+autor(?:in|en)?|zur\s+person|à\s+propos\s+de\s+l'auteur.{0,20}|sobre\s+el\s+autor|chi\s+è\s+l'autore"
)
CREDIT = _line(
    r"(?:photo|image|picture|foto|bild|immagin[ei]|crediti?|credits?|fonte\s+(?:foto|immagine)|copertina|imagen|crédit(?:\s+photo)?|bildquelle|featured\s+image)"
    r"(?:\s+(?:by|di|da|von|par|credits?|courtesy|via|von))?\s*[:©/|]\s*.{1,120}"
)
PUBLISHED_WORDS = re.compile(
    r"\b(?:pubblicato|pubblicata|ultim[ao]|revisione|aggiornat[oa]|aggiornamento|modifica|il|alle|ore|published|updated|last|modified|posted|on|at|"
    r"edited|veröffentlicht|aktualisiert|zuletzt|stand|uhr|am|um|erstellt|publié|mis|à|jour|le|modifié|publicado|actualizado|el|a|las|"
    r"lunedì|martedì|mercoledì|giovedì|venerdì|sabato|domenica|monday|tuesday|wednesday|thursday|friday|saturday|sunday|mon|tue|wed|thu|fri|sat|sun|"
    r"montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lunes|martes|miércoles|jueves|"
    r"viernes|sábado|domingo|min|minut[oie]n?|read|lettura|lesezeit|lecture|de|of|by|gmt|utc|cet|cest|mez|mesz|est|edt|pst|pdt|et|ist|jst|h)\b\.?",
    re.IGNORECASE,
)
"""Words that only go with a date: a line of nothing else is a date line."""

LINES: tuple[tuple[Reason, str, re.Pattern[str]], ...] = (
    (Reason.PROMO, "promo_line", PROMO),
    (Reason.RELATED, "related_line", RELATED),
    (Reason.NEWSLETTER, "newsletter_line", NEWSLETTER),
    (Reason.SHARE, "share_line", SHARE),
    (Reason.AUTHOR_BIO, "all_by_author", ALL_BY_AUTHOR),
    (Reason.AUTHOR_BIO, "about_author", ABOUT_AUTHOR),
    (Reason.COPYRIGHT, "copyright_line", COPYRIGHT),
    (Reason.COOKIE, "cookie_line", COOKIE),
    (Reason.COMMENTS_UI, "comments_line", COMMENTS),
    (Reason.CREDIT, "credit_line", CREDIT),
)

CONTAINERS: tuple[tuple[Reason, str, re.Pattern[str]], ...] = tuple(
    (reason, rule, re.compile(rf"(?:^|[\s_-])(?:{words})(?:$|[\s_-])", re.IGNORECASE))
    for reason, rule, words in (
        (
            Reason.AUTHOR_BIO,
            "author_box",
            r"author-?(?:bio|box|info|card|about|profile|description)|about-?(?:the-?)?author|bio-?box|post-author-box|autore-?box|writer-?bio|author__bio|authorbox",
        ),
        (
            Reason.NEWSLETTER,
            "newsletter_box",
            r"newsletter[\w-]*|nl-?(?:signup|box|form)|subscribe-?(?:box|form|widget)|mailchimp|signup-?(?:box|form)",
        ),
        (
            Reason.RELATED,
            "related_box",
            r"related(?:-?(?:articles?|posts?|content|links?|stories|news|box|items?))?|read-?(?:more|also|next)(?:-box)?|correlati|articoli-correlati|see-?also|more-?stories|recommend(?:ed|ations?)|mehr-zum-thema|yarpp|outbrain|taboola",
        ),
        (
            Reason.SHARE,
            "share_box",
            r"(?:social-?)?shar(?:e|ing)(?:-?(?:bar|buttons?|links?|tools?|box|icons?))?|social-?(?:links?|icons?|media|bar|buttons?)|condividi|addtoany|sharedaddy",
        ),
        (
            Reason.COMMENTS_UI,
            "comments_box",
            r"comments?-?(?:area|section|list|form|wrapper)|disqus(?:_thread)?|respond",
        ),
        (Reason.COOKIE, "cookie_box", r"cookie-?(?:banner|notice|consent|bar|law)|consent-?(?:banner|layer)|gdpr"),
        (
            Reason.PROMO,
            "promo_box",
            r"promo(?:-?(?:box|block|banner|tion))?|sponsor(?:ed|-box)?|advert(?:isement|ising)?|ad-?(?:slot|unit|container|wrapper|banner)|affiliate(?:-box)?",
        ),
    )
)
"""What markup calls such blocks: class, id and role, word by word."""
