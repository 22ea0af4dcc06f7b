"""Transform all (channel, patch) tokens of a window by attention.

Pre-norm, on ``scaled_dot_product_attention``. Batches are bucketed by channel count, so that no
padding mask is needed and the fastest kernels apply; tokens of padding are never keys.
"""

import math
from collections import deque
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.attention import SDPBackend
from torch.utils.checkpoint import checkpoint

_QK_EPS = 1e-6  # as LaBraM has it
_SHORT = 512  # tokens of a window, up to which weights of all pairs are kept


class Attention(nn.Module):
    """Self-attention of tokens [B, L, D] with each other, in any order.

    With ``qk_norm`` each head's queries and keys are normalised (LayerNorm with a gain, no bias),
    which bounds the logits at the root of the head's width until the gains grow.
    """

    def __init__(self, width: int, heads: int, dropout: float, qk_norm: bool = False) -> None:
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm_q = nn.LayerNorm(width // heads, _QK_EPS, bias=False) if qk_norm else None
        self.norm_k = nn.LayerNorm(width // heads, _QK_EPS, bias=False) if qk_norm else None

    def forward(
        self, tokens: Tensor, keys: Tensor | None = None, rows: Tensor | None = None
    ) -> Tensor:
        """Mix tokens [B, L, D] by attention to those with ``keys`` [B, L] True: [B, L, D].

        With ``keys`` [B, L, L] each token attends to those of its own row; B may be 1 there.
        With ``rows`` [M] only the tokens at these places of the flat [B L] are given out: [M, D].
        """
        allowed = _allowed(keys)
        dropout = self.dropout if self.training else 0.0
        parts = self.qkv(tokens).chunk(3, dim=-1)  # its gradient is one copy
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in parts)
        if self.norm_q is not None and self.norm_k is not None:
            q, k = self.norm_q(q).to(v.dtype), self.norm_k(k).to(v.dtype)
        if _is_quicker_plain(q, allowed, dropout):
            mixed = _plain(q, k, v)
        else:
            mixed = _fused(q, k, v, allowed, dropout)
        mixed = mixed.transpose(1, 2).flatten(-2)
        return self.out(mixed if rows is None else mixed.flatten(0, 1).index_select(0, rows))

    def kernel(self, tokens: Tensor, keys: Tensor | None = None) -> str:
        """Name the kernel that would mix these tokens [B, L, D], their heads and the precision."""
        allowed, dropout = _allowed(keys), self.dropout if self.training else 0.0
        kind, (n, length, width) = tokens.device.type, tokens.shape
        low = torch.is_autocast_enabled(kind)
        dtype = torch.get_autocast_dtype(kind) if low else tokens.dtype
        q = tokens.new_empty(n, self.heads, length, width // self.heads, dtype=dtype)
        if _is_quicker_plain(q, allowed, dropout):
            name = "plain, by two matrix products"
        else:
            q = q.float() if kind == "cpu" and q.dtype == torch.bfloat16 else q
            q.requires_grad_(torch.is_grad_enabled())
            choice = torch._fused_sdp_choice(q, q, q, allowed, dropout, False)
            name = "torch's " + SDPBackend(choice).name.lower().removesuffix("_attention")
        heads = f"{self.heads} heads of {width // self.heads}"
        return f"{name} ({heads}, {length} tokens, {str(q.dtype).removeprefix('torch.')})"


def _allowed(keys: Tensor | None) -> Tensor | None:
    """``keys`` [B, L] or [B, L, L] for all heads and queries: [B, 1, 1 or L, L]."""
    return keys if keys is None else keys[:, None] if keys.ndim == 3 else keys[:, None, None]


def _is_quicker_plain(q: Tensor, allowed: Tensor | None, dropout: float) -> bool:
    """Tell if two matrix products with a softmax between them beat the fused kernel.

    In bfloat16 on a CPU they take less time (``bench/bench_encoder.py``), but keep weights [L, L]
    of every head, which windows of many patches have no memory for.
    """
    low = q.device.type == "cpu" and q.dtype == torch.bfloat16
    return low and allowed is None and not dropout and q.shape[-2] <= _SHORT


def _plain(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Attention [B, H, L, d] by two matrix products."""
    return ((q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)).softmax(dim=-1) @ v


def _fused(q: Tensor, k: Tensor, v: Tensor, allowed: Tensor | None, dropout: float) -> Tensor:
    """Attention [B, H, L, d] by torch's kernel; on a CPU in float32, where it is the quicker."""
    kind = q.device.type
    with torch.autocast(kind, enabled=torch.is_autocast_enabled(kind) and kind != "cpu"):
        if kind == "cpu" and q.dtype == torch.bfloat16:
            q, k, v = q.float(), k.float(), v.float()
        return F.scaled_dot_product_attention(q, k, v, attn_mask=allowed, dropout_p=dropout)


class Block(nn.Module):
    """Attention, then a feed-forward part, each on normalised tokens and added to them.

    With ``layer_scale`` a learned gain [D] that begins there multiplies what each part adds.
    """

    drop_path: float
    """Chance that a training step leaves a part out, drawn for each sample (each token where only
    some are given out) and part; what is kept grows, so that its mean stays (stochastic depth:
    Huang et al., ECCV 2016)."""

    def __init__(
        self,
        width: int,
        heads: int,
        ffn: int,
        dropout: float,
        *,
        qk_norm: bool = False,
        layer_scale: float | None = None,
    ) -> None:
        super().__init__()
        self.drop_path = 0.0
        self.gain_attention = _gain(width, layer_scale)
        self.gain_feed = _gain(width, layer_scale)
        self.norm_attention = nn.LayerNorm(width)
        self.attention = Attention(width, heads, dropout, qk_norm)
        self.norm_feed = nn.LayerNorm(width)
        self.feed = nn.Sequential(
            nn.Linear(width, ffn), nn.GELU(), nn.Dropout(dropout), nn.Linear(ffn, width)
        )

    def forward(
        self, tokens: Tensor, keys: Tensor | None = None, rows: Tensor | None = None
    ) -> Tensor:
        """Transform tokens [B, L, D]; with ``rows`` [M] only those at these places, to [M, D]."""
        attended = self.attention(self.norm_attention(tokens), keys, rows)
        tokens = tokens if rows is None else tokens.flatten(0, 1).index_select(0, rows)
        tokens = self._add(tokens, attended, self.gain_attention)
        return self._add(tokens, self.feed(self.norm_feed(tokens)), self.gain_feed)

    def _add(self, tokens: Tensor, branch: Tensor, gain: Tensor | None) -> Tensor:
        """Add what a part gives to its tokens [B, L, D], as far as it is kept, times its gain."""
        if self.training and self.drop_path:
            shape = (len(branch), *(1 for _ in branch.shape[1:]))
            kept = torch.rand(shape, device=branch.device) >= self.drop_path
            branch = branch * (kept / (1 - self.drop_path))
        return tokens + branch if gain is None else torch.addcmul(tokens, branch, gain)


class Transformer(nn.Module):
    """A stack of blocks and a last normalisation: [B, L, D] to [B, L, D]."""

    def __init__(
        self,
        layers: int,
        width: int,
        heads: int,
        ffn: int,
        dropout: float,
        checkpointing: bool = False,
        *,
        qk_norm: bool = False,
        layer_scale: float | None = None,
    ) -> None:
        super().__init__()
        self.checkpointing = checkpointing
        self.blocks = nn.ModuleList(
            Block(width, heads, ffn, dropout, qk_norm=qk_norm, layer_scale=layer_scale)
            for _ in range(layers)
        )
        self.norm = nn.LayerNorm(width)
        self._initialise(layers)

    def forward(
        self, tokens: Tensor, keys: Tensor | None = None, rows: Tensor | None = None
    ) -> Tensor:
        """Transform tokens [B, L, D]; those not in ``keys`` [B, L] are read by no other.

        ``keys`` [B, L, L], or [1, L, L], say it for each token that reads.
        With ``rows`` [M] only the tokens at these places of the flat [B L] are given out, [M, D].
        """
        return deque(self.layers(tokens, keys, rows), maxlen=1).pop()

    def kernel(self, tokens: Tensor, keys: Tensor | None = None) -> str:
        """Name the attention kernel that its blocks would run on these tokens [B, L, D]."""
        block = self.blocks[0]
        assert isinstance(block, Block)
        return block.attention.kernel(tokens, keys)

    def layers(
        self, tokens: Tensor, keys: Tensor | None = None, rows: Tensor | None = None
    ) -> Iterator[Tensor]:
        """Yield tokens [B, L, D] below the first block, then after each; the last normalised."""
        for depth, block in enumerate(self.blocks, start=1):
            yield tokens
            given = (tokens, keys, rows if depth == len(self.blocks) else None)
            if self.checkpointing and torch.is_grad_enabled():
                tokens = checkpoint(block, *given, use_reentrant=False)
            else:
                tokens = block(*given)
        yield self.norm(tokens)

    def _initialise(self, layers: int) -> None:
        """Xavier weights; residual branches start small in deep stacks (as GPT-2)."""
        for name, parameter in self.blocks.named_parameters():
            if parameter.ndim < 2:
                if name.endswith("bias"):
                    nn.init.zeros_(parameter)
                continue
            added = name.endswith(("attention.out.weight", "feed.3.weight"))
            nn.init.xavier_uniform_(parameter, gain=1 / math.sqrt(2 * layers) if added else 1.0)


def _gain(width: int, start: float | None) -> nn.Parameter | None:
    """A gain [D] that begins at ``start``; None without one."""
    return None if start is None else nn.Parameter(torch.full((width,), start))
