"""Split patches into shape and size, to decode waveforms at any amplitude.

Ours. Shapes also pass through a linear map that starts as Fourier components: with the tanh alone
sines lost their phase. The logarithm of the size is encoded as sines and cosines, which lie on the
unit sphere as codes do: as plain numbers, sizes were off by 10 %.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_FLAT = 1e-3  # root mean square below which a patch counts as flat (0.1 µV at scale_uv = 100)
_SPAN = 12.0  # from _FLAT to e^12 times that (14 mV at scale_uv = 100)
_STEPS = 1201  # sizes that can be decoded, 1 % apart


def n_sizes(code_dim: int) -> int:
    """Count the numbers of a vector that encode the size; the others encode the shape."""
    return 2 * max(code_dim // 16, 1)


def split_size(patches: Tensor) -> tuple[Tensor, Tensor]:
    """Patches [..., P] as shapes [..., P] of unit root mean square and log sizes [..., 1]."""
    size = (patches.square().mean(dim=-1, keepdim=True) + _FLAT**2).sqrt()
    return patches / size, size.log()


def size_features(log_size: Tensor, n: int) -> Tensor:
    """Cosines and sines of 1, 2, ... turns over the span for log sizes [..., 1]: [..., n].

    Sizes beyond the span are clipped to it.
    """
    turns = torch.arange(1, n // 2 + 1, device=log_size.device)
    above = (log_size - math.log(_FLAT)).clamp(0, 0.99 * _SPAN)
    angle = 2 * math.pi / _SPAN * turns * above
    return torch.cat([angle.cos(), angle.sin()], dim=-1) * (2 / n) ** 0.5


@torch.no_grad()
def read_size(features: Tensor) -> Tensor:
    """The log sizes [..., 1] whose features are nearest to these [..., n]."""
    grid = torch.linspace(0, 0.99 * _SPAN, _STEPS, device=features.device) + math.log(_FLAT)
    table = size_features(grid[:, None], features.shape[-1])
    with torch.autocast(features.device.type, enabled=False):
        return grid[(features.float() @ table.t()).argmax(dim=-1)][..., None]


def join(shape: Tensor, log_size: Tensor, code_dim: int) -> Tensor:
    """Unit vectors [..., code_dim] of shapes and sizes; size has a quarter of the squared norm."""
    sizes = size_features(log_size, n_sizes(code_dim))
    return torch.cat([F.normalize(shape, dim=-1) * 0.75**0.5, sizes * 0.5], dim=-1)


def straight_in(patch_samples: int, n: int) -> nn.Linear:
    """A linear map from P samples to n numbers, initialised with the n slowest waves."""
    straight = nn.Linear(patch_samples, n, bias=False)
    straight.weight.data.copy_(waves(n, patch_samples))
    return straight


def straight_out(n: int, patch_samples: int) -> nn.Linear:
    """The inverse map, from n numbers to P samples."""
    straight = nn.Linear(n, patch_samples)
    straight.weight.data.copy_(waves(n, patch_samples).t() * patch_samples**0.5)
    straight.bias.data.zero_()
    return straight


def waves(n: int, patch_samples: int) -> Tensor:
    """The ``n`` slowest of 1, cos, sin, cos 2, sin 2 ... over a patch: [n, P], rows of length 1.

    Rows beyond P are zeros.
    """
    turns = 2 * math.pi * torch.arange(patch_samples, dtype=torch.float64) / patch_samples
    order = torch.arange(n)[:, None]
    cycles = (order + 1) // 2
    rows = torch.where(order % 2 == 1, torch.cos(cycles * turns), torch.sin(cycles * turns))
    rows[:1] = 1
    rows[patch_samples:] = 0
    return F.normalize(rows, dim=-1).float()
