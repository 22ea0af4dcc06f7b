"""Read the user's own words of events as types that are known."""

from collections.abc import Mapping

from eegssl.errors import ConfigError
from eegssl.io.labels.event_types import event_type, seizure_edge


def translated(text: str, words: Mapping[str, str]) -> str:
    """A label or annotation, or what ``events.words`` says in its place; case does not matter."""
    if not words:
        return text
    wanted = _plain(text)
    return next((meaning for word, meaning in words.items() if _plain(word) == wanted), text)


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
