"""Train baseline networks with balanced classes and early stopping."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from eegssl.baselines.config import BaselinesConfig
from eegssl.baselines.interface import BaselineInputs
from eegssl.baselines.networks import Network, WindowShape
from eegssl.corpus.ictal import positive_spans
from eegssl.corpus.labelled import LabelledWindows
from eegssl.corpus.number_scale import NumberScale
from eegssl.corpus.windows import Windows
from eegssl.errors import ConfigError, InputError
from eegssl.training.fitting.devices import choose_device

_LEAST_SD_UV = 1e-3  # of a flat channel, which stays at zero


class Standardise(nn.Module):
    """Subtract a mean and divide by a standard deviation, each [C], of the training windows."""

    mean: Tensor
    sd: Tensor

    def __init__(self, mean_uv: NDArray[np.float64], sd_uv: NDArray[np.float64]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.from_numpy(mean_uv).float()[:, None])
        self.register_buffer("sd", torch.from_numpy(sd_uv).float()[:, None])

    def forward(self, signal_uv: Tensor) -> Tensor:
        """[B, C, T] in µV -> [B, C, T]"""
        return (signal_uv - self.mean) / self.sd


@dataclass(frozen=True)
class NetworkSystem:
    """A trained network, the channels that it reads, and its threshold (two classes).

    For a task of numbers ``scale`` converts the output back to their unit.
    """

    network: Network
    standardise: Standardise
    channels: tuple[str, ...]
    shape: WindowShape
    batch_size: int
    device: torch.device
    threshold: float | None = None
    scale: NumberScale | None = None

    @property
    def n_parameters(self) -> int:
        """Trained weights."""
        return sum(p.numel() for p in self.network.parameters())

    def logits(self, windows: Windows, index: NDArray[np.int64]) -> Tensor:
        """Windows of its channels at an index -> [B, K, S]."""
        signal_uv = torch.from_numpy(windows.batch(index).signal_uv).to(self.device)
        logits: Tensor = self.network(self.standardise(signal_uv))
        return logits

    @torch.no_grad()
    def predict(self, labelled: LabelledWindows) -> NDArray[np.float64]:
        """Class probabilities [n, classes] or numbers [n, 1]: means over the samples of a window.

        Raises InputError if a recording lacks a channel of the training recordings.
        """
        windows = labelled.windows.of_channels(self.channels)
        _require_shape(windows, self.shape)
        self.network.eval()
        parts: list[NDArray[np.float64]] = []
        for start in range(0, len(windows), self.batch_size):
            index = np.arange(start, min(start + self.batch_size, len(windows)))
            along_time = self.logits(windows, index).cpu().double()
            if self.scale is None:
                along_time = torch.softmax(along_time, dim=1)
            parts.append(along_time.mean(dim=2).numpy())
        outputs = np.concatenate(parts)
        return outputs if self.scale is None else self.scale.unscaled(outputs)


def fit_network(
    name: str, build: Callable[[WindowShape, BaselinesConfig], Network], inputs: BaselineInputs
) -> NetworkSystem:
    """Train a network; the seed determines the weights on a CPU (with as many threads).

    Raises InputError if recordings share no channels, ConfigError if windows are too short for the
    network or training diverges.
    """
    windows, config = inputs.train.windows, inputs.config.network
    channels, most = windows.shared_channels(), int(windows.n_channels.max())
    n_channels, rate_hz = len(channels), windows.corpus.sfreq_hz
    inputs.say(f"{name}: {n_channels} channels, those of all training recordings (of up to {most})")
    shape = WindowShape(n_channels, windows.length, rate_hz, len(inputs.classes) or 1)
    _require_shape(inputs.val.windows.of_channels(channels), shape)
    windows = windows.of_channels(channels)
    inputs = replace(inputs, train=replace(inputs.train, windows=windows))
    device = choose_device(config.device)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(inputs.seed)
        network = build(shape, inputs.config).to(device)
        moments = channel_moments(windows, config.batch_size)
        standardise = Standardise(*moments).to(device)
        scale = None if inputs.classes else NumberScale.of(inputs.train)
        system = NetworkSystem(
            network, standardise, channels, shape, config.batch_size, device, scale=scale
        )
        best_step, best = _train(system, inputs)
    inputs.say(
        f"{name}: {system.n_parameters} parameters, step {best_step} validates best "
        f"({inputs.monitor} {best:.3f})"
    )
    return replace(system, threshold=inputs.threshold(system))


def _require_shape(windows: Windows, shape: WindowShape) -> None:
    """Raise InputError unless windows have the length and rate that a network was built for."""
    if (windows.length, windows.corpus.sfreq_hz) != (shape.n_samples, shape.sfreq_hz):
        raise InputError(
            f"got windows of {windows.length} samples at {windows.corpus.sfreq_hz:g} Hz; "
            f"expected {shape.n_samples} at {shape.sfreq_hz:g} Hz, as in training"
        )


def channel_moments(
    windows: Windows, batch_size: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of each channel over all windows, [C] each, in µV."""
    total, squares = np.zeros(len(windows.channels)), np.zeros(len(windows.channels))
    for start in range(0, len(windows), batch_size):
        index = np.arange(start, min(start + batch_size, len(windows)))
        signal_uv = windows.batch(index).signal_uv.astype(np.float64)
        total += signal_uv.sum(axis=(0, 2))
        squares += np.einsum("bct,bct->c", signal_uv, signal_uv)
    n_samples = len(windows) * windows.length
    mean_uv = total / n_samples
    variance = np.maximum(squares / n_samples - mean_uv**2, _LEAST_SD_UV**2)
    return mean_uv, np.sqrt(variance)


