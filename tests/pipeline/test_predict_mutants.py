"""Hundreds of broken files in one call: each a row, and none an invented absence of seizures."""

import random
import re
from dataclasses import dataclass
from pathlib import Path

import mne
import numpy as np
import pytest
from clirun import Pipeline, Ran, eegssl
from edf_bytes import EdfSpec, Signal, time_stamps
from mutations import MUTATIONS, WIDE, mutate
from tinycorpus import CHANNELS, SEIZURE_S, noise_uv, spike_and_wave_uv

from eegssl.io.edf.edf_writer import write_edf

DOCS = Path(__file__).parents[2] / "docs" / "commands.md"
QUICK, ALL = 60, 500
SFREQ_HZ, GAP_S = 200, 7.0
N_EDF = 3
"""The first of the bases; the others are BDF."""


def bases(folder: Path) -> list[bytes]:
    """The same seizure as EDF+C, EDF+D with a gap and with annotations, BDF and BDF+D.

    Their number has no factor in common with that of mutations: each is mutated in all ways.
    """
    folder.mkdir()
    labels = [f"EEG {name.upper()}-REF" for name in CHANNELS]
    signal_uv = noise_uv(len(CHANNELS), SEIZURE_S, SFREQ_HZ, seed=900)
    signal_uv += spike_and_wave_uv(SEIZURE_S, SFREQ_HZ, 8.0, 16.0)
    onsets_s = [k + (GAP_S if k >= 28 else 0.0) for k in range(SEIZURE_S)]
    marks = [(3.0, 1.0, "eyes open"), (9.0, 0.0, "start")]
    plus = write_edf(folder / "plus.edf", signal_uv, labels, SFREQ_HZ)
    gaps = write_edf(folder / "gaps.edf", signal_uv, labels, SFREQ_HZ, record_onsets_s=onsets_s)
    noted = write_edf(folder / "noted.edf", signal_uv, labels, SFREQ_HZ, annotations=marks)
    wide = [
        Signal(np.round(32 * row).astype(int), name, limits=WIDE)
        for name, row in zip(labels, signal_uv, strict=True)
    ]
    stamps = time_stamps([f"{onset_s:g}" for onset_s in onsets_s])
    bdf = EdfSpec(wide, SEIZURE_S, bdf=True)
    bdf_gaps = EdfSpec(wide, SEIZURE_S, bdf=True, kind="BDF+D", tals=stamps)
    written = [path.read_bytes() for path in (plus, gaps, noted)]
    return [*written, bdf.bytes(), bdf_gaps.bytes()]


@dataclass(frozen=True)
class Batch:
    """The mutants by name, what the command said of them, and what it wrote."""

    files: dict[str, Path]
    ran: Ran
    out: Path

    @property
    def rows(self) -> list[dict[str, str]]:
        header, *lines = (self.out / "files.tsv").read_text().splitlines()
        return [dict(zip(header.split("\t"), line.split("\t"), strict=True)) for line in lines]


@pytest.fixture(
    scope="module", params=[QUICK, pytest.param(ALL, marks=pytest.mark.slow)], ids="{} files".format
)
def batch(
    request: pytest.FixtureRequest, tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory
) -> Batch:
    """So many mutants of each kind in turn, and one whole file, through one call."""
    root = tmp_path_factory.mktemp("mutants")
    whole = bases(root / "bases")
    folder = root / "ward"
    folder.mkdir()
    files = {"whole": folder / "whole.edf", "wide": folder / "wide.bdf"}
    files["whole"].write_bytes(whole[0])
    files["wide"].write_bytes(whole[3])
    for k in range(request.param):
        name = list(MUTATIONS)[k % len(MUTATIONS)]
        base = k % len(whole)
        path = folder / f"{k:03d}-{name}.{'bdf' if base >= N_EDF else 'edf'}"
        path.write_bytes(mutate(whole[base], name, random.Random(k)))
        files[path.stem] = path
    formats = ("--format", "tsv,edf,json", "--keep-names", "--jobs", 2)
    words = ("predict", folder, "--model", tiny.model, "--out", root / "out", *formats)
    return Batch(files, eegssl(*words, "--json"), root / "out")


