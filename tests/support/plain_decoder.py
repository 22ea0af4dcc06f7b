"""A second EDF/BDF decoder for tests: the specifications' words, one byte after the other.

Slow, without NumPy, without regular expressions, in exact fractions, and sharing no code with
eegssl, so that both can't be wrong in the same way. Sources: Kemp et al. 1992, Kemp & Olivan 2003,
BioSemi's BDF page. It is lenient where eegssl says it is: fields padded with spaces or NULs on
either side, whole numbers written as ``4.0``, onsets without a sign, text in Latin-1, record
counts that the file's size contradicts, a last text without its end mark.
"""

from dataclasses import dataclass, field
from fractions import Fraction

PREFIXES = {b"": 10**6, b"m": 10**3, b"u": 1, b"U": 1, b"n": Fraction(1, 1000)}
PREFIXES |= {b"\xb5": 1, "\u00b5".encode(): 1, "\u03bc".encode(): 1, b"\xe6": 1}
PREFIXES |= {"\u00e6".encode(): 1}
UNITS = {prefix + volt: factor for prefix, factor in PREFIXES.items() for volt in (b"V", b"v")}
DIGITS = b"0123456789"


class UndecodableError(Exception):
    """The bytes can't be what they say, or have no one meaning."""


@dataclass
class PlainSignal:
    label: str
    per_record: int
    limits: tuple[Fraction | None, ...]
    to_microvolts: Fraction | int | None
    digital: list[int] = field(default_factory=list)

    is_annotation: bool = False

    def scale(self) -> tuple[Fraction, Fraction] | None:
        """Gain and offset in the header's unit; None where the limits give none."""
        low, high, digital_low, digital_high = self.limits
        if None in self.limits or low == high or digital_low >= digital_high:
            return None
        gain = (high - low) / (digital_high - digital_low)
        return gain, low - digital_low * gain


@dataclass
class PlainFile:
    record_s: Fraction
    n_records: int
    signals: list[PlainSignal]
    segments: list[tuple[int, int, Fraction]]
    annotations: list[tuple[Fraction, Fraction | None, str]]
    all_stamped: bool


def decode(content: bytes) -> PlainFile:
    """The whole file; raises UndecodableError."""
    width, n_signals, header_bytes = _lengths(content)
    signals = _signals(content, n_signals)
    _find_annotations(content[header_bytes:], width, signals)
    record_s = _number(content[244:252])
    _require(record_s is not None and 0 <= record_s <= 10**8, "duration")
    ordinary = [s for s in signals if not s.is_annotation]
    _require(record_s > 0 or not ordinary, "samples without duration")
    _require(all(s.per_record <= record_s * 10**7 for s in ordinary), "sampling rate")
    n_records = _record_count(content, header_bytes, width * sum(s.per_record for s in signals))
    tals = _read_records(content, header_bytes, width, n_records, signals)
    kind = content[192:236].strip(b" \x00\t")
    stamps: list[Fraction | None] = [None] * n_records
    is_plus = kind[:4] in (b"EDF+", b"BDF+") or bool(tals and _stamp(tals[0][0]) is not None)
    if is_plus and tals:
        stamps = [_stamp(raw) for raw in tals[0]]
    complete = all(stamp is not None for stamp in stamps)
    _require(complete or kind[:5] not in (b"EDF+D", b"BDF+D"), "gaps without stamps")
    offset = next((t - k * record_s for k, t in enumerate(stamps) if t is not None), Fraction(0))
    fastest = max((s.per_record for s in ordinary), default=0)
    segments = [(0, n_records, Fraction(0))]
    if fastest:
        tolerance = max(Fraction(1, 1000), record_s / fastest)
        segments = _segments(stamps, record_s, tolerance, offset)
    annotations = [
        (onset - offset, duration, text)
        for signal in tals
        for raw in signal
        for onset, duration, text in _annotations(raw)
    ]
    stamped = not is_plus or all(
        raw[:1] in (b"+", b"-") and stamp is not None
        for raw, stamp in zip(tals[0] if tals else [], stamps, strict=False)
    )
    return PlainFile(record_s, n_records, signals, segments, annotations, stamped)


