"""The table of forecast phases (Parquet): the only source of every score of them.

A row is a channel and band of one pair, with what is true and what each method said. What scores
need besides (lead times, bands, whose model it was) stands as JSON in the file's metadata.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from eegssl.artifacts.atomic import hash_json
from eegssl.corpus.audits.leaks import Times
from eegssl.errors import ArtifactError

Floats = NDArray[np.float64]

KIND = "phase"
_KEY = b"eegssl"
_ABOUT = ("task", "kind", "bands", "strata", "synthetic", "within_subject", "parts", "leaks")
_FAULTS = (OSError, KeyError, TypeError, ValueError, pa.ArrowInvalid)
_MRAD = 1000.0
_MOST_MRAD = 3141  # so that half a turn, rounded, stays one and is stored alike again
_UV_DECIMALS = 3


@dataclass(frozen=True)
class MethodPhases:
    """What one method said: ``hz`` [n], the frequency to come; ``rad`` [n, L]."""

    hz: Floats
    rad: Floats


@dataclass(frozen=True)
class PhasePredictions:
    """Forecast and true phases of n rows (a channel and band of a pair) at L lead times.

    ``lead_s`` [L] counts from t, the first sample after the context. ``context_hz`` [n] is the
    dominant frequency of the context, around which phases are told; ``true_hz`` [n] that of the
    target, where it ``oscillates`` [n]. ``about`` says of the system: ``task``, ``kind``,
    ``bands`` in Hz by name, ``strata``, ``synthetic``, ``within_subject``, ``parts`` (how
    recordings were split in time, in words), ``leaks``.
    """

    subject: list[str]
    recording: list[str]
    t_s: Floats
    """[n], from the recording's first sample."""
    channel: list[str]
    band: list[str]
    context_hz: Floats
    true_hz: Floats
    oscillates: NDArray[np.bool_]
    true_rad: Floats
    """[n, L]"""
    true_uv: Floats
    """[n, L], amplitude in the narrow band."""
    methods: dict[str, MethodPhases]
    lead_s: Floats
    split_hash: str
    about: dict[str, Any]

    def __len__(self) -> int:
        return len(self.subject)

    @property
    def bands(self) -> dict[str, tuple[float, float]]:
        """Bands in Hz by name, in order of frequency."""
        named = {name: (low, high) for name, (low, high) in self.about["bands"].items()}
        return dict(sorted(named.items(), key=lambda item: (item[1], item[0])))

    def of(self, keep: NDArray[np.bool_]) -> "PhasePredictions":
        """The rows [n] where this is true."""
        places = np.flatnonzero(keep)

        def some(names: list[str]) -> list[str]:
            return [names[k] for k in places]

        return replace(
            self,
            subject=some(self.subject),
            recording=some(self.recording),
            t_s=self.t_s[places],
            channel=some(self.channel),
            band=some(self.band),
            context_hz=self.context_hz[places],
            true_hz=self.true_hz[places],
            oscillates=self.oscillates[places],
            true_rad=self.true_rad[places],
            true_uv=self.true_uv[places],
            methods={n: MethodPhases(m.hz[places], m.rad[places]) for n, m in self.methods.items()},
        )


def stacked(tables: Sequence[PhasePredictions]) -> PhasePredictions:
    """The rows of all tables, one after the other; what stands beside them is the first one's.

    Raises ArtifactError where they are not of the same bands, methods and lead times.
    """
    first = tables[0]
    for table in tables[1:]:
        same = table.methods.keys() == first.methods.keys()
        same &= table.about["bands"] == first.about["bands"]
        if not same or not np.array_equal(table.lead_s, first.lead_s):
            raise ArtifactError("tables differ in bands, methods or lead times; can't be pooled")
    return replace(
        first,
        subject=[name for t in tables for name in t.subject],
        recording=[name for t in tables for name in t.recording],
        t_s=np.concatenate([t.t_s for t in tables]),
        channel=[name for t in tables for name in t.channel],
        band=[name for t in tables for name in t.band],
        context_hz=np.concatenate([t.context_hz for t in tables]),
        true_hz=np.concatenate([t.true_hz for t in tables]),
        oscillates=np.concatenate([t.oscillates for t in tables]),
        true_rad=np.concatenate([t.true_rad for t in tables]),
        true_uv=np.concatenate([t.true_uv for t in tables]),
        methods={
            name: MethodPhases(
                np.concatenate([t.methods[name].hz for t in tables]),
                np.concatenate([t.methods[name].rad for t in tables]),
            )
            for name in first.methods
        },
    )


