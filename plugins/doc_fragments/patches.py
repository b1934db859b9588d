"""What the modules that patch a source tree have in common."""

from __future__ import annotations


class ModuleDocFragment:
    """The tree, whether its patches are made or taken back, and the versions that decide which."""

    DOCUMENTATION = r"""
options:
  path:
    description: The root of a checkout, or the folder of the installed package.
    type: path
    required: true
  state:
    description:
      - V(present) makes the patches that the tree needs.
      - V(absent) takes them back.
    type: str
    choices: [absent, present]
    default: present
  versions:
    description:
      - Versions of the environment that the tree is for, by package name (torch, torchvision,
        python, numpy, setuptools, av, pillow).
      - A patch that these versions do not need is left out; an unknown version needs every patch.
        Ignored for patches that are named.
    type: dict
    default: {}
notes:
  - Each edit finds its place in the syntax tree, keeps every other byte, and is verified before
    anything is written. Either all patches asked for are made, or none.
  - The originals are kept in C(.slowfast-stack) in the tree, which git ignores, so that
    O(state=absent) restores every byte.
"""
