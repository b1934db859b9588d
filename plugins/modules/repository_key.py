#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adapter of `_stack.driver.openpgp`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: repository_key
short_description: Place the signing key of a package repository, known by its fingerprint
version_added: 0.1.0
description:
  - Fetches an OpenPGP key, checks that it is exactly the key of the given fingerprint, and only then puts it where
    the package manager finds it. A key that is already there and right costs no request.
  - Needs no gpg on the target, and tells in check mode whether the key would be accepted.
author: slowfast.stack contributors (!UNKNOWN)
extends_documentation_fragment: slowfast.stack.attributes
options:
  url:
    description: Where the key is published; an address, or an absolute path on the target.
    type: str
    required: true
  path:
    description: Where the key shall lie.
    type: path
    required: true
  fingerprint:
    description: The full fingerprint; spaces do not count.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Trust the key of the repository
  slowfast.stack.repository_key:
    url: https://developer.download.nvidia.com/compute/cuda/repos/debian12/x86_64/3bf863cc.pub
    path: /etc/apt/keyrings/slowfast-stack-nvidia.asc
    fingerprint: EB693B3035CD5710E231E123A4B469963BF863CC
"""

RETURN = r"""
path:
  description: Where the key lies.
  type: str
  returned: always
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.slowfast.stack.plugins.module_utils._module import run_module
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.files import atomic_write
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.http import opened
from ansible_collections.slowfast.stack.plugins.module_utils._stack.driver.openpgp import (
    require_key,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMEOUT_S = 60

SPEC = {
    "url": {"type": "str", "required": True},
    "path": {"type": "path", "required": True},
    "fingerprint": {"type": "str", "required": True},
}


def act(want: Mapping[str, Any], check: bool) -> dict[str, Any]:
    """Keep the key that is there and right; otherwise fetch, check, place."""
    path, fingerprint = Path(want["path"]), want["fingerprint"]
    result = {"changed": True, "path": str(path)}
    if path.is_file():
        try:
            require_key(path.read_bytes(), fingerprint, str(path))
        except StackError:
            result["diff"] = {"before": "another key\n", "after": f"{fingerprint}\n"}
        else:
            return {**result, "changed": False}
    data = _fetch(want["url"])
    require_key(data, fingerprint, want["url"])
    if not check:
        _place(path, data)
    return result


def _fetch(url: str) -> bytes:
    try:
        if url.startswith("/"):
            return Path(url).read_bytes()
        with opened(url, TIMEOUT_S) as answer:
            return answer.read()
    except (OSError, ValueError) as error:
        raise StackError(
            f"The package key at {url} cannot be fetched.",
            f"{error}.",
            "Check network and proxy of the target, or name a mirror in `nvidia_repository_base`.",
            code="repository.key-unreachable",
        ) from error


def _place(path: Path, data: bytes) -> None:
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    # apt reads it as its own user.
    atomic_write(path, data, mode=0o644)


def main() -> None:
    """Run the module."""
    run_module(SPEC, act)


if __name__ == "__main__":
    main()
