"""Check a recordings artifact: hashes, ranges and counts."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from eegssl.artifacts.manifest import MANIFEST
from eegssl.artifacts.reading import check_bulk, load
from eegssl.corpus.concerns.amplitude_concerns import ABOVE_A_VOLT
from eegssl.corpus.concerns.concern import COLUMNS, CONCERNS
from eegssl.corpus.preprocessing.recording_tables import (
    EVENTS,
    RECORDINGS,
    REFUSED,
    REFUSED_COLUMNS,
)
from eegssl.corpus.signals import map_signal, map_tensor
from eegssl.corpus.splits import SPLITS
from eegssl.corpus.store import KIND, SIGNALS, read_splits
from eegssl.errors import ArtifactError
from eegssl.io.tables.tsv import read_tsv
from eegssl.regular_files import require_regular
from eegssl.signal.amplitude import HIGHEST_UV

_TIME_TOLERANCE_S = 1e-6


def check_recordings(folder: Path) -> list[str]:
    """All that is wrong with a recordings folder, a sentence each; empty for a sound one.

    Raises ArtifactError when it is no such folder, or its manifest is damaged.
    """
    artifact = load(folder, KIND)
    facts = artifact.manifest.facts
    rows = pq.read_table(require_regular(artifact / RECORDINGS)).to_pylist()
    events = pq.read_table(require_regular(artifact / EVENTS)).to_pylist()
    splits = read_splits(artifact / "splits.tsv")
    refused = read_tsv(artifact / REFUSED, REFUSED_COLUMNS)
    problems = list(_hashes(folder, artifact.manifest))
    signals = {f"{SIGNALS}/{row['recording']}.safetensors" for row in rows}
    problems += _strangers(folder, {*artifact.manifest.files, *signals, MANIFEST})
    known = _known_above_a_volt(folder)
    for row in rows:
        highest_uv = np.inf if row["recording"] in known else HIGHEST_UV
        path = artifact / f"{SIGNALS}/{row['recording']}.safetensors"
        problems += _signal(path, row, highest_uv)
    problems += _events(events, {row["recording"]: row["duration_s"] for row in rows})
    problems += _splits(rows, splits, facts["split_by"])
    problems += _counts(rows, events, refused, facts)
    return problems


def _hashes(folder: Path, manifest: Any) -> Iterator[str]:
    try:
        check_bulk(folder, manifest, hashes=True)
    except ArtifactError as error:
        yield str(error)


def _strangers(folder: Path, listed: set[str]) -> Iterator[str]:
    """Files that are not the artifact's, which nobody has checked."""
    paths = [p for p in folder.rglob("*") if p.is_file() or p.is_symlink()]
    n = sum(path.relative_to(folder).as_posix() not in listed for path in paths)
    if n:
        yield f"{n} file(s) in the folder are not part of it: move them"


def _known_above_a_volt(folder: Path) -> set[str]:
    """Recordings of which a concern says already that samples are above a volt."""
    if not (folder / CONCERNS).exists():
        return set()
    rows = read_tsv(folder / CONCERNS, COLUMNS)
    return {row["id"] for row in rows if row["kind"] == ABOVE_A_VOLT}


def _signal(path: Path, row: dict[str, Any], highest_uv: float) -> Iterator[str]:
    """The shape and the range of one recording, against its row of the table."""
    id_ = row["recording"]
    try:
        stored = map_signal(path)
        flags = map_tensor(path, "quality")
    except (ArtifactError, KeyError):
        yield f"{id_}: its signal file can't be read"
        return
    shape = (len(row["channels"]), row["n_samples"])
    if stored.data.shape != shape or stored.scale_uv.shape != shape[:1]:
        yield f"{id_}: signal of shape {stored.data.shape}, the table says {shape}"
        return
    if flags.shape[0] != shape[0]:
        yield f"{id_}: flags for {flags.shape[0]} channels, the table says {shape[0]}"
    if abs(row["duration_s"] - row["n_samples"] / row["sfreq_hz"]) > _TIME_TOLERANCE_S:
        yield f"{id_}: {row['duration_s']} s are not {row['n_samples']} samples"
    if not (np.isfinite(stored.scale_uv).all() and (stored.scale_uv > 0).all()):
        yield f"{id_}: a scale is not above 0"
        return
    for channel, scale in zip(stored.data, stored.scale_uv, strict=True):
        peak = np.abs(channel.astype(np.float32)).max(initial=0.0) * scale
        if not np.isfinite(peak) or peak > highest_uv:
            yield f"{id_}: a sample is not finite, or above {HIGHEST_UV:g} µV"


def _events(events: list[dict[str, Any]], durations_s: dict[str, float]) -> Iterator[str]:
    for event in events:
        id_ = event["recording"]
        if id_ not in durations_s:
            yield f"an event belongs to {id_}, which is no recording here"
        elif event["onset_s"] < 0 or event["duration_s"] < 0:
            yield f"{id_}: an event begins or lasts below 0 s"
        elif event["onset_s"] + event["duration_s"] > durations_s[id_] + _TIME_TOLERANCE_S:
            yield f"{id_}: an event ends after the recording"


def _splits(rows: list[dict[str, Any]], splits: dict[str, str], by: str) -> Iterator[str]:
    unit = "subject" if by == "subject" else "file"
    missing = {row[unit] for row in rows} - set(splits)
    if missing:
        yield f"splits.tsv lacks {len(missing)} {by}(s)"
    if strange := set(splits.values()) - set(SPLITS):
        yield f"splits.tsv names {len(strange)} split(s) that do not exist"


def _counts(
    rows: list[dict[str, Any]],
    events: list[dict[str, Any]],
    refused: list[dict[str, str]],
    facts: dict[str, Any],
) -> Iterator[str]:
    """Check the manifest's counts against the tables."""
    files = {row["file"] for row in rows}
    counted = {
        "recordings": len(rows),
        "subjects": len({row["subject"] for row in rows}),
        "accepted": len(files),
        "refused": sum(row["segment"] == "n/a" for row in refused),
        "events": dict(sorted(Counter(event["type"] for event in events).items())),
    }
    for name, value in counted.items():
        if facts[name] != value:
            yield f"the manifest says {name} {facts[name]}, the tables hold {value}"
    if facts["files"] != facts["accepted"] + facts["refused"]:
        yield "the files are more than those accepted and those refused"
