"""How pages that hold no article speak to their readers, in the outlets' languages: walls, gates, errors, live blogs.

Which of these words make a page what it is, together with its markup and the text that is left, is decided in
`pipelines.page_kinds`. Phrases are in the case-folded form in which they are looked for.
"""

from __future__ import annotations

import re

CONSENT_PARTNERS = (
    "we and our partners", "we and our ", "our partners store", "we value your privacy", "your privacy is important to us",
    "store and/or access information on a device", "personalised ads and content", "personalized ads and content",
    "we use cookies and similar", "wir und unsere", "informationen auf einem gerät speichern", "personalisierte werbung",
    "personalisierte anzeigen", "werbung und tracking", "tracking und werbung", "werbetracking", "nutzung mit werbung",
    "mit werbung und cookies", "wir verwenden cookies", "verarbeitung ihrer daten", "noi e i nostri", "noi e terze parti",
    "noi e alcuni", "archiviare e/o accedere", "archiviare informazioni su dispositivo", "annunci personalizzati",
    "pubblicità personalizzata", "cookie di profilazione", "utilizziamo cookie", "utilizziamo i cookie", "nous et nos",
    "nos partenaires et nous", "avec nos partenaires", "stocker et/ou accéder", "publicités personnalisées",
    "publicité personnalisée", "nous utilisons des cookies", "dépôt de cookies", "nosotros y nuestros", "con nuestros socios",
    "almacenar o acceder a", "almacenar y/o acceder", "anuncios personalizados", "publicidad personalizada",
    "utilizamos cookies", "nós e os nossos", "armazenar e/ou aceder", "wij en onze", "informatie op een apparaat opslaan",
    "gepersonaliseerde advertenties", "wij gebruiken cookies", "respect your privacy", "wir respektieren ihre privatsphäre",
    "rispettiamo la tua privacy", "il rispetto della tua privacy", "nous respectons votre vie privée", "tu privacidad",
    "before you continue to", "mit zustimmungspflichtiger werbung", "mit werbung nutzen", "kostenlos lesen mit werbung", "werbung und cookies", "vi och våra", "vi og våre",
    "vi og vores", "my i nasi partnerzy", "nossos parceiros", "i nostri partner", "nuestros socios", "nos partenaires", "unsere partner", "onze partners", "our partners",
)  # fmt: skip
"""What a consent dialogue says of itself and its partners; the purposes are those of IAB Europe's TCF."""
CONSENT_CHOICE = (
    "accept all", "reject all", "accept and continue", "agree and continue", "accept cookies", "i accept", "agree & close",
    "manage preferences", "manage my preferences", "manage choices", "cookie settings", "alle akzeptieren", "alles akzeptieren",
    "akzeptieren und weiter", "alle ablehnen", "zustimmen und weiter", "zustimmen & weiter", "einwilligen und weiter", "weiter mit werbung",
    "mit werbung weiterlesen", "mit werbung lesen", "einstellungen verwalten", "cookie-einstellungen", "accetta tutto", "accetta tutti",
    "accetta e continua", "accetta e prosegui", "accetta i cookie", "rifiuta tutto", "rifiuta tutti", "rifiuta e abbonati", "continua senza accettare",
    "gestisci preferenze", "gestisci le preferenze", "personalizza le scelte", "tout accepter", "tout refuser", "accepter et continuer",
    "accepter et fermer", "continuer sans accepter", "refuser et s'abonner", "paramétrer", "aceptar todo", "aceptar y continuar",
    "aceptar todas", "rechazar todo", "rechazar y suscribirse", "continuar sin aceptar", "configurar cookies", "gestionar preferencias",
    "aceitar tudo", "aceitar e continuar", "rejeitar tudo", "alles accepteren", "alles weigeren", "akkoord en doorgaan", "instellingen beheren",
    "yes, i accept", "consent and continue", "agree to all", "\naccept\n", "\nagree\n", "\ni agree\n", "\nakzeptieren\n", "\neinverstanden\n", "\nzustimmen\n", "\naccetto\n", "\naccetta\n",
    "\nj'accepte\n", "\nj’accepte\n", "\naccepter\n", "\naceptar\n", "\nacepto\n", "\naceito\n", "\nakkoord\n", "\nalles toestaan\n", "\ngodkänn alla\n", "\ngodta alle\n", "\naccepter alle\n",
)  # fmt: skip
CONSENT_PAY = (
    "ad-free subscription", "ad-lite", "consent or pay", "without tracking for", "pur-abo", "pur abo", "werbefrei lesen", "ohne werbung und tracking",
    "ohne werbetracking", "ohne tracking", "contentpass", "werbefreies abo", "tracking-frei", "abbonati senza", "senza pubblicità personalizzata",
    "navigare senza cookie", "rifiuta e abbonati", "rifiutare i cookie", "rifiutato i cookie", "non accettare i cookie", "refuser et s'abonner",
    "sans cookies publicitaires", "refusé les cookies", "refuser les cookies", "s'abonner pour refuser", "rechazar y suscribirse", "rechazar las cookies",
    "rechazado las cookies", "navegar sin cookies", "zonder advertenties", "sem publicidade",
    "pur-angebot", "pur nutzen", "pur jetzt", "ohne werbung nutzen", "ohne werbung lesen", "werbefrei nutzen", "werbefrei für", "ad-free for", "read without ads", "reject and subscribe", "reject and pay", "pay to reject", "abbonati per rifiutare",
)  # fmt: skip
"""The other way past a wall: money."""
CONSENT_STEMS = (
    "partenaire",
    "personnalis",
    "publicit",
    "pubblicit",
    "cookie",
    "consen",
    "einwillig",
    "zustimm",
    "partner",
    "tracking",
    "privacy",
    "datenschutz",
    "personali",
    "geolocation",
    "third part",
    "données",
    "datos ",
    "dati ",
)
CONSENTISH = re.compile(
    r"cookie|consen[ts]|einwillig|zustimm|datenschutz|privacy|privatsphäre|tracking|partner|werb(?:ung|efrei)|anzeigen|personali[sz]|profil|"
    r"pubblicit|dati personali|preferenz|informativa|publicit|données|partenaire|vie privée|datos|privacidad|socios|publicidad|anuncios|"
    r"personal data|advertis|\bads\b|vendor|geräte?\b|dispositiv|appareil|apparaat|advertentie|toestemming|dados|abo(?:nnement|nnieren|nnent)?\b|abbona|subscri|suscri"
    r"|akzeptier|accept|accett|accepter|aceptar|ablehn|refus|rifiut|rechaz|legitim|purpose|zweck|finalit|finalidad",
    re.IGNORECASE,
)
"""What the lines of a consent dialogue are about: one of them is in nearly each of its sentences."""

