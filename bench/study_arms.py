"""Arms of the study: what is pretrained, and on what."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Arm:
    """One pretraining: codes, settings beside the reference's, corpora, objective."""

    sets: tuple[str, ...] = ()
    tokens: str = "learned"
    mixed: bool = False
    """Whether it learns from the training people of the other real corpora too."""
    bands: bool = False
    """Whether it predicts the amplitudes of bands in place of codes."""


ARMS: dict[str, Arm] = {
    "reference": Arm(),
    "random masks": Arm(("masking.kind=random",)),
    "bands as targets": Arm(bands=True),
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
}
"""Name -> the one change against the reference; and what screening put first, together."""
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
    steps = (f"training.steps={STEPS}", "training.validate_every=100", "training.patience=4")
    sets = ("masking.exact=true", *steps, *arm.sets)
    if arm.bands:
        sets = (f"window_s={WINDOW_S:g}", *BANDS, *sets)
        command(
            "pretrain", *where, "--objective", "reconstruct", "--out", folder, seed=seed, sets=sets
        )
        return load_encoder(folder)
    tokens = home / f"tokens-{arm.tokens}{suffix}"
    of_tokens = (f"window_s={WINDOW_S:g}", "atlas.codes=0", *TOKENS[arm.tokens])
    command("tokenize", *where, "--out", tokens, seed=seed, sets=of_tokens)
    command("pretrain", *where, "--tokens", tokens, "--out", folder, seed=seed, sets=sets)
    return load_encoder(folder)
