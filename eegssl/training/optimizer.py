"""AdamW over groups of parameters, on torch's own arithmetic.

`torch.optim.AdamW` loads torch's compiler when it is first made, which takes longer than to fit a
probe; the function below it doesn't.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.optim.adamw import adamw

_EPS = 1e-8
_STATE = ("step", "exp_avg", "exp_avg_sq")


class AdamW:
    """Decoupled weight decay (Loshchilov & Hutter, ICLR 2019): the updates of torch's class, bit
    for bit.

    ``groups`` have ``params``, and may have an ``lr`` and a ``weight_decay`` of their own; what
    else they hold is kept. A parameter without a gradient stays as it is.
    """

    def __init__(
        self,
        groups: Iterable[Mapping[str, Any]],
        *,
        lr: float,
        betas: tuple[float, float],
        weight_decay: float = 0.01,
    ) -> None:
        given: dict[str, Any] = {"lr": lr, "weight_decay": weight_decay}
        self.param_groups: list[dict[str, Any]] = [given | dict(group) for group in groups]
        self.betas = betas
        self.state: dict[int, dict[str, Tensor]] = {}
        """For each parameter, counted through all groups: steps taken, and both moments."""

    @property
    def parameters(self) -> list[Tensor]:
        """The parameters of all groups, in order."""
        return [p for group in self.param_groups for p in group["params"]]

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Update every parameter that has a gradient."""
        first = 0
        for group in self.param_groups:
            places = range(first, first + len(group["params"]))
            first += len(group["params"])
            moved = [
                (p, self._state_of(k, p))
                for k, p in zip(places, group["params"], strict=True)
                if p.grad is not None
            ]
            steps, first_moments, second_moments = (
                [state[name] for _, state in moved] for name in _STATE
            )
            adamw(
                [p for p, _ in moved],
                [p.grad for p, _ in moved],
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
        """Go on from the ``state`` of another one over the same parameters."""
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
