"""The folds of a benchmark's cell of forecasting as one table, and its scores by stretch.

Run ``python bench/pool_folds.py BENCHMARK/cells/TASK/ENCODER/ADAPTATION/seedK OUT.parquet``; then
``eegssl evaluate --rescore OUT.parquet --out …`` makes the report of all subjects. Prints the
tables of docs/forecasting.md and docs/frequency-phase.md.
"""

import sys
from pathlib import Path

from eegssl.scoring.config import ScoringConfig
from eegssl.tasks.forecast import error_sums as forecasts
from eegssl.tasks.forecast.scores import score_forecasts
from eegssl.tasks.labels.predictions import kind_of_table
from eegssl.tasks.phase import phase_rows as phase_predictions
from eegssl.tasks.phase.scores import score_phase_table


def show_signal(table: forecasts.Forecasts) -> None:
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


def show_phase(table: phase_predictions.PhasePredictions) -> None:
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
    if kind_of_table(paths[0]) == forecasts.KIND:
        table = forecasts.pooled([forecasts.read_forecasts(path) for path in paths])
        forecasts.write_forecasts(out, table)
        show_signal(table)
        return
    read = [phase_predictions.read_phase_predictions(path) for path in paths]
    pooled = phase_predictions.pooled(read)
    phase_predictions.write_phase_predictions(out, pooled)
    show_phase(pooled)


if __name__ == "__main__":
    main()
