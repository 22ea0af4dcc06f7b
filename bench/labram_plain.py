"""LaBraM's recipe written plainly, as a peer to measure against.

After LaBraM (ICLR 2024): its tokenizer (VQ-NSP) and its symmetric masked-code pretraining, sizes
and order of work as published, in the ways of its code that cost time: attention by an explicit
softmax, codes looked up through distances and one-hot rows, and the codebook's moving averages
computed whenever it is read. Left out, in its favour: class token, layer scale, drop path, query
and key normalisation. Speed only: none of this is trained here.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

WIDTH, HEADS, FFN, LAYERS = 200, 10, 800, 12
PATCH, CODES, CODE_DIM = 200, 8192, 64
MAX_CHANNELS, MAX_PATCHES = 128, 16
SCALE_UV = 100.0


class PatchEmbedding(nn.Module):
    """Three convolutions over each patch: [B, C, T] to [B, C N, 200]."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(1, 8, 15, stride=8, padding=7)
        self.conv2 = nn.Conv1d(8, 8, 3, padding=1)
        self.conv3 = nn.Conv1d(8, 8, 3, padding=1)
        self.norms = nn.ModuleList(nn.GroupNorm(4, 8) for _ in range(3))

    def forward(self, signal: Tensor) -> Tensor:
        """Embed scaled signals."""
        batch = signal.shape[0]
        x = signal.reshape(-1, 1, PATCH)
        for conv, norm in zip((self.conv1, self.conv2, self.conv3), self.norms, strict=True):
            x = F.gelu(norm(conv(x)))
        return x.transpose(1, 2).reshape(batch, -1, WIDTH)


class Attention(nn.Module):
    """Self-attention with its softmax written out."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.proj = nn.Linear(WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        """Mix tokens [B, L, D]."""
        batch, length, _ = x.shape
        qkv = self.qkv(x).reshape(batch, length, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
        q, k, v = qkv[0], qkv[1], qkv[2]
        weights = (q * (WIDTH // HEADS) ** -0.5) @ k.transpose(-2, -1)
        weights = weights.softmax(dim=-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(batch, length, WIDTH))


class Block(nn.Module):
    """A pre-norm transformer block."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.attention = Attention()
        self.mlp = nn.Sequential(nn.Linear(WIDTH, FFN), nn.GELU(), nn.Linear(FFN, WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        """Transform tokens [B, L, D]."""
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class PlainEncoder(nn.Module):
    """Patches, learned vectors per electrode and per second, twelve blocks."""

    def __init__(self, layers: int = LAYERS) -> None:
        super().__init__()
        self.patches = PatchEmbedding()
        self.channels = nn.Parameter(torch.randn(1, MAX_CHANNELS, 1, WIDTH) * 0.02)
        self.times = nn.Parameter(torch.randn(1, 1, MAX_PATCHES, WIDTH) * 0.02)
        self.mask_token = nn.Parameter(torch.randn(WIDTH) * 0.02)
        self.blocks = nn.ModuleList(Block() for _ in range(layers))
        self.norm = nn.LayerNorm(WIDTH)

    def forward(self, signal_uv: Tensor, mask: Tensor | None = None) -> Tensor:
        """Embed ``signal_uv`` [B, C, T], with ``mask`` [B, C N] hidden: [B, C N, D]."""
        _, channels, samples = signal_uv.shape
        x = self.patches(signal_uv / SCALE_UV)
        if mask is not None:
            hidden = mask[..., None].to(x.dtype)
            x = x * (1 - hidden) + self.mask_token * hidden
        place = self.channels[:, :channels] + self.times[:, :, : samples // PATCH]
        x = x + place.flatten(1, 2)
        for block in self.blocks:
            x = block(x)
        return self.norm(x)


class PlainCodebook(nn.Module):
    """A cosine codebook: distances, argmin, one-hot rows; moving averages on every call."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("weight", F.normalize(torch.randn(CODES, CODE_DIM), dim=-1))
        self.register_buffer("size", torch.zeros(CODES))

    def forward(self, vectors: Tensor) -> tuple[Tensor, Tensor]:
        """Quantize vectors [M, 64]: the codes' vectors and their numbers [M]."""
        z = F.normalize(vectors, dim=-1)
        distance = (
            z.square().sum(dim=1, keepdim=True)
            + self.weight.square().sum(dim=1)
            - 2 * z @ self.weight.t()
        )
        codes = distance.argmin(dim=1)
        one_hot = F.one_hot(codes, CODES).to(z.dtype)
        count = one_hot.sum(dim=0)
        self._moving_averages(z, one_hot, count)
        return F.embedding(codes, self.weight), codes

    def _moving_averages(self, z: Tensor, one_hot: Tensor, count: Tensor) -> None:
        """The work of an update; in evaluation its result is thrown away."""
        size = self.size * 0.99 + count * 0.01
        mean = F.normalize((z.t() @ one_hot).t() / count.clamp_min(1)[:, None], dim=-1)
        moved = torch.where(count[:, None] == 0, self.weight, mean)
        weight = F.normalize(self.weight * 0.99 + moved * 0.01, dim=-1)
        if self.training:
            self.size.copy_(size)
            self.weight.copy_(weight)


class PlainTokenizer(nn.Module):
    """The encoding half of VQ-NSP."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = PlainEncoder()
        self.task = nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.Tanh(), nn.Linear(WIDTH, CODE_DIM))
        self.codebook = PlainCodebook()

    @torch.no_grad()
    def encode(self, signal_uv: Tensor) -> Tensor:
        """Codes [B, C N] of ``signal_uv`` [B, C, T]."""
        vectors = self.task(self.encoder(signal_uv))
        _, codes = self.codebook(vectors.flatten(0, 1).float())
        return codes.view(len(signal_uv), -1)


class PlainPretraining(nn.Module):
    """Masked-code prediction with the complementary pass."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = PlainEncoder()
        self.head = nn.Linear(WIDTH, CODES)

    def forward(self, signal_uv: Tensor, mask: Tensor, codes: Tensor) -> Tensor:
        """The loss of both passes; ``mask`` and ``codes`` are [B, C N]."""
        loss = signal_uv.new_zeros(())
        for hidden in (mask, ~mask):
            logits = self.head(self.encoder(signal_uv, hidden)[hidden])
            loss = loss + F.cross_entropy(logits, codes[hidden])
        return loss


def plain_optimizer(model: nn.Module) -> torch.optim.AdamW:
    """AdamW as in LaBraM's pretraining."""
    return torch.optim.AdamW(model.parameters(), lr=5e-4, betas=(0.9, 0.98), weight_decay=0.05)


def plain_step(
    model: PlainPretraining,
    optimizer: torch.optim.AdamW,
    signal_uv: Tensor,
    mask: Tensor,
    codes: Tensor,
    bf16: bool = False,
) -> None:
    """One step with cached codes: forward, backward, clip, update."""
    with torch.autocast(signal_uv.device.type, torch.bfloat16, enabled=bf16):
        loss = model(signal_uv, mask, codes)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 3.0)
    optimizer.step()
