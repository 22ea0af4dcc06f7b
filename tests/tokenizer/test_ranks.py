"""Two ranks keep one codebook: that of one process with all parts of each batch."""

from collections.abc import Callable
from pathlib import Path

import killing
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
        fork = killing.server().Process
        ranks = [fork(target=two_ranks.run_rank, args=(what, kind, k, tmp_path)) for k in range(2)]
        for rank in ranks:
            rank.start()
        for rank in ranks:
            rank.join(600)
        assert [rank.exitcode for rank in ranks] == [0, 0]
        first, second = (load_file(tmp_path / f"rank{rank}.safetensors") for rank in range(2))
        return first, second

    return run


def assert_one_codebook(ranks: Ranks, alone: dict[str, Tensor]) -> None:
    """Flips are at most .1 % of the codes; up to the first the state agrees within 1e-5.

    Between ranks it agrees exactly.
    """
    codes = two_ranks.in_order(*(rank.pop("codes") for rank in ranks))
    flips = (codes != alone.pop("codes")).flatten(1).sum(dim=1)
    assert int(flips.sum()) <= 0.001 * codes.numel(), flips
    agreeing = int((flips.cumsum(0) == 0).sum())
    assert agreeing >= two_ranks.STEPS // 2, flips
    for name, value in alone.items():
        own = ranks[0][name][:agreeing]
        torch.testing.assert_close(own, value[:agreeing], rtol=1e-5, atol=1e-5, msg=name)
        assert torch.equal(ranks[0][name], ranks[1][name]), name


@pytest.mark.parametrize("kind", slow_except(["cosine", "residual"], "residual"))
def test_two_ranks_learn_the_codebook_of_one_with_the_joined_batch(two, kind):
    assert_one_codebook(two("quantizer", kind), two_ranks.train_quantizer(kind, None))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["cosine", "residual", "random-projection"])
def test_so_do_whole_tokenizers(two, kind):
    assert_one_codebook(two("tokenizer", kind), two_ranks.train_tokenizer(kind, None))


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
