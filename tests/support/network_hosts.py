"""Hosts on this machine: each a network, mount and process namespace with an ssh server of its own.

They share every file with this machine except those below the folders that they may write, which are
overlays. The addresses belong to a bridge that this makes and removes.
"""

from __future__ import annotations

import contextlib
import json
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
    lacks = [
        name for name in ("ip", "unshare", "nsenter", "ssh", "ssh-keygen") if not shutil.which(name)
    ]
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
    bridge: str
    folder: Path
    writable: Sequence[Path]
    process: subprocess.Popen[bytes] | None = None

    @property
    def link(self) -> str:
        return f"{self.bridge}x{int(self.name.removeprefix('host'))}"

    @property
    def variables(self) -> dict[str, Any]:
        """Return the variables by which Ansible reaches it."""
        return {
            "ansible_host": self.address,
            "ansible_user": "root",
            "ansible_python_interpreter": "/usr/bin/python3",
            "ansible_ssh_private_key_file": str(self.folder.parent / "user_key"),
            "ansible_ssh_common_args": "-o IdentitiesOnly=yes -o StrictHostKeyChecking=no"
            f" -o UserKnownHostsFile={self.folder}/known -o ConnectTimeout=5 -o LogLevel=ERROR",
        }

    def start(self) -> None:
        """Start it, or start it again with all that it wrote before it was killed."""
        (self.folder / "ready").unlink(missing_ok=True)
        argv = ["unshare", "--net", "--mount", "--uts", "--pid", "--fork", "--kill-child"]
        argv += ["sh", "-euc", _ENTER, "enter", str(self.folder), self.name, self.address]
        self.process = subprocess.Popen(
            [*argv, *map(str, self.writable)],
            env={**os.environ, "SSHD": str(SSHD)},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        _wait((self.folder / "ready").exists, f"{self.name} did not start")
        space = str(self.process.pid)
        # A machine that starts again has the same hardware address: the others know it.
        number = int(self.name.removeprefix("host"))
        hardware = ["address", f"02:5f:00:00:{number >> 8:02x}:{number & 255:02x}"]
        _ip(
            "link",
            "add",
            self.link,
            "type",
            "veth",
            "peer",
            "name",
            "eth0",
            *hardware,
            "netns",
            space,
        )
        _ip("link", "set", self.link, "master", self.bridge, "up")

    def answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection((self.address, 22), 1):
            return True
        return False

    def kill(self) -> None:
        """Let the host die with everything that runs on it."""
        if self.process:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None
        # The namespace, and the cable with it, ends a moment after its last process.
        subprocess.run(["ip", "link", "del", self.link], check=False, capture_output=True)

    def cut(self, *, again: bool = False) -> None:
        """Pull its cable, or plug it in ``again``."""
        _ip("link", "set", self.link, "up" if again else "down")

    def run(self, script: str) -> str:
        """Run a script of a shell on it, and return what it prints."""
        assert self.process
        argv = ["nsenter", f"--target={self._first()}", "--net", "--mount", "--pid", "--uts"]
        done = subprocess.run(
            [*argv, "sh", "-euc", script], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def sees(self, path: Path) -> Path:
        """Return where this machine finds what the host wrote to ``path``."""
        for number, top in enumerate(self.writable, 1):
            if path.is_relative_to(top):
                return self.folder / f"up{number}" / path.relative_to(top)
        return path

    def processes(self, holding: str = "") -> list[int]:
        """Return the processes on it, as this machine numbers them, whose command line has a text."""
        found, own = [], f"/proc/{self._first()}/ns/net"
        for place in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                line = (
                    (place / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                )
                if holding in line and (place / "ns/net").samefile(own):
                    found.append(int(place.name))
        return found

    def _first(self) -> int:
        assert self.process
        pid = self.process.pid
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


def inventory(hosts: Sequence[NetworkHost], group: str, path: Path) -> Path:
    """Write an inventory with one group of these hosts."""
    named = {host.name: host.variables for host in hosts}
    path.write_text(json.dumps({group: {"hosts": named}}), encoding="utf-8")
    return path


@contextlib.contextmanager
def started(count: int, folder: Path, writable: Sequence[Path]) -> Iterator[list[NetworkHost]]:
    """Yield running hosts; whatever they wrote is below ``folder``."""
    for name in ("host_key", "user_key"):
        argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name]
        subprocess.run(argv, check=True)
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    # Several programs on this machine may have such hosts at the same time.
    bridge, network = f"sf{os.getpid() % 100000:05d}", f"10.{128 + os.getpid() % 120}"
    made: list[NetworkHost] = []
    _ip("link", "add", bridge, "type", "bridge")
    try:
        _ip("addr", "add", f"{network}.0.1/16", "dev", bridge)
        _ip("link", "set", bridge, "up")
        for number in range(1, count + 1):
            name, address = f"host{number:03d}", f"{network}.{number // 250}.{number % 250 + 2}"
            own = folder / name
            own.mkdir()
            (own / "sshd_config").write_text(_SETTINGS.format(address=address, folder=folder))
            made.append(NetworkHost(name, address, bridge, own, writable))
            made[-1].start()
        for host in made:
            _wait(host.answers, f"{host.name} does not answer")
        yield made
    finally:
        for host in made:
            host.kill()
        _ip("link", "del", bridge)


def _wait(holds: Callable[[], bool], otherwise: str, timeout_s: float = 30) -> None:
    end = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < end, otherwise
        time.sleep(0.02)


def _ip(*argv: str) -> None:
    subprocess.run(["ip", *argv], check=True)
