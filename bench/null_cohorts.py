"""What comes out where nothing is planted: ``python bench/null_cohorts.py --permutations 50``.

Simulated cohorts of paired recordings whose features say nothing of the outcome go through the
analysis of patients. Prints the numbers of docs/rftc-outcome.md: mean and SD of the AUROC of each
input, the share of 95 % intervals that hold .5, how many inputs of a cohort miss it at once, and
which cohorts lie below. Without permutations there are only the intervals that draw patients anew.
"""

import argparse
from collections import Counter
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import roc_auc_score

from eegssl.tasks.patients.analysis import InputResult, conclude, fit
from eegssl.tasks.patients.config import PatientsConfig
from eegssl.tasks.patients.patient_inputs import inputs_of

WIDTH, CLINICAL = 32, 3
KINDS = ("permutation", "bca", "percentile")


@dataclass(frozen=True)
class Null:
    """A cohort's results, and how far from .5 the AUROC of its likeliest clinical column lies,
    of all patients and without a fit."""

    inputs: dict[str, InputResult]
    strongest: float


def null_cohort(n: int, seed: int, config: PatientsConfig) -> Null:
    """The inputs of ``n`` patients, half of good outcome by lot; before and after are alike."""
    rng = np.random.default_rng([31, n, seed])
    before = rng.standard_normal((n, WIDTH))
    after = 0.8 * before + 0.6 * rng.standard_normal((n, WIDTH))
    eeg = {"before": before, "after": after, "difference": after - before}
    clinical = rng.standard_normal((n, CLINICAL))
    truth = rng.permutation(np.arange(n) % 2)
    names = [f"p{k}" for k in range(n)]
    fitted = fit(names, truth, inputs_of(clinical, eeg), config, seed=seed)
    found = conclude(truth, fitted, config, seed=seed)
    return Null(found.inputs, max(abs(roc_auc_score(truth, x) - 0.5) for x in clinical.T))


def side(one: InputResult, kind: str) -> int | None:
    """-1 or 1 where the AUROC's interval lies below or above .5, 0 where it holds it; None where
    there is none."""
    interval = one.intervals["auroc"][kind]
    if interval.low is None or interval.high is None:
        return None
    return int(interval.low > 0.5) - int(interval.high < 0.5)


def share_that_holds(results: list[InputResult], kind: str) -> str:
    """Of the intervals that there are."""
    sides = [s for one in results if (s := side(one, kind)) is not None]
    return f"{sides.count(0) / len(sides):.1%}"


def show(n: int, cohorts: list[Null], kinds: tuple[str, ...]) -> None:
    """A row for each input, how many inputs of a cohort miss .5 together, and who lies below."""
    for name in cohorts[0].inputs:
        results = [one.inputs[name] for one in cohorts]
        aurocs = np.array([one.scores.auroc for one in results])
        cells = [f"{aurocs.mean():.3f}", f"{aurocs.std(ddof=1):.3f}"]
        cells += [share_that_holds(results, kind) for kind in kinds]
        print(f"| {n} | `{name}` | " + " | ".join(cells) + " |", flush=True)
    sides = [[side(r, kinds[0]) for r in one.inputs.values()] for one in cohorts]
    missed = Counter(found.count(-1) + found.count(1) for found in sides)
    below = Counter(found.count(-1) for found in sides)
    print(f"{n} patients, {kinds[0]}: inputs whose interval misses .5 -> cohorts")
    print(f"  either side {dict(sorted(missed.items()))}, below {dict(sorted(below.items()))}")
    print("  quarters by the strongest clinical column: its AUROC - .5, that of patients left out")
    by_strength = sorted(cohorts, key=lambda one: one.strongest)
    for part in np.array_split(np.arange(len(cohorts)), 4):
        quarter = [by_strength[k] for k in part]
        strongest = np.mean([one.strongest for one in quarter])
        left_out = np.mean([one.inputs["clinical"].scores.auroc for one in quarter])
        print(f"  {strongest:.2f} {left_out:.2f}", flush=True)


def main() -> None:
    """Simulate, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cohorts", type=int, default=150)
    parser.add_argument("--patients", type=int, nargs="+", default=[20, 12])
    parser.add_argument("--permutations", type=int, default=0)
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    config = PatientsConfig(
        repeats=asked.repeats, permutations=asked.permutations, bootstrap_resamples=500
    )
    kinds = KINDS if asked.permutations else KINDS[1:]
    print("| patients | input | mean AUROC | SD | " + " | ".join(kinds) + " |")
    print("|---" * (4 + len(kinds)) + "|")
    for n in asked.patients:
        show(n, [null_cohort(n, seed, config) for seed in range(asked.cohorts)], kinds)


if __name__ == "__main__":
    main()
