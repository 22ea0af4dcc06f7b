"""Speed and memory of reading, filtering and resampling an hour of EEG, beside mne and a floor.

Run ``python bench/bench_preprocess.py [seconds] [repeats]``; prints Markdown. The recording is
synthetic: 23 channels at 256 Hz in one EDF file, read from the page cache. Every peer runs on one
thread; repeats are interleaved, so that a busy machine is busy for all, and the tables hold
medians. The floor is one pass over the samples: int16 to float32, into memory newly allocated.
Memory is the peak over the imports, of a process of its own for each peer.

mne has its best case: float64 in memory already, one job, and the faster of the two paddings that
its resampling offers.
"""

# ruff: noqa: E402  (the pools of threads are set before NumPy starts them)
import os

for _pool in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_pool] = "1"

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

from corpora import write_signal

from eegssl.config.corpus_stages import PreprocessConfig
from eegssl.corpus.preprocessing.cleaning import CleaningSettings
from eegssl.corpus.preprocessing.file_profile import of_file
from eegssl.corpus.preprocessing.ingest import ingest
from eegssl.corpus.preprocessing.opened_file import IngestSettings
from eegssl.corpus.preprocessing.source_files import Source
from eegssl.corpus.signals import SignalFile
from eegssl.io import file_bytes
from eegssl.io.edf.edf_writer import write_edf
from eegssl.io.edf.header import read_header
from eegssl.io.edf.layout import EdfHeader
from eegssl.io.edf.samples import microvolt_scale, read_digital, read_signals
from eegssl.signal.config import FilterConfig, MontageConfig, MontageName
from eegssl.signal.filtering.filters import chain

CHANNELS, SFREQ_HZ = 23, 256.0
CONFIG = FilterConfig(low_hz=0.1, high_hz=75.0, notch="60")
PASS, OURS, MNE = "int16 → float32 pass (the floor)", "read + filter + resample", "mne's chain"
STREAMED = f"{OURS}, channel by channel"
STAGE = "the whole stage for a file, with hashing, flags, events and writing"
ELECTRODES = (
    *("Fp1", "Fp2", "F7", "F3", "Fz", "F4", "F8", "T7", "C3", "Cz", "C4", "T8"),
    *("P7", "P3", "Pz", "P4", "P8", "O1", "O2", "FT9", "FT10", "Oz", "Fpz"),
)
LINE_HZ = 60.0


def clean_file(path: Path, config: FilterConfig = CONFIG, *, keep: bool = True) -> np.ndarray:
    """What the stage does with a recording: integers of each channel through the chain, [C,T].

    Without ``keep`` each channel is forgotten before the next, as in the stage: [1,T].
    """
    file_bytes._map.cache_clear()  # a file new to the process, as each recording is
    header = read_header(path)
    filters = chain(SFREQ_HZ, config, LINE_HZ)
    samples = filters.n_out(header.n_records * header.samples_per_record[0])
    cleaned_uv = np.empty((CHANNELS if keep else 1, samples), np.float32)
    for index in range(CHANNELS):
        gain, _offset = microvolt_scale(header, index)
        filters.apply(read_digital(header, index), gain, cleaned_uv[index if keep else 0])
    return cleaned_uv


def whole_stage(edf: Path, out: Path, montage: MontageName = "keep") -> None:
    """All that preprocess does with one file: look at it, clean it, flag it, write it, hash it."""
    file_bytes._map.cache_clear()
    config = PreprocessConfig(filter=CONFIG, montage=MontageConfig(reference=montage))
    settings = IngestSettings(
        CleaningSettings(config.filter, config.montage, config.quality),
        *(config.read, config.subjects, config.events, config.look, config.keep_text),
    )
    source = Source(edf, edf.parent, "sub-01/a.edf", "r-000000000000")
    _, file = of_file(source, settings)
    row = ingest(source, file, "s-000000000000", settings, out, None)
    if "refused" in row:
        raise RuntimeError(row["refused"])


def clean_with_mne(signal_uv: np.ndarray, npad: int | str) -> np.ndarray:
    """The same chain by mne, on float64 [C,T]."""
    import mne

    low_hz, high_hz = CONFIG.low_hz, CONFIG.high_hz
    x = mne.filter.filter_data(signal_uv, SFREQ_HZ, low_hz, high_hz, n_jobs=1, verbose="error")
    x = mne.filter.notch_filter(x, SFREQ_HZ, LINE_HZ, copy=False, n_jobs=1, verbose="error")
    resample = mne.filter.resample
    return resample(x, 200.0, SFREQ_HZ, npad=npad, method="fft", n_jobs=1, verbose="error")


def read_with_mne(path: Path) -> np.ndarray:
    """All signals in float64, by mne."""
    import mne

    return mne.io.read_raw_edf(path, preload=True, verbose="error").get_data()


def read_with_pyedflib(path: Path) -> None:
    """All signals as pyedflib gives them."""
    import pyedflib

    with pyedflib.EdfReader(str(path)) as reader:
        for k in range(CHANNELS):
            reader.readSignal(k)


def read_all(path: Path) -> list[np.ndarray]:
    """All signals in float64, by eegssl."""
    file_bytes._map.cache_clear()
    header = read_header(path)
    return [read_signals(header, [k])[0].size for k in range(CHANNELS)]


def digital(header: EdfHeader) -> np.ndarray:
    """The integers of all channels, int16 [C,T]."""
    return np.stack([read_digital(header, k) for k in range(CHANNELS)])


