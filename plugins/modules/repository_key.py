#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adapter of `_stack.host.signing_key`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: repository_key
short_description: Install the signing key of a package repository after checking its fingerprint
version_added: 0.1.0
description:
  - Downloads an OpenPGP key, checks with C(gpg) that it is exactly the key of the given fingerprint, and only then writes it to the
    file that the package manager reads. A correct key that already exists is not downloaded again.
  - Check mode downloads and checks the key, except on a host without C(gpg).
author: slowfast.stack contributors (!UNKNOWN)
extends_documentation_fragment: slowfast.stack.attributes
options:
  url:
    description: The address of the key, or an absolute path on the target.
    type: str
    required: true
  path:
    description: The file to write.
    type: path
    required: true
  fingerprint:
    description: The full fingerprint; spaces and case are ignored.
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
  description: The file with the key.
  type: str
  returned: always
"""

import shutil
from pathlib import Path

from ..module_utils._module import Params, Result, run_module
from ..module_utils._stack.core import names, scratch
from ..module_utils._stack.core.errors import StackError
from ..module_utils._stack.core.files import atomic_write
from ..module_utils._stack.core.http import opened
from ..module_utils._stack.core.process import Commands
from ..module_utils._stack.host import signing_key

TIMEOUT_S = 60

SPEC = {
    "url": {"type": "str", "required": True},
    "path": {"type": "path", "required": True},
    "fingerprint": {"type": "str", "required": True},
}


def act(params: Params, check: bool) -> Result:
    """Keep a correct key; otherwise download, check and write it."""
    names.address(params["url"], "url")
    path, fingerprint, commands = Path(params["path"]), params["fingerprint"], Commands()
    result = {"changed": True, "path": str(path)}
    if check and not shutil.which(signing_key.GPG):
        return {**result, "changed": not path.is_file()}
    if path.is_file():
        try:
            signing_key.require(commands, path, fingerprint, str(path))
        except StackError:
            result["diff"] = {"before": "another key\n", "after": f"{fingerprint}\n"}
        else:
            return {**result, "changed": False}
    with scratch.folder() as folder:
        downloaded = folder / "key"
        downloaded.write_bytes(_fetch(params["url"]))
        signing_key.require(commands, downloaded, fingerprint, params["url"])
        if not check:
            path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            # apt reads it as a user of its own.
            atomic_write(path, downloaded.read_bytes(), mode=0o644)
    return result


def _fetch(url: str) -> bytes:
    try:
        if url.startswith("/"):
            return Path(url).read_bytes()
        with opened(url, TIMEOUT_S) as answer:
            return answer.read()
    except (OSError, ValueError) as error:
        raise StackError(
            f"The signing key at {url} cannot be downloaded.",
            f"{error}.",
            "Check network and proxy of the target, or name a mirror in `nvidia_repository_base`.",
            code="repository.key-unreachable",
        ) from error


def main() -> None:
    run_module(SPEC, act)


if __name__ == "__main__":
    main()
