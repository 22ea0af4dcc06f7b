"""Hold forecast phases: a row a channel and band of a pair."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from eegssl.tasks.table_spec import Column, Table, TableSpec, View, fields_of

Floats = NDArray[np.float64]

KIND = "phase"
_MRAD = 1000.0
_MOST_MRAD = 3141  # so that half a turn, rounded, stays one and is stored alike again
_UV_DECIMALS = 3


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
