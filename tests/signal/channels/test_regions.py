"""Sets of regions: presets and the user's own cover the head, by name and by position."""

import numpy as np
import pytest
from montage_names import CHBMIT, TEN_TEN, TEN_TWENTY
from pydantic import ValidationError

from eegssl.config.resolve import resolve
from eegssl.errors import ConfigError
from eegssl.masking.config import MaskingConfig
from eegssl.signal.channels.electrodes import geometry
from eegssl.signal.channels.positions import positions
from eegssl.signal.channels.regions import REGIONS, RegionSet, membership, region_of, region_set

PRESETS = ("eight", "lobes", "hemispheres")


def places_of(names):
    where = geometry(names)
    return where.positions, where.located


def test_the_default_set_is_the_encoders():
    assert region_set().names == REGIONS
    for names in (TEN_TEN, CHBMIT, ["ECG", "A1", "X"]):
        regions = geometry(names).regions > 0
        assert np.array_equal(membership(*places_of(names), region_set()), regions)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_cover_the_head(name):
    assert {e for region in region_set(name).members for e in region} >= set(TEN_TWENTY)
    assert all(region_of(e, region_set(name)) is not None for e in positions())


def test_lobes_lie_on_both_sides_and_hemispheres_on_one():
    lobes, halves = region_set("lobes"), region_set("hemispheres")
    expected = {"AF7": "frontal", "F10": "frontal", "FT9": "temporal", "TP10": "temporal"}
    expected |= {"FCz": "central", "CPz": "parietal", "POz": "parietal", "Oz": "occipital"}
    assert {e: region_of(e, lobes) for e in expected} == expected
    for name, (x, _, _) in positions().items():
        side = "midline" if name.endswith("z") else "left" if x < 0 else "right"
        assert region_of(name, halves) == side


def test_a_derivation_lies_in_the_regions_of_both_electrodes_in_any_set():
    names = ["Fp1-F7", "F7-T7", "C3-C4"]
    rows = membership(*places_of(names), region_set("hemispheres"))
    assert rows.tolist() == [[True, False, False], [True, False, False], [True, True, False]]
    lobes = region_set("lobes")
    rows = membership(*places_of(names), lobes)
    assert [[lobes.names[k] for k in np.flatnonzero(row)] for row in rows] == [
        ["frontal"],
        ["frontal", "temporal"],
        ["central"],
    ]


def test_a_place_without_a_name_lies_in_the_region_around_it():
    near = positions()["F3"] + np.float32(0.05)
    places = np.stack([near / np.linalg.norm(near), np.zeros(3)])[None].astype(np.float32)
    found = membership(places, np.array([[True, False]]), region_set())
    assert [REGIONS[k] for k in np.flatnonzero(found[0])] == ["LF"]


def test_own_regions_take_any_spelling_and_leave_the_other_side_alone():
    own = region_set({"temple": ["t3", " F 7"]})
    assert own == RegionSet(("temple",), (("T7", "F7"),))
    assert region_of("P7", own) == "temple"
    assert region_of("P8", own) is None
    assert region_of("Cz", own) is None
    assert not membership(*places_of(["P8", "ECG"]), own).any()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("nine", "expected one of eight, hemispheres, lobes"),
        ({"a": ["Fp1"], "b": ["FP1"]}, "Fp1 is in two regions, 'a' and 'b'"),
        ({"a": ["Xy9"]}, "got 'Xy9'; expected an electrode"),
        ({"a": []}, "'a' has no electrodes"),
        ({}, "at least one"),
    ],
)
def test_sets_that_cannot_be_used_are_refused(table, message):
    with pytest.raises(ConfigError, match=message):
        region_set(table)


def test_a_file_of_ones_own_becomes_the_setting(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('[regions]\nfront = ["Fp1", "Fp2"]\nback = ["O1"]\n')
    config = MaskingConfig(regions=str(path))
    assert config.regions == {"front": ("Fp1", "Fp2"), "back": ("O1",)}
    assert str(path) not in config.model_dump_json()
    path.write_text('front = ["Fp1"]\n')
    with pytest.raises(ValidationError, match=r"a table \[regions\]"):
        MaskingConfig(regions=str(path))
    with pytest.raises(ValidationError, match="can't read"):
        MaskingConfig(regions=str(tmp_path / "none.toml"))


def test_an_unknown_preset_is_refused_before_anything_runs():
    with pytest.raises(ValidationError, match="expected one of eight, hemispheres, lobes"):
        MaskingConfig(regions="nine")


def test_own_regions_come_from_the_command_line_and_replace_the_preset():
    sets = ["masking.regions.front=['Fp1', 'Fp2']", "masking.regions.back=['O1']"]
    config = resolve("pretrain", sets=sets, environment={})
    assert config.masking.regions == {"front": ("Fp1", "Fp2"), "back": ("O1",)}
    with pytest.raises(ConfigError, match=r"masking.regions.*expected one of eight"):
        resolve("pretrain", sets=["masking.regions=nine"], environment={})
