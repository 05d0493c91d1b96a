"""The words of dates: months, relative days, spans of time and zones, in the languages of outlets.

How they stand together in a date is read in `pipelines.dates`.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

# One line a month, the languages in this order: en it de fr es pt ca ro · nl sv da no fi · pl cs sk · hu tr id · ru uk el ar.
# A word that means two months in two languages (Croatian listopad, Czech čer) is left out.
_NAMED = (
    """january jan gennaio gen januar jänner jaenner janvier janv enero ene janeiro gener ianuarie ian januari
    tammikuuta tammikuu stycznia styczeń sty ledna leden januára január ocak oca января январь янв січня січень
    ιανουαρίου ιανουάριος ιαν يناير""",
    """february feb febbraio febr februar feber février févr fév febrero fevereiro fev febrer februarie februari
    helmikuuta helmikuu lutego luty lut února únor februára február şubat şub pebruari февраля февраль фев лютого
    лютий φεβρουαρίου φεβρουάριος φεβ فبراير""",
    """march mar marzo märz maerz mär mrz mars março març martie maart mrt marts maaliskuuta maaliskuu marca marzec
    března březen március márc mart maret марта март мар березня березень μαρτίου μάρτιος μαρ مارس""",
    """april apr aprile avril avr abril abr aprilie huhtikuuta huhtikuu kwietnia kwiecień kwi dubna duben apríla
    április ápr nisan nis апреля апрель апр квітня квітень απριλίου απρίλιος απρ أبريل ابريل""",
    """may maggio mag mai mayo maio maig mei maj toukokuuta toukokuu maja května květen mája május máj mayıs мая май
    травня травень μαΐου μάιος مايو""",
    """june jun giugno giu juni juin junio junho juny iunie iun kesäkuuta kesäkuu czerwca czerwiec cze června červen
    júna június jún haziran haz июня июнь июн червня червень ιουνίου ιούνιος ιουν يونيو""",
    """july jul luglio lug juli juillet juil julio julho juliol iulie iul heinäkuuta heinäkuu lipca lipiec lip července
    červenec júla július júl temmuz tem июля июль июл липня липень ιουλίου ιούλιος ιουλ يوليو""",
    """august aug agosto ago août agost augustus augusti elokuuta elokuu sierpnia sierpień sie srpna srpen augusta
    augusztus ağustos ağu agustus августа август авг серпня серпень αυγούστου αύγουστος αυγ أغسطس""",
    """september sept sep settembre sett set septembre septiembre setiembre setembro setembre septembrie syyskuuta
    syyskuu września wrzesień wrz září septembra szeptember szept eylül eyl сентября сентябрь сен сент вересня
    вересень σεπτεμβρίου σεπτέμβριος σεπ سبتمبر""",
    """october oct ottobre ott oktober okt octobre octubre outubro out octubre octombrie lokakuuta lokakuu października
    październik paź října říjen októbra október ekim eki октября октябрь окт жовтня жовтень οκτωβρίου οκτώβριος οκτ
    أكتوبر""",
    """november nov novembre noviembre novembro noiembrie noi marraskuuta marraskuu listopada listopad lis listopadu
    novembra kasım kas ноября ноябрь ноя листопада листопад νοεμβρίου νοέμβριος νοε نوفمبر""",
    """december dec dicembre dic dezember dez décembre déc diciembre dezembro desembre decembrie desember des
    joulukuuta joulukuu grudnia grudzień gru prosince prosinec decembra aralık ara desember декабря декабрь дек
    грудня грудень δεκεμβρίου δεκέμβριος δεκ ديسمبر""",
)


def _plain(word: str) -> str:
    """Casefolded and without accents: pages write "fevrier" and "AOÛT"."""
    folded = word.casefold()
    if folded.isascii():
        return folded
    return "".join(c for c in unicodedata.normalize("NFD", folded) if not unicodedata.combining(c)).replace("ı", "i")


_MONTHS = {_plain(name): number for number, names in enumerate(_NAMED, start=1) for name in names.split()}


@lru_cache(maxsize=4_096)
def month_named(word: str) -> int | None:
    """1 to 12 for a month's name or abbreviation, None for any other word."""
    return _MONTHS.get(_plain(word))


# Spans of time by what their words begin with, in seconds; the longest beginning that fits counts.
_SPANS = {
    1: "sec sek seg secondi sekund сек 秒 초",
    60: "min minut dakika минут мин хвилин 分 분 λεπτ",
    3_600: "hour hr h or stund std heure hora ur uur tim tím godz hodin saat час годин 小时 小時 時間 시간 ωρ",
    86_400: "day d giorn tag jour dia dag dni dzień dn den gün дн ден день 天 日 일 ημέρ",
}
_SPAN_WORDS = sorted(
    ((_plain(word), seconds) for seconds, words in _SPANS.items() for word in words.split()),
    key=lambda pair: -len(pair[0]),
)


def seconds_of(word: str) -> int:
    """How long one "Stunde" or "giorno" is; the word is one that `pipelines.dates` took for a span of time."""
    plain = _plain(word)
    return next((seconds for beginning, seconds in _SPAN_WORDS if plain.startswith(beginning)), 86_400)


TODAY = frozenset({
    "today", "oggi", "heute", "aujourd'hui", "aujourd’hui", "hoy", "hoje", "vandaag", "idag", "dzisiaj", "dziś", "dnes", "bugün",
    "сегодня", "今天", "今日",
})  # fmt: skip
YESTERDAY = frozenset({
    "yesterday", "ieri", "gestern", "hier", "ayer", "ontem", "gisteren", "igår", "wczoraj", "včera", "dün", "вчера", "昨天", "昨日",
})  # fmt: skip

ZONES = {
    "UTC": "UTC", "GMT": "UTC", "Z": "UTC", "WET": "Europe/Lisbon", "WEST": "Europe/Lisbon", "BST": "Europe/London",
    "CET": "Europe/Berlin", "CEST": "Europe/Berlin", "MEZ": "Europe/Berlin", "MESZ": "Europe/Berlin", "EET": "Europe/Athens",
    "EEST": "Europe/Athens", "MSK": "Europe/Moscow", "IST": "Asia/Kolkata", "SGT": "Asia/Singapore", "HKT": "Asia/Hong_Kong",
    "JST": "Asia/Tokyo", "KST": "Asia/Seoul", "AEST": "Australia/Sydney", "AEDT": "Australia/Sydney",
    "ET": "America/New_York", "EST": "America/New_York", "EDT": "America/New_York", "CT": "America/Chicago",
    "CST": "America/Chicago", "CDT": "America/Chicago", "MT": "America/Denver", "MST": "America/Denver",
    "MDT": "America/Denver", "PT": "America/Los_Angeles", "PST": "America/Los_Angeles", "PDT": "America/Los_Angeles",
}  # fmt: skip
"""Names of zones as pages write them after a clock; a page that writes EST in July means New York's time."""
