"""Write ``sbatch``, ``srun`` and ``scontrol`` that do on one machine what Slurm does on many.

``sbatch SCRIPT …`` runs the script as a job, and again when it was requeued; ``srun [--flags] …``
starts two ranks with Slurm's variables, forwards signals to them and answers with their highest
exit code; ``scontrol requeue JOB`` puts the job back. All note what they do in ``$STUB_SLURM/log``.
"""

import os
import sys
from pathlib import Path

JOB = 4711
_NOTE = """
import os, signal, subprocess, sys
from pathlib import Path
home = Path(os.environ["STUB_SLURM"])

def note(text):
    with open(home / "log", "a", encoding="utf-8") as log:
        log.write(text + "\\n")
"""
_SBATCH = (
    _NOTE
    + f'''
script, arguments = Path(sys.argv[1]), sys.argv[2:]
directives = [line.split()[1] for line in script.read_text("utf-8").splitlines()
              if line.startswith("#SBATCH --")]
note(f"sbatch {{' '.join(sorted(directives))}}")
for restart in range(9):
    job = {{"SLURM_JOB_ID": "{JOB}", "SLURM_CPUS_PER_TASK": "1"}}
    job["SLURM_RESTART_COUNT"] = str(restart)
    (home / "requeue").unlink(missing_ok=True)
    code = subprocess.call(["bash", str(script), *arguments], env=os.environ | job)
    note(f"job ended with {{code}}")
    if not (home / "requeue").exists():
        break
sys.exit(code)
'''
)
_SRUN = (
    _NOTE
    + """
command, flags = sys.argv[1:], []
while command[0].startswith("--"):
    flags.append(command.pop(0))
n = int(os.environ.get("STUB_RANKS", "2"))
step = {"SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": str(n), "SLURM_STEP_NODELIST": "localhost",
        "SLURM_STEP_TASKS_PER_NODE": str(n), "SLURM_NODEID": "0"}
ranks = []

def forward(number, frame):
    note(f"signal {number} to the ranks")
    for rank in ranks:
        rank.send_signal(number)

signal.signal(signal.SIGUSR1, forward)
signal.signal(signal.SIGTERM, forward)
for k in range(n):
    own = {"SLURM_PROCID": str(k), "SLURM_LOCALID": str(k)}
    ranks.append(subprocess.Popen(command, env=os.environ | step | own))
(home / "srun.pid").write_text(str(os.getpid()), encoding="utf-8")
codes = [rank.wait() for rank in ranks]
(home / "srun.pid").unlink()
codes = [code if code >= 0 else 128 - code for code in codes]
note(f"srun {' '.join(flags)}: {codes}")
sys.exit(max(codes))
"""
)
_SCONTROL = (
    _NOTE
    + """
note(" ".join(["scontrol", *sys.argv[1:]]))
(home / "requeue").touch()
"""
)
_EEGSSL = "from eegssl.cli.commands import main\nmain()\n"


def install(folder: Path, eegssl: str = _EEGSSL) -> dict[str, str]:
    """Write the commands into ``folder/bin``; the environment in which they are found.

    ``eegssl`` is the Python source of the command ``eegssl``.
    """
    commands = folder / "bin"
    commands.mkdir(parents=True)
    sources = {"sbatch": _SBATCH, "srun": _SRUN, "scontrol": _SCONTROL, "eegssl": eegssl}
    for name, source in sources.items():
        (commands / name).write_text(f"#!{sys.executable}\n{source}", encoding="utf-8")
        (commands / name).chmod(0o755)
    rest = {n: v for n, v in os.environ.items() if not n.startswith(("SLURM_", "MASTER_"))}
    return rest | {
        "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "STUB_SLURM": str(folder),
        "OMP_NUM_THREADS": "1",
    }


def log_of(folder: Path) -> list[str]:
    """The notes of all commands, in order."""
    return (folder / "log").read_text("utf-8").splitlines()
