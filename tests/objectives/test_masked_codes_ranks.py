"""Two ranks with unequal parts of a batch learn what one process learns from the joined batch."""

import pytest
import torch
from slowparams import slow_except
from torch import distributed as dist
from torch import multiprocessing as mp

from eegssl.encoder.architectures import build_encoder
from eegssl.encoder.config import EncoderConfig
from eegssl.objectives.config import MaskedCodesConfig
from eegssl.objectives.masked_codes import build_masked_codes

SIZES = (1, 3)
TINY = EncoderConfig(layers=1, width=16, heads=2, ffn=32)


def model_and_batch(symmetric):
    g = torch.Generator().manual_seed(0)
    positions = torch.nn.functional.normalize(torch.randn(4, 5, 2, 3, generator=g), dim=-1)
    located = torch.ones(4, 5, 2, dtype=torch.bool)
    regions = torch.nn.functional.one_hot(torch.arange(5), 8).float().expand(4, 5, 8)
    signal_uv = 30 * torch.randn(4, 5, 600, generator=g)
    share = torch.tensor([0.9, 0.2, 0.3, 0.0])[:, None, None]  # the ranks hide unequally many
    mask = torch.rand(4, 5, 3, generator=g) < share
    codes = torch.randint(6, (4, 5, 3), generator=g)
    model = build_masked_codes(
        build_encoder(TINY, 0), 6, MaskedCodesConfig(symmetric=symmetric), seed=1
    )
    return model, (signal_uv, positions, located, regions, mask, codes)


def learned(symmetric, part):
    """Loss, terms and gradients of this part of the batch."""
    model, batch = model_and_batch(symmetric)
    output = model(*(tensor[part] for tensor in batch))
    output.loss.backward()
    gradients = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
    return output.loss.detach(), output.terms, gradients


def on_rank(rank, folder, symmetric):
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2)
    start = sum(SIZES[:rank])
    loss, terms, gradients = learned(symmetric, slice(start, start + SIZES[rank]))
    tensors = {"loss": loss, **gradients}
    tensors |= {name: value.float() for name, value in terms.items() if name != "ratio"}
    for tensor in tensors.values():
        dist.all_reduce(tensor)
        tensor /= 2
    torch.save(tensors, f"{folder}/rank{rank}.pt")
    dist.destroy_process_group()


@pytest.mark.skipif(not dist.is_available(), reason="this torch has no torch.distributed")
@pytest.mark.parametrize("symmetric", slow_except([False, True], True))
def test_the_mean_over_two_ranks_is_that_of_the_joined_batch(tmp_path, symmetric):
    mp.spawn(on_rank, (str(tmp_path), symmetric), nprocs=2)
    loss, terms, gradients = learned(symmetric, slice(None))
    for rank in (0, 1):
        found = torch.load(tmp_path / f"rank{rank}.pt", weights_only=True)
        torch.testing.assert_close(found["loss"], loss)
        for name in ("accuracy", "top5", "most_frequent_accuracy"):
            torch.testing.assert_close(found[name], terms[name].float())
        assert found["hidden"] * 2 == terms["hidden"]
        assert gradients
        for name, gradient in gradients.items():
            torch.testing.assert_close(found[name], gradient, atol=1e-6, rtol=1e-4, msg=name)
