"""What root uses: nothing that another user can change. Who is not root is asked nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils import _private
from ansible_collections.slowfast.stack.plugins.module_utils._runner import LocalRunner
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import (
    files,
    notices,
    ownership,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.download import part_of
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment import prefix
from support.errors import fails
from support.users import OTHER_USER, as_user, user_folder

TMP = "/tmp"  # noqa: S108
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root is protected")


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder in /tmp, whose sticky bit lets each user remove only their own files."""
    with tempfile.TemporaryDirectory(dir=TMP) as folder:
        Path(folder).chmod(0o755)
        path = Path(folder, "a", "b", "c")
        path.mkdir(parents=True)
        yield path


def _give(path: Path) -> None:
    os.chown(path, OTHER_USER, OTHER_USER, follow_symlinks=False)


def _link(path: Path, target: Path, *, of_another: bool) -> None:
    path.rename(target)
    path.symlink_to(target)
    if of_another:
        _give(path)


WEAK: dict[str, Callable[[Path], object]] = {
    "another owner": _give,
    "another owner above": lambda path: _give(path.parents[1]),
    "writable for everyone": lambda path: path.chmod(0o777),
    "writable for a group": lambda path: path.chmod(0o775),
    "writable for a group above": lambda path: path.parent.chmod(0o775),
    "sticky, but the folder itself": lambda path: path.chmod(0o1777),
    "a link of another user": lambda path: _link(path, path.with_name("d"), of_another=True),
    "a link to a folder of another user": lambda path: (
        _link(path, path.with_name("d"), of_another=False), _give(path.with_name("d")),
    ),
    "a link below a folder of another user": lambda path: (
        _link(path.parent, path.parents[1] / "d", of_another=False), _give(path.parents[1] / "d"),
    ),
}  # fmt: skip
PRIVATE: dict[str, Callable[[Path], object]] = {
    "as it is": lambda _path: None,
    "another group": lambda path: os.chown(path, 0, OTHER_USER),
    "sticky above": lambda path: path.parent.chmod(0o1777),
    "a link of root": lambda path: _link(path, path.with_name("d"), of_another=False),
    "a link that goes up": lambda path: (
        path.rename(path.with_name("d")), path.symlink_to(Path("..", "b", "d")),
    ),
    "absent": lambda path: path.rmdir(),
}  # fmt: skip


@needs_root
@pytest.mark.parametrize("name", WEAK)
def test_root_does_not_use_what_another_user_can_change(name: str, place: Path) -> None:
    WEAK[name](place)
    with fails("file.untrusted", "chown root"):
        ownership.require_private(place)
    with fails("file.untrusted"):
        prefix.resolve(str(place))


@needs_root
@pytest.mark.parametrize("name", PRIVATE)
def test_root_uses_what_root_alone_can_change(name: str, place: Path) -> None:
    PRIVATE[name](place)
    ownership.require_private(place)
    assert prefix.resolve(str(place)) == place


@needs_root
def test_a_link_to_itself_ends(place: Path) -> None:
    (place / "link").symlink_to("link")
    with fails("file.untrusted"):
        ownership.require_private(place / "link")


@needs_root
def test_what_another_user_made_first_in_a_shared_folder_is_not_claimed(place: Path) -> None:
    place.chmod(0o1777)
    wanted = place / "prefix"

    def act() -> None:
        (wanted / "stacks" / "one").mkdir(parents=True)

    ownership.require_private(wanted)
    as_user(act)
    with fails("file.untrusted"):
        prefix.claim(wanted, wanted / "stacks" / "one")


def test_another_user_than_root_is_asked_nothing() -> None:
    with user_folder() as folder:
        folder.chmod(0o777)

        def act() -> None:
            ownership.require_private(folder)
            assert prefix.resolve(str(folder / "prefix")) == folder / "prefix"
            program = folder / "program"
            program.write_text("#!/bin/sh\necho ran\n")
            program.chmod(0o777)
            assert Commands().run([str(program)]).output == "ran\n"
            with files.locked(folder / "lock"):
                pass
            environment = {"HOME": str(folder), "UV_CACHE_DIR": TMP}
            _private.prepare(environment)
            assert environment == {"HOME": str(folder), "UV_CACHE_DIR": TMP}

        as_user(act)