def _require(condition: bool, what: str) -> None:
    if not condition:
        raise UndecodableError(what)


def _lengths(content: bytes) -> tuple[int, int, int]:
    """Bytes of a sample, number of signals, bytes of the header."""
    _require(len(content) >= 256, "no header")
    if content[:8] == b"\xffBIOSEMI":
        width = 3
    else:
        _require(content[:8].strip(b" \x00") == b"0", "version")
        width = 2
    n_signals = _whole(content[252:256], 1, 9999)
    header_bytes = _whole(content[184:192], 0, 10**8)
    _require(header_bytes == 256 + 256 * n_signals, "header length")
    _require(len(content) >= header_bytes, "header cut")
    return width, n_signals, header_bytes


def _signals(content: bytes, n_signals: int) -> list[PlainSignal]:
    """The table of signals: each field for all signals in turn."""

    def column(start: int, width: int) -> list[bytes]:
        first = 256 + n_signals * start
        return [content[first + k * width : first + (k + 1) * width] for k in range(n_signals)]

    labels, units, counts = column(0, 16), column(96, 8), column(216, 8)
    limits = zip(*(column(start, 8) for start in (104, 112, 120, 128)), strict=True)
    return [
        PlainSignal(
            _text(label).strip(" \x00\t"),
            _whole(count, 0, 10**8),
            tuple(_number(raw) for raw in four),
            UNITS.get(unit.strip(b" \x00\t")),
        )
        for label, unit, count, four in zip(labels, units, counts, limits, strict=True)
    ]


