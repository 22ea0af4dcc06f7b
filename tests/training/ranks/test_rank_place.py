"""A rank's place is read of torchrun's and Slurm's variables, whole or not at all."""

import subprocess
import sys

import pytest
import torch
from rank_runs import variables

from eegssl.errors import ConfigError
from eegssl.training.ranks.rank_device import device_of
from eegssl.training.ranks.rank_place import ALONE, RankPlace, hosts_of, rank_place

TORCHRUN = {
    "RANK": "5",
    "WORLD_SIZE": "8",
    "LOCAL_RANK": "1",
    "LOCAL_WORLD_SIZE": "4",
    "MASTER_ADDR": "node-a",
    "MASTER_PORT": "29500",
}
SLURM = {
    "SLURM_JOB_ID": "123456",
    "SLURM_STEP_ID": "0",
    "SLURM_PROCID": "5",
    "SLURM_STEP_NUM_TASKS": "7",
    "SLURM_LOCALID": "1",
    "SLURM_NODEID": "1",
    "SLURM_STEP_TASKS_PER_NODE": "4,3",
    "SLURM_STEP_NODELIST": "n[08,11]",
}


def test_a_process_alone() -> None:
    assert rank_place({}) == ALONE == RankPlace(0, 1, 0, 1)


def test_torchrun() -> None:
    assert rank_place(TORCHRUN) == RankPlace(5, 8, 1, 4, "node-a", 29500, "torchrun")


def test_slurm() -> None:
    place = rank_place(SLURM)
    assert (place.rank, place.n_ranks, place.local_rank, place.n_local) == (5, 7, 1, 3)
    assert (place.address, place.launcher) == ("n08", "slurm")
    assert 20_000 <= place.port < 32_000


def test_torchrun_within_a_step_of_slurm_decides() -> None:
    assert rank_place(SLURM | TORCHRUN).launcher == "torchrun"


def test_steps_and_jobs_meet_at_ports_of_their_own() -> None:
    jobs = [("7", "0"), ("7", "1"), ("8", "0"), ("12007", "1")]
    ports = [
        rank_place(SLURM | {"SLURM_JOB_ID": job, "SLURM_STEP_ID": step}).port for job, step in jobs
    ]
    assert ports[1] == ports[3]
    assert len(set(ports[:3])) == 3


def test_a_meeting_place_can_be_chosen_under_slurm() -> None:
    place = rank_place(SLURM | {"MASTER_ADDR": "10.0.0.8", "MASTER_PORT": "1234"})
    assert (place.address, place.port) == ("10.0.0.8", 1234)


def test_without_a_list_of_nodes_srun_s_host_is_met() -> None:
    alone = {n: v for n, v in SLURM.items() if n != "SLURM_STEP_NODELIST"}
    assert rank_place(alone | {"SLURM_LAUNCH_NODE_IPADDR": "10.1.2.3"}).address == "10.1.2.3"
    with pytest.raises(ConfigError, match="MASTER_ADDR"):
        rank_place(alone)


@pytest.mark.parametrize(("tasks", "node", "n"), [("4(x2),3", "2", 3), ("4(x2),3", "1", 4)])
def test_ranks_of_a_node(tasks: str, node: str, n: int) -> None:
    names = {"SLURM_STEP_TASKS_PER_NODE": tasks, "SLURM_NODEID": node, "SLURM_LOCALID": "0"}
    assert rank_place(SLURM | names).n_local == n


def test_ranks_of_a_node_follow_from_the_nodes_where_slurm_says_no_more() -> None:
    known = {n: v for n, v in SLURM.items() if n != "SLURM_STEP_TASKS_PER_NODE"}
    assert rank_place(known).n_local == 4


@pytest.mark.parametrize("step", ["4294967291", "4294967290"])  # batch script, interactive shell
def test_a_shell_of_slurm_is_no_step(step: str) -> None:
    assert rank_place(SLURM | {"SLURM_STEP_ID": step}) == ALONE
    assert rank_place({n: v for n, v in SLURM.items() if n != "SLURM_STEP_ID"}) == ALONE


