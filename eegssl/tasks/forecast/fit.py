"""Train networks that forecast: heads on an encoder, and their baselines.

A network ends with the weights of least validation error, its first ones included: last layers
start at 0, so that a head which learns nothing stays what it adds to.
"""

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from eegssl.adaptation.config import FROZEN, AdaptationConfig
from eegssl.adaptation.groups import groups_of
from eegssl.adaptation.lora import lora_updates
from eegssl.adaptation.stochastic_depth import set_drop_path
from eegssl.errors import ConfigError
from eegssl.tasks.forecast.config import ErrorUnit, ForecastConfig
from eegssl.tasks.forecast.data import Horizon, RecordedPairs
from eegssl.tasks.forecast.methods.encoder_network import EncoderNetwork
from eegssl.tasks.forecast.methods.forecast_baselines import (
    UNFITTED,
    fit_linear,
    lookback_samples,
    plain,
)
from eegssl.tasks.forecast.methods.forecast_networks import build_network
from eegssl.tasks.forecast.methods.phase_compensation import Forecaster
from eegssl.tasks.forecast.methods.training_steps import (
    ForecastNetwork,
    PairCache,
    validation_error,
)
from eegssl.training.config import TrainingConfig
from eegssl.training.fitting.devices import in_precision
from eegssl.training.fitting.loop import Rows, Step, fit
from eegssl.training.history import METRICS

POSSIBLE = ("probe", "full", "lora", "scratch")
"""The ways to adapt an encoder to a forecast."""


@dataclass(frozen=True)
class ForecastPlan:
    """A network's training, its seed, and the places it may write to.

    ``folder`` is scratch for one network's checkpoint; ``metrics`` gets its history. What is
    computed once for a pair may take ``keep_gb``, of training and of validation each.
    """

    training: TrainingConfig
    seed: int
    device: torch.device
    folder: Path
    metrics: Path
    keep_gb: float = 1.0
    on_step: Callable[[int], None] = field(default=lambda done: None)
    on_row: Rows | None = None
    warn: Callable[[str], object] = field(default=lambda text: None)

    def below(self, name: str, training: TrainingConfig) -> "ForecastPlan":
        """The plan of another network beside this one, trained in its own way, unseen."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return replace(
            self,
            training=training,
            folder=folder,
            metrics=folder / METRICS,
            on_step=lambda done: None,
            on_row=None,
        )


@dataclass(frozen=True)
class Trained:
    """A training's outcome: errors on validation pairs before and after, and the weights' step."""

    first_error: float
    error: float
    best_step: int
    """0 where nothing was better than the first weights, which were kept then."""
    n_parameters_trained: int


def fit_least_error(
    module: nn.Module,
    step: Step,
    error: Callable[[], float],
    plan: ForecastPlan,
    parameters: Iterable[dict[str, Any]] | None = None,
) -> Trained:
    """Train any module in place by ``step``; it ends with the weights of least ``error()``.

    What is monitored is ``gain``, the share of the first error that is gone (ours). Raises
    ConfigError when training diverges, Preempted after a signal: then the same call goes on from
    its checkpoint.
    """
    groups = None if parameters is None else list(parameters)
    module.eval()
    with torch.no_grad(), in_precision(plan.training, plan.device):
        first = error()
    start = copy.deepcopy(module.state_dict())
    n_trained = sum(p.numel() for p in module.parameters() if p.requires_grad)

    def validate() -> dict[str, float]:
        now = error()
        return {"error": now, "gain": 1 - now / first if first else 0.0}

    module.train()
    history = fit(
        module,
        step,
        plan.training,
        seed=plan.seed,
        folder=plan.folder,
        metrics=plan.metrics,
        parameters=groups,
        validate=validate,
        monitor="gain",
        on_step=plan.on_step,
        on_row=plan.on_row,
        warn=plan.warn,
    )
    module.eval()
    gain = history.best_value or 0.0
    if gain <= 0:
        module.load_state_dict(start)
        return Trained(first, first, 0, n_trained)
    return Trained(first, first * (1 - gain), history.best_step, n_trained)


def fit_network(
    network: ForecastNetwork,
    train: RecordedPairs,
    validation: RecordedPairs,
    unit: ErrorUnit,
    plan: ForecastPlan,
    parameters: Iterable[dict[str, Any]] | None = None,
) -> Trained:
    """Train a network that forecasts signals: squared error in ``unit``, its validation alike."""
    network.to(plan.device)
    cache = PairCache(network, train, plan.keep_gb)
    val_cache = PairCache(network, validation, plan.keep_gb)
    size = plan.training.batch_size

    def step(k: int) -> dict[str, Tensor]:
        prepared, target = cache.read(train.draw(size, seed=plan.seed, step=k))
        return {"loss": network.loss(prepared, target, unit, k)}

    return fit_least_error(
        network, step, lambda: validation_error(network, val_cache, unit), plan, parameters
    )


def adapt_encoder(
    network: EncoderNetwork,
    adaptation: AdaptationConfig,
    plan: ForecastPlan,
    train: Callable[[list[dict[str, Any]]], Trained],
) -> tuple[Trained, dict[str, Any]]:
    """Adapt a head and its encoder as ``adaptation.kind`` says; returns facts for the manifest too.

    ``train`` gets the groups of parameters. Updates of `lora` are merged at the end.
    """
    training = plan.training
    set_drop_path(network.encoder, adaptation.drop_path)
    with lora_updates(network.encoder, adaptation, plan.seed) as facts:
        top = [module for name, module in network.named_children() if name != "encoder"]
        groups = groups_of(network.encoder, top, adaptation, training.lr, training.weight_decay)
        trained = train(groups)
    return trained, facts


def require_possible(adaptation: AdaptationConfig) -> None:
    """Raise ConfigError for a way to adapt that forecasts don't have."""
    if adaptation.kind not in POSSIBLE:
        raise ConfigError(
            f"--adapt {adaptation.kind} is for classes; expected for a forecast one of "
            f"{', '.join(POSSIBLE)}"
        )


def is_frozen(adaptation: AdaptationConfig) -> bool:
    """Tell if the encoder stays as it was."""
    return adaptation.kind in FROZEN


def fit_baseline(
    name: str,
    train: RecordedPairs,
    validation: RecordedPairs,
    horizon: Horizon,
    config: ForecastConfig,
    plan: ForecastPlan,
) -> Forecaster:
    """One of the methods that a forecast is shown beside, fitted on the same pairs."""
    if name in UNFITTED:
        return plain(name, horizon, config.baselines)
    if name == "linear":
        lookback = lookback_samples(config.baselines.lookback_s, horizon)
        penalties = config.baselines.ridge_penalties
        return fit_linear(train, validation, lookback, penalties, config.unit)
    network = build_network(name, horizon, config.baselines, plan.seed)
    own = config.baselines.fit.model_dump()
    own["checkpoint_every"] = own["validate_every"]
    training = plan.training.model_copy(update=own)
    fit_network(network, train, validation, config.unit, plan.below(name, training))
    return network
