"""Arms of the study: what is pretrained, and on what."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from eegssl.api import load_encoder
from eegssl.encoder.architectures import build_encoder
from eegssl.encoder.encoder import Encoder

FOLDS = 5
WINDOW_S = 4.0
STEPS = 800

TOKENS: dict[str, tuple[str, ...]] = {
    "learned": (),
    "context": ("tokenizer.context_layers=2",),
    "random": ("tokenizer.quantizer=random-projection", "tokenizer.n_codes=256"),
}
"""Name -> settings of `tokenize` beside the preset's."""
BANDS = (
    *("objective.reconstruct.target=bands", "objective.reconstruct.pooled=0"),
    *("masking.kind=region", "masking.ratio=0.5"),
)
"""Settings where bands are predicted in place of codes: the masks are those of the reference."""
TEACHER = ("objective.latent.teacher=ema",)
"""Settings of latent prediction whose targets a teacher gives; it keeps its last weights."""


@dataclass(frozen=True)
class Arm:
    """One pretraining: codes, settings beside the reference's, corpora, objective."""

    sets: tuple[str, ...] = ()
    tokens: str = "learned"
    mixed: bool = False
    """Whether it learns from the training people of the other real corpora too."""
    objective: str = ""
    """Objectives with the masks of their presets; empty: codes, under the reference's masks."""
    step: float = 1.0
    """Time of a step over one of the reference, which takes as many steps more."""


OBJECTIVES: dict[str, Arm] = {
    "reconstruct": Arm(objective="reconstruct", step=1.08),
    "latent": Arm(objective="latent", step=1.82),
    "latent with a teacher": Arm(TEACHER, objective="latent", step=1.17),
    "contrastive": Arm(objective="contrastive", step=1.8),
    "cpc": Arm(("objective.cpc.ahead=2",), objective="cpc", step=0.78),
    "autoregressive": Arm(objective="autoregressive", step=1.2),
    "pretext": Arm(("objective.pretext.far=3",), objective="pretext", step=1.11),
    "codes and latent": Arm(objective="codes,latent", step=2.8),
    "codes and reconstruct": Arm(objective="codes,reconstruct", step=1.15),
    "reconstruct and latent": Arm(objective="reconstruct,latent", step=2.87),
}
"""Arms of docs/objectives/study.md, with times that ``bench_objectives.py --study`` printed."""
ARMS: dict[str, Arm] = {
    "reference": Arm(),
    "random masks": Arm(("masking.kind=random",)),
    "bands as targets": Arm(BANDS, objective="reconstruct"),
    "mixed corpora": Arm(mixed=True),
    "mixed corpora and random masks": Arm(("masking.kind=random",), mixed=True),
    "larger": Arm(("encoder.width=128", "encoder.layers=6", "encoder.ffn=512")),
    "four times the steps": Arm(("training.steps=3200",)),
    "random-projection codes": Arm(tokens="random"),
    "codes with context": Arm(tokens="context"),
    "block masks": Arm(("masking.kind=block",)),
    "a quarter of the people": Arm(("sampling.subjects_fraction=0.25",)),
    "half of the people": Arm(("sampling.subjects_fraction=0.5",)),
    "a quarter of the steps": Arm(("training.steps=200",)),
    "without spectral": Arm(("encoder.spectral=off",)),
    "Fourier spectrum": Arm(("encoder.spectral=fourier",)),
    "without temporal": Arm(("encoder.temporal=false",)),
    "without spatial": Arm(tuple(f"encoder.{n}=false" for n in ("identity", "position", "region"))),
    "z-scored windows": Arm(("encoder.normalise=zscore",)),
    "normalised queries and keys": Arm(("encoder.qk_norm=true",)),
    "scaled branches": Arm(("encoder.layer_scale=0.1",)),
    "clipped at 30 deviations": Arm(("encoder.clip_sigma=30",)),
    **OBJECTIVES,
    **{f"{name} on mixed corpora": replace(arm, mixed=True) for name, arm in OBJECTIVES.items()},
}
"""Name -> the one change against the reference; what screening put first, together; objectives."""
UNTRAINED = {
    "untrained": "reference",
    "untrained without spectral": "without spectral",
    "untrained without temporal": "without temporal",
    "untrained Fourier spectrum": "Fourier spectrum",
}
"""Name -> the arm whose architecture is drawn and not trained."""
SYNTHETIC = {"synth": (0, 40), "synth_more": (1, 120)}
"""Name -> seed and number of subjects of a synthetic corpus."""
REAL = ("eegmat", "ssvep_exo", "muse_cueing")


