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
from eegssl.corpus.signals import map_flags, map_signal
from eegssl.corpus.store import SIGNALS
from eegssl.errors import ArtifactError
from eegssl.signal.amplitude import HIGHEST_UV, above_a_volt


def check_recordings(artifact: Artifact) -> list[str]:
    """All that is wrong with the signals of recordings, a sentence each; empty for sound ones."""
    rows = read_tables(artifact).recordings.to_pylist()
    known = _known_above_a_volt(artifact)
    problems: list[str] = []
    for row in rows:
        path = artifact / f"{SIGNALS}/{row['recording']}.safetensors"
        problems += problems_of_signal(path, row, may_be_above=row["recording"] in known)
    return problems


def _known_above_a_volt(artifact: Artifact) -> set[str]:
    """Recordings of which a concern says already that samples are above a volt."""
    if CONCERNS not in artifact:
        return set()
    rows = read_text_table(artifact / CONCERNS, CONCERNS_CELLS)
    return {row["id"] for row in rows if row["kind"] == ABOVE_A_VOLT}


def problems_of_signal(path: Path, row: dict[str, Any], *, may_be_above: bool) -> Iterator[str]:
    """Yield what is wrong with shape or range of one recording, by its row of the table."""
    shape = (len(row["channels"]), row["n_samples"])
    try:
        stored = map_signal(path, shape)
        map_flags(path, shape[0])
        if row["auxiliary"]:
            map_signal(path, (len(row["auxiliary"]), shape[1]), "auxiliary_")
    except ArtifactError as error:
        yield str(error)
        return
    for channel, scale in zip(stored.data, stored.scale_uv, strict=True):
        peak = float(np.abs(channel.astype(np.float32)).max(initial=0.0) * scale)
        if not np.isfinite(peak) or (above_a_volt(peak) and not may_be_above):
            yield f"{row['recording']}: a sample is not finite, or above {HIGHEST_UV:g} µV"
