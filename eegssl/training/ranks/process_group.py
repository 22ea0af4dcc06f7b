"""Join the ranks of a run, and report a lost one.

The ranks talk through gloo between processors and through NCCL between GPUs. A process that ends
closes its connections, which ends the next exchange of every other one within seconds.
"""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch
from torch import distributed
from torch.distributed.rendezvous import rendezvous

from eegssl.errors import ConfigError, OtherRankFailed, OtherRankLost
from eegssl.training.config import Device
from eegssl.training.ranks.rank_device import device_of
from eegssl.training.ranks.rank_place import RankPlace

_LOST = re.compile(
    r"gloo/transport|Connection (closed|reset) by peer|Broken pipe|NCCL (error|communicator)"
)
"""Words of gloo and NCCL for a peer that ended; both raise a plain RuntimeError."""
_NONE = "none"
_PATIENCE = timedelta(days=30)
_IN_USE = "the port is in use; set MASTER_PORT to a free one"
_UNREACHED = (
    "some did not come, or their way there is closed (MASTER_ADDR, MASTER_PORT, GLOO_SOCKET_IFNAME "
    "and NCCL_SOCKET_IFNAME choose it)"
)


@contextmanager
def process_group(place: RankPlace, wanted: Device) -> Iterator[torch.device]:
    """Join the ranks for as long as this context lasts, each with its device of this name.

    One rank joins nobody. No rank leaves before all are done, so that a launcher sees them end
    together. One that fails stays joined until its process ends, so that it says why before the
    others see it gone.
    Raises ConfigError if the ranks can't meet, or this rank has no such device (the lowest alone,
    the others OtherRankFailed), and OtherRankLost in place of what gloo or NCCL says of a rank that
    ended meanwhile.
    """
    if place.n_ranks == 1:
        yield device_of(place, wanted)
        return
    device = _device_or_error(place, wanted)
    kinds = _meet(place, device)
    try:
        yield _of_all(kinds, place, device)
        with patient_group() as everyone:
            distributed.barrier(group=everyone)
    except BaseException as error:  # the group ends with the process, after its message
        threading.Thread(target=_hold, args=(error, distributed.group.WORLD), daemon=True).start()
        if not _is_lost(error):
            raise
        raise OtherRankLost(
            f"another rank than {place.rank} ended; its own message says why"
        ) from error
    distributed.destroy_process_group()


@contextmanager
def patient_group() -> Iterator[distributed.ProcessGroup]:
    """All ranks, over gloo, with time to wait for hours of one rank's work."""
    group = distributed.new_group(backend="gloo", timeout=_PATIENCE)
    try:
        yield group
    finally:
        distributed.destroy_process_group(group)


def _device_or_error(place: RankPlace, wanted: Device) -> torch.device | ConfigError:
    """The device of this rank, which is then the current one; or why there is none."""
    try:
        device = device_of(place, wanted)
    except ConfigError as error:
        return error
    if device.type == "cuda":
        torch.cuda.set_device(device)
    return device


def _of_all(kinds: list[str], place: RankPlace, device: torch.device | ConfigError) -> torch.device:
    """This rank's device; one rank raises ConfigError where one has none, or all not alike."""
    if isinstance(device, torch.device) and len(set(kinds)) == 1:
        return device
    distributed.barrier()  # all are there before one leaves
    if place.rank != (kinds.index(_NONE) if _NONE in kinds else 0):
        raise OtherRankFailed(ConfigError.exit_code)
    if isinstance(device, ConfigError):
        raise device
    other = next(rank for rank, kind in enumerate(kinds) if kind != kinds[0])
    raise ConfigError(
        f"rank 0 trains on {kinds[0]}, rank {other} on {kinds[other]}; expected the same on all: "
        "start ranks on nodes that have a GPU each, or set training.device=cpu"
    )


def _meet(place: RankPlace, device: torch.device | ConfigError) -> list[str]:
    """Join the ranks; returns the kind of device of each, `_NONE` of one that has none.

    Between GPUs only where all have one: NCCL would wait for a rank without.
    """
    host = f"[{place.address}]" if ":" in place.address else place.address
    meeting = f"tcp://{host}:{place.port}"
    try:
        store, *_ = next(rendezvous(meeting, place.rank, place.n_ranks))
        kind = device.type if isinstance(device, torch.device) else _NONE
        store.set(f"device/{place.rank}", kind)
        kinds = [store.get(f"device/{rank}").decode() for rank in range(place.n_ranks)]
        on_gpus = set(kinds) == {"cuda"}
        distributed.init_process_group(
            "cpu:gloo,cuda:nccl" if on_gpus else "gloo",
            store=store,
            rank=place.rank,
            world_size=place.n_ranks,
        )
        return kinds
    except RuntimeError as error:  # of torch's store, or of gloo
        cause = _IN_USE if "EADDRINUSE" in str(error) else _UNREACHED
        raise ConfigError(f"{place.n_ranks} ranks could not meet at {meeting}: {cause}") from error


def _hold(*_held: object) -> None:
    """Keep these from being freed for as long as the process lives.

    A thread of gloo that has not let go of an exchange needs Python's lock to do so, while the end
    of the group, or of a model over ranks in a frame of the error, waits for that thread and holds
    the lock: for ever.
    """
    threading.Event().wait()


def _is_lost(error: BaseException) -> bool:
    """Tell whether an error is that of an exchange with a rank that is gone."""
    words = isinstance(error, RuntimeError) and _LOST.search(str(error)) is not None
    return words or isinstance(error, distributed.DistError)
