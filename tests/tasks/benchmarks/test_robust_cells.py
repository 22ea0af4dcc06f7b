"""A benchmark on corrupted recordings: every system meets the same, and gains are of pairs."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from clirun import Pipeline, done, eegssl, manifest_of
from pageparts import ParsedPage

from eegssl.artifacts.table_parts import MISSING, read_text_table
from eegssl.tasks.benchmarks.robust_cells import GAIN_CELLS, ROBUSTNESS_CELLS

MATRIX = """
recordings = ["{root}/recordings"]
adaptations = ["probe", "scratch"]
seeds = [0]
baselines = ["band-power-summary"]

[encoders.pretrained]
path = "{root}/encoder"

[encoders.random-init]
path = "{root}/encoder"
weights = "random"

[tasks.seizure]
task = "seizure-detection"

[finetune.training]
steps = 2
batch_size = 8
validate_every = 2
device = "cpu"

[evaluate]
traces = 0
scoring.bootstrap_resamples = 100
scoring.shortest_event_recording_s = 0
corruptions.severities = [4]
corruptions.kinds = ["white", "pops"]
"""
SYSTEMS = {"band-power-summary", "pretrained probe", "pretrained scratch", "random-init probe"}


@pytest.fixture(scope="module")
def benchmark(tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("robust")
    (folder / "matrix.toml").write_text(MATRIX.format(root=tiny.root))
    done("benchmark", folder / "matrix.toml", "--out", folder / "out")
    return folder / "out"


def test_every_system_has_its_curve_of_each_kind_and_of_their_mean(benchmark: Path) -> None:
    rows = read_text_table(benchmark / "robustness.tsv", ROBUSTNESS_CELLS)
    assert {row["system"] for row in rows} == SYSTEMS
    places = {(row["system"], row["kind"], row["severity"], row["metric"]) for row in rows}
    assert len(places) == len(rows) == 4 * 3 * 3 * 5
    cell = benchmark / "cells/seizure/pretrained/probe"
    for row in rows:
        if (row["system"], row["severity"]) == ("pretrained probe", "0"):
            facts = manifest_of(cell / "seed0" / "evaluation")["facts"]
            events = {f"event_{name}": score for name, score in facts["events"].items()}
            expected = (facts["windows"] | events)[row["metric"]]
            if expected is None:
                assert row["score"] == MISSING
            else:
                assert float(row["score"]) == pytest.approx(expected, abs=1e-4)


def test_gains_are_of_pretrained_systems_over_all_that_are_not(benchmark: Path) -> None:
    rows = read_text_table(benchmark / "robustness_gains.tsv", GAIN_CELLS)
    assert {(row["system"], row["against"], row["against_is"]) for row in rows} == {
        ("pretrained probe", "pretrained scratch", "from scratch"),
        ("pretrained probe", "random-init probe", "random weights"),
        ("pretrained probe", "band-power-summary", "band power"),
    }
    for row in rows:
        if row["gain"] != "n/a":
            gain = float(row["score"]) / float(row["other"]) - 1
            sign = -1 if row["metric"] == "event_fp_per_day" else 1
            assert float(row["gain"]) == pytest.approx(sign * gain, abs=1e-3)


def test_all_systems_answer_for_the_same_windows(benchmark: Path) -> None:
    tables = [pq.read_table(path) for path in sorted(benchmark.rglob("corrupted/white-4.parquet"))]
    assert len(tables) == len(SYSTEMS)
    for name in ("recording", "start_s", "truth"):
        assert all(table[name] == tables[0][name] for table in tables)


def test_the_leaderboard_shows_curves_areas_and_gains(benchmark: Path) -> None:
    page = ParsedPage((benchmark / "leaderboard.html").read_text())
    for words in (
        "seizure: scores on corrupted recordings",
        "Gain of pretraining by severity, mean over kinds",
        "Gain of pretraining by corruption",
        "SzCORE event F1, mean over severities",
        "Not among the systems: specialists",
        "signal to noise in dB: 0",
    ):
        assert words in page.words


def test_the_benchmark_is_checked_with_its_tables(benchmark: Path, tmp_path: Path) -> None:
    assert eegssl("check", benchmark).code == 0


def test_the_flag_is_the_setting(tiny: Pipeline, tmp_path: Path) -> None:
    (tmp_path / "matrix.toml").write_text(MATRIX.format(root=tiny.root))
    command = ("benchmark", tmp_path / "matrix.toml", "--out", tmp_path / "out")
    document = done(*command, "--corruptions", "muscle, mains", "--dry-run")
    assert document["config"]["evaluate"]["corruptions"]["kinds"] == ["muscle", "mains"]
    ran = eegssl(*command, "--corruptions", "snow")
    assert ran.code == 2
    assert "snow" in ran.err
