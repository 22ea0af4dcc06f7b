"""What pretraining is worth, one factor at a time: the study whose protocol is docs/study.md.

    python bench/study.py synth OUT
    python bench/study.py eegmat OUT --edf FOLDER
    python bench/study.py ssvep_exo OUT --edf FOLDER
    python bench/study.py eegmat OUT --report

Resumable: what is done already is not done again. ``--report`` prints the tables of what is there.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from study_windows import DATA, Labelled, labelled

from eegssl.adaptation.linear import fit_logistic
from eegssl.api import load_encoder
from eegssl.baselines.place_features import ChannelFeatures, region_features
from eegssl.corpus.store import open_corpus
from eegssl.encoder.architectures import build_encoder
from eegssl.encoder.encoder import Encoder
from eegssl.encoder.pooling import pool

KEY = "5eed" * 16
FOLDS, SEEDS, DRAWS = 3, (0, 1, 2), 10
LABELLED = (1, 2, 4, 8, 0)
"""Labelled subjects; 0 stands for all of the training split."""
CS = (1e-4, 1e-3, 1e-2, 0.1, 1.0)
STEPS = ("training.steps=800", "training.validate_every=100")
Floats = NDArray[np.float64]

TOKENS: dict[str, tuple[str, ...]] = {
    "learned": (),
    "random": ("tokenizer.quantizer=random-projection", "tokenizer.n_codes=256"),
}
ARMS: dict[str, tuple[str, tuple[str, ...]]] = {
    "reference": ("learned", ("masking.exact=true",)),
    "random masks": ("learned", ("masking.kind=random",)),
    "block masks": ("learned", ("masking.kind=block", "masking.exact=true")),
    "random-projection codes": ("random", ("masking.exact=true",)),
    "a quarter of the steps": ("learned", ("masking.exact=true", "training.steps=200")),
    "without spectral": ("learned", ("masking.exact=true", "encoder.spectral=off")),
    "without temporal": ("learned", ("masking.exact=true", "encoder.temporal=false")),
    "without spatial": (
        "learned",
        ("masking.exact=true", *(f"encoder.{n}=false" for n in ("identity", "position", "region"))),
    ),
    "z-scored windows": ("learned", ("masking.exact=true", "encoder.normalise=zscore")),
}
"""Name -> tokens, and settings of `pretrain` beside those of the reference."""


def command(stage: str, *words: object, seed: int, sets: Sequence[str] = ()) -> None:
    """One stage of the pipeline, quietly; raises when it fails."""
    flags = [word for item in sets for word in ("--set", item)]
    line = [sys.executable, "-m", "eegssl", stage, *map(str, words), "--preset", "demo"]
    line += ["--seed", str(seed), *flags, "--json"]
    subprocess.run(line, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def prepare(data: str, out: Path, edf: Path, seed: int) -> Path:
    """Recordings of one split by subject: a third is tested, a fifth of the rest validates."""
    if data == "synth" and not (edf / "participants.tsv").exists():
        command("synth", "--out", edf, seed=0, sets=("n_subjects=40", "duration_s=600"))
    home = out / f"seed{seed}"
    split = (f"splits.folds={FOLDS}", f"splits.fold={seed % FOLDS}", "look.recordings=0")
    command("preprocess", edf, "--out", home / "recordings", seed=seed // FOLDS, sets=split)
    return home


def encoder_of(arm: str, home: Path, seed: int) -> Encoder:
    """The encoder of an arm, pretrained on training subjects, or as it is drawn."""
    if arm == "untrained":
        drawn: Encoder = build_encoder(encoder_of("reference", home, seed).config, seed).eval()
        return drawn
    codes, sets = ARMS[arm]
    tokens, folder = home / f"tokens-{codes}", home / arm.replace(" ", "-")
    where = home / "recordings"
    command("tokenize", where, "--out", tokens, seed=seed, sets=TOKENS[codes])
    steps = [*STEPS, *sets]
    command("pretrain", where, "--tokens", tokens, "--out", folder, seed=seed, sets=steps)
    return load_encoder(folder)


@torch.no_grad()
def embedded(encoder: Encoder, rows: Labelled, pooling: str) -> Floats:
    """Pooled embeddings [n, F] of windows; ``channels`` of those that all recordings share."""
    windows, parts, order = rows.windows, [], []
    if pooling == "channels":
        windows = windows.of_channels(windows.shared_channels())
    for index in windows.in_order(64):
        batch = windows.batch(index)
        arrays = batch.signal_uv, batch.positions, batch.located, batch.regions
        inputs = [torch.from_numpy(array) for array in arrays]
        parts.append(pool(encoder(*inputs), pooling, regions=inputs[-1]).double().numpy())
        order.append(index)
    return np.concatenate(parts)[np.argsort(np.concatenate(order))]


def scores(x: Floats, rows: Labelled, split: dict[str, str], seed: int) -> list[dict]:
    """AUROC of every test subject by the number of labelled subjects, mean over draws."""
    side = np.array([split[s] for s in rows.subject])
    people = sorted(set(rows.subject[side == "train"]))
    tested = [s for s in sorted(set(rows.subject[side == "test"])) if _both(rows, s)]
    results = []
    for n in LABELLED:
        if n >= len(people):
            continue
        by_draw = [_probe(x, rows, side, tested, some) for some in draws(people, rows, n, seed)]
        for subject, values in zip(tested, np.array(by_draw).T, strict=True):
            results.append({"labelled": n, "subject": subject, "auroc": float(values.mean())})
    return results


def draws(people: list[str], rows: Labelled, n: int, seed: int) -> list[list[str]]:
    """Sets of ``n`` labelled subjects who have both classes between them; all of them for 0."""
    if n == 0:
        return [people]
    rng, sets = np.random.default_rng([seed, n]), []
    while len(sets) < DRAWS:
        some = sorted(rng.choice(people, n, replace=False))
        if len(set(rows.truth[np.isin(rows.subject, some)])) == 2:
            sets.append(some)
    return sets


def _both(rows: Labelled, subject: str) -> bool:
    return len(set(rows.truth[rows.subject == subject])) == 2


def _probe(
    x: Floats, rows: Labelled, side: NDArray[np.str_], tested: list[str], people: list[str]
) -> list[float]:
    """AUROC by test subject; the penalty is chosen by the AUROC of the validation subjects."""
    train, val = np.isin(rows.subject, people), side == "val"
    weight = (1 / np.bincount(rows.truth[train], minlength=2))[rows.truth[train]]
    path = fit_logistic(x[train], np.eye(2)[rows.truth[train]], weight, CS, 2000)
    best = max(path, key=lambda m: roc_auc_score(rows.truth[val], _logit(m.outputs(x[val]))))
    logit = _logit(best.outputs(x))
    mine = [rows.subject == subject for subject in tested]
    return [float(roc_auc_score(rows.truth[one], logit[one])) for one in mine]


def _logit(outputs: Floats) -> Floats:
    return np.asarray(outputs[:, 1] - outputs[:, 0])


def run(data: str, out: Path, edf: Path) -> None:
    """All systems, those that say most first, each with all seeds."""
    torch.set_num_threads(2)
    by_seed = {}
    for seed in SEEDS:
        home = prepare(data, out, edf, seed)
        (home / "scores").mkdir(exist_ok=True)
        corpus = open_corpus([home / "recordings"])
        rows = labelled(data, corpus, edf)
        split = {r.subject: r.split for r in corpus.recordings}
        by_seed[seed] = home, rows, split, _systems(home, seed, rows, data != "synth")
    for name in by_seed[SEEDS[0]][-1]:
        for seed, (home, rows, split, systems) in by_seed.items():
            path = home / "scores" / f"{name.replace(' ', '-')}.json"
            if not path.exists():
                path.write_text(json.dumps(scores(systems[name](), rows, split, seed)))
                print(f"{name}: seed {seed}", file=sys.stderr, flush=True)


def _systems(
    home: Path, seed: int, rows: Labelled, one_montage: bool
) -> dict[str, Callable[[], Floats]]:
    """Name -> what its features are made by; channels apart where all recordings share them."""
    systems: dict[str, Callable[[], Floats]] = {
        "band power by region": lambda: region_features(rows.windows)
    }
    poolings = ["region", "mean_max"]
    if one_montage:
        systems["band power by channel"] = lambda: ChannelFeatures.of(rows.windows)(rows.windows)
        poolings.insert(0, "channels")
    for arm in ("untrained", *ARMS):
        for kind in poolings if arm in ("untrained", "reference") else poolings[:1]:
            name = arm if kind == poolings[0] else f"{arm}, by {kind.replace('_', ' and ')}"
            systems[name] = lambda arm=arm, kind=kind: embedded(
                encoder_of(arm, home, seed), rows, kind
            )
    return systems


def report(out: Path) -> None:
    """Means over subjects, and differences to the reference with intervals over subjects."""
    table: dict[str, dict[int, dict[str, list[float]]]] = {}
    for path in sorted(out.glob("seed*/scores/*.json")):
        for row in json.loads(path.read_text()):
            cell = table.setdefault(path.stem.replace("-", " "), {}).setdefault(row["labelled"], {})
            cell.setdefault(row["subject"], []).append(row["auroc"])
    counts = sorted({n for cells in table.values() for n in cells}, key=lambda n: n or 99)
    print("| system | " + " | ".join(f"{n or 'all'} labelled" for n in counts) + " |")
    print("|---" * (1 + len(counts)) + "|")
    order = sorted(table, key=lambda s: -np.mean(_means(table[s][counts[-1]])))
    for system in order:
        cells = [
            f"{np.mean(_means(table[system][n])):.3f}{_against(table, system, n)}" for n in counts
        ]
        print(f"| {system} | " + " | ".join(cells) + " |")


def _means(cell: dict[str, list[float]]) -> list[float]:
    return [float(np.mean(values)) for values in cell.values()]


def _against(table: dict, system: str, n: int) -> str:
    """The reference less a system: mean and 95 % interval, bootstrapped over subjects."""
    reference = table.get("reference", {}).get(n)
    if reference is None or system == "reference":
        return ""
    shared = sorted(set(reference) & set(table[system][n]))
    apart = np.array([np.mean(reference[s]) - np.mean(table[system][n][s]) for s in shared])
    rng = np.random.default_rng(0)
    means = apart[rng.integers(0, len(apart), (10_000, len(apart)))].mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return f" ({apart.mean():+.3f}; {low:+.3f} to {high:+.3f})"


def main() -> None:
    """Run or report one corpus."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", choices=DATA)
    parser.add_argument("out", type=Path)
    parser.add_argument("--edf", type=Path, help="the folder of EDF files of a real corpus")
    parser.add_argument("--report", action="store_true")
    args = parser.parse_args()
    private = args.out.resolve() / "private"
    private.mkdir(parents=True, exist_ok=True)
    (private / "key").write_text(KEY + "\n")  # public or synthetic recordings have no secrets
    os.environ["EEGSSL_PRIVATE"] = str(private)
    if not args.report:
        run(args.data, args.out, args.edf or args.out / "edf")
    report(args.out)


if __name__ == "__main__":
    main()
