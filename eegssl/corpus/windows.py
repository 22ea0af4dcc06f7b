"""Tile recordings into windows, draw from them, and batch arrays.

Windows of recordings with equally many channels are batched together, so that no batch needs a
padding mask.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegssl.corpus.places.runs import Runs, runs_of
from eegssl.corpus.places.tilings import EvenStarts, ListedStarts, Starts
from eegssl.corpus.signals import Pieces, read_pieces
from eegssl.corpus.store import Corpus, Recording
from eegssl.errors import ConfigError, InputError
from eegssl.signal.channels.electrodes import Geometry

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
    starts: Starts
    """The places of n windows in ``recordings``; a tiling lists none of them."""
    length: int
    """T, in samples."""
    channels: tuple[str, ...] = ()
    """The channels that are read of each recording, in this order; none: all, in their own."""
    montages: tuple[tuple[str, ...], ...] = ()
    """Channels that single windows are read of, where they differ; an empty one: as all are."""
    montage: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    """[n], the place of each window's channels in ``montages``, if there are any."""

    def __len__(self) -> int:
        return len(self.starts)

    def locate(self, index: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Of these windows [n], the place in ``recordings`` [n] and the first sample [n]."""
        return self.starts.locate(index)

    @cached_property
    def _all(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        return self.locate(np.arange(len(self)))

    @property
    def owner(self) -> NDArray[np.int64]:
        """[n], index into ``recordings``; of large tilings ask `locate` of the windows at hand."""
        return self._all[0]

    @property
    def start(self) -> NDArray[np.int64]:
        """[n], first sample; of large tilings ask `locate` of the windows at hand."""
        return self._all[1]

    @property
    def start_s(self) -> NDArray[np.float64]:
        """[n], seconds from the recording's first sample."""
        return self.start / self.corpus.sfreq_hz

    @property
    def window_s(self) -> float:
        """Length of a window in seconds."""
        return self.length / self.corpus.sfreq_hz

    @cached_property
    def _recording_channels(self) -> NDArray[np.int64]:
        """[R], channels that are read of each recording."""
        return np.array([len(self.channels or r.channels) for r in self.recordings], np.int64)

    @cached_property
    def n_channels(self) -> NDArray[np.int64]:
        """[n], channels of each window."""
        counts = self._recording_channels[self.owner]
        if not self.montages:
            return counts
        own = np.array([len(n) for n in self.montages], dtype=np.int64)[self.montage]
        return np.where(own > 0, own, counts)

    @cached_property
    def stretches(self) -> tuple[Runs, NDArray[np.int64], NDArray[np.int64]]:
        """Runs [M] of windows of one recording and width, the recordings [M], the widths [M]."""
        if self.montages:
            edges = np.diff(self.owner, prepend=-1) | np.diff(self.n_channels, prepend=-1)
            first = np.flatnonzero(edges)
            owner, width = self.owner[first], self.n_channels[first]
        else:
            first, owner = self.starts.stretches()
            width = self._recording_channels[owner]
        return Runs(first, np.append(first[1:], len(self))), owner, width

    @property
    def total_channels(self) -> int:
        """The channels of all windows together."""
        return sum(width * len(runs) for width, runs in self.by_width.items())

    @cached_property
    def by_width(self) -> dict[int, Runs]:
        """Number of channels, ascending -> the windows of so many."""
        runs, _, widths = self.stretches
        return {
            width: runs_of(runs.first[widths == width], runs.stop[widths == width])
            for width in np.unique(widths).tolist()
        }

    @property
    def alteration(self) -> Mapping[str, Any]:
        """What is done to the stored samples before they are read; nothing."""
        return {}

    def channels_of(self, place: int) -> tuple[str, ...]:
        """The channels that the window at a place is read of, in order."""
        return self._channels_of(place, int(self.locate(np.array([place]))[0][0]))

    def _channels_of(self, place: int, owner: int) -> tuple[str, ...]:
        own = self.montages[self.montage[place]] if self.montages else ()
        return own or self.channels or self.recordings[owner].channels

    def some(self, most: int) -> "Windows":
        """At most so many windows, drawn evenly from all; always the same."""
        if len(self) <= most:
            return self
        places = np.random.default_rng([most, len(self)]).choice(len(self), most, replace=False)
        return self.subset(np.sort(places))

    def names(self, index: NDArray[np.int64]) -> list[str]:
        """The ids of the recordings of these windows, each once."""
        owners = dict.fromkeys(self.locate(index)[0].tolist())
        return [self.recordings[owner].id for owner in owners]

    def subset(self, keep: NDArray[np.int64]) -> "Windows":
        """The windows at these places, in this order."""
        montage = self.montage[keep] if self.montages else self.montage
        return replace(self, starts=ListedStarts(*self.locate(keep)), montage=montage)

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
        return Batch(self.pieces(index).in_uv(), *self.geometry(index), index)

    def pieces(self, index: NDArray[np.int64]) -> Pieces:
        """The samples of these windows as stored: half as many bytes as in µV."""
        owners, starts = (values.tolist() for values in self.locate(index))
        recordings = [self.recordings[owner] for owner in owners]
        rows = [
            _rows(self._channels_of(place, owner), recording.channels)
            for place, owner, recording in zip(index.tolist(), owners, recordings, strict=True)
        ]
        files = [self.corpus.signal(recording) for recording in recordings]
        return read_pieces(files, rows, starts, self.length)

    def geometry(self, index: NDArray[np.int64]) -> Geometry:
        """Positions, located and regions of these windows' channels: [B, C, …] each."""
        owners = self.locate(index)[0].tolist()
        names = [self._channels_of(*pair) for pair in zip(index.tolist(), owners, strict=True)]
        number = {montage: k for k, montage in enumerate(dict.fromkeys(names))}
        of_window = [number[montage] for montage in names]
        placed = [self.corpus.geometry(montage) for montage in number]
        return Geometry(*(np.stack(field)[of_window] for field in zip(*placed, strict=True)))

    def in_order(self, batch_size: int) -> Iterator[NDArray[np.int64]]:
        """Index arrays that cover every window once, bucketed by number of channels."""
        for runs in self.by_width.values():
            for k in range(0, len(runs), batch_size):
                yield runs.at(np.arange(k, min(k + batch_size, len(runs))))

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


def _rows(names: tuple[str, ...], channels: tuple[str, ...]) -> Sequence[int]:
    """The rows of a recording's signal that these channels are."""
    if names is channels or names == channels:
        return range(len(channels))
    return [channels.index(name) for name in names]


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
    long = [r for r in recordings if r.n_samples >= length]
    if not long:
        longest = max((r.duration_s for r in recordings), default=0.0)
        raise InputError(
            f"no recording here is as long as one window: got {longest:g} s at most, expected "
            f"{window_s:g} s; set shorter windows, or give longer recordings"
        )
    counts = (np.array([r.n_samples for r in long], np.int64) - length) // step + 1
    return Windows(corpus, tuple(long), EvenStarts(np.cumsum(counts), step), length)
