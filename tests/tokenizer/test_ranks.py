"""Two ranks keep one codebook: that of one process with the joined batch."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import two_ranks
from safetensors.torch import load_file
from slowparams import slow_except
from torch import Tensor

Ranks = tuple[dict[str, Tensor], dict[str, Tensor]]


@pytest.fixture
def two(tmp_path: Path) -> Callable[[str, str], Ranks]:
    """Run the same work in two processes that meet through a file."""

    def run(what: str, kind: str) -> Ranks:
        command = [sys.executable, two_ranks.__file__, what, kind]
        ranks = [subprocess.Popen([*command, str(rank), str(tmp_path)]) for rank in range(2)]
        for rank in ranks:  # gloo sometimes aborts while it shuts down, after the state is written
            rank.wait(120)
        first, second = (load_file(tmp_path / f"rank{rank}.safetensors") for rank in range(2))
        return first, second

    return run


def assert_one_codebook(ranks: Ranks, alone: dict[str, Tensor], rows: int) -> None:
    """Codes agree in 99.9 % of the vectors, the state within 1e-5, between ranks exactly."""
    codes = torch.cat([rank.pop("codes") for rank in ranks], dim=rows)
    assert (codes == alone.pop("codes")).float().mean() >= 0.999
    for name, value in alone.items():
        torch.testing.assert_close(ranks[0][name], value, rtol=1e-5, atol=1e-5, msg=name)
        assert torch.equal(ranks[0][name], ranks[1][name]), name


@pytest.mark.parametrize("kind", slow_except(["cosine", "residual"], "residual"))
def test_two_ranks_learn_the_codebook_of_one_with_the_joined_batch(two, kind):
    assert_one_codebook(two("quantizer", kind), two_ranks.train_quantizer(kind, None), 1)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["cosine", "residual", "random-projection"])
def test_so_do_whole_tokenizers(two, kind):
    assert_one_codebook(two("tokenizer", kind), two_ranks.train_tokenizer(kind, None), 1)


def test_codes_die_and_are_revived_in_these_runs():
    torch.manual_seed(7)
    quantizer = two_ranks.build_quantizer(two_ranks.QUANTIZER)
    quantizer.start(two_ranks.moving_vectors(10_000), seed=3)
    dead = 0
    for k in range(two_ranks.STEPS):
        idle = quantizer.book.idle_steps.clone()
        before = quantizer.book.codebook.clone()
        quantizer(two_ranks.moving_vectors(k), True)
        quantizer.book.settle()
        due = idle == two_ranks.QUANTIZER.revive_after - 1
        turned = (before * quantizer.book.codebook).sum(dim=-1) < 0.5
        dead += int((due & turned).sum())
    assert dead >= 10
