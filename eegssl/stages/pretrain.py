"""pretrain: recordings and tokens to an encoder, by masked-code prediction."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from eegssl.artifacts import Artifact, inputs_of, load, require_parent
from eegssl.config import PretrainConfig
from eegssl.corpus.store import KIND as RECORDINGS
from eegssl.corpus.store import fitted_on, open_corpus
from eegssl.corpus.tokens import KIND as TOKENS
from eegssl.corpus.tokens import Codes, open_codes
from eegssl.corpus.windows import Batch, tile
from eegssl.drafts import Draft
from eegssl.encoder.config import EncoderConfig
from eegssl.encoder.model import build_encoder
from eegssl.errors import ConfigError
from eegssl.masking.config import MaskingConfig
from eegssl.masking.draw import draw_mask
from eegssl.objectives.masked_codes import MaskedCodes, build_masked_codes
from eegssl.resolve import build
from eegssl.stages.run import Result, Run
from eegssl.training.batches import to_tensors
from eegssl.training.examples import write_examples
from eegssl.training.history import METRICS, copy_history
from eegssl.training.loop import choose_device, fit
from eegssl.training.weights import save_module

KIND = "encoder"
NAME = "encoder"
_KINDS = ("region", "random")


def run(config: PretrainConfig, folders: Sequence[Path], tokens: Path, run: Run) -> Result:
    """Make an encoder artifact from the training subjects of ``folders`` and their codes.

    Raises ArtifactError when the tokens were made from other recordings.
    """
    corpus = open_corpus(folders)
    made = load(tokens, TOKENS)
    require_parent(made, corpus.artifacts, RECORDINGS)
    facts = made.manifest.facts
    if facts["patch_samples"] != config.encoder.patch_samples:
        raise ConfigError(
            f"the tokens have patches of {facts['patch_samples']} samples, encoder.patch_samples "
            f"is {config.encoder.patch_samples}; they must agree"
        )
    values = config.encoder.model_dump() | {"sfreq_hz": corpus.sfreq_hz}
    settings = build(EncoderConfig, values, "the settings encoder")
    train = open_codes(made, tile(corpus, corpus.of_split("train"), facts["window_s"]))
    val = open_codes(made, tile(corpus, corpus.of_split("val"), facts["window_s"]))
    draft = run.begin(KIND, config, [*corpus.inputs(), *inputs_of(made)])
    if isinstance(draft, Result):
        return draft
    model = _train(config, settings, made, train, val, draft, run)
    save_module(draft, NAME, model.encoder, settings)
    save_module(draft, "head", model.head, config.objective)
    scores = _validate(model, config, val)
    write_examples(draft, model, made, val, config.masking)
    copy_history(draft, made, "tokenize")
    return run.finish(
        draft,
        {
            "n_parameters": sum(p.numel() for p in model.encoder.parameters()),
            "n_parameters_head": sum(p.numel() for p in model.head.parameters()),
            "n_codes": facts["n_codes"],
            "masking": config.masking.kind,
            "window_s": facts["window_s"],
            "sfreq_hz": corpus.sfreq_hz,
            "windows": {"train": len(train.windows), "val": len(val.windows)},
            "val": scores,
            "within_subject": corpus.within_subject,
            "synthetic": corpus.synthetic,
        },
        fitted_on([*train.windows.recordings, *val.windows.recordings]) | made.manifest.fitted_on,
    )


def _train(
    config: PretrainConfig,
    settings: EncoderConfig,
    tokens: Artifact,
    train: Codes,
    val: Codes,
    draft: Draft,
    run: Run,
) -> MaskedCodes:
    device = choose_device(config.training.device)
    n_codes = int(tokens.manifest.facts["n_codes"])
    encoder = build_encoder(settings, run.seed)
    model = build_masked_codes(encoder, n_codes, config.objective, run.seed).to(device)

    def step(k: int) -> dict[str, torch.Tensor]:
        index = train.windows.draw(config.training.batch_size, seed=run.seed, step=k)
        batch = train.windows.batch(index)
        mask = _masks(config.masking, batch, train.patches_per_window, run.seed, k)
        output = model(
            *to_tensors(batch, device).inputs, mask.to(device), _codes(train, index, device)
        )
        return {"loss": output.loss} | output.terms

    advance = run.progress.track("encoder", config.training.steps)
    fit(
        model,
        step,
        config.training,
        seed=run.seed,
        folder=draft.work,
        metrics=draft / METRICS,
        validate=lambda: _validate(model, config, val),
        on_step=advance,
    )
    return model.eval()


@torch.no_grad()
def _validate(model: MaskedCodes, config: PretrainConfig, val: Codes) -> dict[str, float]:
    """Scores over all validation windows under both kinds of masks, which are always the same.

    ``accuracy_<kind>`` is the share of hidden patches whose code is predicted, beside
    ``most_frequent_accuracy_<kind>``: always naming the code that is most frequent among these
    very patches, the best that a constant could do.
    """
    device = next(model.parameters()).device
    scores: dict[str, float] = {}
    for kind in _KINDS:
        masking = config.masking.model_copy(update={"kind": kind})
        right = 0
        loss = 0.0
        counts = np.zeros(model.head.out_features, dtype=np.int64)
        for index in val.windows.in_order(config.training.batch_size):
            batch = val.windows.batch(index)
            mask = _masks(masking, batch, val.patches_per_window, 0, 0)
            codes = _codes(val, index, device)
            hide = mask.to(device)
            logits = model.logits(*to_tensors(batch, device).inputs, hide)
            wanted = codes[hide]
            right += int((logits.argmax(dim=-1) == wanted).sum())
            loss += F.cross_entropy(logits, wanted, reduction="sum").item()
            counts += np.bincount(wanted.cpu().numpy(), minlength=len(counts))
        hidden = int(counts.sum())
        scores |= {
            f"loss_{kind}": loss / hidden,
            f"accuracy_{kind}": right / hidden,
            f"most_frequent_accuracy_{kind}": int(counts.max()) / hidden,
        }
    return scores


def _masks(
    masking: MaskingConfig, batch: Batch, n_patches: int, seed: int, step: int
) -> torch.Tensor:
    """Masks [B, C, N] of a batch, each a function of seed, step and window."""
    masks: list[NDArray[np.bool_]] = [
        draw_mask(masking, regions, n_patches, seed=seed, step=step, sample=int(sample))
        for regions, sample in zip(batch.regions, batch.index, strict=True)
    ]
    return torch.from_numpy(np.stack(masks))


def _codes(codes: Codes, index: NDArray[np.int64], device: torch.device) -> torch.Tensor:
    return torch.from_numpy(codes.of(index)).to(device)
