"""Before a training over several nodes: the same stack on each, clocks, and every link between them."""

from __future__ import annotations

import contextlib
import json
import statistics
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.validation import (
    parse_json,
)
from slowfast_stack.exit_codes import Exit

if TYPE_CHECKING:
    from slowfast_stack.orchestration.nodes import Node

PROGRAM = Path(__file__).parent / "program" / "node.py"
ANSWER_S, MEASURED_S = 30, 60
# Seconds that clocks may differ; a link is slow below these shares of its speed, and of the median.
CLOCKS_S, OF_SPEED, OF_MEDIAN = 30.0, 0.1, 0.2


@dataclass(frozen=True)
class Facts:
    """What a node said of itself: its interface towards the others, and its stack."""

    node: Node
    interface: str
    address: str
    port: int
    stack: str
    clock_s: float
    speed_mbit: int | None


@dataclass(frozen=True)
class Checked:
    """Nodes that fit together, and Mbit/s of each link that was measured."""

    nodes: list[Facts]
    mbit: dict[tuple[str, str], float]

    def as_dict(self) -> dict[str, object]:
        """Return everything as plain data."""
        rows = [{"from": a, "to": b, "mbit": speed} for (a, b), speed in sorted(self.mbit.items())]
        named = ("interface", "address", "stack", "clock_s", "speed_mbit")
        nodes = [
            {"name": f.node.name} | {key: getattr(f, key) for key in named} for f in self.nodes
        ]
        return {"nodes": nodes, "links": rows}


class Unreachable(StackError):
    """A node did not answer."""

    code = "training.node-unreachable"
    exit_code = Exit.UNREACHABLE


def command(node: Node, stack: str, verb: str, spec: dict[str, object]) -> list[str]:
    """Return the arguments that run the program of a node, with the Python of its stack."""
    words = [f"{stack}/env/bin/python", "-u", "-c", PROGRAM.read_text(), verb, json.dumps(spec)]
    return node.command(words)


def facts(nodes: list[Node], stack: str, interface: str | None) -> list[Facts]:
    """Return what each node says of itself. Raises StackError for one that cannot take part."""
    with ThreadPoolExecutor(max_workers=len(nodes)) as pool:
        return list(pool.map(lambda node: fact(node, nodes, stack, interface), nodes))


def fact(node: Node, nodes: list[Node], stack: str, interface: str | None) -> Facts:
    """Return what one of the nodes says of itself. Raises Unreachable, and StackError."""
    peer = next((other.address for other in nodes if other is not node), node.address)
    spec: dict[str, object] = {"stack": stack, "interface": interface, "peer": peer}
    started = time.time()
    try:
        done = subprocess.run(
            command(node, stack, "facts", spec),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=ANSWER_S,
        )
    except subprocess.TimeoutExpired as error:
        raise _unreachable(node, f"It did not answer in {ANSWER_S} s.") from error
    if done.returncode:
        raise _failed(node, stack, done)
    return _read(node, done.stdout, (started + time.time()) / 2, interface)


def _unreachable(node: Node, cause: str) -> Unreachable:
    hint = f"Try it: ansible {node.name} -m ping; or leave the node out of the group."
    return Unreachable(f"{node.name} cannot be reached.", cause, hint)


def _failed(node: Node, stack: str, done: subprocess.CompletedProcess[str]) -> StackError:
    cause = done.stderr.strip()[-500:] or f"exit code {done.returncode}"
    if done.returncode in (126, 127):
        return StackError(
            f"There is no finished stack in {stack} of {node.name}.",
            cause,
            f"Build it: slowfast-stack up -i INVENTORY --limit {node.name}",
            code="stack.not-installed",
        )
    return _unreachable(node, cause)


def _read(node: Node, said: str, now: float, interface: str | None) -> Facts:
    texts = ("interface", "address", "stack")
    given = _parsed(said.strip().rpartition("\n")[2])
    if given.get("stack") is None or not given.get("program"):
        raise StackError(
            f"{node.name} has no complete stack.",
            "Its lock, or upstream's tools/run_net.py, is missing.",
            f"Build it: slowfast-stack up -i INVENTORY --limit {node.name}",
            code="stack.not-installed",
        )
    if not all(isinstance(given.get(key), str) for key in texts):
        cause = f"It has no address on {interface or 'the way to the other nodes'}."
        hint = "Name the interface that connects the nodes: --interface NAME."
        raise StackError(f"{node.name} cannot join.", cause, hint, code="training.broken-link")
    if not isinstance(given.get("time"), (int, float)) or not isinstance(given.get("port"), int):
        raise _unreachable(node, "Its answer is not that of the program.")
    speed = given.get("speed_mbit")
    return Facts(
        node,
        given["interface"],
        given["address"],
        given["port"],
        given["stack"],
        round(float(given["time"]) - now, 2),
        speed if isinstance(speed, int) else None,
    )


