"""A Slurm cluster on this machine, of one node or several: its own folder, key, ports and daemons."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

TOOLS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "scancel", "sinfo")
SETTINGS = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1
ReturnToService=2
SlurmdTimeout=10
KillWait=2
{nodes}
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""
DAEMONS_S, JOB_S = 30, 300


def missing() -> str:
    """Return why no cluster can be started here; nothing where one can."""
    if os.geteuid() != 0:
        return "Slurm's daemons need root"
    # A login shell of root has them; a test run need not.
    absent = [tool for tool in TOOLS if find(tool) is None]
    if absent:
        return f"there is no {', '.join(absent)} on this machine"
    tried = subprocess.run(["unshare", "--pid", "--fork", "true"], capture_output=True, check=False)
    return "process namespaces cannot be made here" if tried.returncode else ""


def find(tool: str) -> str | None:
    return shutil.which(tool, path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")


@dataclass
class Cluster:
    """What a login node of it offers."""

    folder: Path
    cpus: int
    nodes: int = 1
    daemons: list[subprocess.Popen[bytes]] = field(default_factory=list)
    machines: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """Return the names of the nodes; the only one has that of this machine."""
        host = socket.gethostname().partition(".")[0]
        return [host] if self.nodes == 1 else [f"{host}-{i}" for i in range(1, self.nodes + 1)]

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables that make a program a client of this cluster."""
        return {**os.environ, "SLURM_CONF": str(self.folder / "slurm.conf")}

    def ask(self, *argv: str) -> str:
        done = subprocess.run(
            argv, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{argv}: {done.stderr}\n{self.logs()}"
        return done.stdout

    def tasks(self, job: str, key: str = "JobState") -> dict[str, str]:
        """Return the state, or another value, of each task of an array, by its number."""
        found = {}
        for record in self.ask("scontrol", "--oneliner", "show", "job", job).splitlines():
            fields = dict(word.split("=", 1) for word in record.split() if "=" in word)
            found[fields["ArrayTaskId"]] = fields[key]
        return found

    def wait(self, job: str) -> dict[str, str]:
        """Return the states of an array when all of its tasks have ended."""
        until = time.monotonic() + JOB_S
        while self.ask("squeue", "--noheader", "--jobs", job).strip():
            assert time.monotonic() < until, self.ask("squeue") + self.logs()
            time.sleep(0.2)
        return self.tasks(job)

    def logs(self) -> str:
        return "\n".join(path.read_text()[-2000:] for path in self.folder.glob("*.log"))


@contextlib.contextmanager
def running(folder: Path, cpus: int = 2, nodes: int = 1) -> Iterator[Cluster]:
    """Start a cluster in an empty folder, and end its daemons with the block."""
    cluster = Cluster(folder, cpus, nodes)
    _configure(cluster)
    try:
        _start(cluster)
        yield cluster
    finally:
        for name in cluster.machines:
            kill_node(cluster, name)
        for daemon in reversed(cluster.daemons):
            daemon.terminate()
            daemon.wait()


def _configure(cluster: Cluster) -> None:
    folder = cluster.folder
    for name in ("munge", "state", "spool"):
        (folder / name).mkdir(mode=0o755)
    key = folder / "munge/key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o600)
    controller, *ports = _free_ports(1 + cluster.nodes)
    host = socket.gethostname().partition(".")[0]
    rows = [
        f"NodeName={name} NodeHostname={host} NodeAddr=127.0.0.{place} Port={port} "
        f"CPUs={cluster.cpus} State=UNKNOWN"
        for place, (name, port) in enumerate(zip(cluster.names, ports, strict=True), 2)
    ]
    settings = SETTINGS.format(
        host=host, folder=folder, controller=controller, nodes="\n".join(rows)
    )
    (folder / "slurm.conf").write_text(settings)
    # Nothing here uses control groups; slurmd 22.05 wants the name of a plugin all the same.
    (folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _start(cluster: Cluster) -> None:
    folder, munge = cluster.folder, cluster.folder / "munge"
    places = {"socket": "socket", "key-file": "key", "pid-file": "pid", "seed-file": "seed"}
    options = [f"--{option}={munge / name}" for option, name in places.items()]
    log = folder / "munged.log"
    _daemon(cluster, "munged", "--foreground", "--force", f"--log-file={log}", *options)
    _until(cluster, (munge / "socket").exists)
    _daemon(cluster, "slurmctld", "-D")
    for name in cluster.names:
        start_node(cluster, name)
    _until(cluster, lambda: _idle(cluster))


def start_node(cluster: Cluster, name: str) -> None:
    """Start the daemon of a node, in a process namespace that ends with all that runs in it."""
    (cluster.folder / "spool" / name).mkdir(exist_ok=True)
    argv = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
    cluster.machines[name] = _started(cluster, *argv, str(find("slurmd")), "-D", "-N", name)


def kill_node(cluster: Cluster, name: str) -> None:
    """Let a node die with everything that runs on it."""
    cluster.machines[name].kill()
    cluster.machines[name].wait()


def _daemon(cluster: Cluster, name: str, *options: str) -> None:
    cluster.daemons.append(_started(cluster, str(find(name)), *options))


def _started(cluster: Cluster, *argv: str) -> subprocess.Popen[bytes]:
    with (cluster.folder / "daemons.out.log").open("ab") as out:
        return subprocess.Popen(argv, env=cluster.environment, stdout=out, stderr=out)


def _idle(cluster: Cluster) -> bool:
    argv = ["sinfo", "--noheader", "--Node", "--format=%T"]
    done = subprocess.run(
        argv, env=cluster.environment, capture_output=True, text=True, check=False
    )
    return done.stdout.split() == ["idle"] * cluster.nodes


def _until(cluster: Cluster, there: object) -> None:
    assert callable(there)
    until = time.monotonic() + DAEMONS_S
    while not there():
        running = [*cluster.daemons, *cluster.machines.values()]
        ended = [daemon.args for daemon in running if daemon.poll() is not None]
        assert not ended, f"{ended}\n{cluster.logs()}"
        assert time.monotonic() < until, cluster.logs()
        time.sleep(0.1)
