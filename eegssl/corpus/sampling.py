"""Draw windows for training steps by corpus, width, seizures or epoch.

A step's batch is whole *grains*: windows of one corpus and one number of channels, which pass
through the model together. Which they are depends on the seed and the step alone, so ranks can
take a part each. What a draw costs depends on the batch, not on the corpus.

Seizures fill perhaps a hundredth of a long recording, so a codebook trained on all windows alike
has hardly a code for them; and a large corpus hides a small one. LaBraM (ICLR 2024) and REVE
(NeurIPS 2025) mix corpora in shares of their own.
"""

import difflib
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from eegssl.corpus.config import SamplingConfig
from eegssl.corpus.ictal import overlap_share, positive_spans
from eegssl.corpus.places.buckets import Bucket, Key, buckets_of, windows_by_key
from eegssl.corpus.places.keyed_permutation import key_of, permuted
from eegssl.corpus.places.runs import Places, Runs
from eegssl.corpus.places.seizure_shares import SeizureShares, seizure_shares
from eegssl.corpus.store import Recording
from eegssl.corpus.windows import Windows
from eegssl.errors import ConfigError

_STREAM = int.from_bytes(b"some", "big")  # apart from other draws with the same seed
_GRAINS = int.from_bytes(b"grain", "big")
_STEPS = 64  # of an epoch whose grains are put in order together


