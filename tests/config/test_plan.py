"""The plan settles what settings leave to the data, says why, and can be handed back."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegssl.config.corpus_stages import PreprocessConfig
from eegssl.config.plan import decide, to_toml
from eegssl.config.resolve import build


def seen(readable: int = 20, **line_hz: int) -> dict[str, object]:
    return {
        "readable": readable,
        "line_hz": {name.strip("_"): n for name, n in line_hz.items()},
        "sfreq_hz": {"256": readable},
        "channels": {"Fp1": readable},
        "derivations": 0,
        "references": {"REF": readable},
        "label_sources": {"edf": readable},
        "refused": [],
    }


@pytest.mark.parametrize(
    ("counts", "notch"),
    [
        ({"_50": 18, "None": 2}, "50"),
        ({"_60": 3, "None": 17}, "60"),
        ({"_60": 1, "None": 19}, "off"),
        ({"None": 20}, "off"),
        ({"_50": 19, "_60": 1}, "50"),
        ({"_50": 12, "_60": 8}, "each"),
        ({}, "off"),
    ],
)
def test_the_notch_is_a_property_of_the_corpus(counts: dict[str, int], notch: str) -> None:
    plan = decide(seen(**counts), PreprocessConfig())
    assert plan.config.filter.notch == notch
    assert bool(plan.warnings) == ("_50" in counts and "_60" in counts)
    for name, n in counts.items():
        assert name == "None" or f"{n} show {name[1:]} Hz" in plan.reasons["filter.notch"]


@pytest.mark.parametrize("notch", ["off", "50", "60", "each"])
def test_a_notch_that_was_given_stays(notch: str) -> None:
    config = build(PreprocessConfig, {"filter": {"notch": notch}}, "here")
    assert decide(seen(_50=20), config).config == config


@given(
    notch=st.sampled_from(["auto", "off", "50"]),
    unit=st.one_of(st.none(), st.sampled_from(["uV", "mV"])),
    markers=st.lists(st.text(max_size=8), max_size=3),
    corpus=st.text(max_size=8),
    folders=st.dictionaries(st.text(min_size=1, max_size=5), st.sampled_from(["train", "val"])),
)
def test_the_file_says_the_plan_again_whatever_the_texts(
    notch: str, unit: str | None, markers: list[str], corpus: str, folders: dict[str, str]
) -> None:
    values = {
        "corpus": corpus,
        "filter": {"notch": notch},
        "read": {"assumed_unit": unit},
        "events": {"markers": markers},
        "splits": {"folders": folders},
    }
    plan = decide(seen(_50=20), build(PreprocessConfig, values, "here"))
    read = tomllib.loads(to_toml(plan))
    assert build(PreprocessConfig, read["preprocess"], "there") == plan.config


def test_what_may_name_people_is_not_written() -> None:
    values = {"subjects": {"pattern": "^(Smith)_"}, "splits": {"file": "/home/smith/s.tsv"}}
    text = to_toml(decide(seen(), build(PreprocessConfig, values, "here")))
    assert "mith" not in text
    assert "# pattern may name people" in text
