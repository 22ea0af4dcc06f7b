"""What pretraining is worth, one factor at a time: the study whose protocol is docs/study.md.

    python bench/study.py synth OUT
    python bench/study.py synth_more OUT --fresh
    python bench/study.py eegmat OUT --edf FOLDER
    python bench/study.py ssvep_exo OUT --edf FOLDER
    python bench/study.py ssvep_which OUT --edf FOLDER
    python bench/study.py eegmat OUT --edf FOLDER --fresh "random masks"
    python bench/study.py synth OUT --only larger "block masks"
    python bench/study.py synth OUT --seeds 0 --only larger
    python bench/study.py eegmat OUT --report

`ssvep_which` reads the same recordings and encoders as `ssvep_exo`, so it takes the same OUT.
Resumable: what is done already is not done again. ``--fresh`` repeats the systems that a conclusion
needs, and the arms that it names, with seeds that screening has not seen. ``--only`` leaves out
all systems but those it names, and ``--seeds`` all seeds but these. ``--report`` prints the tables
of what is there; with ``--split val`` those of validation subjects, who choose penalty and layer.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import logsumexp
from sklearn.metrics import roc_auc_score
from study_arms import ARMS, SYNTHETIC, UNTRAINED, encoder_of, prepare
from study_scores import SPLITS, as_table, read_scores, scores_folder
from study_tuned import tuned_logits
from study_windows import DATA, Labelled, labelled

from eegssl.adaptation.linear import fit_logistic
from eegssl.baselines.place_features import ChannelFeatures, region_features
from eegssl.corpus.store import open_corpus
from eegssl.encoder.encoder import Encoder
from eegssl.encoder.pooling import pool

KEY = "5eed" * 16
SCREENING, FRESH = (0, 1, 2), (5, 6, 7, 8, 9)
"""Seeds; seed s tests fold s mod 5, of a second shuffle of the subjects from 5 on."""
DRAWS = 10
LABELLED = (1, 2, 4, 8, 0)
"""Labelled subjects; 0 stands for all of the training split."""
CS = (1e-4, 1e-3, 1e-2, 0.1, 1.0)
ANY_LAYER = "any layer"
TUNED = {"reference, all weights": "reference", "untrained, all weights": "untrained"}
"""Systems whose weights are all trained, with all labels: name -> encoder."""
Floats = NDArray[np.float64]
Features = list[Floats]
"""Features [n, F] of windows, from each layer that validation may choose."""


@torch.no_grad()
def embedded(encoder: Encoder, rows: Labelled, pooling: str, any_layer: bool) -> Features:
    """Pooled embeddings of windows, of the last layer or of each; ``channels`` of those that all
    recordings share."""
    windows, order = rows.windows, []
    parts: dict[int, list[Floats]] = {}
    if pooling == "channels":
        windows = windows.of_channels(windows.shared_channels())
    for index in windows.in_order(64):
        batch = windows.batch(index)
        arrays = batch.signal_uv, batch.positions, batch.located, batch.regions
        inputs = [torch.from_numpy(array) for array in arrays]
        layers = encoder.layers(*inputs) if any_layer else [encoder(*inputs)]
        for k, layer in enumerate(layers):
            pooled = pool(layer, pooling, regions=inputs[-1])
            parts.setdefault(k, []).append(pooled.double().numpy())
        order.append(index)
    back = np.argsort(np.concatenate(order))
    return [np.concatenate(layer)[back] for layer in parts.values()]


def scores(x: Features, rows: Labelled, split: dict[str, str], seed: int) -> list[dict]:
    """AUROC of every scored subject by the number of labelled subjects, mean over draws."""
    side = np.array([split[s] for s in rows.subject])
    people = sorted(set(rows.subject[side == "train"]))
    scored = scored_subjects(rows, split)
    results = []
    for n in LABELLED:
        if n >= len(people):
            continue
        by_draw = [_probe(x, rows, side, [*scored], some) for some in draws(people, rows, n, seed)]
        for (subject, where), values in zip(scored.items(), np.array(by_draw).T, strict=True):
            mean = float(values.mean())
            results.append({"labelled": n, "subject": subject, "split": where, "auroc": mean})
    return results


def scored_subjects(rows: Labelled, split: dict[str, str]) -> dict[str, str]:
    """Subjects of test and validation who have all classes -> their split."""
    people = sorted(set(rows.subject))
    return {s: split[s] for s in people if split[s] in SPLITS and _has_all(rows, s)}


def tuned_scores(
    encoder: Encoder, rows: Labelled, split: dict[str, str], seed: int, one_montage: bool
) -> list[dict]:
    """AUROC of every scored subject by an encoder whose weights are all trained by all labels."""
    side = np.array([split[s] for s in rows.subject])
    pooling = "channels" if one_montage else "region"
    train, val = side == "train", side == "val"
    logits = tuned_logits(encoder, rows, train, val, seed, pooling, auroc)
    return [
        {
            "labelled": 0,
            "subject": s,
            "split": where,
            "auroc": auroc(rows.truth[rows.subject == s], logits[rows.subject == s]),
        }
        for s, where in scored_subjects(rows, split).items()
    ]


def draws(people: list[str], rows: Labelled, n: int, seed: int) -> list[list[str]]:
    """Sets of ``n`` labelled subjects who have all classes between them; all of them for 0."""
    if n == 0:
        return [people]
    rng, sets = np.random.default_rng([seed, n]), []
    while len(sets) < DRAWS:
        some = sorted(rng.choice(people, n, replace=False))
        if len(set(rows.truth[np.isin(rows.subject, some)])) == len(set(rows.truth)):
            sets.append(some)
    return sets


def _has_all(rows: Labelled, subject: str) -> bool:
    return len(set(rows.truth[rows.subject == subject])) == len(set(rows.truth))


def _probe(
    x: Features, rows: Labelled, side: NDArray[np.str_], scored: list[str], people: list[str]
) -> list[float]:
    """AUROC by scored subject; validation subjects choose penalty, and layer, by their AUROC."""
    train, val = np.isin(rows.subject, people), side == "val"
    n_classes = int(rows.truth.max()) + 1
    weight = (1 / np.bincount(rows.truth[train], minlength=n_classes))[rows.truth[train]]
    truth = np.eye(n_classes)[rows.truth[train]]
    pairs = [(m, part) for part in x for m in fit_logistic(part[train], truth, weight, CS, 2000)]
    merits = [auroc(rows.truth[val], model.outputs(part[val])) for model, part in pairs]
    best, features = pairs[int(np.argmax(merits))]
    outputs = best.outputs(features)
    mine = [rows.subject == subject for subject in scored]
    return [auroc(rows.truth[one], outputs[one]) for one in mine]


def auroc(truth: NDArray[np.int64], outputs: Floats) -> float:
    """AUROC of logits [n, K]; of three classes and more the mean of each against the others."""
    shares = np.exp(outputs - logsumexp(outputs, axis=1, keepdims=True))
    if outputs.shape[1] == 2:
        return float(roc_auc_score(truth, outputs[:, 1] - outputs[:, 0]))
    return float(roc_auc_score(truth, shares, multi_class="ovr", average="macro"))


def run(
    data: str,
    out: Path,
    edf: Path,
    seeds: Sequence[int],
    fresh: Sequence[str] | None,
    only: Sequence[str] | None,
) -> None:
    """All systems, those that say most first, each with all seeds; those of a conclusion for
    ``fresh``; none that ``only`` does not name."""
    by_seed = {}
    for seed in seeds:
        home = prepare(data, out, edf, seed)
        (home / scores_folder(data)).mkdir(exist_ok=True)
        corpus = open_corpus([home / "recordings"])
        rows = labelled(data, corpus, edf)
        split = {r.subject: r.split for r in corpus.recordings}
        by_seed[seed] = home, rows, split, _systems(data, out, edf, seed, rows)
    for name in [*by_seed[seeds[0]][-1], *TUNED]:
        if (fresh is not None and not _concludes(name, fresh)) or (only and name not in only):
            continue
        for seed, (home, rows, split, systems) in by_seed.items():
            path = home / scores_folder(data) / f"{name.replace(' ', '-')}.json"
            if not path.exists():
                if name in TUNED:
                    encoder = encoder_of(TUNED[name], out, edf, seed)
                    results = tuned_scores(encoder, rows, split, seed, data not in SYNTHETIC)
                else:
                    results = scores(systems[name](), rows, split, seed)
                path.write_text(json.dumps(results))
                print(f"{name}: seed {seed}", file=sys.stderr, flush=True)


def _concludes(system: str, arms: Sequence[str]) -> bool:
    """Tell if a conclusion needs a system: band power, pretrained or not, and some arms."""
    always = "reference", "untrained", *TUNED
    return system.startswith("band power") or system in (*always, *arms)


def _systems(
    data: str, out: Path, edf: Path, seed: int, rows: Labelled
) -> dict[str, Callable[[], Features]]:
    """Name -> what makes its features; channels apart where all recordings share them."""
    systems: dict[str, Callable[[], Features]] = {
        "band power by region": lambda: [region_features(rows.windows)]
    }
    poolings = ["region", "mean_max"]
    if data not in SYNTHETIC:
        systems["band power by channel"] = lambda: [ChannelFeatures.of(rows.windows)(rows.windows)]
        poolings.insert(0, "channels")
    for arm in (*UNTRAINED, *ARMS):
        if data in SYNTHETIC and arm in ARMS and ARMS[arm].mixed:
            continue
        compared = arm in ("untrained", "reference")
        for read_out in [*poolings, ANY_LAYER] if compared else poolings[:1]:
            name = arm if read_out == poolings[0] else f"{arm}, {_in_words(read_out)}"
            kind, any_layer = _pooling_of(read_out, poolings)
            systems[name] = lambda arm=arm, kind=kind, any_layer=any_layer: embedded(
                encoder_of(arm, out, edf, seed), rows, kind, any_layer
            )
    return systems


def _in_words(read_out: str) -> str:
    return read_out if read_out == ANY_LAYER else f"by {read_out.replace('_', ' and ')}"


def _pooling_of(read_out: str, poolings: Sequence[str]) -> tuple[str, bool]:
    """The pooling of a read-out, and whether validation chooses the layer."""
    return (poolings[0], True) if read_out == ANY_LAYER else (read_out, False)


def main() -> None:
    """Run or report one corpus."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", choices=DATA)
    parser.add_argument("out", type=Path)
    parser.add_argument("--edf", type=Path, help="the folder of EDF files of a real corpus")
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--split", choices=SPLITS, default="test", help="whose scores to print")
    parser.add_argument("--less", default="reference", metavar="SYSTEM", help="compare with this")
    parser.add_argument("--fresh", nargs="*", help="arms to conclude on, with five fresh seeds")
    parser.add_argument("--seeds", nargs="+", type=int, help="run these seeds alone")
    parser.add_argument("--only", nargs="*", metavar="SYSTEM", help="run these systems alone")
    args = parser.parse_args()
    private = args.out.resolve() / "private"
    private.mkdir(parents=True, exist_ok=True)
    (private / "key").write_text(KEY + "\n")  # public or synthetic recordings have no secrets
    os.environ["EEGSSL_PRIVATE"] = str(private)
    if not args.report:
        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
        seeds = args.seeds or (SCREENING if args.fresh is None else FRESH)
        run(args.data, args.out, args.edf or args.out / "edf", seeds, args.fresh, args.only)
    tables = {"Screening": SCREENING, "Fresh seeds": FRESH}
    for title, seeds in ({"These seeds": args.seeds} if args.seeds else tables).items():
        if table := read_scores(args.data, args.out, seeds, args.split):
            print(f"\n{title}\n\n{as_table(table, args.less)}")


if __name__ == "__main__":
    main()
