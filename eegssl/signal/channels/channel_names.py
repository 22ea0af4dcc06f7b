"""Check names that settings give to channels and references."""

from eegssl.signal.channels.electrodes import parse_channel
from eegssl.signal.channels.references import listed_reference


def require_channel(name: str) -> str:
    """A name for a channel, if it is an electrode, a derivation, or of kind ECG, EOG or EMG.

    Raises ValueError for any other.
    """
    if parse_channel(name).kind == "other":
        raise ValueError(
            "got a name that is no electrode or derivation; expected one such as C3, C3-A2 or "
            "Fp1-F7, or ECG, EOG, EMG"
        )
    return name


def require_reference(name: str) -> str:
    """What a reference is called here, by an electrode or a listed word; else ValueError."""
    channel = parse_channel(name)
    reference = listed_reference(name.upper())
    if reference is None and len(channel.electrodes) != 1:
        raise ValueError("got another word than a reference; expected one such as Cz, A1A2 or AVG")
    return reference or channel.name
