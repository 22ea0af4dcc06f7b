"""Write recordings and tokens of a corpus that is not there: many names, few files.

Tables and manifests are those of a corpus of any size; signals, codes and entropies are hard links
to a few files of noise, so that 70,000 recordings of 23 minutes and 23 channels (27,000 h) take
some hundred megabytes and a minute. Hashes of codes are not theirs: `eegssl check` says so.

Run ``python bench/simulated_corpus.py FOLDER --recordings 70000``.
"""

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from eegssl.artifacts.atomic import hash_file
from eegssl.artifacts.manifest import Artifact, FittedOn, inputs_of
from eegssl.artifacts.table_parts import arrow_schema
from eegssl.artifacts.writer import ArtifactWriter, begin
from eegssl.config.corpus_stages import PreprocessConfig, TokenizeConfig
from eegssl.corpus.codes.tokens import (
    CODES,
    COLUMNS,
    ENTROPIES,
    ENTROPY_TABLE,
    TABLE,
    write_patches,
)
from eegssl.corpus.preprocessing.recording_tables import (
    EVENTS,
    EVENTS_COLUMNS,
    RECORDINGS,
    RECORDINGS_COLUMNS,
    REFUSED,
    REFUSED_CELLS,
    SPLITS_TABLE,
    SUBJECTS,
)
from eegssl.corpus.preprocessing.signal_writer import SignalWriter
from eegssl.corpus.store import SIGNALS
from eegssl.io.tables.tsv import format_tsv
from eegssl.signal.quality import FLAGS
from eegssl.training.history import USAGE

SFREQ_HZ, MINUTES, WINDOW_S, PATCH, N_CODES = 200, 23, 5, 200, 4096
N_FILES = 16
"""Files of noise of each kind; a file system allows some 65,000 links to one."""
SECONDS = 60 * MINUTES
SHAPE = (23, SECONDS)
# fmt: off
CHANNELS = (
    "FP1-F7", "F7-T7", "T7-P7", "P7-O1", "FP1-F3", "F3-C3", "C3-P3", "P3-O1", "FP2-F4", "F4-C4",
    "C4-P4", "P4-O2", "FP2-F8", "F8-T8", "T8-P8", "P8-O2", "FZ-CZ", "CZ-PZ", "P7-T3", "T7-FT9",
    "FT9-FT10", "FT10-T8", "CZ-OZ",
)
# fmt: on
_HASH = "0" * 64


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--recordings", type=int, default=70_000)
    parser.add_argument("--exact", action="store_true", help="store float32")
    args = parser.parse_args()
    write_corpus(args.folder, args.recordings, exact=args.exact)


def write_corpus(
    folder: Path, n: int, *, exact: bool = False, window_s: int = WINDOW_S
) -> tuple[Path, Path]:
    """The folders of ``n`` recordings and of their tokens."""
    ids = hashed_ids(n)
    recordings = write_recordings(folder / "recordings", ids, exact=exact)
    _tokens(folder / "tokens", ids, recordings, window_s)
    return folder / "recordings", folder / "tokens"


def hashed_ids(n: int) -> list[str]:
    """Ids of ``n`` recordings, sorted."""
    return sorted(f"r-{k * 0x9E3779B97F4A7C15 % 2**48:012x}" for k in range(1, n + 1))


def write_recordings(
    out: Path, ids: list[str], *, exact: bool = False, seconds: int = SECONDS
) -> Artifact:
    """The folder of recordings of so many seconds."""
    writer = _begin(out, "recordings", PreprocessConfig().model_dump(mode="json"))
    linked = _linked(out / SIGNALS, "safetensors", ids, _signals(out, seconds, exact=exact))
    sizes, hashes = ([file[k] for file in linked] for k in (0, 1))
    subjects = [f"s-{k // 5:06d}" for k in range(len(ids))]
    rng = np.random.default_rng(0)
    columns: dict[str, object] = {
        name: [None if column.nullable else _EMPTY[column.type]] * len(ids)
        for name, column in RECORDINGS_COLUMNS.items()
        if column.type in _EMPTY
    }
    columns |= {
        **{
            "recording": ids,
            "subject": subjects,
            "file": [f"f{i[1:]}" for i in ids],
            "channels": [CHANNELS] * len(ids),
        },
        **{"montage": ["keep"] * len(ids), "n_samples": [seconds * SFREQ_HZ] * len(ids)},
        **{name: [float(SFREQ_HZ)] * len(ids) for name in ("sfreq_hz", "source_sfreq_hz")},
        **{"duration_s": [float(seconds)] * len(ids), "band_high_hz": [75.0] * len(ids)},
        **{"bytes": sizes, "sha256": hashes, "labelled": [True] * len(ids)},
        "flagged": [{name: [0.0] * len(CHANNELS) for name in FLAGS}] * len(ids),
        "sketch": list(rng.integers(0, 2**32, (len(ids), 64), dtype=np.uint32)),
    }
    _write(writer, RECORDINGS, pa.table(columns, schema=arrow_schema(RECORDINGS_COLUMNS)))
    seized = ids[::20]
    events = {
        **{
            "recording": seized,
            "onset_s": [seconds / 4.6] * len(seized),
            "source": ["tsv"] * len(seized),
        },
        **{"duration_s": [seconds / 23] * len(seized), "type": ["sz"] * len(seized)},
        **{"channels": [[]] * len(seized), "confidence": [None] * len(seized)},
        "original": ["sz"] * len(seized),
    }
    _write(writer, EVENTS, pa.table(events, schema=arrow_schema(EVENTS_COLUMNS)))
    people = list(dict.fromkeys(subjects))
    splits = [[s, "val" if k % 10 == 1 else "train"] for k, s in enumerate(people)]
    writer.write(SPLITS_TABLE, format_tsv(["subject", "split"], splits))
    cells = [[s, "n/a", "n/a"] for s in people]
    writer.write(SUBJECTS, format_tsv(["subject", "age_years", "sex"], cells))
    writer.write(REFUSED, format_tsv(list(REFUSED_CELLS), []))
    n = len(ids)
    facts = {
        **{"files": n, "accepted": n, "refused": 0, "recordings": n, "subjects": len(people)},
        **{"events": {"sz": len(seized)} if seized else {}, "split_by": "subject"},
        **{"synthetic": True, "warnings": []},
    }
    return writer.finish(facts, bulk={SIGNALS: RECORDINGS})


