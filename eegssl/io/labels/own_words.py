"""Read the user's own words of events as types that are known."""

from collections.abc import Iterator, Mapping

from eegssl.errors import ConfigError, RecordingRefused
from eegssl.io.config import EventSettings
from eegssl.io.labels.event_types import (
    event_type,
    mentions_seizure,
    original_of,
    seizure_edge,
)

_ENCODINGS = ("gbk", "big5", "shift_jis", "euc_kr", "cp1251", "koi8_r", "cp1250", "cp1253")
"""Those in which recorders write where EDF+ wants UTF-8; their bytes are read as Latin-1."""


def translated(text: str, words: Mapping[str, str]) -> str:
    """A label or annotation, or what ``events.words`` says in its place.

    Case does not matter, nor in which of the usual encodings the file has the user's word.
    """
    if not words:
        return text
    known = {_plain(word): meaning for word, meaning in words.items()}
    return next((known[one] for one in map(_plain, _decodings(text)) if one in known), text)


def type_of_label(label: str, settings: EventSettings, row: str) -> str | None:
    """The type of event that a label means; None for one that is nobody's here.

    ``row`` is what messages call its row. Raises RecordingRefused ``events`` for a label that
    speaks of a seizure and is no type.
    """
    text = translated(label, settings.words)
    kind = event_type(text, settings.markers)
    if kind is None and (text.lower().startswith("sz") or mentions_seizure(text)):
        raise RecordingRefused(
            "events",
            f"{row}: a label that speaks of a seizure and is outside the SzCORE vocabulary; say "
            'which type it means: --set \'events.words={ "LABEL" = "sz" }\'',
        )
    return kind


def original_label(label: str, kind: str, settings: EventSettings) -> str:
    """Text for `Event.original`: the corpus's own label, "" where the user's words changed it."""
    return original_of(label, kind) if translated(label, settings.words) == label else ""


def _decodings(text: str) -> Iterator[str]:
    """A text as it was read, and what its bytes are in other encodings."""
    yield text
    if text.isascii():
        return
    for encoding in _ENCODINGS:
        try:
            yield text.encode("latin-1").decode(encoding)
        except UnicodeError:
            continue


def require_known(
    words: Mapping[str, str], every_row: str | None, markers: tuple[str, ...]
) -> None:
    """Raise ConfigError for a meaning that is neither a type of event nor an edge of a seizure."""
    for meaning in words.values():
        if event_type(meaning, markers) is None and seizure_edge(meaning) is None:
            raise ConfigError(
                f"events.words: {meaning!r} is no type of event; expected one such as sz, bckg, "
                "spsw, sleep_n2, one of events.markers, or 'seizure start' and 'seizure end'"
            )
    if every_row is not None and event_type(every_row, markers) is None:
        raise ConfigError(
            f"events.every_row: {every_row!r} is no type of event; expected one such as sz"
        )


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
