"""Options of the modules that patch a source tree."""

from __future__ import annotations


class ModuleDocFragment:
    """The tree, whether patches are applied or undone, and the versions that decide which."""

    DOCUMENTATION = r"""
options:
  path:
    description: The root of a checkout, or the folder of the installed package.
    type: path
    required: true
  state:
    description:
      - V(present) applies the patches that the tree needs.
      - V(absent) undoes them.
    type: str
    choices: [absent, present]
    default: present
  versions:
    description:
      - Versions in the environment that will use the tree, by package name (torch, torchvision,
        numpy, setuptools, pillow).
      - A patch that these versions do not need is left out. A package that is not listed counts as
        needing its patches. Not used for patches that are selected by id.
    type: dict
    default: {}
notes:
  - Each edit is located in the syntax tree, keeps every other byte, and is verified before
    anything is written. Either all selected patches are applied, or none.
  - The originals are saved in C(.slowfast-stack) in the tree, which git ignores, so that
    O(state=absent) restores every byte.
"""
