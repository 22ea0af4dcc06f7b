"""Hold errors of forecasts as sums that can be added.

A row for each method, unit, recording, channel and part of the horizon: its whole, or one of the
stretches that it is cut into.
"""

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from eegssl.tasks.table_spec import Array, Column, Table, TableSpec, View

KIND = "forecast"
_KEYS = (
    Column("method", "str"),
    Column("unit", "str"),
    Column("recording", "str"),
    Column("subject", "str"),
    Column("channel", "str"),
    Column("from_s", "f8"),
    Column("to_s", "f8"),
    Column("part", "str"),
)
KEYS = tuple(column.name for column in _KEYS)
"""The columns beside the sums; ``part`` is `whole` or `stretch`."""

TABLE = TableSpec(
    kind=KIND,
    columns=(*_KEYS, Column("{}", "f8", each="sums", finite=False)),
    ids=("method", "unit", "recording", "channel", "part"),
    start="from_s",
    about=(
        *("task", "methods", "model", "bands", "sfreq_hz", "context_s", "horizon_s", "targets"),
        *("synthetic", "within_subject", "parts", "leaks"),
    ),
    beside=("sums",),
    same=(
        *("task", "methods", "model", "bands", "sfreq_hz", "context_s", "horizon_s", "targets"),
        *("parts", "adaptation", "encoder_weights", "head", "minimised"),
    ),
    split_hash="metadata",
    compression="zstd",
)


@dataclass(frozen=True)
class Forecasts(View):
    """Rows by key and the sums of each; ``recording`` and ``subject`` are hashed.

    ``about`` says of the system: ``kind``, ``task``, ``methods`` in order, ``model`` (the method
    that is the model), ``bands`` (Hz), ``sfreq_hz``, ``context_s``, ``horizon_s``, ``targets``,
    ``synthetic``, ``within_subject``, ``parts`` (how recordings were split in time, in words),
    ``leaks``.
    """

    keys: dict[str, NDArray[Any]]
    """[n] each, of `KEYS`."""
    sums: dict[str, NDArray[np.float64]]
    """[n] each, of `eegssl.scoring.forecasts.forecast_sums.ForecastWindows.sums`."""
    split_hash: str
    about: dict[str, Any] = field(default_factory=dict)

    spec = TABLE

    def __len__(self) -> int:
        return len(self.keys["method"])

    def as_table(self) -> Table:
        """Columns by name."""
        columns: dict[str, Array] = {**self.keys, **self.sums}
        return Table(TABLE, columns, self.about, {"sums": list(self.sums)}, self.split_hash)

    @classmethod
    def of_table(cls, table: Table) -> Self:
        """The sums in a table."""
        return cls(
            {name: table.columns[name] for name in KEYS},
            {name: table.columns[name] for name in table.beside["sums"]},
            table.split_hash,
            table.about,
        )