def _find_annotations(data: bytes, width: int, signals: list[PlainSignal]) -> None:
    """Mark the signals that hold annotations: by label, or by stamps in the first eight records."""
    record = width * sum(s.per_record for s in signals)
    n_records = min(8, len(data) // record) if record else 0
    start = 0
    for signal in signals:
        stop = start + width * signal.per_record
        pieces = [data[k * record + start : k * record + stop] for k in range(n_records)]
        clean = bool(pieces) and stop > start and all(map(_is_clean, pieces))
        stamped = all(_stamp(piece) is not None for piece in pieces)
        word = signal.label.lower().rstrip("0123456789 _-").removesuffix("s").replace(" ", "")
        like = word.translate({ord(c): None for c in "_+-"}) in ("edfannotation", "bdfannotation")
        named = signal.label in ("EDF Annotations", "BDF Annotations")
        signal.is_annotation = named or (clean and (stamped or like))
        start = stop


def _is_clean(raw: bytes) -> bool:
    """Whether bytes are nothing but annotation lists."""
    for piece in filter(None, raw.split(b"\x00")):
        head, mark, _ = piece.partition(b"\x14")
        onset, duration_mark, duration = head.partition(b"\x15")
        if not mark or _seconds(onset, signed=True) is None:
            return False
        if duration_mark and duration and _seconds(duration, signed=False) is None:
            return False
    return True


def _record_count(content: bytes, header_bytes: int, record_bytes: int) -> int:
    _require(record_bytes > 0, "empty records")
    declared = _whole(content[236:244], -1, 10**8)
    there = (len(content) - header_bytes) // record_bytes
    n_records = there if declared == -1 else min(declared, there)
    _require(n_records > 0, "no records")
    return n_records


def _read_records(
    content: bytes, place: int, width: int, n_records: int, signals: list[PlainSignal]
) -> list[list[bytes]]:
    """Fill in the samples; the annotation bytes by signal and record."""
    tals: list[list[bytes]] = [[] for signal in signals if signal.is_annotation]
    for _ in range(n_records):
        number = 0
        for signal in signals:
            raw = content[place : place + width * signal.per_record]
            place += len(raw)
            if signal.is_annotation:
                tals[number].append(raw)
                number += 1
                continue
            for k in range(signal.per_record):
                sample = raw[width * k : width * (k + 1)]
                signal.digital.append(int.from_bytes(sample, "little", signed=True))
    return tals


def _segments(
    stamps: list[Fraction | None], record_s: Fraction, tolerance: Fraction, offset: Fraction
) -> list[tuple[int, int, Fraction]]:
    """First record, number of records and onset of each piece between gaps."""
    starts = [(0, Fraction(0))]
    last, last_onset = 0, None
    for number, stamp in enumerate(stamps):
        if stamp is None:
            continue
        onset = stamp - offset
        if last_onset is not None:
            late = onset - last_onset - (number - last) * record_s
            _require(late >= -tolerance, "overlap")
            if late > tolerance:
                _require(number - last == 1, "gap without a place")
                _require(late <= 10**8, "gap of years")
                starts.append((number, onset))
        first, first_onset = starts[-1]
        drift = onset - first_onset - (number - first) * record_s
        _require(abs(drift) <= Fraction(1, 2), "drift")
        last, last_onset = number, onset
    ends = [first for first, _ in starts[1:]] + [len(stamps)]
    return [(first, end - first, t) for (first, t), end in zip(starts, ends, strict=True)]


def _stamp(raw: bytes) -> Fraction | None:
    """The onset of a time-keeping TAL at the very start of a record's bytes."""
    head, mark, rest = raw.split(b"\x00")[0].partition(b"\x14")
    if not mark or rest[:1] != b"\x14":
        return None
    onset, _, duration = head.partition(b"\x15")
    if any(byte not in DIGITS + b"." for byte in duration):
        return None
    return _seconds(onset, signed=True)


def _annotations(raw: bytes) -> list[tuple[Fraction, Fraction | None, str]]:
    found = []
    for piece in raw.split(b"\x00"):
        head, *texts = piece.split(b"\x14")
        onset_raw, mark, duration_raw = head.partition(b"\x15")
        onset, duration = _seconds(onset_raw, signed=True), _seconds(duration_raw, signed=False)
        if onset is None or (mark and duration_raw and duration is None):
            continue
        found += [(onset, duration, _text(text)) for text in texts if text]
    return found


def _seconds(raw: bytes, signed: bool) -> Fraction | None:
    """Digits, a point or none, digits; with a sign or none in front where one may be."""
    negative = False
    if signed and raw[:1] in (b"+", b"-"):
        negative, raw = raw[:1] == b"-", raw[1:]
    whole, _, part = raw.partition(b".")
    if not 1 <= len(whole) <= 12 or len(part) > 12 or any(c not in DIGITS for c in whole + part):
        return None
    value = Fraction(int(whole + part), 10 ** len(part))
    return -value if negative else value


def _number(raw: bytes) -> Fraction | None:
    """A decimal number with sign, point and exponent or without."""
    raw = raw.strip(b" \x00")
    mantissa, mark, exponent = raw.replace(b"E", b"e").partition(b"e")
    power = 0
    if mark:
        digits = exponent[1:] if exponent[:1] in (b"+", b"-") else exponent
        if not digits or any(c not in DIGITS for c in digits):
            return None
        power = int(exponent)
    negative = mantissa[:1] == b"-"
    if mantissa[:1] in (b"+", b"-"):
        mantissa = mantissa[1:]
    whole, _, part = mantissa.partition(b".")
    if not whole + part or any(c not in DIGITS for c in whole + part):
        return None
    if abs(power) > 300:
        return Fraction(0) if int(whole + part) == 0 or power < 0 else None
    value = Fraction(int(whole + part), 10 ** len(part)) * Fraction(10) ** power
    return -value if negative else value


def _whole(raw: bytes, least: int, most: int) -> int:
    value = _number(raw)
    _require(value is not None and value.denominator == 1 and least <= value <= most, "number")
    return int(value)


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
