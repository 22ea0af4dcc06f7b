"""Each file is opened once to be scanned and once to be cleaned, each channel is read once."""

import ast
import builtins
import hashlib
import os
from collections import Counter
from pathlib import Path
from typing import Any

import mne
import numpy as np
import pytest
from edf_bytes import EdfSpec, Signal, noise, time_stamps
from signalfiles import load_rows

import eegssl
from eegssl.config.corpus_stages import PreprocessConfig
from eegssl.corpus.preprocessing import channel_selection
from eegssl.corpus.preprocessing.cleaning import CleaningSettings
from eegssl.corpus.preprocessing.clips import read_clip
from eegssl.corpus.preprocessing.file_profile import of_file
from eegssl.corpus.preprocessing.ingest import ingest
from eegssl.corpus.preprocessing.opened_file import IngestSettings, ScannedFile
from eegssl.corpus.preprocessing.source_files import Source
from eegssl.corpus.signals import SignalFile
from eegssl.errors import RecordingRefused
from eegssl.io import file_bytes
from eegssl.io.edf.edf_writer import write_edf
from eegssl.training import embedding

NAMES = ("Fp1", "Fp2", "C3", "C4", "O1", "O2")
TSV = "onset\tduration\teventType\n5\t3\tsz\n"


def settings_of(config: PreprocessConfig) -> IngestSettings:
    parts = CleaningSettings(config.filter, config.montage, config.quality)
    rest = (config.read, config.subjects, config.events, config.look, config.keep_text)
    return IngestSettings(parts, *rest)


def recording(folder: Path, flat: tuple[int, ...] = (), rate: int = 256) -> Source:
    path = folder / "sub-1" / "a.edf"
    path.parent.mkdir(parents=True)
    signal_uv = np.random.default_rng(0).normal(0, 30, (len(NAMES), 40 * rate))
    signal_uv[list(flat)] = 0
    write_edf(path, signal_uv, NAMES, rate, physical_max_uv=3000.0)
    path.with_suffix(".tsv").write_text(TSV)
    return Source(path, folder, "sub-1/a.edf", "r-000000000000")


def scan(source: Source, settings: IngestSettings) -> ScannedFile:
    row, scanned = of_file(source, settings)
    assert scanned is not None, row
    return scanned


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each file below the test's folder was opened to be read, or hashed."""
    counts: Counter[str] = Counter()
    really_open, descriptor_of = builtins.open, os.open

    def counting(file: Any, mode: str = "r", *rest: Any, **more: Any) -> Any:
        if "w" not in mode and str(tmp_path) in str(file):
            counts[Path(file).name] += 1
        return really_open(file, mode, *rest, **more)

    def counting_low(file: Any, flags: int, *rest: Any, **more: Any) -> int:
        if not flags & (os.O_WRONLY | os.O_RDWR) and str(tmp_path) in str(file):
            counts[Path(file).name] += 1
        return descriptor_of(file, flags, *rest, **more)

    monkeypatch.setattr(builtins, "open", counting)
    monkeypatch.setattr("io.open", counting)
    monkeypatch.setattr(os, "open", counting_low)
    hashing = hashlib.sha256

    def hashed(data: Any = b"", **more: Any) -> Any:
        if len(data) > 10_000:
            counts["hash of the recording"] += 1
        return hashing(data, **more)

    monkeypatch.setattr(file_bytes.hashlib, "sha256", hashed)
    return counts


