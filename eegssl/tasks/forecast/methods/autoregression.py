"""Fit AR(p) to each context and forecast with it.

All series at once; coefficients a of x[t] + a_1 x[t-1] + ... + a_p x[t-p] = noise.
"""

from dataclasses import dataclass

import numpy as np
import scipy.fft
import scipy.signal
from numpy.typing import NDArray

from eegssl.tasks.forecast.config import AutoregressionConfig

Floats = NDArray[np.float64]

_SILENT = 1e-12  # a power below this share of the series' own is rounding: no more is explained


@dataclass(frozen=True)
class Autoregression:
    """AR models of S series: ``coefficients`` [S, P], 0 beyond each one's own ``order`` [S].

    ``variance`` [S] is that of the noise, in the square of the series' unit.
    """

    coefficients: Floats
    order: NDArray[np.int64]
    variance: Floats


def fit_autoregression(
    series: NDArray[np.floating], sfreq_hz: float, config: AutoregressionConfig
) -> Autoregression:
    """Fit an AR model to each series [S, T] about its mean.

    The order is ``config.order``, or the one of least AIC = T log(variance) + 2 p up to
    ``max_order`` (Akaike 1974); never more than a third of the samples (ours).
    """
    x = np.asarray(series, dtype=np.float64)
    if config.fit_s is not None:
        x = x[:, -max(1, round(config.fit_s * sfreq_hz)) :]
    x = x - x.mean(axis=-1, keepdims=True)
    n = x.shape[-1]
    most = min(config.order or config.max_order, n // 3)
    estimate = _burg if config.estimator == "burg" else _yule_walker
    reflections, variances = estimate(x, most)
    if config.order is None:
        floor = np.maximum(variances, np.finfo(np.float64).tiny)
        order = (n * np.log(floor) + 2 * np.arange(most + 1)).argmin(axis=-1)
    else:
        order = np.full(len(x), most)
    used = np.where(np.arange(most) < order[:, None], reflections, 0.0)
    return Autoregression(_step_up(used), order, variances[np.arange(len(x)), order])


def run_on(
    series: NDArray[np.floating], model: Autoregression, n_samples: int, mean: Floats
) -> Floats:
    """Expected samples [S, n_samples] after each series [S, T], given its ``mean`` [S, 1]."""
    past = np.asarray(series, dtype=np.float64) - mean
    most = model.coefficients.shape[-1]
    silence = np.zeros(n_samples)
    forecast = np.zeros((len(past), n_samples))
    for out, own, a in zip(forecast, past[:, ::-1][:, :most], model.coefficients, strict=True):
        if a.any():
            polynomial = np.concatenate([[1.0], a])
            state = scipy.signal.lfiltic([1.0], polynomial, own)
            out[:] = scipy.signal.lfilter([1.0], polynomial, silence, zi=state)[0]
    return forecast + mean


def _burg(x: Floats, most: int) -> tuple[Floats, Floats]:
    """Reflections [S, P] and noise variances [S, P + 1] of all orders (Burg 1975)."""
    forward, backward = x[:, 1:].copy(), x[:, :-1].copy()
    variances = np.empty((len(x), most + 1))
    variances[:, 0] = np.mean(x**2, axis=-1)
    reflections = np.zeros((len(x), most))
    for k in range(most):
        power = np.einsum("st,st->s", forward, forward) + np.einsum("st,st->s", backward, backward)
        alive = power > _SILENT * x.shape[-1] * variances[:, 0]
        cross = np.einsum("st,st->s", forward, backward)
        own = np.divide(-2 * cross, power, out=np.zeros_like(power), where=alive)
        reflections[:, k] = own
        variances[:, k + 1] = variances[:, k] * (1 - own**2)
        next_forward = forward[:, 1:] + own[:, None] * backward[:, 1:]
        backward = backward[:, :-1] + own[:, None] * forward[:, :-1]
        forward = next_forward
    return reflections, variances


def _yule_walker(x: Floats, most: int) -> tuple[Floats, Floats]:
    """The same from the biased autocorrelation, by the recursion of Levinson and Durbin."""
    n = x.shape[-1]
    spectrum = scipy.fft.rfft(x, scipy.fft.next_fast_len(n + most + 1, real=True))
    size = scipy.fft.next_fast_len(n + most + 1, real=True)
    r = scipy.fft.irfft(spectrum.real**2 + spectrum.imag**2, size)[:, : most + 1] / n
    variances = np.empty((len(x), most + 1))
    variances[:, 0] = r[:, 0]
    reflections, a = np.zeros((len(x), most)), np.zeros((len(x), most))
    for k in range(most):
        due = r[:, k + 1] + np.einsum("sk,sk->s", a[:, :k], r[:, k:0:-1])
        alive = variances[:, k] > _SILENT * variances[:, 0]
        own = np.divide(-due, variances[:, k], out=np.zeros(len(x)), where=alive)
        reflections[:, k] = own
        a[:, :k] += own[:, None] * a[:, :k][:, ::-1]
        a[:, k] = own
        variances[:, k + 1] = variances[:, k] * (1 - own**2)
    return reflections, variances


def _step_up(reflections: Floats) -> Floats:
    """Coefficients [S, P] from reflections [S, P]; those of 0 leave a lower order as it is."""
    a = np.zeros_like(reflections)
    for k in range(reflections.shape[-1]):
        own = reflections[:, k, None]
        a[:, :k] += own * a[:, :k][:, ::-1]
        a[:, k] = own[:, 0]
    return a
