"""Optimise with AdamW: torch's class, or one without its compiler.

Creating `torch.optim.AdamW` loads torch's compiler, which takes longer than fitting a probe; the
function that the class calls does not. Both make the same updates, bit for bit.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import torch
from torch import Tensor
from torch.optim.adamw import adamw

_EPS = 1e-8
_STATE = ("step", "exp_avg", "exp_avg_sq")
_SHORT = 2000
"""Steps up to which a run on one CPU is served by `LightAdamW`. Ours."""
Kind = Literal["light", "torch"]
Groups = Iterable[Mapping[str, Any]]


class LightAdamW:
    """Adam with decoupled weight decay (Loshchilov & Hutter, ICLR 2019).

    ``groups`` have ``params``, and may have their own ``lr`` and ``weight_decay``; other entries
    are kept. A parameter without a gradient is not updated.
    """

    kind: Kind = "light"

    def __init__(
        self,
        groups: Groups,
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
    def step(self, skip: Tensor | None = None) -> None:
        """Update every parameter that has a gradient, unless ``skip``, a scalar, is true."""
        if skip is not None and bool(skip):
            return
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


class TorchAdamW:
    """`torch.optim.AdamW` with the members of `LightAdamW`; fused on a GPU.

    Fused, a step is skipped on the device, without the host waiting to hear whether.
    """

    kind: Kind = "torch"

    def __init__(
        self,
        groups: Groups,
        *,
        lr: float,
        betas: tuple[float, float],
        weight_decay: float = 0.01,
    ) -> None:
        listed = [dict(group) for group in groups]
        self._fused = any(p.is_cuda for group in listed for p in group["params"])
        self.inner = torch.optim.AdamW(
            listed, lr, betas, _EPS, weight_decay, fused=True if self._fused else None
        )

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """Groups of parameters, each with its rate and decay."""
        return self.inner.param_groups

    @property
    def parameters(self) -> list[Tensor]:
        """The parameters of all groups, in order."""
        return [p for group in self.inner.param_groups for p in group["params"]]

    @property
    def state(self) -> dict[int, dict[str, Tensor]]:
        """Parameter number, counted through all groups -> steps taken, and both moments."""
        numbers = {p: k for k, p in enumerate(self.parameters)}
        return {numbers[p]: dict(one) for p, one in self.inner.state.items()}

    def zero_grad(self) -> None:
        """Clear all gradients."""
        self.inner.zero_grad(set_to_none=True)

    def step(self, skip: Tensor | None = None) -> None:
        """Update every parameter that has a gradient, unless ``skip``, a scalar, is true."""
        if self._fused:
            found_inf = None if skip is None else skip.float()
            vars(self.inner).update(grad_scale=None, found_inf=found_inf)  # as a GradScaler does
        elif skip is not None and bool(skip):
            return
        self.inner.step()

    def load_state(self, state: Mapping[int, Mapping[str, Tensor]]) -> None:
        """Take over the ``state`` of another optimizer of the same parameters."""
        self.inner.load_state_dict(
            {"state": {k: dict(one) for k, one in state.items()}}
            | {"param_groups": self.inner.state_dict()["param_groups"]}
        )


AdamW = LightAdamW | TorchAdamW


def choose_optimizer(steps: int, device: torch.device, n_ranks: int) -> Kind:
    """The class that serves a new run: torch's, but for a short run of one process on a CPU."""
    return "light" if device.type == "cpu" and n_ranks == 1 and steps <= _SHORT else "torch"


def build_optimizer(kind: Kind, groups: Groups, lr: float, betas: tuple[float, float]) -> AdamW:
    """Make an optimizer of a kind."""
    made = LightAdamW if kind == "light" else TorchAdamW
    return made(groups, lr=lr, betas=betas)
