"""Tile recordings into windows, draw from them, and batch arrays.

Windows of recordings with equally many channels are batched together, so that no batch needs a
padding mask.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from eegssl.corpus.store import Corpus, Recording
from eegssl.errors import ConfigError, InputError

_SHOWN = 6
_WHOLE = 1e-6
_ANY_MONTAGE = (
    "take what reads any montage: of baselines band-power-regions, of encoders "
    "adaptation.pooling=region"
)


@dataclass(frozen=True)
class Batch:
    """Windows as arrays, with the places of their channels."""

    signal_uv: NDArray[np.float32]
    """[B, C, T] in µV."""
    positions: NDArray[np.float32]
    """[B, C, 2, 3] on the unit sphere, 0 where there is no such electrode."""
    located: NDArray[np.bool_]
    """[B, C, 2]"""
    regions: NDArray[np.float32]
    """[B, C, R]"""
    index: NDArray[np.int64]
    """[B], each window's place in its tiling."""


@dataclass(frozen=True)
class Windows:
    """Equally long windows of a corpus: window ``i`` starts at ``start[i]`` of its recording."""

    corpus: Corpus
    recordings: tuple[Recording, ...]
    owner: NDArray[np.int64]
    """[n], index into ``recordings``."""
    start: NDArray[np.int64]
    """[n], first sample."""
    length: int
    """T, in samples."""
    channels: tuple[str, ...] = ()
    """The channels that are read of each recording, in this order; none: all, in their own."""
    montages: tuple[tuple[str, ...], ...] = ()
    """Channels that single windows are read of, where they differ; an empty one: as all are."""
    montage: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    """[n], the place of each window's channels in ``montages``, if there are any."""

    def __len__(self) -> int:
        return len(self.start)

    @property
    def start_s(self) -> NDArray[np.float64]:
        """[n], seconds from the recording's first sample."""
        return self.start / self.corpus.sfreq_hz

    @property
    def window_s(self) -> float:
        """Length of a window in seconds."""
        return self.length / self.corpus.sfreq_hz

    @cached_property
    def n_channels(self) -> NDArray[np.int64]:
        """[n], channels of each window."""
        names = [self.channels or r.channels for r in self.recordings]
        counts = np.array([len(n) for n in names], dtype=np.int64)[self.owner]
        if not self.montages:
            return counts
        own = np.array([len(n) for n in self.montages], dtype=np.int64)[self.montage]
        return np.where(own > 0, own, counts)

    def channels_of(self, place: int) -> tuple[str, ...]:
        """The channels that the window at a place is read of, in order."""
        own = self.montages[self.montage[place]] if self.montages else ()
        return own or self.channels or self.recordings[self.owner[place]].channels

    def subset(self, keep: NDArray[np.int64]) -> "Windows":
        """The windows at these places, in this order."""
        montage = self.montage[keep] if self.montages else self.montage
        return replace(self, owner=self.owner[keep], start=self.start[keep], montage=montage)

    def shared_channels(self) -> tuple[str, ...]:
        """The channels that every recording has, sorted by name.

        Raises InputError if there is none.
        """
        self._require_one_montage()
        shared = set.intersection(*(set(r.channels) for r in self.recordings))
        if not shared:
            raise InputError(
                f"got {len(self.recordings)} training recordings that have no channel in common by "
                "name; expected one at least. Preprocess all of them to one montage "
                f"(--set montage.reference=banana), or {_ANY_MONTAGE}"
            )
        return tuple(sorted(shared))

    def of_channels(self, names: Sequence[str]) -> "Windows":
        """The same windows, of which these channels are read, in this order.

        Raises InputError unless every recording has them.
        """
        self._require_one_montage()
        lacking = [r for r in self.recordings if not set(names) <= set(r.channels)]
        if lacking:
            missing = sorted({n for r in lacking for n in names if n not in r.channels})
            more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
            raise InputError(
                f"got {len(lacking)} of {len(self.recordings)} recordings without all of the "
                f"{len(names)} channels that the model was fitted on (missing: "
                f"{', '.join(missing[:_SHOWN])}{more}); expected each by name. Preprocess them to "
                "the montage of the training recordings (--set montage.reference=…), leave them "
                f"out, or {_ANY_MONTAGE}"
            )
        return replace(self, channels=tuple(names))

    def _require_one_montage(self) -> None:
        if self.montages:
            raise InputError(
                "got windows that are read of the channels of their events (task.overlap=channel), "
                f"expected the same channels of each: {_ANY_MONTAGE}; or set task.overlap=keep"
            )

    def spread(self, most: int) -> "Windows":
        """At most so many windows of each recording, evenly spaced, its first and last included."""
        chosen = []
        for owner in range(len(self.recordings)):
            places = np.flatnonzero(self.owner == owner)
            even = np.linspace(0, len(places) - 1, min(most, len(places)))
            chosen.append(places[even.round().astype(np.int64)])
        return self.subset(np.concatenate(chosen))

    def batch(self, index: NDArray[np.int64]) -> Batch:
        """Read these windows; they must have equally many channels."""
        pieces = []
        names = [self.channels_of(place) for place in index.tolist()]
        for place, own in zip(index.tolist(), names, strict=True):
            recording, start = self.recordings[self.owner[place]], int(self.start[place])
            piece = self.corpus.read_uv(recording, start, start + self.length)
            rows = [recording.channels.index(name) for name in own]
            pieces.append(piece if own == recording.channels else piece[rows])
        placed = [self.corpus.geometry(own) for own in names]
        return Batch(
            signal_uv=np.stack(pieces),
            positions=np.stack([g.positions for g in placed]),
            located=np.stack([g.located for g in placed]),
            regions=np.stack([g.regions for g in placed]),
            index=index,
        )

    def in_order(self, batch_size: int) -> Iterator[NDArray[np.int64]]:
        """Index arrays that cover every window once, bucketed by number of channels."""
        for count in np.unique(self.n_channels):
            places = np.flatnonzero(self.n_channels == count)
            for k in range(0, len(places), batch_size):
                yield places[k : k + batch_size]

    def draw(
        self,
        batch_size: int,
        *,
        seed: int,
        step: int,
        weights: NDArray[np.float64] | None = None,
    ) -> NDArray[np.int64]:
        """The windows of training step ``step``: a pure function of its arguments.

        A bucket is drawn by its weight, then windows in it without replacement where it holds
        enough of them; ``weights`` [n] make some windows likelier than others.
        """
        rng = np.random.default_rng([seed, step])
        mass = np.ones(len(self)) if weights is None else weights
        counts = np.unique(self.n_channels)
        share = np.array([mass[self.n_channels == count].sum() for count in counts])
        count = rng.choice(counts, p=share / share.sum())
        places = np.flatnonzero((self.n_channels == count) & (mass > 0))
        chance = mass[places] / mass[places].sum()
        replace = len(places) < batch_size
        return rng.choice(places, size=batch_size, replace=replace, p=chance)


