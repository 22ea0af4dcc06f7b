"""Small EDF and BDF files with every peculiarity that occurs, each with the truth about it.

`peers.py` has them read by eegssl and by others. The bytes are made by
``tests/support/edf_bytes.py``, which uses no writer of anybody.
"""

import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

from edf_bytes import EdfSpec, Signal, noise, plain, plus, time_stamps
from mutations import BASES, MUTATIONS, mutate
from plain_decoder import PlainSignal, UndecodableError, decode

WIDE = ("-262144", "262143", "-8388608", "8388607")
PERCENT = ("0", "100", "0", "1023")


@dataclass
class Case:
    """A file, what is in it, and the truth about it.

    Of ``signals_uv`` None is not compared, and empty means that the limits give no scale;
    ``annotations`` None are not compared.
    """

    what: str
    content: bytes
    signals_uv: list[np.ndarray | None] = field(default_factory=list)
    segments: list[tuple[float, int]] | None = None
    annotations: list[tuple[float, str]] | None = field(default_factory=list)
    refuse: bool = False
    step_uv: float | list[float] = 0.1


def case(
    what: str, spec: EdfSpec, content: Callable[[bytes], bytes] = bytes, **truth: object
) -> Case:
    """The truth that follows from what was put into a file, unless ``truth`` says more."""
    signals_uv = [_microvolts(signal) for signal in spec.signals]
    return Case(what, content(spec.bytes()), **({"signals_uv": signals_uv} | truth))  # type: ignore[arg-type]


def mutants(rounds: int) -> Iterator[tuple[str, Case]]:
    """Files broken at random, the truth as the plain decoder of the tests finds it."""
    for base, spec in BASES.items():
        content = spec.bytes()
        for name in MUTATIONS:
            rng = random.Random(f"{base} {name} peers")
            for _ in range(rounds):
                yield f"mutant.{'bdf' if spec.bdf else 'edf'}", _mutant(mutate(content, name, rng))


def _mutant(content: bytes) -> Case:
    try:
        file = decode(content)
    except UndecodableError:
        return Case("", content, refuse=True)
    signals = [signal for signal in file.signals if not signal.is_annotation]
    most = max((signal.per_record for signal in signals), default=0)
    segments = [(round(float(onset), 3), count * most) for _, count, onset in file.segments]
    truths = [_truth(signal) for signal in signals]
    return Case(
        "",
        content,
        [uv for uv, _ in truths],
        segments if most else None,
        None,
        step_uv=[step for _, step in truths],
    )


def _truth(signal: PlainSignal) -> tuple[np.ndarray | None, float]:
    scale = signal.scale()
    if scale is None or signal.to_microvolts is None:
        return None, 0.0
    gain, offset = (float(part * signal.to_microvolts) for part in scale)
    return np.array(signal.digital) * gain + offset, abs(gain)


def _microvolts(signal: Signal) -> np.ndarray | None:
    factor = {"uV": 1.0, "mV": 1e3, b"\xb5V": 1.0}.get(signal.unit)
    low, high, digital_low, digital_high = map(float, signal.limits)
    if low == high:
        return np.array([])
    if factor is None:
        return None
    gain = (high - low) / (digital_high - digital_low)
    return (low + (signal.values - digital_low) * gain) * factor


def with_note(onsets: list[str], note: bytes) -> list[bytes]:
    tals = time_stamps(onsets)
    tals[0] += note
    return tals


def lose_two_bytes(content: bytes) -> bytes:
    return content[:900] + content[902:] + b"\x00\x00"


def mangle(content: bytes) -> bytes:
    """As after a transfer in text mode, cut to the size that the header says."""
    start = int(content[184:192])
    return (content[:start] + content[start:].replace(b"\n", b"\r\n"))[: len(content)]


