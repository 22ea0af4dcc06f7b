"""Optimise groups of parameters with AdamW, without loading torch's compiler.

Creating `torch.optim.AdamW` loads the compiler, which takes longer than fitting a probe; the
function that the class calls does not.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.optim.adamw import adamw

_EPS = 1e-8
_STATE = ("step", "exp_avg", "exp_avg_sq")


class AdamW:
    """Adam with decoupled weight decay (Loshchilov & Hutter, ICLR 2019); its updates equal those of
    torch's class, bit for bit.

    ``groups`` have ``params``, and may have their own ``lr`` and ``weight_decay``; other entries
    are kept. A parameter without a gradient is not updated.
    """

    def __init__(
        self,
        groups: Iterable[Mapping[str, Any]],
        *,
        lr: float,
        betas: tuple[float, float],
        weight_decay: float = 0.01,
    ) -> None:
        defaults: dict[str, Any] = {"lr": lr, "weight_decay": weight_decay}
        self.param_groups: list[dict[str, Any]] = [defaults | dict(group) for group in groups]
        self.betas = betas
        self.state: dict[int, dict[str, Tensor]] = {}
        """Parameter number, counted through all groups -> steps taken, and both moments."""

    @property
    def parameters(self) -> list[Tensor]:
        """The parameters of all groups, in order."""
        return [p for group in self.param_groups for p in group["params"]]

    def zero_grad(self) -> None:
        """Clear all gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Update every parameter that has a gradient."""
        first = 0
        for group in self.param_groups:
            places = range(first, first + len(group["params"]))
            first += len(group["params"])
            updated = [
                (p, self._state_of(k, p))
                for k, p in zip(places, group["params"], strict=True)
                if p.grad is not None
            ]
            steps, first_moments, second_moments = (
                [state[name] for _, state in updated] for name in _STATE
            )
            adamw(
                [p for p, _ in updated],
                [p.grad for p, _ in updated],
                first_moments,
                second_moments,
                [],
                steps,
                amsgrad=False,
                beta1=self.betas[0],
                beta2=self.betas[1],
                lr=group["lr"],
                weight_decay=group["weight_decay"],
                eps=_EPS,
                maximize=False,
            )

    def load_state(self, state: Mapping[int, Mapping[str, Tensor]]) -> None:
        """Take over the ``state`` of another optimizer of the same parameters."""
        parameters = self.parameters
        self.state = {
            k: {n: t if n == "step" else t.to(parameters[k]) for n, t in one.items()}
            for k, one in state.items()
        }

    def _state_of(self, k: int, parameter: Tensor) -> dict[str, Tensor]:
        """The state of parameter ``k``, zero before its first step."""
        if k not in self.state:
            like = {n: torch.zeros_like(parameter) for n in _STATE[1:]}
            self.state[k] = {"step": torch.tensor(0.0)} | like
        return self.state[k]
