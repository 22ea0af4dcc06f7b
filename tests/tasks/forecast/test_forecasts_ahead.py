"""A model of forecasts continues a new file, within the interval that it saw in validation."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from clirun import Pipeline, done, eegssl, manifest_of
from downstream import (
    NAMES,
    RATE_HZ,
    Chain,
    chain_of,
    preprocess,
    sines,
    without_targets,
    write_signals,
)
from pydantic import TypeAdapter, ValidationError

import eegssl as notebook
from eegssl.corpus.store import open_corpus
from eegssl.errors import RecordingRefused
from eegssl.io.edf.edf_writer import EdfSignal, EdfWriter, write_edf
from eegssl.tasks.forecast.ahead.error_interval import ErrorInterval

NEW, CUT_S, AHEAD_S = 60, 30, 2


@pytest.fixture(scope="module")
def chain(tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """A corpus of sines, and models of their continuation: as filtered, and without delay."""
    chain = chain_of(tmp_path_factory.mktemp("ahead"), tiny, sines)
    one = {"baselines__methods": '["persistence"]'}
    done(*chain.finetune(chain.root / "apart", **one))
    done(*without_targets(chain.finetune(chain.root / "own", **one)))
    write_signals(chain.root / "new", sines, range(NEW, NEW + 1))
    labels = [f"EEG {name.upper()}-REF" for name in NAMES]
    begun = sines(NEW)[:, : CUT_S * RATE_HZ]
    write_edf(chain.root / "cut.edf", begun, labels, RATE_HZ, physical_max_uv=3000.0)
    return chain


@pytest.mark.parametrize(("model", "phase"), [("own", "causal"), ("apart", "zero")])
def test_a_forecast_continues_the_file(model: str, phase: str, chain: Chain) -> None:
    """What came after the cut lies near the forecast, and mostly in its interval."""
    whole = open_corpus([preprocess(chain.root / "new", chain.root / f"whole-{phase}", phase)])
    start = CUT_S * RATE_HZ
    true_uv = whole.read_uv(whole.recordings[0], start, start + AHEAD_S * RATE_HZ)
    ahead = notebook.predict(notebook.load_model(chain.root / model), chain.root / "cut.edf")
    forecast_uv = ahead.arrays["forecast_uv"]
    assert forecast_uv.shape == true_uv.shape
    assert ahead.file.channels == whole.recordings[0].channels
    assert ahead.times_s[0] == CUT_S
    first_s = slice(0, RATE_HZ)
    for forecast, truth in zip(forecast_uv[:, first_s], true_uv[:, first_s], strict=True):
        assert np.corrcoef(forecast, truth)[0, 1] > 0.9
    inside = (ahead.arrays["low_uv"] <= true_uv) & (true_uv <= ahead.arrays["high_uv"])
    assert inside.mean() > 0.7
    assert (ahead.answer, ahead.value) == ("forecast", AHEAD_S)


def test_the_command_writes_the_same_forecast(chain: Chain, tmp_path: Path) -> None:
    out, model = tmp_path / "out", chain.root / "own"
    document = done("predict", chain.root / "cut.edf", "--model", model, "--out", out, "--jobs", 1)
    assert document["facts"]["answers"] == {"forecast": 1}
    assert eegssl("check", out).code == 0
    ahead = notebook.predict(notebook.load_model(model), chain.root / "cut.edf")
    table = pq.read_table(out / "predictions.parquet")
    for column, name in (("uv", "forecast_uv"), ("low_uv", "low_uv"), ("high_uv", "high_uv")):
        assert table[column].to_numpy().tolist() == ahead.arrays[name].ravel().tolist()
    assert table["channel"].unique().to_pylist() == list(ahead.file.channels)
    scored = eegssl("evaluate", "--rescore", out / "predictions.parquet", "--out", tmp_path / "s")
    assert scored.code == 4
    assert "Traceback" not in scored.err


def test_a_file_shorter_than_the_context_is_refused(chain: Chain, tmp_path: Path) -> None:
    labels = [f"EEG {name.upper()}-REF" for name in NAMES]
    write_edf(tmp_path / "short.edf", sines(NEW)[:, : 7 * RATE_HZ], labels, RATE_HZ)
    with pytest.raises(RecordingRefused, match="reads 8 s before the end"):
        notebook.predict(notebook.load_model(chain.root / "own"), tmp_path / "short.edf")


def test_the_end_of_a_file_is_what_is_read_last(chain: Chain, tmp_path: Path) -> None:
    """After a gap: nothing before it is part of the context, and a rest too short ends the way."""
    signals = [EdfSignal(f"EEG {name.upper()}-REF", "uV", 3000.0) for name in NAMES]
    reader = notebook.load_model(chain.root / "own")
    for tail_s in (12, 3):
        onsets_s = [*range(20), *range(100, 100 + tail_s)]
        path = tmp_path / f"{tail_s}.edf"
        with EdfWriter(path, signals, RATE_HZ, record_onsets_s=onsets_s) as writer:
            writer.append(sines(NEW, seconds=20 + tail_s))
    ahead = notebook.predict(reader, tmp_path / "12.edf")
    assert ahead.times_s[0] == ahead.document["forecast_from_s"] == 112
    with pytest.raises(RecordingRefused, match="goes on for 83 s, gaps included"):
        notebook.predict(reader, tmp_path / "3.edf")


def test_a_damaged_interval_is_told(chain: Chain) -> None:
    seen = manifest_of(chain.root / "own")["facts"]["interval"]
    schema = TypeAdapter(ErrorInterval)
    assert schema.validate_json(json.dumps(seen)).level == 0.9
    for wrong in ({"deviations": seen["deviations"][1:]}, {"level": 2}, {"to_s": []}):
        with pytest.raises(ValidationError):
            schema.validate_json(json.dumps(seen | wrong))


def test_the_interval_grows_with_the_horizon_where_errors_do(chain: Chain) -> None:
    seen = manifest_of(chain.root / "own")["facts"]["interval"]
    interval = ErrorInterval(seen["level"], tuple(seen["to_s"]), tuple(seen["deviations"]))
    assert interval.level == 0.9
    assert interval.to_s[-1] == AHEAD_S
    at = interval.at(np.array([0.0, 0.049, 0.051, 1.99, 5.0]))
    assert at[0] == at[1] == interval.deviations[0]
    assert at[2] == interval.deviations[1]
    assert at[3] == at[4] == interval.deviations[-1]