def test_one_rank_is_none() -> None:
    one = {"SLURM_STEP_NUM_TASKS": "1", "SLURM_PROCID": "0", "SLURM_LOCALID": "0"}
    assert rank_place(SLURM | one) == ALONE
    assert rank_place(variables("torchrun", 0, 1, 29500)) == ALONE


@pytest.mark.parametrize("name", TORCHRUN)
def test_half_of_torchruns_variables(name: str) -> None:
    rest = {n: v for n, v in TORCHRUN.items() if n != name}
    with pytest.raises(ConfigError, match=f"not {name}: expected all") as caught:
        rank_place(rest)
    assert "torchrun" in str(caught.value)


@pytest.mark.parametrize("name", ["SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID"])
def test_half_of_slurms_variables(name: str) -> None:
    with pytest.raises(ConfigError, match=f"not {name}"):
        rank_place({n: v for n, v in SLURM.items() if n != name})


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ({"RANK": "8"}, "the rank is 8 of 8; expected 0 to 7"),
        ({"RANK": "-1"}, "RANK is '-1'; expected a whole number"),
        ({"WORLD_SIZE": "0"}, "the rank is 5 of 0"),
        ({"LOCAL_RANK": "4"}, "the local rank is 4 of 4"),
        ({"MASTER_PORT": "http"}, "MASTER_PORT is 'http'"),
    ],
)
def test_variables_that_contradict(names: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        rank_place(TORCHRUN | names)


@pytest.mark.parametrize(
    ("nodes", "hosts"),
    [
        ("n1", ["n1"]),
        ("n[01-03]", ["n01", "n02", "n03"]),
        ("gpu[3,7-8]-ib,login", ["gpu3-ib", "gpu7-ib", "gpu8-ib", "login"]),
        ("r[0-1]n[1-2]", ["r0n1", "r0n2", "r1n1", "r1n2"]),
        ("b,a[2-3]", ["b", "a2", "a3"]),
    ],
)
def test_lists_of_nodes(nodes: str, hosts: list[str]) -> None:
    assert hosts_of(nodes) == hosts


@pytest.mark.parametrize("nodes", ["n[1-]", "n[a-b]", "n[]"])
def test_lists_of_nodes_that_are_none(nodes: str) -> None:
    with pytest.raises(ConfigError, match="expected 7 or 01-16"):
        hosts_of(nodes)


def test_the_place_is_read_without_torch() -> None:
    code = (
        "import sys, eegssl.training.ranks.rank_place as r; r.rank_place();"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_rank_on_the_processor() -> None:
    place = rank_place(TORCHRUN)
    assert device_of(place, "cpu") == torch.device("cpu")
    assert device_of(ALONE, "cpu") == torch.device("cpu")


def with_gpus(monkeypatch: pytest.MonkeyPatch, n: int) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: n > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: n)
    monkeypatch.setattr(torch.mps, "is_available", lambda: True)


def test_each_rank_has_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    with_gpus(monkeypatch, 4)
    assert device_of(rank_place(TORCHRUN), "auto") == torch.device("cuda", 1)
    assert device_of(ALONE, "cuda") == torch.device("cuda", 0)


def test_slurm_may_show_each_task_its_own_gpu_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with_gpus(monkeypatch, 1)
    assert device_of(rank_place(SLURM), "cuda") == torch.device("cuda", 0)
    with pytest.raises(ConfigError, match=r"4 ranks were started on a node .* 1 GPU"):
        device_of(rank_place(TORCHRUN), "cuda")


def test_an_apple_gpu_serves_one_rank(monkeypatch: pytest.MonkeyPatch) -> None:
    with_gpus(monkeypatch, 0)
    assert device_of(ALONE, "auto") == torch.device("mps")
    assert device_of(rank_place(TORCHRUN), "auto") == torch.device("cpu")
    with pytest.raises(ConfigError, match="finds no such device for one of 8 ranks"):
        device_of(rank_place(TORCHRUN), "mps")


def test_a_gpu_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with_gpus(monkeypatch, 0)
    with pytest.raises(ConfigError, match=r"training\.device is cuda, but torch finds no such"):
        device_of(ALONE, "cuda")
