"""Before a training over several nodes: the same stack on each, clocks, links, and an all-reduce."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import process
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.display import escaped
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from slowfast_stack.exit_codes import Exit
from slowfast_stack.training import node_answers

if TYPE_CHECKING:
    from slowfast_stack.orchestration.nodes import Node

PROGRAM = Path(__file__).parent / "program" / "node.py"
ANSWER_S, MEASURED_S = 30, 60
# Seconds that clocks may differ; a link is slow below these shares of its speed, and of the median.
CLOCKS_S, OF_SPEED, OF_MEDIAN = 30.0, 0.1, 0.2
# An all-reduce has the data of about a second. Above this speed processors limit it, and not the link.
_LEAST_BYTES, _MOST_BYTES, _OF_LINK_MBIT = 1 << 20, 64 << 20, 1000.0


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
    """Nodes that fit together, Mbit/s of each link, and those of an all-reduce on every link."""

    nodes: list[Facts]
    mbit: dict[tuple[str, str], float]
    all_reduce_mbit: float

    @property
    def slowest(self) -> tuple[str, str]:
        """Return the pair of nodes whose link carries least."""
        return min(self.mbit, key=lambda pair: self.mbit[pair])

    def summary(self) -> str:
        """Return what was found as a line."""
        (a, b), least = self.slowest, self.mbit[self.slowest]
        return (
            f"{len(self.nodes)} nodes reach each other, the slowest link is {a} to {b} with {least:.0f} "
            f"Mbit/s. An all-reduce carries {self.all_reduce_mbit:.0f} Mbit/s on each link, "
            f"{self.all_reduce_mbit / least:.0%} of it."
        )

    def as_dict(self) -> dict[str, object]:
        """Return everything as plain data."""
        rows = [{"from": a, "to": b, "mbit": speed} for (a, b), speed in sorted(self.mbit.items())]
        named = ("interface", "address", "stack", "clock_s", "speed_mbit")
        nodes = [
            {"name": f.node.name} | {key: getattr(f, key) for key in named} for f in self.nodes
        ]
        slowest = dict(zip(("from", "to"), self.slowest, strict=True))
        return {
            "nodes": nodes,
            "links": rows,
            "slowest": slowest,
            "all_reduce_mbit": self.all_reduce_mbit,
        }


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
    argv = command(node, stack, "facts", spec)
    done = process.Commands().within(ANSWER_S).run(argv)
    if done.rc:
        raise _failed(node, stack, done)
    said = node_answers.facts(done.output)
    if said is None:
        raise _unreachable(node, "Its answer is not that of the program.")
    return _complete(node, said, (started + time.time()) / 2, interface)


def _unreachable(node: Node, cause: str) -> Unreachable:
    hint = f"Try it: ansible {node.name} -m ping; or leave the node out of the group."
    return Unreachable(f"{node.name} cannot be reached.", cause, hint)


def _failed(node: Node, stack: str, done: process.Finished) -> StackError:
    cause = escaped(done.output.strip()[-500:]) or f"exit code {done.rc}"
    if done.rc in (126, 127):
        return StackError(
            f"There is no finished stack in {stack} of {node.name}.",
            cause,
            f"Build it: slowfast-stack up -i INVENTORY --limit {node.name}",
            code="stack.not-installed",
        )
    return _unreachable(node, cause)


def _complete(node: Node, said: node_answers.Said, now: float, interface: str | None) -> Facts:
    if said.stack is None or not said.program:
        raise StackError(
            f"{node.name} has no complete stack.",
            "Its lock, or upstream's tools/run_net.py, is missing.",
            f"Build it: slowfast-stack up -i INVENTORY --limit {node.name}",
            code="stack.not-installed",
        )
    if said.interface is None or said.address is None or said.port is None:
        cause = f"It has no address on {interface or 'the way to the other nodes'}."
        hint = "Name the interface that connects the nodes: --interface NAME."
        raise StackError(f"{node.name} cannot join.", cause, hint, code="training.broken-link")
    if said.time is None:
        raise _unreachable(node, "Its answer is not that of the program.")
    return Facts(
        node,
        said.interface,
        said.address,
        said.port,
        said.stack,
        round(said.time - now, 2),
        said.speed_mbit,
    )


def check(nodes: list[Node], stack: str, interface: str | None) -> Checked:
    """Check that nodes can train together. Raises StackError, which names what cannot."""
    found = facts(nodes, stack, interface)
    _same_stack(found)
    _same_clock(found)
    links, errors = measured(found, stack)
    if errors:
        raise _broken(found, errors)
    _fast_enough(found, links)
    checked = Checked(found, links, 0.0)
    reduced = _all_reduce(found, stack, links[checked.slowest])
    _reduces_enough(checked, reduced)
    return Checked(found, links, reduced)


def _same_clock(found: list[Facts]) -> None:
    # The clock of this machine may be the wrong one.
    usual = statistics.median_low(row.clock_s for row in found)
    late = max(found, key=lambda row: abs(row.clock_s - usual))
    apart = late.clock_s - usual
    if abs(apart) > CLOCKS_S:
        others = "that of the other node" if len(found) == 2 else "those of the other nodes"  # noqa: PLR2004
        raise StackError(
            f"The clock of {late.node.name} differs from {others} by {apart:.0f} s.",
            "Logs and checkpoints of the nodes would not be in order.",
            "Start a time service there, such as chrony, and see that the others have one.",
            code="training.nodes-differ",
        )


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
        started = [
            _start(running, row, stack, "measure", {"address": row.address}) for row in found
        ]
        ports = [node_answers.port(node_answers.read(child.stdout)) for child in started]
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
                answer = node_answers.read(child.stdout)
                peer = answer.get("peer")
                if not isinstance(peer, str) or peer not in missing:
                    break
                missing.discard(peer)
                speed = node_answers.mbit(answer)
                if speed is not None:
                    speeds[row.node.name, peer] = speed
                else:
                    errors[row.node.name, peer] = node_answers.reason(answer)
            errors |= {(row.node.name, name): "no answer" for name in missing}
        for child in started:
            _send(child, "end")
    return speeds, errors


def _all_reduce(found: list[Facts], stack: str, slowest: float) -> float:
    """Return Mbit/s of each link in an all-reduce of all nodes, with the torch of the stack."""
    size = int(min(max(slowest * 1e6 / 8, _LEAST_BYTES), _MOST_BYTES))
    speeds, errors = dict[str, float](), list[str]()
    with contextlib.ExitStack() as running:
        children = []
        for rank, row in enumerate(found):
            spec = {"address": found[0].address, "port": found[0].port, "own": row.address}
            spec |= {"rank": rank, "nodes": len(found), "interface": row.interface, "bytes": size}
            children.append(_start(running, row, stack, "reduce", spec))
        for row, child in zip(found, children, strict=True):
            answer = node_answers.read(child.stdout)
            speed = node_answers.mbit(answer)
            if speed is None:
                errors.append(f"{row.node.name} ({row.interface}): {node_answers.reason(answer)}")
            else:
                speeds[row.node.name] = speed
    if errors:
        raise StackError(
            "The nodes reach each other, but an all-reduce of all failed.",
            "\n".join(errors),
            "Let every TCP port between the nodes pass, or choose another interface: --interface NAME.",
            code="training.broken-link",
        )
    return min(speeds.values())


def _reduces_enough(checked: Checked, reduced: float) -> None:
    (a, b), least = checked.slowest, checked.mbit[checked.slowest]
    expected = OF_SPEED * min(least, _OF_LINK_MBIT)
    if reduced < expected:
        raise StackError(
            f"An all-reduce of the nodes carries {reduced:.0f} Mbit/s only.",
            f"The slowest link, {a} to {b}, carries {least:.0f}; at least {expected:.0f} were expected.",
            "Check delay and losses of that link, or choose another interface: --interface NAME.",
            code="training.slow-link",
        )


def _start(
    running: contextlib.ExitStack,
    row: Facts,
    stack: str,
    verb: str,
    spec: dict[str, object],
) -> subprocess.Popen[bytes]:
    child = subprocess.Popen(
        ["timeout", str(MEASURED_S), *command(row.node, stack, verb, spec)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    running.enter_context(child)
    running.callback(child.kill)
    return child


def _send(child: subprocess.Popen[bytes], line: str) -> None:
    with contextlib.suppress(OSError):
        if child.stdin:
            # What a buffer kept for a node that has ended would fail where it is closed.
            os.write(child.stdin.fileno(), f"{line}\n".encode())


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
