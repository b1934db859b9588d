"""The hosts and groups of an inventory, as Ansible lists them."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.validation import (
    parse_json,
)
from slowfast_stack.exit_codes import UsageError
from slowfast_stack.orchestration import ansible

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Inventory:
    """What `ansible-inventory --list` prints."""

    data: dict[str, Any]

    @property
    def groups(self) -> list[str]:
        """Return the names of all groups."""
        return sorted(name for name in self.data if name != "_meta")

    def hosts(self, group: str = "all") -> list[str]:
        """Return the hosts of a group and of the groups in it, each once; none of an unknown group."""
        found, queue = dict[str, None](), [group]
        seen = {"_meta"}
        while queue:
            name = queue.pop(0)
            if name not in seen and name in self.data:
                seen.add(name)
                found |= dict.fromkeys(self.data[name].get("hosts", []))
                queue += self.data[name].get("children", [])
        return list(found)

    def variables(self, host: str) -> dict[str, Any]:
        """Return the variables of a host."""
        found: dict[str, Any] = self.data["_meta"]["hostvars"].get(host, {})
        return found


def read(path: Path, limit: str | None = None) -> Inventory:
    """Return the hosts of an inventory, of those that a pattern allows. Raises UsageError."""
    argv = ["ansible-inventory", "--list", "-i", str(path)]
    argv += ["--limit", limit] if limit else []
    environment = os.environ | ansible.environment("")
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UsageError(
            f"{path} cannot be read as an inventory.",
            done.stderr.strip()[-1000:],
            f"Correct it, then try: ansible-inventory --list -i {path}",
            code="inventory.no-host",
        )
    return Inventory(parse_json(done.stdout))
