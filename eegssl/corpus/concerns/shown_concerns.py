"""Show the concerns of a finished corpus, by id or by path."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eegssl.artifacts.table_parts import read_text_table
from eegssl.corpus.concerns.concern import CONCERNS, CONCERNS_CELLS, NO_ID, Concern
from eegssl.io.private.pseudonyms import Pseudonyms

LISTED_ELSEWHERE = frozenset({"refused", "crashed"})
"""Kinds that the list of refused files shows one by one."""


def sentences(facts: Mapping[str, Any]) -> list[str]:
    """The concerns that the facts of a manifest hold, a line each; none in older manifests."""
    return [
        Concern(
            *(kind, row["n"], row["text"], row["cure"]),
            tuple((id_, "") for id_ in row["ids"]),
        ).sentence
        for kind, row in facts.get("concerns", {}).items()
    ]


def by_path(out: Path) -> tuple[list[str], list[list[str]]]:
    """Columns and rows of what ``concerns.tsv`` lists, ids replaced by the user's own names."""
    names = Pseudonyms()
    rows = read_text_table(out / CONCERNS, CONCERNS_CELLS) if (out / CONCERNS).exists() else []
    shown = [
        [row["kind"], full_name(names, row["id"]), row["detail"]]
        for row in rows
        if row["id"] != NO_ID and row["kind"] not in LISTED_ELSEWHERE
    ]
    return ["concern", "file or subject", "detail"], shown


def full_name(names: Pseudonyms, id_: str) -> str:
    """The name of an id; of a stretch of a file, the file's and the number of the stretch."""
    whole, _, number = id_.rpartition("-")
    if number.isdecimal() and "-" in whole:
        return f"{names.name(whole)} ({number})"
    return names.name(id_)
