"""Two ranks, or one, that fit a small model on grains of several montages.

Each is a process in which `run_rank` is called; the first writes ``weights.safetensors``. With
``stop`` above 0 it is preempted after this step; a model is `tokenizer`, whose codes depend on
their window, or an objective, perhaps with settings (`contrastive:projection=8`).
"""

import os
import signal
from collections.abc import Sequence
from pathlib import Path

import torch
from objective_grains import counted, drawn, grain, model_of
from safetensors.torch import save_file
from torch import Tensor, distributed, nn
from torch.nn import functional as F

from eegssl.encoder.architectures import build_encoder
from eegssl.encoder.config import EncoderConfig
from eegssl.objectives.objective import Known
from eegssl.objectives.weighted_sum import WeightedSum
from eegssl.tokenizer.config import TokenizerConfig
from eegssl.tokenizer.ranks import one_rank
from eegssl.tokenizer.tokenizer import Tokenizer, build_tokenizer
from eegssl.training.config import TrainingConfig
from eegssl.training.fitting.loop import fit
from eegssl.training.fitting.steps import Part, Steps, of_this_rank

GRAINS, N_CODES = 4, 6
OBJECTIVES = (
    "reconstruct",
    "latent:teacher=ema",
    "latent:teacher=none",
    "contrastive:projection=8",
    "contrastive:projection=8,loss=vicreg",
    "autoregressive",
    "codes+pretext:near=1,far=2",
    "cpc:ahead=1,content=8",
)
"""Objectives beside codes, with settings, that are fitted on one and on two ranks."""
PLAN = TrainingConfig(steps=12, log_every=1, validate_every=5, checkpoint_every=6, device="cpu")


class GrainSteps(Steps):
    """Grains of 4 windows, the last of 3, of 5 channels and of 7; unequally many patches hidden,
    where any are."""

    def __init__(self, model: WeightedSum) -> None:
        self.model = model
        self.of_whole_batch = model.of_whole_batch
        self.names: tuple[str, ...] = ()

    def read(self, step: int) -> list[Part]:
        return of_this_rank([self.grain(step, place) for place in range(GRAINS)])

    def grain(self, step: int, place: int) -> Part:
        signal_uv, positions, located, regions, g = signals(step, place)
        c = signal_uv.shape[1]
        order, share = torch.rand(4, c, 3, generator=g), 0.2 + 0.2 * place
        mask = order < share
        if any(each.exact_masks for each in self.model.config.chosen.values()):
            mask = order <= order.flatten(1).quantile(share, dim=1)[:, None, None]
        codes = torch.randint(N_CODES, (4, c, 3), generator=g)
        n = 3 if place == GRAINS - 1 else 4  # windows: the last grain has fewer
        inputs = [t[:n] for t in (signal_uv, positions, located, regions, mask, codes)]
        named = grain(*inputs)
        named |= drawn(self.model, named, step, place)
        self.names = tuple(named)
        return Part(tuple(named.values()), counted(self.model, mask[:n]), n)

    def terms(self, *inputs: Tensor) -> dict[str, Tensor]:
        return self.model(self.named(inputs))

    def terms_together(self, parts: Sequence[tuple[Tensor, ...]]) -> dict[str, Tensor]:
        return self.model.together([self.named(inputs) for inputs in parts])

    def named(self, inputs: Sequence[Tensor]) -> dict[str, Tensor]:
        return dict(zip(self.names, inputs, strict=True))

    def end(self) -> None:
        self.model.end()


