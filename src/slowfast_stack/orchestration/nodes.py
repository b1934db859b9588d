"""The hosts of an inventory group as nodes, and the command that starts a program on each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import shell
from slowfast_stack.exit_codes import UsageError

if TYPE_CHECKING:
    from slowfast_stack.orchestration.inventory import Inventory

_CONNECTIONS = ("ssh", "smart", "local", "ansible.builtin.ssh", "ansible.builtin.local")
_ALIVE = ("ConnectTimeout=10", "ServerAliveInterval=5", "ServerAliveCountMax=3", "BatchMode=yes")


@dataclass(frozen=True)
class Node:
    """A host by its name in the inventory, its address, and how a command of a shell reaches it."""

    name: str
    address: str
    way: tuple[str, ...]

    def command(self, words: list[str]) -> list[str]:
        """Return the arguments that run a program there; a shell of the node reads the words."""
        return [*self.way, shell.join(words)]


def of_group(listed: Inventory, group: str) -> list[Node]:
    """Return the hosts of a group, in its order. Raises UsageError."""
    names = listed.hosts(group)
    if not names:
        raise UsageError(
            f"The group {group} has no host.",
            f"The inventory has the groups {', '.join(listed.groups)}.",
            "Give one of them: train --nodes GROUP.",
            code="inventory.no-host",
        )
    return [_node(name, listed.variables(name)) for name in names]


def _node(name: str, given: dict[str, Any]) -> Node:
    connection = str(given.get("ansible_connection", "ssh"))
    values = [str(value) for key, value in given.items() if key.startswith("ansible_")]
    if connection not in _CONNECTIONS or any("{{" in value for value in values):
        raise UsageError(
            f"{name} cannot be a node.",
            f"Its connection is {connection}; nodes are reached by ssh, with variables that are no "
            "templates.",
            "Write ansible_host, ansible_port and ansible_user into the inventory.",
            code="training.unsupported-node",
        )
    address = str(given.get("ansible_host", name))
    if connection.endswith("local"):
        return Node(name, address if "ansible_host" in given else "127.0.0.1", ("sh", "-c"))
    way = ["ssh", *(word for option in _ALIVE for word in ("-o", option))]
    for key in ("ansible_ssh_common_args", "ansible_ssh_extra_args"):
        way += shell.split(str(given.get(key, "")), f"{key} of {name}")
    port, file = given.get("ansible_port"), given.get("ansible_ssh_private_key_file")
    way += ["-p", str(port)] if port else []
    way += ["-i", str(Path(str(file)).expanduser())] if file else []
    way += ["-l", str(given["ansible_user"])] if given.get("ansible_user") else []
    return Node(name, address, (*way, "--", address))
