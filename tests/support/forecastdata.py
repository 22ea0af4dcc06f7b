"""Recordings in memory and processes whose future is known, for tests of forecasting."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from eegssl.corpus.signals import SignalFile
from eegssl.corpus.store import Corpus, Recording
from eegssl.signal.channels.electrodes import geometry
from eegssl.tasks.forecast.config import ErrorUnit
from eegssl.tasks.forecast.data import Context, PairBatch
from eegssl.tasks.forecast.fit import ForecastPlan, Trained, fit_network
from eegssl.tasks.forecast.methods.training_steps import ForecastNetwork
from eegssl.training.config import TrainingConfig

RATE_HZ = 200.0
NAMES = ("Fp1", "C3", "O2")


def as_context(signal_uv: NDArray[np.floating], channels: Sequence[str]) -> Context:
    """Signals [B, C, Tc] in µV of channels with these names, as methods read them."""
    n = len(signal_uv)
    placed = geometry(channels)
    return Context(
        signal_uv=np.ascontiguousarray(signal_uv, dtype=np.float32),
        positions=np.repeat(placed.positions[None], n, axis=0),
        located=np.repeat(placed.located[None], n, axis=0),
        regions=np.repeat(placed.regions[None], n, axis=0),
        index=np.arange(n),
    )


@dataclass(frozen=True)
class ArrayPairs:
    """Pairs that are in memory already, all with the same channels."""

    context_uv: NDArray[np.float32]
    """[n, C, Tc]"""
    target_uv: NDArray[np.float32]
    """[n, C, T]"""
    channels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.context_uv)

    def in_order(self, batch_size: int) -> Iterator[NDArray[np.int64]]:
        """Index arrays that cover every pair once."""
        for k in range(0, len(self), batch_size):
            yield np.arange(k, min(k + batch_size, len(self)))

    def draw(self, batch_size: int, *, seed: int, step: int) -> NDArray[np.int64]:
        """The pairs of a training step, without replacement where there are enough."""
        rng = np.random.default_rng([seed, step])
        return rng.choice(len(self), size=batch_size, replace=len(self) < batch_size)

    def batch(self, index: NDArray[np.int64]) -> PairBatch:
        """These pairs; nothing is known of what came after their targets."""
        target_uv = self.target_uv[index]
        context = as_context(self.context_uv[index], self.channels)
        return PairBatch(context, target_uv, self.context_uv[index], target_uv[..., :0])


class MemorySignal(SignalFile):
    """A signal [C, T] in µV that is read as one of a file."""

    def __init__(self, signal_uv: NDArray[np.floating]) -> None:
        self.signal_uv = signal_uv.astype(np.float32)
        self.scale_uv = np.ones(len(signal_uv), np.float32)
        self.dtype, self.shape = self.signal_uv.dtype, self.signal_uv.shape

    def read_into(self, rows: NDArray[Any], channels: Sequence[int], start: int) -> None:
        """Samples from memory."""
        rows[:] = self.signal_uv[list(channels), start : start + rows.shape[1]]


class MemoryCorpus(Corpus):
    """Recordings [C, T] in µV, by name; the subject is the name up to its first dash."""

    def __init__(self, signals_uv: dict[str, NDArray[np.floating]]) -> None:
        self.signals_uv = signals_uv
        super().__init__([], [_recording(n, s.shape[-1]) for n, s in signals_uv.items()])

    def signal(self, recording: Recording) -> SignalFile:
        """Samples from memory."""
        return MemorySignal(self.signals_uv[recording.id])


def _recording(name: str, n_samples: int) -> Recording:
    return Recording(
        id=name,
        subject=name.split("-")[0],
        file=name,
        split="train",
        channels=NAMES,
        n_samples=n_samples,
        sfreq_hz=RATE_HZ,
        line_hz=None,
        events=(),
        folder=Path(name),
    )


def noise(n_samples: int, seed: int, channels: int = len(NAMES)) -> NDArray[np.float64]:
    """Brown-ish noise of some 20 µV [C, T], which forgets within a second."""
    rng = np.random.default_rng(seed)
    x = np.zeros((channels, n_samples))
    drive = rng.standard_normal((channels, n_samples))
    for t in range(1, n_samples):
        x[:, t] = 0.98 * x[:, t - 1] + 4 * drive[:, t]
    return x


def sines(
    n: int, seconds: float, hz: float, seed: int, amplitude_uv: float = 30.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """``n`` x 3 sines of random phase at ``hz`` with a little noise, and their phases [n, 3, T]."""
    rng = np.random.default_rng(seed)
    t_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    phase = 2 * np.pi * (hz * t_s + rng.random((n, len(NAMES), 1)))
    return amplitude_uv * np.cos(phase) + rng.standard_normal(phase.shape), phase


def pairs_of(signal_uv: NDArray[np.floating], target_s: float) -> ArrayPairs:
    """Signals [n, C, T] cut into contexts and targets."""
    t = signal_uv.shape[-1] - round(target_s * RATE_HZ)
    signal = signal_uv.astype(np.float32)
    return ArrayPairs(signal[..., :t], signal[..., t:], NAMES)


def plan_of(folder: Path, **training: object) -> ForecastPlan:
    """A plan that writes into a folder; few steps by default."""
    chosen = {"steps": 2, "batch_size": 2, "validate_every": 1, "device": "cpu"} | training
    return ForecastPlan(
        TrainingConfig(**chosen), 0, torch.device("cpu"), folder, folder / "metrics.jsonl"
    )


def trained(
    network: ForecastNetwork,
    train: ArrayPairs,
    held: ArrayPairs,
    unit: ErrorUnit,
    folder: Path,
    **training: object,
) -> Trained:
    """Train a network by the one loop in a new folder."""
    own = folder / str(len(list(folder.iterdir())))
    own.mkdir()
    return fit_network(network, train, held, unit, plan_of(own, **training))
