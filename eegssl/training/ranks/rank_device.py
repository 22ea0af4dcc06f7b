"""Choose the device of a rank."""

import torch

from eegssl.errors import ConfigError
from eegssl.training.config import Device
from eegssl.training.ranks.rank_place import RankPlace


def device_of(place: RankPlace, wanted: Device) -> torch.device:
    """The device of this name for a rank: each has a GPU of its own.

    ``auto`` takes a GPU if there is one. Raises ConfigError if torch finds no such device, or
    fewer GPUs than there are ranks on this node.
    """
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": _has_mps(place)}
    if wanted == "auto":
        wanted = next(name for name in ("cuda", "mps", "cpu") if available[name])
    if not available[wanted]:
        several = f" for one of {place.n_ranks} ranks" if place.n_ranks > 1 else ""
        raise ConfigError(
            f"training.device is {wanted}, but torch finds no such device{several}; use auto or cpu"
        )
    return torch.device("cuda", _gpu_of(place)) if wanted == "cuda" else torch.device(wanted)


def _has_mps(place: RankPlace) -> bool:
    """Whether there is an Apple GPU to use; ranks can't exchange tensors on one."""
    return torch.mps.is_available() and place.n_ranks == 1


def _gpu_of(place: RankPlace) -> int:
    """The number of a rank's GPU; Slurm may show each task its own one only, as number 0."""
    n_gpus = torch.cuda.device_count()
    if n_gpus == 1 and place.launcher == "slurm":
        return 0
    if place.local_rank >= n_gpus:
        raise ConfigError(
            f"{place.n_local} ranks were started on a node where torch finds {n_gpus} GPU(s); "
            "start one rank for each GPU, or set training.device=cpu"
        )
    return place.local_rank