def codes() -> set[str]:
    """The codes of refusal that the page of commands lists."""
    section = DOCS.read_text().partition("### What is refused")[2].partition("\n###")[0]
    return {code for line in re.findall(r"^\|(.*?)\|", section, re.M) for code in ticked(line)}


def ticked(text: str) -> list[str]:
    return re.findall(r"`([a-z-]+)`", text)


def test_every_file_is_a_row_read_or_refused_with_a_code_of_the_docs(batch: Batch) -> None:
    assert batch.ran.code == 0, batch.ran.err
    assert len(batch.rows) == len(batch.files)
    states = [row["status"] for row in batch.rows]
    assert set(states) == {"read", "refused"}
    known = codes()
    assert len(known) > 20
    for row in batch.rows:
        if row["status"] == "refused":
            assert row["code"] in known - {"crashed", "timed-out", "out-of-memory"}, row
            assert row["reason"] not in ("", "n/a")
            assert row["answer"] == "n/a"
    assert batch.ran.document["facts"]["refused"] == states.count("refused")
    assert "bug" not in batch.ran.err


def test_no_refused_file_leaves_a_table_that_says_there_was_no_seizure(batch: Batch) -> None:
    tables = sorted((batch.out / "detections").rglob("*_events.tsv"))
    read = [row for row in batch.rows if row["status"] == "read"]
    assert len(tables) == len(read)
    written = [path.name for path in (batch.out / "detections").iterdir()]
    assert sum(name.endswith("_events.json") for name in written) == len(read)
    assert sum(name.endswith(("_events.edf", "_events.bdf")) for name in written) == len(read)
    assert any(name.endswith(".bdf") for name in written)
    others = [p for p in batch.out.rglob("*") if p.is_file() and p.parent.name != "detections"]
    assert {p.name for p in others} <= {
        *("manifest.json", "predictions.parquet", "files.tsv", "concerns.tsv")
    }


def test_what_was_read_is_as_long_as_another_reader_finds_it(batch: Batch) -> None:
    """A mutant that is read still makes sense: its table covers all samples of the file."""
    checked = 0
    for table in (batch.out / "detections").rglob("*_events.tsv"):
        path = batch.files[table.name.removesuffix("_events.tsv")]
        header, *lines = table.read_text().splitlines()
        told = [dict(zip(header.split("\t"), line.split("\t"), strict=True)) for line in lines]
        assert told
        lasts_s = {float(row["recordingDuration"]) for row in told}
        assert len(lasts_s) == 1
        if (raw := by_mne(path)) is None:
            continue
        checked += 1
        recorded_s = raw.n_times / raw.info["sfreq"]
        assert lasts_s.pop() >= recorded_s - 1.01, path.name
    assert checked > len(batch.files) // 6


def by_mne(path: Path) -> mne.io.BaseRaw | None:
    """The file as MNE-Python opens it; None where it does not."""
    try:
        read = mne.io.read_raw_bdf if path.suffix == ".bdf" else mne.io.read_raw_edf
        return read(path, verbose="error")
    except Exception:  # noqa: BLE001
        return None


def test_samples_that_are_whole_give_the_seizure_of_the_whole_file(batch: Batch) -> None:
    """Bits that flip in annotations or text fields change nothing of what is found."""
    folder = batch.out / "detections"
    events = {
        p.name: p.read_text().splitlines()[1].split("\t")[:3]
        for p in folder.iterdir()
        if p.suffix == ".tsv"
    }
    for name in ("whole", "wide"):
        whole = np.array(events[f"{name}_events.tsv"][:2], float)
        assert whole == pytest.approx([8.0, 16.0], abs=4.1)
