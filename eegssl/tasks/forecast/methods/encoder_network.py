"""Read contexts through an encoder, below the heads that forecast.

The encoder reads the context in windows of the length that it was pretrained on, counted back from
t.
"""

import torch
from torch import Tensor

from eegssl.encoder.encoder import Encoder
from eegssl.errors import ConfigError
from eegssl.tasks.forecast.data import Context, Horizon
from eegssl.tasks.forecast.methods.training_steps import PlacedNetwork, Prepared

_GEOMETRY = ("positions", "located", "regions")


class EncoderNetwork(PlacedNetwork):
    """The encoder below all heads, which reads windows of ``window_s`` seconds.

    A ``frozen`` encoder gets no gradient and stays in evaluation mode. Raises ConfigError when the
    encoder's rate is another, or a window holds no patch.
    """

    def __init__(self, encoder: Encoder, horizon: Horizon, window_s: float, frozen: bool) -> None:
        super().__init__()
        size = encoder.config.patch_samples
        wanted = min(round(window_s * horizon.sfreq_hz), horizon.context_samples)
        if horizon.sfreq_hz != encoder.config.sfreq_hz or wanted < size:
            raise ConfigError(
                f"the encoder reads patches of {size} samples at {encoder.config.sfreq_hz:g} Hz; "
                f"got windows of {wanted} samples at {horizon.sfreq_hz:g} Hz; set "
                "task.head.window_s and task.context_s to a patch or more, and give recordings at "
                "the encoder's rate"
            )
        self.encoder = encoder
        self.horizon = horizon
        self.frozen = frozen
        self.window = wanted // size * size
        self.encoder.requires_grad_(not self.frozen)
        self.encoder.mask_token.requires_grad_(False)  # nothing is hidden here

    @property
    def patches(self) -> int:
        """Patches of a window."""
        return self.window // self.encoder.config.patch_samples

    def train(self, mode: bool = True) -> "EncoderNetwork":
        """Set training mode; a frozen encoder stays in evaluation mode."""
        super().train(mode)
        if self.frozen:
            self.encoder.eval()
        return self

    def geometry(self, context: Context) -> Prepared:
        """The geometry of contexts' channels as tensors."""
        return {n: torch.from_numpy(getattr(context, n)).to(self.device) for n in _GEOMETRY}

    def embed(self, signal_uv: Tensor, prepared: Prepared) -> Tensor:
        """Embeddings [B, W, C, N, D] of the W whole windows at the end of [B, C, T] in µV."""
        n = signal_uv.shape[-1] // self.window
        cut = signal_uv[..., signal_uv.shape[-1] - n * self.window :]
        windows = cut.unflatten(-1, (n, self.window)).transpose(1, 2)
        placed = [prepared[name].repeat_interleave(n, dim=0) for name in _GEOMETRY]
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            embedded: Tensor = self.encoder(windows.flatten(0, 1), *placed)
        return embedded.unflatten(0, (-1, n))

    def features(self, signal_uv: Tensor, prepared: Prepared) -> Tensor:
        """The patches of the last window, then the mean of all earlier ones: [B, C, F]."""
        embedded = self.embed(signal_uv, prepared)
        last, earlier = embedded[:, -1], embedded[:, :-1]
        some = earlier.shape[1] > 0
        mean = earlier.mean(dim=(1, 3)) if some else torch.zeros_like(last[:, :, 0])
        return torch.cat([last.flatten(2), mean], dim=-1)