GATE = (
    "to continue reading", "to keep reading", "to read the full", "to read the rest", "to unlock this", "unlock this article",
    "unlock this story", "continue reading with", "continue reading this", "for subscribers only", "exclusive to subscribers", "available to subscribers",
    "reserved for subscribers", "is for paid subscribers", "is for paying subscribers", "for paying subscribers only", "subscriber-only", "subscribers-only",
    "for members only", "members-only",
    "reached your limit of free", "subscribe to read", "log in to read", "sign in to read", "register to read",
    "um weiterzulesen", "um weiter zu lesen", "weiterlesen mit",
    "weiterlesen mit abo", "nur für abonnent", "exklusiv für abonnent", "ist abonnent", "ist exklusiv für", "ist unseren abonnent",
    "und weiterlesen", "vollen zugriff auf diesen", "nur für mitglieder", "mit einer mitgliedschaft",
    "lesen sie den ganzen artikel", "lesen sie diesen artikel mit",
    "per continuare a leggere", "per continuare la lettura", "per leggere tutto", "per leggere l'articolo", "per leggere l’articolo", "per leggere l'intero", "per leggere l’intero",
    "per proseguire la lettura", "per proseguire nella lettura", "continua a leggere con", "riservato agli abbonati", "riservata agli abbonati", "riservato ai nostri abbonati", "riservato ai sostenitori",
    "solo per abbonati", "esclusivo per gli abbonati", "esclusivo per abbonati", "sblocca l'articolo", "sblocca l’articolo",
    "pour lire la suite", "pour continuer la lecture", "pour continuer à lire", "pour lire cet article", "réservé aux abonnés", "réservée aux abonnés", "réservé à nos abonnés",
    "de cet article à lire", "la suite est réservée", "la suite de cet article", "accéder à l'intégralité", "accéder à l’intégralité", "abonnez-vous pour lire",
    "para seguir leyendo", "para continuar leyendo", "para leer el artículo completo", "para leer completo", "exclusivo para suscriptores", "solo para suscriptores", "sólo para suscriptores", "reservado a suscriptores",
    "continúa leyendo con",
    "para continuar a ler", "para continuar lendo", "exclusivo para assinantes", "apenas para assinantes", "verder te lezen", "verder lezen?", "alleen voor abonnees", "exclusief voor abonnees",
    "この記事は有料", "会員限定", "続きを読むには", "订阅后继续阅读", "付费阅读",
    "keep reading with", "continue reading your", "is for subscribers", "available exclusively to", "exclusively for subscribers", "read your last free article", "member-only story", "members only", "subscribe to unlock", "want to read more?",
    "subscribe to the full", "abo weiterlesen", "plus weiterlesen", "premium weiterlesen", "digitalabo weiterlesen", "lesen sie mit", "nur mit abo", "nur im abo", "jetzt mit abo lesen", "exklusiv für sie im abo",
    "riservato ai soli abbonati", "riservato ai lettori", "articolo per abbonati", "contenuto per abbonati", "contenuto per gli abbonati", "leggi tutto con", "abbonati per leggere", "accedi per leggere", "registrati per leggere",
    "exclusif abonnés", "exclusivité abonnés", "lire la suite avec", "inscrivez-vous pour lire", "connectez-vous pour lire", "exclusiva para suscriptores", "sólo para suscriptores", "suscríbete para leer", "regístrate para seguir", "para leer este contenido",
    "för att läsa vidare", "läs vidare med", "logga in för att läsa", "for å lese videre", "les videre med", "for abonnenter", "för prenumeranter", "for at læse videre", "læs videre med", "dla subskrybentów", "aby czytać dalej",
)  # fmt: skip
"""The block that stands where a teaser ends."""
GATE_LOGIN = (
    "already a subscriber", "already have a subscription", "bereits abonnent", "schon abonnent", "bereits ein abo", "schon ein abo", "bereits mitglied", "sei già abbonato", "sei già un abbonato", "sei già abbonata", "hai già un abbonamento", "déjà abonné", "ya eres suscriptor", "ya soy suscriptor", "¿ya estás suscrito", "eres suscriptor", "já é assinante", "al abonnee?", "jetzt weiterlesen", "artikel weiterlesen", "um den artikel", "um diesen artikel", "um diesen beitrag", "free articles this month", "free articles remaining", "残り", "to read this article",
    "weiterlesen", "leseprobe", "allerede abonnent", "redan prenumerant", "start your free trial", "start a free trial", "create a free account", "crea un account gratuito", "kostenlos registrieren",
)  # fmt: skip
"""The same, where more has to say so: an article that is whole has such a line, too."""
GATE_MARKS = re.compile(
    r"(?:^|[\s_-])(?:pay-?wall|reg-?wall|piano-?(?:container|offer|inline)?|tp-container-inner|zephr|steady-?paywall|poool|"
    r"subscribe-?wall|subscription-?wall|premium-?(?:wall|gate|teaser)|article-?(?:gate|locked|truncated)|content-?(?:gate|locked))(?:$|[\s_-])",
    re.IGNORECASE,
)
"""What markup calls it: Piano, Zephr, Steady, Poool, and what publishers call their own."""

