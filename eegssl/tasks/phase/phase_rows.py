"""Forecast phases into a table: a row for each channel and band."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from eegssl.tasks.phase.data import BASES, PhasePairs, known_of, lead_samples
from eegssl.tasks.phase.model import PhaseHead
from eegssl.tasks.table import stack_tables
from eegssl.tasks.table_spec import Column, Table, TableSpec, View, fields_of

Floats = NDArray[np.float64]

KIND = "phase"
_MRAD = 1000.0
_MOST_MRAD = 3141  # so that half a turn, rounded, stays one and is stored alike again
_UV_DECIMALS = 3
_AT_ONCE = 8


def _as_mrad(rad: Floats) -> NDArray[np.int16]:
    """Phases the short way round, in whole thousandths of a radian."""
    short = np.pi - np.mod(np.pi - rad, 2 * np.pi)
    return np.clip(np.round(short * _MRAD), -_MOST_MRAD, _MOST_MRAD).astype(np.int16)


def _phases(name: str, each: str = "", field: str = "") -> Column:
    """A column of phases in radians at every lead time."""
    return Column(
        name, "i2", each, "lead_s", field, encode=_as_mrad, decode=lambda mrad: mrad / _MRAD
    )


TABLE = TableSpec(
    kind=KIND,
    columns=(
        Column("subject", "str"),
        Column("recording", "str"),
        Column("channel", "str"),
        Column("band", "str"),
        Column("t_s", "f8"),
        Column("context_hz", "f8", finite=False),
        Column("true_hz", "f8", finite=False),
        Column("oscillates", "?"),
        _phases("true_mrad", field="true_rad"),
        Column(
            *("true_uv", "f4", "", "lead_s"),
            encode=lambda uv: np.round(uv, _UV_DECIMALS),
            decode=lambda uv: uv.astype(np.float64),
        ),
        Column("hz_{}", "f8", each="methods", finite=False),
        _phases("mrad_{}", each="methods"),
    ),
    ids=("recording", "channel", "band"),
    start="t_s",
    about=("task", "kind", "bands", "strata", "synthetic", "within_subject", "parts", "leaks"),
    beside=("lead_s", "methods"),
    same=(
        *("task", "bands", "strata", "half_width_hz", "parts", "targets"),
        *("adaptation", "encoder_weights"),
    ),
    listed=("base",),
    split_hash="column",
    compression="zstd",
)


@dataclass(frozen=True)
class MethodPhases:
    """One method's forecasts: ``hz`` [n], the frequency after t; ``rad`` [n, L]."""

    hz: Floats
    rad: Floats


@dataclass(frozen=True)
class PhasePredictions(View):
    """Forecast and true phases of n rows (a channel and band of a pair) at L lead times.

    ``lead_s`` [L] counts from t, the first sample after the context. ``context_hz`` [n] is the
    dominant frequency of the context, around which phases are taken; ``true_hz`` [n] that of the
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

    spec = TABLE

    def __len__(self) -> int:
        return len(self.subject)

    @property
    def bands(self) -> dict[str, tuple[float, float]]:
        """Bands in Hz by name, in order of frequency."""
        named = {name: (low, high) for name, (low, high) in self.about["bands"].items()}
        return dict(sorted(named.items(), key=lambda item: (item[1], item[0])))

    def as_table(self) -> Table:
        """Columns by name; phases in radians."""
        table = super().as_table()
        for name, method in self.methods.items():
            table.columns.update({f"hz_{name}": method.hz, f"mrad_{name}": method.rad})
        beside = {"lead_s": self.lead_s.tolist(), "methods": list(self.methods)}
        return replace(table, beside=beside)

    @classmethod
    def of_table(cls, table: Table) -> Self:
        """The phases in a table."""
        methods = {
            name: MethodPhases(table.columns[f"hz_{name}"], table.columns[f"mrad_{name}"])
            for name in table.beside["methods"]
        }
        lead_s = np.array(table.beside["lead_s"], dtype=np.float64)
        return cls(**fields_of(table), methods=methods, lead_s=lead_s)


def predict_phases(
    head: PhaseHead, pairs: PhasePairs, split_hash: str, about: dict[str, Any]
) -> PhasePredictions:
    """Forecast every pair by the head and both baselines; rows in order of recording and time.

    A baseline's frequency to come is that of the context. ``about`` is stored with the rows,
    together with the task's bands and strata.
    """
    phase = pairs.task.phase
    about = about | {
        "kind": KIND,
        "bands": phase.bands,
        "strata": phase.strata,
        "half_width_hz": phase.half_width_hz,
    }
    tables = [_rows(head, pairs, index, split_hash, about) for index in pairs.in_order(_AT_ONCE)]
    return stack_tables(tables)


def _rows(
    head: PhaseHead,
    pairs: PhasePairs,
    index: NDArray[np.int64],
    split_hash: str,
    about: dict[str, Any],
) -> PhasePredictions:
    """The rows of some pairs with equally many channels."""
    leads = lead_samples(pairs.horizon, pairs.task.phase)
    pair = pairs.batch(index)
    known = known_of(pairs, pair, leads)
    ahead = head.correct(pair.context, known.centres_hz, known.bases, leads)
    owners = [pairs.windows.recordings[k] for k in pairs.windows.owner[index]]
    bands = list(pairs.task.phase.bands)
    named = [(r, channel, band) for r in owners for channel in r.channels for band in bands]
    n_each = len(named) // len(owners)
    methods: dict[str, MethodPhases] = {
        name: MethodPhases(known.centres_hz.ravel(), _flat(known.bases[name])) for name in BASES
    }
    methods["model"] = MethodPhases(ahead.hz.ravel(), _flat(ahead.rad))
    return PhasePredictions(
        subject=[r.subject for r, _, _ in named],
        recording=[r.id for r, _, _ in named],
        t_s=np.repeat(pairs.t_s[index], n_each),
        channel=[channel for _, channel, _ in named],
        band=[band for _, _, band in named],
        context_hz=known.centres_hz.ravel(),
        true_hz=known.peaks.hz.ravel(),
        oscillates=known.peaks.oscillates.ravel(),
        true_rad=_flat(known.truth.rad),
        true_uv=_flat(known.truth.uv),
        methods=methods,
        lead_s=leads / pairs.horizon.sfreq_hz,
        split_hash=split_hash,
        about=about,
    )


def _flat(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """[B, C, K, L] as rows [n, L]."""
    return values.reshape(-1, values.shape[-1])