def require_whole_step(step_s: float, sfreq_hz: float) -> None:
    """Raise ConfigError unless windows every so many seconds begin at samples."""
    step = round(step_s * sfreq_hz)
    if step < 1 or abs(step_s * sfreq_hz - step) > _WHOLE * step:
        raise ConfigError(
            f"windows every {step_s:g} s do not begin at samples of {sfreq_hz:g} Hz: set "
            f"task.step_s to a multiple of {1 / sfreq_hz:g}"
        )


def require_whole_patches(windows: Windows, patch_samples: int, setting: str) -> None:
    """Raise ConfigError unless a window is a whole number of patches."""
    if windows.length % patch_samples:
        raise ConfigError(
            f"a window of {windows.window_s:g} s at {windows.corpus.sfreq_hz:g} Hz has "
            f"{windows.length} samples, no multiple of the {patch_samples} of a patch; set "
            f"{setting} or patch_samples (of tokenizer and encoder) so that it is"
        )


def tile(
    corpus: Corpus,
    recordings: Sequence[Recording],
    window_s: float,
    step_s: float | None = None,
) -> Windows:
    """Cut recordings into windows every ``step_s`` (default: no overlap).

    What is left at a recording's end and fills no window is not used; a recording shorter than a
    window is not among ``recordings`` of the result.

    Raises InputError when no recording is as long as one window.
    """
    length = round(window_s * corpus.sfreq_hz)
    step = round((step_s or window_s) * corpus.sfreq_hz)
    longest = max((r.duration_s for r in recordings), default=0.0)
    recordings = [r for r in recordings if r.n_samples >= length]
    starts = [np.arange(0, r.n_samples - length + 1, step, dtype=np.int64) for r in recordings]
    if not recordings:
        raise InputError(
            f"no recording here is as long as one window: got {longest:g} s at most, expected "
            f"{window_s:g} s; set shorter windows, or give longer recordings"
        )
    owner = np.repeat(np.arange(len(recordings)), [len(s) for s in starts])
    return Windows(corpus, tuple(recordings), owner, np.concatenate(starts), length)
