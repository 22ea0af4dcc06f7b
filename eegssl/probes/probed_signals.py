"""Take the aperiodic part out of windows, their own or the mean."""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from eegssl.corpus.windows import Windows
from eegssl.probes.embedded import Change
from eegssl.signal.aperiodic import LEVEL_HZ, Line, flattened, line_of

OWN, COMMON = "own", "common"
"""Each channel of each window less its own 1/f line; all less the mean line of all."""

_LOWEST_HZ = 0.5


def without_aperiodic(windows: Windows, batch_size: int, top_hz: float) -> dict[str, Change]:
    """The changes `COMMON` and `OWN` of the signals of these windows, in a band up to ``top_hz``.

    Both leave 1/f flat at one level, that of the mean line at `LEVEL_HZ`. They differ only in what
    tells windows apart by their 1/f, so that a fall from one to the other is due to that.
    """
    sums, n = np.zeros(2), 0
    for index in windows.in_order(batch_size):
        line = line_of(windows.batch(index).signal_uv, windows.corpus.sfreq_hz)
        sums += [line.offset_db.sum(), line.slope_db.sum()]
        n += line.offset_db.size
    mean = Line(*(np.array(value) for value in sums / n))
    level_db = float(mean.at(np.array([LEVEL_HZ]))[0])
    change = partial(_changed, sfreq_hz=windows.corpus.sfreq_hz, level_db=level_db, top_hz=top_hz)
    return {COMMON: partial(change, line=mean), OWN: partial(change, line=None)}


def _changed(
    signal_uv: NDArray[np.float32],
    *,
    line: Line | None,
    sfreq_hz: float,
    level_db: float,
    top_hz: float,
) -> NDArray[np.float32]:
    own = line_of(signal_uv, sfreq_hz) if line is None else line
    return flattened(signal_uv, sfreq_hz, own, level_db, (_LOWEST_HZ, top_hz))
