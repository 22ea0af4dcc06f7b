"""Divide windows into buckets by corpus and width, with their shares."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eegssl.corpus.places.runs import Places, Runs, listed_runs, runs_of
from eegssl.corpus.windows import Windows

_HALVINGS = 200


class Key(NamedTuple):
    """The windows of a bucket have these in common."""

    corpus: str
    n_channels: int


@dataclass(frozen=True)
class Bucket:
    """Windows that a grain may be of, drawn with probability ``share``."""

    key: Key
    calm: Runs
    ictal: Runs
    """Those that overlap a seizure, where they are drawn apart; else none."""
    share: float
    ictal_share: float
    """Expected share of the ictal ones in a grain."""


def windows_by_key(windows: Windows) -> dict[Key, Runs]:
    """The windows of each corpus and number of channels, in the order of these."""
    runs, owners, widths = windows.stretches
    names = sorted({recording.corpus for recording in windows.recordings})
    place = {name: k for k, name in enumerate(names)}
    corpora = np.array([place[recording.corpus] for recording in windows.recordings])[owners]
    parts = {}
    for k, width in sorted(set(zip(corpora.tolist(), widths.tolist(), strict=True))):
        here = (corpora == k) & (widths == width)
        parts[Key(names[k], width)] = runs_of(runs.first[here], runs.stop[here])
    return parts


def buckets_of(
    runs: Mapping[Key, Runs],
    corpus_shares: Mapping[str, float],
    ictal: Places,
    ictal_share: float,
) -> tuple[Bucket, ...]:
    """Buckets that are drawn so that both kinds of shares are met.

    ``corpus_shares`` by name add up to 1 (none: corpora as they are); ``ictal`` are the places of
    all windows that overlap a seizure. Within a corpus all ictal windows are equally likely, and
    all calm ones; an ictal one is likelier than a calm one by the same factor in all corpora.

    Raises ValueError where no factor meets ``ictal_share``.
    """
    ictal_of = {key: some.of(ictal) for key, some in runs.items()}
    group = {key: key.corpus if corpus_shares else "" for key in runs}
    names = sorted(set(group.values()))
    place = np.array([names.index(group[key]) for key in runs])
    n_ictal = np.array([len(places) for places in ictal_of.values()], dtype=np.float64)
    n_calm = np.array([len(some) for some in runs.values()], dtype=np.float64) - n_ictal
    shares = np.array([corpus_shares.get(name, 1.0) for name in names])
    ictal_sums, calm_sums = (np.bincount(place, n, len(names)) for n in (n_ictal, n_calm))
    factor = 1.0
    if ictal_share:
        factor = _factor(shares, np.asarray(ictal_sums), np.asarray(calm_sums), ictal_share)
    mass = factor * n_ictal + n_calm
    share = shares[place] * mass / np.bincount(place, mass, len(names))[place]
    of_it = factor * n_ictal / mass
    return tuple(
        Bucket(
            key, runs[key].without(places), listed_runs(places), float(share[k]), float(of_it[k])
        )
        for k, (key, places) in enumerate(ictal_of.items())
    )


def _factor(
    shares: NDArray[np.float64],
    n_ictal: NDArray[np.floating],
    n_calm: NDArray[np.floating],
    wanted: float,
) -> float:
    """By how much likelier each ictal window is than a calm one, for a share of ``wanted``.

    Raises ValueError with the least and the largest share that there can be.
    """
    least, most = shares[n_calm == 0].sum(), shares[n_ictal > 0].sum()
    if not least < wanted < most:
        raise ValueError(f"between {least:.3g} and {most:.3g}")
    low, high = -700.0, 700.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        mass = np.exp(middle) * n_ictal
        low, high = (middle, high) if shares @ (mass / (mass + n_calm)) < wanted else (low, middle)
    return float(np.exp(middle))
