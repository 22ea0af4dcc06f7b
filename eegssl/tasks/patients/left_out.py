"""The table of patients who were left out (Parquet): the only source of every score of a cohort.

One row a patient, repeat and input. What scores need besides (the AUROCs of permuted outcomes,
settings, seed, counts) stands as JSON in the file's own metadata, so that the one file can be
scored again anywhere, without recordings or encoder.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from eegssl.errors import ArtifactError

_KEY = b"eegssl"
KIND = "patients"
_FAULTS = (OSError, KeyError, TypeError, ValueError, IndexError, pa.ArrowInvalid)


@dataclass(frozen=True)
class LeftOut:
    """What one input said of patients left out: ``logits`` and ``folds`` [R, P], ``null`` [B]."""

    logits: NDArray[np.float64]
    folds: NDArray[np.int64]
    null: NDArray[np.float64]


@dataclass(frozen=True)
class PatientPredictions:
    """Patients [P] (hashed ids), their outcomes [P] of 0 and 1, and what each input said.

    ``about`` says what else the scores and the report need, as plain values.
    """

    patients: tuple[str, ...]
    truth: NDArray[np.int64]
    inputs: Mapping[str, LeftOut]
    about: dict[str, Any]


def write_patients(path: Path, found: PatientPredictions) -> None:
    """Write the table: input by input, repeat by repeat, patients in their order."""
    n = len(found.patients)
    repeats = {name: len(one.logits) for name, one in found.inputs.items()}
    logits = np.concatenate([one.logits.reshape(-1) for one in found.inputs.values()])
    total = sum(repeats.values())
    columns = {
        "input": pa.array([name for name, r in repeats.items() for _ in range(r * n)], pa.string()),
        "repeat": pa.array(
            np.concatenate([np.repeat(np.arange(r, dtype=np.int32), n) for r in repeats.values()])
        ),
        "subject": pa.array(list(found.patients) * total, pa.string()),
        "fold": pa.array(
            np.concatenate([one.folds.reshape(-1) for one in found.inputs.values()]).astype("i4")
        ),
        "truth": pa.array(np.tile(found.truth, total).astype(np.int32)),
        "logit": pa.array(logits),
        "probability": pa.array(1 / (1 + np.exp(-np.clip(logits, -700, 700)))),
    }
    besides = {
        "about": {"kind": KIND} | found.about,
        "null": {name: one.null.tolist() for name, one in found.inputs.items()},
    }
    metadata = {_KEY: json.dumps(besides, allow_nan=False).encode()}
    pq.write_table(pa.table(columns).replace_schema_metadata(metadata), path)


def read_patients_left_out(path: Path) -> PatientPredictions:
    """Read the table.

    Raises ArtifactError when it is none of this version, or is damaged.
    """
    try:
        table = pq.read_table(path)
        besides = json.loads(table.schema.metadata[_KEY])
        if besides["about"]["kind"] != KIND:
            raise ValueError(f"of kind {besides['about']['kind']}")
        of = np.array(table["input"].to_pylist(), dtype=str)
        names = list(dict.fromkeys(of.tolist()))
        repeat = table["repeat"].to_numpy()
        first = (of == names[0]) & (repeat == 0)
        patients = tuple(np.array(table["subject"].to_pylist(), dtype=str)[first].tolist())
        columns = {c: table[c].to_numpy() for c in ("logit", "fold", "truth")}
        inputs = {}
        for name in names:
            shape = (int(repeat[of == name].max()) + 1, len(patients))
            inputs[name] = LeftOut(
                columns["logit"][of == name].reshape(shape),
                columns["fold"][of == name].reshape(shape).astype(np.int64),
                np.array(besides["null"][name], dtype=np.float64),
            )
        truth = columns["truth"][first].astype(np.int64)
        return PatientPredictions(patients, truth, inputs, besides["about"])
    except _FAULTS as error:
        raise ArtifactError(
            f"{path} is no table of patients of this version of eegssl ({type(error).__name__}); "
            "give the predictions.parquet of a patient-level task"
        ) from None
