"""List the corruptions by name."""

from typing import get_args

from eegssl.errors import ConfigError
from eegssl.signal.corruptions.absent import DroppedChannels, DroppedRegions
from eegssl.signal.corruptions.config import CorruptionName, CorruptionsConfig
from eegssl.signal.corruptions.corruption import Corruption
from eegssl.signal.corruptions.hum import Mains
from eegssl.signal.corruptions.loose_electrodes import Pops
from eegssl.signal.corruptions.muscle import Muscle
from eegssl.signal.corruptions.narrow_band import NarrowBand
from eegssl.signal.corruptions.new_reference import OtherReference
from eegssl.signal.corruptions.noise import PinkNoise, WhiteNoise

CORRUPTIONS: dict[str, type[Corruption]] = {
    "white": WhiteNoise,
    "pink": PinkNoise,
    "muscle": Muscle,
    "mains": Mains,
    "pops": Pops,
    "drop-channels": DroppedChannels,
    "drop-regions": DroppedRegions,
    "reference": OtherReference,
    "band": NarrowBand,
}
"""Name -> class."""


def levels_of(config: CorruptionsConfig) -> dict[str, dict[int, float]]:
    """The chosen kinds in their order -> severity -> level.

    Raises ConfigError for levels that mean nothing, or do not grow in severity.
    """
    names = get_args(CorruptionName) if config.kinds == "all" else config.kinds
    chosen = {}
    for name in names:
        own = config.levels.get(name)
        if own and (problem := CORRUPTIONS[name]().problem(own)):
            got = ", ".join(f"{level:g}" for level in own)
            raise ConfigError(f"corruptions.levels.{name}: got {got}; {problem}")
        levels = own or CORRUPTIONS[name].levels
        chosen[name] = {severity: levels[severity - 1] for severity in config.severities}
    return chosen
