"""Forecast what follows a file, with the interval seen in validation."""

from typing import Any

import numpy as np
from pydantic import TypeAdapter

from eegssl.artifacts.json_parts import read_json, validated
from eegssl.artifacts.manifest import MANIFEST, Artifact
from eegssl.corpus.new_files.cleaned_as import CleanedAs
from eegssl.corpus.places.tilings import ListedStarts
from eegssl.corpus.store import Corpus, Recording
from eegssl.corpus.windows import Windows
from eegssl.errors import ArtifactError, InputError
from eegssl.signal.filtering.filters import chain
from eegssl.tasks.forecast.ahead.error_interval import ErrorInterval
from eegssl.tasks.forecast.ahead.forecasts_ahead import ForecastsAhead
from eegssl.tasks.forecast.data import Context, context_scale
from eegssl.tasks.forecast.model import ForecastModel, load_forecast_model
from eegssl.tasks.forecast.targets import APART
from eegssl.tasks.jobs import CLEANING, Trial
from eegssl.tasks.kind import Unlabelled
from eegssl.tasks.new_file import NewFile
from eegssl.tasks.one_file.file_answer import FileAnswer
from eegssl.training.fitting.devices import choose_device

FORECAST = "forecast"
INTERVAL = "interval"
"""The fact of a model that says how far its forecasts erred on validation pairs."""
_SCHEMA = TypeAdapter(ErrorInterval)
_CLEANED = TypeAdapter(CleanedAs)
_DECIMALS = 3
_ROUNDING_S, _DRIFT = 1.0, 1e-4  # ours: recordings end at whole samples of another rate


class UnlabelledEnds(Unlabelled[ForecastModel, ForecastsAhead]):
    """The signal after the last sample of a file, channel by channel."""

    view = ForecastsAhead

    def require_answers(self, model: Artifact) -> None:
        """Raise ArtifactError for a model that does not say how far its forecasts erred."""
        if INTERVAL not in model.manifest.facts:
            raise ArtifactError(
                f"{model.path} was made by an earlier eegssl and does not say how far its "
                "forecasts erred in validation: make it again with finetune"
            )

    def load(self, model: Artifact, corpus: Corpus) -> ForecastModel:
        """The head on its encoder."""
        return load_forecast_model(model, corpus)

    def predict(self, trial: Trial, model: ForecastModel, file: NewFile) -> ForecastsAhead:
        """The forecast after the last recording of a file; InputError where that is too short."""
        last = max(trial.recordings, key=lambda one: file.onset_s[one.id])
        context = _context(trial, last, model, file)
        model.network.to(choose_device(trial.config.device)).eval()
        ahead_uv = np.asarray(model.network.forecast(context)[0], dtype=np.float64)
        facts = trial.model.manifest.facts
        interval = validated(
            facts[INTERVAL], _SCHEMA, trial.model.path / MANIFEST, f"facts.{INTERVAL}"
        )
        n_channels, n_samples = ahead_uv.shape
        lead_s = np.arange(n_samples) / last.sfreq_hz
        _, deviation = context_scale(context.signal_uv[0])
        half_uv = deviation * interval.at(lead_s)
        n = n_channels * n_samples
        return ForecastsAhead(
            subject=[last.subject] * n,
            recording=[last.id] * n,
            channel=[name for name in last.channels for _ in range(n_samples)],
            lead_s=np.tile(lead_s, n_channels),
            uv=ahead_uv.ravel().round(_DECIMALS),
            low_uv=(ahead_uv - half_uv).ravel().round(_DECIMALS),
            high_uv=(ahead_uv + half_uv).ravel().round(_DECIMALS),
            about={
                "kind": FORECAST,
                "task": model.task.name,
                "context_s": model.task.context_s,
                "horizon_s": model.task.horizon_s,
                "sfreq_hz": last.sfreq_hz,
                "targets": facts["targets"],
                INTERVAL: facts[INTERVAL],
                "leaks": [leak.in_words() for leak in trial.leaks],
            },
        )

    def answer(self, table: ForecastsAhead, file: NewFile) -> FileAnswer:
        """The forecast as arrays [C, T], and where it begins in the file."""
        about = table.about
        channels = list(dict.fromkeys(table.channel))
        shape = len(channels), -1
        lead_s = table.lead_s.reshape(shape)[0]
        document: dict[str, Any] = {name: about[name] for name in ("context_s", "horizon_s")}
        document |= {
            "forecast_from_s": file.span_s,
            "sfreq_hz": about["sfreq_hz"],
            "filtered": "without delay" if about["targets"] == APART else "causally",
            INTERVAL: about[INTERVAL],
        }
        return FileAnswer(
            file,
            FORECAST,
            about["horizon_s"],
            document,
            times_s=file.span_s + lead_s,
            arrays={
                "forecast_uv": table.uv.reshape(shape),
                "low_uv": table.low_uv.reshape(shape),
                "high_uv": table.high_uv.reshape(shape),
            },
        )


def _context(trial: Trial, last: Recording, model: ForecastModel, file: NewFile) -> Context:
    """The end of a recording as a context; its filters, where forecasts are free of their delay."""
    n = model.horizon.context_samples
    unread_s = file.span_s - file.onset_s[last.id] - last.duration_s
    if unread_s > _ROUNDING_S + _DRIFT * file.span_s:
        raise InputError(
            f"the file goes on for {unread_s:.3g} s, gaps included, after its last stretch that is "
            "long enough to be read, and the forecast is of what comes after its end"
        )
    if last.n_samples < n:
        raise InputError(
            f"the forecast reads {model.task.context_s:g} s before the end of a file, and its last "
            f"stretch without a gap has {last.duration_s:g} s"
        )
    start = ListedStarts(np.zeros(1, np.int64), np.array([last.n_samples - n]))
    windows = Windows(trial.corpus, (last,), start, n)
    batch = windows.batch(np.zeros(1, np.int64))
    chains = None
    if trial.model.manifest.facts["targets"] == APART:
        filters = read_json(trial.model / CLEANING, _CLEANED).filter
        chains = (chain(file.source_sfreq_hz, filters, last.line_hz),)
    return Context(**vars(batch), chains=chains)