@needs_root
def test_root_does_not_run_a_program_of_another_user(place: Path) -> None:
    program, ran = place / "program", place.parents[1] / "ran"
    program.write_text(f"#!/bin/sh\ntouch {ran}\n")
    program.chmod(0o755)
    _give(program)
    with fails("file.untrusted", str(program)):
        Commands().run([str(program)])
    assert not ran.exists()
    os.chown(program, 0, 0)
    assert Commands().run([str(program)]).rc == 0
    assert ran.exists()


def _theirs(path: Path) -> None:
    path.touch()
    _give(path)


PLANTED: dict[str, Callable[[Path], object]] = {
    "a link": lambda path: path.symlink_to(path.with_name("victim")),
    "a dangling link": lambda path: path.symlink_to(path.with_name("absent")),
    "a second name": lambda path: path.hardlink_to(path.with_name("victim")),
    "a pipe": os.mkfifo,
    "a file of another user": _theirs,
}


@needs_root
@pytest.mark.parametrize("name", PLANTED)
@pytest.mark.parametrize("path_of", [lambda path: path / "lock", lambda path: part_of(path / "x")])
def test_a_lock_or_part_that_another_user_planted_is_not_opened(
    name: str, path_of: Callable[[Path], Path], place: Path
) -> None:
    (place / "victim").write_text("precious")
    PLANTED[name](path_of(place))
    with fails("file.untrusted", str(path_of(place))), files.locked(path_of(place)):
        pass
    assert (place / "victim").read_text() == "precious"
    assert not (place / "absent").exists()


@pytest.mark.parametrize("name", ["a link", "a dangling link", "a second name", "a pipe"])
def test_a_planted_temporary_file_is_replaced_and_not_followed(name: str, place: Path) -> None:
    (place / "victim").write_text("precious")
    PLANTED[name](place / ".file.new")
    files.atomic_write(place / "file", "text", mode=0o600)
    assert (place / "file").read_text() == "text"
    assert not (place / "file").is_symlink()
    assert (place / "victim").read_text() == "precious"
    assert not (place / "absent").exists()
    assert not (place / ".file.new").is_symlink()


