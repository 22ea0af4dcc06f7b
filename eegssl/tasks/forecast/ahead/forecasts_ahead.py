"""Hold forecasts of what comes after the end of files."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegssl.tasks.table_spec import Column, TableSpec, View

Floats = NDArray[np.float64]

TABLE = TableSpec(
    kind="forecast",
    columns=(
        Column("subject", "str"),
        Column("recording", "str"),
        Column("channel", "str"),
        Column("lead_s", "f8", least=0.0),
        Column("uv", "f8"),
        Column("low_uv", "f8"),
        Column("high_uv", "f8"),
    ),
    ids=("recording", "channel"),
    start="lead_s",
    about=("kind", "task", "context_s", "horizon_s", "sfreq_hz", "targets", "interval", "leaks"),
    compression="zstd",
    made_by="eegssl predict",
)


@dataclass(frozen=True)
class ForecastsAhead(View):
    """A row for each channel and sample after the end; ``recording`` and ``subject`` are hashed.

    ``about`` says of the model: ``kind``, ``task``, ``context_s``, ``horizon_s``, ``sfreq_hz``,
    ``targets``, ``interval`` (as in its facts), ``leaks``.
    """

    subject: list[str]
    recording: list[str]
    channel: list[str]
    lead_s: Floats
    """[n], seconds after the recording's last sample."""
    uv: Floats
    low_uv: Floats
    """[n], the lower end of the interval seen in validation."""
    high_uv: Floats
    about: dict[str, Any] = field(default_factory=dict)

    spec = TABLE
