"""Check every sample of a recordings artifact."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from eegssl.artifacts.manifest import Artifact
from eegssl.artifacts.table_parts import read_text_table
from eegssl.corpus.audits.recordings_contract import read_tables
from eegssl.corpus.concerns.amplitude_concerns import ABOVE_A_VOLT
from eegssl.corpus.concerns.concern import CONCERNS, CONCERNS_CELLS
from eegssl.corpus.signals import SignalFile, Stretch
from eegssl.corpus.store import SIGNALS, places_of, signal_source
from eegssl.errors import ArtifactError
from eegssl.signal.amplitude import HIGHEST_UV, above_a_volt

_COLUMNS = ("recording", "channels", "auxiliary", "n_samples", "bytes")
_AT_ONCE = 1 << 16
"""Samples of each channel that are read at once."""


def check_recordings(artifact: Artifact) -> list[str]:
    """All that is wrong with the signals of recordings, a sentence each; empty for sound ones."""
    table = read_tables(artifact, _COLUMNS).recordings
    known, places = _known_above_a_volt(artifact), places_of(artifact, table)
    problems: list[str] = []
    for row in table.to_pylist():
        id_ = row["recording"]
        source = signal_source(artifact / SIGNALS, id_, places.get(id_))
        problems += problems_of_signal(source, row, may_be_above=id_ in known)
    return problems


def _known_above_a_volt(artifact: Artifact) -> set[str]:
    """Recordings of which a concern says already that samples are above a volt."""
    if CONCERNS not in artifact:
        return set()
    rows = read_text_table(artifact / CONCERNS, CONCERNS_CELLS)
    return {row["id"] for row in rows if row["kind"] == ABOVE_A_VOLT}


def problems_of_signal(
    source: Path | str | Stretch, row: dict[str, Any], *, may_be_above: bool
) -> Iterator[str]:
    """Yield what is wrong with shape or range of one recording, by its row of the table."""
    _, n_samples = shape = (len(row["channels"]), row["n_samples"])
    try:
        stored = SignalFile(source, shape)
        stored.flags()
        if row["auxiliary"]:
            SignalFile(source, (len(row["auxiliary"]), n_samples), "auxiliary")
        peak_uv = 0.0
        for start in range(0, n_samples, _AT_ONCE):
            piece_uv = stored.read_uv(start, start + _AT_ONCE)
            peak_uv = max(peak_uv, float(np.abs(piece_uv).max(initial=0.0)))
    except ArtifactError as error:
        yield str(error)
        return
    if above_a_volt(peak_uv) and not may_be_above:
        yield f"{row['recording']}: a sample is above {HIGHEST_UV:g} µV"
