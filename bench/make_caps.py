"""Writes eegssl/config/presets/caps.tsv: contacts of caps with names of their own, as electrodes.

Run once, by hand: ``python bench/make_caps.py``.

- BioSemi's caps of 32 and 64 are 10-20 caps: mne's montages ``biosemi32`` and ``biosemi64`` list
  their electrodes in the order of the contacts A1 to A32 and B1 to B32.
- BioSemi's cap of 128 has places of its own: each electrode of ``biosemi64`` gets the contact that
  is nearest to it in mne's ``biosemi128``, at most 10 degrees away, and each contact one electrode.
- EGI's HydroCel net of 128: equivalents by Luu & Ferree 2005, "Determination of the HydroCel
  Geodesic Sensor Nets' average electrode positions and their 10-10 international equivalents".
"""

from pathlib import Path

import mne
import numpy as np

TABLE = Path(__file__).parents[1] / "eegssl" / "config" / "presets" / "caps.tsv"
FARTHEST_DEG = 10.0
_EQUIVALENTS = """Fp1 22 Fpz 15 Fp2 9 AF3 23 AF4 3 F7 33 F5 27 F3 24 F1 19 Fz 11 F2 4 F4 124 F6 123
F8 122 FT7 34 FC5 28 FC3 29 FC1 13 FCz 6 FC2 112 FC4 111 FC6 117 FT8 116 T7 45 C5 41 C3 36 C1 30
Cz 129 C2 105 C4 104 C6 103 T8 108 TP7 46 CP5 47 CP3 42 CP1 37 CPz 55 CP2 87 CP4 93 CP6 98 TP8 102
P7 58 P5 51 P3 52 P1 60 Pz 62 P2 85 P4 92 P6 97 P8 96 PO7 65 PO3 67 POz 72 PO4 77 PO8 90 O1 70
Oz 75 O2 83"""


def unit_vectors(montage: str) -> dict[str, np.ndarray]:
    """Name -> direction from the centre of mne's sphere."""
    places = mne.channels.make_standard_montage(montage).get_positions()["ch_pos"]
    return {name: xyz / np.linalg.norm(xyz) for name, xyz in places.items()}


def contacts_in_order(montage: str) -> dict[str, str]:
    """Contact -> electrode, where the montage lists electrodes in the order of the contacts."""
    names = mne.channels.make_standard_montage(montage).ch_names
    return {f"{'AB'[k // 32]}{k % 32 + 1}": name for k, name in enumerate(names)}


def nearest_electrodes() -> dict[str, str]:
    """Contact of ``biosemi128`` -> electrode, the nearest pairs first; else n/a."""
    contacts, electrodes = unit_vectors("biosemi128"), unit_vectors("biosemi64")
    cosines = np.array(list(contacts.values())) @ np.array(list(electrodes.values())).T
    angles = np.degrees(np.arccos(np.clip(cosines, -1, 1)))
    electrode_of = dict.fromkeys(contacts, "n/a")
    for flat in np.argsort(angles, axis=None):
        c, e = divmod(int(flat), len(electrodes))
        contact, electrode = list(contacts)[c], list(electrodes)[e]
        free = electrode_of[contact] == "n/a" and electrode not in electrode_of.values()
        if angles[c, e] <= FARTHEST_DEG and free:
            electrode_of[contact] = electrode
    return electrode_of


def hydrocel() -> dict[str, str]:
    """Contact of EGI's net of 128, and its reference 129 -> electrode, n/a without one."""
    words = _EQUIVALENTS.split()
    pairs = dict(zip(words[1::2], words[::2], strict=True))
    return {f"E{n}": pairs.get(str(n), "n/a") for n in range(1, 130)}


def main() -> None:
    """Write the table."""
    caps = {cap: contacts_in_order(cap) for cap in ("biosemi32", "biosemi64")}
    caps |= {"biosemi128": nearest_electrodes(), "egi128": hydrocel()}
    rows = ["cap\tcontact\telectrode"]
    rows += [f"{cap}\t{c}\t{e}" for cap, table in caps.items() for c, e in table.items()]
    TABLE.write_text("\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
