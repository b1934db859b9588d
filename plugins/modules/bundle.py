#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read, verify and extract a bundle."""

from __future__ import annotations

DOCUMENTATION = r"""
module: bundle
short_description: Read, verify and extract a bundle
version_added: 0.1.0
description:
  - A bundle contains everything that a host without a network needs; C(slowfast-stack bundle create) writes it.
  - Without O(folder), only its manifest is read, on the controller. It is used only with a signature that is trusted (see
    C(slowfast-stack sign)), with O(digest), or with O(unsigned).
  - With O(folder), every byte is verified while it is extracted there; the folder appears complete, by one rename, or not at
    all. O(digest) covers every byte, so that a target extracts what the controller decided to trust.
author: slowfast.stack contributors (!UNKNOWN)
extends_documentation_fragment: slowfast.stack.attributes
options:
  file:
    description: The bundle, its first part, or the common name of its parts.
    type: path
    required: true
  digest:
    description: The digest that the bundle must have, as C(slowfast-stack bundle create) prints it; needed with O(folder).
    type: str
  unsigned:
    description: Whether to use a bundle without a signature.
    type: bool
    default: false
  allowed_signers:
    description:
      - Who is trusted to sign bundles, a file as in ssh-keygen(1).
      - By default C(~/.config/slowfast-stack/allowed_signers) and C(/etc/slowfast-stack/allowed_signers).
    type: path
  folder:
    description: The folder to extract it into.
    type: path
  extract:
    description: Whether to extract; V(false) only reports whether that was done.
    type: bool
    default: true
  wheels:
    description: The cache of built wheels to which those of the bundle are copied.
    type: path
"""

EXAMPLES = r"""
- name: Read a bundle that is signed
  slowfast.stack.bundle:
    file: /media/usb/slowfast-stack.bundle
  delegate_to: localhost
  register: head

- name: Extract the bundle
  slowfast.stack.bundle:
    file: /media/usb/slowfast-stack.bundle
    digest: "{{ head.bundle.digest }}"
    folder: /opt/slowfast-stack/cache/bundles/0123456789abcdef
"""

RETURN = r"""
bundle:
  description: The manifest without members, with C(digest) and C(files); the request of the filter plan takes it.
  type: dict
  returned: without a folder
extracted:
  description: Whether the folder contains the bundle.
  type: bool
  returned: with a folder
"""

from pathlib import Path

from ..module_utils import _trust
from ..module_utils._module import Params, Result, run_module
from ..module_utils._stack.bundle import extract

SPEC = {
    "file": {"type": "path", "required": True},
    "digest": {"type": "str"},
    "unsigned": {"type": "bool", "default": False},
    "allowed_signers": {"type": "path"},
    "folder": {"type": "path"},
    "extract": {"type": "bool", "default": True},
    "wheels": {"type": "path"},
}


def act(params: Params, check: bool) -> Result:
    """Read the manifest, or extract the bundle."""
    file = Path(params["file"])
    if not params["folder"]:
        return {"changed": False, "bundle": _trusted(file, params)}
    folder, wheels = Path(params["folder"]), params["wheels"]
    digest = _trust.digest(params["digest"] or "", "digest")
    complete = extract.is_extracted(folder, digest)
    if check or not params["extract"]:
        return {"changed": params["extract"] and not complete, "extracted": complete}
    if not complete:
        extract.extract(file, folder, digest)
    new = extract.copy_built_wheels(folder, Path(wheels)) if wheels else []
    return {"changed": bool(new) or not complete, "extracted": True}


def _trusted(file: Path, params: Params) -> dict[str, object]:
    signers, digest = params["allowed_signers"], params["digest"]
    contents = extract.head(file)
    accepted = _trust.Accepted(
        (digest,) if digest else (), params["unsigned"], Path(signers) if signers else None
    )
    _trust.require(extract.subject(file, contents), accepted)
    return extract.facts(file, contents)


def main() -> None:
    run_module(SPEC, act, data=("file",))


if __name__ == "__main__":
    main()
