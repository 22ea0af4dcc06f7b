"""Sum up errors of forecasts in rows that can be added.

A row for each method, unit, recording, channel and part of the horizon: its whole, or a stretch.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import median
from typing import Any, Self, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from eegssl.scoring.forecasts.forecast_sums import HORIZONS_S, Sums, checked_windows, stretch_edges
from eegssl.signal.bands import BANDS_HZ
from eegssl.tasks.benchmarked import MODEL_METHOD
from eegssl.tasks.forecast.config import ErrorUnit
from eegssl.tasks.forecast.data import PairBatch, RecordedPairs, in_unit
from eegssl.tasks.forecast.methods.phase_compensation import Forecaster
from eegssl.tasks.forecast.model import ForecastModel
from eegssl.tasks.table import stack_rows
from eegssl.tasks.table_spec import Array, Column, Table, TableSpec, View

KIND = "forecast"
_REPEATS = 5
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


Floats = NDArray[np.float64]
Keys = dict[str, NDArray[Any]]
Place = tuple[str, ErrorUnit, tuple[int, int], str]
"""Method, unit, samples of the horizon from and to, and whether these are its `whole`."""


def methods_of(model: ForecastModel, device: torch.device) -> dict[str, Forecaster]:
    """The model, then its baselines, by name, ready on a device."""
    for method in (model.network, *model.baselines.values()):
        if isinstance(method, torch.nn.Module):
            method.to(device).eval()
    return {MODEL_METHOD: model.network, **model.baselines}


def forecast_rows(
    methods: Mapping[str, Forecaster],
    pairs: RecordedPairs,
    batch_size: int,
    on_recording: Callable[[int], None] = lambda done: None,
) -> tuple[Keys, dict[str, Floats]]:
    """Keys and sums of a table of forecasts, recording by recording."""
    parts = []
    for owner, recording in enumerate(pairs.windows.recordings):
        places = np.flatnonzero(pairs.windows.owner == owner)
        total: dict[Place, Sums] = {}
        for first in range(0, len(places), batch_size):
            pair = pairs.batch(places[first : first + batch_size])
            for place, sums in _sums_of(methods, pair, pairs.horizon.sfreq_hz):
                if place in total:
                    sums = {name: total[place][name] + added for name, added in sums.items()}
                total[place] = sums
        parts += [
            _rows(place, sums, recording.id, recording.subject, recording.channels, pairs)
            for place, sums in total.items()
        ]
        on_recording(owner + 1)
    return stack_rows([keys for keys, _ in parts]), stack_rows([sums for _, sums in parts])


def _sums_of(
    methods: Mapping[str, Forecaster], pair: PairBatch, sfreq_hz: float
) -> Iterator[tuple[Place, Sums]]:
    """The sums [C] of every method in both units, over the whole horizon and each stretch."""
    context_uv = pair.context.signal_uv
    n_samples = pair.target_uv.shape[-1]
    edges = stretch_edges(HORIZONS_S, sfreq_hz, n_samples)
    parts = [((0, n_samples), "whole"), *((span, "stretch") for span in pairwise(edges))]
    units: tuple[ErrorUnit, ...] = get_args(ErrorUnit)
    ahead_uv = {name: method.forecast(pair.context) for name, method in methods.items()}
    for unit in units:
        truth = in_unit(pair.target_uv, context_uv, unit)
        windows = checked_windows(truth, truth, in_unit(context_uv, context_uv, unit))
        for name, forecast_uv in ahead_uv.items():
            own = replace(windows, forecast=in_unit(forecast_uv, context_uv, unit))
            for span, part in parts:
                yield (name, unit, span, part), own.sums(slice(*span), sfreq_hz, BANDS_HZ)


def _rows(
    place: Place,
    sums: Sums,
    recording: str,
    subject: str,
    channels: tuple[str, ...],
    pairs: RecordedPairs,
) -> tuple[Keys, Sums]:
    """The rows of a recording in one place, one a channel."""
    method, unit, (start, stop), part = place
    sfreq_hz, n = pairs.horizon.sfreq_hz, len(channels)
    values = (method, unit, recording, subject, "", start / sfreq_hz, stop / sfreq_hz, part)
    keys: Keys = {
        name: np.full(n, value, dtype=object if isinstance(value, str) else np.float64)
        for name, value in zip(KEYS, values, strict=True)
    }
    keys["channel"] = np.array(channels, dtype=object)
    return keys, sums


def latencies_ms(methods: Mapping[str, Forecaster], pairs: RecordedPairs) -> dict[str, float]:
    """Milliseconds from the last sample of one context to each method's forecast, at the median.

    Wall time on this machine; printed with a result and never stored in it.
    """
    context = pairs.batch(np.array([0])).context
    took: dict[str, list[float]] = {name: [] for name in methods}
    for _ in range(_REPEATS):
        for name, method in methods.items():
            start = time.perf_counter()
            method.forecast(context)
            took[name].append(time.perf_counter() - start)
    return {name: round(1e3 * median(some), 2) for name, some in took.items()}
