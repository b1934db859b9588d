"""Nodes on this machine: network namespaces with a server of ssh each, on a bridge of their own."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SSHD = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
SETTINGS = """
Port 22
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
PidFile none
StrictModes no
UsePAM no
"""
READY_S = 30


def missing() -> str:
    """Return why no nodes can be made here; nothing where they can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if SSHD is None or shutil.which("ip") is None:
        return "there is no ssh server or no ip on this machine"
    tried = subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else "network namespaces cannot be made here"


@dataclass
class Nodes:
    """Named nodes; each has a folder of its own where all of them see ``shared``."""

    folder: Path
    count: int
    net: str
    servers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        return [f"n{number}" for number in range(1, self.count + 1)]

    @property
    def shared(self) -> Path:
        return self.folder / "work"

    def own(self, name: str) -> Path:
        """Return where this machine sees the folder that a node sees as ``shared``."""
        return self.folder / "own" / name

    def address(self, name: str) -> str:
        return f"10.77.{int(self.net[-4:], 16) % 250}.{name[1:]}"

    def namespace(self, name: str) -> str:
        return f"{self.net}{name}"

    def inventory(self) -> Path:
        options = f"-o StrictHostKeyChecking=no -o UserKnownHostsFile={self.folder}/known"
        options += " -o IdentitiesOnly=yes -o LogLevel=ERROR"
        hosts = {
            name: {
                "ansible_host": self.address(name),
                "ansible_user": "root",
                "ansible_ssh_private_key_file": str(self.folder / "user"),
                "ansible_ssh_common_args": options,
            }
            for name in self.names
        }
        path = self.folder / "hosts.yml"
        path.write_text(json.dumps({"nodes": {"hosts": hosts}}))
        return path

    def inside(self, name: str, *argv: str) -> str:
        words = ["ip", "netns", "exec", self.namespace(name), *argv]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout

    def start(self, name: str) -> None:
        """Start the server of a node, in a mount namespace where ``shared`` is its own folder."""
        script = f"mount --bind {self.own(name)} {self.shared} && exec {SSHD} -D -e -f {self.folder}/settings"
        argv = ["ip", "netns", "exec", self.namespace(name), "sh", "-c", script]
        with (self.folder / f"{name}.log").open("ab") as log:
            self.servers[name] = subprocess.Popen(argv, stdout=log, stderr=log)
        until = time.monotonic() + READY_S
        probe = ["bash", "-c", f"true < /dev/tcp/{self.address(name)}/22"]
        while subprocess.run(probe, capture_output=True, check=False).returncode:
            assert time.monotonic() < until, (self.folder / f"{name}.log").read_text()
            time.sleep(0.1)

    def processes(self, name: str, holding: str = "") -> list[int]:
        """Return the processes of a node whose command line holds a text."""
        words = ["ip", "netns", "pids", self.namespace(name)]
        listed = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
        found = []
        for pid in map(int, listed):
            with contextlib.suppress(OSError):
                line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
                found += [pid] if holding in line else []
        return found

    def kill(self, name: str) -> None:
        """End everything on a node at once, its server too."""
        for pid in self.processes(name):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.servers[name].wait()


@contextlib.contextmanager
def made(folder: Path, count: int) -> Iterator[Nodes]:
    """Make nodes in an empty folder, and remove them with the block."""
    nodes = Nodes(folder, count, f"sf{os.getpid() % 65536:04x}")
    for name in ("host", "user"):
        argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(argv, check=True)
    (folder / "settings").write_text(SETTINGS.format(folder=folder))
    nodes.shared.mkdir()
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    bridge = f"{nodes.net}br"
    try:
        _ip("link", "add", bridge, "type", "bridge")
        _ip("address", "add", f"{nodes.address('n254')}/24", "dev", bridge)
        _ip("link", "set", bridge, "up")
        for name in nodes.names:
            space, link = nodes.namespace(name), f"{nodes.net}{name}v"
            nodes.own(name).mkdir(parents=True)
            _ip("netns", "add", space)
            _ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", space)
            _ip("link", "set", link, "master", bridge, "up")
            _ip("-n", space, "address", "add", f"{nodes.address(name)}/24", "dev", "eth0")
            _ip("-n", space, "link", "set", "eth0", "up")
            _ip("-n", space, "link", "set", "lo", "up")
            nodes.start(name)
        yield nodes
    finally:
        for name in nodes.servers:
            nodes.kill(name)
        for name in nodes.names:
            subprocess.run(
                ["ip", "netns", "del", nodes.namespace(name)], capture_output=True, check=False
            )
        subprocess.run(["ip", "link", "del", bridge], capture_output=True, check=False)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)
