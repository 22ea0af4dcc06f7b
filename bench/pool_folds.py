"""The folds of a benchmark's cell of forecasting as one table, and its scores by stretch.

Run ``python bench/pool_folds.py BENCHMARK/cells/TASK/ENCODER/ADAPTATION/seedK OUT.parquet``; then
``eegssl evaluate --rescore OUT.parquet --out …`` makes the report of all subjects. Prints the
tables of docs/forecasting.md and docs/frequency-phase.md.
"""

import sys
from pathlib import Path

from eegssl.scoring.config import ScoringConfig
from eegssl.tasks.forecast.error_sums import Forecasts
from eegssl.tasks.forecast.scores import score_forecasts
from eegssl.tasks.phase.phase_rows import PhasePredictions
from eegssl.tasks.phase.scores import score_phase_table
from eegssl.tasks.table import kind_of_table, pool_tables, read_table, write_table


def show_signal(table: Forecasts) -> None:
    """Errors of each method, overall and by stretch, and the model less AR."""
    report = score_forecasts(table, ScoringConfig(), 0)
    spans = report.spans
    heads = [f"{a:g}–{b:g} s" for a, b in spans]
    print("| method | MAE, µV | MAE, z-score | " + " | ".join(heads) + " |")
    print("|---" * (3 + len(heads)) + "|")
    for name, units in report.methods.items():
        whole = [units[unit]["overall"]["mae"] for unit in ("uv", "zscore")]
        rows = [row["mae"] for row in units["uv"]["per_stretch"]]
        print(f"| {name} | " + " | ".join(f"{v:.3f}" for v in [*whole, *rows]) + " |")
    for one in report.comparisons:
        if one["unit"] == "uv" and one["metric"] == "mae" and one["against"] in ("ar", "mean"):
            print(one)


def show_phase(table: PhasePredictions) -> None:
    """Errors of each method and band by stretch, and the model less AR."""
    scores = score_phase_table(table, ScoringConfig(), 0)
    for method, bands in scores.methods.items():
        for band, found in bands.items():
            stretches = [f"{s['to_s']:g} s: {s['mae_deg']:.1f}°" for s in found["per_horizon"]]
            there = found["phase_where_oscillating"]["mae_deg"]
            counts = f"{found['n_oscillating']} of {found['n_series']}"
            hz = found["frequency_mae_hz"]
            phase = found["phase"]
            print(method, band, phase, counts, "where it oscillates", there, hz, *stretches)
    for one in scores.differences:
        print(one)


def main() -> None:
    """Pool, write, print."""
    cell, out = Path(sys.argv[1]), Path(sys.argv[2])
    paths = sorted(cell.glob("fold*/evaluation/predictions.parquet"))
    if kind_of_table(paths[0]) == Forecasts.spec.kind:
        sums = pool_tables([read_table(path, Forecasts) for path in paths])
        write_table(out, sums)
        show_signal(sums)
        return
    phases = pool_tables([read_table(path, PhasePredictions) for path in paths])
    write_table(out, phases)
    show_phase(phases)


if __name__ == "__main__":
    main()
