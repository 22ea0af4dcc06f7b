"""What pretraining learns, by mask, codebook and module: the table of docs/study.md.

Run ``python bench/study.py synth OUT``, or with the folder of eegmat in place of ``synth``. Every
variant is pretrained with each seed on a split of its own; a logistic regression on the frozen
encoder's embeddings (means over the channels of each region) is scored on held-out subjects. Masks
meet the same ratio exactly. What is done already is not done again.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from eegssl.api import load_encoder
from eegssl.corpus.store import Corpus, Recording, open_corpus
from eegssl.encoder.architectures import build_encoder
from eegssl.encoder.encoder import Encoder
from eegssl.io.labels.event_types import is_seizure
from eegssl.io.private.pseudonyms import Pseudonyms

SEEDS = (0, 1, 2)
WINDOW_S, STEPS = 4.0, 500
BACKGROUND = 3
"""Windows of background for each one of seizure."""
EXACT = ("masking.exact=true",)
VARIANTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "region masks": ("learned", EXACT),
    "random masks": ("learned", ("masking.kind=random",)),
    "block masks": ("learned", ("masking.kind=block", *EXACT)),
    "region masks, frozen random codes": ("frozen", EXACT),
    "without the spectral module": ("learned", ("encoder.spectral=off", *EXACT)),
    "without the temporal module": ("learned", ("encoder.temporal=false", *EXACT)),
    "without the spatial module": (
        "learned",
        ("encoder.identity=false", "encoder.position=false", "encoder.region=false", *EXACT),
    ),
}
TOKENS = {
    "learned": (),
    "frozen": ("tokenizer.quantizer=random-projection", "tokenizer.n_codes=256"),
}
Examples = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Features [n, F], labels [n], whether the subject is held out [n]."""


