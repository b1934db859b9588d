"""What runs on one node of a training over several: sent over ssh; ``reduce`` alone uses torch.

    python -c "$(cat node.py)" facts|measure|reduce|run JSON

Standard input is the line to the controller: when it ends, or nothing comes for LOST_S seconds,
everything that was started here is stopped. Answers are lines of JSON on standard output.
"""

import contextlib
import datetime as dt
import fcntl
import hashlib
import json
import os
import pathlib
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

LOST_S = 30
MARK = "SLOWFAST_STACK_NODE"
BLOCK = b"\0" * (1 << 20)
BYTES = 32 << 20
REPLY_S = 5
MEASURED_S = 2.0
REDUCED_S = 30
_ADDRESS_OF = 0x8915  # SIOCGIFADDR
_LINES = {"rest": b""}


def say(value):
    """Print one answer."""
    print(json.dumps(value), flush=True)


def address_of(interface):
    """Return the IPv4 address of an interface, None where it has none."""
    asked = struct.pack("256s", interface.encode()[:15])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        try:
            return socket.inet_ntoa(fcntl.ioctl(one.fileno(), _ADDRESS_OF, asked)[20:24])
        except OSError:
            return None


def towards(peer):
    """Return the own address on the route to a peer, None where there is no route."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        try:
            one.connect((peer, 9))
        except OSError:
            return None
        return one.getsockname()[0]


def fingerprint(stack):
    """Return a digest of the packages and sources that a stack consists of, None without a lock."""
    try:
        lock = json.loads((pathlib.Path(stack) / "stack.lock.json").read_text())
        packages = sorted((row["name"], row["version"]) for row in lock["packages"])
        sources = sorted((n, row["commit"], row["tree"]) for n, row in lock["sources"].items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return hashlib.sha256(json.dumps([packages, sources]).encode()).hexdigest()[:12]


def free_port(address):
    """Return a port of an address that nothing uses."""
    with socket.socket() as one:
        one.bind((address, 0))
        return one.getsockname()[1]


def facts(spec):
    """Say what the controller needs of this node."""
    addresses = {name: address_of(name) for _, name in socket.if_nameindex()}
    own = addresses.get(spec["interface"]) if spec["interface"] else towards(spec["peer"])
    names = [name for name, address in addresses.items() if address == own and own]
    speed = None
    with contextlib.suppress(OSError, ValueError, IndexError):
        speed = int(pathlib.Path("/sys/class/net", names[0], "speed").read_text())
    say(
        {
            "time": time.time(),
            "stack": fingerprint(spec["stack"]),
            "program": pathlib.Path(spec["stack"], "src/slowfast/tools/run_net.py").is_file(),
            "interface": names[0] if names else None,
            "address": own,
            "port": free_port(own) if names else None,
            "speed_mbit": speed if speed and speed > 0 else None,
        }
    )


def measure(spec):
    """Connect to every peer, and say how fast each takes data; answer those that connect here."""
    server = socket.create_server((spec["address"], 0), backlog=64)
    threading.Thread(target=serve, args=(server,), daemon=True).start()
    say({"port": server.getsockname()[1]})
    peers = json.loads(line_of_controller())
    for peer in peers:
        say({"peer": peer["name"], **sent(spec["address"], peer)})
    say({"peer": None})
    line_of_controller()  # until all have measured


def serve(server):
    """Take the data of each that connects, and confirm its end."""
    while True:
        client, _ = server.accept()
        threading.Thread(target=swallow, args=(client,), daemon=True).start()


def swallow(client):
    """Read a connection to its end."""
    with client, contextlib.suppress(OSError):
        while client.recv(1 << 20):
            pass
        client.sendall(b".")


def sent(own, peer):
    """Return what a peer took in how many seconds, or why it could not be reached."""
    try:
        with socket.create_connection(
            (peer["address"], peer["port"]), timeout=REPLY_S, source_address=(own, 0)
        ) as link:
            started, count = time.monotonic(), 0
            while count < BYTES and time.monotonic() - started < MEASURED_S:
                link.sendall(BLOCK)
                count += len(BLOCK)
            link.shutdown(socket.SHUT_WR)
            if not link.recv(1):
                return {"error": "the connection ended before all had arrived"}
    except OSError as error:
        return {"error": str(error)}
    return {"mbit": round(count * 8 / 1e6 / max(time.monotonic() - started, 1e-6), 1)}


def reduce(spec):
    """Take part in an all-reduce of all nodes, and say what each link carried in both directions."""
    os.environ["GLOO_SOCKET_IFNAME"] = spec["interface"]
    try:
        import torch
        import torch.distributed as dist

        place, count = f"tcp://{spec['address']}:{spec['port']}", spec["nodes"]
        wait = dt.timedelta(seconds=REDUCED_S)
        dist.init_process_group("gloo", place, wait, world_size=count, rank=spec["rank"])
        data = torch.zeros(spec["bytes"] // 4)
        dist.all_reduce(data[:1])
        started = time.monotonic()
        dist.all_reduce(data)
        seconds = time.monotonic() - started
        # Each node sends this share of the data, and receives as much.
        bits = 2 * (count - 1) / count * spec["bytes"] * 8
        say({"mbit": round(bits / 1e6 / max(seconds, 1e-6), 1)})
        dist.barrier()
    except (ImportError, RuntimeError, OSError) as error:
        say({"error": f"{type(error).__name__}: {error}"})


def run(spec):
    """Run a program to its end or to that of the controller; exit with its code."""
    pathlib.Path(spec["folder"]).mkdir(parents=True, exist_ok=True)
    config = pathlib.Path(spec["config_file"])
    config.parent.mkdir(parents=True, exist_ok=True)
    # Nodes may share the folder: all write the same.
    beside = config.with_name(f"{config.name}.{socket.gethostname()}.{os.getpid()}")
    beside.write_text(spec["config"])
    beside.replace(config)
    stop_marked(spec["mark"], others=True)
    child = subprocess.Popen(
        spec["argv"],
        cwd=spec["folder"],
        env={**os.environ, **spec["environment"], MARK: f"{spec['mark']}-{os.getpid()}"},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(name, lambda *_: stop_marked(spec["mark"]))
    threading.Thread(target=watch, args=(spec["mark"],), daemon=True).start()
    code = child.wait()
    stop_marked(spec["mark"])
    sys.exit(code if code >= 0 else 128 - code)


def watch(mark):
    """Stop what runs here when the controller no longer writes."""
    while line_of_controller(LOST_S) is not None:
        pass
    stop_marked(mark)


def line_of_controller(patience=None):
    """Return the next line of standard input; None where it ended or was silent for too long."""
    while b"\n" not in _LINES["rest"]:
        ready, _, _ = select.select([0], [], [], patience)
        block = os.read(0, 1 << 16) if ready else b""
        if not block:
            return None
        _LINES["rest"] += block
    line, _, _LINES["rest"] = _LINES["rest"].partition(b"\n")
    return line


def marked(mark, *, others):
    """Return the own processes of a run, or those that an earlier start of it left behind."""
    found, own = [], f"{mark}-{os.getpid()}"
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            variables = (folder / "environ").read_bytes().split(b"\0")
            values = [v.decode() for v in variables if v.startswith(f"{MARK}={mark}-".encode())]
            if any((value != f"{MARK}={own}") == others for value in values):
                found.append(int(folder.name))
    return found


def stop_marked(mark, *, others=False):
    """End the processes of a run, gently first."""
    until = time.monotonic() + 5
    for pid in marked(mark, others=others):
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGTERM)
    while (left := marked(mark, others=others)) and time.monotonic() < until:
        time.sleep(0.1)
    for pid in left:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    {"facts": facts, "measure": measure, "reduce": reduce, "run": run}[sys.argv[1]](
        json.loads(sys.argv[2])
    )
