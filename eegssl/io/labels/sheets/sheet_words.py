"""Guess the columns of a label sheet from its header.

A header is text that anybody may have typed. A column's name is repeated only where every word of
it is one of those below, so that no name of a person is.
"""

import re
import unicodedata
from pathlib import Path

from eegssl.errors import RecordingRefused
from eegssl.io.config import EventSettings
from eegssl.io.labels.label_text import MISSING, read_label_bytes
from eegssl.io.labels.sheets.sheet_table import (
    DELIMITERS,
    ENDINGS,
    KIND,
    header_of,
    parse_sheet,
    sheet_text,
)
from eegssl.io.labels.sheets.sheet_times import written_time

_MAX_BYTES = 4 << 20
_TRIED = 20
_ROLES = {
    "duration": "duration dauer length laenge länge lasting durée duree duración duracion durata"
    " duur длительность 持续时间 时长",
    "onset": "onset start starts begin begins beginning beginn anfang von from début debut inicio"
    " início inizio aanvang начало 开始 起始",
    "end": "end ends ending stop stops offset ende bis to until fin final fine einde fim конец"
    " 结束 终止",
    "file": "file filename path datei dateiname recording record edf bdf fichier archivo fichero"
    " bestand arquivo файл 文件",
    "channels": "channel channels kanal kanäle kanaele canal canaux canales electrode electrodes"
    " elektrode elektroden",
    "date": "date datum day tag fecha data дата 日期",
    "label": "label labels type typ types class classes klasse event events eventtype ereignis"
    " annotation annotations kind category code trial tipo тип 类型 标签",
}
_BESIDE = (
    "time times zeit uhrzeit clock seizure seizures anfall anfalls anfälle anfaelle sz"
    " crise crises crisis eeg name of the in at des der du de la del time heure hora ora время 时间"
    " приступ приступа 发作 s sec secs second seconds sek sekunden ms msec min mins minute minutes"
    " minuten h hr hrs hour hours std stunden hh mm ss utc local rec"
)
_ROLE_OF = {word: role for role, words in _ROLES.items() for word in words.split()}
_WORDS = {*_ROLE_OF, *_BESIDE.split()}
_TIME_WORDS = {"time", "times", "zeit", "uhrzeit", "clock", "heure", "hora", "ora"}
_LONGEST = sorted((re.escape(word) for word in _WORDS if len(word) > 2), key=len, reverse=True)
_COMPOUND = re.compile(f"(?:{'|'.join(_LONGEST)})+")
_PIECE = re.compile("|".join(_LONGEST))
_PLAIN = re.compile(r"[\w ().\[\]/:-]{1,40}")


def columns_by_words(path: Path) -> dict[str, str]:
    """Role -> name of the columns of a table, by the words of its header; {} where too few say it.

    They hold an onset and an end or a duration, and were tried: the first rows have times there.
    """
    if path.suffix.lower() not in ENDINGS:
        return {}
    try:
        text = sheet_text(read_label_bytes(path, KIND, _MAX_BYTES))
        headers = [cells for mark in DELIMITERS for cells in header_of(text.split("\n"), mark)]
        columns = max((_roles(cells) for cells in headers), key=len, default={})
        return columns if _reads(text, columns) else {}
    except RecordingRefused:
        return {}


def role_of(column: str) -> str | None:
    """What a column is, by its name; None where that has a word of no list, or says nothing."""
    words = known_words(column)
    roles = [_ROLE_OF[word] for word in words if word in _ROLE_OF]
    if "date" in roles and not set(words) & _TIME_WORDS:
        return "date"
    return next((role for role in _ROLES if role in roles), None)


def known_words(column: str) -> list[str]:
    """The words of a column's name, joined ones apart; [] where one is in no list."""
    column = unicodedata.normalize("NFC", column)
    if not _PLAIN.fullmatch(column):
        return []
    spaced = re.sub(r"(?<=[a-zäöü])(?=[A-ZÄÖÜ])", " ", column)
    words: list[str] = []
    for word in re.split(r"[\W_]+", spaced.casefold()):
        if word in _WORDS:
            words.append(word)
        elif word and _COMPOUND.fullmatch(word):
            words += _PIECE.findall(word)
        elif word:
            return []
    return words


def _roles(cells: list[str]) -> dict[str, str]:
    """Role -> name; of two columns of one role the first, and none where no onset and end is."""
    columns: dict[str, str] = {}
    for cell in cells:
        name = cell.strip()
        if (role := role_of(name)) and role not in columns:
            columns[role] = name
    times = "onset" in columns and {"end", "duration"} & set(columns)
    return columns if times and len({*map(str.casefold, cells)}) == len(cells) else {}


def _reads(text: str, columns: dict[str, str]) -> bool:
    """Whether a sheet with these columns has times in its first rows."""
    if not columns:
        return False
    every_row = None if "label" in columns else "sz"
    sheet = parse_sheet(text, EventSettings(columns=columns, every_row=every_row))
    onsets = [row.cell("onset") for row in sheet.rows[:_TRIED]]
    return any(onsets) and all(
        text.lower() in MISSING or written_time(text, sheet.style) for text in onsets
    )