def test_a_file_is_opened_and_hashed_once_in_the_scan_and_once_to_be_cleaned(
    tmp_path: Path, opened: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, settings = recording(tmp_path / "edf"), settings_of(PreprocessConfig())
    opened.clear()
    scanned = scan(source, settings)
    assert opened == {"a.edf": 1, "a.tsv": 1, "hash of the recording": 1}
    file_bytes._map.cache_clear()  # as in another process
    opened.clear()
    channels: list[int] = []
    read = channel_selection.read_samples
    monkeypatch.setattr(
        channel_selection, "read_samples", lambda h, k, s: (channels.append(k), read(h, k, s))[1]
    )
    row = ingest(source, scanned, "s-000000000000", settings, tmp_path / "out", tmp_path / "c.npz")
    assert len(row["kept"]) == 1
    assert sorted(channels) == list(range(len(NAMES)))
    synced = {name: n for name, n in opened.items() if name.endswith(".partial")}
    others = {name: n for name, n in opened.items() if name not in synced}
    names = ("a.edf", "hash of the recording", "r-000000000000.safetensors")  # that for its sketch
    assert others == dict.fromkeys(names, 1)
    assert all(n == 1 for n in synced.values())  # only so that the system writes it out


def test_a_file_that_changes_after_its_scan_is_refused(tmp_path: Path) -> None:
    source, settings = recording(tmp_path / "edf"), settings_of(PreprocessConfig())
    scanned = scan(source, settings)
    content = bytearray(source.path.read_bytes())
    content[-1] ^= 1
    source.path.write_bytes(content)
    os.utime(source.path, ns=(0, scanned.header.modified_ns + 1))
    row = ingest(source, scanned, "s-000000000000", settings, tmp_path / "out", None)
    assert row["refused"] == ["unreadable", "the file changed while it was read: run again"]
    assert not list(tmp_path.glob("out/signals/*"))


@pytest.mark.parametrize("flat", [(), (0,), (2, 5), (1, 2, 3, 4, 5)])
@pytest.mark.parametrize("phase", ["zero", "causal"])
def test_table_and_file_agree_also_where_channels_are_flat(
    tmp_path: Path, flat: tuple[int, ...], phase: str
) -> None:
    config = PreprocessConfig.model_validate({"filter": {"phase": phase, "notch": "off"}})
    source, settings = recording(tmp_path / "edf", flat), settings_of(config)
    scanned = scan(source, settings)
    row = ingest(source, scanned, "s-000000000000", settings, tmp_path, tmp_path / "c.npz")
    (fields,) = row["kept"]
    path = tmp_path / "signals" / "r-000000000000.safetensors"
    assert fields["flat"] == [NAMES[k] for k in flat]
    assert fields["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert fields["bytes"] == path.stat().st_size
    stored = SignalFile(path)
    assert stored.shape == (len(NAMES) - len(flat), fields["n_samples"])
    assert load_rows(path)["quality"].shape == (len(NAMES) - len(flat), 40)
    alone = recording(tmp_path / "whole"), settings_of(config)
    ingest(alone[0], scan(*alone), "s-000000000000", alone[1], tmp_path / "b", None)
    whole = load_rows(tmp_path / "b" / "signals" / "r-000000000000.safetensors")["signal"]
    np.testing.assert_array_equal(load_rows(path)["signal"], np.delete(whole, flat, axis=0))
    clip = read_clip(tmp_path / "c.npz")
    np.testing.assert_array_equal(clip.after_uv, stored.read_uv(*_seconds(clip, 200)))


def _seconds(clip: Any, sfreq_hz: int) -> tuple[int, int]:
    start = round(clip.onset_s * sfreq_hz)
    return start, start + clip.after_uv.shape[1]


def test_a_montage_that_only_a_flat_channel_forbids_is_had_without_it(tmp_path: Path) -> None:
    """Two references forbid the average; the only channel of the second one is flat."""
    labels = [f"EEG {name}-REF" for name in (*NAMES, "F3", "F4")]
    values = [noise(40 * 100, seed) for seed in range(8)] + [np.zeros(4000, int)]
    signals = [Signal(v, n) for v, n in zip(values, [*labels, "EEG Cz-LE"], strict=True)]
    path = tmp_path / "case" / "a.edf"
    path.parent.mkdir()
    path.write_bytes(EdfSpec(signals, 40, tals=time_stamps([str(k) for k in range(40)])).bytes())
    config = PreprocessConfig.model_validate({"montage": {"reference": "average"}})
    settings = settings_of(config)
    source = Source(path, tmp_path, "case/a.edf", "r-000000000000")
    row = ingest(source, scan(source, settings), "s-0", settings, tmp_path / "out", None)
    (fields,) = row["kept"]
    assert fields["montage"] == "average"
    assert fields["reference"] == "AVG"
    stored = SignalFile(tmp_path / "out" / "signals" / "r-000000000000.safetensors")
    assert np.abs(stored.read_uv(0, 1000).mean(axis=0)).max() < 0.5


@pytest.fixture
def embedded_uv(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """The clean signals [C, T] that would be embedded, one after the other."""
    signals: list[np.ndarray] = []

    def take(encoder: Any, signal_uv: np.ndarray, channels: Any, window_s: float) -> np.ndarray:
        signals.append(signal_uv)
        return np.zeros((len(channels), 1, 1), np.float32)

    monkeypatch.setattr(embedding, "embed_signal", take)
    monkeypatch.setattr(embedding, "_times", lambda encoder, vectors: np.zeros(1))
    return signals


def embed(path: Path, config: PreprocessConfig, *, any_size: bool = False) -> None:
    """Embed an EDF file, and then the same as mne reads it."""
    choices = embedding.Choices(config.filter, config.montage, 10.0, any_size)
    embedding.embed_file(None, path, choices)  # type: ignore[arg-type]
    raw = mne.io.read_raw_edf(path, preload=True, verbose="ERROR")
    embedding.embed_raw(None, raw, choices)  # type: ignore[arg-type]


@pytest.mark.parametrize("flat", [(), (2, 5)])
def test_embedding_a_file_or_its_raw_cleans_it_to_what_preprocess_stores(
    tmp_path: Path, embedded_uv: list[np.ndarray], flat: tuple[int, ...]
) -> None:
    """The file to the last bit, as int16 with its scale; floats of mne to a step of that."""
    source = recording(tmp_path / "edf", flat)
    config = PreprocessConfig.model_validate({"filter": {"notch": "50"}})
    settings = settings_of(config)
    ingest(source, scan(source, settings), "s-0", settings, tmp_path / "out", None)
    stored = SignalFile(tmp_path / "out" / "signals" / "r-000000000000.safetensors")
    stored_uv = stored.read_uv(0, stored.shape[1])
    embed(source.path, config)
    file_uv, raw_uv = embedded_uv
    np.testing.assert_array_equal(file_uv, stored_uv)
    assert np.abs(raw_uv - stored_uv).max() < 1.01 * stored.scale_uv.max()
    assert np.mean(np.abs(raw_uv - stored_uv) > 1e-4) < 0.05


def test_a_raw_in_volts_without_rounding_is_cleaned_to_the_bits_of_its_file(
    tmp_path: Path, embedded_uv: list[np.ndarray]
) -> None:
    """In volts, 2^-10 a digital step: neither reader rounds. Causal: float32, not to a scale."""
    values = [noise(40 * 100, seed, 2000) for seed in range(3)]
    limits = ("-2", "2", "-2048", "2048")
    signals = [Signal(v, n, "V", limits) for v, n in zip(values, ("Fp1", "C3", "O2"), strict=True)]
    path = tmp_path / "a.edf"
    path.write_bytes(EdfSpec(signals, 40, tals=time_stamps([str(k) for k in range(40)])).bytes())
    embed(path, PreprocessConfig.model_validate({"filter": {"phase": "causal"}}), any_size=True)
    file_uv, raw_uv = embedded_uv
    assert file_uv.std() > 1e3
    np.testing.assert_array_equal(raw_uv, file_uv)


@pytest.mark.parametrize(("known_hz", "expected_hz"), [(None, 60.0), (50.0, 50.0)])
def test_the_mains_of_a_raw_is_what_it_says_or_what_is_seen_in_it(
    embedded_uv: list[np.ndarray], known_hz: float | None, expected_hz: float
) -> None:
    time_s = np.arange(30 * 256) / 256
    hum_v = 1e-5 * np.sin(2 * np.pi * np.array([[50.0], [60.0], [60.0]]) * time_s)
    noise_v = np.random.default_rng(0).normal(0, 1e-6, hum_v.shape)
    raw = raw_of(hum_v + noise_v)
    raw.info["line_freq"] = known_hz
    config = PreprocessConfig()
    embedding.embed_raw(None, raw, embedding.Choices(config.filter, config.montage, 10.0))  # type: ignore[arg-type]
    (signal_uv,) = embedded_uv
    hum = signal_uv[:, 2000:-2000].std(axis=1) > 3
    assert hum.tolist() == ([True, False, False] if expected_hz == 60 else [False, True, True])


def raw_of(signal_v: np.ndarray) -> mne.io.RawArray:
    info = mne.create_info(["Fp1", "C3", "O2"], 256.0, "eeg")
    return mne.io.RawArray(signal_v, info, verbose=False)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_raw_that_is_not_finite_is_refused(value: float) -> None:
    signal_v = 1e-5 * np.random.default_rng(0).standard_normal((3, 30 * 256))
    signal_v[1, 1000] = value
    config = PreprocessConfig()
    choices = embedding.Choices(config.filter, config.montage, 10.0)
    with pytest.raises(
        RecordingRefused, match="non-finite: got NaN or infinity in 1 of 3 channels"
    ):
        embedding.embed_raw(None, raw_of(signal_v), choices)  # type: ignore[arg-type]


def test_signals_are_filtered_in_one_place() -> None:
    """Preprocessing and embedding share the cleaner: nothing else applies a chain of filters."""
    package = Path(eegssl.__file__).parent
    callers = [
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "apply"
        and not ast.unparse(node.func).startswith("_")  # of torch's functions
        and "corrupt" not in ast.unparse(node.func)
    ]
    assert sorted(callers) == [
        "corpus/preprocessing/cleaning.py",
        "signal/filtering/filters.py",  # the chain, of its own steps
    ]
