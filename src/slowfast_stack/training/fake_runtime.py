"""The fake CUDA runtime of rehearsals, built once for each environment into the user's cache."""

from __future__ import annotations

import hashlib
import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import ownership
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.cuda import fake_runtime
from ansible_collections.slowfast.stack.plugins.module_utils._stack.cuda.fake_runtime import (
    HEADER,
    LIBRARY,
    TEXT,
    NotBuilt,
)

if TYPE_CHECKING:
    from slowfast_stack.training.installed import Installed

# The programs belong to the proof, which runs them on hosts that have only the collection.
PROGRAMS = Path(fake_runtime.__file__).parents[4] / "roles/proof/files/rehearsal"
SOURCE = PROGRAMS / "fake_cuda.c"
# What to do about each code of NotBuilt.
HINTS = {
    "rehearsal.no-compiler": "Install a C compiler; without one only the rules of config check apply.",
    "rehearsal.no-headers": "Install nvidia-cuda-runtime of the same CUDA version into the environment.",
    "rehearsal.cpu-torch": "Rehearse for the CPU with --gpus 0, or on a stack that was planned for a GPU.",
    "rehearsal.not-compiled": "Install the headers of the C library, such as libc6-dev; "
    "only static rules apply until then.",
}


class NotRehearsed(StackError):
    """Nothing was rehearsed, so nothing is known of the configuration."""


def cache() -> Path:
    """Return the folder of built runtimes, by the XDG convention."""
    place = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(place).expanduser() / "slowfast-stack" / "rehearsal"


def folder(stack: Installed) -> Path:
    """Return the folder of a runtime for the PyTorch of a stack, built where it does not exist.

    The source is compiled once for each (source, compiler, headers of the environment). Raises
    NotRehearsed; as root StackError, where another user could change the folder.
    """
    try:
        headers = fake_runtime.headers(
            sorted((stack.stack / "env" / "lib").glob("python3*/site-packages"))
        )
        compiler = fake_runtime.compiler()
        identity = f"{SOURCE.read_text()}{TEXT}{compiler}{platform.machine()}"
        identity += (headers / HEADER).read_text(errors="replace")
        place = cache() / hashlib.sha256(identity.encode()).hexdigest()[:16]
        ownership.require_private(place)
        if not (place / LIBRARY).is_file():
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            fake_runtime.build(SOURCE, place, compiler, headers)
    except NotBuilt as error:
        raise NotRehearsed(
            "The configuration was not rehearsed.",
            str(error),
            HINTS[error.code],
            code=error.code,
        ) from error
    return place
