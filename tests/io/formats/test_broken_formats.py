"""Whatever is broken in a file of another format, it is read or refused, and nothing else."""

import resource
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import eegfiles
import mne
import numpy as np
import pytest
from slowparams import slow_except

from eegssl.corpus.preprocessing.channel_selection import select
from eegssl.errors import RecordingRefused
from eegssl.io.formats.recordings import read_recording_header, read_samples
from eegssl.io.labels.events import read_events

RATE_HZ = 200
NAMES = ("Fp1", "Fp2", "C3", "ECG")
SIGNALS = np.round(np.random.default_rng(3).normal(0, 200, (4, RATE_HZ * 12))) / 10
MARKS = [(3.0, 2.0, "sz"), (6.0, 0.0, "hm")]
COMMON = (NAMES, SIGNALS, RATE_HZ)
WRITERS: dict[str, Callable[[Path], Path]] = {
    "a.vhdr": lambda path: eegfiles.write_brainvision(path, *COMMON, MARKS),
    "a.vmrk": lambda path: eegfiles.write_brainvision(path.with_suffix(".vhdr"), *COMMON, MARKS),
    "a.set": lambda path: eegfiles.write_set(path, *COMMON, MARKS),
    "a.fif": lambda path: eegfiles.write_fif(path, *COMMON, MARKS, bads=["C3"]),
    "a.gdf": lambda path: eegfiles.write_gdf(path, *COMMON, [(3.0, 2.0, 769)]),
    "a.cnt": lambda path: eegfiles.write_cnt(path, *COMMON, [(3.0, 7)]),
}
MUTANTS, HEAD_BYTES = 40, 6000


@pytest.fixture
def bounded() -> Iterator[None]:
    """The bound of a worker's memory, which some of these headers would break."""
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (6 << 30, hard))
    yield
    resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def mutant(data: bytes, rng: np.random.Generator) -> bytes:
    """The bytes cut off, some of the first overwritten, or some of them lost."""
    changed, head = bytearray(data), min(len(data), HEAD_BYTES)
    match rng.integers(3):
        case 0:
            return data[: rng.integers(len(data))]
        case 1:
            for place in rng.integers(head, size=rng.integers(1, 6)):
                changed[place] = rng.integers(256)
        case _:
            first, stop = sorted(rng.integers(head, size=2))
            del changed[first:stop]
    return bytes(changed)


@pytest.mark.parametrize("name", ["a.VHDR", "a.vhdr"])
def test_endings_that_mne_does_not_know_are_told(tmp_path: Path, name: str) -> None:
    path = eegfiles.write_brainvision(tmp_path / name, *COMMON, MARKS)
    if name == "a.vhdr":
        path.write_text(path.read_text("utf-8").replace("a.vmrk", "a.VMRK"), "utf-8")
        path.with_suffix(".vmrk").rename(path.with_suffix(".VMRK"))
    with pytest.raises(
        RecordingRefused, match=r"called \.vhdr and \.vmrk in small letters.*rename"
    ):
        read_recording_header(path)


def test_a_path_too_long_is_refused() -> None:
    for name in WRITERS.keys() | {"a.mff"}:
        with pytest.raises(RecordingRefused):
            read_recording_header(Path("/", *["x" * 200] * 30, name))


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize("name", slow_except(WRITERS, "a.vhdr", "a.vmrk"))
def test_a_broken_file_is_read_or_refused(tmp_path: Path, name: str) -> None:
    path = WRITERS[name](tmp_path / name)
    data, rng = (tmp_path / name).read_bytes(), np.random.default_rng(11)
    outcomes = set()
    for _ in range(MUTANTS):
        (tmp_path / name).write_bytes(mutant(data, rng))
        try:
            header = read_recording_header(path)
            selection = select(header)
            read_events(header)
            for segment in header.segments[:9]:
                samples = read_samples(header, selection.eeg[0].index, segment)
                assert len(samples) == segment.n_records
            outcomes.add("read")
        except RecordingRefused as refusal:
            outcomes.add(refusal.code)
        except MemoryError:
            outcomes.add("out-of-memory")
    assert outcomes & {"damaged", "header"}


def test_a_recording_that_was_cut_between_two_pieces_says_so(tmp_path: Path) -> None:
    path = eegfiles.write_fif(tmp_path / "a.fif", *COMMON)
    assert read_recording_header(path).notes == ()
    data, place = path.read_bytes(), 0
    ends = []
    while 0 <= place < len(data):
        _, _, size, following = struct.unpack_from(">iiii", data, place)
        place = place + 16 + size if following == 0 else following
        ends.append(place)
    path.write_bytes(data[: next(end for end in ends if end > len(data) // 2)])
    header = read_recording_header(path)
    assert header.notes == ("truncated",)
    assert 0 < header.n_records < SIGNALS.shape[1]
    samples = read_samples(header, 0)
    assert np.allclose(samples, SIGNALS[0, : header.n_records], rtol=1e-6, atol=1e-5)
    path = eegfiles.write_brainvision(tmp_path / "a.vhdr", *COMMON)
    samples = path.with_suffix(".eeg")
    samples.write_bytes(samples.read_bytes()[:-1001])
    assert read_recording_header(path).notes == ("truncated",)


@pytest.mark.parametrize("says_length", [True, False])
@pytest.mark.parametrize("by_channel", [True, False])
def test_samples_of_brainvision_that_end_early(
    tmp_path: Path, says_length: bool, by_channel: bool
) -> None:
    """Behind each other in time they are cut; behind each other by channel none has its place."""
    path = WRITERS["a.vhdr"](tmp_path / "a.vhdr")
    text = path.read_text("utf-8")
    if not says_length:
        text = text.replace(f"DataPoints={SIGNALS.shape[1]}\n", "")
    if by_channel:
        text = text.replace("MULTIPLEXED", "VECTORIZED")
    path.write_text(text, "utf-8")
    samples = path.with_suffix(".eeg")
    assert read_recording_header(path).notes == ()
    samples.write_bytes(samples.read_bytes()[:-1003])
    if by_channel:
        with pytest.raises(RecordingRefused, match="damaged: its samples end early"):
            read_recording_header(path)
    else:
        assert read_recording_header(path).notes == ("truncated",)


def test_epochs_of_fif_are_no_recording(tmp_path: Path) -> None:
    raw = mne.io.read_raw_fif(WRITERS["a.fif"](tmp_path / "a.fif"), verbose="ERROR")
    raw.set_annotations(None)
    epochs = mne.make_fixed_length_epochs(raw, 2.0, preload=True, verbose="ERROR")
    epochs.save(tmp_path / "b-epo.fif", verbose="ERROR")
    with pytest.raises(RecordingRefused, match="epochs: it holds epochs"):
        read_recording_header(tmp_path / "b-epo.fif")
