"""The words in which one letter is never a slip: numbers, negations, months and days, and pairs of words a letter apart.

What else a correction may touch is `pipelines.materiality`'s affair. All lists count in every language: outlets quote each
other, and a page's language may be misjudged.
"""

from __future__ import annotations

from pipelines.date_words import month_named

LANGUAGES = frozenset({"it", "en", "de", "fr", "es"})
"""Those whose words stand here: of others it can't be told what a letter changes."""

# Written without the accents that `pipelines.materiality` looks past.
_NUMBERS = {
    "it": """due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici quindici sedici diciassette
    diciotto diciannove venti trenta quaranta cinquanta sessanta settanta ottanta novanta cento duecento trecento quattrocento
    cinquecento seicento settecento ottocento novecento mille mila milione milioni miliardo miliardi bilione trilione primo
    prima secondo seconda terzo terza quarto quarta quinto sesto settimo ottavo nono decimo mezzo meta doppio triplo""",
    "en": """one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred hundreds thousand thousands million
    millions billion billions trillion trillions dozen dozens first second third fourth fifth sixth seventh eighth ninth tenth
    half quarter double triple percent""",
    "de": """zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn
    neunzehn zwanzig dreißig dreissig vierzig fünfzig sechzig siebzig achtzig neunzig hundert tausend million millionen
    milliarde milliarden billion billionen erste zweite dritte vierte fünfte sechste siebte achte neunte zehnte hälfte viertel
    doppelt dreifach prozent""",
    "fr": """deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize vingt trente quarante
    cinquante soixante septante nonante cent cents mille million millions milliard milliards billion premier deuxieme troisieme
    quatrieme cinquieme sixieme septieme huitieme neuvieme dixieme moitie tiers quart double triple""",
    "es": """dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciseis diecisiete dieciocho
    diecinueve veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa cien ciento cientos doscientos trescientos
    seiscientos setecientos mil miles millon millones billon billones primero segundo tercero cuarta quinto sexto septimo
    octavo noveno decimo mitad doble triple""",
}
_NEGATIONS = {
    "it": "non nessun nessuno nessuna niente nulla senza neppure nemmeno neanche mai",
    "en": """not none never nothing nobody nowhere neither nor without cannot cant couldnt wont wouldnt shouldnt dont doesnt
    didnt isnt arent aint wasnt werent hasnt havent hadnt mustnt neednt""",
    "de": "nicht nichts kein keine keinen keinem keiner keines nie niemals niemand nirgends ohne weder",
    "fr": "pas point rien jamais aucun aucune personne sans nul nulle ni",
    "es": "nada nadie nunca jamas ningun ninguno ninguna sin tampoco ni",
}
_DAYS = """lunedi martedi mercoledi giovedi venerdi sabato domenica monday tuesday wednesday thursday friday saturday sunday
montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag lundi mardi mercredi jeudi vendredi samedi dimanche
lunes martes miercoles jueves viernes sabado domingo"""
# Words that the measure would take for each other, though both fit the same place in a sentence. Found among the 20,000
# most frequent words of each language, as docs/decisions/material-edits.md tells.
_CONFUSED = {
    "it": """convenzione convinzione tradizione traduzione integrazione interazione mediazione meditazione importazione
    impostazione importazioni impostazioni recensione recessione transazione transizione comprensione compressione interamente
    internamente invitando inviando allenamento allevamento allenamenti allevamenti allenatori allevatori contatto contratto contatti contratti
    copia coppia copie coppie spesa spessa accesso acceso accessi accesi cannone canone cannoni canoni steso stesso speso
    spesso presso preso compressa compresa giovani giovanni casetta cassetta contesa contessa reggia regia capello cappello
    capelli cappelli accade accadde macchine machine torno trono causale casuale""",
    "en": """contacted contracted contacting contracting contrasting competing completing competed completed protecting
    protesting protected protested medication meditation mediation continent contingent complement compliment concession
    concussion commended commented casual causal martial marital united untied later latter filed filled filing filling loses
    losses staring starring desert dessert desserts deserts princes princess needles needless tones tonnes refuge refugee
    hoping hopping planed planned taped tapped striped stripped discreet discrete scared sacred quiet quite trail trial
    trails trials field chose choose angel angle angels angles signing singing signs sings boost boots files flies files
    dairy diary corps crops coast coats beast beats complaint compliant median medina barely barley boast boats exist exits
    president precedent conformation confirmation consolation consultation interstate intestate""",
    "de": """geschlossen geschossen abgeschlossen abgeschossen beschlossen beschossen erschlossen erschossen erschließen
    erschießen erschliessen erschiessen ausschuss ausschluss bewerbungen bewertungen verbracht verbraucht aufgebracht
    aufgebraucht übersehen überstehen einsteigen einstigen beschweren beschwerden verletzen versetzen model modell models
    modells konten konnten kanten kannten masse maße massen maßen weise weisse reisen reissen raten ratten offen ofen waren
    warren staates states schafft schaft handel handle medien meiden verschieben verschieden wüste wüsste armen armeen""",
    "fr": """contingent continent mediation meditation mediateur meditateur desert dessert poison poisson bases basses
    cousin coussin salaires salaries salaire salarie faible fiable faibles fiables baiser baisser rejete rejette guere guerre
    sales salles partie patrie concert concret concerts concrets preuve prevue preuves prevues viole voile craint criant
    maire marie maires maries foret forte forets fortes balade ballade souffre soufre livre livree annuel annule arreter""",
    "es": """comparado comprado comparando comprando comparar comprar consulado consultado exploracion explotacion
    mediacion medicacion meditacion continente contingente confirmado conformado confirmada conformada comentado comenzado
    entregado entrenado entregados entrenados planeado planteado planeando planteando ahora ahorra legado llegado enterado
    enterrado calado callado cerro cero cuarto cuatro perjuicio prejuicio perjuicios prejuicios precios preciso anual anula
    adicion adiccion caros carros camino camion""",
}
_WEIGHTY = frozenset(
    " ".join([*_NUMBERS.values(), *_NEGATIONS.values(), _DAYS, *_CONFUSED.values()]).split(),
)


def is_weighty(word: str) -> bool:
    """Whether a letter of this word is never a slip; the word in lower case, without accents and apostrophes."""
    return word in _WEIGHTY or month_named(word) is not None
