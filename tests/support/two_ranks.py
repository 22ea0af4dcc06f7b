"""One of two processes that train a quantizer or a tokenizer on every other part of each batch.

`run_rank` is called in each; it writes ``rank<RANK>.safetensors``.
"""

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, distributed, nn

from eegssl.tokenizer.codebook import books_of
from eegssl.tokenizer.config import TokenizerConfig
from eegssl.tokenizer.quantizer import build_quantizer
from eegssl.tokenizer.ranks import sum_over_ranks
from eegssl.tokenizer.tokenizer import Tokenizer, build_tokenizer

STEPS = 12
QUANTIZER = TokenizerConfig(n_codes=64, code_dim=8, n_codebooks=3, revive_after=2, decay=0.8)
TOKENIZER = TokenizerConfig(n_codes=32, code_dim=8, width=16, n_codebooks=2, revive_after=3)


def shares(joined: Tensor, rank: int | None) -> list[Tensor]:
    """A rank's parts of a batch, every other one of four unequal ones; all without a rank."""
    parts = list(torch.split(joined, [len(joined) // 6 * k for k in (2, 1, 1, 2)]))
    return parts if rank is None else parts[rank::2]


def in_order(first: Tensor, second: Tensor) -> Tensor:
    """What both ranks have of each step, [STEPS, m, ...] of each, in the order of the parts."""
    sixth = first.shape[1] // 3
    own = first.split([2 * sixth, sixth], dim=1), second.split([sixth, 2 * sixth], dim=1)
    return torch.cat([own[0][0], own[1][0], own[0][1], own[1][1]], dim=1)


def moving_vectors(step: int) -> Tensor:
    """Clusters that wander off, so that codes die and are revived."""
    generator = torch.Generator().manual_seed(step)
    centres = torch.randn(6, 8, generator=torch.Generator().manual_seed(99 + step // 4))
    which = torch.randint(6, (600,), generator=generator)
    return centres[which] + 0.3 * torch.randn(600, 8, generator=generator)


def moving_signals(step: int) -> Tensor:
    """Noise of other frequencies and loudness every few steps: [6, 4, 400] µV."""
    generator = torch.Generator().manual_seed(step)
    noise = torch.randn(6, 4, 400, generator=generator)
    smooth = nn.functional.avg_pool1d(noise, 2 * (step // 4) + 1, 1, step // 4)
    return 20 * smooth * torch.exp(torch.randn(6, 4, 1, generator=generator))


def train_quantizer(kind: str, rank: int | None) -> dict[str, Tensor]:
    """k-means start, then steps: this rank's codes and the state after each step."""
    torch.manual_seed(7)
    quantizer = build_quantizer(QUANTIZER.model_copy(update={"quantizer": kind}))
    quantizer.start(moving_vectors(10_000), seed=3)
    codes, states = [], []
    for k in range(STEPS):
        parts = [quantizer(part, True).codes for part in shares(moving_vectors(k), rank)]
        codes.append(torch.cat(parts))
        for book in books_of(quantizer):
            book.settle()
        states.append(state_of(quantizer))
    return stacked(codes, states)


def train_tokenizer(kind: str, rank: int | None) -> dict[str, Tensor]:
    """The same with patch encoder and decoder, gradients summed over parts and ranks."""
    tokenizer = build_tokenizer(TOKENIZER.model_copy(update={"quantizer": kind}), 0)
    start = torch.cat([moving_signals(k) for k in range(10_000, 10_010)])
    tokenizer.start_codebook(start, seed=3)
    optimizer = torch.optim.SGD(tokenizer.parameters(), lr=0.01)
    codes, states = [], []
    for k in range(STEPS):
        optimizer.zero_grad()
        parts = []
        for signal in shares(moving_signals(k), rank):
            output = tokenizer(signal)
            (output.loss * len(signal) / 6).backward()  # the mean over the joined batch
            parts.append(output.codes)
        if rank is not None:
            _sum_gradients(tokenizer)
        optimizer.step()
        tokenizer.settle()
        codes.append(torch.cat(parts))
        states.append(state_of(tokenizer))
    return stacked(codes, states)


def state_of(module: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def stacked(codes: list[Tensor], states: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Codes and states of all steps."""
    of_steps = {name: torch.stack([state[name] for state in states]) for name in states[0]}
    return {"codes": torch.stack(codes)} | of_steps


def _sum_gradients(tokenizer: Tokenizer) -> None:
    for parameter in tokenizer.parameters():
        assert parameter.grad is not None
        parameter.grad = sum_over_ranks(parameter.grad)


WORK = {"quantizer": train_quantizer, "tokenizer": train_tokenizer}


def run_rank(what: str, kind: str, rank: int, folder: Path) -> None:
    """Train, and write the codes and the state after each step."""
    torch.set_num_threads(1)
    distributed.init_process_group(
        "gloo", init_method=f"file://{folder / 'meet'}", rank=rank, world_size=2
    )
    state = WORK[what](kind, rank)
    save_file({n: t.contiguous() for n, t in state.items()}, folder / f"rank{rank}.safetensors")
    distributed.barrier()
    distributed.destroy_process_group()
