"""Parts that the pages of recordings and their index share."""

from collections.abc import Mapping
from typing import Any

from eegssl.corpus.preprocessing.clips import Clip
from eegssl.reports.sections import Cell, Column, Table

CONCERNS = "What to look into"


def mains_words(clip: Clip) -> str:
    """The mains frequency that was removed."""
    return "none found" if clip.line_hz is None else f"{clip.line_hz:g} Hz"


def concerns_of(facts: Mapping[str, Any], recording: str) -> list[Mapping[str, Any]]:
    """The concerns of the manifest that name a recording, or the file that it is a piece of."""
    named = (recording, recording.rpartition("-")[0])
    rows = (facts.get("concerns") or {}).values()
    return [row for row in rows if any(name in row["ids"] for name in named)]


def concern_table(facts: Mapping[str, Any], recording: str = "") -> Table | None:
    """The concerns of the manifest: how many of what, the first ids, and what mends it.

    With ``recording`` those that name it, without their number, so that its page stays as it is
    when it grows.
    """
    concerns = (
        concerns_of(facts, recording) if recording else (facts.get("concerns") or {}).values()
    )
    rows = tuple(
        (
            Cell(f"One of these: {row['text']}")
            if recording
            else Cell(f"{row['n']:,} {row['text']}", small=", ".join(row["ids"])),
            Cell(row["cure"]),
        )
        for row in concerns
    )
    columns = (Column("What was found", numeric=False), Column("What to do", numeric=False))
    caption = "Ids: the first ones; concerns.tsv has all, with details."
    return Table(CONCERNS, columns, rows, "" if recording else caption) if rows else None