def _tokens(out: Path, ids: list[str], recordings: Artifact, window_s: int) -> None:
    writer = _begin(out, "tokens", TokenizeConfig().model_dump(mode="json"), inputs_of(recordings))
    for kind, table in ((CODES, TABLE), (ENTROPIES, ENTROPY_TABLE)):
        sizes = [size for size, _ in _linked(out / kind, "npy", ids, _patches(out, kind))]
        columns = {
            **{"recording": ids, "n_channels": [SHAPE[0]] * len(ids)},
            **{"n_patches": [SHAPE[1]] * len(ids), "bytes": sizes, "sha256": [_HASH] * len(ids)},
        }
        _write(writer, table, pa.table(columns, schema=arrow_schema(COLUMNS)))
    per_code = len(ids) * SHAPE[0] * SHAPE[1] // N_CODES
    writer.write_json(USAGE, {name: [per_code] * N_CODES for name in ("train", "val")})
    facts = {
        **{"n_codes": N_CODES, "patch_samples": PATCH, "patches_per_window": window_s},
        **{"window_s": float(window_s), "sfreq_hz": float(SFREQ_HZ), "synthetic": True},
        **{"within_subject": False, "warnings": []},
    }
    fitted = FittedOn(recordings=tuple(sorted(ids)), sketches=dict.fromkeys(ids, _NO_SKETCH))
    writer.finish(facts, fitted, bulk={CODES: TABLE, ENTROPIES: ENTROPY_TABLE})


def _begin(out: Path, kind: str, config: dict, inputs: tuple = ()) -> ArtifactWriter:
    return begin(out, kind, config=config, seed=0, inputs=inputs)


def _write(writer: ArtifactWriter, name: str, table: pa.Table) -> None:
    with writer.writing(name) as path:
        pq.write_table(table, path)


def _linked(
    folder: Path, suffix: str, ids: list[str], noise: Iterator[Path]
) -> list[tuple[int, str]]:
    """Link each id to one of the files, which are removed; sizes and hashes of the ids' files.

    Recordings are made in the order of their files' names, which that of hashed ids is not.
    """
    folder.mkdir()
    files = list(noise)
    linked = {}
    known = [(file.stat().st_size, hash_file(file)) for file in files]
    for k, id_ in enumerate(sorted(ids, key=lambda id_: id_[::-1])):
        file = files[k % len(files)]
        os.link(file, folder / f"{id_}.{suffix}")
        linked[id_] = known[k % len(files)]
    for file in files:
        file.unlink()
    return [linked[id_] for id_ in ids]


def _signals(out: Path, seconds: int, *, exact: bool) -> Iterator[Path]:
    rng = np.random.default_rng(0)
    for k in range(N_FILES):
        path = out / f"noise-{k}"
        with SignalWriter(path, seconds * SFREQ_HZ, "<f4" if exact else "<i2") as writer:
            for _ in CHANNELS:
                writer.add(rng.standard_normal(seconds * SFREQ_HZ, dtype=np.float32) * 30)
            writer.finish(np.zeros((len(CHANNELS), seconds), np.uint8))
        yield path


def _patches(out: Path, kind: str) -> Iterator[Path]:
    rng = np.random.default_rng(0)
    for k in range(N_FILES):
        path = out / f"noise-{k}.npy"
        values = rng.integers(0, N_CODES, SHAPE).astype(np.uint16)
        write_patches(path, values if kind == CODES else rng.random(SHAPE).astype(np.float16))
        yield path


_EMPTY = {
    pa.string(): "",
    pa.int64(): 0,
    pa.float64(): 0.0,
    pa.list_(pa.string()): [],
}
_NO_SKETCH = np.zeros(0, np.uint32)

if __name__ == "__main__":
    main()
