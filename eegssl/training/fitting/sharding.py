"""Spread a model's weights over the ranks, block by block (FSDP2).

Each rank keeps its part of every weight, of its gradient and of the optimizer's moments; a block
is whole on a rank only while it is at work. torch's modules for it are loaded where a run asks.
"""

import copy
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from eegssl.encoder.encoder import Encoder
from eegssl.encoder.transformer import Transformer
from eegssl.errors import ConfigError
from eegssl.tokenizer.ranks import n_ranks, take_from_first
from eegssl.training.config import TrainingConfig


class Shards:
    """A model whose weights are spread over the ranks; all ranks call the same methods.

    ``terms`` is the module through which training goes forward; ``model`` is part of it. Blocks
    are replaced by twins that FSDP2 changes, other modules keep their place: so the model can be
    made whole again, as it was.
    """

    def __init__(self, terms: nn.Module, model: nn.Module) -> None:
        from torch.distributed.device_mesh import init_device_mesh
        from torch.distributed.fsdp import fully_shard

        take_from_first(*model.parameters(), *model.buffers())
        self.model = model
        device = next(model.parameters()).device
        mesh = init_device_mesh(device.type, (n_ranks(),))
        self._whole = dict(model.named_parameters(remove_duplicate=False))
        names = {id(module): name for name, module in model.named_modules()}
        self._blocks = {names[id(block)]: block for block in blocks_of(model)}
        self._twins = {name: _twin(block) for name, block in self._blocks.items()}
        self._put(self._twins)
        for twin in self._twins.values():
            fully_shard(twin, mesh=mesh)
        self._root = fully_shard(terms, mesh=mesh)
        self._parts = dict(model.named_parameters(remove_duplicate=False))
        self._empty()

    def groups(self, groups: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """Groups of the model's parameters, with this rank's parts of them in their place."""
        names = {id(parameter): name for name, parameter in self._whole.items()}
        return [
            group | {"params": [self._parts[names[id(p)]] for p in group["params"]]}
            for group in groups
        ]

    def exchange(self, last: bool) -> None:
        """Let the next backward pass exchange its gradients, if it is the last of a step."""
        self._root.set_requires_gradient_sync(last)
        self._root.set_is_last_backward(last)

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Let the model be whole, on every rank, as long as this context lasts."""
        self.join()
        try:
            yield
        finally:
            self._put(self._twins)
            for name, part in self._parts.items():
                _set(self.model, name, part)
            self._empty()

    @torch.no_grad()
    def join(self) -> None:
        """Make the model whole for good, as it was before."""
        for name, part in self._parts.items():
            self._whole[name].data = in_full(part.detach())
        self._put(self._blocks)
        for name, parameter in self._whole.items():
            _set(self.model, name, parameter)

    def _put(self, blocks: dict[str, nn.Module]) -> None:
        for name, block in blocks.items():
            self.model.set_submodule(name, block)

    def _empty(self) -> None:
        """Free the memory of whole weights."""
        for parameter in self._whole.values():
            parameter.data = parameter.data.new_empty(0)


def require_shardable(config: TrainingConfig, n_ranks: int) -> None:
    """Raise ConfigError if weights shall be spread over one rank."""
    if config.shard != "none" and n_ranks == 1:
        raise ConfigError(
            f"training.shard is {config.shard}, which needs several ranks, and this is the only "
            "one; leave training.shard out, or start several (docs/cluster.md)"
        )


def in_full(tensor: Tensor) -> Tensor:
    """The whole of a tensor that is spread over the ranks; any other as it is."""
    full = getattr(tensor, "full_tensor", None)
    return tensor if full is None else full()


def blocks_of(model: nn.Module) -> list[nn.Module]:
    """The blocks of every transformer in a model, of encoder or tokenizer."""
    stacks = [part for part in model.modules() if isinstance(part, Encoder | Transformer)]
    return list({id(block): block for stack in stacks for block in stack.blocks}.values())


def _twin(block: nn.Module) -> nn.Module:
    """A module like this one, with the same parameters and buffers, not copies."""
    tensors = [*block.parameters(), *block.buffers()]
    twin: nn.Module = copy.deepcopy(block, {id(tensor): tensor for tensor in tensors})
    return twin


def _set(model: nn.Module, name: str, parameter: nn.Parameter) -> None:
    place, _, own = name.rpartition(".")
    setattr(model.get_submodule(place), own, parameter)
