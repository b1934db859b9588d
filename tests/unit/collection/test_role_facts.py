"""Facts that roles and Python, or two roles, both need are the same in each of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import (
    driver_record,
    interrupted,
)

ROLES = Path(__file__).parents[3] / "roles"
# What the roles for driver and CUDA write outside of packages.
_WRITTEN = re.compile(r"/(?:etc|var/lib)/[\w./-]*slowfast-stack[\w./-]*\w")


def variables(role: str, name: str = "main") -> dict[str, Any]:
    found = yaml.safe_load((ROLES / role / "vars" / f"{name}.yml").read_text("utf-8"))
    assert isinstance(found, dict)
    return found


def test_the_toolkits_that_were_begun_are_read_from_the_file_that_the_role_writes() -> None:
    assert variables("cuda")["__cuda_begun"] == interrupted.TOOLKITS


def test_purge_removes_every_file_that_the_roles_write() -> None:
    unit = variables("nvidia_driver")["__nvidia_driver_resume_unit"]
    written = {driver_record.PATH, f"/etc/systemd/system/{unit}"}
    for role in ("cuda", "nvidia_driver", "nvidia_repository"):
        for part in ("tasks", "vars"):
            for path in (ROLES / role / part).glob("*.yml"):
                written.update(_WRITTEN.findall(path.read_text("utf-8")))
    removed = variables("purge")["__purge_written"].values()
    assert sorted(path for paths in removed for path in paths) == sorted(written)


@pytest.mark.parametrize("family", driver_record.LISTINGS)
def test_purge_lists_packages_as_the_driver_history_does(family: str) -> None:
    found = variables("purge", family)["__purge_listing_command"]
    assert tuple(found) == driver_record.LISTINGS[family]


def test_purge_releases_what_the_driver_role_holds() -> None:
    rows = []
    for path in (
        ROLES / "nvidia_driver" / "tasks" / "hold_dnf.yml",
        ROLES / "purge" / "tasks" / "release_dnf.yml",
    ):
        tasks = yaml.safe_load(path.read_text("utf-8"))
        (block,) = (
            task["ansible.builtin.blockinfile"]
            for task in tasks
            if "ansible.builtin.blockinfile" in task
        )
        rows.append((block["path"], block["marker"]))
    assert rows[0] == rows[1]