class TokenizerGrains(GrainSteps):
    """The same grains for a tokenizer, whose codebook follows each step."""

    def __init__(self, model: Tokenizer) -> None:
        self.tokenizer = model
        self.of_whole_batch = False

    def grain(self, step: int, place: int) -> Part:
        signal_uv, *geometry, _ = signals(step, place)
        return Part((signal_uv, *geometry), signal_uv.numel() // 200, 4)

    def terms(self, *inputs: Tensor) -> dict[str, Tensor]:
        output = self.tokenizer(*inputs)
        return {"loss": output.loss} | output.terms

    def end(self) -> None:
        self.tokenizer.settle()


def built_tokenizer() -> Tokenizer:
    settings = {"width": 16, "context_layers": 2, "n_codes": 8, "code_dim": 4}
    model = build_tokenizer(TokenizerConfig(**settings), 1).to(_dtype())
    model.start_codebook_on([signals(2000, place)[:-1] for place in range(GRAINS)], 0)
    return model.train()


def signals(step: int, place: int) -> tuple[Tensor, ...]:
    """Signals and geometry of a grain, and the generator that made them."""
    g, c, kind = torch.Generator().manual_seed(99 * step + place), 5 + place % 2 * 2, _dtype()
    positions = F.normalize(torch.randn(4, c, 2, 3, generator=g), dim=-1).to(kind)
    regions = F.one_hot(torch.arange(c) % 8, 8).to(kind).expand(4, c, 8)
    signal_uv = (30 * torch.randn(4, c, 600, generator=g)).to(kind)
    located = torch.ones(4, c, 2, dtype=torch.bool)
    return signal_uv, positions, located, regions, g


def _dtype() -> torch.dtype:
    return torch.get_default_dtype()


def built(kind: str) -> WeightedSum:
    """An encoder and an objective, perhaps with settings, or a sum: ``name:key=value+name``."""
    parts = (part.partition(":") for part in kind.split("+"))
    given = {n: dict(p.split("=") for p in sets.split(",") if p) for n, _, sets in parts}
    causal = "autoregressive" in given
    encoder = build_encoder(EncoderConfig(layers=2, width=16, heads=2, ffn=32, causal=causal), 0)
    return model_of(encoder, 1, Known(n_codes=N_CODES), **given).to(_dtype())


def built_codes() -> WeightedSum:
    return built("codes")


def train(folder: Path, shard: str, stop: int, kind: str) -> None:
    """Fit, and write the weights by the first rank."""
    model: nn.Module = built_tokenizer() if kind == "tokenizer" else built(kind)
    steps = TokenizerGrains(model) if kind == "tokenizer" else GrainSteps(model)

    def on_step(step: int) -> None:
        if step == stop:
            os.kill(os.getpid(), signal.SIGTERM)

    def validate() -> dict[str, float]:
        assert not distributed.is_initialized() or distributed.get_rank() == 0
        inputs = steps.grain(1000, 0).inputs
        with one_rank():
            terms = steps.terms_together([inputs]) if steps.of_whole_batch else steps.terms(*inputs)
        return {"loss": terms["loss"].item()}

    metrics, plan = folder / "metrics.jsonl", PLAN.model_copy(update={"shard": shard})
    told = {"validate": validate, "monitor": "loss", "lower_is_better": True, "warn": print}
    fit(model, steps, plan, seed=0, folder=folder, metrics=metrics, on_step=on_step, **told)
    if not distributed.is_initialized() or distributed.get_rank() == 0:
        tensors = {name: t.contiguous() for name, t in model.state_dict().items()}
        save_file(tensors, folder / "weights.safetensors")


def run_rank(
    rank: int, n_ranks: int, folder: Path, dtype: str, shard: str, stop: int, models: Sequence[str]
) -> None:
    """Fit models one after the other; of several, each in a folder of its name."""
    torch.set_num_threads(1)
    torch.set_default_dtype(getattr(torch, dtype))
    if n_ranks > 1:
        meeting = f"file://{folder / 'meet'}"
        distributed.init_process_group("gloo", meeting, rank=rank, world_size=n_ranks)
    for model in models:
        own = folder if len(models) == 1 else folder / model
        own.mkdir(exist_ok=True)
        train(own, shard, stop, model)
    if n_ranks > 1:
        distributed.barrier()
        distributed.destroy_process_group()
