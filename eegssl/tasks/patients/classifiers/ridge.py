"""Fit many small ridge logistic regressions at once.

Patients are few and features are many, so a model is fitted in as many dimensions as there are
patients: with the kernel K = X Xᵀ the solution is a combination of patients (the representer
theorem), found by Newton's method. Who takes part in a fit is a weight of 0 or 1, so that all folds
are one batch of equal shape. Results are those of scikit-learn's `LogisticRegression` to rounding.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_STEPS = 50
_CLOSE = 1e-8


def kernels(block: Floats, takes_part: NDArray[np.bool_]) -> Floats:
    """Kernels [B, n, n] of features [n, F], standardised by those who take part [B, n].

    Features may differ from fit to fit, [B, n, F]. A kernel is divided by their number, so that
    blocks count the same. What is unknown (NaN) is the mean of those who take part; a feature that
    is the same in all of them says nothing.
    """
    weight = takes_part.astype(np.float64)
    kernel = np.empty((len(weight), weight.shape[1], weight.shape[1]))
    known = np.isfinite(block).astype(np.float64)
    x = np.where(known, block, 0.0)
    for b in range(len(weight)):
        own, there = (x, known) if x.ndim == 2 else (x[b], known[b])
        count = np.maximum(weight[b] @ there, 1.0)
        mean = weight[b] @ own / count
        apart = (own - mean) * there
        sd = np.sqrt(weight[b] @ apart**2 / count)
        apart /= np.where(sd > 1e-12 * (1 + np.abs(mean)), sd, np.inf)
        kernel[b] = apart @ apart.T / block.shape[-1]
    return kernel


def fit_logits(
    kernel: Floats, truth: NDArray[np.integer], takes_part: NDArray[np.bool_], cost: Floats
) -> Floats:
    """Fit a model to each set of those who take part [B, n]; logits [B, n] of everybody.

    ``kernel`` [B, n, n], ``truth`` [n] of 0 and 1, ``cost`` [B]: the factor of the summed log loss
    beside half the squared norm (scikit-learn's C). The intercept is not penalised. Newton's method
    with halved steps where the loss would grow.
    """
    # Those who take part first, and the others, whose alpha is 0, not at all.
    most = int(takes_part.sum(axis=1).max())
    order = np.argsort(~takes_part, axis=1, kind="stable")[:, :most]
    across = np.take_along_axis(kernel, order[:, None], axis=2)
    alpha, offset = _fit(
        np.take_along_axis(across, order[..., None], axis=1),
        np.where(truth[order] == 1, 1.0, -1.0),
        np.take_along_axis(takes_part, order, axis=1).astype(np.float64),
        cost,
    )
    return _product(across, alpha) + offset[:, None]


def _fit(kernel: Floats, signed: Floats, weight: Floats, cost: Floats) -> tuple[Floats, Floats]:
    """Alpha [B, m] and offset [B] of the m that may take part; ``signed`` [B, m] is -1 or 1."""
    alpha, offset = np.zeros(weight.shape), np.zeros(len(weight))
    loss = _loss(kernel, alpha, offset, signed, weight, cost)
    open_ = np.arange(len(weight))
    for _ in range(_STEPS):
        k, w, c = kernel[open_], weight[open_], cost[open_]
        to_alpha, to_offset = _newton(k, alpha[open_], offset[open_], signed[open_], w, c)
        step = np.ones(len(open_))
        for _ in range(20):
            new_alpha = alpha[open_] + step[:, None] * (to_alpha - alpha[open_])
            new_offset = offset[open_] + step * (to_offset - offset[open_])
            new_loss = _loss(k, new_alpha, new_offset, signed[open_], w, c)
            worse = new_loss > loss[open_] + 1e-12 * (1 + np.abs(loss[open_]))
            if not worse.any():
                break
            step[worse] /= 2
        gained = loss[open_] - new_loss
        alpha[open_], offset[open_], loss[open_] = new_alpha, new_offset, new_loss
        open_ = open_[gained > _CLOSE * (1 + np.abs(new_loss))]
        if len(open_) == 0:
            break
    return alpha, offset


def _newton(
    kernel: Floats, alpha: Floats, offset: Floats, signed: Floats, weight: Floats, cost: Floats
) -> tuple[Floats, Floats]:
    """Solve the weighted least squares of a full step: alpha [B, n] and offset [B]."""
    logit = _product(kernel, alpha) + offset[:, None]
    p = 1 / (1 + np.exp(-np.clip(logit, -30, 30)))
    curvature = np.maximum(p * (1 - p), 1e-10)
    aim = logit + ((signed + 1) / 2 - p) / curvature
    root = np.sqrt(weight * curvature)
    matrix = root[:, :, None] * kernel * root[:, None]
    matrix += np.eye(kernel.shape[1]) / cost[:, None, None]
    sides = np.stack([root * aim, root], axis=-1)
    solved = np.linalg.solve(matrix, sides)
    tops = np.einsum("bn,bnk->bk", root, solved)
    new_offset = tops[:, 0] / tops[:, 1]
    return root * (solved[..., 0] - new_offset[:, None] * solved[..., 1]), new_offset


def _loss(
    kernel: Floats, alpha: Floats, offset: Floats, signed: Floats, weight: Floats, cost: Floats
) -> Floats:
    fitted = _product(kernel, alpha)
    misfit = np.logaddexp(0.0, -signed * (fitted + offset[:, None]))
    return cost * np.sum(weight * misfit, axis=1) + np.sum(alpha * fitted, axis=1) / 2


def _product(kernel: Floats, alpha: Floats) -> Floats:
    return np.asarray((kernel @ alpha[..., None])[..., 0])