def command(stage: str, *words: object, seed: int, sets: Sequence[str] = ()) -> None:
    """One stage of the pipeline, quietly; raises when it fails."""
    flags = [word for item in sets for word in ("--set", item)]
    line = [sys.executable, "-m", "eegssl", stage, *map(str, words), "--preset", "demo"]
    line += ["--seed", str(seed), *flags, "--json"]
    subprocess.run(line, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def prepare(data: str, out: Path, edf: Path, seed: int) -> Path:
    """Recordings of one split by subject: a fifth is tested, a fifth validates."""
    if data in SYNTHETIC and not (edf / "participants.tsv").exists():
        own_seed, people = SYNTHETIC[data]
        sets = (f"n_subjects={people}", "duration_s=600")
        command("synth", "--out", edf, seed=own_seed, sets=sets)
    home = out / f"seed{seed}"
    split = (f"splits.folds={FOLDS}", f"splits.fold={seed % FOLDS}", "look.recordings=0")
    command("preprocess", edf, "--out", home / "recordings", seed=seed // FOLDS, sets=split)
    return home


def others(out: Path, edf: Path) -> list[Path]:
    """Recordings of the other real corpora, whose folders lie beside ``edf``."""
    made = []
    for name in (one for one in REAL if one != edf.name):
        made.append(out / "others" / name)
        sets = ("look.recordings=0",)
        command("preprocess", edf.parent / name, "--out", made[-1], seed=0, sets=sets)
    return made


def encoder_of(name: str, out: Path, edf: Path, seed: int) -> Encoder:
    """The encoder of an arm, pretrained on training people, or as it is drawn (`UNTRAINED`)."""
    home = out / f"seed{seed}"
    folder = home / name.replace(" ", "-")
    if name in UNTRAINED:
        config = encoder_of(UNTRAINED[name], out, edf, seed).config
        drawn: Encoder = build_encoder(config, seed).eval()
        return drawn
    arm = ARMS[name]
    where = [home / "recordings", *(others(out, edf) if arm.mixed else [])]
    suffix = "-mixed" if arm.mixed else ""
    words, names = (
        [*where, "--out", folder],
        arm.objective.split(",") if arm.objective else ["codes"],
    )
    n_steps = round(STEPS / arm.step, -1)
    sets = [f"training.steps={n_steps}", f"training.validate_every={n_steps // 8}"]
    sets.append("probe_windows=0")
    if TEACHER[0] not in arm.sets:
        sets.append("training.patience=4")
    if {"codes", "reconstruct", "latent"} & set(names):
        sets.append("masking.exact=true")
    if arm.objective:
        words += ["--objective", arm.objective]
    if {"codes", "autoregressive"} & set(names):
        tokens = home / f"tokens-{arm.tokens}{suffix}"
        of_tokens = (f"window_s={WINDOW_S:g}", "atlas.codes=0", *TOKENS[arm.tokens])
        command("tokenize", *where, "--out", tokens, seed=seed, sets=of_tokens)
        words += ["--tokens", tokens]
    else:
        sets.append(f"window_s={WINDOW_S:g}")
    command("pretrain", *words, seed=seed, sets=[*sets, *arm.sets])
    return load_encoder(folder)
