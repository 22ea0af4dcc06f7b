"""Time of a probe's fit on cached embeddings, beside scikit-learn alone.

Run ``python bench/bench_probe.py [repeats]``; prints Markdown. Drawn embeddings of 1,000 windows in
which five dimensions tell the classes, of the widths that an encoder of width 64 and one of width
200 give. The floor is one pass of the training matrix through a product with one weight vector and
its gradient: what any solver has to do at every step.
"""

import sys
import time
from collections.abc import Callable
from statistics import median

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from eegssl.adaptation.config import AdaptationConfig
from eegssl.adaptation.linear import fit_logistic

N_WINDOWS = 1000
SHAPES = {
    "width 64, mean and maximum": 128,
    "width 200, mean and maximum": 400,
    "width 64, 19 channels apart": 1216,
    "width 200, 8 regions": 1600,
}
CONFIG = AdaptationConfig()


def embeddings(width: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Correlated features [n, F] and two classes."""
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(N_WINDOWS, 30))
    x = hidden @ rng.normal(size=(30, width)) + 0.3 * rng.normal(size=(N_WINDOWS, width))
    return x, (hidden[:, :5].sum(axis=1) + rng.normal(size=N_WINDOWS) > 0).astype(np.int64)


def ours(x: NDArray[np.float64], y: NDArray[np.int64]) -> None:
    for _ in fit_logistic(x, np.eye(2)[y], np.ones(len(y)), CONFIG.probe_c, 1000):
        pass


def peer(x: NDArray[np.float64], y: NDArray[np.int64]) -> None:
    z = StandardScaler().fit_transform(x)
    for c in CONFIG.probe_c:
        LogisticRegression(C=c, tol=1e-5, max_iter=1000).fit(z, y)


def floor(x: NDArray[np.float64], y: NDArray[np.int64]) -> None:
    x.T @ (x @ np.ones(x.shape[1]) - y)


def seconds(job: Callable[..., None], x: NDArray[np.float64], y: NDArray[np.int64]) -> float:
    start = time.process_time()
    job(x, y)
    return time.process_time() - start


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    n = len(CONFIG.probe_c)
    print("| embeddings | a value of C, s | × scikit-learn alone | × one pass (the floor) |")
    print("|---|---|---|---|")
    for name, width in SHAPES.items():
        x, y = embeddings(width)
        rows = [[seconds(job, x, y) for job in (ours, peer, floor)] for _ in range(repeats)]
        mine, plain, one = (median(column) for column in zip(*rows, strict=True))
        print(f"| {name}, {width} | {mine / n:.3f} | {mine / plain:.2f} | {mine / n / one:.0f} |")


if __name__ == "__main__":
    main()
