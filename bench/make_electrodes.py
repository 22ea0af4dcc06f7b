"""Writes eegssl/config/presets/electrodes.tsv: 10-10 electrodes on the unit sphere.

Run once, by hand: ``python bench/make_electrodes.py``. mne's ``standard_1005`` template (newer
versions call it ``colin27_1005``) is turned into the head frame (x to the right ear, y to the
nose, z up), a sphere is fitted to its electrodes, and each is projected on it from its centre.
"""

import re
from pathlib import Path

import mne
import numpy as np

TABLE = Path(__file__).parents[1] / "eegssl" / "presets" / "electrodes.tsv"
WANTED = re.compile(r"(Fp|AF|F|FT|FC|T|C|TP|CP|P|PO|O|I)(z|\d+)|[AM][12]")
OLD_NAMES = {"T3", "T4", "T5", "T6"}
STAND_INS = {"T1": "FT9", "T2": "FT10"}
"""The anterior temporal electrodes T1 and T2 are in no template: they lie close to FT9 and FT10."""


def template_positions() -> dict[str, np.ndarray]:
    """The template's electrodes in the head frame, in metres."""
    known = set(mne.channels.get_builtin_montages())
    name = "colin27_1005" if "colin27_1005" in known else "standard_1005"
    montage = mne.channels.make_standard_montage(name)
    to_head = mne.channels.compute_native_head_t(montage)
    positions = montage.get_positions()["ch_pos"]
    return {n: mne.transforms.apply_trans(to_head, xyz) for n, xyz in positions.items()}


def sphere_centre(points: np.ndarray) -> np.ndarray:
    """The centre of the least-squares sphere through points [n,3]."""
    design = np.column_stack([2 * points, np.ones(len(points))])
    return np.linalg.lstsq(design, (points**2).sum(axis=1), rcond=None)[0][:3]


def unit_positions() -> dict[str, np.ndarray]:
    """Name -> position on the unit sphere, for every electrode of the table."""
    template = template_positions()
    scalp = {n: p for n, p in template.items() if WANTED.fullmatch(n) and n not in OLD_NAMES}
    fitted = np.array([p for n, p in scalp.items() if n not in {"A1", "A2", "M1", "M2"}])
    centre = sphere_centre(fitted)
    unit = {n: (p - centre) / np.linalg.norm(p - centre) for n, p in scalp.items()}
    return unit | {new: unit[like] for new, like in STAND_INS.items()}


def main() -> None:
    """Write the table."""
    rows = ["name\tx\ty\tz"]
    rows += [f"{name}\t{x:.4f}\t{y:.4f}\t{z:.4f}" for name, (x, y, z) in unit_positions().items()]
    TABLE.write_text("\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
