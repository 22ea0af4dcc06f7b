"""Writes eegssl/config/presets/caps.tsv: contacts of caps with names of their own, as electrodes.

Run once, by hand: ``python bench/make_caps.py``.

- BioSemi's caps of 32 and 64 are 10-20 caps: mne's montages ``biosemi32`` and ``biosemi64`` list
  their electrodes in the order of the contacts A1 to A32 and B1 to B32.
- BioSemi's caps of 128 and 256 have places of their own, on the sphere of ``biosemi64``: by the
  rule of ``eegssl.signal.channels.nearest_electrodes`` a contact is the electrode nearest to it.
- EGI's HydroCel net of 128: equivalents by Luu & Ferree 2005, "Determination of the HydroCel
  Geodesic Sensor Nets' average electrode positions and their 10-10 international equivalents".
- EGI's nets of 64 and 256: the contacts that EGI names as those of the 10-20 system ("HydroCel GSN
  10-10", by the same authors), which count before positions; of the other contacts and electrodes
  the rule takes the nearest, with mne's ``GSN-HydroCel-65_1.0`` and ``GSN-HydroCel-257`` in the
  head frame of their fiducials.
"""

from pathlib import Path

import mne
import numpy as np

from eegssl.signal.channels.nearest_electrodes import (
    nearest_electrodes,
    scalp_electrodes,
    sphere_centre,
)

TABLE = Path(__file__).parents[1] / "eegssl" / "config" / "presets" / "caps.tsv"
_EQUIVALENTS = """Fp1 22 Fpz 15 Fp2 9 AF3 23 AF4 3 F7 33 F5 27 F3 24 F1 19 Fz 11 F2 4 F4 124 F6 123
F8 122 FT7 34 FC5 28 FC3 29 FC1 13 FCz 6 FC2 112 FC4 111 FC6 117 FT8 116 T7 45 C5 41 C3 36 C1 30
Cz 129 C2 105 C4 104 C6 103 T8 108 TP7 46 CP5 47 CP3 42 CP1 37 CPz 55 CP2 87 CP4 93 CP6 98 TP8 102
P7 58 P5 51 P3 52 P1 60 Pz 62 P2 85 P4 92 P6 97 P8 96 PO7 65 PO3 67 POz 72 PO4 77 PO8 90 O1 70
Oz 75 O2 83"""
_ANCHORS = {
    "egi64": """Fp1 10 Fp2 5 F7 18 F3 12 Fz 6 F4 60 F8 58 T7 24 C3 20 Cz 65 C4 50 T8 52 P7 30 P3 28
Pz 34 P4 42 P8 44 O1 35 Oz 37 O2 39""",
    "egi256": """Fp1 37 Fpz 26 Fp2 18 F7 47 F3 36 Fz 21 F4 224 F8 2 T7 69 C3 59 Cz 257 C4 183 T8 202
P7 96 P3 87 Pz 101 P4 153 P8 170 O1 116 Oz 126 O2 150""",
}
_NETS = {
    "egi64": ("GSN-HydroCel-65_1.0", 65),
    "egi128": ("GSN-HydroCel-129", 129),
    "egi256": ("GSN-HydroCel-257", 257),
}


def contacts_in_order(montage: str) -> dict[str, str]:
    """Contact -> electrode, where the montage lists electrodes in the order of the contacts."""
    names = mne.channels.make_standard_montage(montage).ch_names
    return {f"{'AB'[k // 32]}{k % 32 + 1}": name for k, name in enumerate(names)}


def biosemi(montage: str) -> dict[str, str]:
    """Contact -> the electrode of ``biosemi64`` that it is nearest to; else n/a."""
    contacts, electrodes = (
        mne.channels.make_standard_montage(name).get_positions()["ch_pos"]
        for name in (montage, "biosemi64")
    )
    return dict.fromkeys(contacts, "n/a") | nearest_electrodes(contacts, electrodes)


def net_places(cap: str) -> dict[str, np.ndarray]:
    """Contact -> its place in the head frame of mne's montage, from the centre of its sphere."""
    name, reference = _NETS[cap]
    montage = mne.channels.make_standard_montage(name)
    to_head = mne.channels.compute_native_head_t(montage)
    places = {
        f"E{reference}" if contact == "Cz" else contact: mne.transforms.apply_trans(to_head, place)
        for contact, place in montage.get_positions()["ch_pos"].items()
    }
    centre = sphere_centre(np.array(list(places.values())))
    return {contact: place - centre for contact, place in places.items()}


def equivalents(words: str) -> dict[str, str]:
    """Contact -> electrode of a list of electrodes and numbers."""
    return {f"E{n}": name for name, n in zip(words.split()[::2], words.split()[1::2], strict=True)}


def net(cap: str) -> dict[str, str]:
    """Contact -> electrode of EGI's nets of 64 and 256: by EGI's word, else the nearest one."""
    places, named = net_places(cap), equivalents(_ANCHORS[cap])
    others = {contact: place for contact, place in places.items() if contact not in named}
    near = nearest_electrodes(others, scalp_electrodes(), frozenset(named.values()))
    return dict.fromkeys(places, "n/a") | named | near


def cap_tables() -> dict[str, dict[str, str]]:
    """Cap -> contact -> electrode, n/a without one."""
    hydrocel = dict.fromkeys((f"E{n}" for n in range(1, 130)), "n/a")
    return {
        "biosemi32": contacts_in_order("biosemi32"),
        "biosemi64": contacts_in_order("biosemi64"),
        "biosemi128": biosemi("biosemi128"),
        "biosemi256": biosemi("biosemi256"),
        "egi64": net("egi64"),
        "egi128": hydrocel | equivalents(_EQUIVALENTS),
        "egi256": net("egi256"),
    }


def main() -> None:
    """Write the table."""
    rows = ["cap\tcontact\telectrode"]
    rows += [f"{cap}\t{c}\t{e}" for cap, table in cap_tables().items() for c, e in table.items()]
    TABLE.write_text("\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
