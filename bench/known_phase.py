"""Phase forecasts against the phase that a synthetic process really has.

Run ``python bench/known_phase.py OUT``; prints tables for docs/frequency-phase.md. Two cohorts of
ten synthetic subjects of four minutes: oscillators that keep their phase for 30 s, and random
walks, in which nothing oscillates. Contexts are filtered causally, targets without delay, so that
forecasts can be held against the process itself. Of oscillators, the channels where one is strong
(a weight of 0.3 or more) are scored; of walks all, against the Hilbert phase. What is done already
is not done again.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from eegssl.io.private.pseudonyms import Pseudonyms
from eegssl.scoring.forecasts.circular import phase_error_deg
from eegssl.tasks.phase.phase_rows import PhasePredictions
from eegssl.tasks.phase.scores import METHOD_WORDS
from eegssl.tasks.table import read_table

COHERENCE_S = (30, 0)
STRONG = 0.3
STRETCHES_S = ((0.0, 0.25), (0.25, 1.0), (1.0, 3.0), (3.0, 12.0))
TASK = ("--task", "frequency-phase")
TRAINING = ("training.lr=1e-4", "training.steps=100", "training.validate_every=10")


def command(stage: str, *words: object, sets: tuple[str, ...] = ()) -> None:
    """One stage of the pipeline, quietly; raises when it fails."""
    flags = [word for item in sets for word in ("--set", item)]
    line = ["eegssl", stage, *map(str, words), *flags, "--json"]
    subprocess.run(line, check=True, stdout=subprocess.DEVNULL)


def predictions(home: Path, coherence_s: int) -> PhasePredictions:
    """The table of a cohort's test subjects."""
    sizes = ("n_subjects=10", "duration_s=240", "sfreqs_hz=[200, 256]")
    if not (home / "edf" / "participants.tsv").exists():
        cohort = ("cohort=forecast", f"coherence_s={coherence_s}")
        command("synth", "--out", home / "edf", sets=(*sizes, *cohort))
    for phase in ("causal", "zero"):
        filters = (f"filter.phase={phase}", "look.recordings=0")
        command("preprocess", home / "edf", "--out", home / phase, sets=filters)
    causal, tiny = home / "causal", ("--preset", "tiny")
    command("tokenize", causal, "--out", home / "tokens", *tiny)
    command("pretrain", causal, "--tokens", home / "tokens", "--out", home / "encoder", *tiny)
    zero = ("--targets", home / "zero")
    encoder, task = ("--encoder", home / "encoder"), ("task.forecast.pairs_per_recording=8",)
    out = ("--out", home / "model")
    command("finetune", causal, *encoder, *TASK, *zero, *out, sets=(*task, *TRAINING))
    command("evaluate", home / "model", causal, *zero, "--out", home / "evaluation")
    return read_table(home / "evaluation" / "predictions.parquet", PhasePredictions)


def known_phase(home: Path, table: PhasePredictions) -> np.ndarray:
    """[n, L], the phase of each row's oscillator; NaN where it is weak, or there is none."""
    names = Pseudonyms(Path(os.environ["EEGSSL_PRIVATE"]))
    known = np.full((len(table), len(table.lead_s)), np.nan)
    rows = zip(table.recording, table.channel, table.band, table.t_s, strict=True)
    processes: dict[str, dict] = {}
    for row, (recording, channel, band, t_s) in enumerate(rows):
        if recording not in processes:
            path = home / "edf" / names.name(recording).replace("_eeg.edf", "_truth.json")
            processes[recording] = json.loads(path.read_text())["process"]
        for one in processes[recording].get("oscillators", ()):
            weight = one["weights"].get(channel, 0.0)
            if one["band"] == band and abs(weight) >= STRONG:
                at_s = t_s + table.lead_s
                knots_s = one["knot_s"] * np.arange(len(one["drift_rad"]))
                drift = np.interp(at_s, knots_s, one["drift_rad"])
                known[row] = 2 * np.pi * one["hz"] * at_s + drift + np.pi * (weight < 0)
    return known


def best_error_deg(lead_s: np.ndarray, coherence_s: float) -> float:
    """Mean absolute error of who knows frequency and phase at t: a normal drift, wrapped."""
    drawn = np.random.default_rng(0).standard_normal((20_000, 1))
    drift = np.rad2deg(drawn * np.sqrt(lead_s / coherence_s))
    return float(np.abs(180 - np.mod(180 - drift, 360)).mean())


def print_table(table: PhasePredictions, truth: np.ndarray, coherence_s: int) -> None:
    """A row a band and method: errors by lead time."""
    heads = [f"{a:g} to {b:g} s" for a, b in STRETCHES_S]
    print(f"\n| band | method | {' | '.join(heads)} |\n|---|---|" + "---|" * len(heads))
    parts = [(table.lead_s >= a) & (table.lead_s < b) for a, b in STRETCHES_S]
    for band in table.bands:
        mine = (np.array(table.band) == band) & np.isfinite(truth).all(axis=1)
        if not mine.any():
            continue
        said = {METHOD_WORDS.get(n, n): m.rad for n, m in table.methods.items()}
        said |= {"Hilbert truth": table.true_rad} if coherence_s else {}
        for name, rad in said.items():
            error = np.abs(phase_error_deg(truth[mine], rad[mine]))
            print(
                f"| {band} | {name} |", " | ".join(f"{error[:, p].mean():.1f}" for p in parts), "|"
            )
        if coherence_s:
            best = [f"{best_error_deg(table.lead_s[p], coherence_s):.1f}" for p in parts]
            print(f"| {band} | the best there is | {' | '.join(best)} |")


def main() -> None:
    """Make both cohorts, and print their tables."""
    out = Path(sys.argv[1])
    os.environ["EEGSSL_PRIVATE"] = str(out / "private")
    for coherence_s in COHERENCE_S:
        home = out / f"coherence{coherence_s}"
        home.mkdir(parents=True, exist_ok=True)
        table = predictions(home, coherence_s)
        truth = known_phase(home, table) if coherence_s else table.true_rad
        n = int(np.isfinite(truth).all(axis=1).sum())
        subjects = len(set(table.subject))
        print(f"\ncoherence {coherence_s} s: {n} of {len(table)} rows, {subjects} subjects")
        print_table(table, truth, coherence_s)


if __name__ == "__main__":
    main()
