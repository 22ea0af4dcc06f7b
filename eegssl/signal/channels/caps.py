"""Name the electrodes of caps whose contacts have names of their own.

The table was made by ``bench/make_caps.py``, which names its sources.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

from eegssl.signal.channels.electrodes import plain_label

CAPS = ("biosemi32", "biosemi64", "biosemi128", "biosemi256", "egi64", "egi128", "egi256")
NONE = "n/a"
_CONTACT = re.compile(r"([A-H]?)0*([1-9][0-9]{0,2})")
_LIKELY = 0.9


@cache
def cap_electrodes(cap: str) -> Mapping[str, str]:
    """Contact -> electrode of a cap, `NONE` where no electrode is near; raises KeyError."""
    text = files("eegssl.config.presets").joinpath("caps.tsv").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines()[1:]]
    table = {contact: electrode for name, contact, electrode in rows if name == cap}
    if not table:
        raise KeyError(cap)
    return table


def contact_of(label: str, cap: str) -> str | None:
    """The contact of a cap that a label names (``EEG A01`` -> ``A1``, EGI: ``1`` -> ``E1``)."""
    contact = _as_contact(label, cap)
    return contact if contact in cap_electrodes(cap) else None


def wears(labels: Iterable[str], cap: str) -> bool:
    """Whether labels are a cap's contacts: half of them or more (10-20 labels are none).

    Not where more than half as many go on past the cap: those are a larger cap's.
    """
    contacts = {contact for label in labels if (contact := _as_contact(label, cap))}
    inside = len(contacts & cap_electrodes(cap).keys())
    beyond = len(contacts) - inside
    return 2 * inside >= len(cap_electrodes(cap)) - 1 and 2 * beyond <= inside


def _as_contact(label: str, cap: str) -> str | None:
    """A label as contacts of such a cap are written, whether it has this one or not; or None."""
    match = _CONTACT.fullmatch(re.split(r"[-/]", plain_label(label))[0].replace(" ", ""))
    if match is None:
        return None
    return f"{match[1] or ('E' if cap.startswith('egi') else '')}{match[2]}"


def likely_cap(labels: Iterable[str]) -> str | None:
    """The cap whose contacts the labels are, as far as they have letters and numbers; or None."""
    names = {plain_label(label).replace(" ", "") for label in labels}
    contacts = {name for name in names if re.fullmatch(r"[A-H][0-9]{1,3}", name)}
    for cap in CAPS:
        both = contacts & cap_electrodes(cap).keys()
        if len(both) >= _LIKELY * len(contacts | cap_electrodes(cap).keys()):
            return cap
    return None
