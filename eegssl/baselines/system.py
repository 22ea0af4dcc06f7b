"""List the baselines by name."""

from collections.abc import Callable
from functools import partial

from eegssl.baselines.interface import BaselineInputs, System
from eegssl.baselines.network_fit import fit_network
from eegssl.baselines.networks import EEGNet, SeizureUNet, ShallowConvNet
from eegssl.baselines.number_systems import fit_boosted_numbers, fit_mean, fit_ridge
from eegssl.baselines.plain_systems import fit_boosting, fit_logistic, fit_majority

Fit = Callable[[BaselineInputs], System]

_NETWORKS: dict[str, Fit] = {
    "eegnet": partial(fit_network, "eegnet", lambda s, c: EEGNet(s, c.eegnet)),
    "shallow-convnet": partial(
        fit_network, "shallow-convnet", lambda s, c: ShallowConvNet(s, c.shallow_convnet)
    ),
    "seizure-unet": partial(
        fit_network, "seizure-unet", lambda s, c: SeizureUNet(s, c.seizure_unet)
    ),
}
BASELINES: dict[str, Fit] = {
    "majority": fit_majority,
    "band-power": fit_logistic,
    "band-power-boosting": fit_boosting,
    **_NETWORKS,
}
"""Name -> function that fits it to classes."""

OF_NUMBERS: dict[str, Fit] = {
    "majority": fit_mean,
    "band-power": fit_ridge,
    "band-power-boosting": fit_boosted_numbers,
    **_NETWORKS,
}
"""Name -> function that fits it to numbers."""