ERROR_NUMBERS = frozenset({"404", "410"})
ERROR_PHRASES = (
    "not found", "not be found", "t be found", "t find", "cannot find", "could not find", "no longer available", "not available", "no longer exists", "not exist", "t exist", "an error", "went wrong", "page missing", "unavailable",
    "non trovat", "non esiste", "non è più disponibile", "non più disponibile", "non disponibile", "non è disponibile", "non è stat", "andato storto", "inesistente",
    "nicht gefunden", "nicht mehr verfügbar", "nicht verfügbar", "nicht vorhanden", "existiert nicht", "nicht mehr vorhanden", "nichts gefunden",
    "introuvable", "pas trouvé", "pas été trouvé", "plus disponible", "pas disponible", "n existe p",
    "no encontrad", "no existe", "no se ha encontrado", "no disponible", "no está disponible", "não encontrad", "não existe", "niet gevonden", "bestaat niet", "niet beschikbaar",
    "见つかりません", "見つかりません", "页面不存在", "页面未找到",
)  # fmt: skip
_ERROR_WORDS = (
    "404 410 http error errore fehler erreur fout erro status code sorry oops oh no ops ups hoppla uh this the that la die der das diese dieser dieses cette cet esta este a de het deze questa questo il el l le lo "
    "page article story content post site url link pagina articolo contenuto sito indirizzo seite artikel beitrag inhalt adresse página artículo contenu contenido conteúdo artigo enlace lien "
    "was is has been be could can t s cannot don doesn couldn does did not found find exist exists exists no longer available unavailable missing anymore here nothing we you re looking for requested are were it seems looks like that an went something wrong "
    "richiesta richiesto cercata cercato che hai stai cercando cerchi è stata stato non trovata trovato esiste più disponibile inesistente siamo spiacenti ci dispiace qualcosa andato storto o rimossa rimosso "
    "wurde konnte ist sind leider nicht mehr gefunden werden verfügbar vorhanden existiert gesuchte gewünschte angeforderte nichts hier "
    "demandée demandé recherchée recherché n est ne pas plus été trouvée trouvé introuvable disponible existe désolé désolée oups que vous recherchez cherchez "
    "que buscas busca solicitada solicitado encontrada encontrado se ha no está lo sentimos ya não existe procura foi niet gevonden bestaat beschikbaar helaas u je zoekt die "
    "ページが見つかりません 页面不存在 页面未找到"
)
ERROR_WORDS = frozenset(_ERROR_WORDS.split())
"""Title or headline of an error page: a number or a phrase of these, and no other word than these."""
ERROR_SENTENCES = (
    "page you are looking for", "page you were looking for", "page you requested", "page you're looking for", "page you’re looking for", "article you are looking for",
    "may have been moved or deleted", "might have been removed", "has been removed or", "link you followed", "check the url", "check the address",
    "la pagina che cerchi", "la pagina che stai cercando", "la pagina richiesta", "la pagina che hai richiesto", "l'articolo che cerchi", "l’articolo che cerchi", "contenuto non è più disponibile", "contenuto richiesto non",
    "articolo non è più disponibile", "verifica l'indirizzo", "verifica l’indirizzo", "è stata spostata o",
    "die gesuchte seite", "die gewünschte seite", "die angeforderte seite", "die aufgerufene seite", "die von ihnen gesuchte", "die von ihnen aufgerufene", "der gesuchte artikel", "der gewünschte artikel",
    "artikel ist nicht mehr verfügbar", "beitrag ist nicht mehr verfügbar", "artikel steht nicht mehr zur verfügung", "inhalt ist nicht mehr verfügbar",
    "la page que vous cherchez", "la page que vous recherchez", "la page demandée", "l'article que vous", "l’article que vous", "n'est plus disponible", "n’est plus disponible", "n'existe plus", "n’existe plus",
    "la página que buscas", "la página que busca", "la página que estás buscando", "la página solicitada", "ya no está disponible", "no longer available on", "this article is no longer available", "this story is no longer available",
    "a página que procura", "a página que você", "de pagina die u zoekt", "de pagina die je zoekt", "deze pagina bestaat niet",
)  # fmt: skip
CHALLENGE = (
    "checking your browser", "verify you are human", "verifying you are human", "are you a robot", "you are not a robot", "you're not a robot", "you’re not a robot", "needs to review the security of your connection",
    "enable javascript and cookies to continue", "please enable js and disable any ad blocker", "disable any ad blocker", "unusual activity from your", "unusual traffic from your", "pardon our interruption",
    "incapsula incident", "why have i been blocked", "you don't have permission to access", "you have been blocked", "complete the security check", "ray id:", "sind sie ein roboter", "bestätigen sie, dass sie ein mensch",
    "verifica di essere umano", "conferma di non essere un robot", "non sei un robot", "vérifiez que vous êtes humain", "vous n'êtes pas un robot", "vous n’êtes pas un robot", "verifica que eres humano", "no eres un robot", "browser wird überprüft",
    "zugriff verweigert", "accesso negato", "accès refusé", "acceso denegado",
)  # fmt: skip
CHALLENGE_HEADS = re.compile(
    r"[\s\W]*(?:just\s+a\s+moment|access\s+denied|attention\s+required!?(?:\s*\|\s*cloudflare)?|pardon\s+our\s+interruption|are\s+you\s+a\s+robot|robot\s+check|"
    r"security\s+check|human\s+verification|verify(?:ing)?\s+you\s+are\s+(?:a\s+)?human|one\s+more\s+step|ddos-guard|bot\s+verification|captcha|"
    r"(?:einen\s+moment|nur\s+einen\s+moment)(?:\s+bitte)?|un\s+momento|zugriff\s+verweigert|accesso\s+negato|accès\s+refusé|acceso\s+denegado)[\s\W]*",
    re.IGNORECASE,
)