def command(stage: str, *words: object, sets: Sequence[str] = ()) -> None:
    """One stage of the pipeline, quietly; raises when it fails."""
    flags = [word for item in sets for word in ("--set", item)]
    line = ["eegssl", stage, *map(str, words), "--preset", "demo", *flags, "--json"]
    subprocess.run(line, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def facts(folder: Path) -> dict:
    """What an artifact's manifest states."""
    return json.loads((folder / "manifest.json").read_text())["facts"]


def windows_of(recording: Recording, synthetic: bool) -> Iterator[tuple[float, str]]:
    """Start and label of the windows used: seizures and some background, or all by file name."""
    starts = np.arange(0, recording.duration_s - WINDOW_S + 1e-9, WINDOW_S)
    if not synthetic:
        name = Pseudonyms().name(recording.id)
        yield from ((start, "task" if "_2" in name else "rest") for start in starts)
        return
    seizures = [e for e in recording.events if is_seizure(e.type)]
    inside = np.array(
        [
            any(e.onset_s <= s and s + WINDOW_S <= e.onset_s + e.duration_s for e in seizures)
            for s in starts
        ],
        dtype=bool,
    )
    touched = np.array(
        [
            any(e.onset_s - 5 < s + WINDOW_S and s < e.onset_s + e.duration_s + 5 for e in seizures)
            for s in starts
        ],
        dtype=bool,
    )
    rng = np.random.default_rng(int(recording.id[2:10], 16))
    calm = rng.permutation(np.flatnonzero(~touched))[: max(10, BACKGROUND * int(inside.sum()))]
    yield from ((starts[k], "seizure") for k in np.flatnonzero(inside))
    yield from ((starts[k], "background") for k in np.sort(calm))


@torch.no_grad()
def features(
    encoder: Encoder, corpus: Corpus, recording: Recording, starts: Sequence[float]
) -> np.ndarray:
    """Embeddings averaged over the channels of each region and over time, [n, R * D]."""
    place = corpus.geometry(recording)
    arrays = [torch.from_numpy(a)[None] for a in (place.positions, place.located, place.regions)]
    share = place.regions / np.maximum(place.regions.sum(axis=0), 1)
    rate, rows = corpus.sfreq_hz, []
    for first in range(0, len(starts), 32):
        pieces = [
            corpus.read_uv(recording, round(s * rate), round((s + WINDOW_S) * rate))
            for s in starts[first : first + 32]
        ]
        signal = torch.from_numpy(np.stack(pieces))
        batch = [a.expand(len(pieces), *a.shape[1:]) for a in arrays]
        mean = encoder(signal, *batch).mean(dim=2).numpy()
        rows.append(np.einsum("bcd,cr->brd", mean, share).reshape(len(pieces), -1))
    return np.concatenate(rows)


def examples(
    encoder: Encoder, corpus: Corpus, synthetic: bool, label: Callable[[Recording, str], str | None]
) -> Examples:
    """All windows with a label, of training and of held-out (test) subjects."""
    found: list[tuple[np.ndarray, str, bool]] = []
    for recording in corpus.of_split("train", "test"):
        kept = [
            (start, name)
            for start, kind in windows_of(recording, synthetic)
            if (name := label(recording, kind)) is not None
        ]
        if kept:
            rows = features(encoder, corpus, recording, [start for start, _ in kept])
            held_out = recording.split == "test"
            found += [(row, name, held_out) for row, (_, name) in zip(rows, kept, strict=True)]
    x, y, test = zip(*found, strict=True)
    return np.stack(x), np.array(y), np.array(test)


def probe(x: np.ndarray, y: np.ndarray, held_out: np.ndarray) -> tuple[float, float]:
    """AUROC (two classes, else NaN) and balanced accuracy on held-out subjects."""
    model = make_pipeline(
        StandardScaler(), LogisticRegression(C=0.01, class_weight="balanced", max_iter=500)
    )
    model.fit(x[~held_out], y[~held_out])
    said = model.predict(x[held_out])
    accuracy = balanced_accuracy_score(y[held_out], said)
    if len(model.classes_) != 2:
        return float("nan"), float(accuracy)
    score = model.predict_proba(x[held_out])[:, 1]
    return float(roc_auc_score(y[held_out] == model.classes_[1], score)), float(accuracy)


def sides(edf: Path, corpus_name: str = "") -> dict[str, str]:
    """Synthetic subject (hashed) -> where its seizures begin: left, right, or everywhere."""
    lines = (edf / "participants.tsv").read_text().splitlines()
    head = lines[0].split("\t")
    rows = [dict(zip(head, line.split("\t"), strict=True)) for line in lines[1:]]
    names = {"L": "left", "R": "right", "g": "everywhere"}
    hashed = Pseudonyms().subject
    return {
        hashed(corpus_name + row["participant_id"]): names[row["focus"][0]]
        for row in rows
        if row["focus"][0] in names
    }


def prepare(data: str, out: Path, seed: int) -> tuple[Path, dict[str, Path]]:
    """Recordings split by this seed, and tokens of both kinds."""
    edf = out / "edf" if data == "synth" else Path(data)
    if data == "synth" and not (edf / "participants.tsv").exists():
        command("synth", "--out", edf, sets=("n_subjects=40", "duration_s=600"))
    home = out / f"seed{seed}"
    split = ("splits.val=0.1", "splits.test=0.3", "look.recordings=0")
    command("preprocess", edf, "--out", home / "recordings", "--seed", seed, sets=split)
    tokens = {}
    for name, sets in TOKENS.items():
        tokens[name] = home / f"tokens-{name}"
        where = (home / "recordings", "--out", tokens[name], "--seed", seed)
        command("tokenize", *where, sets=sets)
    return home, tokens


def scored(encoder: Encoder, corpus: Corpus, data: str, out: Path) -> list[float]:
    """Scores of the probes: AUROC of the task, and for synthetic seizures the side of onset."""
    synthetic = data == "synth"
    auroc, _ = probe(*examples(encoder, corpus, synthetic, lambda _, kind: kind))
    if not synthetic:
        return [auroc, float("nan")]
    side = sides(out / "edf")
    _, accuracy = probe(
        *examples(
            encoder,
            corpus,
            True,
            lambda r, kind: side.get(r.subject) if kind == "seizure" else None,
        )
    )
    return [auroc, accuracy]


def main() -> None:
    """Do all variants and seeds, then print one table of means and deviations over seeds."""
    data, out = sys.argv[1], Path(sys.argv[2])
    torch.set_num_threads(2)
    table: dict[str, list[list[float]]] = {}
    for seed in SEEDS:
        home, tokens = prepare(data, out, seed)
        corpus = open_corpus([home / "recordings"])
        for name, (codes, sets) in VARIANTS.items():
            folder = home / name.replace(" ", "-").replace(",", "")
            where = (home / "recordings", "--tokens", tokens[codes], "--out", folder)
            steps = (f"training.steps={STEPS}",)
            command("pretrain", *where, "--seed", seed, sets=(*sets, *steps))
            val, made = facts(folder)["val"], facts(tokens[codes])
            kind = next((s.split("=")[1] for s in sets if s.startswith("masking.kind")), "region")
            row = [val[f"accuracy_{kind}"], val[f"most_frequent_accuracy_{kind}"]]
            row += [val[f"ratio_{kind}"], val[f"determined_{kind}"]]
            row += [made["perplexity_val"], made["codes_used_val"]]
            row += scored(load_encoder(folder), corpus, data, out)
            table.setdefault(name, []).append(row)
            print(f"seed {seed}: {name}: {[round(v, 3) for v in row]}", file=sys.stderr, flush=True)
        plain = build_encoder(load_encoder(home / "region-masks").config, seed=seed).eval()
        nothing = [float("nan")] * 6
        table.setdefault("not pretrained", []).append([*nothing, *scored(plain, corpus, data, out)])
    report(table)


def report(table: dict[str, list[list[float]]]) -> None:
    """Print the table: mean ± standard deviation over seeds."""
    columns = ("accuracy", "most frequent", "ratio", "determined", "perplexity", "codes used")
    print("| encoder |", " | ".join((*columns, "task AUROC", "side of onset, BAC")), "|")
    print("|---" * 9 + "|")
    for name, rows in table.items():
        values = np.array(rows)
        cells = [
            "n/a" if np.isnan(mean) else f"{mean:.3f} ± {deviation:.3f}"
            for mean, deviation in zip(values.mean(axis=0), values.std(axis=0, ddof=1), strict=True)
        ]
        print(f"| {name} |", " | ".join(cells), "|")


if __name__ == "__main__":
    main()
