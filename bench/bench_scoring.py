"""Time and memory to score two trees of event tables: 100 subjects, 10,000 hours.

Run ``python bench/bench_scoring.py``; prints Markdown tables. The trees are made here (seeded,
synthetic): recordings of 1 to 24 h, about 20,000 reference and 100,000 detected events. Reading
and scoring run in a process of their own, on one thread, which tells its peak memory; the limits
are a minute and 500 MB. Beside them: what choosing post-processing and a curve of alarms cost on
the probabilities of 1,000 hours.
"""

# ruff: noqa: E402  (the pools of threads are set before NumPy starts them)
import os

for _pool in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_pool] = "1"

import multiprocessing
import resource
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from itertools import starmap
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

from labelfiles import format_events_tsv

from eegssl.io.labels.event_types import Event
from eegssl.io.tables.event_trees import read_tree
from eegssl.scoring.config import PostprocessConfig
from eegssl.scoring.events.alarm_curve import alarm_curve
from eegssl.scoring.events.event_lists import clean_events
from eegssl.scoring.events.event_scorers import SCORERS, agreement, side_by_side
from eegssl.scoring.events.event_scores import RecordingEvents, szcore_scores
from eegssl.scoring.events.postprocess import Probabilities, choose_postprocess

N_SUBJECTS, HOURS_PER_SUBJECT = 100, 100
SEIZURES_PER_HOUR, ALARMS_PER_HOUR = 2.0, 8.7
FOUND = 0.65
SPAWN = multiprocessing.get_context("spawn")
Row = tuple[str, float, float]


def lengths_h(rng: np.random.Generator) -> list[float]:
    """Recordings of one subject: 1 to 24 h each, 100 h together."""
    lengths: list[float] = []
    while (left := HOURS_PER_SUBJECT - sum(lengths)) > 0:
        lengths.append(left if left < 2 else min(left - 1, round(float(rng.uniform(1, 24)), 2)))
    return lengths


def events(rng: np.random.Generator, hours: float, per_hour: float) -> list[tuple[float, float]]:
    n = rng.poisson(hours * per_hour)
    onset = rng.uniform(0, 3600 * hours - 120, n)
    return list(zip(onset, onset + rng.uniform(5, 120, n), strict=True))


def make_trees(root: Path) -> None:
    rng = np.random.default_rng(0)
    for subject in range(1, N_SUBJECTS + 1):
        for run, hours in enumerate(lengths_h(rng), start=1):
            seizures = events(rng, hours, SEIZURES_PER_HOUR)
            alarms = events(rng, hours, ALARMS_PER_HOUR)
            alarms += [(a + 5, b + 9) for a, b in seizures if rng.random() < FOUND]
            name = f"sub-{subject:03}/ses-01/eeg/sub-{subject:03}_ses-01_run-{run:02}_events.tsv"
            for side, spans in (("reference", seizures), ("hypothesis", alarms)):
                path = root / side / name
                path.parent.mkdir(parents=True, exist_ok=True)
                rows = [Event(float(a), float(min(b, 3600 * hours) - a), "sz") for a, b in spans]
                path.write_text(format_events_tsv(rows, 3600 * hours))


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def timed(name: str, work: Callable[[], Any], rows: list[Row]) -> Any:
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    rows.append((name, time.perf_counter() - wall, time.process_time() - cpu))
    return result


