"""A prefix whose current stack looks proven: a few files, their record, evidence and lock."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.slowfast.stack.plugins.module_utils._known_files import (
    package_hashes,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import saved
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment import (
    evidence,
    lock,
    lock_record,
    prefix,
    stack_files,
    stacks,
)

SITE = "env/lib/python3.11/site-packages"


def make(
    folder: Path, host: Mapping[str, Any], plan: Mapping[str, Any], program: Mapping[str, str]
) -> Path:
    """Create the prefix for a host and its plan; return the folder of the stack."""
    stack = folder / "stacks" / str(plan["id"])
    prefix.claim(folder, stack)
    for path, text in {
        f"{SITE}/six.py": "six = 6\n",
        f"{SITE}/six-1.17.0.dist-info/RECORD": "six.py,,\nsix-1.17.0.dist-info/RECORD,,\n",
        "src/slowfast/setup.py": "setup()\n",
        "src/detectron2/setup.py": "setup()\n",
        "src/pytorchvideo/setup.py": "setup()\n",
        "activate": "# activate\n",
        **{f"proof/program/{name}": f"{text}\n" for name, text in program.items()},
    }.items():
        (stack / path).parent.mkdir(parents=True, exist_ok=True)
        (stack / path).write_text(text)
    (stack / "env" / "bin").mkdir()
    (stack / "env" / "bin" / "python").symlink_to(sys.executable)
    saved.write(stack / "proof" / evidence.PLAN, plan)
    stack_files.save(stack, stack_files.taken(stack))
    subject = evidence.Subject(stack, plan, program)
    found = evidence.Evidence(
        ok=True,
        claims=({"id": "a", "ok": True},),
        fingerprint=evidence.fingerprint(subject),
        plan=stack.name,
    )
    saved.save(stack / "proof" / evidence.EVIDENCE, found)
    known = package_hashes(dict(plan))
    made = lock_record.record(Commands(), lock_record.Subject(stack, plan, host))
    lock.write(made, stack / lock.FILE)
    lock.note(stack, lock.inputs(plan, host, known))
    stacks.switch(folder, stack.name)
    return stack
