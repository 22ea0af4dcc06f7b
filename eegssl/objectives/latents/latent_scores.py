"""Score predictions of embeddings, beside what their place alone tells."""

import math

from torch import Tensor


class LatentScores:
    """Sums over grains of validation windows, from which the scores follow."""

    def __init__(self, isotropy: float) -> None:
        """``isotropy``: weight of the statistic in the loss."""
        self._isotropy = isotropy
        self._error, self._n_hidden = 0.0, 0
        self._statistic, self._n_windows = 0.0, 0
        self._between, self._n_compared = 0.0, 0

    def add(self, error: float, n_hidden: int, whole: Tensor, statistic: float) -> None:
        """Count a grain: its mean squared error, and embeddings ``whole`` [B, C, N, D]."""
        n_windows = len(whole)
        self._error += error * n_hidden
        self._n_hidden += n_hidden
        self._statistic += statistic * n_windows
        self._n_windows += n_windows
        if n_windows > 1:
            self._between += float(whole.var(dim=0).mean()) * n_windows
            self._n_compared += n_windows

    def numbers(self, suffix: str) -> dict[str, float]:
        """``loss``, and ``prediction_loss`` and ``isotropy``, of which it is made.

        ``spread``: the variance of an embedding over windows at one place, which is 0 where all
        windows look alike; ``constant_loss``: the loss with this error, that of knowing the place
        and no signal; ``r2``: the share of it that is explained. Of grains of several windows.
        """
        error = self._error / self._n_hidden
        scores = {"loss": error}
        weight, statistic = self._isotropy, self._statistic / self._n_windows
        if not math.isnan(statistic):
            scores["loss"] = (1 - weight) * error + weight * statistic
            scores |= {"prediction_loss": error, "isotropy": statistic}
        if self._n_compared:
            spread = self._between / self._n_compared
            constant = scores["loss"] + (1 - weight) * (spread - error)
            explained = 1 - error / spread if spread else 0.0
            scores |= {"spread": spread, "constant_loss": constant}
            scores |= {"r2": explained, "constant_r2": 0.0}
        return {f"{name}{suffix}": value for name, value in scores.items()}
