"""The maps of caps are what their rule makes of mne's montages."""

import runpy
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from eegssl.signal.channels.caps import CAPS, NONE, cap_electrodes, wears
from eegssl.signal.channels.nearest_electrodes import (
    FARTHEST_DEG,
    angles_deg,
    nearest_electrodes,
    scalp_electrodes,
)
from eegssl.signal.channels.positions import positions

ROOT = Path(__file__).parents[2]
MAKER = runpy.run_path(str(ROOT / "bench" / "make_caps.py"))
EGI = ("egi64", "egi128", "egi256")


def test_the_table_of_caps_is_that_of_the_montages() -> None:
    tables = MAKER["cap_tables"]()
    assert tuple(tables) == CAPS
    for cap, table in tables.items():
        assert table == dict(cap_electrodes(cap)), cap


@pytest.mark.parametrize(("cap", "n"), [("biosemi256", 63), ("egi64", 53), ("egi256", 83)])
def test_a_map_names_each_electrode_once(cap: str, n: int) -> None:
    electrodes = [name for name in cap_electrodes(cap).values() if name != NONE]
    assert len(electrodes) == len(set(electrodes)) == n
    assert set(electrodes) <= positions().keys()
    assert {"Fp1", "T8", "Cz", "Pz", "O2"} <= set(electrodes)


@pytest.mark.parametrize("cap", ["egi64", "egi256"])
def test_electrodes_of_a_net_are_those_that_egi_names_or_near(cap: str) -> None:
    named = MAKER["equivalents"](MAKER["_ANCHORS"][cap])
    places, electrodes = MAKER["net_places"](cap), scalp_electrodes()
    for contact, name in cap_electrodes(cap).items():
        if name == NONE or contact in named:
            assert named.get(contact, NONE) == name
            continue
        assert angles_deg(places[contact][None], electrodes[name][None])[0, 0] <= FARTHEST_DEG


@pytest.mark.parametrize("cap", EGI)
def test_the_sides_of_a_net_are_those_of_its_electrodes(cap: str) -> None:
    places, electrodes = MAKER["net_places"](cap), positions()
    for contact, name in cap_electrodes(cap).items():
        if name != NONE and not name.endswith("z"):
            assert np.sign(places[contact][0]) == np.sign(electrodes[name][0]), (contact, name)


def test_how_far_the_published_map_of_128_is_from_the_rule_is_documented() -> None:
    places, electrodes = MAKER["net_places"]("egi128"), scalp_electrodes()
    rule = nearest_electrodes(places, electrodes)
    named = {c: e for c, e in cap_electrodes("egi128").items() if e != NONE}
    verdicts = Counter(
        "same" if rule.get(contact) == name else "other" if contact in rule else "none"
        for contact, name in named.items()
    )
    far = [
        name
        for contact, name in named.items()
        if angles_deg(places[contact][None], electrodes[name][None])[0, 0] > FARTHEST_DEG
    ]
    text = " ".join((ROOT / "docs" / "formats.md").read_text().split())
    sentence = (
        f"Of the {len(named)} contacts that Luu & Ferree name, the rule gives {verdicts['same']} "
        f"the same electrode, {verdicts['other']} another and {verdicts['none']} none"
    )
    assert sentence in text
    assert f"({', '.join(sorted(far))})" in text


@pytest.mark.parametrize(
    ("labels", "cap", "worn"),
    [
        ([f"E{n}" for n in range(1, 65)], "egi64", True),
        ([f"E{n}" for n in range(1, 129)], "egi64", False),
        ([f"E{n}" for n in range(1, 129)], "egi128", True),
        ([f"{n:03d}" for n in range(1, 257)], "egi128", False),
        ([f"{n:03d}" for n in range(1, 257)], "egi256", True),
        ([f"{b}{n}" for b in "AB" for n in range(1, 33)], "biosemi32", False),
        ([f"{b}{n}" for b in "ABC" for n in range(1, 33)], "biosemi64", True),
        ([f"{b}{n}" for b in "ABCDEFGH" for n in range(1, 33)], "biosemi256", True),
        ([f"{b}{n}" for b in "ABCDEFGH" for n in range(1, 33)], "biosemi128", False),
    ],
)
def test_a_cap_is_not_taken_for_a_smaller_one(labels: list[str], cap: str, worn: bool) -> None:
    assert wears(labels, cap) == worn