def check(nodes: list[Node], stack: str, interface: str | None) -> Checked:
    """Check that nodes can train together. Raises StackError, which names what cannot."""
    found = facts(nodes, stack, interface)
    _same_stack(found)
    late = [row for row in found if abs(row.clock_s) > CLOCKS_S]
    if late:
        raise StackError(
            f"The clock of {late[0].node.name} differs from this machine's by {late[0].clock_s} s.",
            "Logs and checkpoints of the nodes would not be in order.",
            "Start a time service there, such as chrony.",
            code="training.nodes-differ",
        )
    links, errors = measured(found, stack)
    if errors:
        raise _broken(found, errors)
    _fast_enough(found, links)
    return Checked(found, links)


def _same_stack(found: list[Facts]) -> None:
    counts = {row.stack: sum(other.stack == row.stack for other in found) for row in found}
    usual = max(counts, key=lambda stack: counts[stack])
    others = [row for row in found if row.stack != usual]
    if others:
        raise StackError(
            f"{', '.join(row.node.name for row in others)} has another stack than the other nodes.",
            f"Packages and sources have the fingerprint {others[0].stack}, elsewhere {usual}.",
            "Install the same on all: slowfast-stack lock, then up --locked FILE.",
            code="training.nodes-differ",
        )


def measured(
    found: list[Facts], stack: str
) -> tuple[dict[tuple[str, str], float], dict[tuple[str, str], str]]:
    """Send data over every link; return Mbit/s of each, and why a link could not be used."""
    speeds: dict[tuple[str, str], float] = {}
    errors: dict[tuple[str, str], str] = {}
    with contextlib.ExitStack() as running:
        started = [_start(running, row, stack) for row in found]
        ports = [_answer(child).get("port") for child in started]
        rows = [
            {"name": row.node.name, "address": row.address, "port": port}
            for row, port in zip(found, ports, strict=True)
        ]
        for place, child in enumerate(started):
            # Each begins with its neighbour, so that a node rarely has to serve two at once.
            _send(child, json.dumps(rows[place + 1 :] + rows[:place]))
        for row, child in zip(found, started, strict=True):
            missing = {other.node.name for other in found} - {row.node.name}
            while missing:
                answer = _answer(child)
                link = (row.node.name, str(answer.get("peer")))
                if answer.get("peer") not in missing:
                    break
                missing.discard(link[1])
                if isinstance(answer.get("mbit"), (int, float)):
                    speeds[link] = float(answer["mbit"])
                else:
                    errors[link] = str(answer.get("error"))
            errors |= {(row.node.name, name): "no answer" for name in missing}
        for child in started:
            _send(child, "end")
    return speeds, errors


def _start(running: contextlib.ExitStack, row: Facts, stack: str) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [
            "timeout",
            str(MEASURED_S),
            *command(row.node, stack, "measure", {"address": row.address}),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    running.enter_context(child)
    running.callback(child.kill)
    return child


def _answer(child: subprocess.Popen[str]) -> dict[str, Any]:
    return _parsed(child.stdout.readline() if child.stdout else "")


def _parsed(line: str) -> dict[str, Any]:
    """Return an answer of a node; what is no mapping counts as none."""
    with contextlib.suppress(ValueError):
        answer: Any = parse_json(line)
        return answer if isinstance(answer, dict) else {}
    return {}


def _send(child: subprocess.Popen[str], line: str) -> None:
    with contextlib.suppress(OSError):
        if child.stdin:
            child.stdin.write(f"{line}\n")
            child.stdin.flush()


def _broken(found: list[Facts], errors: dict[tuple[str, str], str]) -> StackError:
    """Return the error that names the node all of whose links are broken, or else the links."""
    interfaces = {row.node.name: f"{row.node.name} ({row.interface})" for row in found}
    cut = set(errors) | {(b, a) for a, b in errors}
    pairs = len(found) - 1
    alone = [name for name in interfaces if sum(a == name for a, _ in cut) == pairs > 1]
    links = [f"{interfaces[a]} to {interfaces[b]}: {why}" for (a, b), why in sorted(errors.items())]
    what = f"No other node reaches {interfaces[alone[0]]}." if len(alone) == 1 else "A link is cut."
    return StackError(
        what
        if len(alone) == 1 or len(links) == 1
        else f"{len(links)} links between nodes are cut.",
        "\n".join(links),
        "Check cable, address and firewall there, or choose another interface: --interface NAME.",
        code="training.broken-link",
    )


def _fast_enough(found: list[Facts], links: dict[tuple[str, str], float]) -> None:
    rows = {row.node.name: row for row in found}
    usual = statistics.median(links.values()) if links else 0.0
    for (a, b), speed in sorted(links.items(), key=lambda item: item[1]):
        known = [rows[name].speed_mbit for name in (a, b)]
        expected = [OF_SPEED * value for value in known if value] + [OF_MEDIAN * usual]
        if speed < max(expected):
            raise StackError(
                f"The link from {a} ({rows[a].interface}) to {b} ({rows[b].interface}) is slow.",
                f"It carries {speed:.0f} Mbit/s; at least {max(expected):.0f} were expected of its "
                "interface and of the other links.",
                "Check its cable and its settings, or choose another interface: --interface NAME.",
                code="training.slow-link",
            )
