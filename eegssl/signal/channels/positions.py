"""Locate 10-10 electrodes on the unit sphere, by any spelling.

Coordinates are those of the head: x to the right ear, y to the nose, z up; the table was made from
mne's 10-05 template by ``bench/make_electrodes.py``.
"""

from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

OLD_NAMES = {"T3": "T7", "T4": "T8", "T5": "P7", "T6": "P8"}
"""Names of the 10-20 system and what the 10-10 system calls the same places."""

EARS = frozenset({"A1", "A2", "M1", "M2"})
"""Earlobes and mastoids: electrodes that serve as references."""

BEHIND_EARS = {"BTE1": "T9", "BTE2": "T10", "BTE3": "TP9", "BTE4": "TP10"}
"""Electrodes behind the ears (BTE1 left and BTE2 right above, BTE3 and BTE4 below), as wearables
and SeizeIT have them, and the electrodes whose places they get here. Names and places are ours."""

_BEHIND_EARS_SPELLED = {
    "OORLITOP": "BTE1",
    "OORRETOP": "BTE2",
    "OORLIACHTER": "BTE3",
    "OORREACHTER": "BTE4",
}


@cache
def positions() -> dict[str, npt.NDArray[np.float32]]:
    """Electrode name -> its position, float32 [3] on the unit sphere (treat as read-only)."""
    text = files("eegssl.config.presets").joinpath("electrodes.tsv").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines()[1:]]
    table = {}
    for name, *xyz in rows:
        point = np.array([float(v) for v in xyz])
        unit = (point / np.linalg.norm(point)).astype(np.float32)
        unit.setflags(write=False)
        table[name] = unit
    return table | {name: table[near] for name, near in BEHIND_EARS.items()}


@cache
def _spellings() -> dict[str, str]:
    """Upper-case spelling -> canonical name."""
    spellings = {name.upper(): name for name in positions()}
    return spellings | OLD_NAMES | _BEHIND_EARS_SPELLED


def electrode_name(text: str) -> str | None:
    """The canonical electrode of a spelling in any case or spacing (``FP 1`` -> ``Fp1``), or None.

    Dots that pad a name are ignored: PhysioNet's eegmmi says ``Fc5.``.
    """
    return _spellings().get("".join(text.split()).strip(".").upper())
