"""The table of forecasts (Parquet): sums of errors, the only source of every score of a forecast.

One row for each method, unit, recording, channel and part of the horizon: its whole, or one of the
stretches that it is cut into. What scores need besides stands as JSON in the file's own metadata,
so that the one file can be scored again anywhere, without model, recordings or signals.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from eegssl.artifacts.atomic import hash_json
from eegssl.corpus.audits.leaks import Times
from eegssl.errors import ArtifactError

KEYS = ("method", "unit", "recording", "subject", "channel", "from_s", "to_s", "part")
"""The columns beside the sums; ``part`` is `whole` or `stretch`."""
KIND = "forecast"
_KEY = b"eegssl"
_ABOUT = (
    *("task", "methods", "model", "bands", "sfreq_hz", "context_s", "horizon_s", "targets"),
    *("synthetic", "within_subject", "parts", "leaks"),
)
_FAULTS = (OSError, KeyError, TypeError, ValueError, pa.ArrowInvalid)


@dataclass(frozen=True)
class Forecasts:
    """Rows by key and the sums of each; ``recording`` and ``subject`` are hashed.

    ``about`` says of the system: ``kind``, ``task``, ``methods`` in order, ``model`` (the method
    that is the model), ``bands`` (Hz), ``sfreq_hz``, ``context_s``, ``horizon_s``, ``targets``,
    ``synthetic``, ``within_subject``, ``parts`` (how recordings were split in time, in words),
    ``leaks``.
    """

    keys: dict[str, NDArray[Any]]
    """[n] each, of `KEYS`."""
    sums: dict[str, NDArray[np.float64]]
    """[n] each, of ``eegssl.scoring.forecasts.forecast_sums.forecast_sums``."""
    split_hash: str
    about: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.keys["method"])


def joined(parts: Sequence[tuple[dict[str, NDArray[Any]], dict[str, NDArray[np.float64]]]]) -> Any:
    """Keys and sums of several parts, one below the other."""
    keys = {name: np.concatenate([k[name] for k, _ in parts]) for name in parts[0][0]}
    sums = {name: np.concatenate([s[name] for _, s in parts]) for name in parts[0][1]}
    return keys, sums


def pooled(tables: Sequence[Forecasts]) -> Forecasts:
    """The tables of several folds as one; they are of one task, and no recording is in two."""
    keys, sums = joined([(table.keys, table.sums) for table in tables])
    first = tables[0]
    about = first.about | {
        "folds": len(tables),
        "leaks": sorted({leak for t in tables for leak in t.about["leaks"]}),
    }
    split_hash = hash_json([table.split_hash for table in tables])
    return replace(first, keys=keys, sums=sums, split_hash=split_hash, about=about)


def times_of_rows(table: Forecasts) -> Times:
    """What each row sums up, and the stretch of the horizon that it is of."""
    names = ("method", "unit", "recording", "channel", "part")
    rows = zip(*(table.keys[name].tolist() for name in names), strict=True)
    from_s, to_s = (table.keys[name].astype(np.float64) for name in ("from_s", "to_s"))
    return Times([" ".join(row) for row in rows], from_s, to_s - from_s)


def write_forecasts(path: Path, forecasts: Forecasts) -> None:
    """Write ``predictions.parquet``: the keys, then a column for each sum."""
    text = {name: pa.array(forecasts.keys[name].tolist(), pa.string()) for name in KEYS[:5]}
    numbers = {name: pa.array(forecasts.keys[name]) for name in ("from_s", "to_s")}
    part = {"part": pa.array(forecasts.keys["part"].tolist(), pa.string())}
    table = pa.table(text | numbers | part | {n: pa.array(v) for n, v in forecasts.sums.items()})
    besides = {
        "about": forecasts.about,
        "sums": list(forecasts.sums),
        "split_hash": forecasts.split_hash,
    }
    metadata = {_KEY: json.dumps(besides, sort_keys=True, allow_nan=False).encode()}
    pq.write_table(table.replace_schema_metadata(metadata), path, compression="zstd")


def read_forecasts(path: Path) -> Forecasts:
    """Read ``predictions.parquet`` of a forecast.

    Raises ArtifactError when a column or what stands beside the rows is missing.
    """
    try:
        table = pq.read_table(path)
        besides = json.loads(table.schema.metadata[_KEY])
        for name in _ABOUT:
            _ = besides["about"][name]
        return Forecasts(
            {name: table[name].to_numpy() for name in KEYS},
            {name: table[name].to_numpy() for name in besides["sums"]},
            besides["split_hash"],
            besides["about"],
        )
    except _FAULTS as error:
        raise ArtifactError(
            f"{path} is no table of forecasts of this version of eegssl ({type(error).__name__}); "
            "give the predictions.parquet of an evaluation of a forecast"
        ) from None