def score_trees(root: Path, answers: Any) -> None:
    """In a process of its own: read and score, each scorer alone and all in one pass."""
    rows: list[Row] = [("memory after imports", peak_mb(), 0.0)]
    found, _ = timed(
        "reading both trees", lambda: read_tree(root / "reference", root / "hypothesis"), rows
    )
    lists = [
        RecordingEvents(one.subject, one.recording, one.duration_s, one.reference, one.hypothesis)
        for one in found
    ]
    levels = timed("all scorers of `side_by_side`", lambda: side_by_side(lists), rows)
    timed("IRA (`agreement`)", lambda: agreement(lists), rows)
    peak = peak_mb()
    timed("SzCORE alone (`szcore_scores`)", lambda: szcore_scores(lists), rows)
    tidy = [
        (*(clean_events(side, one.duration_s).events for side in sides), one.duration_s)
        for one in lists
        for sides in ((one.reference, one.hypothesis),)
    ]
    for name, scorer in SCORERS.items():
        work = partial(deque, starmap(scorer.count, tidy), maxlen=0)
        timed(f"… {name} alone, events cleaned", work, rows)
    counted = {name: level.pooled.as_dict() for name, level in levels.items()}
    totals = (len(lists), sum(one.duration_s for one in lists) / 3600)
    totals += (sum(len(r.reference) for r in lists), sum(len(r.hypothesis) for r in lists))
    answers.put((rows, peak, counted, totals))


def probabilities(n_recordings: int, hours: float) -> list[Probabilities]:
    rng = np.random.default_rng(1)
    start = np.arange(0, hours * 3600, 2.0)
    made = []
    for k in range(n_recordings):
        seizures = events(rng, hours, 0.1)
        p = rng.random(len(start)) ** 4
        for a, b in seizures:
            p[(start >= a) & (start < b)] += 0.5
        length = np.full(len(start), 2.0)
        made.append(Probabilities(f"s{k % 10}", f"r{k}", hours * 3600, start, length, p, seizures))
    return made


def choose_and_draw(answers: Any) -> None:
    """In a process of its own: the cost of choosing a rule and of a curve."""
    rows: list[Row] = []
    recordings = probabilities(100, 10.0)
    rule = timed("`choose_postprocess`", lambda: choose_postprocess(recordings), rows)
    timed("`alarm_curve`", lambda: alarm_curve(recordings, rule), rows)
    answers.put((rows, peak_mb()))


def alone(work: Callable[..., None], *args: Any) -> Any:
    answers = SPAWN.Queue()
    child = SPAWN.Process(target=work, args=(*args, answers))
    child.start()
    answer = answers.get()
    child.join()
    return answer


def table(rows: list[Row]) -> None:
    print("| step | wall s | CPU s |\n|---|---|---|")
    for name, wall, cpu in rows:
        print(f"| {name} | {wall:.2f} | {cpu:.2f} |")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        make_trees(Path(folder))
        rows, peak, counted, totals = alone(score_trees, Path(folder))
    n, hours, n_reference, n_hypothesis = totals
    print(
        f"{N_SUBJECTS} subjects, {n} recordings, {hours:,.0f} h, {n_reference:,} reference and "
        f"{n_hypothesis:,} detected events (synthetic), one thread\n"
    )
    imported = rows.pop(0)[1]
    table(rows)
    total = sum(wall for _, wall, _ in rows[:3])
    print(
        f"\nReading, all scorers and IRA: {total:.1f} s; peak memory {peak:.0f} MB, of which "
        f"{imported:.0f} MB after imports\n"
    )
    print("| scorer | reference | hits | false alarms | sensitivity | precision | F1 | FA/24 h |")
    print("|---|---|---|---|---|---|---|---|")
    for name, c in counted.items():
        print(
            f"| {name} | {c['n_reference']:,.0f} | {c['tp']:,.0f} | {c['fp']:,.0f} "
            f"| {c['sensitivity']:.3f} | {c['precision']:.3f} | {c['f1']:.3f} "
            f"| {c['fp_per_day']:,.1f} |"
        )
    rows, peak = alone(choose_and_draw)
    size = PostprocessConfig()
    tried = size.n_thresholds * len(size.smooth_windows)
    tried *= len(size.merge_gap_s) * len(size.min_duration_s)
    print(f"\n1,000 h in windows of 2 s, up to {tried:,} rules; peak memory {peak:.0f} MB\n")
    table(rows)


if __name__ == "__main__":
    main()
