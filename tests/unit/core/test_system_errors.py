"""What the operating system refuses, named by its number; a folder for temporary files without space."""

from __future__ import annotations

import errno
import os
import resource
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import system_errors
from support.errors import fails
from support.users import as_user, user_folder


@pytest.mark.parametrize(
    ("number", "cause"),
    [
        (errno.ENOSPC, "full"),
        (errno.EDQUOT, "quota"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "denied"),
        (errno.EPERM, "not permitted"),
        (errno.EIO, "device"),
        (errno.EMFILE, "This process has too many"),
        (errno.ENFILE, "The system has too many"),
        (errno.ENOMEM, "memory"),
        (errno.ELOOP, "circle"),
        (errno.ENAMETOOLONG, "too long"),
    ],
)
def test_a_refusal_is_named_with_its_file(number: int, cause: str) -> None:
    found = system_errors.of_the_system(OSError(number, os.strerror(number), "/the/file"))
    assert found is not None
    assert found.code == "system.refused"
    assert cause in found.cause
    assert found.message.startswith("/the/file ")
    unnamed = system_errors.of_the_system(OSError(number, os.strerror(number)))
    assert unnamed is not None
    assert "None" not in unnamed.message


@pytest.mark.parametrize("error", [OSError("text"), OSError(errno.ENOENT, "x", "f"), OSError()])
def test_another_fault_is_not_explained(error: OSError) -> None:
    assert system_errors.of_the_system(error) is None


def test_a_missing_temporary_folder_is_the_systems() -> None:
    # As tempfile raises it.
    error = FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")
    found = system_errors.of_the_system(error)
    assert found is not None
    assert (found.code, "TMPDIR" in found.hint) == ("system.refused", True)


def test_a_mebibyte_is_tried_and_not_left(tmp_path: Path) -> None:
    system_errors.require_temporary_space(tmp_path)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        for size, enough in ((1024 * 1024, True), (1024 * 1024 - 1, False)):
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
            if enough:
                system_errors.require_temporary_space(tmp_path)
                continue
            with fails("system.refused", tmp_path):
                system_errors.require_temporary_space(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


def test_a_temporary_folder_of_another_user_is_refused_with_the_reason() -> None:
    with user_folder() as folder:
        folder.chmod(0o555)

        def act() -> None:
            with fails("system.refused", "Access was denied."):
                system_errors.require_temporary_space(folder)

        as_user(act)
