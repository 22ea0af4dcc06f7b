"""Build synthetic montages, with the many spellings of channel labels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegssl.synth.anatomy import ELECTRODES, SCALP

BANANA = (
    *("Fp1-F7", "F7-T7", "T7-P7", "P7-O1", "Fp1-F3", "F3-C3", "C3-P3", "P3-O1"),
    *("Fp2-F4", "F4-C4", "C4-P4", "P4-O2", "Fp2-F8", "F8-T8", "T8-P8", "P8-O2"),
    *("Fz-Cz", "Cz-Pz"),
)
"""The longitudinal bipolar montage ("double banana")."""

OLD_NAMES = {"T7": "T3", "T8": "T4", "P7": "T5", "P8": "T6"}


@dataclass(frozen=True)
class Montage:
    """Labels of C channels and the matrix [C,E] that makes them from the electrodes."""

    labels: tuple[str, ...]
    matrix: NDArray[np.float64]


def build_montage(reference: str, style: str) -> Montage:
    """The channels of a reference (``linked-ears average cz banana``) in a style of labels."""
    identity = {name: np.eye(len(ELECTRODES))[i] for i, name in enumerate(ELECTRODES)}
    if reference == "banana":
        pairs = [name.split("-") for name in BANANA]
        labels = [f"{a}-{b}".upper() if style == "chb" else f"{a}-{b}" for a, b in pairs]
        return Montage(tuple(labels), np.array([identity[a] - identity[b] for a, b in pairs]))
    against = {
        "linked-ears": (identity["A1"] + identity["A2"]) / 2,
        "average": np.mean([identity[n] for n in SCALP], axis=0),
        "cz": identity["Cz"],
    }[reference]
    names = [n for n in SCALP if reference != "cz" or n != "Cz"]
    matrix = np.array([identity[n] - against for n in names])
    return Montage(tuple(_LABELS[style](n) for n in names), matrix)


def _tuh(name: str, reference: str) -> str:
    return f"EEG {OLD_NAMES.get(name, name).upper()}-{reference}"


_LABELS = {
    "tuh-le": lambda n: _tuh(n, "LE"),
    "tuh-ref": lambda n: _tuh(n, "REF"),
    "szcore": lambda n: f"{n}-Avg",
    "plain-cz": lambda n: f"{n}-Cz",
    "plain": lambda n: n,
}
