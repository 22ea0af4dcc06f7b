"""What pretraining is worth with few labels: pretrained, random and from scratch, on synthetic EEG.

Run ``python bench/label_fractions.py OUT``; prints a table for docs/adapting.md and draws
``docs/_static/label_fractions.png``. 40 synthetic subjects of 10 minutes; for each of five seeds a
split of its own (12 subjects held out) and an encoder pretrained on its training subjects without
labels. Then each way to adapt sees the labels of a share of the training subjects. What is done
already is not done again.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from eegssl.reports.style import INK, MODEL, SECOND, house_style, new_figure, with_grid

SEEDS = (0, 1, 2, 3, 4)
FRACTIONS = (0.05, 0.1, 0.25, 0.5, 1.0)
STEPS = 500
WAYS: dict[str, tuple[str, ...]] = {
    "pretrained, probe": ("adaptation.kind=probe",),
    "random weights, probe": ("adaptation.kind=probe", "encoder_weights=random"),
    "from scratch": ("adaptation.kind=scratch", "training.steps=250"),
}
COLOURS = (MODEL, SECOND, INK)
FIGURE = Path(__file__).parents[1] / "docs/_static/label_fractions.png"


def command(stage: str, *words: object, sets: tuple[str, ...] = ()) -> None:
    """One stage of the pipeline, quietly; raises when it fails."""
    flags = [word for item in sets for word in ("--set", item)]
    line = ["eegssl", stage, *map(str, words), "--preset", "demo", *flags, "--json"]
    subprocess.run(line, check=True, stdout=subprocess.DEVNULL)


def prepare(out: Path, seed: int) -> Path:
    """Recordings split by this seed, their tokens, and an encoder."""
    edf, home = out / "edf", out / f"seed{seed}"
    if not (edf / "participants.tsv").exists():
        command("synth", "--out", edf, sets=("n_subjects=40", "duration_s=600"))
    split = ("splits.val=0.1", "splits.test=0.3", "look.recordings=0")
    recordings, tokens = home / "recordings", home / "tokens"
    command("preprocess", edf, "--out", recordings, "--seed", seed, sets=split)
    command("tokenize", recordings, "--out", tokens, "--seed", seed)
    steps = (f"training.steps={STEPS}",)
    where = (recordings, "--tokens", tokens, "--out", home / "encoder", "--seed", seed)
    command("pretrain", *where, sets=steps)
    return home


def auroc(home: Path, way: str, fraction: float, seed: int) -> float:
    """Window AUROC on the held-out subjects."""
    folder = home / way.replace(", ", "-").replace(" ", "-") / f"{fraction:g}"
    model, evaluation = folder / "model", folder / "evaluation"
    cache = (f"cache={home / 'embeddings'}", f"labels_fraction={fraction}")
    named = (home / "recordings", "--encoder", home / "encoder", "--task", "seizure-detection")
    command("finetune", *named, "--out", model, "--seed", seed, sets=(*WAYS[way], *cache))
    flags = ("--out", evaluation, "--seed", seed)
    command("evaluate", model, home / "recordings", *flags, sets=("traces=0",))
    facts = json.loads((evaluation / "manifest.json").read_text())["facts"]
    return float(facts["windows"]["auroc"])


@house_style()
def draw(found: dict[str, np.ndarray]) -> Figure:
    """Mean over seeds and every seed, by share of labelled subjects."""
    figure = new_figure(3.6, 8.0)
    ax = figure.subplots()
    for (way, values), colour in zip(found.items(), COLOURS, strict=True):
        ax.plot(FRACTIONS, values.mean(axis=1), "-o", color=colour, label=way, ms=5)
        for k, fraction in enumerate(FRACTIONS):
            ax.plot([fraction] * values.shape[1], values[k], ".", color=colour, alpha=0.35, ms=5)
    ax.set_xscale("log")
    ax.set_xticks(FRACTIONS, [f"{fraction:.0%}" for fraction in FRACTIONS])
    ax.minorticks_off()
    ax.set_xlabel("Share of the 24 training subjects whose labels are used")
    ax.set_ylabel("Seizure AUROC, 12 held-out subjects")
    with_grid(ax)
    ax.legend(loc="lower right")
    return figure


def main() -> None:
    out = Path(sys.argv[1])
    found = {way: np.full((len(FRACTIONS), len(SEEDS)), np.nan) for way in WAYS}
    for s, seed in enumerate(SEEDS):
        home = prepare(out, seed)
        if "--prepare" in sys.argv:
            continue
        for way in WAYS:
            for f, fraction in enumerate(FRACTIONS):
                found[way][f, s] = auroc(home, way, fraction, seed)
            print(f"seed {seed}, {way}: {found[way][:, s].round(3)}", file=sys.stderr, flush=True)
    if "--prepare" in sys.argv:
        return
    print("| labels of |", " | ".join(f"{fraction:.0%}" for fraction in FRACTIONS), "|")
    print("|---" * (len(FRACTIONS) + 1) + "|")
    for way, values in found.items():
        cells = [f"{v.mean():.3f} ± {v.std(ddof=1):.3f}" for v in values]
        print(f"| {way} |", " | ".join(cells), "|")
    draw(found).savefig(FIGURE, dpi=150)


if __name__ == "__main__":
    main()