def cases() -> dict[str, Case]:
    """By file name."""
    two = [Signal(noise(200, 1), "EEG T8-P8"), Signal(noise(200, 2), "EEG T8-P8")]
    slow = [Signal(noise(200, 1)), Signal(noise(40, 2), "EEG C3")]
    oxygen = [Signal(noise(200, 1)), Signal(np.arange(4) + 900, "SpO2", "%", PERCENT)]
    unscaled = Signal(noise(200, 1), limits=("5", "5", "-32768", "32767"))
    equal = [unscaled, Signal(noise(200, 2), "EEG C3")]
    bdf = [Signal(noise(200, 1, 1 << 22), "Fp1", "uV", WIDE)]
    seconds = ["0", "1", "2", "3"]
    late = with_note(["0", "1", "60", "61"], b"+60.5\x14late\x14\x00")
    long_notes = (
        b"+0\x14\x14\x00+30\x1530\x14Sleep stage W\x14\x00+7200\x1530\x14Sleep stage 2\x14\x00"
    )
    pieces = [(0.0, 100), (60.0, 100)]
    scribe = "+1.5\x14Anf\xe4lle\x14\x00"
    return {
        "plain.edf": case("EDF, one signal of 50 Hz", plain(4)),
        "plus.edf": case(
            "EDF+C with an annotation",
            plus(seconds, tals=with_note(seconds, b"+1.5\x150.5\x14sz\x14\x00")),
            annotations=[(1.5, "sz")],
        ),
        "gap.edf": case(
            "EDF+D, a gap of 58 s, an annotation after it",
            plus(seconds, kind="EDF+D", tals=late),
            segments=pieces,
            annotations=[(60.5, "late")],
        ),
        "gap_unsaid.edf": case(
            "the same, claims EDF+C",
            plus(seconds, tals=late),
            segments=pieces,
            annotations=[(60.5, "late")],
        ),
        "no_gap.edf": case("EDF+D without a gap", plus(seconds, kind="EDF+D")),
        "backwards.edf": case(
            "EDF+D whose records overlap",
            plus(["0", "1", "1.5", "2.5"], kind="EDF+D"),
            refuse=True,
        ),
        "unstamped.edf": case(
            "EDF+D without time stamps",
            plus(seconds, kind="EDF+D", tals=[b"\x00"] * 4),
            refuse=True,
        ),
        "24bit.bdf": case("BDF, 24 bit", EdfSpec(bdf, 4, bdf=True), step_uv=1 / 32),
        "gap.bdf": case(
            "BDF+D, a gap of 58 s",
            EdfSpec(bdf, 4, bdf=True, kind="BDF+D", tals=time_stamps(["0", "1", "60", "61"])),
            segments=pieces,
            step_uv=1 / 32,
        ),
        "rates.edf": case("EEG at 50 Hz and at 10 Hz", EdfSpec(slow, 4)),
        "oxygen.edf": case("EEG at 50 Hz, SpO2 at 1 Hz", EdfSpec(oxygen, 4)),
        "doubled.edf": case("two signals of one name", EdfSpec(two, 4)),
        "count.edf": case("record count -1", plain(4, declared="-1")),
        "cut.edf": case(
            "EDF of 4 records, cut in the last",
            plain(4),
            lambda whole: whole[:-30],
            signals_uv=[_microvolts(plain(4).signals[0])[:150]],
        ),
        "cut_plus.edf": case(
            "EDF+C of 4 records, cut in the last",
            plus(seconds),
            lambda whole: whole[:-70],
            signals_uv=[_microvolts(plus(seconds).signals[0])[:150]],
        ),
        "surplus.edf": case(
            "30 surplus bytes at the end", plain(4), lambda whole: whole + b"x" * 30
        ),
        "equal.edf": case("first signal with equal physical limits", EdfSpec(equal, 4)),
        "inverted.edf": case(
            "physical minimum above maximum",
            EdfSpec([Signal(noise(200), limits=("3276.8", "-3276.7", "-32768", "32767"))], 4),
        ),
        "text_mode.edf": case(
            "EDF after a transfer in text mode",
            plain(40, 256),
            mangle,
            refuse=True,
        ),
        "text_mode_plus.edf": case(
            "EDF+C after a transfer in text mode",
            plus([str(k) for k in range(40)], 256),
            mangle,
            refuse=True,
        ),
        "lost_bytes.edf": case(
            "EDF+C without two bytes in the middle, with two more at its end",
            plus(seconds),
            lose_two_bytes,
            refuse=True,
        ),
        "pointer.edf": Case(
            "pointer file of large-file storage",
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
            refuse=True,
        ),
        "subsecond.edf": case(
            "first sample 0.25 s after the header's clock, annotation at 1.5 s of the signal",
            plus(seconds, tals=with_note([f"{k}.25" for k in range(4)], b"+1.75\x14sz\x14\x00")),
            annotations=[(1.5, "sz")],
        ),
        "utf8.edf": case(
            "annotation in UTF-8",
            plus(seconds, tals=with_note(seconds, scribe.encode())),
            annotations=[(1.5, "Anf\xe4lle")],
        ),
        "latin1.edf": case(
            "annotation in Latin-1",
            plus(seconds, tals=with_note(seconds, scribe.encode("latin-1"))),
            annotations=[(1.5, "Anf\xe4lle")],
        ),
        "notes.edf": case(
            "annotations and no signal (a hypnogram)",
            EdfSpec([], 1, record_s="0", kind="EDF+C", tals=[long_notes], tal_bytes=120),
            annotations=[(30.0, "Sleep stage W"), (7200.0, "Sleep stage 2")],
        ),
        "short.edf": case(
            "records of 0.1 s",
            plus([f"{k / 10:g}" for k in range(40)], 5, record_s="0.1"),
        ),
        "long.edf": case("records of 30 s", plus(["0", "30"], 1500, record_s="30")),
        "thirds.edf": case(
            "records of 1/3 s, stamps in milliseconds",
            plus([f"{k / 3:.3f}" for k in range(30)], 50, record_s="0.333333"),
        ),
        "millivolts.edf": case(
            "unit mV", EdfSpec([Signal(noise(200), unit="mV")], 4), step_uv=100.0
        ),
        "micro.edf": case(
            "unit \u00b5V, the sign in Latin-1", EdfSpec([Signal(noise(200), unit=b"\xb5V")], 4)
        ),
    }
