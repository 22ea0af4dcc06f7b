"""Pool a patient's windows by attention, learned from the fitting patients.

The idea is attention pooling of Ilse et al. (ICML 2018), in its smallest form (ours): a window's
score is linear in its first principal components, a patient is the mean of the windows weighted by
the softmax of their scores. Scores and a logistic regression on the pooled components are trained
together; the pooled features, all of them, then go the way of every other input. Untrained
attention is the plain mean. All sets of fitting patients are one batch of NumPy arrays.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from eegssl.errors import InputError

Floats = NDArray[np.float64]
_ROUNDS = 12  # of subspace iteration; the plane need not be exact
_RATE, _MOMENTUM = 0.3, 0.9
_RIDGE = 0.1  # on scores and regression; keeps weights within a few fold of each other


@dataclass(frozen=True, eq=False)
class Bags:
    """Windows in bags, padded: ``windows`` [G, W, F], of which ``real`` [G, W] are there.

    A bag is a patient's session: it belongs to ``owner`` [G] of ``n_patients``, and is added with
    ``sign`` [G]: after treatment less before.
    """

    windows: NDArray[np.float32]
    real: NDArray[np.bool_]
    owner: NDArray[np.int64]
    sign: NDArray[np.float32]
    n_patients: int

    @cached_property
    def moments(self) -> tuple[Floats, Floats]:
        """Mean [G, F] and mean outer product [G, F²] of the windows of each bag."""
        x = self.windows.astype(np.float64)
        share = self.real / self.real.sum(axis=1, keepdims=True)
        second = (x * share[..., None]).transpose(0, 2, 1) @ x
        return np.einsum("gw,gwf->gf", share, x), second.reshape(len(x), -1)

    def rows(self, weights: NDArray[np.floating]) -> Floats:
        """Pooled features [B, P, F] under the weights of windows [B, G, W]."""
        pooled = np.einsum("bgw,gwf->bgf", weights, self.windows, optimize=True)
        rows = np.zeros((len(weights), self.n_patients, pooled.shape[2]))
        for g, (patient, sign) in enumerate(zip(self.owner, self.sign, strict=True)):
            rows[:, patient] += sign * pooled[:, g]
        return rows


def bags_of(
    features: NDArray[np.floating],
    names: Sequence[str] | NDArray[np.str_],
    patients: Sequence[str],
    signs: NDArray[np.floating],
) -> Bags:
    """Windows [n, F] of patients ``names`` [n] as bags of ``patients``, in that order.

    ``signs`` [n] are -1 before treatment and 1 otherwise; a patient has a bag for each that occurs.
    InputError where a patient has none.
    """
    x, who = np.asarray(features, dtype=np.float32), np.asarray(names, dtype=str)
    members = [
        (k, sign, np.flatnonzero((who == name) & (signs == sign)))
        for k, name in enumerate(patients)
        for sign in sorted(set(signs.tolist()))
    ]
    if any(len(places) == 0 for _, _, places in members):
        raise InputError("a patient has no window of EEG; leave the patient out of the table")
    width = max(len(places) for _, _, places in members)
    windows = np.zeros((len(members), width, x.shape[1]), dtype=np.float32)
    real = np.zeros((len(members), width), dtype=bool)
    for g, (_, _, places) in enumerate(members):
        windows[g, : len(places)] = x[places]
        real[g, : len(places)] = True
    return Bags(
        windows,
        real,
        np.array([k for k, _, _ in members]),
        np.array([sign for _, sign, _ in members], dtype=np.float32),
        len(patients),
    )


def attended_rows(
    bags: Bags, truth: NDArray[np.integer], fits: NDArray[np.bool_], *, n_dims: int, n_steps: int
) -> Floats:
    """Pooled features [B, P, F] of everybody, attention trained on each set of ``fits`` [B, P].

    ``truth`` [P] of 0 and 1 is read for those who take part alone.
    """
    z = _components(bags, fits, n_dims)
    v = _train(z, bags, truth, fits, n_steps)
    scores = (z @ v[..., None])[..., 0].reshape(len(fits), *bags.real.shape)
    return bags.rows(_softmax(scores, bags))


def _components(bags: Bags, fits: NDArray[np.bool_], n_dims: int) -> NDArray[np.float32]:
    """Windows [B, G·W, K] in the first principal components of those of the fitting patients.

    Every bag counts the same; features are standardised, components share one scale.
    """
    f, (first, second) = bags.windows.shape[2], bags.moments
    take = fits[:, bags.owner] / fits[:, bags.owner].sum(axis=1, keepdims=True)
    mean = take @ first
    spread = (take @ second).reshape(-1, f, f) - mean[:, :, None] * mean[:, None]
    sd = np.sqrt(np.maximum(np.diagonal(spread, axis1=1, axis2=2), 0))
    scale = np.where(sd > 1e-6 * (1 + np.abs(mean)), 1 / np.where(sd > 0, sd, 1), 0.0)
    spread *= scale[:, :, None] * scale[:, None]
    k = min(n_dims, f)
    axes = np.broadcast_to(np.random.default_rng(0).standard_normal((f, k)), (len(fits), f, k))
    for _ in range(_ROUNDS):
        axes = np.linalg.qr(spread @ axes)[0]
    size = np.sqrt(np.maximum(np.sum(axes * (spread @ axes), axis=(1, 2)) / k, 1e-12))
    axes = axes * (scale / size[:, None])[..., None]
    shift = np.einsum("bf,bfk->bk", mean, axes)
    flat = bags.windows.reshape(-1, f)
    return np.asarray(flat @ axes - shift[:, None], dtype=np.float32)


def _train(
    z: NDArray[np.float32],
    bags: Bags,
    truth: NDArray[np.integer],
    fits: NDArray[np.bool_],
    n_steps: int,
) -> NDArray[np.float32]:
    """Scores' directions [B, K]: gradient descent with momentum on the mean log loss."""
    b, k, shape = len(fits), z.shape[2], bags.real.shape
    aim = np.where(fits, truth, 0).astype(np.float32)
    share = (fits / fits.sum(axis=1, keepdims=True)).astype(np.float32)
    joined = np.zeros((bags.n_patients, len(bags.owner)), dtype=np.float32)
    joined[bags.owner, np.arange(len(bags.owner))] = bags.sign
    both: NDArray[np.floating] = np.zeros(
        (b, k, 2), dtype=np.float32
    )  # scores' direction, the regression's weights
    offset: NDArray[np.floating] = np.zeros(b, dtype=np.float32)
    speed, offset_speed = np.zeros_like(both), np.zeros_like(offset)
    for _ in range(n_steps):
        outputs = (z @ both).reshape(b, *shape, 2)
        weight = _softmax(outputs[..., 0], bags)
        pooled = np.sum(weight * outputs[..., 1], axis=2)
        logit = pooled @ joined.T + offset[:, None]
        error = share * (1 / (1 + np.exp(-np.clip(logit, -30, 30))) - aim)
        pull = (error @ joined)[..., None] * weight
        toward = np.stack([pull * (outputs[..., 1] - pooled[..., None]), pull], axis=1)
        slope = (toward.reshape(b, 2, -1) @ z).transpose(0, 2, 1) + _RIDGE * both
        speed = _MOMENTUM * speed - _RATE * slope
        offset_speed = _MOMENTUM * offset_speed - _RATE * error.sum(axis=1)
        both, offset = both + speed, offset + offset_speed
    return np.asarray(both[..., 0], dtype=np.float32)


def _softmax(scores: NDArray[np.floating], bags: Bags) -> NDArray[np.float32]:
    """Weights [B, G, W] of the windows of each bag; 0 where there is none."""
    apart = np.where(bags.real, scores, -np.inf)
    raised = np.exp(apart - apart.max(axis=2, keepdims=True))
    return np.asarray(raised / raised.sum(axis=2, keepdims=True), dtype=np.float32)
