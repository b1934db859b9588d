"""What every module of this collection has in common."""

from __future__ import annotations


class ModuleDocFragment:
    """The attributes of modules that act on a Linux host, in check mode too."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    support: full
    description: Reports what would change, and changes nothing.
  diff_mode:
    support: full
    description: Shows what changes, where there is something to show.
  platform:
    support: full
    platforms: linux
    description: The operating system of the target.
"""