def _prepared(environment: dict[str, str], mask: int) -> tuple[dict[str, str], int, list[str]]:
    """Prepare an environment in a process with an umask; return both, and what was said."""
    code = (
        "import json, os, sys\n"
        "from ansible_collections.slowfast.stack.plugins.module_utils import _private\n"
        "from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import notices\n"
        "given = json.loads(sys.argv[1]); os.umask(int(sys.argv[2]))\n"
        "with notices.collected() as said: _private.prepare(given)\n"
        "print(json.dumps([given, os.umask(0), said]))"
    )
    argv = [sys.executable, "-c", code, json.dumps(environment), str(mask)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    return found[0], found[1], found[2]


@needs_root
@pytest.mark.parametrize("mask", [0o000, 0o002, 0o022, 0o077, 0o777])
def test_what_root_writes_has_one_mode_whatever_the_umask(mask: int) -> None:
    assert _prepared({}, mask)[1] == 0o022


@needs_root
def test_the_caches_of_who_called_sudo_are_not_used(place: Path) -> None:
    with user_folder() as home:
        given = {
            "HOME": str(home),
            "UV_CACHE_DIR": str(home / "new"),
            "UV_PYTHON_INSTALL_DIR": str(place),
            "XDG_CACHE_HOME": str(home / ".cache"),
            "XDG_STATE_HOME": str(home),
            "PYTHONPATH": f"{place}:{home}",
            "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
            "TMPDIR": TMP,
            "PATH": f"/usr/bin:{home}:{Path(sys.executable).parent}",
            "UV_INDEX_URL": "https://example.org/simple",
            "LANG": str(home),
        }
        found, _, said = _prepared(given, 0o022)
    assert found == {
        "HOME": "/root",
        "UV_PYTHON_INSTALL_DIR": str(place),
        "TMPDIR": TMP,
        "PATH": f"/usr/bin:{Path(sys.executable).parent}",
        "UV_INDEX_URL": "https://example.org/simple",
        "LANG": str(home),
    }
    names = sorted(set(given) - set(found) | {"HOME"})
    assert [text.split()[3] for text in said] == names
    assert {text.split()[0] for text in said} == {"[file.untrusted]"}


def test_only_data_may_be_of_another_user() -> None:
    spec = {"path": {"type": "path"}, "uv": {"type": "path"}, "name": {"type": "str"}}
    with user_folder() as folder:
        params = {"path": None, "uv": str(folder), "name": str(folder)}
        _private.require_places(spec, params, ("uv",))
        if os.geteuid() == 0:
            with fails("file.untrusted", str(folder)):
                _private.require_places(spec, params, ())


def test_a_collector_keeps_what_is_said_to_itself(caplog: pytest.LogCaptureFixture) -> None:
    error = ownership.foreign("/x", "It is a link.")
    with notices.collected() as outer, notices.collected() as inner:
        notices.say(error)
    assert inner == outer == [f"[file.untrusted] {error}"]
    assert caplog.messages == []


@needs_root
def test_root_leaves_a_working_folder_of_another_user(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    _private.leave_folder()
    assert Path.cwd() == place
    _give(place)
    _private.leave_folder()
    assert Path.cwd() == Path("/")


@needs_root
def test_the_probe_does_not_run_a_program_of_another_user(place: Path) -> None:
    program = place / "program"
    program.write_text("#!/bin/sh\necho ran\n")
    program.chmod(0o755)
    assert LocalRunner().run([str(program)]).stdout == "ran\n"
    _give(program)
    with fails("file.untrusted", program):
        LocalRunner().run([str(program)])


@pytest.mark.parametrize("name", ["a link", "a dangling link"])
def test_a_name_that_another_program_writes_to_is_no_link(name: str, place: Path) -> None:
    (place / "victim").write_text("precious")
    fresh = place / "part"
    PLANTED[name](fresh)
    with fails("file.untrusted", fresh), files.replacing(place / "x", fresh=fresh) as given:
        given.write_text("lost")
    assert (place / "victim").read_text() == "precious"
    assert not (place / "absent").exists()


@needs_root
@pytest.mark.parametrize(("links", "used"), [(40, True), (41, False)])
def test_as_many_links_as_the_kernel_follows_are_followed(
    place: Path, links: int, *, used: bool
) -> None:
    last = place
    for number in range(links):
        (place / f"l{number}").symlink_to(last)
        last = place / f"l{number}"
    assert (ownership.weakness_of(last) == "") is used


@needs_root
def test_a_sticky_folder_is_enough_for_what_is_made_in_it_alone(place: Path) -> None:
    place.chmod(0o1777)
    assert ownership.weakness_of(place)
    assert ownership.weakness_of(place, scratch=True) == ""
    place.chmod(0o777)
    assert ownership.weakness_of(place, scratch=True)
    assert ownership.weakness_of(place / "absent" / "deep")


@needs_root
def test_the_root_folder_itself_is_judged() -> None:
    assert ownership.weakness_of(Path("/")) == ""


@needs_root
@pytest.mark.parametrize(
    ("make", "weak"),
    [
        (lambda path: path.touch(), False),
        (lambda path: path.mkdir(), True),
        (os.mkfifo, True),
        (lambda path: (path.touch(), _give(path)), True),
        (lambda path: (path.touch(), path.with_name("more").hardlink_to(path)), True),
    ],
    ids=["file", "folder", "pipe", "of another", "two names"],
)
def test_root_writes_into_its_own_regular_files_alone(
    place: Path, make: Callable[[Path], object], *, weak: bool
) -> None:
    path = place / "it"
    make(path)
    if weak:
        with fails("file.untrusted", path):
            ownership.require_own(path, path.stat())
    else:
        ownership.require_own(path, path.stat())


def test_a_user_writes_into_files_of_several_names_and_owners(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    found = (tmp_path / "a").stat()
    as_user(lambda: ownership.require_own(Path("a"), found))