def times_of_rows(table: PhasePredictions) -> Times:
    """What each row is of, and when."""
    rows = zip(table.recording, table.channel, table.band, strict=True)
    return Times([" ".join(row) for row in rows], table.t_s, np.zeros(len(table)))


def pooled(tables: Sequence[PhasePredictions]) -> PhasePredictions:
    """The predictions of several folds as one table; no recording is in two of them."""
    about = tables[0].about | {
        "folds": len(tables),
        "base": [t.about["base"] for t in tables],
        "leaks": sorted({leak for t in tables for leak in t.about["leaks"]}),
    }
    return replace(
        stacked(tables), split_hash=hash_json([t.split_hash for t in tables]), about=about
    )


def write_phase_predictions(path: Path, table: PhasePredictions) -> None:
    """Write ``predictions.parquet``: columns ``hz_<method>`` and ``mrad_<method>`` a method.

    Phases are stored in whole thousandths of a radian, amplitudes to a nanovolt.
    """
    columns: dict[str, pa.Array] = {
        name: pa.array(getattr(table, name), pa.string())
        for name in ("subject", "recording", "channel", "band")
    }
    for name in ("t_s", "context_hz", "true_hz", "oscillates"):
        columns[name] = pa.array(getattr(table, name))
    columns["true_mrad"] = _lists(_as_mrad(table.true_rad), pa.int16())
    amplitude = np.round(table.true_uv, _UV_DECIMALS).astype(np.float32)
    columns["true_uv"] = _lists(amplitude, pa.float32())
    for name, method in table.methods.items():
        columns[f"hz_{name}"] = pa.array(method.hz)
        columns[f"mrad_{name}"] = _lists(_as_mrad(method.rad), pa.int16())
    columns["split_hash"] = pa.array([table.split_hash] * len(table), pa.string())
    besides = {"lead_s": table.lead_s.tolist(), "methods": list(table.methods)}
    besides |= {"about": table.about}
    metadata = {_KEY: json.dumps(besides, sort_keys=True, allow_nan=False).encode()}
    named = pa.table(columns).replace_schema_metadata(metadata)
    pq.write_table(named, path, compression="zstd")


def read_phase_predictions(path: Path) -> PhasePredictions:
    """Read ``predictions.parquet`` of a phase task.

    Raises ArtifactError when a column or what stands beside the rows is missing.
    """
    try:
        table = pq.read_table(path)
        besides = json.loads(table.schema.metadata[_KEY])
        about: Mapping[str, Any] = besides["about"]
        if about["kind"] != KIND:
            raise ValueError(f"of kind {about['kind']}")
        _ = [about[name] for name in _ABOUT]
        lead_s = np.array(besides["lead_s"], dtype=np.float64)
        texts = {n: table[n].to_pylist() for n in ("subject", "recording", "channel", "band")}
        numbers = {n: table[n].to_numpy() for n in ("t_s", "context_hz", "true_hz", "oscillates")}
        hashes = set(table["split_hash"].to_pylist())
        methods = {
            name: MethodPhases(
                table[f"hz_{name}"].to_numpy(), _read(table, f"mrad_{name}", lead_s) / _MRAD
            )
            for name in besides["methods"]
        }
        return PhasePredictions(
            **texts,
            **numbers,
            true_rad=_read(table, "true_mrad", lead_s) / _MRAD,
            true_uv=_read(table, "true_uv", lead_s),
            methods=methods,
            lead_s=lead_s,
            split_hash=hashes.pop() if hashes else "",
            about=dict(about),
        )
    except _FAULTS as error:
        raise ArtifactError(
            f"{path} is no table of forecast phases of this version of eegssl "
            f"({type(error).__name__}); give the predictions.parquet of an evaluation"
        ) from None


def _as_mrad(rad: Floats) -> NDArray[np.int16]:
    """Phases the short way round, in whole thousandths of a radian."""
    short = np.pi - np.mod(np.pi - rad, 2 * np.pi)
    return np.clip(np.round(short * _MRAD), -_MOST_MRAD, _MOST_MRAD).astype(np.int16)


def _lists(values: NDArray[Any], kind: pa.DataType) -> pa.Array:
    flat = pa.array(np.ascontiguousarray(values).ravel(), kind)
    return pa.FixedSizeListArray.from_arrays(flat, values.shape[-1])


def _read(table: pa.Table, name: str, lead_s: Floats) -> Floats:
    flat = table[name].combine_chunks().flatten().to_numpy()
    return np.asarray(flat.reshape(len(table), len(lead_s)), dtype=np.float64)
