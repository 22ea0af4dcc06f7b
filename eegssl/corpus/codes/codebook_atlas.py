"""Gather what each code of a codebook stands for, as tables.

Made from training and validation subjects. Test subjects are not looked at: what a codebook is
said to mean must not come from those on whom it is judged.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from eegssl.artifacts.writer import ArtifactWriter
from eegssl.corpus.codes.code_sums import CodeAtlas, Codes, collect
from eegssl.corpus.codes.exemplars import Prototype
from eegssl.corpus.codes.time_course import Course, time_courses
from eegssl.corpus.store import Corpus, Recording
from eegssl.scoring.statistics.odds import OddsRatios, odds_ratios
from eegssl.signal.bands import BANDS_HZ
from eegssl.signal.channels.regions import REGIONS

ATLAS = "atlas.parquet"
COURSE = "atlas_timecourse.parquet"
PAGE = "atlas.html"
FALSE_DISCOVERY = 0.05
COURSES = 8
"""Codes whose course along a seizure is followed."""


@dataclass(frozen=True)
class Atlas:
    """Everything about the codes of a corpus."""

    sums: CodeAtlas
    odds: OddsRatios
    prototypes: Mapping[int, Prototype]
    """Of every code that is used."""
    followed: tuple[int, ...]
    """The codes of the courses, those of most seizure patches first."""
    courses: tuple[Course, ...]
    """Of the followed codes one by one, then of all of `ictal` together; none without seizures."""
    patch_s: float

    @property
    def used(self) -> NDArray[np.int64]:
        """The codes that occur, the most frequent first."""
        order = np.argsort(-self.sums.counts, kind="stable")
        return order[self.sums.counts[order] > 0]

    @property
    def commoner(self) -> NDArray[np.bool_]:
        """[K], commoner in seizures at a false discovery rate of .05."""
        return (self.odds.q < FALSE_DISCOVERY) & (self.odds.log_odds_ratio > 0)

    @property
    def rarer(self) -> NDArray[np.bool_]:
        """[K], rarer in seizures at a false discovery rate of .05."""
        return (self.odds.q < FALSE_DISCOVERY) & (self.odds.log_odds_ratio < 0)

    @property
    def ictal(self) -> tuple[int, ...]:
        """The codes surely commoner in seizures; where none is, all that are commoner."""
        sure = np.flatnonzero(self.commoner)
        return tuple((sure if len(sure) else self.ictal_first()).tolist())

    def ictal_first(self) -> NDArray[np.int64]:
        """The codes commoner in seizures: sure ones first, by the lower end of their interval;
        then those without an interval, by odds ratio."""
        odds, seen = self.odds, self.sums.seizure.sum(axis=0) > 0
        places = np.flatnonzero(seen & (odds.log_odds_ratio > 0))
        low, ratio = odds.ci_low[places], odds.log_odds_ratio[places]
        unsure = ~np.isfinite(low)
        order = np.lexsort((-ratio, -np.where(unsure, 0, low), unsure))
        return places[order]

    def facts(self) -> dict[str, Any]:
        """Facts for the manifest."""
        return {
            "seizures": self.sums.n_seizures,
            "seizure_patches": int(self.sums.seizure.sum()),
            "subjects_with_both_classes": self.odds.n_both,
            "subjects_with_one_class": self.odds.n_one_class,
            "codes_commoner_in_seizures": int(self.commoner.sum()),
            "codes_rarer_in_seizures": int(self.rarer.sum()),
        }


def make_atlas(
    corpus: Corpus,
    recordings: Sequence[Recording],
    codes_of: Codes,
    n_codes: int,
    patch_samples: int,
    *,
    seed: int,
    on_recording: Callable[[int], None] = lambda done: None,
) -> Atlas:
    """Collect, compare seizures with background, and follow the most ictal codes."""
    sums = collect(
        corpus, recordings, codes_of, n_codes, patch_samples, seed=seed, on_recording=on_recording
    )
    odds = odds_ratios(sums.seizure, sums.background)
    used = np.flatnonzero(sums.counts)
    prototypes = {int(code): sums.exemplars.prototype(int(code)) for code in used}
    patch_s = patch_samples / corpus.sfreq_hz
    atlas = Atlas(sums, odds, prototypes, (), (), patch_s)
    if not sums.n_seizures:
        return atlas
    followed = _followed(atlas)
    groups = [*((code,) for code in followed), atlas.ictal]
    courses = time_courses(recordings, codes_of, groups, patch_s)
    return Atlas(sums, odds, prototypes, followed, courses, patch_s)


def write_atlas(writer: ArtifactWriter, atlas: Atlas) -> None:
    """Write `ATLAS` and `COURSE`."""
    for name, table in ((ATLAS, code_table(atlas)), (COURSE, course_table(atlas))):
        with writer.writing(name) as path:
            pq.write_table(table, path)


def code_table(atlas: Atlas) -> pa.Table:
    """One row a used code; what there is not is null."""
    sums, odds, used = atlas.sums, atlas.odds, np.sort(atlas.used)
    seizure, background = sums.seizure.sum(axis=0), sums.background.sum(axis=0)
    names = np.array(list(BANDS_HZ))
    present = (sums.seizure + sums.background) > 0
    excess = sums.bands - sums.mean_of(sums.bands)
    waves = [atlas.prototypes[code] for code in used.tolist()]
    columns: dict[str, Any] = {
        "code": used,
        "count": sums.counts[used],
        "share": sums.counts[used] / sums.counts.sum(),
        "n_subjects": present.sum(axis=0)[used],
        "seizure_count": seizure[used],
        "background_count": background[used],
        "seizure_share": seizure[used] / max(seizure.sum(), 1),
        "background_share": background[used] / max(background.sum(), 1),
        "log_odds_ratio": odds.log_odds_ratio[used],
        **{name: getattr(odds, name)[used] for name in ("ci_low", "ci_high", "p", "q")},
        "n_informative": odds.n_informative[used],
        "n_effective": odds.n_effective[used],
        "corrected": odds.corrected[used],
        "dominant_band": np.array(sums.dominant_band(used), dtype=object),
        "salient_band": names[excess[used].argmax(axis=1)],
        **{f"band_{name}": sums.bands[used, b] for b, name in enumerate(names.tolist())},
        **{f"region_{name}": sums.regions[used, r] for r, name in enumerate(REGIONS)},
        "likeness": np.array([wave.likeness for wave in waves]),
    }
    table = pa.table({name: _column(values) for name, values in columns.items()})
    lists = {
        "prototype_uv": [wave.mean_uv for wave in waves],
        "example_uv": [wave.nearest_uv[0] for wave in waves],
        "spectrum_uv2_hz": list(sums.spectrum[used].astype(np.float32)),
    }
    for name, rows in lists.items():
        table = table.append_column(name, pa.array(rows, type=pa.list_(pa.float32())))
    return table


def course_table(atlas: Atlas) -> pa.Table:
    """One row a followed code, axis and position, null for all ictal codes together.

    No rows without seizures.
    """
    rows: dict[str, list[Any]] = {name: [] for name in _COURSE.names}
    for course in atlas.courses:
        steps = len(course.position)
        for j, code in enumerate((*atlas.followed, None)):
            rows["code"] += [code] * steps
            rows["axis"] += [course.axis] * steps
            rows["position"] += course.position.tolist()
            rows["share"] += _known(course.share[:, j])
            rows["share_sd"] += _known(course.sd[:, j])
            rows["n_seizures"] += course.n_seizures.tolist()
            rows["n_subjects"] += course.n_subjects.tolist()
    return pa.table(rows, schema=_COURSE)


_COURSE = pa.schema(
    [
        *(("code", pa.int64()), ("axis", pa.string()), ("position", pa.float64())),
        *(("share", pa.float64()), ("share_sd", pa.float64())),
        *(("n_seizures", pa.int64()), ("n_subjects", pa.int64())),
    ]
)


def _followed(atlas: Atlas) -> tuple[int, ...]:
    """Of the ictal codes those with most seizure patches."""
    ictal = np.array(atlas.ictal, dtype=np.int64)
    most = np.argsort(-atlas.sums.seizure.sum(axis=0)[ictal], kind="stable")
    return tuple(ictal[most[:COURSES]].tolist())


def _column(values: NDArray[Any]) -> pa.Array:
    """A column in which NaN is null."""
    if values.dtype.kind == "f":
        return pa.array(values, mask=~np.isfinite(values))
    return pa.array(values)


def _known(values: NDArray[np.float64]) -> list[float | None]:
    return [float(v) if np.isfinite(v) else None for v in values]
