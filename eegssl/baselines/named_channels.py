"""Read windows with a fixed list of channels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegssl.corpus.store import Recording
from eegssl.corpus.windows import Windows
from eegssl.errors import InputError

_SHOWN = 6


@dataclass(frozen=True)
class NamedChannels:
    """The channels, window length and rate that a network was built for."""

    channels: tuple[str, ...]
    n_samples: int
    sfreq_hz: float

    def require(self, windows: Windows) -> None:
        """Raise InputError unless every recording of the windows has these channels."""
        if (windows.length, windows.corpus.sfreq_hz) != (self.n_samples, self.sfreq_hz):
            raise InputError(
                f"got windows of {windows.length} samples at {windows.corpus.sfreq_hz:g} Hz; "
                f"expected {self.n_samples} at {self.sfreq_hz:g} Hz, as in training"
            )
        incomplete = [r for r in windows.recordings if not set(self.channels) <= set(r.channels)]
        if incomplete:
            missing = sorted(
                {name for r in incomplete for name in self.channels} - _shared(incomplete)
            )
            raise InputError(
                f"got {len(incomplete)} of {len(windows.recordings)} recordings without all of the "
                f"{len(self.channels)} channels that the network was trained on (missing: "
                f"{_some(missing)}); expected each by name. Preprocess them to the montage of the "
                "training recordings (--set montage.reference=…), leave them out, or take "
                "band-power, which reads any channels"
            )

    def read_uv(self, windows: Windows, index: NDArray[np.int64]) -> NDArray[np.float32]:
        """These windows in µV, float32 [B, C, T]; their recordings may differ in channels."""
        pieces = []
        for owner, start in zip(windows.owner[index], windows.start[index], strict=True):
            recording = windows.recordings[owner]
            rows = [recording.channels.index(name) for name in self.channels]
            piece = windows.corpus.read_uv(recording, int(start), int(start) + windows.length)
            pieces.append(piece[rows])
        return np.stack(pieces)


def shared_channels(windows: Windows) -> NamedChannels:
    """The channels that every recording of the windows has, sorted by name.

    Raises InputError if there is none.
    """
    shared = _shared(windows.recordings)
    if not shared:
        raise InputError(
            f"got {len(windows.recordings)} training recordings that have no channel in common by "
            "name; expected one at least. Preprocess all of them to one montage "
            "(--set montage.reference=banana), or take band-power, which reads any channels"
        )
    return NamedChannels(tuple(sorted(shared)), windows.length, windows.corpus.sfreq_hz)


def _shared(recordings: tuple[Recording, ...] | list[Recording]) -> set[str]:
    return set.intersection(*(set(r.channels) for r in recordings))


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
