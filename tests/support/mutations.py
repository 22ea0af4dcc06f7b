"""Ways to break an EDF or BDF file, from a wrong number in a field to a lost byte.

Every mutation takes the bytes, changes them in place and draws from the generator it is given.
The bases are small valid files of every kind.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from edf_bytes import EdfSpec, Signal, noise, plain, plus, time_stamps

WIDE = ("-262144", "262143", "-8388608", "8388607")


def noted(onsets):
    tals = time_stamps(onsets)
    tals[0] += b"+0.25\x150.5\x14sz\x14\x00"
    tals[-1] += "+1.5\x14Anf\xe4lle\x14two\x14\x00".encode()
    return tals


def mixed(n_records, **changes):
    wide = {"limits": WIDE} if changes.get("bdf") else {}
    signals = [Signal(noise(8 * n_records, 1), **wide), Signal(noise(3 * n_records, 2), "C3", "mV")]
    signals.append(Signal(noise(n_records, 3), "SpO2", "%", ("0", "100", "0", "1023")))
    return EdfSpec(signals, n_records, **changes)


BASES = {
    "edf": plain(3, 10),
    "edf-mixed": mixed(3, record_s="0.5"),
    "edf+c": plus(["0", "1", "2"], 10, tals=noted(["0", "1", "2"])),
    "edf+d": mixed(4, kind="EDF+D", tals=noted(["0.5", "1.5", "7", "8"])),
    "bdf": mixed(2, bdf=True, declared="-1"),
    "bdf+c": mixed(3, bdf=True, kind="BDF+C", tals=noted(["0", "1", "2"])),
    "bdf+d": plus(["0", "5", "6"], 6, bdf=True, kind="BDF+D", tals=noted(["0", "5", "6"])),
    "notes": EdfSpec([], 2, record_s="0", kind="EDF+C", tals=noted(["0", "30"])),
}
NUMBERS = [b"0", b"1", b"-1", b"2", b"3", b"4.0", b"-2", b"+1", b" 1", b"1 2", b"1e1", b"1e9"]
NUMBERS += [b"99999999", b"1e99", b"1e-99", b"1e999", b"0x10", b"1_0", b"nan", b"inf", b"-0", b"."]
NUMBERS += [b".5", b"5.", b"1,5", b"-32768", b"32767", b"8388607", b"\xb2", b"\xff" * 8, b"\x00"]
NUMBERS += [b"", b"one", b"512", b"768", b"1024", b"1280", b"10000000", b"0.001", b"1e-9", b"- 1"]
TEXTS = [b"EDF+C", b"EDF+D", b"BDF+D", b"EDF", b"EDF Annotations", b"BDF Annotations", b"uV", b"mV"]
TEXTS += [b"\xb5V", b"MV", b"V", b"nV", b"%", b"", b"\xff\xfe", "\u03bcV".encode(), b"\x00", b"\n"]
MAIN_FIELDS = [(0, 8), (8, 88), (168, 176), (184, 192), (192, 236), (236, 244), (244, 252)]
MAIN_FIELDS += [(252, 256)]
SIGNAL_FIELDS = [(0, 16), (96, 8), (104, 8), (112, 8), (120, 8), (128, 8), (216, 8)]
TALS = [b"+", b"-", b"\x14", b"\x15", b"\x00", b"\x14\x14", b"9", b".", b"+1", b"-3", b"+99"]
TALS += [b"\x14\x00+1\x14x", b"\xff", b"\xe4", b"+1e3", b"+00000000000001", b"\x150.5\x14"]


@dataclass(frozen=True)
class Layout:
    """Where a valid file has its fields (start and end of each) and its data."""

    fields: tuple[tuple[int, int], ...]
    header_bytes: int


def layout(content: bytes) -> Layout:
    """Every field that says something about the samples."""
    n_signals = int(content[252:256])
    of_signals = [
        (256 + n_signals * start + k * width, 256 + n_signals * start + (k + 1) * width)
        for start, width in SIGNAL_FIELDS
        for k in range(n_signals)
    ]
    return Layout((*MAIN_FIELDS, *of_signals), int(content[184:192]))


def put(content: bytearray, place: tuple[int, int], raw: bytes) -> None:
    """Fill a field, cut or padded to its width."""
    start, stop = place
    content[start:stop] = raw[: stop - start].ljust(stop - start)


def change_field(content: bytearray, rng: random.Random, at: Layout) -> None:
    put(content, rng.choice(at.fields), rng.choice(NUMBERS if rng.random() < 0.7 else TEXTS))


def swap_fields(content: bytearray, rng: random.Random, at: Layout) -> None:
    one, two = rng.sample([place for place in at.fields if place[1] - place[0] == 8], 2)
    first, second = bytes(content[slice(*one)]), bytes(content[slice(*two)])
    put(content, one, second)
    put(content, two, first)


def change_digit(content: bytearray, rng: random.Random, at: Layout) -> None:
    """A number stays a number, so that more files stay readable and have to be read right."""
    places = [k for k in range(*rng.choice(at.fields)) if content[k] in b"0123456789"]
    if places:
        content[rng.choice(places)] = rng.choice(b"0123456789")


def flip_bits(content: bytearray, rng: random.Random, at: Layout) -> None:
    end = len(content) if rng.random() < 0.5 else at.header_bytes
    for _ in range(rng.randint(1, 8)):
        content[rng.randrange(end)] ^= 1 << rng.randrange(8)


def flip_bits_of_data(content: bytearray, rng: random.Random, at: Layout) -> None:
    for _ in range(rng.randint(1, 30)):
        content[rng.randrange(at.header_bytes, len(content))] ^= 1 << rng.randrange(8)


def truncate(content: bytearray, rng: random.Random, at: Layout) -> None:
    del content[rng.randrange(len(content)) :]


def truncate_data(content: bytearray, rng: random.Random, at: Layout) -> None:
    del content[rng.randrange(at.header_bytes, len(content)) :]


def insert(content: bytearray, rng: random.Random, at: Layout) -> None:
    place = rng.randrange(len(content) + 1)
    content[place:place] = rng.randbytes(rng.randint(1, 9))


def remove(content: bytearray, rng: random.Random, at: Layout) -> None:
    place = rng.randrange(len(content))
    del content[place : place + rng.randint(1, 9)]


def append(content: bytearray, rng: random.Random, at: Layout) -> None:
    content += rng.randbytes(rng.randint(1, 300))


def change_tal(content: bytearray, rng: random.Random, at: Layout) -> None:
    """Marks, signs, digits and texts where a time stamp or an annotation begins."""
    places = [k for k in range(at.header_bytes, len(content) - 3) if content[k] in b"+\x14\x15"]
    for _ in range(rng.randint(1, 3) if places else 0):
        place, raw = rng.choice(places) + rng.randint(0, 2), rng.choice(TALS)
        content[place : place + len(raw)] = raw


def change_stamp(content: bytearray, rng: random.Random, at: Layout) -> None:
    """Another digit in a well-formed time stamp: gaps, overlaps, steps back."""
    places = range(at.header_bytes, len(content) - 1)
    marks = [k for k in places if content[k : k + 2] == b"\x14\x14"]
    if marks:
        content[rng.choice(marks) - 1] = rng.choice(b"0123456789")


MUTATIONS: dict[str, Callable[[bytearray, random.Random, Layout], None]] = {
    mutation.__name__: mutation
    for mutation in (
        *(change_field, swap_fields, change_digit, flip_bits, flip_bits_of_data, truncate),
        *(truncate_data, insert, remove, append, change_tal, change_stamp),
    )
}


def mutate(content: bytes, name: str, rng: random.Random) -> bytes:
    """A file broken in one way, sometimes twice."""
    changed = bytearray(content)
    at = layout(content)
    MUTATIONS[name](changed, rng, at)
    if rng.random() < 0.2 and len(changed) == len(content):
        MUTATIONS[name](changed, rng, at)
    return bytes(changed)