LIVE_STEMS = (
    "live",
    "ticker",
    "diretta",
    "direct",
    "minut",
    "newsblog",
    "news blog",
    "news-blog",
    "as it happened",
    "ao vivo",
)
LIVE = re.compile(
    r"live[\s_-]?(?:blog|ticker|updates?|feed)|news[\s_-]?(?:blog|ticker)|minute[\s-]by[\s-]minute|as\s+it\s+happened|la\s+diretta|in\s+diretta|diretta[\s-]live|en\s+direct[\s:,]|en\s+directo|"
    r"minuto\s+a\s+minuto|directo[\s:,]|ao\s+vivo|\blive\s*[:–—-]|[:–—|-]\s*live\b|\bliveticker\b",
    re.IGNORECASE,
)
LIVE_PATH = re.compile(
    r"[/_-](?:live|liveblog|live-blog|liveticker|live-ticker|newsblog|news-blog|diretta|direct|directo|en-direct|en-directo|minuto-a-minuto)(?=[/_.-]|$)",
    re.IGNORECASE,
)
CLOCK = re.compile(
    r"[\W_]*(?:(?:ore|um|à|at|a\s+las|às|h|today|heute|oggi|\d{1,2}\.?\s?\w{3,9}\.?,?|\d{1,2}[./]\d{1,2}(?:[./]\d{2,4})?,?)\s+)?\d{1,2}\s?[:.h]\s?\d{2}(?::\d{2})?"
    r"(?:\s?(?:uhr|h|am|pm|a\.m\.|p\.m\.|cet|cest|gmt|bst|utc|edt|est|et|pt|mez|mesz))?[\W_]*",
    re.IGNORECASE,
)
"""A time of day that stands alone: the mark of a live blog's posts."""

VIDEO_PATH = re.compile(r"/(?:videos?|watch|mediathek|filmati|clips?|tv|webtv|vid[ée]os?)(?=[/.?]|$)", re.IGNORECASE)
GALLERY_PATH = re.compile(
    r"/(?:(?:photo|foto|picture|image)-?)?(?:galler(?:y|ies|ia|ie)|galer(?:ía|ia|ie)s?)(?=[/.?]|$)|"
    r"/(?:fotostrecken?|bildergalerien?|bilderstrecken?|diaporamas?|slideshows?|photos|foto|fotos|immagini|in-pictures)(?=[/.?]|$)",
    re.IGNORECASE,
)
GALLERY_HEAD = re.compile(
    r"\bin\s+(?:pictures|photos|bildern|immagini)\b|\bphoto\s?gallery\b|\bfoto\s?gallery\b|\bfotogalleria\b|\bbildergalerie\b|\bfotostrecke\b|\bdiaporama\b|\ben\s+images\b|\bgalería\s+de\s+(?:fotos|imágenes)\b|\ble\s+(?:foto|immagini)\b|\bfotogalería\b",
    re.IGNORECASE,
)
