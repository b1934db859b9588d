"""Hosts on this machine: each a network, mount and process namespace with an ssh server of its own.

They share every file with this machine except those below the folders that they may write, which are
overlays. The addresses belong to a bridge that this makes and removes.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SSHD = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
_NETWORK = "10.231"
_SETTINGS = """
ListenAddress {address}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/user_key.pub
PidFile none
StrictModes no
UsePAM no
MaxStartups 100
Subsystem sftp internal-sftp
"""
# $1 is the folder of the host, $2 its name, $3 its address; the rest are folders that it may write.
_ENTER = """
folder=$1 name=$2 address=$3; shift 3
hostname "$name"
mount -t proc proc /proc
number=0
for path; do
  number=$((number + 1)); mkdir -p "$folder/up$number" "$folder/work$number"
  mount -t overlay overlay -o "lowerdir=$path,upperdir=$folder/up$number,workdir=$folder/work$number" "$path"
done
touch "$folder/ready"
until ip link set eth0 name eth0 2>/dev/null; do sleep 0.05; done
ip link set lo up
ip addr add "$address/16" dev eth0
ip link set eth0 up
exec "$SSHD" -D -e -f "$folder/sshd_config" 2>"$folder/sshd.log"
"""


def missing() -> str:
    """Return what this machine lacks for such hosts, nothing where they work."""
    if os.geteuid() != 0:
        return "it needs root"
    lacks = [name for name in ("ip", "unshare", "ssh", "ssh-keygen") if not shutil.which(name)]
    lacks += [] if SSHD else ["sshd"]
    if lacks:
        return f"this machine has no {', '.join(lacks)}"
    made = subprocess.run(["unshare", "--net", "--mount", "--pid", "--fork", "true"], check=False)
    return "it may not make namespaces" if made.returncode else ""


@dataclass
class NetworkHost:
    """A host; ``link`` is its end of the cable on the side of the bridge."""

    name: str
    address: str
    link: str
    folder: Path
    process: subprocess.Popen[bytes]
    key: Path

    @property
    def variables(self) -> dict[str, Any]:
        """Return the variables by which Ansible reaches it."""
        return {
            "ansible_host": self.address,
            "ansible_user": "root",
            "ansible_python_interpreter": "/usr/bin/python3",
            "ansible_ssh_private_key_file": str(self.key),
            "ansible_ssh_common_args": "-o IdentitiesOnly=yes -o StrictHostKeyChecking=no"
            f" -o UserKnownHostsFile={self.folder}/known -o ConnectTimeout=5",
        }

    def kill(self) -> None:
        """Let the host die with everything that runs on it."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def cut(self, *, again: bool = False) -> None:
        """Pull its cable, or plug it in ``again``."""
        _ip("link", "set", self.link, "up" if again else "down")


@contextlib.contextmanager
def started(count: int, folder: Path, writable: Sequence[Path]) -> Iterator[list[NetworkHost]]:
    """Yield running hosts; whatever they wrote is below ``folder``."""
    for name in ("host_key", "user_key"):
        argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name]
        subprocess.run(argv, check=True)
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    bridge = f"sf{os.getpid() % 100000:05d}"
    made: list[NetworkHost] = []
    _ip("link", "add", bridge, "type", "bridge")
    try:
        _ip("addr", "add", f"{_NETWORK}.0.1/16", "dev", bridge)
        _ip("link", "set", bridge, "up")
        made.extend(_host(number, folder, writable, bridge) for number in range(1, count + 1))
        for host in made:
            _answers(host)
        yield made
    finally:
        for host in made:
            host.kill()
            # The namespace ends a moment after its last process.
            subprocess.run(["ip", "link", "del", host.link], check=False, capture_output=True)
        _ip("link", "del", bridge)


def _host(number: int, folder: Path, writable: Sequence[Path], bridge: str) -> NetworkHost:
    name, address = f"host{number:03d}", f"{_NETWORK}.{number // 250}.{number % 250 + 2}"
    own = folder / name
    own.mkdir()
    settings = _SETTINGS.format(address=address, folder=folder)
    (own / "sshd_config").write_text(settings)
    argv = ["unshare", "--net", "--mount", "--uts", "--pid", "--fork", "--kill-child"]
    process = subprocess.Popen(
        [*argv, "sh", "-euc", _ENTER, "enter", own, name, address, *writable],
        env={**os.environ, "SSHD": str(SSHD)},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    _wait((own / "ready").exists, f"{name} did not start")
    link = f"{bridge}x{number}"
    _ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", str(process.pid))
    _ip("link", "set", link, "master", bridge, "up")
    return NetworkHost(name, address, link, own, process, folder / "user_key")


def _answers(host: NetworkHost) -> None:
    def answers() -> bool:
        with contextlib.suppress(OSError), socket.create_connection((host.address, 22), 1):
            return True
        return False

    _wait(answers, f"{host.name} does not answer")


def _wait(holds: Callable[[], bool], otherwise: str, timeout_s: float = 30) -> None:
    end = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < end, otherwise
        time.sleep(0.02)


def _ip(*argv: str) -> None:
    subprocess.run(["ip", *argv], check=True)
