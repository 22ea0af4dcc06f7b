"""Compare signals with those that an encoder was trained on.

All that embed or adapt an encoder ask here, so that one rule holds in every command.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from eegssl.encoder.config import EncoderConfig
from eegssl.errors import ConfigError
from eegssl.signal.channels.electrodes import montages_of, parse_channel
from eegssl.signal.channels.positions import electrode_name, positions

REFERENTIAL, DERIVATIONS = "referential", "derivations"
"""The kinds of channels."""


@dataclass(frozen=True)
class UntrainedChannels:
    """Channels that are unlike those of an encoder's training, by name; empty where it fits."""

    montages: tuple[str, ...] = ()
    """Kinds of channels that it never saw."""
    electrodes: tuple[str, ...] = ()
    """Electrodes that it never saw, by name: their learned vectors are still random."""

    def of_montage(self, channels: Iterable[str]) -> tuple[str, ...]:
        """The channels that are of a kind that it never saw."""
        return tuple(name for name in channels if set(montages_of([name])) & set(self.montages))

    def of_electrode(self, channels: Iterable[str]) -> tuple[str, ...]:
        """The channels with an electrode that it never saw."""
        electrodes = set(self.electrodes)
        return tuple(name for name in channels if electrodes & set(parse_channel(name).electrodes))


def rate_differs(config: EncoderConfig, sfreq_hz: float) -> bool:
    """Whether signals have another rate than those of training."""
    return sfreq_hz != config.sfreq_hz


def untrained_channels(config: EncoderConfig, channels: Iterable[str]) -> UntrainedChannels:
    """Find what in these EEG channels the encoder was not trained on.

    An encoder that does not say what it was trained on takes all.
    """
    names = tuple(channels)
    kinds = montages_of(names) if config.montages else ()
    electrodes = electrodes_of(names) if config.electrodes and config.identity else ()
    places = {_place(name) for name in config.electrodes}
    return UntrainedChannels(
        tuple(kind for kind in kinds if kind not in config.montages),
        tuple(name for name in electrodes if _place(name) not in places),
    )


def electrodes_of(channels: Iterable[str]) -> tuple[str, ...]:
    """The electrodes of these EEG channels, sorted."""
    return tuple(sorted({name for c in channels for name in parse_channel(c).electrodes}))


def require_electrodes(names: Iterable[str]) -> tuple[str, ...]:
    """The canonical names of electrodes, sorted; raises ConfigError for one that is none."""
    canonical = {name: electrode_name(name) for name in names}
    unknown = [name for name, known in canonical.items() if known is None]
    if unknown:
        raise ConfigError(
            f"encoder.electrodes has {unknown[0]!r}; expected electrodes of the 10-10 system, such "
            "as Fp1, or none: then those of the recordings are taken"
        )
    return tuple(sorted({known for known in canonical.values() if known}))


def _place(electrode: str) -> bytes | None:
    """The position of an electrode, as a key; None for one that is not known."""
    place = positions().get(electrode)
    return None if place is None else place.tobytes()
