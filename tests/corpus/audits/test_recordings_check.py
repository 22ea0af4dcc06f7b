"""What preprocess stores and tells, check finds sound; what it did not tell, check finds."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from clirun import Pipeline, eegssl
from hypothesis import given
from hypothesis import strategies as st
from resigned import sign_files, sign_manifest

from eegssl.artifacts.contract import open_artifact
from eegssl.corpus.audits.recordings_check import problems_of_signal
from eegssl.corpus.audits.recordings_contract import CONTRACT
from eegssl.corpus.preprocessing.signal_writer import SignalWriter, TooCoarse
from eegssl.errors import ArtifactError
from eegssl.signal.amplitude import HIGHEST_UV, above_a_volt

Copied = Callable[[str], Path]
OPENED = """
import sys
from pathlib import Path
from eegssl.corpus.store import open_corpus
assert open_corpus([Path(sys.argv[1])]).recordings
assert "pyarrow" in sys.modules
assert "pandas" not in sys.modules
"""


def written(path: Path, signal_uv: np.ndarray) -> float:
    """Store a signal as preprocess does; its largest sample in µV, of which a concern is made."""
    for width in ("<i2", "<f4"):
        try:
            with SignalWriter(path, signal_uv.shape[1], width) as writer:
                for row in signal_uv:
                    writer.add(row)
                return writer.finish(np.zeros((len(signal_uv), 1), np.uint8)).peak_uv
        except TooCoarse:
            continue
    raise AssertionError


@given(
    exponents=st.lists(st.floats(-9, 30), min_size=1, max_size=4),
    near=st.integers(-3, 3),
    seed=st.integers(0, 99),
)
def test_one_rule_says_what_is_above_a_volt(
    tmp_path_factory: pytest.TempPathFactory, exponents: list[float], near: int, seed: int
) -> None:
    """Also for samples as near to a volt as float32 has them."""
    rng = np.random.default_rng(seed)
    signal_uv = rng.uniform(-1, 1, (len(exponents), 50)).astype(np.float32)
    signal_uv *= np.float32(10) ** np.array(exponents, np.float32)[:, None]
    edge = np.float32(HIGHEST_UV)
    for _ in range(abs(near)):
        edge = np.nextafter(edge, np.float32(np.inf if near > 0 else 0))
    signal_uv[0, 0] = edge
    path = tmp_path_factory.mktemp("s") / "r-1.safetensors"
    peak_uv = written(path, signal_uv)
    row = {"recording": "r-1", "channels": list(map(str, exponents)), "n_samples": 50}
    row |= {"auxiliary": []}
    told = above_a_volt(peak_uv)
    assert list(problems_of_signal(path, row, may_be_above=told)) == []
    assert bool(list(problems_of_signal(path, row, may_be_above=False))) == told


def test_nan_onsets_and_endless_events_are_refused_by_check_and_the_next_stage(
    tiny: Pipeline, copied: Copied, tmp_path: Path
) -> None:
    bad = copied("recordings")
    table = pq.read_table(bad / "events.parquet")
    for column, value in (("onset_s", np.nan), ("duration_s", np.inf)):
        place = table.column_names.index(column)
        values = table[column].to_numpy().copy()
        values[0] = value
        pq.write_table(table.set_column(place, column, [values]), bad / "events.parquet")
        sign_files(bad)
        for command in (["check", bad], ["tokenize", bad, "--out", tmp_path / "tokens"]):
            ran = eegssl(*command)
            assert ran.code == 4
            assert f"events.parquet was edited or damaged: column {column}" in ran.err


def refused(folder: Path) -> str:
    with pytest.raises(ArtifactError) as caught:
        open_artifact(folder, CONTRACT)
    return str(caught.value)


def test_tables_that_contradict_each_other_or_the_manifest_are_refused(copied: Copied) -> None:
    bad = copied("recordings")
    splits, people = (bad / name for name in ("splits.tsv", "subjects.tsv"))
    whole = splits.read_text(), people.read_text()
    splits.write_text("".join(whole[0].splitlines(keepends=True)[:-1]))
    sign_files(bad)
    assert "splits.tsv was edited or damaged: it lacks 1 subject(s)" in refused(bad)
    splits.write_text(whole[0] + whole[0].splitlines(keepends=True)[-1])
    sign_files(bad)
    assert "splits.tsv was edited or damaged: column subject has a value twice" in refused(bad)
    splits.write_text(whole[0])
    people.write_text("".join(whole[1].splitlines(keepends=True)[:-1]))
    sign_files(bad)
    assert "subjects.tsv was edited or damaged: it lacks 1 subject(s)" in refused(bad)
    people.write_text(whole[1])
    sign_files(bad)
    facts = json.loads((bad / "manifest.json").read_text())["facts"]
    for name in ("recordings", "subjects", "accepted", "refused", "files"):
        changed: dict[str, Any] = facts | {name: facts[name] + 1}
        sign_manifest(bad, lambda manifest, changed=changed: manifest.update(facts=changed))
        assert "manifest" in refused(bad)
    sign_manifest(bad, lambda manifest: manifest.update(facts=facts))
    assert open_artifact(bad, CONTRACT).manifest.facts == facts


@pytest.mark.parametrize("name", ["splits.tsv", "subjects.tsv"])
def test_a_subject_that_stands_twice_is_refused(copied: Copied, name: str) -> None:
    """The last of two splits would count in silence."""
    bad = copied("recordings")
    lines = (bad / name).read_text().splitlines(keepends=True)
    again = lines[1].replace("train", "test") if "train" in lines[1] else lines[1]
    (bad / name).write_text("".join([*lines, again]))
    sign_files(bad)
    assert f"{name} was edited or damaged: column subject has a value twice" in refused(bad)


@pytest.mark.parametrize(
    ("table", "names", "words"),
    [
        ("recordings", ["Cz", "Cz"], "stands twice"),
        ("events", ["../../x"], "1 of its channels are no electrode"),
    ],
)
def test_names_of_channels_are_electrodes_each_once(
    copied: Copied, table: str, names: list[str], words: str
) -> None:
    bad = copied("recordings")
    path = bad / f"{table}.parquet"
    rows = pq.read_table(path)
    lists = [names, *rows["channels"].to_pylist()[1:]]
    place = rows.column_names.index("channels")
    column = pa.array(lists, rows.schema.field("channels").type)
    pq.write_table(rows.set_column(place, "channels", column), path)
    sign_files(bad)
    assert words in refused(bad)


def test_montages_are_those_that_preprocess_makes(copied: Copied) -> None:
    bad = copied("recordings")
    path = bad / "recordings.parquet"
    rows = pq.read_table(path)
    names = pa.array(["Ada Miller"] * rows.num_rows)
    place = rows.column_names.index("montage")
    pq.write_table(rows.set_column(place, "montage", names), path)
    sign_files(bad)
    said = refused(bad)
    assert "column montage has a text that is none of those that eegssl writes" in said
    assert "Miller" not in said
    pq.write_table(rows, path)
    sign_files(bad)
    sign_manifest(bad, lambda m: m["config"]["montage"].update(reference="x"))
    assert "config.montage.reference" in refused(bad)


def test_a_refusal_repeats_no_type_of_an_event(copied: Copied) -> None:
    bad = copied("recordings")
    path = bad / "events.parquet"
    rows = pq.read_table(path)
    types = pa.array(["Ada Miller", *rows["type"].to_pylist()[1:]])
    pq.write_table(rows.set_column(rows.column_names.index("type"), "type", types), path)
    sign_files(bad)
    message = refused(bad)
    assert "facts.events has other types" in message
    assert "Miller" not in message


def test_samples_that_only_the_table_says_there_are_take_no_memory(copied: Copied) -> None:
    bad = copied("recordings")
    path = bad / "recordings.parquet"
    table = pq.read_table(path)
    n = table["n_samples"].to_numpy().copy()
    n[0] = 10**12
    for name, values in (("n_samples", n), ("duration_s", n / np.array(table["sfreq_hz"]))):
        table = table.set_column(table.column_names.index(name), name, [values])
    pq.write_table(table, path)
    sign_files(bad)
    assert "channels of 1000000000000 samples in a file of" in refused(bad)


def test_recordings_open_without_pandas(tiny: Pipeline) -> None:
    """Some functions of Arrow import it where it is installed: a third of a second for nothing."""
    command = [sys.executable, "-c", OPENED, str(tiny.root / "recordings")]
    subprocess.run(command, check=True, timeout=120)
