"""Cut pairs of a context and the target that follows it.

Methods read an array of their own that ends at t: nothing after t can reach it here. Filters can
have mixed it in before: use recordings with ``phase = causal``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from eegssl.corpus.rebuilt_filters import chains_of
from eegssl.corpus.store import Corpus, Recording
from eegssl.corpus.windows import Batch, Windows, tile
from eegssl.errors import InputError
from eegssl.signal.filtering.filters import Chain
from eegssl.tasks.forecast.config import ErrorUnit, ForecastConfig
from eegssl.tasks.forecast.temporal_split import tile_part

Float32 = NDArray[np.float32]

_FLAT_UV = 0.1  # a deviation that counts as none, as for the encoder


@dataclass(frozen=True)
class Context(Batch):
    """Contexts [B, C, Tc] in µV, strictly before t, with their geometry."""

    chains: tuple[Chain, ...] | None = None
    """[B], the filters that contexts went through and their targets did not; None where targets
    are the contexts' own continuation."""


@dataclass(frozen=True)
class Horizon:
    """Lengths that a method is made for: samples Tc of a context, T of a target, and their rate."""

    context_samples: int
    target_samples: int
    sfreq_hz: float

    @property
    def seconds(self) -> float:
        """Length of the target."""
        return self.target_samples / self.sfreq_hz


def horizon_of(config: ForecastConfig, sfreq_hz: float) -> Horizon:
    """The configuration's lengths in samples, at least one each."""
    context, target = (max(1, round(s * sfreq_hz)) for s in (config.context_s, config.horizon_s))
    return Horizon(context, target, sfreq_hz)


@dataclass(frozen=True)
class PairBatch:
    """Contexts [B, C, Tc], targets [B, C, T], and the signal around the targets.

    ``before_uv`` [B, C, Tc] and ``after_uv`` [B, C, M] are the target's own signal before and
    after it, for truths that look at both sides (a phase); no method may read them.
    """

    context: Context
    target_uv: Float32
    before_uv: Float32
    after_uv: Float32


@dataclass(frozen=True)
class RecordedPairs:
    """Pairs cut from recordings: each window is context, target, and the signal after it.

    ``targets`` are the same recordings, filtered apart (zero-phase, say); targets come from there.
    """

    windows: Windows
    horizon: Horizon
    targets: Windows | None = None
    chains: tuple[Chain, ...] | None = None
    """The filters of each recording that its targets did not go through."""

    def __len__(self) -> int:
        return len(self.windows)

    @property
    def recordings(self) -> tuple[Recording, ...]:
        """The recordings that hold a pair."""
        return self.windows.recordings

    def in_order(self, batch_size: int) -> Iterator[NDArray[np.int64]]:
        """Index arrays that cover every pair once, bucketed by number of channels."""
        return self.windows.in_order(batch_size)

    def draw(self, batch_size: int, *, seed: int, step: int) -> NDArray[np.int64]:
        """The pairs of a training step: a pure function of its arguments."""
        return self.windows.draw(batch_size, seed=seed, step=step)

    def batch(self, index: NDArray[np.int64]) -> PairBatch:
        """Read these pairs; they must have equally many channels."""
        windows = self.windows.batch(index)
        apart = windows if self.targets is None else self.targets.batch(index)
        t, end = self.horizon.context_samples, self.horizon.target_samples
        return PairBatch(
            context=Context(
                windows.signal_uv[..., :t].copy(),
                windows.positions,
                windows.located,
                windows.regions,
                index,
                self.chains and tuple(self.chains[k] for k in self.windows.owner[index]),
            ),
            target_uv=apart.signal_uv[..., t : t + end],
            before_uv=apart.signal_uv[..., :t],
            after_uv=apart.signal_uv[..., t + end :],
        )

    @property
    def t_s(self) -> NDArray[np.float64]:
        """[n], the time t of each pair, in seconds from its recording's first sample."""
        return (self.windows.start + self.horizon.context_samples) / self.horizon.sfreq_hz

    @property
    def n_subjects(self) -> int:
        """Number of people whose pairs they are."""
        return len({recording.subject for recording in self.recordings})


def cut_pairs(
    corpus: Corpus,
    recordings: Sequence[Recording],
    config: ForecastConfig,
    *,
    part: str | None = None,
    after_s: float = 0.0,
    targets: Corpus | None = None,
) -> RecordedPairs:
    """Pairs of these recordings, a ``stride_s`` apart, with ``after_s`` behind each target; of a
    recording no more than ``pairs_per_recording``, evenly spaced. With ``config.in_time`` those of
    one ``part`` (train, val or test) of each recording.

    ``targets`` holds the same recordings, filtered apart. Raises InputError when no recording is
    long enough, or one is missing from ``targets`` or differs there in channels or length.
    """
    horizon = horizon_of(config, corpus.sfreq_hz)
    after = int(np.ceil(after_s * corpus.sfreq_hz))
    whole_s = (horizon.context_samples + horizon.target_samples + after) / corpus.sfreq_hz
    if config.in_time is not None and part is not None:
        windows = tile_part(corpus, recordings, whole_s, part, config)
    else:
        windows = tile(corpus, recordings, whole_s, config.stride_s)
    if config.pairs_per_recording is not None:
        windows = windows.spread(config.pairs_per_recording)
    if targets is None:
        return RecordedPairs(windows, horizon)
    others = _twins(windows.recordings, targets)
    apart = replace(windows, corpus=targets, recordings=others)
    return RecordedPairs(windows, horizon, apart, chains_of(corpus, windows.recordings))


def _twins(recordings: Sequence[Recording], targets: Corpus) -> tuple[Recording, ...]:
    """Find the same recordings in another corpus."""
    known = {r.id: r for r in targets.recordings}
    missing = sum(r.id not in known for r in recordings)
    if missing:
        raise InputError(
            f"{missing} of {len(recordings)} recordings are not among the targets; preprocess the "
            "same files twice, with filter.phase causal and zero"
        )
    twins = tuple(known[r.id] for r in recordings)
    for own, twin in zip(recordings, twins, strict=True):
        same = (own.channels, own.n_samples, own.sfreq_hz)
        if same != (twin.channels, twin.n_samples, twin.sfreq_hz):
            raise InputError(
                f"recording {own.id} has other channels, length or rate among the targets; "
                "preprocess both with the same settings, apart from the filter's phase"
            )
    return twins


def context_scale(
    context_uv: NDArray[np.floating],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation [..., 1] of each channel's context in µV; 1 where it is flat."""
    signal = np.asarray(context_uv, dtype=np.float64)
    mean = signal.mean(axis=-1, keepdims=True)
    deviation = signal.std(axis=-1, keepdims=True)
    return mean, np.where(deviation < _FLAT_UV, 1.0, deviation)


def in_unit(
    signal_uv: NDArray[np.floating], context_uv: NDArray[np.floating], unit: ErrorUnit
) -> NDArray[np.float64]:
    """A truth or a forecast [..., T] in the unit that is scored, by the scale of its context."""
    if unit == "uv":
        return np.asarray(signal_uv, dtype=np.float64)
    mean, deviation = context_scale(context_uv)
    return (signal_uv - mean) / deviation
