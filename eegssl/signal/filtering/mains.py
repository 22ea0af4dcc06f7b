"""Detect mains hum in a recording, at 50 or 60 Hz."""

import numpy as np
import numpy.typing as npt
import scipy.fft

Samples = npt.NDArray[np.integer] | npt.NDArray[np.floating]

LINES_HZ = (50.0, 60.0)
"""The mains frequencies of the world."""

PROMINENCE = 3.0
"""Ours: a line stands out when its power is this many times that of its neighbourhood.

In 300 trials white noise stayed below 2.1, on 20 channels for 10 s and on one channel for 60 s.
Fewer windows scatter more, so they must show more: the threshold is this times (1 + 2 / windows).
"""


def detect_line(windows: Samples, sfreq_hz: float) -> float | None:
    """Find the mains frequency that stands out in windows [W,C,S] of one recording, else None.

    Windows are of 4 s so that lines stand out, in any unit. Power spectra of Hann windows are
    averaged (Welch); the peak within .5 Hz of a line is compared with the median 2 to 6 Hz away,
    per channel, and the median over channels decides. None also without windows or channels, or
    for recordings sampled too slowly.
    """
    if not windows.size:
        return None
    total = sum(map(_power, windows[1:]), start=_power(windows[0]))
    frequencies_hz = scipy.fft.rfftfreq(windows.shape[2], 1 / sfreq_hz)
    prominence = {line: _prominence(total, frequencies_hz, line) for line in LINES_HZ}
    strongest = max(LINES_HZ, key=lambda line: prominence[line])
    threshold = PROMINENCE * (1 + 2 / len(windows))
    return strongest if prominence[strongest] >= threshold else None


def _power(window: Samples) -> npt.NDArray[np.float64]:
    """Power spectrum [C,F] (arbitrary unit) of one Hann-windowed piece [C,S], offset removed."""
    piece = window.astype(np.float64)
    piece -= piece.mean(axis=1, keepdims=True)
    power: npt.NDArray[np.float64] = (
        np.abs(scipy.fft.rfft(piece * np.hanning(piece.shape[1]), axis=1)) ** 2
    )
    return power


def _prominence(
    power: npt.NDArray[np.float64], frequencies_hz: npt.NDArray[np.float64], line_hz: float
) -> float:
    """Median over channels of peak power over that of the neighbourhood; 0 where out of reach."""
    distance_hz = np.abs(frequencies_hz - line_hz)
    near = distance_hz <= 0.5
    around = (distance_hz >= 2.0) & (distance_hz <= 6.0)
    if frequencies_hz[-1] < line_hz + 2.0:
        return 0.0
    floor = np.median(power[:, around], axis=1)
    live = floor > 0
    if not live.any():
        return 0.0
    return float(np.median(power[live][:, near].max(axis=1) / floor[live]))
