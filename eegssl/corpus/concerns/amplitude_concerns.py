"""Find recordings and channels of sizes that EEG does not have."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from eegssl.corpus.concerns.concern import Concern, Looked, of_lines
from eegssl.corpus.preprocessing.recording_tables import Tables
from eegssl.signal.amplitude import (
    COARSE_UV,
    HIGHEST_UV,
    TIMES,
    above_a_volt,
    amplitude_fault,
    is_coarse,
)

Row = dict[str, Any]
ABOVE_A_VOLT = "above-a-volt"
_CURE = (
    "where the unit is wrong, --set 'read.scale={ \"FOLDER/*\" = FACTOR }' mends it, by path or by "
    "label (0.001 where it is a thousand times too large, 1000 too small, 1e6 for volts; "
    "read.units names another unit); else leave it out"
)


_ODD = (
    f"recording(s) are not as large as EEG is, or {TIMES:g} times as large or as small as the "
    "others: is their unit right (mV for µV), or was the gain lost?"
)


def odd_recordings(tables: Tables) -> Sequence[Concern]:
    """Recordings whose size is not that of EEG, or far from that of their corpus."""
    return of_lines("amplitude", _ODD, _CURE, _odd_recordings(tables).items())


def odd_files(looked: Looked) -> Sequence[Concern]:
    """The same of files before they are cleaned, by the samples that a look at them takes."""
    files = looked.scan.files.items()
    sizes = {id_: size for id_, row in files if (size := row.get("amplitude_uv"))}
    return of_lines("amplitude", _ODD, _CURE, _odd(sizes).items())


def odd_channels(tables: Tables) -> Sequence[Concern]:
    """Channels that differ so from the others of their recording."""
    odd = _odd_recordings(tables)
    which = [
        (row["recording"], f"{name}: {words}")
        for row in tables.recordings
        if row["recording"] not in odd
        for name, words in _odd_channels(row)
    ]
    text = (
        f"recording(s) have channels that are not as large as EEG is, or {TIMES:g} times as large "
        "or as small as their neighbours: a wrong unit, a lost gain or a loose electrode"
    )
    return of_lines("amplitude-channel", text, _CURE, which)


def coarse_channels(tables: Tables) -> Sequence[Concern]:
    """Channels whose converter has steps as large as EEG."""
    which = [
        (row["recording"], f"{name}: steps of {step_uv:,.3g} µV")
        for row in tables.recordings
        for name, spread_uv, step_uv in row.get("amplitudes", ())
        if is_coarse(spread_uv, step_uv)
    ]
    text = (
        f"recording(s) have channels whose digital steps are coarser than {COARSE_UV:g} µV, or "
        "than the EEG itself: what lies between two steps is lost"
    )
    return of_lines("coarse", text, "export them again with a smaller physical range", which)


def samples_above_a_volt(tables: Tables) -> Sequence[Concern]:
    """Recordings with samples that no electrode gives."""
    which = [
        (row["recording"], f"up to {peak_uv / HIGHEST_UV:,.3g} V")
        for row in tables.recordings
        if above_a_volt(peak_uv := row.get("peak_uv", 0.0))
    ]
    text = "recording(s) hold samples above 1 V, which no electrode on a head gives"
    return of_lines(ABOVE_A_VOLT, text, _CURE, which)


def _odd_recordings(tables: Tables) -> dict[str, str]:
    """Recording -> how its spread, the median of its channels, differs from EEG or the others."""
    sizes = {row["recording"]: [size for _, size in _fine(row)] for row in tables.recordings}
    return _odd({id_: median(values) for id_, values in sizes.items() if values})


def _odd(sizes: Mapping[str, float]) -> dict[str, str]:
    """Id -> how its size differs from EEG or from that of the others, where it does."""
    typical = _typical(list(sizes.values()))
    return {id_: words for id_, size in sizes.items() if (words := amplitude_fault(size, typical))}


def _odd_channels(row: Row) -> Iterator[tuple[str, str]]:
    sizes = _fine(row)
    typical = _typical([size for _, size in sizes])
    for name, size in sizes:
        if words := amplitude_fault(size, typical):
            yield name, words


def _fine(row: Row) -> list[tuple[str, float]]:
    """Name and spread of the channels that are neither flat nor coarse."""
    return [
        (name, size)
        for name, size, step_uv in row.get("amplitudes", ())
        if size and name not in row["flat"] and not is_coarse(size, step_uv)
    ]


def _typical(sizes: Sequence[float]) -> float:
    """The median of three or more; 0 where so few are no measure."""
    return median(sizes) if len(sizes) > 2 else 0.0
