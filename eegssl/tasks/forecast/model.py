"""Write and read a forecasting model with its task and baselines."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from safetensors.numpy import save_file

from eegssl.adaptation.config import AdaptationConfig
from eegssl.artifacts.array_parts import open_tensors
from eegssl.artifacts.json_parts import damaged
from eegssl.artifacts.manifest import Artifact
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.config.settings import public_values
from eegssl.corpus.store import Corpus
from eegssl.encoder.architectures import build_encoder
from eegssl.tasks.forecast.ahead.error_interval import ErrorInterval
from eegssl.tasks.forecast.config import ForecastTaskConfig
from eegssl.tasks.forecast.data import Horizon, horizon_of
from eegssl.tasks.forecast.fit import is_frozen
from eegssl.tasks.forecast.methods.forecast_baselines import Linear, plain
from eegssl.tasks.forecast.methods.forecast_head import SignalHead, build_head
from eegssl.tasks.forecast.methods.forecast_networks import NETWORKS, build_network
from eegssl.tasks.forecast.methods.phase_compensation import Forecaster
from eegssl.tasks.forecast.methods.training_steps import ForecastNetwork
from eegssl.tasks.jobs import MODEL, MODEL_FILES, TASK
from eegssl.tasks.model_contract import ModelFacts, model_contract
from eegssl.tasks.trained_for import encoder_settings
from eegssl.training.weights import load_weights, read_module_config, read_weights, save_module

BASELINES = "baselines"
FILES = (*MODEL_FILES, f"{BASELINES}/*")
"""The files that a model of forecasts holds beside its encoder's settings and history."""
_LINEAR = "linear"


@dataclass(frozen=True)
class ForecastModel:
    """A trained head on its encoder, the task (its head's base named), and fitted baselines."""

    network: SignalHead
    task: ForecastTaskConfig
    adaptation: AdaptationConfig
    baselines: Mapping[str, Forecaster]

    @property
    def horizon(self) -> Horizon:
        """The lengths that all of them are made for."""
        return self.network.horizon


def save_forecast_model(writer: ArtifactWriter, model: ForecastModel) -> None:
    """Write weights of all methods and the configurations."""
    save_module(writer, MODEL, model.network, model.adaptation)
    writer.write_json("encoder.json", model.network.encoder.config.model_dump(mode="json"))
    writer.write_json(TASK, public_values(model.task))
    for name, method in model.baselines.items():
        if isinstance(method, ForecastNetwork):
            save_module(writer, f"{BASELINES}/{name}", method, model.task.baselines)
        elif isinstance(method, Linear):
            arrays = {"weights": method.weights, "penalties": method.penalties}
            with writer.writing(f"{BASELINES}/{name}.safetensors") as path:
                save_file({n: np.ascontiguousarray(a) for n, a in arrays.items()}, path)


def load_forecast_model(artifact: Artifact, corpus: Corpus) -> ForecastModel:
    """Read a model for use on a corpus.

    Raises ArtifactError when weights don't match or the corpus has another sampling rate.
    """
    settings = encoder_settings(artifact, corpus)
    task = read_module_config(artifact.path, "task", ForecastTaskConfig)
    adaptation = read_module_config(artifact.path, MODEL, AdaptationConfig)
    horizon = horizon_of(task, settings.sfreq_hz)
    frozen = is_frozen(adaptation)
    network = build_head(build_encoder(settings, 0), horizon, task, 0, frozen=frozen)
    load_weights(network, artifact.path, MODEL)
    methods: dict[str, Forecaster] = {
        name: _baseline(name, artifact, task, horizon) for name in task.baselines.methods
    }
    return ForecastModel(network.eval(), task, adaptation, methods)


def _baseline(
    name: str, artifact: Artifact, task: ForecastTaskConfig, horizon: Horizon
) -> Forecaster:
    if name == _LINEAR:
        return _linear(artifact / f"{BASELINES}/{name}.safetensors", horizon)
    if name in NETWORKS:
        network = build_network(name, horizon, task.baselines, 0)
        load_weights(network, artifact.path, f"{BASELINES}/{name}")
        return network.eval()
    return plain(name, horizon, task.baselines)


def _linear(path: Path, horizon: Horizon) -> Linear:
    """A linear baseline as stored. Raises ArtifactError where it is for other lengths."""
    file = open_tensors(path)
    weights = np.array(file.map("weights", "f8", (None, horizon.target_samples)))
    if len(weights) > horizon.context_samples:
        raise damaged(path, f"it reads {len(weights)} samples of a context that has fewer")
    return Linear(weights, np.array(file.map("penalties", "f8", (horizon.target_samples,))))


def _require_baselines(artifact: Artifact) -> None:
    """Raise ArtifactError where a weight of a baseline is missing or not finite."""
    task = read_module_config(artifact.path, "task", ForecastTaskConfig)
    for name in task.baselines.methods:
        if name == _LINEAR or name in NETWORKS:
            read_weights(artifact / f"{BASELINES}/{name}.safetensors")


class TargetFacts(ModelFacts):
    """Facts of a model of forecasts."""

    targets: Literal["own", "zero-phase"]


class _Facts(TargetFacts):
    interval: ErrorInterval | None = None
    """None where an earlier version did not say how far forecasts erred in validation."""


CONTRACT = model_contract(
    ForecastTaskConfig,
    AdaptationConfig,
    facts=_Facts,
    whole=_require_baselines,
    chosen=("head",),
)
"""What a model of forecasts holds."""
