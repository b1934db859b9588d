"""Write the SBOM of a stack: equal contents give equal bytes.

The library of CycloneDX writes all components but files: it takes 20 seconds for 28,000 of them.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6

from ansible_collections.slowfast.stack.plugins.module_utils._stack.contents.model import UNOWNED
from slowfast_stack.sbom import components
from slowfast_stack.version import __version__

if TYPE_CHECKING:
    from ansible_collections.slowfast.stack.plugins.module_utils._stack.contents.model import (
        Contents,
        File,
        Library,
    )
    from slowfast_stack.facts import Lock

# What names the SBOMs of this project among all UUIDs of version 5.
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "slowfast-stack.sbom")


def text(host: str, lock: Lock, contents: Contents) -> str:
    """Return the SBOM of a host as CycloneDX 1.6 JSON, with every file of the stack.

    The time is that of the lock. Raises ``StackError``.
    """
    said = with_files(host, lock, contents)
    serial = uuid.uuid5(_NAMESPACE, json.dumps(said))
    return json.dumps({**said, "serialNumber": f"urn:uuid:{serial}"}, indent=1) + "\n"


def with_files(host: str, lock: Lock, contents: Contents) -> dict[str, Any]:
    """Return the document without a serial number. Raises ``StackError``.

    Each file is inside of the component that provides it; what nothing provides is a component of
    its own.
    """
    said = _without_files(host, lock, contents)
    rows, libraries = defaultdict(list), contents.libraries
    holders = components.holders(contents)
    for file in contents.files:
        rows[holders[file.part]].append(_file(file, libraries.get(file.path)))
    for component in said["components"]:
        if component["bom-ref"] in rows:
            component["components"] = rows[component["bom-ref"]]
    said["components"] += rows[UNOWNED]
    return said


def _without_files(host: str, lock: Lock, contents: Contents) -> dict[str, Any]:
    """Return the document without files and serial number. Raises ``StackError``."""
    plan = lock.plan
    stack = Component(
        name=f"SlowFast stack of {host}",
        version=plan.id,
        type=ComponentType.APPLICATION,
        bom_ref="stack",
        properties=components.properties(
            profile=plan.profile,
            architectures=plan.torch.arch_list,
            patches=" ".join(plan.patches),
            notes="\n".join(contents.notes) or None,
            files=len(contents.files),
            **lock.compilers,
        ),
    )
    bom = Bom(components=components.of(lock, contents))
    bom.metadata.component = stack
    bom.metadata.timestamp = dt.datetime.fromtimestamp(contents.recorded, dt.UTC)
    maker = Component(name="slowfast-stack", version=__version__, type=ComponentType.APPLICATION)
    bom.metadata.tools.components.add(maker)
    bom.register_dependency(stack, list(bom.components))
    for package, inner in components.inside(bom, contents):
        bom.register_dependency(package, inner)
    said: dict[str, Any] = json.loads(JsonV1Dot6(bom).output_as_string())
    del said["serialNumber"]
    return said


def _file(file: File, library: Library | None) -> dict[str, Any]:
    """Return a file as a component."""
    facts: dict[str, object] = {"link": file.link or None}
    if library:
        facts |= {
            "soname": library.soname or None,
            "needed": " ".join(library.needed) or None,
            "build_id": library.build_id or None,
        }
    rows = [{"name": row.name, "value": row.value} for row in components.properties(**facts)]
    unowned = file.part == UNOWNED
    if unowned:
        rows += [
            {"name": row.name, "value": row.value} for row in components.properties(owner="none")
        ]
    return {
        "type": "file",
        "name": file.path,
        **({"hashes": [{"alg": "SHA-256", "content": file.sha256}]} if file.sha256 else {}),
        **({"properties": rows} if rows else {}),
    }