def sample_truth(
    labelled: LabelledWindows, index: NDArray[np.int64], event_types: Sequence[str]
) -> NDArray[np.int64]:
    """Classes [B, T] of samples: in events of these types or not; of no types, their window's."""
    windows = labelled.windows
    truth = np.repeat(labelled.truth[index, None], windows.length, axis=1)
    if not event_types:
        return truth
    for row, place in zip(truth, index, strict=True):
        events = windows.recordings[windows.owner[place]].events
        time_s = (windows.start[place] + np.arange(windows.length)) / windows.corpus.sfreq_hz
        row[:] = 0
        for onset_s, end_s in positive_spans(events, event_types):
            row[(time_s >= onset_s) & (time_s < end_s)] = 1
    return truth


def _train(system: NetworkSystem, inputs: BaselineInputs) -> tuple[int, float]:
    """Train until validation stops improving, and restore the best weights.

    Returns their step and score.
    """
    network, train, config = system.network, inputs.train, inputs.config.network
    optimizer = torch.optim.Adam(network.parameters(), lr=config.lr)
    weights = train.balanced(0)
    if system.scale is None:
        weights = 1.0 / train.counts(len(inputs.classes))[train.truth]
    best_step, best, best_weights, worse = 0, -math.inf, {}, 0
    for step in range(1, config.steps + 1):
        index = train.windows.draw(config.batch_size, seed=inputs.seed, step=step, weights=weights)
        network.train()
        loss = _loss(system, inputs, index)
        if not math.isfinite(loss.item()):
            raise ConfigError(
                f"training diverged: the loss is {loss.item()} at step {step}; expected a finite "
                "one. Lower the baselines' network.lr"
            )
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        network.constrain()
        if step % config.validate_every and step < config.steps:
            continue
        score = inputs.score(system.predict(inputs.val))
        worse += 1
        if score > best:
            best_step, best, worse = step, score, 0
            best_weights = {name: value.clone() for name, value in network.state_dict().items()}
        if worse == config.patience:
            break
    network.load_state_dict(best_weights)
    network.eval()
    return best_step, best


def _loss(system: NetworkSystem, inputs: BaselineInputs, index: NDArray[np.int64]) -> Tensor:
    """Cross-entropy of each window or each of its samples; for numbers the squared error."""
    train = inputs.train
    logits = system.logits(train.windows, index)
    if system.scale is not None:
        number = torch.from_numpy(system.scale.scaled(train.truth[index])).to(logits)
        return F.mse_loss(logits.mean(dim=2)[:, 0], number)
    truth = train.truth[index, None]
    if system.network.per_sample:
        truth = sample_truth(train, index, inputs.event_types)
    return F.cross_entropy(logits, torch.from_numpy(truth).to(system.device))
