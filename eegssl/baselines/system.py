"""List the baselines by name, and fit any of them."""

from collections.abc import Callable
from functools import partial

from eegssl.baselines.config import BaselinesConfig
from eegssl.baselines.interface import BaselineInputs, System
from eegssl.baselines.network_fit import fit_network
from eegssl.baselines.networks import EEGNet, SeizureUNet, ShallowConvNet
from eegssl.baselines.number_systems import fit_boosted_numbers, fit_mean, fit_ridge
from eegssl.baselines.plain_systems import fit_boosting, fit_logistic, fit_majority
from eegssl.corpus.labelled import LabelledWindows, LabelTask, require_classes
from eegssl.errors import ConfigError
from eegssl.scoring.config import ThresholdCriterion

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


def fit_baseline(
    name: str,
    train: LabelledWindows,
    val: LabelledWindows,
    task: LabelTask,
    seed: int,
    config: BaselinesConfig,
    criterion: ThresholdCriterion,
    say: Callable[[str], None],
) -> System:
    """Fit the baseline of this name; validation windows stop training and choose the threshold.

    Windows without a class are left out. Raises ConfigError for an unknown name, a task of seconds
    or windows too short, InputError if a class is missing from either split or recordings lack the
    channels of a network.
    """
    if name not in BASELINES:
        raise ConfigError(f"got baseline {name!r}; expected one of {', '.join(BASELINES)}")
    if task.unit == "second":
        raise ConfigError(
            f"task {task.name} is about seconds; baselines expect windows: leave baselines "
            "out (baselines = []), or set unit = 'window'"
        )
    require_classes(train, task, "train")
    require_classes(val, task, "val")
    if task.target == "number":
        return OF_NUMBERS[name](BaselineInputs(train, val, task, seed, config, criterion, say))
    inputs = BaselineInputs(train.known(), val.known(), task, seed, config, criterion, say)
    return BASELINES[name](inputs)
