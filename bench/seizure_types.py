"""How well types of seizures are told in held-out subjects, on synthetic EEG with known truth.

Run ``python bench/seizure_types.py OUT [SEED …]``; prints the table of docs/adapting.md. For each
seed (by default 0) a corpus of 120 synthetic subjects of 10 minutes, with tokenizer and encoder of
its own; a fifth of the subjects validates, 36 are tested. Ways to adapt stand beside baselines, a
quarter of the labels, and permuted labels. What is done already is not done again.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

SIZE = ("n_subjects=120", "duration_s=600", "seizures_per_recording=4")
SPLIT = ("splits.val=0.2", "splits.test=0.3", "look.recordings=0")
KEY = "5eed" * 16
"""Synthetic subjects have no secrets: with the key written down, splits are the same everywhere."""

RUNS: dict[str, tuple[str, str, str, str]] = {
    "all labels": (
        "'probe', 'full', 'scratch'",
        "'majority', 'band-power-regions'",
        "1.0",
        "false",
    ),
    "a quarter of the subjects' labels": (
        "'full'",
        "'band-power-regions'",
        "0.25",
        "false",
    ),
    "permuted labels": ("'full'", "'band-power-regions'", "1.0", "true"),
}
"""What is run: ways to adapt, baselines, share of labels, whether they are permuted."""

MATRIX = """
recordings = ["recordings"]
adaptations = [{adaptations}]
baselines = [{baselines}]
seeds = [{seed}]
[encoders.pretrained]
path = "encoder"
[tasks.seizure-type]
task = "seizure-type"
overrides = {{ permute_labels = {permuted} }}
[finetune]
labels_fraction = {share}
[evaluate]
traces = 0
"""


def command(stage: str, *words: object, sets: tuple[str, ...] = ()) -> None:
    """One stage of the pipeline, quietly; raises when it fails."""
    flags = [word for item in sets for word in ("--set", item)]
    line = ["eegssl", stage, *map(str, words), "--preset", "demo", *flags, "--json"]
    subprocess.run(line, check=True, stdout=subprocess.DEVNULL)


def prepare(home: Path, seed: int) -> None:
    """A corpus of this seed, split by it, its tokens, and an encoder."""
    edf, recordings, tokens = home / "edf", home / "recordings", home / "tokens"
    if not (edf / "participants.tsv").exists():
        command("synth", "--out", edf, "--seed", seed, sets=SIZE)
    command("preprocess", edf, "--out", recordings, "--seed", seed, sets=SPLIT)
    command("tokenize", recordings, "--out", tokens, "--seed", seed)
    where = (recordings, "--tokens", tokens, "--out", home / "encoder")
    command("pretrain", *where, "--seed", seed)


def benchmark(home: Path, name: str, seed: int) -> Path:
    """One of the runs, as a benchmark of one seed."""
    adaptations, baselines, share, permuted = RUNS[name]
    stem = name.replace(" ", "-").replace("'", "")
    matrix, out = home / f"{stem}.toml", home / stem
    matrix.write_text(
        MATRIX.format(
            adaptations=adaptations, baselines=baselines, seed=seed, share=share, permuted=permuted
        )
    )
    command("benchmark", matrix, "--out", out, "--seed", seed)
    return out


def systems(out: Path) -> dict[str, dict]:
    """The scores of units of each system of a benchmark, by its name."""
    found = {}
    for path in sorted(out.glob("cells/*/*/*/seed*/metrics.json")):
        found[path.parts[-4]] = json.loads(path.read_text())["units"]
    for path in sorted(out.glob("cells/*/*/*/seed*/evaluation/metrics.json")):
        name = f"{path.parts[-5]}, {path.parts[-4]}"
        found["from scratch" if "scratch" in name else name] = json.loads(path.read_text())["units"]
    return found


def cell(level: dict) -> str:
    """Macro F1 with its interval over subjects, as a table shows it."""
    interval = level["intervals"]["macro_f1"]["bca"]
    value = f"{level['scores']['macro_f1']:.3f}"
    if interval["low"] is None:
        return f"{value} (n/a)"
    return f"{value} ({interval['low']:.3f} to {interval['high']:.3f})"


def table(homes: dict[int, Path]) -> None:
    """Macro F1 by onset and by type, of each system on each corpus."""
    heads = [f"corpus {seed}: {level}" for seed in homes for level in ("onset", "type")]
    print("| labels | system |", " | ".join(heads), "|")
    print("|---" * (len(heads) + 2) + "|")
    for name in RUNS:
        told = [systems(home / name.replace(" ", "-").replace("'", "")) for home in homes.values()]
        for system in told[0]:
            levels = [one[system]["levels"][level] for one in told for level in ("onset", "type")]
            print(f"| {name} | {system} |", " | ".join(cell(level) for level in levels), "|")
    for seed, home in homes.items():
        told_one = systems(home / "all-labels")["pretrained, full"]
        print(f"\ncorpus {seed}, pretrained, full: {told_one['n']} seizures tested")
        print(told_one["levels"]["type"]["classes"], told_one["levels"]["type"]["confusion"])


def main() -> None:
    out = Path(sys.argv[1])
    private = out / "private"
    private.mkdir(parents=True, exist_ok=True)
    (private / "key").write_text(f"{KEY}\n")
    os.environ["EEGSSL_PRIVATE"] = str(private)
    homes = {}
    for seed in [int(word) for word in sys.argv[2:]] or [0]:
        home = out / f"corpus{seed}"
        prepare(home, seed)
        for name in RUNS:
            benchmark(home, name, seed)
        homes[seed] = home
    table(homes)


if __name__ == "__main__":
    main()
