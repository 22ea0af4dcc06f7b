"""List the baselines by name."""

from collections.abc import Callable
from functools import partial

from eegssl.baselines.interface import BaselineInputs, System
from eegssl.baselines.linear_systems import fit_logistic, fit_ridge
from eegssl.baselines.network_fit import fit_network
from eegssl.baselines.networks import EEGNet, SeizureUNet, ShallowConvNet
from eegssl.baselines.plain_systems import fit_boosting, fit_majority

BASELINES: dict[str, Callable[[BaselineInputs], System]] = {
    "majority": fit_majority,
    "band-power": lambda inputs: fit_logistic(inputs) if inputs.classes else fit_ridge(inputs),
    "band-power-boosting": fit_boosting,
    "eegnet": partial(fit_network, "eegnet", lambda s, c: EEGNet(s, c.eegnet)),
    "shallow-convnet": partial(
        fit_network, "shallow-convnet", lambda s, c: ShallowConvNet(s, c.shallow_convnet)
    ),
    "seizure-unet": partial(
        fit_network, "seizure-unet", lambda s, c: SeizureUNet(s, c.seizure_unet)
    ),
}
"""Name -> function that fits it to classes or numbers."""