def random_windows(path: Path, *, as_stored: bool = False) -> None:
    """A thousand random windows of 10 s from the stored recording, in µV or as stored."""
    stored, rng = SignalFile(path), np.random.default_rng(0)
    room = np.empty((CHANNELS, 2000), np.int16)
    for start in rng.integers(0, stored.shape[1] - 2000, 1000).tolist():
        if as_stored:
            stored.read_into(room, range(CHANNELS), start)
        else:
            stored.read_uv(start, start + 2000)


def copied_windows(windows: np.ndarray) -> None:
    """The floor of these: as many windows [n, 23, 2000], int16, copied in memory."""
    room = np.empty_like(windows[0])
    for k in range(1000):
        room[:] = windows[k * 7 % len(windows)]


def jobs(edf: Path, stored: Path) -> dict[str, Callable[[], object]]:
    """What is timed, by name; the floor comes first."""
    stored_int16 = digital(read_header(edf))
    signal_uv = np.stack(read_signals(read_header(edf), range(CHANNELS)))
    signal_uv -= signal_uv.mean(axis=1, keepdims=True)
    cleaned_uv = clean_file(edf)
    write_signal(stored, cleaned_uv)
    windows = np.zeros((360, CHANNELS, 2000), np.int16) + 1
    causal = CONFIG.model_copy(update={"phase": "causal"})
    return {
        PASS: lambda: stored_int16.astype(np.float32),
        OURS: lambda: clean_file(edf),
        f"{MNE}, npad 100": lambda: clean_with_mne(signal_uv, 100),
        f"{MNE}, npad auto": lambda: clean_with_mne(signal_uv, "auto"),
        STREAMED: lambda: clean_file(edf, keep=False),
        f"{STREAMED}, causal": lambda: clean_file(edf, causal, keep=False),
        STAGE: lambda: whole_stage(edf, stored.parent),
        "read to float64, eegssl": lambda: read_all(edf),
        "read to float64, mne": lambda: read_with_mne(edf),
        "read to float64, pyedflib": lambda: read_with_pyedflib(edf),
        "store int16": lambda: write_signal(stored, cleaned_uv),
        "1,000 random windows [23, 2000]": lambda: random_windows(stored),
        "the same as stored, int16": lambda: random_windows(stored, as_stored=True),
        "1,000 such windows copied in memory": lambda: copied_windows(windows),
    }


def time_all(work: dict[str, Callable[[], object]], repeats: int) -> dict[str, np.ndarray]:
    """Seconds [wall, CPU] of each job, [2, repeats], after one warm-up."""
    seconds = {label: np.zeros((2, repeats)) for label in work}
    for repeat in range(-1, repeats):
        for label, call in work.items():
            wall, cpu = time.perf_counter(), time.process_time()
            call()
            seconds[label][:, repeat] = time.perf_counter() - wall, time.process_time() - cpu
    return seconds


def report_time(seconds: dict[str, np.ndarray]) -> None:
    """One table, and the ratios that are promised."""
    floor = median(seconds[PASS][0])
    print("| work | median s | min-max s | CPU s | × floor |\n|---|---|---|---|---|")
    for label, (wall, cpu) in seconds.items():
        spread = f"{min(wall):.3f}-{max(wall):.3f}"
        times = f"{median(wall):.3f} | {spread} | {median(cpu):.3f}"
        print(f"| {label} | {times} | {median(wall) / floor:.1f} |")
    print("\n| | × as fast as mne | × the floor | CPU: mne | CPU: floor |\n|---|---|---|---|---|")
    for ours in (OURS, STREAMED, STAGE):
        ratios = []
        for which in (0, 1):
            took = median(seconds[ours][which])
            mne = min(median(t[which]) for label, t in seconds.items() if label.startswith(MNE))
            ratios += [f"{mne / took:.1f}", f"{took / median(seconds[PASS][which]):.1f}"]
        print(f"| {ours} | {' | '.join(ratios)} |")
    print()


def peak_kib() -> int:
    """Peak resident memory of this process in KiB (getrusage would tell the parent's)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def measure_memory(peer: str, edf: Path) -> None:
    """In a fresh process: print the peak over the imports in MB."""
    if peer == MNE:
        import mne

        mne.filter.resample(np.zeros(1000), 200.0, SFREQ_HZ, verbose="error")
    before = peak_kib()
    if peer == MNE:
        clean_with_mne(read_with_mne(edf), "auto")
    elif peer == STAGE:
        whole_stage(edf, edf.parent)
    else:
        clean_file(edf, keep=peer == OURS)
    print(f"{(peak_kib() - before) * 1024 / 1e6:.0f}")


def main() -> None:
    """Write the recording, time everything, and start a process per peer for its memory."""
    if sys.argv[1:2] == ["memory"]:
        measure_memory(sys.argv[2], Path(sys.argv[3]))
        return
    duration_s = int(sys.argv[1]) if len(sys.argv) > 1 else 3600
    repeats = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    rng = np.random.default_rng(0)
    signal_uv = 30 * rng.standard_normal((CHANNELS, int(SFREQ_HZ) * duration_s))
    with tempfile.TemporaryDirectory() as name:
        edf, stored = Path(name, "a.edf"), Path(name, "a.safetensors")
        write_edf(edf, signal_uv, ELECTRODES, int(SFREQ_HZ))
        del signal_uv
        print(f"{duration_s} s of EEG, {CHANNELS} channels, {SFREQ_HZ:g} Hz, {repeats} repeats\n")
        report_time(time_all(jobs(edf, stored), repeats))
        print("| peak memory over the imports | MB |\n|---|---|")
        for peer in (OURS, STREAMED, STAGE, MNE):
            command = [sys.executable, __file__, "memory", peer, str(edf)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            print(f"| {peer} | {done.stdout.strip()} |")


if __name__ == "__main__":
    main()
