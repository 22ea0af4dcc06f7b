"""List the baselines by name."""

from collections.abc import Callable
from functools import partial

from eegssl.baselines.band_power import band_power_of
from eegssl.baselines.interface import BaselineInputs, System
from eegssl.baselines.linear_systems import fit_linear
from eegssl.baselines.network_fit import fit_network
from eegssl.baselines.networks import EEGNet, SeizureUNet, ShallowConvNet
from eegssl.baselines.place_features import ChannelFeatures, region_features
from eegssl.baselines.plain_systems import fit_boosting, fit_majority

BASELINES: dict[str, Callable[[BaselineInputs], System]] = {
    "majority": fit_majority,
    "band-power-channels": partial(fit_linear, ChannelFeatures.of),
    "band-power-regions": partial(fit_linear, lambda windows: region_features),
    "band-power-summary": partial(fit_linear, lambda windows: band_power_of),
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