@dataclass(frozen=True)
class Sampler:
    """Draws the windows of a training step; the same seed and step draw the same windows."""

    windows: Windows
    buckets: tuple[Bucket, ...]
    grain: int = 32
    order: Literal["random", "epoch"] = "random"

    @cached_property
    def ictal(self) -> Places:
        """The windows that overlap a seizure, in order."""
        return ictal_places(self.windows)

    def n_grains(self, batch_size: int) -> int:
        """Number of grains of a step of so many windows."""
        return -(-batch_size // min(self.grain, batch_size))

    def grains(self, batch_size: int, *, seed: int, step: int) -> list[Places]:
        """The windows of training step ``step``, by grain.

        A grain has ``grain`` windows, the last one what is left of ``batch_size``. At random a
        bucket is drawn by its share, then windows in it, each once where it holds enough. By epoch
        the grains of step k follow those of step k - 1, all grains of an epoch in a seeded order;
        the last one of a bucket may be smaller.
        """
        size, n_grains = min(self.grain, batch_size), self.n_grains(batch_size)
        if self.order == "epoch":
            return self._of_epoch(size, n_grains, step, seed)
        rng = np.random.default_rng([seed, step, _GRAINS])
        chosen = self._ends.searchsorted(rng.random(n_grains) * self._ends[-1], side="right")
        sizes = [size] * (n_grains - 1) + [batch_size - size * (n_grains - 1)]
        if self._seizure_shares:
            return self._seizure_shares.draw(chosen, sizes, rng)
        pairs = zip(chosen.tolist(), sizes, strict=True)
        return [self.buckets[k].calm.some(n, rng) for k, n in pairs]

    def spread(self, n: int, rng: np.random.Generator) -> Places:
        """Up to ``n`` different windows of any number of channels, drawn by their chances."""
        strata = [(b.calm, b.share * (1 - b.ictal_share)) for b in self.buckets]
        strata += [(b.ictal, b.share * b.ictal_share) for b in self.buckets]
        sizes = np.array([len(runs) for runs, _ in strata])
        chance = np.array([share for _, share in strata]) / np.maximum(sizes, 1)
        left = sizes.copy()
        for value in rng.random(min(n, int(sizes.sum()))).tolist():
            ends = np.cumsum(chance * left)
            left[min(int(ends.searchsorted(value * ends[-1], side="right")), len(ends) - 1)] -= 1
        drawn = (sizes - left).tolist()
        return np.concatenate(
            [runs.some(k, rng) for (runs, _), k in zip(strata, drawn, strict=True)]
        )

    @cached_property
    def _ends(self) -> NDArray[np.float64]:
        return np.cumsum([bucket.share for bucket in self.buckets])

    @cached_property
    def _seizure_shares(self) -> SeizureShares | None:
        """The places of calm and ictal windows, where these are drawn apart."""
        if any(bucket.ictal_share for bucket in self.buckets):
            return seizure_shares(self.buckets)
        return None

    @cached_property
    def _n_windows(self) -> tuple[int, ...]:
        return tuple(len(bucket.calm) for bucket in self.buckets)

    def _of_epoch(self, size: int, n_grains: int, step: int, seed: int) -> list[Places]:
        """The ``n_grains`` grains of a step, counted from the first of the first epoch."""
        block, within = divmod(step, _STEPS)
        order = _grains_of_epoch(self._n_windows, size, n_grains, block, seed)
        buckets, firsts, counts, keys = order[:, within * n_grains : (within + 1) * n_grains]
        each = counts.astype(np.int64)
        numbers = np.arange(each.sum()) + np.repeat(
            firsts.astype(np.int64) - np.cumsum(each) + each, each
        )
        sizes = np.array(self._n_windows)[buckets.astype(np.int64)]
        drawn = permuted(numbers, np.repeat(sizes, each), np.repeat(keys, each))
        pieces = np.split(drawn, np.cumsum(each)[:-1])
        return [self.buckets[b].calm.at(p) for b, p in zip(buckets.tolist(), pieces, strict=True)]


@lru_cache(maxsize=16)
def _grains_of_epoch(
    n_windows: tuple[int, ...], size: int, n_grains: int, block: int, seed: int
) -> NDArray[np.uint64]:
    """The grains of some steps that follow each other: to order them costs as much as of one.

    Of each its bucket, its first window in that, their number, and the key of their permutation:
    [4, ``_STEPS`` · ``n_grains``].
    """
    numbers = np.arange(block * _STEPS * n_grains, (block + 1) * _STEPS * n_grains)
    of_bucket = np.array(n_windows)
    ends = np.cumsum(-(-of_bucket // size))
    epochs, places = np.divmod(numbers, ends[-1])
    keys = [key_of(seed, epoch, len(ends)) for epoch in epochs.tolist()]
    places = permuted(places, np.full(len(places), ends[-1]), np.array(keys, np.uint64))
    buckets = ends.searchsorted(places, side="right")
    firsts = (places - np.append(0, ends)[buckets]) * size
    counts = np.minimum(of_bucket[buckets] - firsts, size)
    pairs = zip(epochs.tolist(), buckets.tolist(), strict=True)
    keys = [key_of(seed, epoch, bucket) for epoch, bucket in pairs]
    return np.array([buckets, firsts, counts, np.array(keys, np.uint64)], np.uint64)


def sampler(windows: Windows, config: SamplingConfig, batch_size: int) -> Sampler:
    """A sampler of training windows for steps of so many.

    Raises ConfigError when a share of seizures is asked for and no window overlaps one, or all do,
    for weights of other corpora than these, and where every window is to come once and a batch
    would end in a part of a grain.
    """
    if config.order == "epoch" and batch_size % min(config.grain, batch_size):
        raise ConfigError(
            f"sampling.order epoch takes whole grains of {config.grain}, and training.batch_size "
            f"is {batch_size}: set it to a multiple, or sampling.grain to a divisor of it"
        )
    runs = windows_by_key(windows)
    share = config.ictal_share
    ictal = ictal_places(windows) if share else np.zeros(0, np.int64)
    if share and not len(ictal):
        raise ConfigError(
            f"sampling.ictal_share is {share:g}, but none of the {len(windows)} training windows "
            "overlaps a seizure: leave it unset, or check events.parquet and splits.tsv"
        )
    if share and len(ictal) == len(windows):
        raise ConfigError(
            f"sampling.ictal_share is {share:g}, but all of the {len(windows)} training windows "
            "overlap a seizure: leave it unset, or choose a shorter window_s"
        )
    corpora = _corpus_shares(runs, config)
    try:
        buckets = buckets_of(runs, corpora, ictal, share or 0.0)
    except ValueError as error:
        raise ConfigError(
            f"sampling.ictal_share is {share:g}; with these shares of corpora, of which some have "
            f"no seizures or nothing else, expected one {error}: give those with seizures more in "
            "sampling.weights, or set another share"
        ) from None
    return Sampler(windows, buckets, config.grain, config.order)


def _corpus_shares(runs: Mapping[Key, Runs], config: SamplingConfig) -> dict[str, float]:
    """Corpus -> its share of the grains; none where each comes as often as its hours."""
    if not config.weights and config.temperature == 1:
        return {}
    hours = Counter[str]()
    for key, some in runs.items():
        hours[key.corpus] += len(some)
    if config.weights:
        _require_names(config.weights, hours)
    setting = "weights" if config.weights else "temperature"
    if len(hours) == 1:
        raise ConfigError(
            f"sampling.{setting} mixes corpora, and the training windows are of one, {min(hours)}: "
            "leave it unset, or give further recordings folders, of other names (or preprocessed "
            "with --set corpus=NAME)"
        )
    chances = config.weights or {name: n**config.temperature for name, n in hours.items()}
    total = math.fsum(chances.values())
    return {name: chance / total for name, chance in chances.items()}


def _require_names(weights: Mapping[str, float], corpora: Iterable[str]) -> None:
    """Raise ConfigError unless the weights are those of all corpora."""
    names = sorted(corpora)
    for name in sorted(set(weights) - set(names)):
        close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
        near = f"did you mean {close[0]!r}?" if close else f"expected {', '.join(names)}"
        raise ConfigError(
            f"sampling.weights: the training windows are of no corpus {name!r}; {near}"
        )
    if missing := sorted(set(names) - set(weights)):
        raise ConfigError(
            f"sampling.weights has none for {', '.join(missing)}; expected one for each corpus: "
            "give it, or leave its folder out"
        )


def of_some_subjects(
    recordings: Sequence[Recording], config: SamplingConfig, seed: int
) -> tuple[Recording, ...]:
    """Recordings of the share of subjects to train on, drawn by ``seed``."""
    subjects = sorted({recording.subject for recording in recordings})
    order = np.random.default_rng([seed, _STREAM]).permutation(len(subjects))
    n_drawn = math.ceil(config.subjects_fraction * len(subjects))
    drawn = {subjects[k] for k in order[:n_drawn]}
    return tuple(recording for recording in recordings if recording.subject in drawn)


def ictal_places(windows: Windows) -> Places:
    """The windows that have any time in common with a seizure, in order."""
    runs, owners, _ = windows.stretches
    pieces = [np.zeros(0, np.int64)]
    for first, stop, owner in zip(runs.first.tolist(), runs.stop.tolist(), owners, strict=True):
        events = windows.recordings[owner].events
        if events and len(spans := positive_spans(events)):
            places = np.arange(first, stop)
            start_s = windows.locate(places)[1] / windows.corpus.sfreq_hz
            pieces.append(places[overlap_share(start_s, windows.window_s, spans) > 0])
    return np.concatenate(pieces)
